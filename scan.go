package zerodb

import (
	"encoding"
	"math"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb/ops"
)

// plan is how values move between objects and one struct type. It is made once per type.
type plan struct {
	fields []fieldPlan
	byName map[string]int
}

type fieldPlan struct {
	name      string
	index     []int
	omitEmpty bool
}

var plans sync.Map // reflect.Type → *plan

// structPlan returns the plan of a struct type.
func structPlan(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{byName: map[string]int{}}
	p.add(t, nil, map[reflect.Type]bool{})
	kept, _ := plans.LoadOrStore(t, p)
	return kept.(*plan)
}

// add lists the fields of t, those of embedded structs in their place; an outer name hides an inner one.
func (p *plan) add(t reflect.Type, prefix []int, open map[reflect.Type]bool) {
	if open[t] {
		return
	}
	open[t] = true
	defer delete(open, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("zerodb")
		if tag == "-" {
			continue
		}
		index := append(append([]int(nil), prefix...), i)
		if f.Anonymous && !tagged {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && (f.IsExported() || f.Type.Kind() == reflect.Struct) {
				p.add(inner, index, open)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		if name == "" {
			name = snake(f.Name)
		}
		fp := fieldPlan{name: name, index: index, omitEmpty: rest == "omitempty"}
		if old, ok := p.byName[name]; ok {
			if len(p.fields[old].index) > len(index) {
				p.fields[old] = fp
			}
			continue
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, fp)
	}
}

// snake turns a Go field name into the name that a field of a table has by custom: CreatedAt is created_at, ID is id.
func snake(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if (afterLower || beforeLower) && runes[i-1] != '_' {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Assign stores v in the Go variable that dst points to, converting it; an object goes into a struct (see
// Rows.Scan) or a map, a list into a slice or an array, none is the zero value. What does not fit is an error that
// names the place. What dst gets is its own: it shares no memory that changes.
func Assign(dst any, v Value) error {
	rv := reflect.ValueOf(dst)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return ops.Errorf(ops.CodeType, "Assign wants a pointer that is not nil, got %T", dst)
	}
	return assign(rv.Elem(), v, nil)
}

// assign stores v in dst; path says where dst is within what the user gave.
func assign(dst reflect.Value, v Value, path []string) error {
	if done, err := assignKnown(dst, v, path); done || err != nil {
		return err
	}
	if v.IsNone() {
		dst.SetZero()
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
		return assign(dst.Elem(), v, path)
	case reflect.Interface:
		if dst.NumMethod() == 0 {
			dst.Set(reflect.ValueOf(ToGo(v)))
			return nil
		}
	case reflect.Bool:
		if v.Kind() == ops.KindBool {
			dst.SetBool(v.AsBool())
			return nil
		}
	case reflect.String:
		return assignString(dst, v, path)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return assignInteger(dst, v, path)
	case reflect.Float32, reflect.Float64:
		return assignFloat(dst, v, path)
	case reflect.Slice, reflect.Array:
		return assignSequence(dst, v, path)
	case reflect.Map:
		return assignMap(dst, v, path)
	case reflect.Struct:
		return assignStruct(dst, v, path)
	}
	return misfit(dst, v, path)
}

// assignKnown stores into the types that have a meaning of their own; done says whether dst is of one.
func assignKnown(dst reflect.Value, v Value, path []string) (done bool, err error) {
	var x any
	switch dst.Type() {
	case valueType:
		dst.Set(reflect.ValueOf(v))
		return true, nil
	case timeType:
		if v.Kind() == ops.KindTime {
			x = v.AsTime()
		}
	case durationType:
		if v.Kind() == ops.KindDuration {
			x = v.AsDuration()
		}
	case recordType:
		if v.Kind() == ops.KindRecord {
			x = RecordID{Table: v.RecordTable(), Key: v.RecordKey()}
		}
	case rangeType:
		if v.Kind() == ops.KindRange {
			x = *v.AsRange()
		}
	case regexType:
		if v.Kind() == ops.KindRegex {
			x = *v.AsRegex()
		}
	case uuidType:
		if v.Kind() == ops.KindUUID {
			x = v.AsUUID()
		}
	case bigType:
		if v.Kind() == ops.KindInt || v.Kind() == ops.KindWide {
			x = *v.AsWide().Big()
		}
	case decimalType:
		if d, ok := toDecimal(v); ok {
			x = *d
		}
	case bytesType:
		switch v.Kind() {
		case ops.KindBytes:
			x = append([]byte{}, v.AsBytes()...)
		case ops.KindString:
			x = []byte(v.AsString())
		}
	default:
		return assignText(dst, v, path)
	}
	switch {
	case x != nil:
		dst.Set(reflect.ValueOf(x))
	case v.IsNone():
		dst.SetZero()
	default:
		return true, misfit(dst, v, path)
	}
	return true, nil
}

// assignText gives strings to types that read themselves from text, and uuids to [16]byte types of other names.
func assignText(dst reflect.Value, v Value, path []string) (bool, error) {
	if v.Kind() == ops.KindUUID && dst.Type().ConvertibleTo(uuidType) {
		dst.Set(reflect.ValueOf(v.AsUUID()).Convert(dst.Type()))
		return true, nil
	}
	if v.Kind() != ops.KindString || dst.Kind() == reflect.String || !dst.CanAddr() {
		return false, nil
	}
	u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return false, nil
	}
	if err := u.UnmarshalText([]byte(v.AsString())); err != nil {
		return true, goError(path, "%v", err)
	}
	return true, nil
}

func toDecimal(v Value) (*apd.Decimal, bool) {
	switch v.Kind() {
	case ops.KindDecimal:
		return new(apd.Decimal).Set(v.AsDecimal()), true
	case ops.KindInt:
		return apd.New(v.AsInt(), 0), true
	case ops.KindWide:
		d, err := ops.Cast(v, ops.TypeOf(ops.KindDecimal))
		return d.AsDecimal(), err == nil
	}
	return nil, false
}

func assignString(dst reflect.Value, v Value, path []string) error {
	switch v.Kind() {
	case ops.KindString:
		dst.SetString(v.AsString())
	case ops.KindRecord:
		dst.SetString(ops.Format(v))
	case ops.KindUUID, ops.KindDecimal:
		dst.SetString(ops.Format(v))
	default:
		return misfit(dst, v, path)
	}
	return nil
}

func assignInteger(dst reflect.Value, v Value, path []string) error {
	var i int64
	switch v = ops.Narrowed(v); v.Kind() {
	case ops.KindInt:
		i = v.AsInt()
	case ops.KindWide:
		u, ok := v.AsWide().Uint()
		if !ok || !dst.CanUint() || dst.OverflowUint(u) {
			return goError(path, "%s does not fit a Go %s", ops.Format(v), dst.Type())
		}
		dst.SetUint(u)
		return nil
	case ops.KindFloat: // a float that is an integer is one; nothing is cut off
		f := v.AsFloat()
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return misfit(dst, v, path)
		}
		i = int64(f)
	default:
		return misfit(dst, v, path)
	}
	if dst.CanInt() {
		if dst.OverflowInt(i) {
			return goError(path, "%d does not fit a Go %s", i, dst.Type())
		}
		dst.SetInt(i)
		return nil
	}
	if i < 0 || dst.OverflowUint(uint64(i)) {
		return goError(path, "%d does not fit a Go %s", i, dst.Type())
	}
	dst.SetUint(uint64(i))
	return nil
}

func assignFloat(dst reflect.Value, v Value, path []string) error {
	switch v.Kind() {
	case ops.KindFloat:
		dst.SetFloat(v.AsFloat())
	case ops.KindInt, ops.KindWide:
		f, _ := ops.Cast(v, ops.TypeOf(ops.KindFloat))
		dst.SetFloat(f.AsFloat())
	case ops.KindDecimal:
		f, err := v.AsDecimal().Float64()
		if err != nil {
			return goError(path, "%v", err)
		}
		dst.SetFloat(f)
	default:
		return misfit(dst, v, path)
	}
	return nil
}

func assignSequence(dst reflect.Value, v Value, path []string) error {
	switch v.Kind() {
	case ops.KindList, ops.KindTuple, ops.KindSet:
	default:
		return misfit(dst, v, path)
	}
	elems := v.AsList()
	if dst.Kind() == reflect.Slice {
		dst.Set(reflect.MakeSlice(dst.Type(), len(elems), len(elems)))
	} else if dst.Len() != len(elems) {
		return goError(path, "a list of %d does not fit a Go %s", len(elems), dst.Type())
	}
	for i, e := range elems {
		if err := assign(dst.Index(i), e, append(path, "[]")); err != nil {
			return err
		}
	}
	return nil
}

func assignMap(dst reflect.Value, v Value, path []string) error {
	t := dst.Type()
	if v.Kind() != ops.KindObject || t.Key().Kind() != reflect.String {
		return misfit(dst, v, path)
	}
	m := reflect.MakeMapWithSize(t, len(v.AsObject()))
	for _, member := range v.AsObject() {
		e := reflect.New(t.Elem()).Elem()
		if err := assign(e, member.Value, append(path, member.Name)); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(member.Name).Convert(t.Key()), e)
	}
	dst.Set(m)
	return nil
}

// assignStruct sets the fields whose names the object has; other fields become zero, other members are left out.
func assignStruct(dst reflect.Value, v Value, path []string) error {
	if v.Kind() != ops.KindObject {
		return misfit(dst, v, path)
	}
	for _, f := range structPlan(dst.Type()).fields {
		member, _ := v.Member(f.name)
		if err := assignField(dst, f, member, path); err != nil {
			return err
		}
	}
	return nil
}

func assignField(dst reflect.Value, f fieldPlan, v Value, path []string) error {
	for i, x := range f.index {
		if i > 0 && dst.Kind() == reflect.Pointer {
			if dst.IsNil() {
				if v.IsNone() || !dst.CanSet() {
					return nil
				}
				dst.Set(reflect.New(dst.Type().Elem()))
			}
			dst = dst.Elem()
		}
		dst = dst.Field(x)
	}
	return assign(dst, v, append(path, f.name))
}

func misfit(dst reflect.Value, v Value, path []string) error {
	return goError(path, "%s %s does not fit a Go %s", v.Kind(), ops.AppendZQL(nil, v), dst.Type())
}
