package zerodb

import (
	"crypto/sha256"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// FuzzReplay reads what a file of a replay may hold: whatever it is, the answer is an execution that fits its program, or none.
func FuzzReplay(f *testing.F) {
	db, err := OpenMemory(&Options{NoWarmUp: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	s, err := db.Session(f.Context(), nil)
	if err != nil {
		f.Fatal(err)
	}
	c, err := s.compile(f.Context(), `LET $x = $p; SELECT rand::int(0, $x) AS r FROM 1..3`, nil)
	if err == nil {
		e := &Execution{Program: c.program, db: db, index: 1, params: []Value{ops.Int(7)}, vars: []Value{ops.Int(1)}, at: 1}
		if content, err := e.encode(); err == nil {
			f.Add(content[:len(content)-sha256.Size])
		}
	}
	f.Add([]byte{})
	f.Add(vm.AppendValue(nil, ops.Object([]Member{{Name: "format", Value: ops.Int(1)}})))
	f.Fuzz(func(t *testing.T, content []byte) {
		sum := sha256.Sum256(content)
		e, ok := db.decodeReplay(append(content[:len(content):len(content)], sum[:]...))
		if ok && (e.index >= len(e.Program.Statements) || len(e.params) != len(e.Program.Params)) {
			t.Errorf("%+v", e)
		}
		if _, ok := db.decodeReplay(content); ok {
			t.Error("a file without its sum was taken")
		}
	})
}
