package ops

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
)

// Check returns v as a value of type t without converting it, which the declared type of a field asks for: an int
// fits float, a whole number of every kind fits an integer width it is in the range of, a list of distinct values fits a set.
// Errors say what was wanted and what was found.
func Check(v Value, t Type) (Value, error) { return fit(v, &t, false) }

// Cast converts v to type t where that makes sense: texts are parsed, floats lose their fraction, everything becomes a
// string. What cannot be converted is an error. None stays none.
func Cast(v Value, t Type) (Value, error) {
	if v.IsNone() {
		return None, nil
	}
	return fit(v, &t, true)
}

func misfit(v Value, t *Type, cast bool) *Error {
	if cast {
		return Errorf(CodeCast, "%s cannot be converted to %s", described(v), t)
	}
	return Errorf(CodeType, "%s is wanted, not %s", t, described(v))
}

// within says where inside a value the fault of err is.
func within(err error, format string, args ...any) error {
	e, ok := err.(*Error) //nolint:errorlint // made in this file, never wrapped
	if !ok {
		return err
	}
	c := *e
	c.Message = Errorf(c.Code, format, args...).Message + ": " + c.Message
	return &c
}

func fit(v Value, t *Type, cast bool) (Value, error) {
	if v.IsNone() {
		if t.Optional || t.Kind == KindNone {
			return None, nil
		}
		return None, misfit(v, t, cast)
	}
	switch t.Kind {
	case KindAny:
		return v, nil
	case KindInt:
		return fitInt(v, t, cast)
	case KindWide:
		return fitWide(v, t, cast)
	case KindFloat:
		return fitFloat(v, t, cast)
	case KindDecimal:
		return fitDecimal(v, t, cast)
	case KindList, KindSet:
		return fitList(v, t, cast)
	case KindTuple:
		return fitTuple(v, t, cast)
	case KindObject:
		return fitObject(v, t, cast)
	case KindRecord:
		return fitRecord(v, t, cast)
	case v.kind:
		if t.Variants != nil && !slices.Contains(t.Variants, v.AsString()) {
			return None, noVariant(v, t, cast)
		}
		return v, nil
	}
	if cast {
		return castScalar(v, t)
	}
	return None, misfit(v, t, cast)
}

// noVariant says what an enum has.
func noVariant(v Value, t *Type, cast bool) *Error {
	const most = 10
	names := t.Variants
	more := ""
	if len(names) > most {
		names, more = names[:most], " and others"
	}
	plain := *t
	plain.Optional = false
	return misfit(v, t, cast).WithHint("%s is %s%s", &plain, strings.Join(names, ", "), more)
}

// ---- numbers

// widthRange holds the least and the greatest int of each width of int.
var widthRange = [...][2]int64{
	WidthDefault: {math.MinInt64, math.MaxInt64}, WidthI8: {math.MinInt8, math.MaxInt8}, WidthI16: {math.MinInt16, math.MaxInt16},
	WidthI32: {math.MinInt32, math.MaxInt32}, WidthI64: {math.MinInt64, math.MaxInt64},
	WidthU8: {0, math.MaxUint8}, WidthU16: {0, math.MaxUint16}, WidthU32: {0, math.MaxUint32}, WidthF64: {},
}

func fitInt(v Value, t *Type, cast bool) (Value, error) {
	i, ok := int64(0), false
	switch v.kind {
	case KindInt:
		i, ok = int64(v.bits), true
	case KindWide:
		if i, ok = v.AsWide().Int(); !ok {
			return None, numberRange(v, t)
		}
	case KindFloat:
		f := v.AsFloat()
		if cast {
			f = math.Trunc(f)
		}
		if i, ok = wholeFloat(f); !ok && cast {
			return None, numberRange(v, t)
		}
	case KindDecimal:
		d := v.AsDecimal()
		if cast {
			d = truncated(d)
		}
		if i, ok = intOfDecimal(d); !ok && cast {
			return None, numberRange(v, t)
		}
	default:
		if cast {
			return castToInt(v, t)
		}
	}
	if !ok {
		return None, misfit(v, t, cast)
	}
	if r := widthRange[t.Width]; i < r[0] || i > r[1] {
		return None, numberRange(v, t)
	}
	return Int(i), nil
}

