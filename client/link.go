package client

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// link is a connection with its Session stream. Requests of any goroutine go into one queue; whoever finds nobody sending
// sends what is there.
type link struct {
	cc    *grpc.ClientConn
	rpc   protocol.ZeroDBClient
	clock func() time.Time

	mu      sync.Mutex
	stream  protocol.ZeroDB_SessionClient // nil: to be made
	cancel  context.CancelFunc
	making  chan struct{} // closed when the stream is made; nil: nobody makes one
	gen     uint64        // counts streams
	session uint64        // the number given last
	id      uint64
	calls   map[uint64]*call
	queue   []*protocol.Request
	sending bool
	closed  bool
	readers sync.WaitGroup
}

func newLink(cc *grpc.ClientConn, clock func() time.Time) *link {
	return &link{cc: cc, clock: clock, rpc: protocol.NewZeroDBClient(cc), calls: map[uint64]*call{}}
}

// call is a request under way. Its answers wait in a queue, which the window keeps short.
type call struct {
	link *link
	id   uint64
	text string // of the request, for errors

	ready chan struct{} // there is something in answers, or err is set

	mu      sync.Mutex
	answers []*protocol.Response
	err     error // the stream broke
	left    bool  // nobody waits for answers
}

var calls = sync.Pool{New: func() any { return &call{ready: make(chan struct{}, 1)} }}

// newCall takes a call from the pool.
func newCall(l *link, text string) *call {
	c := calls.Get().(*call)
	c.link, c.text = l, text
	return c
}

// free gives a call back whose last answer has been taken.
func (c *call) free() {
	select {
	case <-c.ready:
	default:
	}
	clear(c.answers)
	c.link, c.text, c.answers, c.err, c.left = nil, "", c.answers[:0], nil, false
	calls.Put(c)
}

func (c *call) deliver(r *protocol.Response, err error) {
	c.mu.Lock()
	if r != nil {
		c.answers = append(c.answers, r)
	}
	if err != nil && c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// next waits for the next answer. A failure that the server tells is an answer as well.
func (c *call) next(ctx context.Context) (*protocol.Response, error) {
	for {
		c.mu.Lock()
		if len(c.answers) > 0 {
			r := c.answers[0]
			c.answers[0] = nil
			if c.answers = c.answers[1:]; len(c.answers) == 0 {
				c.answers = c.answers[:0:0]
			}
			c.mu.Unlock()
			return r, nil
		}
		err := c.err
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-c.ready:
		case <-ctx.Done():
			return nil, contextError(ctx.Err())
		}
	}
}

func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &ops.Error{Code: ops.CodeDeadline, Message: "the deadline passed", Err: err}
	}
	return &ops.Error{Code: ops.CodeCancelled, Message: "the context was cancelled", Err: err}
}

// connect makes sure that there is a stream, and returns which. The lock is held, before and behind.
func (l *link) connect(ctx context.Context) (uint64, error) {
	for l.stream == nil {
		if l.closed {
			return 0, errClosed
		}
		if l.making != nil {
			wait := l.making
			l.mu.Unlock()
			select {
			case <-wait:
			case <-ctx.Done():
			}
			l.mu.Lock()
			if err := ctx.Err(); err != nil {
				return 0, contextError(err)
			}
			continue
		}
		if err := l.make(ctx); err != nil {
			return 0, err
		}
	}
	return l.gen, nil
}

// make makes a stream. It outlives the context, which bounds the making alone.
func (l *link) make(ctx context.Context) error {
	made := make(chan struct{})
	l.making = made
	l.mu.Unlock()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	_, patient := ctx.Deadline()
	stream, err := l.rpc.Session(life, grpc.WaitForReady(patient))
	if !stop() && err == nil {
		err = ctx.Err()
	}
	l.mu.Lock()
	l.making = nil
	close(made)
	if err == nil && l.closed {
		err = errClosed
	}
	if err != nil {
		cancel()
		if cerr := ctx.Err(); cerr != nil {
			return contextError(cerr)
		}
		return wire.FromStatus(err, "")
	}
	l.stream, l.cancel = stream, cancel
	l.gen++
	l.readers.Add(1)
	go l.read(stream, l.gen)
	return nil
}

