package ops

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"slices"
	"time"
)

// crockford is the alphabet of ULIDs: digits and capitals without I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// random fills b from the environment.
func (env *Env) random(b []byte) error {
	if env == nil || env.Random == nil {
		return faultOf(CodeInternal, -1, "has no source of randomness here")
	}
	if _, err := io.ReadFull(env.Random, b); err != nil {
		return &Error{Code: CodeIO, Message: "the source of randomness failed", Err: err}
	}
	return nil
}

// now reads the clock of the environment as nanoseconds since the epoch.
func (env *Env) now() (time.Time, error) {
	if env == nil || env.Now == nil {
		return time.Time{}, faultOf(CodeInternal, -1, "has no clock here")
	}
	return env.Now().UTC(), nil
}

func (env *Env) word() (uint64, error) {
	var b [8]byte
	if err := env.random(b[:]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// below returns a random number from 0 to n-1, all as likely, or any number if n is 0.
func (env *Env) below(n uint64) (uint64, error) {
	for {
		w, err := env.word()
		if err != nil || n == 0 {
			return w, err
		}
		// Lemire's method: the low half tells whether w is of the part that would come up too often.
		hi, lo := bits.Mul64(w, n)
		if lo >= n || lo >= -n%n {
			return hi, nil
		}
	}
}

func needs(capability string, f Func) Func {
	f.Capability = capability
	return f
}

func randFuncs() []Func {
	random := func(name string, signatures []string, doc, example, result string, eval func(env *Env, a []Value) (Value, error)) Func {
		return needs(CapabilityRandom, fn("rand::"+name, signatures, doc, example, result, eval))
	}
	return []Func{
		random("bool", []string{"-> bool"}, "true or false, one as likely as the other.", "type::of(rand::bool())", `"bool"`,
			func(env *Env, _ []Value) (Value, error) { w, err := env.word(); return Bool(w&1 != 0), err }),
		random("int", []string{"-> int", "low: int, high: int -> int"}, "Any int, or one from low to high, both included.",
			"rand::int(7, 7)", "7", randInt),
		random("float", []string{"-> float", "low: float, high: float -> float"}, "A float from 0 to below 1, or from low to high.",
			"rand::float(2, 2)", "2.0", randFloat),
		random("enum", []string{"choices...: any -> any"}, "One of the arguments; of a single list, one of its elements.",
			`rand::enum(["a"])`, `"a"`, func(env *Env, a []Value) (Value, error) {
				if len(a) == 1 && sequenceKind(a[0].kind) {
					a = a[0].AsList()
				}
				if len(a) == 0 {
					return None, nil
				}
				i, err := env.below(uint64(len(a)))
				if err != nil {
					return None, err
				}
				return a[i], nil
			}),
		random("string", []string{"length?: int -> string", "least: int, most: int -> string"},
			"Letters and digits: so many (32 if left out), or from so many to so many.", "string::len(rand::string(8))", "8", randString),
		random("duration", []string{"low: duration, high: duration -> duration"}, "A duration from low to high.",
			"rand::duration(1h, 1h)", "1h", func(env *Env, a []Value) (Value, error) { return randBetween(env, a) }),
		random("time", []string{"low: time, high: time -> time"}, "A time from low to high.",
			`rand::time(t"2026-01-01", t"2026-01-01")`, `t"2026-01-01"`, func(env *Env, a []Value) (Value, error) { return randBetween(env, a) }),
		random("uuid::v4", []string{"-> uuid"}, "A random uuid.", "type::of(rand::uuid::v4())", `"uuid"`,
			func(env *Env, _ []Value) (Value, error) {
				var u [16]byte
				if err := env.random(u[:]); err != nil {
					return None, err
				}
				return UUID(uuidOf(u, 4)), nil
			}),
		random("uuid::v7", []string{"at?: time -> uuid"}, "A uuid that rises with time: now, or the time given.",
			"type::of(rand::uuid::v7())", `"uuid"`, randUUID7),
		random("uuid", []string{"at?: time -> uuid"}, "A uuid that rises with time: version 7.", "type::of(rand::uuid())", `"uuid"`, randUUID7),
		random("ulid", []string{"at?: time -> string"}, "A ULID, 26 letters and digits that rise with time: now, or the time given.",
			"string::len(rand::ulid())", "26", randULID),
	}
}

// randBetween is an int, time or duration from argument 0 to argument 1.
func randBetween(env *Env, a []Value) (Value, error) {
	lo, hi := a[0].AsInt(), a[1].AsInt()
	if lo > hi {
		return None, fault(0, "lies above the other bound")
	}
	x, err := env.below(uint64(hi) - uint64(lo) + 1)
	return Value{kind: a[0].kind, bits: uint64(lo) + x}, err
}

func randInt(env *Env, a []Value) (Value, error) {
	if len(a) == 0 {
		w, err := env.word()
		return Int(int64(w)), err
	}
	return randBetween(env, a)
}

func randFloat(env *Env, a []Value) (Value, error) {
	w, err := env.word()
	if err != nil {
		return None, err
	}
	part := float64(w>>11) / (1 << 53)
	if len(a) == 0 {
		return Float(part), nil
	}
	lo, err := float(a, 0)
	if err != nil {
		return None, err
	}
	hi, err := float(a, 1)
	if err != nil {
		return None, err
	}
	if lo > hi {
		return None, fault(0, "lies above the other bound")
	}
	return finiteFloat(math.Min(lo*(1-part)+hi*part, hi))
}

func randString(env *Env, a []Value) (Value, error) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const most = 64 << 10
	n := 32
	for i := range a {
		length, err := intIn(a, i, 0, most)
		if err != nil {
			return None, err
		}
		if i == 1 && length >= n {
			more, err := env.below(uint64(length-n) + 1)
			if err != nil {
				return None, err
			}
			length = n + int(more)
		}
		n = length
	}
	b := make([]byte, n)
	for i := range b {
		at, err := env.below(uint64(len(alphabet)))
		if err != nil {
			return None, err
		}
		b[i] = alphabet[at]
	}
	return String(string(b)), nil
}

func uuidOf(u [16]byte, version byte) [16]byte {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}

// timeOr returns the milliseconds of time argument 0, or of now.
func millisOr(env *Env, a []Value) (uint64, error) {
	if len(a) > 0 {
		ms := a[0].AsTime().UnixMilli()
		if ms < 0 {
			return 0, fault(0, "must not lie before 1970")
		}
		return uint64(ms), nil
	}
	now, err := env.now()
	return uint64(max(now.UnixMilli(), 0)) & (1<<48 - 1), err
}

func randUUID7(env *Env, a []Value) (Value, error) {
	ms, err := millisOr(env, a)
	if err != nil {
		return None, err
	}
	var u [16]byte
	if err := env.random(u[6:]); err != nil {
		return None, err
	}
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], ms<<16)
	copy(u[:6], head[:6])
	return UUID(uuidOf(u, 7)), nil
}

