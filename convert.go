package zerodb

import (
	"encoding"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
)

// maxNesting bounds how deep FromGo follows Go values, so that a cyclic one is an error and not a
// stack overflow. It is the depth that ZeroQL texts may nest to.
const maxNesting = 200

// ToGo converts a value to the Go value a user would expect of it:
//
//	none nil · bool bool · int int64 · wide int64, uint64 or *big.Int, the first that holds it · float float64 · decimal *apd.Decimal · string string · bytes []byte ·
//	time time.Time (UTC) · duration time.Duration · uuid [16]byte · record RecordID · list, tuple and set []any ·
//	object map[string]any · range *Range · regex *Regex
//
// Nothing it returns is shared with the value, but the insides of decimals, ranges and regular expressions.
func ToGo(v Value) any {
	switch v.Kind() {
	case ops.KindBool:
		return v.AsBool()
	case ops.KindInt:
		return v.AsInt()
	case ops.KindWide:
		return wideToGo(v.AsWide())
	case ops.KindFloat:
		return v.AsFloat()
	case ops.KindDecimal:
		return v.AsDecimal()
	case ops.KindString:
		return v.AsString()
	case ops.KindBytes:
		return slices.Clone(v.AsBytes())
	case ops.KindTime:
		return v.AsTime()
	case ops.KindDuration:
		return v.AsDuration()
	case ops.KindUUID:
		return v.AsUUID()
	case ops.KindRecord:
		return RecordID{Table: v.RecordTable(), Key: v.RecordKey()}
	case ops.KindList, ops.KindTuple, ops.KindSet:
		list := make([]any, len(v.AsList()))
		for i, e := range v.AsList() {
			list[i] = ToGo(e)
		}
		return list
	case ops.KindObject:
		m := make(map[string]any, len(v.AsObject()))
		for _, member := range v.AsObject() {
			m[member.Name] = ToGo(member.Value)
		}
		return m
	case ops.KindRange:
		return v.AsRange()
	case ops.KindRegex:
		return v.AsRegex()
	}
	return nil
}

func wideToGo(w ops.Wide) any {
	if i, ok := w.Int(); ok {
		return i
	}
	if u, ok := w.Uint(); ok {
		return u
	}
	return w.Big()
}

// FromGo converts a Go value to a value. It takes everything that ToGo gives, every integer and float type,
// big.Int, pointers (nil is none), slices and arrays, maps with string keys (members in the order of their names), structs
// (see Rows.Scan for the tags; an embedded struct's fields are the outer one's), json.Number,
// and types that marshal themselves to text. What does not fit (an integer of more than 128 bits, NaN,
// a channel, a cycle) is an error that names the place.
func FromGo(x any) (Value, error) {
	if v, ok := scalarFromGo(x); ok {
		return v, nil
	}
	return fromReflect(reflect.ValueOf(x), nil, 0)
}

// scalarFromGo converts the common types without reflection and without letting x escape.
func scalarFromGo(x any) (Value, bool) {
	switch x := x.(type) {
	case nil:
		return ops.None, true
	case Value:
		return x, true
	case string:
		return ops.String(x), true
	case int:
		return ops.Int(int64(x)), true
	case int64:
		return ops.Int(x), true
	case int32:
		return ops.Int(int64(x)), true
	case bool:
		return ops.Bool(x), true
	case []byte:
		if x == nil {
			return ops.None, true
		}
		return ops.Bytes(x), true
	case time.Duration:
		return ops.Duration(x), true
	}
	return ops.None, false
}

