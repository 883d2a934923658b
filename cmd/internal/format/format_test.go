package format_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/format"
	"github.com/zerodb/zerodb/ops"
)

var ctx = context.Background()

func open(t *testing.T) *zerodb.Session {
	t.Helper()
	db, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := db.Session(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// print prints what a text yields and returns the first error.
func print(s *zerodb.Session, form, text string) (string, error) {
	var out bytes.Buffer
	p, err := format.New(form, &out)
	if err != nil {
		return "", err
	}
	for rows, err := range s.Script(ctx, text) {
		if err != nil {
			return out.String(), err
		}
		if _, err := p.Print(rows); err != nil {
			return out.String(), err
		}
	}
	return out.String(), nil
}

// fill puts so many records into t; the last one has a member of its own.
func fill(t *testing.T, s *zerodb.Session, n int) {
	t.Helper()
	if err := s.Begin(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		ms := []zerodb.Member{{Name: "a", Value: zerodb.Int(int64(i))}}
		if i == n-1 {
			ms = append(ms, zerodb.Member{Name: "late", Value: zerodb.String("x")})
		}
		if err := s.Put(ctx, "t", zerodb.Int(int64(i)), zerodb.Object(ms...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestCSVHeaderHasEveryMember looks for members beyond the first rows, and refuses to lose one that comes later still.
func TestCSVHeaderHasEveryMember(t *testing.T) {
	s := open(t)
	fill(t, s, 5000)
	out, err := print(s, "csv", `SELECT * FROM t`)
	if err != nil || !strings.HasPrefix(out, "id,a,late\nt:0,0,\n") || !strings.HasSuffix(out, "t:4999,4999,x\n") {
		t.Errorf("%v, %.60q", err, out)
	}
	fill(t, s, 10_001)
	_, err = print(s, "csv", `SELECT * FROM t`)
	if zerodb.CodeOf(err) != ops.CodeUnsupported || !strings.Contains(err.Error(), `"late"`) {
		t.Errorf("a member that the header lacks: %v", err)
	}
	out, err = print(s, "csv", `SELECT a, late FROM t`)
	if err != nil || !strings.HasSuffix(out, "\n10000,x\n") {
		t.Errorf("named columns: %v, …%q", err, out[max(0, len(out)-20):])
	}
}

// TestTablesAreCut lays a long result out in parts.
func TestTablesAreCut(t *testing.T) {
	s := open(t)
	fill(t, s, 2500)
	out, err := print(s, "table", `SELECT a FROM t`)
	if err != nil || strings.Count(out, "│ ") != 2500+3 || strings.Count(out, "╭") != 3 || !strings.HasSuffix(out, "2500 rows\n") {
		t.Errorf("%v, %d lines, %d tables", err, strings.Count(out, "│ "), strings.Count(out, "╭"))
	}
}

// TestFailedStatementHasNoLine prints a line only for statements that have an answer.
func TestFailedStatementHasNoLine(t *testing.T) {
	s := open(t)
	out, err := print(s, "json", `RETURN 1; SELECT VALUE 1 / v FROM [{ v: 1 }, { v: 0 }]; RETURN 2`)
	if out != "[1]\n" || zerodb.CodeOf(err) != ops.CodeDivisionByZero {
		t.Errorf("%q, %v", out, err)
	}
}

// broken fails after so many bytes.
type broken int

func (b *broken) Write(p []byte) (int, error) {
	if *b -= broken(len(p)); *b < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

var errBroken = errors.New("the pipe is broken")

// TestBrokenPipe reports that nobody takes the output any more, in every format.
func TestBrokenPipe(t *testing.T) {
	s := open(t)
	fill(t, s, 20_000)
	for _, form := range format.Names {
		room := broken(100_000)
		p, err := format.New(form, &room)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.Execute(ctx, `SELECT a, "some text to make the row longer" AS b FROM t`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Print(rows); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", form, err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCells(t *testing.T) {
	for _, c := range []struct {
		v    zerodb.Value
		want string
	}{
		{zerodb.None, "none"},
		{zerodb.String("a\tb\x7f"), `a\tb\x7f`},
		{zerodb.String("ü—"), "ü—"},
		{zerodb.List(zerodb.String("x"), zerodb.Int(1)), `["x", 1]`},
		{zerodb.Record("t", zerodb.String("a b")), `t:"a b"`},
	} {
		if got := format.Cell(c.v); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if _, err := format.New("xml", nil); zerodb.CodeOf(err) != ops.CodeUsage {
		t.Error(fmt.Sprint("xml: ", err))
	}
}
