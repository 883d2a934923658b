package server

import (
	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
)

// defaultWindow is how many batches a request may send before it is granted more, where it does not say.
const defaultWindow = 8

// grant lets a request go on.
func (r *request) grant(batches int, next bool) {
	r.mu.Lock()
	r.credit += batches
	if next {
		r.next++
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// await waits until ready, which is asked under the request's lock, says so.
func (r *request) await(ready func() bool) error {
	for {
		r.mu.Lock()
		ok := ready()
		r.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-r.changed:
		case <-r.ctx.Done():
			return contextError(r.ctx.Err())
		}
	}
}

// serve carries a request out and answers it.
func (r *request) serve() {
	st := r.stream
	defer st.work.Done()
	defer r.cancel()
	resp, err := r.run()
	if r.lane != nil && !r.inLane && r.GetExecute().GetStep() {
		// A text that was left in the middle may have left a transaction open.
		if turn := r.lane.queue(); turn != nil {
			<-turn
		}
		r.inLane = true
	}
	state := r.state()
	r.leave()
	st.mu.Lock()
	delete(st.requests, r.Id)
	st.mu.Unlock()
	if err != nil {
		resp = failed(r.Id, err)
	}
	if resp == nil {
		resp = &protocol.Response{}
	}
	resp.Id, resp.Last = r.Id, true
	resp.State = state
	_ = st.out.push(st.ctx, resp) // where the stream is over nobody waits
	select {
	case st.quiet <- struct{}{}:
	default:
	}
}

// state is what the session is at, where the request still has its turn; a request that has none has changed nothing.
func (r *request) state() *protocol.State {
	if !r.inLane {
		return nil
	}
	s := r.lane.seat.session
	in := s.InTransaction() && !r.lane.ended
	r.lane.inTx.Store(in)
	return &protocol.State{Namespace: s.Namespace(), Database: s.Database(), InTransaction: in}
}

// run waits for the request's turn and carries it out.
func (r *request) run() (*protocol.Response, error) {
	if r.turn != nil {
		select {
		case <-r.turn:
		case <-r.ctx.Done():
			<-r.turn // the place in the lane is given on when it is reached
			return nil, contextError(r.ctx.Err())
		}
	}
	if err := r.ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	s := r.stream.server
	if r.lane == nil {
		var resp *protocol.Response
		err := s.with(r.ctx, scopeOf(r.Request), func(at *seat) (err error) {
			resp, err = r.runIn(at)
			return err
		})
		return resp, err
	}
	if r.lane.ended {
		return nil, ops.Errorf(ops.CodeClosed, "the session is closed")
	}
	if err := s.admission.enter(r.ctx); err != nil {
		return nil, err
	}
	defer s.admission.leave()
	return r.runIn(r.lane.seat)
}

// scopeOf is where a request of no session works.
func scopeOf(m *protocol.Request) *protocol.Scope {
	switch b := m.Body.(type) {
	case *protocol.Request_Execute:
		return b.Execute.GetScope()
	case *protocol.Request_Prepare:
		return b.Prepare.GetScope()
	case *protocol.Request_Get:
		return b.Get.GetScope()
	case *protocol.Request_Batch:
		return b.Batch.GetScope()
	case *protocol.Request_Scan:
		return b.Scan.GetScope()
	case *protocol.Request_Info:
		return b.Info.GetScope()
	}
	return nil
}

// leave gives the turn in the lane on.
func (r *request) leave() {
	if r.inLane {
		r.inLane = false
		r.lane.leave()
	}
}

func (r *request) runIn(at *seat) (*protocol.Response, error) {
	s := r.stream.server
	switch b := r.Body.(type) {
	case *protocol.Request_Execute:
		return nil, r.execute(at, b.Execute)
	case *protocol.Request_Prepare:
		m, err := s.prepareIn(r.ctx, at, b.Prepare)
		return &protocol.Response{Body: &protocol.Response_Prepared{Prepared: m}}, err
	case *protocol.Request_Get:
		m, err := get(r.ctx, at.session, b.Get)
		return &protocol.Response{Body: &protocol.Response_Got{Got: m}}, err
	case *protocol.Request_Batch:
		m, err := batch(r.ctx, at.session, b.Batch)
		return &protocol.Response{Body: &protocol.Response_Wrote{Wrote: m}}, err
	case *protocol.Request_Scan:
		return nil, r.scan(at, b.Scan)
	case *protocol.Request_Info:
		m, err := s.info(at)
		return &protocol.Response{Body: &protocol.Response_Info{Info: m}}, err
	}
	if r.lane == nil {
		return nil, ops.Errorf(ops.CodeBadRequest, "request %d is for a session, and names none", r.Id)
	}
	return nil, r.control(at)
}

// control carries out what changes a session.
func (r *request) control(at *seat) error {
	switch b := r.Body.(type) {
	case *protocol.Request_Begin:
		return at.session.Begin(r.ctx, &zerodb.TxOptions{ReadOnly: b.Begin.GetReadOnly()})
	case *protocol.Request_Commit:
		return at.session.Commit(r.ctx)
	case *protocol.Request_Cancel:
		return at.session.Cancel()
	case *protocol.Request_Use:
		return at.session.Use(r.ctx, b.Use.GetNamespace(), b.Use.GetDatabase())
	case *protocol.Request_Close:
		st := r.stream
		r.lane.ended = true
		st.mu.Lock()
		delete(st.lanes, r.Session)
		st.mu.Unlock()
		st.server.seats.drop(at)
		return nil
	}
	return ops.Errorf(ops.CodeBadRequest, "request %d asks for nothing that this server knows", r.Id)
}

// part sends a piece of an answer when there is credit for it. The turns of the request are given away meanwhile: the client
// may be slow, or ask something else in the same session before it reads on.
func (r *request) part(p *protocol.Part) error {
	push := func() error {
		if p.Batch != nil {
			if err := r.await(func() bool {
				if r.credit > 0 || r.next > 0 {
					r.credit--
					return true
				}
				return false
			}); err != nil {
				return err
			}
		}
		told := r.told
		r.told = nil
		return r.stream.out.push(r.ctx, &protocol.Response{Id: r.Id, State: told, Body: &protocol.Response_Part{Part: p}})
	}
	return r.stream.server.admission.pause(push)
}

// pass gives the turn in the lane on while the rows of a statement are sent.
func (r *request) pass() {
	r.told = r.state()
	r.leave()
}

// execute runs a program and sends what it yields.
func (r *request) execute(at *seat, req *protocol.ExecuteRequest) error {
	r.window(req.GetWindow())
	e := &execution{server: r.stream.server, seat: at, req: req, send: r.part, opened: r.pass}
	if req.GetStep() {
		e.skipped = func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.next > 0
		}
		e.next = r.nextStatement
	} else if !req.GetLast() && r.lane != nil {
		e.next = r.enter
	}
	return e.run(r.ctx)
}

