package storage

import (
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/record"
)

// The keys of records are made of the part of ops' key encoding that decides the order: keys that are equal as values, such
// as a list and a tuple of the same elements, are one key.

func appendKey(dst []byte, v ops.Value) []byte { return ops.AppendOrder(dst, v, false) }

// decodeKey reads a record key from the front of b. The value shares nothing with b.
func decodeKey(b []byte) (key ops.Value, rest []byte, err error) { return ops.DecodeOrder(b, nil) }

// decodeKeyIn decodes a record key that takes all of b into memory of mem.
func decodeKeyIn(b []byte, mem *record.Mem) (ops.Value, error) {
	v, rest, err := ops.DecodeOrder(b, mem.Room())
	if err == nil && len(rest) > 0 {
		err = errKey
	}
	return v, err
}

var errKey = ops.Errorf(ops.CodeCorrupt, "a key is damaged").WithHint("run zerodb check")
