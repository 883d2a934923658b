package server

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// stream is a Session stream: its reader begins requests, its writer sends what is ready, and between them run the requests,
// those of one session in their order.
type stream struct {
	server *Server
	ctx    context.Context
	id     Identity
	out    *outbox

	mu       sync.Mutex
	lanes    map[uint64]*lane
	requests map[uint64]*request
	closed   bool
	work     sync.WaitGroup
	quiet    chan struct{} // a request has ended
}

// lane is a session of the stream. Requests take it in turn.
type lane struct {
	seat *seat

	mu      sync.Mutex
	busy    bool
	waiting []chan struct{}
	ended   bool

	inTx atomic.Bool // the session has an open transaction, as far as its last request knew
}

// queue takes a place; the channel is closed when it is one's turn, and nil where that is at once.
func (l *lane) queue() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy {
		l.busy = true
		return nil
	}
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	return turn
}

// idle takes the lane if nobody has it.
func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy {
		return false
	}
	l.busy = true
	return true
}

// leave gives the turn on.
func (l *lane) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy = false
		return
	}
	close(l.waiting[0])
	l.waiting = l.waiting[1:]
}

// request is a request under way.
type request struct {
	*protocol.Request
	stream *stream
	ctx    context.Context
	cancel context.CancelFunc
	lane   *lane // nil: of no session
	turn   <-chan struct{}
	inLane bool
	told   *protocol.State // what the session is at, to go with the next piece

	mu      sync.Mutex
	credit  int // batches that may be sent
	initial int // of those, at the beginning of a statement
	next    int // statements that may begin
	changed chan struct{}
}

// Session serves a stream.
func (s *Server) Session(ss grpc.BidiStreamingServer[protocol.SessionRequest, protocol.SessionResponse]) error {
	ctx, cancel := context.WithCancel(ss.Context())
	st := &stream{server: s, ctx: ctx, id: identityOf(ctx), lanes: map[uint64]*lane{}, requests: map[uint64]*request{},
		quiet: make(chan struct{}, 1)}
	st.out = newOutbox(s.options.Limits.StreamBytes)
	written := make(chan error, 1)
	go func() {
		err := st.out.write(ss)
		cancel()
		written <- err
	}()
	read := make(chan error, 1)
	go func() { read <- st.read(ss) }()
	err := st.settled(read)
	if !errors.Is(err, io.EOF) {
		cancel() // nobody waits for the answers
	}
	st.mu.Lock()
	st.closed = true
	st.mu.Unlock()
	st.work.Wait()
	cancel()
	st.out.close()
	werr := <-written
	for _, l := range st.lanes {
		s.seats.drop(l.seat)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, werr)
}

// settled waits until the reader ends, or, where the server is being stopped, until nothing is under way any more: that is an
// end like io.EOF.
func (st *stream) settled(read <-chan error) error {
	select {
	case err := <-read:
		return err
	case <-st.server.transactions.draining.Done():
	}
	for st.busy() {
		select {
		case err := <-read:
			return err
		case <-st.quiet:
		case <-st.ctx.Done():
			return contextError(st.ctx.Err())
		}
	}
	return io.EOF
}

// busy reports whether something is under way.
func (st *stream) busy() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, l := range st.lanes {
		if l.inTx.Load() {
			return true
		}
	}
	return len(st.requests) > 0
}

// read begins requests until the client has no more.
func (st *stream) read(ss grpc.BidiStreamingServer[protocol.SessionRequest, protocol.SessionResponse]) error {
	for {
		m, err := ss.Recv()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return err
			}
			return sent(st.ctx, err)
		}
		var ready []*protocol.Response
		for _, req := range m.GetRequests() {
			if resp := st.quick(req); resp != nil {
				ready = append(ready, resp)
				continue
			}
			if err := st.begin(req); err != nil {
				ready = append(ready, failed(req.GetId(), err))
			}
		}
		if len(ready) > 0 {
			if err := st.out.push(st.ctx, ready...); err != nil {
				return err
			}
		}
	}
}

func failed(id uint64, err error) *protocol.Response {
	return &protocol.Response{Id: id, Last: true, Body: &protocol.Response_Failure{Failure: wire.FailureOf(err)}}
}

