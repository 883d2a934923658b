package zerodb_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

type address struct {
	City string
	Zip  *string
}

type audit struct {
	CreatedAt time.Time
}

type person struct {
	audit
	ID       zerodb.RecordID
	Name     string `zerodb:"full_name"`
	Age      uint8
	Tags     []string
	Home     address
	Extra    map[string]any
	Secret   string `zerodb:"-"`
	Note     string `zerodb:"note,omitempty"`
	Score    *float64
	HTTPPath string
}

func TestStructsGoThereAndBack(t *testing.T) {
	zip, score := "00701", 1.5
	in := person{audit: audit{CreatedAt: time.Unix(5, 6).UTC()}, ID: zerodb.RecordID{Table: "person", Key: zerodb.Int(1)}, Name: "Alice", Age: 40,
		Tags: []string{"a", "b"}, Home: address{City: "Lagos", Zip: &zip}, Extra: map[string]any{"n": int64(1), "l": []any{true, nil}},
		Score: &score, HTTPPath: "x"}
	v, err := zerodb.FromGo(&in)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range v.AsObject() {
		names = append(names, m.Name)
	}
	want := "created_at id full_name age tags home extra score http_path"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("members are %s, want %s", got, want)
	}
	var out person
	if err := zerodb.Assign(&out, v); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("came back as %+v, went as %+v", out, in)
	}
}

// TestWideConversion: integers of every size go in and come out as what holds them.
func TestWideConversion(t *testing.T) {
	huge := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	least := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 127))
	for _, c := range []struct{ in, out any }{
		{uint64(math.MaxUint64), uint64(math.MaxUint64)}, {uint64(7), int64(7)}, {*big.NewInt(7), int64(7)}, {huge, huge}, {least, least},
		{json.Number("18446744073709551615"), uint64(math.MaxUint64)},
	} {
		v, err := zerodb.FromGo(c.in)
		if err != nil || !reflect.DeepEqual(zerodb.ToGo(v), c.out) {
			t.Errorf("%v became %v, %v", c.in, zerodb.ToGo(v), err)
		}
	}
	v, err := zerodb.FromGo(uint64(math.MaxUint64))
	if err != nil {
		t.Fatal(err)
	}
	var u uint64
	var b big.Int
	var f float64
	var d apd.Decimal
	for _, dst := range []any{&u, &b, &f, &d} {
		if err := zerodb.Assign(dst, v); err != nil {
			t.Error(err)
		}
	}
	if u != math.MaxUint64 || b.String() != "18446744073709551615" || f != 1<<64 || d.String() != "18446744073709551615" {
		t.Errorf("%d %s %g %s", u, &b, f, &d)
	}
	var i int64
	if err := zerodb.Assign(&i, v); err == nil || !strings.Contains(err.Error(), "18446744073709551615 does not fit a Go int64") {
		t.Error(err)
	}
}

func TestFromGoRefuses(t *testing.T) {
	type node struct{ Next *node }
	loop := &node{}
	loop.Next = loop
	for _, c := range []struct {
		in   any
		code zerodb.Code
		says string
	}{
		{new(big.Int).Lsh(big.NewInt(1), 128), ops.CodeType, "out of the range of integers of 128 bits"},
		{math.NaN(), ops.CodeNotFinite, "not finite"},
		{[]any{1, []any{math.Inf(1)}}, ops.CodeNotFinite, "[][]: "},
		{map[string]any{"a": map[string]any{"b": make(chan int)}}, ops.CodeType, "a.b: a Go chan int has no ZeroQL kind"},
		{map[int]string{1: "x"}, ops.CodeType, "string keys"},
		{loop, ops.CodeType, "cyclic"},
		{time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), ops.CodeType, "1678 to 2262"},
	} {
		_, err := zerodb.FromGo(c.in)
		if err == nil || zerodb.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("FromGo(%T) fails with %v, want %s … %s", c.in, err, c.code, c.says)
		}
	}
}

func TestAssignRefuses(t *testing.T) {
	object := func(name string, v zerodb.Value) zerodb.Value {
		return zerodb.Object(zerodb.Member{Name: name, Value: v})
	}
	for _, c := range []struct {
		dst  any
		v    zerodb.Value
		says string
	}{
		{new(int8), zerodb.Int(200), "200 does not fit a Go int8"},
		{new(uint), zerodb.Int(-1), "-1 does not fit a Go uint"},
		{new(int), zerodb.Float(1.5), "float 1.5 does not fit a Go int"},
		{new(bool), zerodb.Int(1), "int 1 does not fit a Go bool"},
		{new(person), object("age", zerodb.Int(300)), "age: 300 does not fit"},
		{new(person), object("home", object("city", zerodb.Int(3))), "home.city: int 3 does not fit a Go string"},
		{new([2]int), zerodb.List(zerodb.Int(1)), "a list of 1 does not fit a Go [2]int"},
		{person{}, zerodb.None, "wants a pointer"},
	} {
		err := zerodb.Assign(c.dst, c.v)
		if err == nil || zerodb.CodeOf(err) != ops.CodeType || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Assign(%T) fails with %v, want … %s", c.dst, err, c.says)
		}
	}
}

func TestAssignWidens(t *testing.T) {
	var (
		f  float64
		i  int
		s  string
		d  apd.Decimal
		a  any
		pi *int
		du time.Duration
	)
	for _, c := range []struct {
		dst  any
		v    zerodb.Value
		want any
	}{
		{&f, zerodb.Int(3), 3.0},
		{&i, zerodb.Float(3), 3},
		{&s, zerodb.String("x"), "x"},
		{&a, zerodb.List(zerodb.Int(1)), []any{int64(1)}},
		{&du, zerodb.Duration(time.Hour), time.Hour},
		{&pi, zerodb.None, (*int)(nil)},
	} {
		if err := zerodb.Assign(c.dst, c.v); err != nil {
			t.Errorf("%v: %v", c.v, err)
			continue
		}
		if got := reflect.ValueOf(c.dst).Elem().Interface(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %#v, want %#v", got, c.want)
		}
	}
	if err := zerodb.Assign(&d, zerodb.Int(7)); err != nil || d.String() != "7" {
		t.Errorf("decimal of 7 is %s, %v", &d, err)
	}
}

// TestToGoRoundTrips holds FromGo(ToGo(v)) to be v for generated values.
func TestToGoRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		back, err := zerodb.FromGo(zerodb.ToGo(v))
		if err != nil {
			t.Fatal(err)
		}
		if !ops.Equal(v, back) {
			t.Fatalf("%s came back as %s", zql(v), zql(back))
		}
	})
}

func TestOptionsListEveryFault(t *testing.T) {
	_, err := zerodb.Open("x", &zerodb.Options{CacheBytes: -1, StatementBytes: 5, Retries: 5000, ReadOnly: true, Relaxed: true})
	if err == nil {
		t.Fatal("opened")
	}
	for _, want := range []string{"CacheBytes is negative: -1", "StatementBytes is 5, at least 1024", "Retries is 5000", "ReadOnly allows none"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	var e *zerodb.Error
	if !errors.As(err, &e) || e.Code != ops.CodeUsage {
		t.Errorf("%v has no code usage", err)
	}
}
