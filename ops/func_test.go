package ops_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/ops"
)

// testEnv is a world that never changes: one moment, and bytes that repeat.
func testEnv() *ops.Env {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	return &ops.Env{Now: func() time.Time { return now }, Random: bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef!"), 1<<10)), Edges: roads{}}
}

// roads are the edges that examples are of.
type roads struct{}

var roadEnds = [][2]string{{"oyo", "ibadan"}, {"ibadan", "lagos"}, {"jos", "kano"}, {"oyo", "ibadan"}}

func (roads) HashKey() uint64 { return 7 }

func (roads) Edges(vertices []ops.Value, back bool, f func(i int, far, edge, weight ops.Value) error) error {
	for i, v := range vertices {
		for n, ends := range roadEnds {
			from, to := ops.Record("city", ops.String(ends[0])), ops.Record("city", ops.String(ends[1]))
			if back {
				from, to = to, from
			}
			if !ops.Equal(from, v) {
				continue
			}
			if err := f(i, to, ops.Record("road", ops.Int(int64(n+1))), ops.Int(int64(n))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (roads) All(f func(from, to ops.Value) error) error {
	for _, ends := range roadEnds {
		if err := f(ops.Record("city", ops.String(ends[0])), ops.Record("city", ops.String(ends[1]))); err != nil {
			return err
		}
	}
	return nil
}

func (roads) Hold(int64) error { return nil }

// evaluate runs an expression of literals and calls.
func evaluate(t tester, text string) (ops.Value, error) {
	t.Helper()
	x, errs := parse.Expr(text)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs[0])
	}
	return evaluated(t, testEnv(), x)
}

func evaluated(t tester, env *ops.Env, x ast.Expr) (ops.Value, error) {
	t.Helper()
	switch x := x.(type) {
	case *ast.Literal:
		return x.Value, nil
	case *ast.Unary:
		v, err := evaluated(t, env, x.X)
		return negative(v), err
	case *ast.List:
		vs, err := evaluatedAll(t, env, x.Items)
		return ops.List(vs), err
	case *ast.Tuple:
		vs, err := evaluatedAll(t, env, x.Items)
		return ops.Tuple(vs), err
	case *ast.Object:
		ms := make([]ops.Member, len(x.Members))
		for i, m := range x.Members {
			v, err := evaluated(t, env, m.Value)
			if err != nil {
				return v, err
			}
			ms[i] = ops.Member{Name: m.Name.Text, Value: v}
		}
		return ops.Object(ms), nil
	case *ast.Ident: // the name of a table or field
		return ops.String(x.Name), nil
	case *ast.RecordExpr:
		key, err := evaluated(t, env, x.Key)
		return ops.Record(x.Table.Text, key), err
	case *ast.Range:
		ends, err := evaluatedAll(t, env, []ast.Expr{x.Lo, x.Hi})
		return ops.Range(&ops.RangeValue{Lo: ends[0], Hi: ends[1], Inclusive: x.Inclusive}), err
	case *ast.Call:
		names := make([]string, len(x.Func))
		for i, n := range x.Func {
			names[i] = n.Text
		}
		f := ops.LookupFunc(strings.Join(names, "::"))
		if f == nil {
			t.Fatalf("no function %v", names)
		}
		xs := make([]ast.Expr, len(x.Args))
		for i, a := range x.Args {
			xs[i] = a.X
		}
		args, err := evaluatedAll(t, env, xs)
		if err != nil {
			return ops.None, err
		}
		return f.Eval(env, args)
	}
	t.Fatalf("an example with a %T", x)
	return ops.None, nil
}

func evaluatedAll(t tester, env *ops.Env, xs []ast.Expr) (vs []ops.Value, err error) {
	t.Helper()
	for _, x := range xs {
		v := ops.None
		if x != nil {
			if v, err = evaluated(t, env, x); err != nil {
				return nil, err
			}
		}
		vs = append(vs, v)
	}
	return vs, nil
}

func negative(v ops.Value) ops.Value {
	switch v.Kind() {
	case ops.KindInt:
		return ops.Int(-v.AsInt())
	case ops.KindDuration:
		return ops.Duration(-v.AsDuration())
	case ops.KindDecimal:
		return ops.Decimal(new(apd.Decimal).Neg(v.AsDecimal()))
	}
	return ops.Float(-v.AsFloat())
}

// gives checks that an expression gives what another one does, and of the same kind.
func gives(t tester, text, want string) {
	t.Helper()
	got, err := evaluate(t, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	w, err := evaluate(t, want)
	noError(t, err)
	if !ops.Equal(got, w) || ops.Format(got) != ops.Format(w) {
		t.Fatalf("%s gives %s, want %s", text, ops.Format(got), ops.Format(w))
	}
}

func TestFunctionExamples(t *testing.T) {
	for _, f := range ops.Funcs {
		t.Run(f.Name, func(t *testing.T) {
			if f.Doc == "" || f.Example == "" || !strings.Contains(f.Example, f.Name+"(") {
				t.Fatal("no documentation")
			}
			gives(t, f.Example, f.Result)
		})
	}
}

// What a call answers must be of the type that its signature promises.
func TestResultsAreOfTheirType(t *testing.T) {
	for _, f := range ops.Funcs {
		x, _ := parse.Expr(f.Example)
		call, ok := x.(*ast.Call)
		if !ok || len(call.Func) < 2 {
			continue
		}
		args, types := []ops.Value{}, []ops.Type{}
		for _, a := range call.Args {
			v, err := evaluated(t, testEnv(), a.X)
			noError(t, err)
			args, types = append(args, v), append(types, typeOf(v))
		}
		outer := ops.LookupFunc(joinPath(call.Func))
		_, s, err := ops.Resolve(outer.Name, types)
		noError(t, err)
		v, err := outer.Eval(testEnv(), args)
		noError(t, err)
		want := s.ResultOf(types)
		if _, err := ops.Check(v, want); err != nil && !(v.IsNone() && want.Optional) {
			t.Errorf("%s gives %s, which is no %s", f.Example, ops.Format(v), want)
		}
		if found := outer.SignatureOf(s.Fingerprint(outer.Name)); found != s {
			t.Errorf("%s: the fingerprint finds another signature", outer.Name)
		}
	}
}

func joinPath(path ast.Path) string {
	names := make([]string, len(path))
	for i, n := range path {
		names[i] = n.Text
	}
	return strings.Join(names, "::")
}

func typeOf(v ops.Value) ops.Type {
	t := ops.TypeOf(v.Kind())
	if v.Kind() == ops.KindList && len(v.AsList()) > 0 {
		elem := typeOf(v.AsList()[0])
		for _, e := range v.AsList() {
			if e.Kind() != elem.Kind {
				elem = ops.Any
			}
		}
		t.Elem = &elem
	}
	return t
}

func TestFunctionNames(t *testing.T) {
	names := ops.FuncNames()
	if !slices.IsSorted(names) || len(names) < 200 {
		t.Fatalf("%d names", len(names))
	}
	prints := map[[8]byte]string{}
	for i := range ops.Funcs {
		f := &ops.Funcs[i]
		for j := range f.Signatures {
			p := f.Signatures[j].Fingerprint(f.Name)
			if prints[p] != "" {
				t.Errorf("%s and %s have one fingerprint", prints[p], f.Name)
			}
			prints[p] = f.Name
		}
	}
}

func TestResolve(t *testing.T) {
	kinds := func(ks ...ops.Kind) (ts []ops.Type) {
		for _, k := range ks {
			ts = append(ts, ops.TypeOf(k))
		}
		return ts
	}
	ints := ops.TypeOf(ops.KindInt)
	for _, c := range []struct {
		name   string
		args   []ops.Type
		result string
	}{
		{"math::abs", kinds(ops.KindInt), "int"},
		{"math::abs", kinds(ops.KindDuration), "duration"},
		{"math::abs", kinds(ops.KindAny), "any"},
		{"math::sqrt", kinds(ops.KindInt), "float"},
		{"math::max", kinds(ops.KindInt, ops.KindFloat, ops.KindInt), "float"},
		{"array::first", []ops.Type{{Kind: ops.KindList, Elem: &ints}}, "int?"},
		{"array::push", []ops.Type{{Kind: ops.KindList, Elem: &ints}, ints}, "[int]"},
		{"array::len", kinds(ops.KindSet), "int"},
		{"string::len", []ops.Type{{Kind: ops.KindString, Optional: true}}, "int?"},
		{"string::len", kinds(ops.KindNone), "int?"},
	} {
		_, s, err := ops.Resolve(c.name, c.args)
		noError(t, err)
		equal(t, c.result, s.ResultOf(c.args).String())
	}
	for _, c := range []struct {
		name string
		args []ops.Type
		code ops.Code
		says string
	}{
		{"math::abz", nil, ops.CodeUnknownName, "math::abz"},
		{"math::sqrt", kinds(ops.KindString), ops.CodeArgument, "math::sqrt(x: float) -> float"},
		{"math::sqrt", nil, ops.CodeArgument, "does not take ()"},
		{"string::slice", kinds(ops.KindString, ops.KindInt, ops.KindInt, ops.KindInt), ops.CodeArgument, "count?: int"},
	} {
		_, _, err := ops.Resolve(c.name, c.args)
		hasCode(t, c.code, err)
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v does not say %s", err, c.says)
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		code ops.Code
		says string
	}{
		{`math::abs(-9223372036854775807 )`, "", ""},
		{`math::sqrt(-1)`, ops.CodeNotFinite, "math::sqrt: argument 1, -1,"},
		{`math::pow(2, 63)`, ops.CodeOverflow, "math::pow"},
		{`math::pow(10.0, 400)`, ops.CodeNotFinite, "math::pow"},
		{`math::sqrt("4")`, ops.CodeArgument, "math::sqrt does not take (string)"},
		{`math::lcm(9223372036854775807, 9223372036854775806)`, ops.CodeOverflow, "lcm"},
		{`math::product([9223372036854775807, 2])`, ops.CodeOverflow, "product"},
		{`math::sum([1, "a"])`, ops.CodeType, "string"},
		{`math::clamp(1, 3, 2)`, ops.CodeArgument, "math::clamp: argument 2, 3,"},
		{`string::repeat("ab", 1000000000)`, ops.CodeTooLarge, "string::repeat: argument 2, 1000000000,"},
		{`string::repeat("ab", -1)`, ops.CodeArgument, "must not be negative"},
		{`string::pad_start("a", 1000000000, "b")`, ops.CodeTooLarge, "pad_start"},
		{`string::matches("a", "(")`, ops.CodeArgument, "is no regular expression"},
		{`array::range(0, 9223372036854775807)`, ops.CodeTooLarge, "array::range"},
		{`array::range(-9223372036854775807, 9223372036854775807, 1)`, ops.CodeTooLarge, "array::range"},
		{`array::range(0, 5, 0)`, ops.CodeArgument, "must not be 0"},
		{`array::repeat(1, 100000000)`, ops.CodeTooLarge, "array::repeat"},
		{`rand::int(2, 1)`, ops.CodeArgument, "rand::int"},
	} {
		v, err := evaluate(t, c.text)
		if c.code == "" {
			noError(t, err)
			continue
		}
		if err == nil {
			t.Errorf("%s gives %s", c.text, ops.Format(v))
			continue
		}
		if ops.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// What has a rule worth stating beside its example.
func TestFunctionCases(t *testing.T) {
	for _, c := range [][2]string{
		{`math::abs(none)`, `none`},
		{`math::floor(7)`, `7`},
		{`math::floor(d"-1.5")`, `d"-2"`},
		{`math::round(-2.5)`, `-3.0`},
		{`math::round(1.005, 2)`, `1.01`},
		{`math::round(1250, -2)`, `1300`},
		{`math::round(-1250, -2)`, `-1300`},
		{`math::round(d"2.345", 2)`, `d"2.35"`},
		{`math::pow(-2, 63)`, `-9223372036854775808`},
		{`math::pow(2, -1)`, `0.5`},
		{`math::pow(d"1.5", 2)`, `d"2.25"`},
		{`math::gcd(0, 0)`, `0`},
		{`math::sum([])`, `0`},
		{`math::mean([])`, `none`},
		{`math::mean([1, none, 3])`, `2.0`},
		{`math::min([])`, `none`},
		{`string::slice("añbñc", 1, -1)`, `"ñbñ"`},
		{`string::slice("abc", -2)`, `"bc"`},
		{`string::slice("abc", 5, 2)`, `""`},
		{`string::split("añb", "")`, `["a", "ñ", "b"]`},
		{`string::replace("abc", //(b)//, "[$1]")`, `"a[b]c"`},
		{`string::concat("a", none, [1])`, `"a[1]"`},
		{`string::semver::compare("1.0.0-rc.2", "1.0.0-rc.11")`, `-1`},
		{`string::semver::compare("1.0.0", "1.0.0-rc.1")`, `1`},
		{`type::number("12")`, `12`},
		{`vector::similarity::cosine([0], [1])`, `0.0`},
		{`string::is_email("alice@")`, `false`},
		{`string::is_ulid("81ARZ3NDEKTSV4RRFFQ69G5FAV")`, `false`},
		{`array::range(5, 0, -2)`, `[5, 3, 1]`},
		{`array::range(1..=3)`, `[1, 2, 3]`},
		{`array::range(3, 3)`, `[]`},
		{`array::push([1], none)`, `[1, none]`},
		{`array::push(none, 1)`, `none`},
		{`array::sort([2, "a", none, true])`, `[none, true, 2, "a"]`},
		{`array::slice([1, 2, 3], -2, -1)`, `[2]`},
		{`array::distinct([none, none])`, `[none]`},
		{`array::windows([1], 3)`, `[]`},
		{`array::transpose([[1, 2], [3]])`, `[[1, 3], [2]]`},
	} {
		gives(t, c[0], c[1])
	}
}

// What time::format writes with a full format, time::parse reads back.
func TestTimeFormatRoundTrip(t *testing.T) {
	formats := []string{"%Y-%m-%dT%H:%M:%S.%f%z", "%F %T.%9f", "%d %B %Y %I:%M:%S %p %f", "%a %e %b %Y %R:%S.%f", "%Y/%j %T,%f", "%s.%f"}
	format, parse := ops.LookupFunc("time::format"), ops.LookupFunc("time::parse")
	rapid.Check(t, func(t *rapid.T) {
		at := ops.Time(rapid.Int64().Draw(t, "t"))
		layout := rapid.SampledFrom(formats).Draw(t, "format")
		text, err := format.Eval(nil, []ops.Value{at, ops.String(layout)})
		noError(t, err)
		back, err := parse.Eval(nil, []ops.Value{text, ops.String(layout)})
		noError(t, err)
		if back.AsInt() != at.AsInt() {
			t.Fatalf("%s as %s is %s", ops.Format(at), ops.Format(text), ops.Format(back))
		}
	})
}

func TestTimeParse(t *testing.T) {
	for _, c := range [][2]string{
		{`time::parse("1/2/99", "%d/%m/%y")`, `t"1999-02-01"`},
		{`time::parse("12 AM", "%I %p")`, `t"1970-01-01"`},
		{`time::parse("2026-11-24 12:00 +02:30", "%F %R %z")`, `t"2026-11-24T09:30:00Z"`},
		{`time::parse("2026-11-24T10:00:00.25Z")`, `t"2026-11-24T10:00:00.25Z"`},
		{`time::floor(t"1969-12-31T23:59:59Z", 1h)`, `t"1969-12-31T23:00:00Z"`},
		{`time::group(t"2026-11-29T10:00:00Z", "week")`, `t"2026-11-23"`},
		{`time::add_months(t"2026-01-31", -2)`, `t"2025-11-30"`},
		{`time::wday(t"2026-11-29")`, `7`},
		{`time::format(t"2026-01-02T15:04:05.123456789Z", "%a %A %b %B %y %j %u %I %p %e %G-%V %3f %6f %D %s %% %z")`,
			`"Fri Friday Jan January 26 002 5 03 PM  2 2026-01 123 123456 01/02/26 1767366245 % +0000"`},
		{`[time::group(t"2026-11-24T10:20:30Z", "year"), time::group(t"2026-11-24T10:20:30Z", "quarter"), time::group(t"2026-11-24T10:20:30Z", "day")]`,
			`[t"2026-01-01", t"2026-10-01", t"2026-11-24"]`},
		{`[time::group(t"2026-11-24T10:20:30.5Z", "hour"), time::group(t"2026-11-24T10:20:30.5Z", "minute"), time::group(t"2026-11-24T10:20:30.5Z", "second")]`,
			`[t"2026-11-24T10:00:00Z", t"2026-11-24T10:20:00Z", t"2026-11-24T10:20:30Z"]`},
	} {
		gives(t, c[0], c[1])
	}
	for _, bad := range []string{`time::parse("30/2/2026", "%d/%m/%Y")`, `time::parse("1", "%d/%m")`, `time::parse("1x", "%d")`,
		`time::parse("x")`, `time::parse("9999", "%Y")`, `time::of(2026, 2, 29)`, `time::add_years(t"2026-01-01", 900)`} {
		if v, err := evaluate(t, bad); err == nil {
			t.Errorf("%s gives %s", bad, ops.Format(v))
		}
	}
}

// Whatever a function is given, it answers a value or an Error, and in bounded memory.
func TestFunctionsSurviveAnything(t *testing.T) {
	var values []ops.Value
	byKind := map[ops.Kind][]ops.Value{}
	for _, text := range nastyValues {
		v, err := evaluate(t, text)
		noError(t, err)
		values = append(values, v)
	}
	values = append(values, ops.List(values), ops.String("ñ\xff"), ops.Float(math.SmallestNonzeroFloat64), ops.Time(math.MaxInt64), ops.Time(math.MinInt64))
	for _, v := range values {
		byKind[v.Kind()] = append(byKind[v.Kind()], v)
	}
	for i := range ops.Funcs {
		f := &ops.Funcs[i]
		if strings.HasSuffix(f.Name, "::generate") {
			continue // slow on purpose, and it takes strings of every length alike
		}
		t.Run(f.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				checkSurvives(t, f, values, byKind)
			})
		})
	}
}

func checkSurvives(t *rapid.T, f *ops.Func, values []ops.Value, byKind map[ops.Kind][]ops.Value) {
	s := rapid.SampledFrom(f.Signatures).Draw(t, "signature")
	n := rapid.IntRange(max(0, len(s.Params)-s.Optional), len(s.Params)+1).Draw(t, "n")
	args := make([]ops.Value, n)
	for i := range args {
		from := values
		if len(s.Params) > 0 && rapid.IntRange(0, 9).Draw(t, "fits") > 0 {
			if ofKind := byKind[s.Params[min(i, len(s.Params)-1)].Kind]; len(ofKind) > 0 {
				from = ofKind
			}
		}
		args[i] = rapid.SampledFrom(from).Draw(t, "argument")
	}
	before := fmt.Sprint(formats(args))
	v, err := f.Eval(testEnv(), args)
	if err != nil {
		if code := ops.CodeOf(err); code == ops.CodeInternal {
			t.Fatalf("%v", err)
		}
		return
	}
	if v.Kind() == ops.KindFloat && (math.IsNaN(v.AsFloat()) || math.IsInf(v.AsFloat(), 0)) {
		t.Fatalf("%s of %s is not finite", f.Name, before)
	}
	if after := fmt.Sprint(formats(args)); after != before {
		t.Fatalf("%s changed its arguments from %s to %s", f.Name, before, after)
	}
}

func formats(vs []ops.Value) (out []string) {
	for _, v := range vs {
		out = append(out, ops.Format(v))
	}
	return out
}

// nastyValues are where functions go wrong.
var nastyValues = []string{
	"none", "true", "0", "1", "-1", "2", "100", "1099511627776", "9223372036854775807", "-9223372036854775808",
	"0.0", "-1.5", "1e300", "1.7976931348623157e308", `d"0"`, `d"1.5"`, `d"-1e400"`, `d"1e-400"`,
	`""`, `"a"`, `"%Y-%q"`, `"("`, `"10"`, `"2026-11-24T10:00:00Z"`, `"person:1"`, `'[1, {"a": null}]'`, `"YWJj"`, `"6162"`, `"desc"`, `"month"`,
	`b""`, `b"\x00\xff"`, `t"2026-11-24"`, `t"1677-10-01"`, `0s`, `1h`, `-1ns`, `2562047h`, `u"018a6680-bef9-701b-9025-e1754f296a0f"`,
	`person:1`, `person:[1, "a"]`, `0..5`, `-9223372036854775807..=9223372036854775807`, `//a*//`, `//(b)|//i`,
	`[]`, `[1, 2.5, none]`, `["a", "b"]`, `[[1, 2], [3]]`, `[1.7e308, 1.7e308]`, `[["a", 1], ["b", 2]]`, `[[1], "a"]`, `(1, "a")`, `type::set([2, 1])`,
	`{}`, `{ a: 1, b: [none] }`,
}

func BenchmarkFunctionCalls(b *testing.B) {
	for _, c := range []struct {
		name string
		args []ops.Value
	}{
		{"string::len", []ops.Value{ops.String("some text")}},
		{"math::abs", []ops.Value{ops.Int(-3)}},
		{"time::year", []ops.Value{ops.Time(1 << 60)}},
		{"string::matches", []ops.Value{ops.String("some text"), ops.String("t.xt$")}},
	} {
		f := ops.LookupFunc(c.name)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Eval(nil, c.args); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
