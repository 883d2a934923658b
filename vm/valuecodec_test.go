package vm

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/optest"
)

// TestValueCodec: what is written reads back as the same value of the same kind, and is written alike again.
func TestValueCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := optest.Draw(t, ops.KindAny)
		b := appendValue(nil, v)
		d := decoder{src: b, strict: true}
		back := d.value(0)
		if d.err != nil || len(d.src) > 0 || !optest.Same(v, back) {
			t.Fatalf("%s %s came back as %s %s, %v", v.Kind(), ops.Format(v), back.Kind(), ops.Format(back), d.err)
		}
		if again := appendValue(nil, back); !bytes.Equal(b, again) {
			t.Fatalf("%s is written as %x and %x", ops.Format(v), b, again)
		}
	})
}
