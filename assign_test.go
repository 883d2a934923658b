package zerodb_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// TestAssignmentsAreThoseOfAModel assigns values at random paths of random documents, and does the same to Go values by a few lines
// that know nothing of the machine.
func TestAssignmentsAreThoseOfAModel(t *testing.T) {
	_, s := memory(t)
	rapid.Check(t, func(t *rapid.T) {
		doc := map[string]any{"a": drawDocument(t, 3), "b": drawDocument(t, 2)}
		dropNone(doc)
		path := drawPath(t)
		sign := rapid.SampledFrom([]string{"=", "=", "=", "+=", "-="}).Draw(t, "sign")
		value := drawDocument(t, 1)
		text := fmt.Sprintf("UPSERT doc:1 CONTENT %s RETURN NONE\nUPDATE doc:1 SET %s %s %s RETURN NONE\nSELECT * FROM doc:1", literalOf(doc), path, sign, literalOf(value))
		got, err := documentOf(s, text)
		want, ok := assignModel(doc, strings.Split(strings.ReplaceAll(path, "[", ".["), "."), sign, value)
		switch {
		case ok != (err == nil):
			t.Fatalf("%s\ngives %v (%s), the model %v %s", text, err, got, ok, literalOf(want))
		case ok:
			want.(map[string]any)["id"] = idOfDoc{}
			if got != literalOf(want) {
				t.Fatalf("%s\ngives %s\nthe model %s", text, got, literalOf(want))
			}
		}
	})
}

type idOfDoc struct{}

// documentOf runs a script and writes the last row that it gives, with sorted members.
func documentOf(s *zerodb.Session, text string) (doc string, err error) {
	for rows, err := range s.Script(ctx, text) {
		if err != nil {
			return "", err
		}
		for row, err := range rows.All() {
			if err != nil {
				return "", err
			}
			doc = literalOf(plain(row.Value()))
		}
	}
	return doc, nil
}

// plain makes a Go value of one of the database's.
func plain(v ops.Value) any {
	switch v.Kind() {
	case ops.KindNone:
		return nil
	case ops.KindInt:
		return int(v.AsInt())
	case ops.KindString:
		return v.AsString()
	case ops.KindRecord:
		return idOfDoc{}
	case ops.KindObject:
		o := map[string]any{}
		for _, m := range v.AsObject() {
			o[m.Name] = plain(m.Value)
		}
		return o
	}
	list := make([]any, len(v.AsList()))
	for i, e := range v.AsList() {
		list[i] = plain(e)
	}
	return list
}

// drawDocument draws none, a number, a text, a list or an object.
func drawDocument(t *rapid.T, depth int) any {
	kinds := 7
	if depth == 0 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return nil
	case 1, 2:
		return rapid.IntRange(0, 9).Draw(t, "int")
	case 3, 4:
		return rapid.SampledFrom([]string{"a", "b", "x"}).Draw(t, "text")
	case 5:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = drawDocument(t, depth-1)
		}
		return list
	}
	o := map[string]any{}
	for _, name := range []string{"a", "b"} {
		if rapid.Bool().Draw(t, "has") {
			o[name] = drawDocument(t, max(0, depth-1))
		}
	}
	dropNone(o)
	return o
}

func dropNone(o map[string]any) {
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
}

func drawPath(t *rapid.T) string {
	path := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "base")
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		path += rapid.SampledFrom([]string{".a", ".b", ".a", "[0]", "[1]", "[-1]", "[*]", `["a"]`}).Draw(t, "step")
	}
	return path
}

// literalOf writes a value as ZeroQL does, with sorted members, the id first.
func literalOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case idOfDoc:
		return "doc:1"
	case int:
		return strconv.Itoa(v)
	case string:
		return strconv.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = literalOf(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	o := v.(map[string]any)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		parts = append(parts, name+": "+literalOf(o[name]))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// assignModel gives the value with the assignment made, and false where it cannot be made.
func assignModel(v any, path []string, sign string, value any) (any, bool) {
	if len(path) == 0 {
		return combineModel(v, sign, value)
	}
	step, rest := path[0], path[1:]
	name, isName := step, !strings.HasPrefix(step, "[")
	if strings.HasPrefix(step, `["`) {
		name, isName = step[2:len(step)-2], true
		if _, list := v.([]any); list {
			return nil, false
		}
	}
	if list, ok := v.([]any); ok {
		if at, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil {
			if at < 0 {
				at += len(list)
			}
			if at < 0 || at >= len(list) {
				return nil, false
			}
			e, ok := assignModel(list[at], rest, sign, value)
			return slices.Concat(list[:at], []any{e}, list[at+1:]), ok
		}
		if step == "[*]" {
			path = rest
		}
		out := make([]any, len(list))
		for i := range list {
			if out[i], ok = assignModel(list[i], path, sign, value); !ok {
				return nil, false
			}
		}
		return out, true
	}
	o, isObject := v.(map[string]any)
	switch {
	case v != nil && !isObject, !isName && step != "[*]":
		return nil, false
	case !isName && v == nil:
		return nil, true
	}
	out := map[string]any{}
	maps.Copy(out, o)
	names := []string{name}
	if !isName {
		names = slices.Collect(maps.Keys(o))
	}
	for _, n := range names {
		e, ok := assignModel(o[n], rest, sign, value)
		if !ok {
			return nil, false
		}
		out[n] = e
	}
	dropNone(out)
	if v == nil && len(out) == 0 {
		return nil, true
	}
	return out, true
}

// combineModel is the assignment at its place.
func combineModel(v any, sign string, value any) (any, bool) {
	switch {
	case sign == "=" || sign == "+=" && v == nil:
		return value, true
	case sign == "+=":
		return addModel(v, value)
	}
	switch v := v.(type) {
	case nil:
		return nil, true
	case []any:
		gone, ok := value.([]any)
		switch {
		case value == nil:
			return v, true
		case !ok:
			gone = []any{value}
		}
		return slices.DeleteFunc(slices.Clone(v), func(e any) bool {
			return slices.ContainsFunc(gone, func(g any) bool { return literalOf(g) == literalOf(e) })
		}), true
	case map[string]any:
		return withoutModel(v, value)
	case int:
		n, ok := value.(int)
		if value == nil {
			return nil, true
		}
		return v - n, ok
	}
	return nil, false // of a text nothing can be taken
}

func addModel(v, value any) (any, bool) {
	switch v := v.(type) {
	case []any:
		more, ok := value.([]any)
		switch {
		case value == nil:
			return v, true
		case !ok:
			more = []any{value}
		}
		return slices.Concat(v, more), true
	case map[string]any:
		more, ok := value.(map[string]any)
		out := map[string]any{}
		maps.Copy(out, v)
		maps.Copy(out, more)
		return out, ok || value == nil
	case int:
		n, ok := value.(int)
		if value == nil {
			return nil, true
		}
		return v + n, ok
	}
	more, ok := value.(string)
	if value == nil {
		return nil, true
	}
	return v.(string) + more, ok
}

func withoutModel(o map[string]any, value any) (any, bool) {
	out := map[string]any{}
	maps.Copy(out, o)
	names, ok := value.([]any)
	switch name := value.(type) {
	case nil:
		return out, true
	case string:
		names, ok = []any{name}, true
	}
	for _, n := range names {
		name, isText := n.(string)
		ok = ok && isText
		delete(out, name)
	}
	return out, ok
}
