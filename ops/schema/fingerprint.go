package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/zerodb/zerodb/ops"
)

// FingerprintOf computes a table's fingerprint: what a program may rely on when it was compiled against the table.
// IDs, Requires and index states are left out, because the same definition has others in another database; so is Fingerprint
// itself. Every way of making a Table sets Fingerprint from here, the stored catalog and zqc's alike, else no
// program compiled offline would link.
func FingerprintOf(t *Table) [16]byte {
	p := printer{sha256.New()}
	p.text("table/1", t.Name, t.From, t.To)
	p.flags(t.Edge, t.Schemafull)
	p.number(len(t.Fields))
	for i := range t.Fields {
		p.field(&t.Fields[i])
	}
	p.number(len(t.Indexes))
	for _, ix := range t.Indexes {
		p.index(ix)
	}
	var print [16]byte
	copy(print[:], p.h.Sum(nil))
	return print
}

// printer feeds a hash so that different definitions never feed it the same bytes: every part has its length before it.
type printer struct{ h hash.Hash }

func (p printer) number(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	p.h.Write(b[:])
}

func (p printer) text(parts ...string) {
	p.number(len(parts))
	for _, s := range parts {
		p.number(len(s))
		p.h.Write([]byte(s))
	}
}

func (p printer) flags(bits ...bool) {
	n := 0
	for i, b := range bits {
		if b {
			n |= 1 << i
		}
	}
	p.number(n)
}

func (p printer) field(f *Field) {
	p.text(f.Path...)
	p.typ(&f.Type)
	p.text(f.Default)
	p.text(f.Asserts...)
	p.flags(f.ReadOnly)
	p.number(f.Base)
}

func (p printer) index(ix *Index) {
	p.text(ix.Name, ix.Table)
	p.flags(ix.Unique)
	p.number(len(ix.Fields))
	for _, f := range ix.Fields {
		p.text(f...)
	}
}

func (p printer) typ(t *ops.Type) {
	p.text(t.Kind.String(), t.Name)
	p.number(int(t.Width))
	p.number(t.Len)
	p.flags(t.Optional, t.Elem != nil, t.Elems != nil, t.Fields != nil)
	if t.Elem != nil {
		p.typ(t.Elem)
	}
	p.number(len(t.Elems))
	for i := range t.Elems {
		p.typ(&t.Elems[i])
	}
	p.text(t.Variants...)
	p.number(len(t.Fields))
	for i := range t.Fields {
		p.text(t.Fields[i].Name)
		p.typ(&t.Fields[i].Type)
	}
}
