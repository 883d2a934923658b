package zerodb_test

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// TestAgainstSQLite runs generated statements in zerodb and in SQLite and compares what they answer and what they leave behind. A
// statement is made once, as a small tree (sqlite_gen_test.go), and printed in both languages. Every query runs in
// zerodb: as it is, and WITH NO INDEX, in large batches and in batches of one row and of three.
//
// Where the languages differ by design, the printer or the generator sees to it:
//   - `==`, `!=` and IN always give a bool, also of none: SQLite's IS, IS NOT, and a chain of IS; EXISTS for IN (SELECT …);
//   - `<` between different kinds is none, while SQLite compares the classes: only values of one kind are compared by order. The
//     column m has mixed kinds; it is sorted, grouped and tested for equality, where both have numbers before strings;
//   - bools are numbers in SQLite: no bool is ever beside a number;
//   - overflow and division by zero are errors here, there a float or NULL: numbers are small, divisors are constants; n, which
//     has large numbers, is compared only; `%` of floats is left out, which SQLite makes integers;
//   - SQLite keeps no -0.0, and compensates where it sums floats: zeros are equal, sums of floats may differ in the last digits;
//   - LIMIT without ORDER BY is in key order here: SQLite gets an ORDER BY. Without either, and over subqueries, no order is promised.
func TestAgainstSQLite(t *testing.T) {
	db, _ := memory(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		d := newDuel(t, db, fmt.Sprint("d", n))
		defer d.close()
		d.create()
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			d.step()
		}
		d.end()
	})
}

// duel is one pair of databases with the same content.
type duel struct {
	t       *rapid.T
	g       *generator
	db      *zerodb.DB
	zero    *zerodb.Session
	lite    *sql.DB
	inTx    bool
	history []string // for the report
}

func newDuel(t *rapid.T, db *zerodb.DB, name string) *duel {
	s, err := db.Session(ctx, &zerodb.SessionOptions{Database: name})
	if err != nil {
		t.Fatal(err)
	}
	lite, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	lite.SetMaxOpenConns(1) // each connection to :memory: would be a database of its own
	return &duel{t: t, g: &generator{t: t}, db: db, zero: s, lite: lite}
}

func (d *duel) close() {
	_ = d.zero.Close()
	_ = d.lite.Close()
}

// create makes the tables, their indexes and their first rows.
func (d *duel) create() {
	t := d.t
	if rapid.Bool().Draw(t, "typed") {
		d.must(`DEFINE TABLE t SCHEMALESS FIELDS i TYPE int?, j TYPE int?, n TYPE int?, f TYPE float?, s TYPE string?, b TYPE bool?`, ``)
	} else {
		d.must(`DEFINE TABLE t`, ``)
	}
	d.must(`DEFINE TABLE u`, `CREATE TABLE t(id INTEGER PRIMARY KEY, i, j, n, f, s, b, m)`)
	d.must(``, `CREATE TABLE u(uid INTEGER PRIMARY KEY, k, w)`)
	indexes := []string{`i`, `j`, `f`, `s`, `b`, `m`, `i, s`, `s, i`, `b, f, i`, `j, m`}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(indexes), 0, 3, rapid.ID[string]).Draw(t, "indexes")
	late := rapid.Bool().Draw(t, "indexes after data")
	index := func() {
		for k, fields := range chosen {
			d.must(fmt.Sprintf(`DEFINE INDEX x%d ON TABLE t FIELDS %s`, k, fields), ``)
		}
	}
	if !late {
		index()
	}
	if rapid.Bool().Draw(t, "unique") {
		d.must(`DEFINE INDEX only ON TABLE t FIELDS n UNIQUE`, `CREATE UNIQUE INDEX only ON t(n)`)
	}
	if rapid.Bool().Draw(t, "index of u") {
		d.must(`DEFINE INDEX xk ON TABLE u FIELDS k`, ``)
	}
	for range rapid.IntRange(0, 25).Draw(t, "rows") {
		d.write(d.g.insert())
	}
	for k := range rapid.IntRange(0, 6).Draw(t, "rows of u") {
		d.write(d.g.insertU(k))
	}
	if late {
		index()
	}
}

// step does one thing in both.
func (d *duel) step() {
	switch k := rapid.IntRange(0, 13).Draw(d.t, "step"); {
	case k < 8:
		d.query(d.g.query())
	case k == 8:
		d.write(d.g.insert())
	case k == 9:
		d.write(d.g.remove())
	case k < 12:
		d.write(d.g.update())
	case !d.inTx:
		d.transaction(`BEGIN`, `BEGIN`)
	case k == 12:
		d.transaction(`COMMIT`, `COMMIT`)
	default:
		d.transaction(`CANCEL`, `ROLLBACK`)
	}
}