// fitWide is fitInt for the widths beyond int.
func fitWide(v Value, t *Type, cast bool) (Value, error) {
	var w Wide
	ok := false
	switch v.kind {
	case KindInt, KindWide:
		w, ok = v.AsWide(), true
	case KindFloat:
		f := v.AsFloat()
		if cast {
			f = math.Trunc(f)
		}
		w, ok = wideOfFloat(f)
	case KindDecimal:
		d := v.AsDecimal()
		if cast {
			d = truncated(d)
		}
		w, ok = wideOfDecimal(d)
	default:
		if cast {
			return castToInt(v, t)
		}
	}
	switch {
	case !ok && !cast:
		return None, misfit(v, t, cast)
	case !ok || !w.fits(t.Width):
		return None, numberRange(v, t)
	}
	return WideOf(w), nil
}

// fits reports whether w is in the range of a width.
func (w Wide) fits(width Width) bool {
	switch width {
	case WidthU64:
		return w.Hi == 0 && !w.Negative
	case WidthU128:
		return !w.Negative
	case WidthI128:
		return w.Negative || w.Hi < 1<<63
	}
	return true
}

func numberRange(v Value, t *Type) *Error {
	return Errorf(CodeNumberOutOfRange, "%s is out of the range of %s", described(v), t)
}

func castToInt(v Value, t *Type) (Value, error) {
	switch v.kind {
	case KindBool:
		return fit(Int(int64(v.bits)), t, true)
	case KindString:
		d, err := ParseDecimal(strings.TrimSpace(v.AsString()))
		if err != nil {
			return None, misfit(v, t, true)
		}
		return fit(Decimal(d), t, true)
	}
	return None, misfit(v, t, true)
}

// truncated cuts a decimal's fraction off. One whose exponent is large is whole.
func truncated(d *apd.Decimal) *apd.Decimal {
	if d.Exponent >= 0 {
		return d
	}
	if d.NumDigits()+int64(d.Exponent) <= 0 {
		return apd.New(0, 0)
	}
	whole, fraction := new(apd.Decimal), new(apd.Decimal)
	d.Modf(whole, fraction)
	return whole
}

func fitFloat(v Value, t *Type, cast bool) (Value, error) {
	var f float64
	switch v.kind {
	case KindInt:
		f = float64(int64(v.bits))
	case KindWide:
		f = v.AsWide().float()
	case KindFloat:
		f = v.AsFloat()
	case KindDecimal:
		if !cast {
			return None, misfit(v, t, cast)
		}
		f, _ = floatOfDecimal(v.AsDecimal())
	default:
		if !cast {
			return None, misfit(v, t, cast)
		}
		return castToFloat(v, t)
	}
	if t.Width == WidthF32 {
		f = float64(float32(f))
	}
	if math.IsInf(f, 0) {
		return None, numberRange(v, t)
	}
	return Float(f), nil
}

func castToFloat(v Value, t *Type) (Value, error) {
	switch v.kind {
	case KindBool:
		return Float(float64(v.bits)), nil
	case KindString:
		d, err := ParseDecimal(strings.TrimSpace(v.AsString()))
		if err != nil {
			return None, misfit(v, t, true)
		}
		return fitFloat(Decimal(d), t, true)
	}
	return None, misfit(v, t, true)
}

func fitDecimal(v Value, t *Type, cast bool) (Value, error) {
	switch v.kind {
	case KindDecimal:
		return v, nil
	case KindInt, KindWide:
		return Decimal(exactDecimal(v)), nil
	case KindFloat:
		if cast {
			return Decimal(nearDecimal(v)), nil
		}
	case KindBool:
		if cast {
			return Decimal(apd.New(int64(v.bits), 0)), nil
		}
	case KindString:
		if cast {
			d, err := ParseDecimal(strings.TrimSpace(v.AsString()))
			if err == nil {
				return Decimal(d), nil
			}
		}
	}
	return None, misfit(v, t, cast)
}

// ---- other scalars

func castScalar(v Value, t *Type) (Value, error) {
	switch t.Kind {
	case KindString:
		return castToString(v, t)
	case KindBool:
		return castToBool(v, t)
	case KindBytes:
		if v.kind == KindString {
			return Bytes([]byte(v.AsString())), nil
		}
	case KindTime:
		return castToTime(v, t)
	case KindDuration:
		return castToDuration(v, t)
	case KindUUID:
		return castToUUID(v, t)
	case KindRegex:
		if v.kind == KindString {
			return NewRegex(v.AsString(), "")
		}
	}
	return None, misfit(v, t, true)
}

