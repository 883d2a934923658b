package zerodb_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/server/servertest"
)

// access is one Get, Put or Delete of a key.
type access struct {
	kind  byte // g, p or d
	key   int
	value int64 // of a Put
}

// seen is what it answered.
type seen struct {
	found bool
	value int64 // of a Get
}

// register is the model: each key is a value that is there or not.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[int][]porcupine.Operation{}
		for _, o := range history {
			k := o.Input.(access).key
			byKey[k] = append(byKey[k], o)
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
			return true, seen{true, in.value}
		case 'd':
			return out.found == is.found, seen{}
		}
		return out == is, is
	},
}

// TestLinearizable lets several sessions read, write and delete a few keys at once, in five ways: by the methods, by the methods for
// bytes and by statements, and by methods and statements through a server. Each answer must be that of some order in which the accesses happened one at a time, each between its call
// and its return. A counter that every call and return raises is the clock.
func TestLinearizable(t *testing.T) {
	for _, way := range []string{"records", "bytes", "statements", "served records", "served statements"} {
		t.Run(way, func(t *testing.T) {
			local, _ := memory(t)
			var db zerodb.Database = local
			if kind, ok := strings.CutPrefix(way, "served "); ok {
				way, db = kind, servertest.Start(t, local, nil).Connect(t)
			}
			const sessions, each, keys = 6, 150, 4
			var clock, next atomic.Int64
			histories := make([][]porcupine.Operation, sessions)
			var wg sync.WaitGroup
			for n := range sessions {
				s, err := db.Conn(ctx, nil)
				must(t, err)
				random := rand.New(rand.NewPCG(uint64(n), 1))
				wg.Go(func() {
					for range each {
						a := access{kind: "ggppd"[random.IntN(5)], key: random.IntN(keys), value: next.Add(1)}
						call := clock.Add(1)
						out, err := a.carryOut(s, way)
						if err != nil {
							t.Errorf("%+v: %v", a, err)
							return
						}
						histories[n] = append(histories[n], porcupine.Operation{ClientId: n, Input: a, Call: call, Output: out, Return: clock.Add(1)})
					}
				})
			}
			wg.Wait()
			var all []porcupine.Operation
			for _, h := range histories {
				all = append(all, h...)
			}
			if got := porcupine.CheckOperationsTimeout(register, all, 20*time.Second); got != porcupine.Ok {
				t.Errorf("the history of %d accesses is %s", len(all), got)
			}
		})
	}
}

func (a access) carryOut(s zerodb.Conn, way string) (out seen, err error) {
	key := zerodb.Int(int64(a.key))
	switch way {
	case "bytes":
		return a.bytes(s.(*zerodb.Session).KV("kv"), key)
	case "statements":
		return a.statement(s)
	}
	switch a.kind {
	case 'p':
		return seen{}, s.Put(ctx, "kv", key, zerodb.Int(a.value))
	case 'd':
		out.found, err = s.Delete(ctx, "kv", key)
		return out, err
	}
	v, found, err := s.GetField(ctx, "kv", key, "value")
	if err != nil || !found {
		return seen{}, err
	}
	return seen{true, v.AsInt()}, nil
}

func (a access) bytes(kv *zerodb.KV, key zerodb.Value) (out seen, err error) {
	switch a.kind {
	case 'p':
		return seen{}, kv.Put(ctx, key, fmt.Append(nil, a.value))
	case 'd':
		out.found, err = kv.Delete(ctx, key)
		return out, err
	}
	b, found, err := kv.Get(ctx, key, nil)
	if err != nil || !found {
		return seen{}, err
	}
	_, err = fmt.Sscan(string(b), &out.value)
	return seen{true, out.value}, err
}

func (a access) statement(s zerodb.Conn) (out seen, err error) {
	text := map[byte]string{'g': "SELECT value FROM kv:$key", 'p': "UPSERT kv:$key CONTENT { value: $value } RETURN NONE",
		'd': "DELETE kv:$key RETURN BEFORE"}[a.kind]
	args := []zerodb.Arg{zerodb.Named("key", a.key)}
	if a.kind == 'p' {
		args = append(args, zerodb.Named("value", a.value))
	}
	rows, err := s.Execute(ctx, text, args...)
	if err != nil {
		return seen{}, err
	}
	for row, err := range rows.All() {
		if err != nil {
			return seen{}, err
		}
		out.found = true
		if a.kind == 'g' {
			out.value = row.Get("value").AsInt()
		}
	}
	return out, nil
}

// TestNotLinearizable shows that the checker would see what must not be.
func TestNotLinearizable(t *testing.T) {
	put := func(v, call, end int64) porcupine.Operation {
		return porcupine.Operation{Input: access{kind: 'p', value: v}, Output: seen{}, Call: call, Return: end}
	}
	get := func(out seen, call, end int64) porcupine.Operation {
		return porcupine.Operation{Input: access{kind: 'g'}, Output: out, Call: call, Return: end}
	}
	remove := func(found bool, call, end int64) porcupine.Operation {
		return porcupine.Operation{Input: access{kind: 'd'}, Output: seen{found: found}, Call: call, Return: end}
	}
	for name, c := range map[string]struct {
		history []porcupine.Operation
		ok      bool
	}{
		"a read beside a write sees either": {[]porcupine.Operation{put(1, 1, 2), put(2, 3, 8), get(seen{true, 1}, 4, 5), get(seen{true, 2}, 6, 7)}, true},
		"a stale read":                      {[]porcupine.Operation{put(1, 1, 2), put(2, 3, 4), get(seen{true, 1}, 5, 6)}, false},
		"a read back in time":               {[]porcupine.Operation{put(1, 1, 2), put(2, 3, 10), get(seen{true, 2}, 4, 5), get(seen{true, 1}, 6, 7)}, false},
		"a value that nobody wrote":         {[]porcupine.Operation{put(1, 1, 2), get(seen{true, 3}, 3, 4)}, false},
		"two deletes of one value":          {[]porcupine.Operation{put(1, 1, 2), remove(true, 3, 6), remove(true, 4, 5)}, false},
		"a lost write":                      {[]porcupine.Operation{put(1, 1, 2), get(seen{}, 3, 4)}, false},
	} {
		if got := porcupine.CheckOperations(register, c.history); got != c.ok {
			t.Errorf("%s: linearizable is %t", name, got)
		}
	}
}