func (d *duel) end() {
	d.compareTables()
	if d.inTx {
		d.transaction(`CANCEL`, `ROLLBACK`)
	}
}

func (d *duel) transaction(zero, lite string) {
	d.must(zero, lite)
	d.inTx = zero == `BEGIN`
	d.compareTables()
}

// must runs a statement that both have to accept.
func (d *duel) must(zero, lite string) {
	d.history = append(d.history, zero)
	if zero != "" {
		if rows, err := d.zero.Execute(ctx, zero); err != nil {
			d.fail("%s\n%v", zero, err)
		} else if err := rows.Close(); err != nil {
			d.fail("%s\n%v", zero, err)
		}
	}
	if lite != "" {
		if _, err := d.lite.Exec(lite); err != nil {
			d.fail("%s\n%v", lite, err)
		}
	}
}

// write runs a statement that both accept or both refuse, and compares the tables.
func (d *duel) write(s statement) {
	d.history = append(d.history, s.zero+s.shown)
	rows, zeroErr := d.zero.Execute(ctx, s.zero, s.args...)
	if zeroErr == nil {
		zeroErr = rows.Close()
	}
	_, liteErr := d.lite.Exec(s.lite)
	if (zeroErr == nil) != (liteErr == nil) {
		d.fail("%s\nzerodb: %v\nSQLite: %v", s.lite, zeroErr, liteErr)
	}
	switch zerodb.CodeOf(zeroErr) {
	case ops.CodeAlreadyExists, ops.CodeUnique:
	default:
		if zeroErr != nil {
			d.fail("%v", zeroErr)
		}
	}
	d.compareTables()
}

func (d *duel) compareTables() {
	d.query(statement{zero: `SELECT id, i, j, n, f, s, b, m FROM t`, lite: `SELECT * FROM t ORDER BY id`, ordered: true})
}

// query runs a query with and without indexes and compares the rows with SQLite's.
func (d *duel) query(s statement) {
	defer d.db.SetBatch(0)
	want, err := d.liteRows(s.lite)
	if err != nil {
		d.fail("%s\n%v", s.lite, err)
	}
	for k, suffix := range []string{"", " WITH NO INDEX", "", " WITH NO INDEX"} {
		d.db.SetBatch([]int{0, 0, 1, 3}[k])
		text := s.zero + suffix
		if strings.Contains(s.zero, noIndex) {
			text = strings.ReplaceAll(s.zero, noIndex, suffix)
		}
		got, err := d.zeroRows(text, s.args)
		if err != nil {
			d.fail("%s%s\n%v\nSQLite: %v", text, s.shown, err, want)
		}
		if !s.ordered {
			slices.SortFunc(got, compareRows)
			slices.SortFunc(want, compareRows)
		}
		if !slices.EqualFunc(got, want, func(a, b cells) bool { return equalRows(a, b, s.summed) }) {
			d.fail("%s%s\n%s\nzerodb: %v\nSQLite: %v", text, s.shown, s.lite, got, want)
		}
	}
}

func (d *duel) fail(format string, args ...any) {
	d.t.Fatalf("%s\n--- after\n%s", fmt.Sprintf(format, args...), strings.Join(d.history, "\n"))
}

// A row's cells are nil, int64, float64 or string.
type cells []any

func (d *duel) zeroRows(text string, args []zerodb.Arg) ([]cells, error) {
	rows, err := d.zero.Execute(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return cellsOf(rows)
}

func cellsOf(rows *zerodb.Rows) ([]cells, error) {
	var all []cells
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		c := make(cells, row.Len())
		for i := range c {
			c[i] = cellOf(row.At(i))
		}
		all = append(all, c)
	}
	return all, nil
}

func cellOf(v zerodb.Value) any {
	switch v.Kind() {
	case ops.KindNone:
		return nil
	case ops.KindBool:
		if v.AsBool() {
			return int64(1)
		}
		return int64(0)
	case ops.KindInt:
		return v.AsInt()
	case ops.KindFloat:
		return v.AsFloat()
	case ops.KindString:
		return strings.Clone(v.AsString())
	case ops.KindRecord:
		return v.RecordKey().AsInt()
	}
	return "unexpected " + ops.Format(v)
}

