package database_test

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/ops"
)

// access is one Get, Put or Delete of a key, seen what it answered; lost is an answer that never came.
type access struct {
	kind  byte // g, p or d
	key   int
	value int64 // of a Put
}

type seen struct {
	found bool
	value int64
	lost  bool
}

// register is the model: each key is a value that is there or not.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[int][]porcupine.Operation{}
		for _, o := range history {
			byKey[o.Input.(access).key] = append(byKey[o.Input.(access).key], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return seen{} },
	Step: func(state, input, output any) (bool, any) {
		is, in, out := state.(seen), input.(access), output.(seen)
		switch in.kind {
		case 'p':
			return true, seen{found: true, value: in.value}
		case 'd':
			return out.lost || out.found == is.found, seen{}
		}
		return out == is, is
	},
}

// network makes connections that can be cut, to wherever the server is.
type network struct {
	mu    sync.Mutex
	addr  string
	conns []net.Conn
}

func (n *network) dial(ctx context.Context, _ string) (net.Conn, error) {
	n.mu.Lock()
	addr := n.addr
	n.mu.Unlock()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err == nil {
		n.mu.Lock()
		n.conns = append(n.conns, c)
		n.mu.Unlock()
	}
	return c, err
}

// cut ends every connection in the middle of what it does.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		_ = c.Close()
	}
	n.conns = nil
}

func (n *network) move(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addr = addr
}

// TestLinearizableWithFaults reads and writes a few keys through a server from several sessions, while connections are cut again and
// again and the server is killed. Each answer is that of some order in which the accesses happened one at a time, each between its call and
// its return; one whose answer was lost may have happened at any time behind its call, or never.
func TestLinearizableWithFaults(t *testing.T) {
	const sessions, keys, kills = 6, 12, 2
	dir, n := t.TempDir(), &network{}
	p := startServer(t, dir)
	n.move(p.addr)
	db := p.connect(t, client.WithDialer(n.dial))
	stop := make(chan struct{})
	var clock, next, lost atomic.Int64
	histories := make([][]porcupine.Operation, sessions)
	var work sync.WaitGroup
	for i := range sessions {
		c, err := db.Conn(ctx, nil)
		must(t, err)
		random := rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano())))
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a := access{kind: "ggppd"[random.IntN(5)], key: random.IntN(keys), value: next.Add(1)}
				o := porcupine.Operation{ClientId: i, Input: a, Call: clock.Add(1)}
				out, err := a.carryOut(c)
				o.Output, o.Return = out, clock.Add(1)
				switch {
				case err != nil && ops.CodeOf(err) != ops.CodeUnavailable:
					t.Errorf("%+v: %v", a, err)
				case err != nil:
					time.Sleep(time.Millisecond)
					if lost.Add(1); a.kind == 'g' {
						continue
					}
					o.Output, o.Return = seen{lost: true}, math.MaxInt64
				}
				histories[i] = append(histories[i], o)
			}
		})
	}
	for range kills {
		for range 3 {
			time.Sleep(40 * time.Millisecond)
			n.cut()
		}
		time.Sleep(40 * time.Millisecond)
		p.kill()
		p = startServer(t, dir)
		n.move(p.addr)
	}
	time.Sleep(100 * time.Millisecond)
	close(stop)
	work.Wait()
	var all []porcupine.Operation
	for _, h := range histories {
		all = append(all, h...)
	}
	got := porcupine.CheckOperationsTimeout(register, all, 20*time.Second)
	t.Logf("%d accesses, %d without an answer: %s", len(all), lost.Load(), got)
	if got == porcupine.Illegal || lost.Load() == 0 {
		t.Error("the history is not that of any order, or nothing was cut")
	}
	must(t, p.connect(t).Check(ctx, func(problem zerodb.Problem) { t.Error(problem) }))
	p.stop(t)
}

func (a access) carryOut(c zerodb.Conn) (out seen, err error) {
	key := zerodb.Int(int64(a.key))
	switch a.kind {
	case 'p':
		return seen{}, c.Put(ctx, "kv", key, zerodb.Int(a.value))
	case 'd':
		found, err := c.Delete(ctx, "kv", key)
		return seen{found: found}, err
	}
	v, found, err := c.GetField(ctx, "kv", key, "value")
	if !found || err != nil {
		return seen{}, err
	}
	return seen{found: true, value: v.AsInt()}, nil
}