// quick answers at once what reads a number of keys that is known, where nothing is before it; else it returns nil.
func (st *stream) quick(req *protocol.Request) *protocol.Response {
	var p *program
	ex := req.GetExecute()
	switch {
	case ex != nil:
		if len(ex.GetProgram().GetHash()) == 0 || !ex.Last {
			return nil
		}
		var err error
		if p, err = st.server.programs.find(ex.Program.Hash); err != nil {
			return failed(req.Id, err)
		}
		if !p.quick {
			return nil
		}
	case req.GetGet() == nil:
		return nil
	}
	at, done := st.quickSeat(req, ex)
	if at == nil {
		return nil
	}
	defer done()
	resp := &protocol.Response{Id: req.Id, Last: true}
	var err error
	if ex == nil {
		var got *protocol.GetResponse
		got, err = get(st.ctx, at.session, req.GetGet())
		resp.Body = &protocol.Response_Got{Got: got}
	} else {
		var part *protocol.Part
		part, err = st.quickRun(at, p, ex)
		resp.Body = &protocol.Response_Part{Part: part}
	}
	if err != nil {
		return failed(req.Id, err)
	}
	return resp
}

// quickSeat takes the seat of a request if that needs no waiting.
func (st *stream) quickSeat(req *protocol.Request, ex *protocol.ExecuteRequest) (*seat, func()) {
	if st.server.transactions.draining.Err() != nil {
		return nil, nil
	}
	select {
	case st.server.admission.slots <- struct{}{}:
	default:
		return nil, nil
	}
	leave := st.server.admission.leave
	if req.Session == 0 {
		scope := ex.GetScope()
		if ex == nil {
			scope = req.GetGet().GetScope()
		}
		if len(scope.GetTransaction()) > 0 {
			leave()
			return nil, nil
		}
		at, err := st.server.seats.take(st.ctx, placeOf(scope, st.id), st.id)
		if err != nil {
			leave()
			return nil, nil
		}
		st.server.admission.executed.Add(1)
		return at, func() { st.server.seats.give(at); leave() }
	}
	st.mu.Lock()
	l := st.lanes[req.Session]
	st.mu.Unlock()
	if l == nil || !l.idle() {
		leave()
		return nil, nil
	}
	st.server.admission.executed.Add(1)
	return l.seat, func() { l.leave(); leave() }
}

// quickRun runs a quick program; the answer is one part.
func (st *stream) quickRun(at *seat, p *program, ex *protocol.ExecuteRequest) (*protocol.Part, error) {
	var answer *protocol.Part
	e := execution{server: st.server, seat: at, req: ex, send: func(p *protocol.Part) error {
		if answer == nil {
			answer = p
			return nil
		}
		// A read by keys that yields more than a page: its rows are few all the same, and join into one answer.
		if !merge(answer.Batch, p.Batch, st.server.options.Limits.QueryBytes, true) {
			return ops.Errorf(ops.CodeTooLarge, "the rows of a read by key take more than %d bytes", st.server.options.Limits.QueryBytes)
		}
		answer.End, answer.Work = p.End, p.Work
		return nil
	}}
	if err := e.run(st.ctx); err != nil {
		return nil, err
	}
	return answer, nil
}

// begin starts a request that may take its time.
func (st *stream) begin(m *protocol.Request) error {
	switch b := m.Body.(type) {
	case *protocol.Request_Stop:
		st.find(b.Stop.GetId(), func(r *request) { r.cancel() })
		return nil
	case *protocol.Request_Grant:
		st.find(b.Grant.GetId(), func(r *request) { r.grant(int(b.Grant.GetBatches()), b.Grant.GetNext()) })
		return nil
	case *protocol.Request_Open:
		return st.open(m, b.Open)
	case nil:
		return ops.Errorf(ops.CodeBadRequest, "request %d asks for nothing that this server knows", m.GetId())
	}
	if st.server.transactions.draining.Err() != nil && !st.settling(m) {
		return overloaded("the server is being stopped")
	}
	r := &request{Request: m, stream: st, changed: make(chan struct{}, 1)}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return overloaded("the server is being stopped")
	}
	if st.requests[m.Id] != nil {
		return ops.Errorf(ops.CodeBadRequest, "a request with the id %d is under way", m.Id)
	}
	if len(st.requests) >= st.server.options.Limits.InFlight {
		return overloaded("%d requests of the stream are under way", len(st.requests))
	}
	if m.Session != 0 {
		if r.lane = st.lanes[m.Session]; r.lane == nil {
			return ops.Errorf(ops.CodeBadRequest, "there is no session %d: open it first", m.Session)
		}
		r.turn, r.inLane = r.lane.queue(), true
	}
	r.ctx, r.cancel = st.server.bounded(st.ctx, m.TimeoutMs)
	st.requests[m.Id] = r
	st.work.Add(1)
	go r.serve()
	return nil
}