func castToString(v Value, t *Type) (Value, error) {
	if t.Variants != nil {
		return None, misfit(v, t, true)
	}
	if v.kind == KindBytes {
		if !utf8.Valid(v.AsBytes()) {
			return None, misfit(v, t, true)
		}
		return String(string(v.AsBytes())), nil
	}
	return String(Format(v)), nil
}

func castToBool(v Value, t *Type) (Value, error) {
	switch {
	case v.kind.IsNumber():
		return Bool(Compare(v, Int(0)) != 0), nil
	case v.kind == KindString && strings.EqualFold(v.AsString(), "true"):
		return Bool(true), nil
	case v.kind == KindString && strings.EqualFold(v.AsString(), "false"):
		return Bool(false), nil
	}
	return None, misfit(v, t, true)
}

// castToTime takes a number of seconds since the epoch as SQL does, and text.
func castToTime(v Value, t *Type) (Value, error) {
	switch v.kind {
	case KindString:
		ns, err := ParseTime(strings.TrimSpace(v.AsString()))
		if err != nil {
			return None, misfit(v, t, true)
		}
		return Time(ns), nil
	case KindWide:
		if i, ok := v.AsWide().Int(); ok {
			return castToTime(Int(i), t)
		}
		return None, numberRange(v, t)
	case KindInt:
		const second = 1_000_000_000
		s := int64(v.bits)
		if s > math.MaxInt64/second || s < math.MinInt64/second {
			return None, numberRange(v, t)
		}
		return Time(s * second), nil
	}
	return None, misfit(v, t, true)
}

func castToDuration(v Value, t *Type) (Value, error) {
	if v.kind == KindString {
		if d, err := ParseDuration(strings.TrimSpace(v.AsString())); err == nil {
			return Duration(d), nil
		}
	}
	return None, misfit(v, t, true)
}

func castToUUID(v Value, t *Type) (Value, error) {
	switch {
	case v.kind == KindString:
		if u, err := ParseUUID(strings.TrimSpace(v.AsString())); err == nil {
			return UUID(u), nil
		}
	case v.kind == KindBytes && len(v.AsBytes()) == 16:
		return UUID([16]byte(v.AsBytes())), nil
	}
	return None, misfit(v, t, true)
}

// ---- sequences

func sequenceKind(k Kind) bool { return k == KindList || k == KindTuple || k == KindSet }

// fitList fits lists and sets. Check takes a set or tuple for a list, and a list without duplicates for a set.
func fitList(v Value, t *Type, cast bool) (Value, error) {
	if !sequenceKind(v.kind) {
		if !cast || v.kind != KindRange {
			return None, misfit(v, t, cast)
		}
		items, err := rangeItems(v.AsRange())
		if err != nil {
			return None, err
		}
		v = List(items)
	}
	vs := v.AsList()
	if t.Len > 0 && len(vs) != t.Len {
		return None, Errorf(misfit(v, t, cast).Code, "%s is wanted, not a list of %d", t, len(vs))
	}
	if t.Elem != nil {
		var err error
		if vs, err = fitElements(vs, func(int) *Type { return t.Elem }, cast); err != nil {
			return None, err
		}
	}
	if t.Kind == KindSet {
		set := NewSet(vs)
		if !cast && len(set.AsList()) != len(vs) {
			return None, Errorf(CodeType, "%s is wanted, not a list in which values repeat", t)
		}
		return set, nil
	}
	return List(vs), nil
}

// fitElements copies vs only if an element changes.
func fitElements(vs []Value, typ func(i int) *Type, cast bool) ([]Value, error) {
	var out []Value
	for i, v := range vs {
		x, err := fit(v, typ(i), cast)
		if err != nil {
			return nil, within(err, "element %d", i)
		}
		if out == nil {
			if x == v {
				continue
			}
			out = slices.Clone(vs)
		}
		out[i] = x
	}
	if out == nil {
		return vs, nil
	}
	return out, nil
}

// NewSet makes a set of values in any order.
func NewSet(vs []Value) Value {
	sorted := slices.Clone(vs)
	slices.SortStableFunc(sorted, Compare)
	return SetOfSorted(slices.CompactFunc(sorted, Equal))
}

// MaxRangeItems is how many ints a range may be written out to.
const MaxRangeItems = 1 << 20