func (r *request) window(batches uint32) {
	if batches == 0 {
		batches = defaultWindow
	}
	r.mu.Lock()
	r.initial = int(min(batches, 1024))
	r.credit += r.initial
	r.mu.Unlock()
}

// nextStatement waits until the next statement may begin, and for the turn in the lane.
func (r *request) nextStatement() error {
	err := r.stream.server.admission.pause(func() error {
		return r.await(func() bool {
			if r.next == 0 {
				return false
			}
			r.next--
			r.credit = r.initial
			return true
		})
	})
	if err != nil {
		return err
	}
	return r.enter()
}

// enter takes a turn in the lane again.
func (r *request) enter() error {
	if r.lane == nil || r.inLane {
		return nil
	}
	turn := r.lane.queue()
	r.inLane = true
	if turn == nil {
		return nil
	}
	return r.stream.server.admission.pause(func() error {
		<-turn
		if err := r.ctx.Err(); err != nil {
			return contextError(err)
		}
		return nil
	})
}

// scan sends a range of records.
func (r *request) scan(at *seat, req *protocol.ScanRequest) error {
	r.window(req.GetWindow())
	rows, err := scan(r.ctx, at.session, req)
	if err != nil {
		return err
	}
	r.leave()
	e := scanning(r.stream.server, at, req.GetMaxRows(), r.part)
	return e.emit(rows)
}