// read hands answers out until the stream ends.
func (l *link) read(stream protocol.ZeroDB_SessionClient, gen uint64) {
	defer l.readers.Done()
	for {
		m, err := stream.Recv()
		if err != nil {
			l.broke(gen, err)
			return
		}
		for _, r := range m.GetResponses() {
			l.mu.Lock()
			c := l.calls[r.Id]
			if c != nil && r.Last {
				delete(l.calls, r.Id)
			}
			l.mu.Unlock()
			if c == nil {
				continue
			}
			c.deliver(r, nil)
		}
	}
}

// broke ends everything that was under way in a stream.
func (l *link) broke(gen uint64, err error) {
	if errors.Is(err, io.EOF) {
		err = ops.Errorf(ops.CodeUnavailable, "the server has ended the connection").WithHint("it is being stopped; try again")
	} else {
		err = unavailable(wire.FromStatus(err, ""))
	}
	l.mu.Lock()
	if l.gen != gen || l.stream == nil {
		l.mu.Unlock()
		return
	}
	if l.closed {
		err = errClosed
	}
	l.stream = nil
	l.cancel()
	ended := l.calls
	l.calls, l.queue = map[uint64]*call{}, nil
	l.mu.Unlock()
	for _, c := range ended {
		c.deliver(nil, err)
	}
}

// unavailable says what a broken connection means for what was under way.
func unavailable(err error) error {
	var e *ops.Error
	if errors.As(err, &e) && (e.Code == ops.CodeUnavailable || e.Code == ops.CodeCancelled || e.Code == ops.CodeInternal) {
		return &ops.Error{Code: ops.CodeUnavailable, Message: "the connection broke: " + e.Message, Err: err,
			Hint: "what was under way may or may not have taken effect"}
	}
	return err
}

// start sends a request of a session and returns its call. The session is opened first where the stream does not know it.
func (l *link) start(ctx context.Context, s *Conn, m *protocol.Request, text string) (*call, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		m.TimeoutMs = uint32(min(max(deadline.Sub(l.clock()).Milliseconds(), 0)+1, 1<<31))
	}
	l.mu.Lock()
	gen, err := l.connect(ctx)
	if err != nil {
		l.mu.Unlock()
		return nil, err
	}
	if s != nil {
		if err := s.open(gen); err != nil {
			l.mu.Unlock()
			return nil, err
		}
		m.Session = s.number
	}
	c := newCall(l, text)
	l.id++
	c.id, m.Id = l.id, l.id
	l.calls[c.id] = c
	l.push(m)
	return c, nil
}

// tell sends requests that have no answer, if the stream of a call is still there.
func (l *link) tell(m *protocol.Request) {
	l.mu.Lock()
	if l.stream == nil {
		l.mu.Unlock()
		return
	}
	l.push(m)
}

// push queues a request and sends what is queued, unless somebody does. The lock is held, and given back.
func (l *link) push(m *protocol.Request) {
	l.queue = append(l.queue, m)
	if l.sending {
		l.mu.Unlock()
		return
	}
	l.sending = true
	// Those who are about to ask as well get the chance to, so that all of it goes in one message.
	l.mu.Unlock()
	runtime.Gosched()
	l.mu.Lock()
	more := l.flush()
	l.mu.Unlock()
	if more { // others have queued meanwhile: this goroutine has its own business
		go l.flushAll()
	}
}

// flush sends what is queued in one message. The lock is held; it is given back for the sending.
func (l *link) flush() (more bool) {
	batch, stream := l.queue, l.stream
	l.queue = nil
	if stream == nil {
		l.sending = false
		return false
	}
	l.mu.Unlock()
	_ = stream.Send(&protocol.SessionRequest{Requests: batch}) // its failure is the reader's as well
	l.mu.Lock()
	if len(l.queue) == 0 {
		l.sending = false
		return false
	}
	return true
}

func (l *link) flushAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.flush() {
	}
}

// leave ends a call early: the server is told, and its answers are dropped.
func (l *link) leave(c *call) {
	l.mu.Lock()
	_, under := l.calls[c.id]
	if under {
		delete(l.calls, c.id)
	}
	l.mu.Unlock()
	if under {
		l.tell(&protocol.Request{Body: &protocol.Request_Stop{Stop: &protocol.Stop{Id: c.id}}})
	}
}

func (l *link) close() error {
	l.mu.Lock()
	l.closed = true
	if l.stream != nil {
		l.cancel()
	}
	l.mu.Unlock()
	l.readers.Wait()
	return l.cc.Close()
}
