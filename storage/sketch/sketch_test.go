package sketch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"
)

func hash(n int) uint64 { return xxhash.Sum64(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000, 5000, 20_000, 300_000} {
		var d Distinct
		for i := range n {
			d.Add(hash(i))
			d.Add(hash(i / 2))
		}
		if got := float64(d.Count()); math.Abs(got-float64(n)) > 0.06*float64(n) {
			t.Errorf("%d values, estimated as %v", n, got)
		}
	}
}

func TestDistinctByManyIsTheSame(t *testing.T) {
	var one, many Distinct
	for i := range 40_000 {
		one.Add(hash(i))
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 40_000 {
				many.Add(hash((i + 10_000*w) % 40_000))
			}
		})
	}
	wg.Wait()
	if !bytes.Equal(one.bytes(), many.bytes()) {
		t.Error("what is counted depends on who comes first")
	}
}

// A sample holds exactly the rows that are there and lie below its limit, whatever was done in which order.
func TestSampleModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model := NewSample(), map[uint64]int{}
		for step := range rapid.IntRange(0, 4000).Draw(t, "steps") {
			n := rapid.IntRange(0, 3000).Draw(t, "row")
			if step%5 == 4 {
				s.Delete(hash(n))
				delete(model, hash(n))
				continue
			}
			s.Put(hash(n), []byte(fmt.Sprint(step)))
			model[hash(n)] = step
		}
		var want, got []string
		for key, step := range model {
			if s.Takes(key) {
				want = append(want, fmt.Sprint(step))
			}
		}
		for _, r := range s.Rows() {
			got = append(got, string(r))
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) || len(got) > SampleRows {
			t.Fatalf("%d rows, %d wanted", len(got), len(want))
		}
	})
}

func TestStoredForm(t *testing.T) {
	tab := filled(3000)
	b := tab.Append(nil)
	again, rest, err := Read(append(slices.Clone(b), "rest"...))
	if err != nil || string(rest) != "rest" || !bytes.Equal(again.Append(nil), b) {
		t.Fatalf("%v, %q left", err, rest)
	}
	if again.Known(3).Count() != tab.Known(3).Count() || again.Known(4) != nil || again.Changes.Load() != 3000 {
		t.Error("fields or changes differ")
	}
	for n := range len(b) {
		if n%97 == 0 {
			if _, _, err := Read(b[:n]); err == nil {
				t.Fatalf("%d of %d bytes pass", n, len(b))
			}
		}
	}
}

func filled(n int) *Table {
	t := NewTable()
	for i := range n {
		t.Changes.Add(1)
		t.Field(3).Add(hash(i))
		t.Field(9).Add(hash(i % 7))
		t.Sample.Put(hash(i), []byte{byte(i)})
	}
	return t
}

func TestTooManyFields(t *testing.T) {
	tab := NewTable()
	for i := range 2 * MaxFields {
		if d := tab.Field(uint16(i)); (d != nil) != (i < MaxFields) {
			t.Fatalf("field %d", i)
		}
	}
	if NewTable().Field(maxNumber) != nil {
		t.Error("a number beyond all")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(filled(20).Append(nil))
	f.Add(filled(2000).Append(nil)[:300])
	f.Add([]byte{stored})
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, rest, err := Read(b)
		if err != nil {
			return
		}
		if len(rest) > len(b) || len(tab.Sample.Rows()) > SampleRows {
			t.Fatal("more than there is")
		}
		tab.Field(1)
		_ = tab.Append(nil)
	})
}

func BenchmarkObserve(b *testing.B) {
	tab := filled(5000)
	b.ReportAllocs()
	for i := range b.N {
		tab.Field(3).Add(hash(i % 5000))
	}
}