// settling reports whether a request brings what is open to its end; a server that is being stopped still takes such.
func (st *stream) settling(m *protocol.Request) bool {
	if m.Session == 0 {
		return false
	}
	st.mu.Lock()
	l := st.lanes[m.Session]
	st.mu.Unlock()
	return l != nil && l.inTx.Load() || m.GetClose() != nil || m.GetCancel() != nil
}

func (st *stream) find(id uint64, use func(*request)) {
	st.mu.Lock()
	r := st.requests[id]
	st.mu.Unlock()
	if r != nil {
		use(r)
	}
}

// open makes a session. That is quick, so the reader does it: what is asked of the session next finds it.
func (st *stream) open(m *protocol.Request, o *protocol.OpenSession) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.closed:
		return overloaded("the server is being stopped")
	case m.Session == 0:
		return ops.Errorf(ops.CodeBadRequest, "a session needs a number that is not 0")
	case st.lanes[m.Session] != nil:
		return ops.Errorf(ops.CodeBadRequest, "there is a session %d", m.Session)
	case len(st.lanes) >= st.server.options.Limits.Sessions:
		return overloaded("%d sessions are open in the stream", len(st.lanes))
	}
	at, err := st.server.seats.make(st.ctx, placeOf(o.GetScope(), st.id), st.id,
		zerodb.SessionOptions{KeepVariables: o.GetKeepVariables(), Memory: int64(min(o.GetMemory(), 1<<40))})
	if err != nil {
		return err
	}
	st.lanes[m.Session] = &lane{seat: at}
	return st.out.push(st.ctx, &protocol.Response{Id: m.Id, Last: true})
}

// outbox holds answers until they are sent.
type outbox struct {
	limit int

	mu     sync.Mutex
	queue  []*protocol.Response
	bytes  int
	closed bool
	more   chan struct{} // there is something to send
	room   chan struct{} // closed when there is room again, and made anew
}

func newOutbox(limit int) *outbox {
	return &outbox{limit: limit, more: make(chan struct{}, 1), room: make(chan struct{})}
}

// push adds answers; it waits while too much waits to be sent.
func (o *outbox) push(ctx context.Context, rs ...*protocol.Response) error {
	size := 0
	for _, r := range rs {
		size += 64 + wire.Size(r.GetPart().GetBatch()) + len(r.GetGot().GetValue())
	}
	for {
		o.mu.Lock()
		if o.bytes == 0 || o.bytes+size <= o.limit {
			o.queue = append(o.queue, rs...)
			o.bytes += size
			o.mu.Unlock()
			select {
			case o.more <- struct{}{}:
			default:
			}
			return nil
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return contextError(ctx.Err())
		}
	}
}

func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// messageBytes is about how much is put into one message of answers.
const messageBytes = 1 << 20

// write sends answers, as many in a message as are ready, until the outbox is closed and empty.
func (o *outbox) write(ss grpc.BidiStreamingServer[protocol.SessionRequest, protocol.SessionResponse]) error {
	for {
		runtime.Gosched() // what is about to be ready goes in the same message
		o.mu.Lock()
		ready, bytes, closed := o.queue, o.bytes, o.closed
		o.queue, o.bytes = nil, 0
		if bytes > 0 {
			close(o.room)
			o.room = make(chan struct{})
		}
		o.mu.Unlock()
		if len(ready) == 0 {
			if closed {
				return nil
			}
			select {
			case <-o.more:
			case <-ss.Context().Done():
				return contextError(ss.Context().Err())
			}
			continue
		}
		if err := sendAll(ss, ready); err != nil {
			return sent(ss.Context(), err)
		}
	}
}

func sendAll(ss grpc.BidiStreamingServer[protocol.SessionRequest, protocol.SessionResponse], ready []*protocol.Response) error {
	for len(ready) > 0 {
		n, size := 0, 0
		for n < len(ready) && size < messageBytes {
			size += 64 + wire.Size(ready[n].GetPart().GetBatch())
			n++
		}
		if err := ss.Send(&protocol.SessionResponse{Responses: ready[:n]}); err != nil {
			return err
		}
		ready = ready[n:]
	}
	return nil
}
