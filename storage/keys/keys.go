// Package keys lays out the key space of a store.
//
//	partition (2 bytes) · object (4 bytes) · ordered key
//
// The partition comes first so that one node can own a contiguous piece of the key space. An object is one ordered
// collection: the records of a table, the entries of an index, one direction of an edge table's adjacency.
// Two partitions are reserved: older versions, ordered by epoch so that an epoch is dropped by one range deletion,
// and facts about the store itself.
package keys

import (
	"encoding/binary"
	"hash/fnv"
)

const (
	// System is the partition of the catalog.
	System uint16 = 0
	// History is the partition of older versions.
	History uint16 = 0xfffe
	// Meta is the partition of facts about the store, which have no versions.
	Meta uint16 = 0xffff
	// partitions is how many partitions hold data; they are numbered from 1.
	partitions = 4096
)

// PrefixLen is the length of the part of a key that names its object.
const PrefixLen = 6

// Prefix is the part of a key that names its object.
type Prefix [PrefixLen]byte

// Make builds the prefix of an object.
func Make(partition uint16, object uint32) (p Prefix) {
	binary.BigEndian.PutUint16(p[:], partition)
	binary.BigEndian.PutUint32(p[2:], object)
	return p
}

// PrefixOf returns the prefix of a key; ok is false for what is too short to be one.
func PrefixOf(key []byte) (p Prefix, ok bool) {
	if len(key) < PrefixLen {
		return p, false
	}
	return Prefix(key[:PrefixLen]), true
}

// Partition returns the partition that a prefix names.
func (p Prefix) Partition() uint16 { return binary.BigEndian.Uint16(p[:]) }

// Object returns the object that a prefix names.
func (p Prefix) Object() uint32 { return binary.BigEndian.Uint32(p[2:]) }

// PartitionOf places a database. Its basis is the pair of names, as the namespace default says.
func PartitionOf(namespace, database string) uint16 {
	h := fnv.New32a()
	h.Write([]byte(namespace))
	h.Write([]byte{0})
	h.Write([]byte(database))
	return uint16(1 + h.Sum32()%partitions)
}

// AppendEnd appends the first key behind all keys that start with prefix; it appends nothing, which means
// "no bound", where there is none.
func AppendEnd(dst, prefix []byte) []byte {
	n := len(prefix)
	for n > 0 && prefix[n-1] == 0xff {
		n--
	}
	if n == 0 {
		return dst
	}
	dst = append(dst, prefix[:n]...)
	dst[len(dst)-1]++
	return dst
}

// historyEpochLen is the length of the epoch in a history key.
const historyEpochLen = 4

// HistoryOverhead is how much longer the history key of a version is than its key.
const HistoryOverhead = 2 + historyEpochLen + 8

// PutHistory writes the history key of the version of key that ended at time end, which falls in epoch, into
// dst, which is HistoryOverhead longer than key.
func PutHistory(dst, key []byte, epoch uint32, end uint64) {
	binary.BigEndian.PutUint16(dst, History)
	binary.BigEndian.PutUint32(dst[2:], epoch)
	copy(dst[2+historyEpochLen:], key)
	binary.BigEndian.PutUint64(dst[len(dst)-8:], end)
}

// SplitHistory takes a history key apart.
func SplitHistory(h []byte) (epoch uint32, key []byte, end uint64, ok bool) {
	if len(h) < HistoryOverhead+PrefixLen || binary.BigEndian.Uint16(h) != History {
		return 0, nil, 0, false
	}
	n := len(h) - 8
	return binary.BigEndian.Uint32(h[2:]), h[2+historyEpochLen : n], binary.BigEndian.Uint64(h[n:]), true
}

// HistoryEpoch returns the first key of an epoch of the history.
func HistoryEpoch(epoch uint32) []byte {
	dst := binary.BigEndian.AppendUint16(nil, History)
	return binary.BigEndian.AppendUint32(dst, epoch)
}
