package wire_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

var ctx = context.Background()

// batches runs a query and returns what its batches were and became.
func batches(t interface{ Fatal(...any) }, s *zerodb.Session, text string, args ...zerodb.Arg) (want, got []zerodb.Value) {
	rows, err := s.Execute(ctx, text, args...)
	if err != nil {
		t.Fatal(err)
	}
	for {
		more, err := rows.Batch(func(b *zerodb.Batch) error {
			for row := range b.N {
				for col := range b.Width() {
					want = append(want, clone(b.Value(row, col)))
				}
			}
			raw, err := proto.Marshal(wire.EncodeBatch(b))
			if err != nil {
				return err
			}
			m := &protocol.Batch{}
			if err := proto.Unmarshal(raw, m); err != nil {
				return err
			}
			cells, err := wire.DecodeBatch(m, b.Width())
			got = append(got, cells...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return want, got
		}
	}
}

// clone copies a value out of memory that is used again, by way of its encoding.
func clone(v zerodb.Value) zerodb.Value {
	c, err := wire.Value(wire.Bytes(v), "")
	if err != nil {
		panic(err)
	}
	return c
}

// TestBatchesTravel sends columns of any kinds, with and without none, of any length and selection, and gets the same rows.
func TestBatchesTravel(t *testing.T) {
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	kinds := []*rapid.Generator[zerodb.Value]{
		rapid.Map(rapid.Int64(), zerodb.Int), rapid.Map(rapid.Float64Range(-1e9, 1e9), zerodb.Float), rapid.Map(rapid.Bool(), zerodb.Bool),
		rapid.Map(rapid.String(), zerodb.String), rapid.Map(rapid.SampledFrom([]string{"", "a", "bb"}), zerodb.String),
		rapid.Map(rapid.Int64(), func(i int64) zerodb.Value { return ops.Time(i) }),
		rapid.Map(rapid.Int64(), func(i int64) zerodb.Value { return zerodb.Record("t", zerodb.Int(i)) }),
		rapid.Map(rapid.SliceOfN(rapid.Int64(), 0, 3), func(is []int64) zerodb.Value { v, _ := zerodb.FromGo(is); return v }),
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 7, 20, 64, 100, 1024, 1500}).Draw(t, "n")
		pick := []*rapid.Generator[zerodb.Value]{rapid.SampledFrom(kinds).Draw(t, "a"), rapid.SampledFrom(kinds).Draw(t, "b")}
		if rapid.Bool().Draw(t, "mixed") {
			pick[0] = rapid.OneOf(kinds...)
		}
		list := make([]zerodb.Value, n)
		sample := [2][]zerodb.Value{}
		for c := range pick {
			sample[c] = rapid.SliceOfN(pick[c], 8, 40).Draw(t, "values")
		}
		none := rapid.IntRange(1, 9).Draw(t, "none")
		for i := range list {
			a, b := sample[0][i%len(sample[0])], sample[1][(i*7)%len(sample[1])]
			if none < 5 && i%none == 0 {
				b = zerodb.None
			}
			list[i] = zerodb.Object(zerodb.Member{Name: "i", Value: zerodb.Int(int64(i))}, zerodb.Member{Name: "a", Value: a}, zerodb.Member{Name: "b", Value: b})
		}
		want, got := batches(t, s, `SELECT x.a AS a, x.b AS b, x.i AS i, 7 AS c FROM $list AS x WHERE x.i % $m == 0`,
			zerodb.Named("list", zerodb.List(list...)), zerodb.Named("m", rapid.IntRange(1, 3).Draw(t, "m")))
		if len(want) != len(got) {
			t.Fatalf("%d values became %d", len(want), len(got))
		}
		for i := range want {
			if want[i].Kind() != got[i].Kind() || ops.Compare(want[i], got[i]) != 0 {
				t.Fatalf("value %d: %s became %s", i, ops.Format(want[i]), ops.Format(got[i]))
			}
		}
	})
}

func TestErrorsTravel(t *testing.T) {
	conflict := &ops.Error{Code: ops.CodeConflict, Message: "m", Hint: "h", Span: ops.Span{Start: 2, End: 5},
		Conflict: &ops.ConflictInfo{Key: "t:1", Other: 7, RetryNow: true}}
	for _, err := range []error{conflict, zerodb.Errors{conflict, ops.Errorf(ops.CodeSyntax, "\xff broken text")}, context.DeadlineExceeded,
		&zerodb.ScriptError{Err: conflict, Took: 2, Statement: zerodb.Statement{Index: 1, Offset: 2, Text: "abc", Kind: "write"}}} {
		back := wire.FromStatus(wire.Status(err), "..abc..")
		if ops.CodeOf(back) != ops.CodeOf(wire.ErrorOf(wire.FailureOf(err), "")) {
			t.Errorf("%v became %v", err, back)
		}
		var one, other *ops.Error
		if errors.As(err, &one) && errors.As(back, &other) && (one.Message != other.Message || one.Span != other.Span || one.Hint != other.Hint) {
			t.Errorf("%v became %v", one, other)
		}
		var script, script2 *zerodb.ScriptError
		if errors.As(err, &script) && (!errors.As(back, &script2) || script2.Statement != script.Statement || script2.Took != 2) {
			t.Errorf("%v became %v", err, back)
		}
	}
}

// FuzzDecodeBatch: whatever a message says, it is rows or an error.
func FuzzDecodeBatch(f *testing.F) {
	for _, b := range []*protocol.Batch{
		{Rows: 1, Tagged: wire.Bytes(zerodb.Int(1))},
		{Rows: 2, Columns: []*protocol.Column{{Kind: protocol.Kind_KIND_INT, Fixed: make([]byte, 16), Valid: []byte{1}}}},
		{Rows: 2, Columns: []*protocol.Column{{Kind: protocol.Kind_KIND_STRING, Text: []byte("ab"), Lengths: []uint32{1, 1}}}},
		{Rows: 3, Columns: []*protocol.Column{{Kind: protocol.Kind_KIND_STRING, Text: []byte("ab"), Lengths: []uint32{2}, Codes: make([]byte, 6)}}},
		{Rows: 9, Columns: []*protocol.Column{{Kind: protocol.Kind_KIND_ANY, Constant: true, Tagged: wire.Bytes(zerodb.String("x"))}}},
	} {
		raw, err := proto.Marshal(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint8(1))
	}
	f.Fuzz(func(t *testing.T, raw []byte, width uint8) {
		m := &protocol.Batch{}
		if proto.Unmarshal(raw, m) != nil || m.GetRows() > 1<<16 {
			return
		}
		cells, err := wire.DecodeBatch(m, int(width))
		if err != nil {
			return
		}
		if len(cells) != int(m.Rows)*int(width) {
			t.Fatalf("%d rows of %d gave %d values", m.Rows, width, len(cells))
		}
		for _, v := range cells {
			_ = ops.Format(v)
		}
	})
}

// FuzzValue: bytes that are a value are its only encoding.
func FuzzValue(f *testing.F) {
	f.Add(wire.Bytes(zerodb.List(zerodb.Int(-1), zerodb.String("a"), zerodb.Record("t", zerodb.Int(2)))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := wire.Value(raw, "it")
		if err != nil || v.IsNone() {
			return
		}
		if again := wire.Bytes(v); string(again) != string(raw) {
			t.Errorf("%x became %x", raw, again)
		}
	})
}
