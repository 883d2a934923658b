package vm

import "github.com/zerodb/zerodb/ops"

// AppendValue appends a value as programs, spools and the protocol hold it; docs/bytecode.md specifies it.
func AppendValue(dst []byte, v ops.Value) []byte { return appendValue(dst, v) }

// mostNesting is how deep a value from outside may nest: as deep as texts may.
const mostNesting = 200

// DecodeValue reads the first value of bytes that are not trusted, and returns what follows it. Its strings are parts of src,
// which must not change afterwards.
func DecodeValue(src []byte) (v ops.Value, rest []byte, err error) {
	d := decoder{src: src, strict: true}
	v = d.value(maxNesting - mostNesting)
	return v, d.src, d.err
}
