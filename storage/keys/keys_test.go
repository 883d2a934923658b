package keys

import (
	"bytes"
	"testing"
)

func TestEnd(t *testing.T) {
	for _, c := range [][2]string{{"a", "b"}, {"a\xff", "b"}, {"\xff\xff", ""}, {"a\x00", "a\x01"}} {
		if got := string(AppendEnd(nil, []byte(c[0]))); got != c[1] {
			t.Errorf("%q: %q, not %q", c[0], got, c[1])
		}
	}
}

func TestHistoryIsOrderedByEpochKeyTime(t *testing.T) {
	make := func(epoch uint32, key string, end uint64) []byte {
		h := make([]byte, len(key)+HistoryOverhead)
		PutHistory(h, []byte(key), epoch, end)
		return h
	}
	order := [][]byte{make(1, "objectA", 9), make(1, "objectB", 2), make(1, "objectB", 3), make(2, "objectA", 1), HistoryEpoch(3)}
	for i := 1; i < len(order); i++ {
		if bytes.Compare(order[i-1], order[i]) >= 0 {
			t.Error(i)
		}
	}
	epoch, key, end, ok := SplitHistory(order[2])
	if !ok || epoch != 1 || string(key) != "objectB" || end != 3 {
		t.Error(epoch, string(key), end, ok)
	}
}

func FuzzSplitHistory(f *testing.F) {
	f.Add(HistoryEpoch(3))
	f.Add([]byte("\xff\xfe\x00\x00\x00\x01objectA\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		epoch, key, end, ok := SplitHistory(b)
		if !ok {
			return
		}
		h := make([]byte, len(key)+HistoryOverhead)
		PutHistory(h, key, epoch, end)
		if !bytes.Equal(h, b) {
			t.Fatalf("%x became %x", b, h)
		}
	})
}