var (
	valueType         = reflect.TypeFor[Value]()
	timeType          = reflect.TypeFor[time.Time]()
	durationType      = reflect.TypeFor[time.Duration]()
	recordType        = reflect.TypeFor[RecordID]()
	rangeType         = reflect.TypeFor[Range]()
	regexType         = reflect.TypeFor[Regex]()
	bigType           = reflect.TypeFor[big.Int]()
	decimalType       = reflect.TypeFor[apd.Decimal]()
	uuidType          = reflect.TypeFor[[16]byte]()
	bytesType         = reflect.TypeFor[[]byte]()
	numberType        = reflect.TypeFor[json.Number]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

// fromReflect converts by reflection; path is where in the outermost value rv is, for errors.
func fromReflect(rv reflect.Value, path []string, depth int) (Value, error) {
	if depth > maxNesting {
		return ops.None, goError(path, "nests deeper than %d (is it cyclic?)", maxNesting)
	}
	if !rv.IsValid() {
		return ops.None, nil
	}
	if v, ok, err := fromKnown(rv, path); ok || err != nil {
		return v, err
	}
	switch rv.Kind() {
	case reflect.Bool:
		return ops.Bool(rv.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return ops.Int(rv.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return ops.Uint(rv.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return finite(rv.Float(), path)
	case reflect.String:
		return ops.String(rv.String()), nil
	case reflect.Pointer, reflect.Interface:
		if rv.IsNil() {
			return ops.None, nil
		}
		return fromReflect(rv.Elem(), path, depth+1)
	case reflect.Slice, reflect.Array:
		return fromSequence(rv, path, depth)
	case reflect.Map:
		return fromMap(rv, path, depth)
	case reflect.Struct:
		return fromStruct(rv, path, depth)
	}
	return ops.None, goError(path, "a Go %s has no ZeroQL kind", rv.Type())
}

// fromKnown converts the types that have a meaning of their own, ok says whether rv is of one.
func fromKnown(rv reflect.Value, path []string) (v Value, ok bool, err error) {
	t := rv.Type()
	switch t {
	case valueType:
		return rv.Interface().(Value), true, nil
	case timeType:
		v, err := fromTime(rv.Interface().(time.Time), path)
		return v, true, err
	case durationType:
		return ops.Duration(time.Duration(rv.Int())), true, nil
	case recordType:
		id := rv.Interface().(RecordID)
		return ops.RecordOf(&id), true, nil
	case rangeType:
		r := rv.Interface().(Range)
		return ops.Range(&r), true, nil
	case regexType:
		r := rv.Interface().(Regex)
		return ops.RegexOf(&r), true, nil
	case bigType:
		b := rv.Interface().(big.Int)
		w, ok := ops.WideOfBig(&b)
		if !ok {
			return ops.None, true, goError(path, "%s is out of the range of integers of 128 bits", &b)
		}
		return ops.Narrowed(ops.WideOf(w)), true, nil
	case decimalType:
		d := new(apd.Decimal)
		c := rv.Interface().(apd.Decimal)
		d.Set(&c)
		return ops.Decimal(d), true, nil
	case uuidType:
		return ops.UUID(rv.Interface().([16]byte)), true, nil
	case numberType:
		v, err := fromNumber(rv.String(), path)
		return v, true, err
	}
	if t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8 {
		return ops.UUID(rv.Convert(uuidType).Interface().([16]byte)), true, nil
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		if rv.IsNil() {
			return ops.None, true, nil
		}
		return ops.Bytes(rv.Bytes()), true, nil
	}
	// Structs that marshal themselves (net/netip.Addr, big.Float …); pointers reach here after one step.
	if t.Kind() == reflect.Struct && t.Implements(textMarshalerType) {
		text, err := rv.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return ops.None, true, goError(path, "%v", err)
		}
		return ops.String(string(text)), true, nil
	}
	return ops.None, false, nil
}

func fromSequence(rv reflect.Value, path []string, depth int) (Value, error) {
	if rv.Kind() == reflect.Slice && rv.IsNil() {
		return ops.None, nil
	}
	vs := make([]Value, rv.Len())
	for i := range vs {
		v, err := fromReflect(rv.Index(i), append(path, "[]"), depth+1)
		if err != nil {
			return ops.None, err
		}
		vs[i] = v
	}
	return ops.List(vs), nil
}

func fromMap(rv reflect.Value, path []string, depth int) (Value, error) {
	if rv.IsNil() {
		return ops.None, nil
	}
	if rv.Type().Key().Kind() != reflect.String {
		return ops.None, goError(path, "a map needs string keys to become an object, this one has %s", rv.Type().Key())
	}
	ms := make([]Member, 0, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		name := it.Key().String()
		v, err := fromReflect(it.Value(), append(path, name), depth+1)
		if err != nil {
			return ops.None, err
		}
		ms = append(ms, Member{Name: name, Value: v})
	}
	slices.SortFunc(ms, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return ops.Object(ms), nil
}

func fromStruct(rv reflect.Value, path []string, depth int) (Value, error) {
	fields := structPlan(rv.Type()).fields
	ms := make([]Member, 0, len(fields))
	for _, f := range fields {
		fv, ok := fieldByIndex(rv, f.index)
		if !ok || f.omitEmpty && fv.IsZero() {
			continue
		}
		v, err := fromReflect(fv, append(path, f.name), depth+1)
		if err != nil {
			return ops.None, err
		}
		ms = append(ms, Member{Name: f.name, Value: v})
	}
	return ops.Object(ms), nil
}

// fieldByIndex follows embedded pointers; false where one of them is nil.
func fieldByIndex(rv reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				return reflect.Value{}, false
			}
			rv = rv.Elem()
		}
		rv = rv.Field(x)
	}
	return rv, true
}

func fromTime(t time.Time, path []string) (Value, error) {
	if ns := t.UnixNano(); time.Unix(0, ns).Equal(t) { // it wraps around where it does not fit
		return ops.Time(ns), nil
	}
	return ops.None, goError(path, "%s is outside the years 1678 to 2262 that a time holds", t.Format(time.RFC3339))
}

func fromNumber(text string, path []string) (Value, error) {
	if i, ok := ops.ParseInteger(text, 10); ok {
		return i, nil
	}
	n := json.Number(text)
	f, err := n.Float64()
	if err != nil {
		return ops.None, goError(path, "%q is no number in range", text)
	}
	return finite(f, path)
}

func finite(f float64, path []string) (Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ops.None, ops.Errorf(ops.CodeNotFinite, "%s%v is not finite", place(path), f)
	}
	return ops.Float(f), nil
}

func goError(path []string, format string, args ...any) error {
	e := ops.Errorf(ops.CodeType, format, args...)
	e.Message = place(path) + e.Message
	return e
}

func place(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return strings.ReplaceAll(strings.Join(path, "."), ".[]", "[]") + ": "
}