// rangeItems lists the ints of a range that is closed on both ends.
func rangeItems(r *RangeValue) ([]Value, error) {
	low, high := Narrowed(r.Lo), Narrowed(r.Hi)
	if low.kind != KindInt || high.kind != KindInt {
		return nil, Errorf(CodeCast, "%s is no range of ints with both ends", brief(Range(r)))
	}
	lo, hi := low.AsInt(), high.AsInt()
	if !r.Inclusive {
		if hi == math.MinInt64 {
			return nil, nil
		}
		hi--
	}
	if lo > hi {
		return nil, nil
	}
	if uint64(hi)-uint64(lo) >= MaxRangeItems {
		return nil, Errorf(CodeTooLarge, "the range %s has more than %d elements", brief(Range(r)), MaxRangeItems)
	}
	vs := make([]Value, 0, hi-lo+1)
	for i := lo; ; i++ {
		vs = append(vs, Int(i))
		if i == hi {
			return vs, nil
		}
	}
}

func fitTuple(v Value, t *Type, cast bool) (Value, error) {
	if v.kind != KindTuple && !(cast && sequenceKind(v.kind)) {
		return None, misfit(v, t, cast)
	}
	vs := v.AsList()
	if t.Elems == nil {
		return Tuple(vs), nil
	}
	if len(vs) != len(t.Elems) {
		return None, Errorf(misfit(v, t, cast).Code, "%s is wanted, not a tuple of %d", t, len(vs))
	}
	vs, err := fitElements(vs, func(i int) *Type { return &t.Elems[i] }, cast)
	return Tuple(vs), err
}

// ---- objects and links

func fitObject(v Value, t *Type, cast bool) (Value, error) {
	if v.kind != KindObject {
		return None, misfit(v, t, cast)
	}
	if t.Elem == nil && t.Fields == nil {
		return v, nil
	}
	ms := slices.Clone(v.AsObject())
	for i := range ms {
		elem := t.Elem
		if t.Fields != nil {
			at := slices.IndexFunc(t.Fields, func(f FieldType) bool { return f.Name == ms[i].Name })
			if at < 0 {
				return None, Errorf(CodeUnknownField, "%s has no member %s", t, quotedName(ms[i].Name))
			}
			elem = &t.Fields[at].Type
		}
		x, err := fit(ms[i].Value, elem, cast)
		if err != nil {
			return None, within(err, "member %s", quotedName(ms[i].Name))
		}
		ms[i].Value = x
	}
	for _, f := range t.Fields {
		if _, ok := v.Member(f.Name); !ok && !f.Type.Optional && f.Type.Kind != KindNone {
			return None, Errorf(misfit(v, t, cast).Code, "the member %s is wanted", quotedName(f.Name))
		}
	}
	return Object(ms), nil
}

// fitRecord checks that a link points into the table. A text `table:key` is cast to one.
func fitRecord(v Value, t *Type, cast bool) (Value, error) {
	if cast && v.kind == KindString {
		id, err := ParseRecord(v.AsString())
		if err != nil {
			return None, misfit(v, t, cast)
		}
		v = id
	}
	if v.kind != KindRecord || t.Name != "" && v.RecordTable() != t.Name {
		return None, misfit(v, t, cast)
	}
	return v, nil
}

// ParseRecord reads a record id of a plain form: `table:word`, `table:12`, `table:"any text"`, `table:u"…"`, `table:[1, "a"]`.
// Every other key of text is a string: `user:a-b@c`.
func ParseRecord(s string) (Value, error) {
	table, key, ok := strings.Cut(s, ":")
	if unquoted, quoted := strings.CutPrefix(table, "`"); quoted {
		table = strings.TrimSuffix(unquoted, "`")
	}
	if !ok || table == "" || key == "" {
		return None, Errorf(CodeBadLiteral, "%s is no record id, which is written table:key", brief(String(s)))
	}
	return Record(table, parseKey(key)), nil
}

func parseKey(key string) Value {
	if i, ok := ParseInteger(key, 10); ok && key[0] != '+' {
		return i
	}
	if inner, ok := strings.CutPrefix(key, `u"`); ok {
		if u, err := ParseUUID(strings.TrimSuffix(inner, `"`)); err == nil {
			return UUID(u)
		}
	}
	if key[0] == '"' || key[0] == '[' {
		if v, err := ParseJSON([]byte(key)); err == nil {
			return v
		}
	}
	return String(key)
}
