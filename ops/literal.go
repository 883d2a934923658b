package ops

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// The parsers of this file read what stands between the quotes of a literal, or a text that is cast. They take
// exactly what the language takes.

// durationUnits are written from the largest to the smallest.
var durationUnits = []struct {
	name string
	size uint64
}{
	{"w", 7 * 24 * uint64(time.Hour)}, {"d", 24 * uint64(time.Hour)}, {"h", uint64(time.Hour)}, {"m", uint64(time.Minute)},
	{"s", uint64(time.Second)}, {"ms", uint64(time.Millisecond)}, {"us", uint64(time.Microsecond)}, {"ns", 1},
}

// unitSize returns the length of a unit by its name, which may also be written with a micro sign; 0 for another name.
func unitSize(name string) uint64 {
	if name == "µs" || name == "μs" {
		name = "us"
	}
	for _, u := range durationUnits {
		if u.name == name {
			return u.size
		}
	}
	return 0
}

// AppendDuration writes a duration as its literal: `2h30m`, `-1w`, `0s`.
func AppendDuration(dst []byte, d time.Duration) []byte {
	if d == 0 {
		return append(dst, "0s"...)
	}
	rest := uint64(d)
	if d < 0 {
		dst, rest = append(dst, '-'), -rest
	}
	for _, u := range durationUnits {
		if n := rest / u.size; n > 0 {
			dst = append(strconv.AppendUint(dst, n, 10), u.name...)
			rest %= u.size
		}
	}
	return dst
}

// ParseDuration reads `2h30m`, `15ms`, `-1w`: numbers with units w d h m s ms us ns, in any order.
func ParseDuration(s string) (time.Duration, error) {
	text, negative := strings.CutPrefix(s, "-")
	var sum uint64
	for rest := text; ; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		name := rest[digits:]
		if end := strings.IndexAny(name, "0123456789"); end >= 0 {
			name = name[:end]
		}
		size := unitSize(name)
		if digits == 0 || size == 0 {
			return 0, Errorf(CodeBadLiteral, "%s is no duration, which is written 2h30m, 15ms or 1w", brief(String(s)))
		}
		n, err := strconv.ParseUint(rest[:digits], 10, 64)
		if err != nil || n > (1<<63-sum)/size {
			return 0, durationRange(s)
		}
		sum += n * size
		if rest = rest[digits+len(name):]; rest == "" {
			break
		}
	}
	switch {
	case negative:
		return time.Duration(-sum), nil
	case sum > math.MaxInt64:
		return 0, durationRange(s)
	}
	return time.Duration(sum), nil
}

func durationRange(s string) *Error {
	return Errorf(CodeNumberOutOfRange, "%s is out of range: a duration is at most 292 years", brief(String(s)))
}

var (
	firstTime = time.Unix(0, math.MinInt64)
	lastTime  = time.Unix(0, math.MaxInt64)
)

// ParseTime reads a time of RFC 3339, or a date alone, which is midnight UTC, as nanoseconds since the epoch.
func ParseTime(s string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		at, err = time.Parse(time.DateOnly, s)
	}
	switch {
	case err != nil:
		return 0, Errorf(CodeBadLiteral, "%s is no time, which is written 2026-11-23T10:00:00Z or 2026-11-23", brief(String(s)))
	case at.Before(firstTime) || at.After(lastTime):
		return 0, Errorf(CodeNumberOutOfRange, "%s is out of range: a time lies between the years 1677 and 2262", brief(String(s)))
	}
	return at.UnixNano(), nil
}

// ParseUUID reads a uuid in its usual form of 36 characters.
func ParseUUID(s string) (u [16]byte, err error) {
	bare := strings.ReplaceAll(s, "-", "")
	if len(s) == 36 && len(bare) == 32 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		if _, err := hex.Decode(u[:], []byte(bare)); err == nil {
			return u, nil
		}
	}
	return u, Errorf(CodeBadLiteral, "%s is no uuid, which is written 550e8400-e29b-41d4-a716-446655440000", brief(String(s)))
}

// ParseDecimal reads `1.50`, `-2e3`.
func ParseDecimal(s string) (*apd.Decimal, error) {
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" { // apd also reads NaN and Infinity
		return nil, Errorf(CodeBadLiteral, "%s is no decimal, which is written 1.50", brief(String(s)))
	}
	d, condition, err := apd.NewFromString(s)
	switch {
	case condition.Overflow() || condition.Underflow() || condition.SystemOverflow() || condition.SystemUnderflow():
		return nil, Errorf(CodeNumberOutOfRange, "the exponent of %s is out of range", brief(String(s)))
	case err != nil:
		return nil, Errorf(CodeBadLiteral, "%s is no decimal, which is written 1.50", brief(String(s)))
	}
	return d, nil
}