func (d *duel) liteRows(text string) ([]cells, error) {
	rows, err := d.lite.Query(text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []cells
	for rows.Next() {
		c := make(cells, len(names))
		to := make([]any, len(names))
		for i := range c {
			to[i] = &c[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// compareRows orders rows as both languages order values: nothing, numbers, strings.
func compareRows(a, b cells) int { return slices.CompareFunc(a, b, compareCells) }

func compareCells(a, b any) int {
	v := func(c any) zerodb.Value {
		switch c := c.(type) {
		case int64:
			return zerodb.Int(c)
		case float64:
			return zerodb.Float(c)
		case string:
			return zerodb.String(c)
		}
		return zerodb.None
	}
	return ops.Compare(v(a), v(b))
}

// equalRows is exact, but for the columns in which floats have been summed.
func equalRows(a, b cells, summed []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, isFloat := a[i].(float64)
		y, both := b[i].(float64)
		if isFloat && both && slices.Contains(summed, i) {
			if math.Abs(x-y) > 1e-9*max(math.Abs(x), math.Abs(y), 1) {
				return false
			}
		} else if compareCells(a[i], b[i]) != 0 {
			return false
		}
	}
	return true
}

// quoteLite writes a string for SQLite.
func quoteLite(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// floatText writes a float so that both languages read it as one.
func floatText(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// TestSpilledJoinsAgainstSQLite joins tables of some thousand rows with so little memory that both sides of most joins go to temporary
// files, and folds what comes.
func TestSpilledJoinsAgainstSQLite(t *testing.T) {
	const rows = 3000
	zero, err := zerodb.OpenMemory(&zerodb.Options{NoWarmUp: true, QueryMemory: 192 << 10})
	must(t, err)
	defer func() { must(t, zero.Close()) }()
	lite, err := sql.Open("sqlite", ":memory:")
	must(t, err)
	lite.SetMaxOpenConns(1)
	defer lite.Close()
	s := session(t, zero)
	_, err = s.Execute(ctx, "DEFINE TABLE t; DEFINE TABLE u; DEFINE INDEX xi ON TABLE t FIELDS i; DEFINE INDEX xs ON TABLE t FIELDS s, n; DEFINE INDEX xk ON TABLE u FIELDS k, n; BEGIN")
	must(t, err)
	for _, text := range []string{"CREATE TABLE t(n, i, s, f)", "CREATE TABLE u(n, k, w)", "CREATE INDEX xi ON t(i)", "CREATE INDEX xs ON t(s)", "CREATE INDEX xk ON u(k)", "CREATE INDEX xw ON u(w)"} {
		_, err := lite.Exec(text)
		must(t, err)
	}
	insert := func(table string, n int, number string, v zerodb.Value, text string, k int, more ...zerodb.Member) string {
		key := fmt.Sprintf("key %d of some length", k)
		_, err := s.Insert(ctx, table, zerodb.None, zerodb.Object(append(more, zerodb.Member{Name: "n", Value: zerodb.Int(int64(n))},
			zerodb.Member{Name: number, Value: v}, zerodb.Member{Name: text, Value: zerodb.String(key)})...))
		must(t, err)
		return key
	}
	_, err = lite.Exec("BEGIN")
	must(t, err)
	for n := range rows {
		i, k := n*7919%400, n*104729%500
		f := float64(2*(i%200)) / 2
		key := insert("t", n, "i", zerodb.Int(int64(i)), "s", i, zerodb.Member{Name: "f", Value: zerodb.Float(f)})
		_, err := lite.Exec("INSERT INTO t VALUES (?, ?, ?, ?)", n, i, key, f)
		must(t, err)
		key = insert("u", n, "k", zerodb.Int(int64(k)), "w", k)
		_, err = lite.Exec("INSERT INTO u VALUES (?, ?, ?)", n, k, key)
		must(t, err)
	}
	_, err = lite.Exec("COMMIT")
	must(t, err)
	must(t, s.Commit(ctx))
	spilled := 0
	draw := rapid.Custom(func(t *rapid.T) statement { return (&generator{t: t}).large() })
	for seed := range 20 {
		st := draw.Example(seed)
		d := &duel{zero: s, lite: lite}
		want, err := d.liteRows(st.lite)
		must(t, err)
		slices.SortFunc(want, compareRows)
		for k, suffix := range []string{"", " WITH NO INDEX", " WITH NO INDEX"} {
			zero.SetBatch([]int{0, 0, 3}[k])
			result, err := s.Execute(ctx, st.zero+suffix, st.args...)
			must(t, err)
			got, err := cellsOf(result)
			if err != nil {
				t.Fatalf("%s%s\n%v", st.zero, suffix, err)
			}
			if result.Work().Spilled > 0 {
				spilled++
			}
			slices.SortFunc(got, compareRows)
			if !slices.EqualFunc(got, want, func(a, b cells) bool { return equalRows(a, b, nil) }) {
				t.Fatalf("%s%s\n%s\nzerodb: %v\nSQLite: %v", st.zero, suffix, st.lite, got, want)
			}
		}
	}
	if spilled < 20 {
		t.Errorf("%d of 60 runs spilled", spilled)
	}
}
