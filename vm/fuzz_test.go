package vm_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
	"github.com/zerodb/zerodb/vm/memstore"
)

// goldenPrograms are the programs of testdata/run and testdata/verify that are sound, encoded.
func goldenPrograms(t testing.TB) [][]byte {
	var all [][]byte
	paths, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n----\n") {
			i := strings.LastIndex(part, "\nrun")
			if j := strings.LastIndex(part, "\nverify\n"); j > i {
				i = j
			}
			if i < 0 {
				continue
			}
			_, program, _ := strings.Cut(part[i+1:], "\n")
			p, err := vm.Assemble(program)
			if err != nil || vm.Verify(p) != nil {
				continue
			}
			b, err := vm.Encode(p)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d sound programs", len(all))
	}
	return all
}

// mend makes the container of a program right again, so that what was changed inside is looked at.
func mend(b []byte) []byte {
	const header = 48
	if len(b) < header {
		return b
	}
	sum := sha256.Sum256(b[header:])
	copy(b[16:header], sum[:])
	return b
}

// tryProgram does with bytes what a database does with a .zqb file of somebody it does not know: they are refused, or they
// run, and nothing else happens. It reports whether they ran.
func tryProgram(t testing.TB, b []byte) bool {
	p, err := vm.Decode(b)
	if err != nil {
		mustBe(t, err, ops.CodeBadProgram, ops.CodeVersion)
		return false
	}
	err = vm.Verify(p)
	if err != nil && strings.Contains(err.Error(), "manifest") {
		p.Manifest = vm.ComputeManifest(p)
		err = vm.Verify(p)
	}
	if err != nil {
		mustBe(t, err, ops.CodeBadProgram)
		return false
	}
	vm.Disassemble(io.Discard, p)
	store := fuzzStore()
	params := make([]ops.Value, len(p.Params))
	vars := make([]ops.Value, len(p.Vars))
	ran := false
	for i := range p.Statements {
		if p.Statements[i].Fragment < 0 {
			continue
		}
		l, err := vm.Link(p, i, store.Catalog(), vm.LinkOptions{})
		if err != nil {
			mustBe(t, err, ops.CodeRecompile, ops.CodeBadProgram)
			continue
		}
		ran = true
		budget := vm.NewBudget(1 << 20)
		rows, err := vm.Run(context.Background(), l, store, vm.Options{Params: params, Vars: vars, Memory: budget, Spill: &memorySpill{}, Steps: 300,
			Env: &ops.Env{Now: stoppedClock(), Random: rand.New(rand.NewSource(1))}})
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			out, err := rows.Next(context.Background())
			if err != nil || out == nil {
				break
			}
			for r := range out.N {
				for c := range out.Shape.Names {
					_ = ops.Format(out.Value(r, c))
				}
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if budget.Used() != 0 {
			t.Fatalf("%d bytes are still charged", budget.Used())
		}
	}
	return ran
}

func mustBe(t testing.TB, err error, codes ...ops.Code) {
	t.Helper()
	for _, c := range codes {
		if ops.CodeOf(err) == c {
			return
		}
	}
	t.Fatalf("%v; the code should be one of %v", err, codes)
}

func fuzzStore() *memstore.Store {
	store := memstore.New(schema.NewMemory("main", "main"))
	ctx := context.Background()
	person, _ := store.EnsureTable(ctx, "person", false)
	likes, _ := store.EnsureTable(ctx, "likes", true)
	for i := range int64(30) {
		ms := []ops.Member{{Name: "name", Value: ops.String("n")}, {Name: "age", Value: ops.Int(i % 5)}, {Name: "tags", Value: ops.List([]ops.Value{ops.Int(i), ops.String("x")})},
			{Name: "boss", Value: ops.Record("person", ops.Int(i/2))}}
		_, _, _ = store.Create(ctx, person, ops.Int(i), ops.Object(ms[:1+i%4]), false)
		ends := []ops.Member{{Name: "in", Value: ops.Record("person", ops.Int(i))}, {Name: "out", Value: ops.Record("person", ops.Int((i+1)%30))}}
		_, _, _ = store.Create(ctx, likes, ops.Int(i), ops.Object(ends), false)
	}
	return store
}

// FuzzProgram takes bytes for a .zqb file whose checksum is right.
func FuzzProgram(f *testing.F) {
	for _, b := range goldenPrograms(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { tryProgram(t, mend(append([]byte(nil), b...))) })
}

// TestMutatedPrograms changes bytes, and whole instructions, of sound programs.
func TestMutatedPrograms(t *testing.T) {
	seed := int64(1)
	programs := goldenPrograms(t)
	r := rand.New(rand.NewSource(seed))
	const n = 20_000
	ran := 0
	for range n {
		b := append([]byte(nil), programs[r.Intn(len(programs))]...)
		for range 1 + r.Intn(3) {
			mutate(r, b)
		}
		if tryProgram(t, mend(b)) {
			ran++
		}
	}
	t.Logf("%d programs, of which %d ran", n, ran)
	if ran == 0 {
		t.Fatal("no changed program ran: the test tests nothing")
	}
}

// mutate changes a byte anywhere, or an operand in the section of fragments.
func mutate(r *rand.Rand, b []byte) {
	const header, entry, fragments = 48, 12, 13
	at := binary.LittleEndian.Uint32(b[header+(fragments-1)*entry+4:])
	size := binary.LittleEndian.Uint32(b[header+(fragments-1)*entry+8:])
	switch r.Intn(4) {
	case 0:
		b[header+r.Intn(len(b)-header)] = byte(r.Intn(256))
	case 1:
		b[header+r.Intn(len(b)-header)] ^= 1 << r.Intn(8)
	case 2, 3:
		if uint64(at)+uint64(size) > uint64(len(b)) || size == 0 {
			return // the section table was changed before
		}
		b[int(at)+r.Intn(int(size))] = byte(r.Intn(8))
	}
}

// TestEveryByteCounts flips each byte of a file: it is refused, because of the checksum or before.
func TestEveryByteCounts(t *testing.T) {
	file := goldenPrograms(t)[0]
	for i := range file {
		b := append([]byte(nil), file...)
		b[i] ^= 0x40
		if _, err := vm.Decode(b); err == nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
	for n := range file {
		if _, err := vm.Decode(file[:n]); err == nil {
			t.Fatalf("%d bytes of %d are enough", n, len(file))
		}
	}
}
