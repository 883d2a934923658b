package zerodb_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// TestLeastLiterals: the least value of each kind of number and duration has a literal that reads back as it, alone, in a list, and
// as an operand.
func TestLeastLiterals(t *testing.T) {
	_, s := memory(t)
	for _, v := range []zerodb.Value{
		zerodb.Int(math.MinInt64), zerodb.Duration(math.MinInt64), zerodb.Duration(math.MinInt64 + 1), zerodb.Duration(-time.Nanosecond), zerodb.Float(-math.MaxFloat64),
		ops.WideOf(ops.Wide{Negative: true, Hi: 1 << 63}), ops.WideOf(ops.Wide{Hi: math.MaxUint64, Lo: math.MaxUint64}),
	} {
		text := string(ops.AppendZQL(nil, v))
		for _, form := range []string{text, "[" + text + "]"} {
			got, err := zerodb.ParseValue(form)
			if err == nil && got.Kind() == ops.KindList {
				got = got.AsList()[0]
			}
			if err != nil || got.Kind() != v.Kind() || !ops.Equal(got, v) {
				t.Errorf("%s reads as %s, %v", form, ops.Format(got), err)
			}
		}
		if got := run(t, s, "RETURN "+text+" == "+text); !strings.Contains(got, "true") {
			t.Errorf("%s in an expression: %s", text, got)
		}
	}
}