func randULID(env *Env, a []Value) (Value, error) {
	ms, err := millisOr(env, a)
	if err != nil {
		return None, err
	}
	var b [10]byte
	if err := env.random(b[:]); err != nil {
		return None, err
	}
	var id [26]byte
	for i := 9; i >= 0; i-- {
		id[i] = crockford[ms&31]
		ms >>= 5
	}
	hi, lo := uint64(binary.BigEndian.Uint16(b[:2])), binary.BigEndian.Uint64(b[2:])
	for i := 25; i >= 10; i-- {
		id[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return String(string(id[:])), nil
}

// ulidTime returns the milliseconds in a ULID; ok is false for a text that is none.
func ulidTime(s string) (ms int64, ok bool) {
	if len(s) != 26 || s[0] > '7' {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		at := -1
		for j := range len(crockford) {
			if crockford[j] == c {
				at = j
			}
		}
		if at < 0 {
			return 0, false
		}
		if i < 10 {
			ms = ms<<5 | int64(at)
		}
	}
	return ms, true
}

func randMore() []Func {
	return []Func{
		needs(CapabilityRandom, fn("rand::bytes", []string{"count: int -> bytes"}, "So many random bytes (up to 65,536).", "bytes::len(rand::bytes(8))", "8", func(env *Env, a []Value) (Value, error) {
			n, err := intIn(a, 0, 0, 1<<16)
			if err != nil {
				return None, err
			}
			b := make([]byte, n)
			return Bytes(b), env.random(b)
		})),
		needs(CapabilityRandom, fn("rand::sample", []string{"list: [T], count: int -> [T]"}, "So many elements of a list, each at most once, in random order; all of a shorter one.", "array::len(rand::sample([1, 2, 3], 2))", "2", randSample)),
		needs(CapabilityRandom, fn("rand::normal", []string{"mean: float, deviation: float -> float"}, "A random number of the normal distribution.", "rand::normal(5, 0)", "5.0", randNormal)),
	}
}

func randSample(env *Env, a []Value) (Value, error) {
	n, err := intIn(a, 1, 0, math.MaxInt64)
	if err != nil {
		return None, err
	}
	vs := slices.Clone(a[0].AsList())
	n = min(n, len(vs))
	for i := range n {
		j, err := env.below(uint64(len(vs) - i))
		if err != nil {
			return None, err
		}
		k := i + int(j)
		vs[i], vs[k] = vs[k], vs[i]
	}
	return List(vs[:n:n]), nil
}

// randNormal is the method of Box and Muller.
func randNormal(env *Env, a []Value) (Value, error) {
	mean, err := float(a, 0)
	if err != nil {
		return None, err
	}
	deviation, err := float(a, 1)
	switch {
	case err != nil:
		return None, err
	case deviation < 0:
		return None, fault(1, "must not be negative")
	}
	u, err := env.word()
	if err != nil {
		return None, err
	}
	w, err := env.word()
	if err != nil {
		return None, err
	}
	x, y := (float64(u>>11)+1)/(1<<53), float64(w>>11)/(1<<53)
	return finiteFloat(mean + deviation*math.Sqrt(-2*math.Log(x))*math.Cos(2*math.Pi*y))
}
