package zerodb_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
)

// statement is one statement in both languages.
type statement struct {
	zero, lite string
	args       []zerodb.Arg // of zero
	shown      string       // the arguments, for the report
	ordered    bool         // the order of the rows is part of the answer
	summed     []int        // columns in which floats have been summed
}

// class is what values an expression has.
type class int

const (
	integer class = iota
	float
	text
	boolean
	key   // a record's id; SQLite has its number
	mixed // numbers and strings
)

// expr is an expression of both languages: a form with its operands, or a literal.
type expr struct {
	zero, lite string // # stands for an operand
	of         []*expr
	ofLite     []*expr // the operands of lite where they are others
	value      any     // of a literal: int64, float64, string, bool, nil, or rid
	literal    bool
	class      class
}

type rid int64

func form(c class, zero, lite string, of ...*expr) *expr {
	return &expr{class: c, zero: zero, lite: lite, of: of}
}

func lit(c class, v any) *expr { return &expr{class: c, value: v, literal: true} }

func (e *expr) printLite() string {
	if !e.literal {
		if e.ofLite != nil {
			return fill(e.lite, e.ofLite, (*expr).printLite)
		}
		return fill(e.lite, e.of, (*expr).printLite)
	}
	switch v := e.value.(type) {
	case nil:
		return "NULL"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case string:
		return quoteLite(v)
	case float64:
		return floatText(v)
	}
	return fmt.Sprint(e.value)
}

// printer prints for zerodb; with params, literals are passed as arguments: the same one for the same value, so that an
// expression that is written twice stays the same expression.
type printer struct {
	params bool
	args   []zerodb.Arg
	values []string // of args
}

func (p *printer) print(e *expr) string {
	if !e.literal {
		return fill(e.zero, e.of, p.print)
	}
	v := zerodb.None
	switch x := e.value.(type) {
	case int64:
		v = zerodb.Int(x)
	case rid:
		v = zerodb.Record("t", zerodb.Int(int64(x)))
	case bool:
		v = zerodb.Bool(x)
	case string:
		v = zerodb.String(x)
	case float64:
		v = zerodb.Float(x)
	}
	if !p.params {
		return zql(v)
	}
	n := slices.Index(p.values, zql(v))
	if n < 0 {
		n = len(p.args)
		p.values = append(p.values, zql(v))
		p.args = append(p.args, zerodb.Named(fmt.Sprint("p", n), v))
	}
	return fmt.Sprint("$p", n)
}

// fill puts the operands into a form.
func fill(form string, of []*expr, print func(*expr) string) string {
	var b strings.Builder
	for _, c := range form {
		if c != '#' {
			b.WriteRune(c)
			continue
		}
		b.WriteString(print(of[0]))
		of = of[1:]
	}
	return b.String()
}

// generator draws statements.
type generator struct {
	t    *rapid.T
	flat bool // no subqueries
}

func (g *generator) int(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(g.t, "") }
func (g *generator) bool() bool         { return rapid.Bool().Draw(g.t, "") }
func pick[T any](g *generator, from ...T) T {
	return rapid.SampledFrom(from).Draw(g.t, "")
}

const rowIDs = 30 // ids are 1 to this

var (
	smallFloats = []float64{0, 0.25, -1.5, 2, 3, 0.1, 7.75, -0.3}
	// Numbers that a comparison by way of floats would confuse.
	largeInts   = []int64{1<<53 - 1, 1 << 53, 1<<53 + 1, 1<<62 + 1, -(1 << 53) - 1}
	largeFloats = []float64{1 << 53, 1<<53 + 2, 1 << 62, -(1 << 53), 0.5}
	strs        = []string{"", "a", "ab", "b", "é", "z'\"", "B", "10"}
)

// value draws a literal.
func (g *generator) value(c class) *expr {
	switch c {
	case integer:
		return lit(c, int64(g.int(-9, 9)))
	case float:
		return lit(c, pick(g, smallFloats...))
	case text:
		return lit(c, pick(g, strs...))
	case boolean:
		return lit(c, g.bool())
	case key:
		return lit(c, rid(g.int(1, rowIDs+1)))
	}
	return g.value(pick(g, integer, float, text))
}

// orNone draws a literal or none.
func (g *generator) orNone(c class) *expr {
	if g.int(0, 4) == 0 {
		return lit(c, nil)
	}
	return g.value(c)
}

func column(c class, name string) *expr { return form(c, name, name) }

// column draws a column of a class.
func (g *generator) column(c class) *expr {
	switch c {
	case integer:
		return column(c, pick(g, "i", "j"))
	case float:
		return column(c, "f")
	case text:
		return column(c, "s")
	case boolean:
		return column(c, "b")
	case key:
		return column(c, "id")
	}
	return column(c, "m")
}

func (g *generator) anyColumn() *expr {
	return g.column(pick(g, integer, integer, float, text, boolean, key, mixed))
}

// expr draws an expression; depth 3 of integers stays below 100^8.
func (g *generator) expr(c class, depth int) *expr {
	if depth == 0 || g.int(0, 2) == 0 {
		if c != boolean && g.int(0, 2) == 0 {
			return g.value(c)
		}
		return g.column(c)
	}
	sub := func(c class) *expr { return g.expr(c, depth-1) }
	switch k := g.int(0, 5); {
	case k == 0:
		return form(c, "(IF # THEN # ELSE # END)", "CASE WHEN # THEN # ELSE # END", g.cond(depth-1), sub(c), sub(c))
	case k == 1:
		return form(c, "(# ?: #)", "coalesce(#, #)", sub(c), sub(c))
	case c == integer:
		return g.arithmetic(depth)
	case c == float:
		op := pick(g, "(# + #)", "(# - #)", "(# * #)")
		other := sub(pick(g, integer, float))
		if g.bool() {
			return form(c, op, op, other, sub(float))
		}
		if g.int(0, 3) == 0 {
			return form(c, "(# / #)", "(# / #)", sub(float), lit(float, pick(g, 0.5, -4.0, 0.1)))
		}
		return form(c, op, op, sub(float), other)
	case c == text:
		return form(c, "(# + #)", "(# || #)", sub(text), sub(text))
	case c == boolean:
		return g.cond(depth)
	}
	return g.column(c)
}

func (g *generator) arithmetic(depth int) *expr {
	a := g.expr(integer, depth-1)
	switch g.int(0, 6) {
	case 0:
		return form(integer, "(- #)", "(- #)", a)
	case 1:
		op := pick(g, "(# / #)", "(# % #)")
		return form(integer, op, op, a, lit(integer, pick[int64](g, 1, 2, 3, -4, 7)))
	case 2:
		return form(integer, "string::len(#)", "length(#)", g.expr(text, depth-1))
	}
	op := pick(g, "(# + #)", "(# - #)", "(# * #)")
	return form(integer, op, op, a, g.expr(integer, depth-1))
}

var equals = []string{"=", "==", "IS"}

// cond draws a condition.
func (g *generator) cond(depth int) *expr {
	if depth > 0 {
		switch g.int(0, 4) {
		case 0, 1:
			op := pick(g, "(# AND #)", "(# OR #)")
			return form(boolean, op, op, g.cond(depth-1), g.cond(depth-1))
		case 2:
			return form(boolean, "(NOT #)", "(NOT #)", g.cond(depth-1))
		}
	}
	depth = min(depth, 1)
	switch g.int(0, 9) {
	case 0, 1, 2:
		return g.compare(g.simple())
	case 3, 4:
		return g.equal(g.simple())
	case 5:
		return g.in()
	case 6:
		if g.flat {
			return g.in()
		}
		return g.inQuery()
	case 7:
		c := pick(g, integer, float, text)
		return form(boolean, "(# == none)", "(# IS NULL)", g.expr(c, depth))
	case 8:
		a, b := g.compareWith(pick(g, integer, float, text), depth)
		op := pick(g, "(# < #)", "(# <= #)", "(# > #)", "(# >= #)")
		return form(boolean, op, op, a, b)
	}
	return g.column(boolean)
}

// simple draws a column and a literal to hold against it: what indexes serve.
func (g *generator) simple() (a, b *expr) {
	switch g.int(0, 7) {
	case 0:
		return g.column(key), g.value(key)
	case 1:
		return column(integer, "n"), pick(g, lit(integer, pick(g, largeInts...)), lit(float, pick(g, largeFloats...)), g.value(integer))
	case 2:
		return g.column(text), g.value(text)
	case 3:
		return g.column(boolean), g.value(boolean)
	case 4:
		return g.column(float), g.value(pick(g, integer, float))
	}
	return g.column(integer), g.value(pick(g, integer, integer, float))
}

// compareWith draws two expressions that may be compared by order.
func (g *generator) compareWith(c class, depth int) (a, b *expr) {
	other := c
	if c != text {
		other = pick(g, integer, float)
	}
	return g.expr(c, depth), g.expr(other, depth)
}

func (g *generator) compare(a, b *expr) *expr {
	op := pick(g, "(# < #)", "(# <= #)", "(# > #)", "(# >= #)")
	if g.int(0, 5) == 0 {
		a, b = b, a
	}
	return form(boolean, op, op, a, b)
}

func (g *generator) equal(a, b *expr) *expr {
	switch g.int(0, 5) {
	case 0: // mixed kinds are not equal, whatever they are
		a, b = g.column(mixed), g.value(mixed)
	case 1:
		b = lit(b.class, nil)
	case 2:
		a, b = b, a
	}
	if g.int(0, 3) == 0 {
		return form(boolean, pick(g, "(# != #)", "(# IS NOT #)"), "(# IS NOT #)", a, b)
	}
	return form(boolean, "(# "+pick(g, equals...)+" #)", "(# IS #)", a, b)
}

// in draws a test against a list.
func (g *generator) in() *expr {
	c := pick(g, integer, float, text, key, mixed)
	x := g.column(c)
	n := g.int(0, 4)
	of, lite := []*expr{x}, "0"
	var pairs []*expr
	for range n {
		v := g.orNone(c)
		if c == key {
			v = g.value(c)
		}
		of, pairs = append(of, v), append(pairs, x, v)
		lite += " OR # IS #"
	}
	zero := "(# IN [" + strings.TrimSuffix(strings.Repeat("#, ", n), ", ") + "])"
	if g.int(0, 3) == 0 {
		zero, lite = strings.Replace(zero, "IN", "NOT IN", 1), "NOT ("+lite+")"
	}
	return &expr{class: boolean, zero: zero, of: of, lite: "(" + lite + ")", ofLite: pairs}
}

// inQuery draws a test against a subquery over u.
func (g *generator) inQuery() *expr {
	x := g.expr(integer, 1)
	value := pick(g, "VALUE ", "")
	if g.int(0, 2) == 0 {
		x = g.column(integer)
	}
	where, lite := "", ""
	var of []*expr
	if g.bool() {
		where, lite = " WHERE w > #", " AND u.w > #"
		of = append(of, g.value(integer))
	}
	zero := "(# IN (SELECT " + value + "k FROM u" + where + "))"
	lite = "EXISTS (SELECT 1 FROM u WHERE u.k IS #" + lite + ")"
	if g.int(0, 3) == 0 {
		zero, lite = strings.Replace(zero, "IN", "NOT IN", 1), "(NOT "+lite+")"
	}
	return form(boolean, zero, lite, append([]*expr{x}, of...)...)
}

// both collects the two texts of a statement.
type both struct {
	p          printer
	zero, lite strings.Builder
}

func (g *generator) both() *both { return &both{p: printer{params: g.int(0, 3) == 0}} }

// add appends texts, in which # stands for expressions.
func (b *both) add(zero, lite string, of ...*expr) {
	b.zero.WriteString(fill(zero, of, b.p.print))
	b.lite.WriteString(fill(lite, of, (*expr).printLite))
}

func (b *both) same(s string, of ...*expr) { b.add(s, s, of...) }

func (b *both) statement() statement {
	s := statement{zero: b.zero.String(), lite: b.lite.String(), args: b.p.args}
	if b.p.params {
		s.shown = "   -- $p0… are " + strings.Join(b.p.values, " ")
	}
	return s
}

// query draws a query.
func (g *generator) query() statement {
	switch g.int(0, 11) {
	case 10, 11:
		return g.set()
	case 0, 1:
		return g.group()
	case 2:
		return g.distinct()
	case 3, 4, 5:
		return g.join()
	case 6, 7:
		return g.correlated()
	}
	return g.selection()
}

// source draws what is selected from, and the WHERE. It reports whether the rows are those of a subquery, which have no order of
// their keys.
func (g *generator) source(b *both) (derived bool) {
	lo := int64(g.int(1, rowIDs))
	hi := lo + int64(g.int(0, 10))
	glue := " WHERE "
	switch g.int(0, 11) {
	case 0:
		b.add(fmt.Sprintf(" FROM t:%d..%d", lo, hi), fmt.Sprintf(" FROM t WHERE id >= %d AND id < %d", lo, hi))
		glue = " AND "
	case 1:
		b.add(fmt.Sprintf(" FROM t:%d..=%d", lo, hi), fmt.Sprintf(" FROM t WHERE id BETWEEN %d AND %d", lo, hi))
		glue = " AND "
	case 2:
		b.add(fmt.Sprintf(" FROM [t:%d, t:%d]", lo, hi+1), fmt.Sprintf(" FROM t WHERE id IN (%d, %d)", lo, hi+1))
		glue = " AND "
	case 3:
		derived = true
		b.same(" FROM (SELECT * FROM t WHERE #", g.cond(2))
		b.add(")", ") AS t")
	case 4:
		derived = true
		b.same(" FROM (SELECT * FROM t")
		x := g.anyColumn()
		direction := pick(g, "", " DESC")
		b.same(" ORDER BY #"+direction+", id LIMIT "+fmt.Sprint(g.int(0, 8)), x)
		b.add(")", ") AS t")
	default:
		b.same(" FROM t")
	}
	if g.int(0, 4) > 0 {
		c := g.cond(g.int(0, 3))
		b.add(" WHERE #", glue+"#", c)
	}
	return derived
}

// limit draws LIMIT and START, and reports whether it did.
func (g *generator) limit(b *both) bool {
	if g.int(0, 2) > 0 {
		return false
	}
	n, start := g.int(0, 9), g.int(0, 4)
	if start == 0 || g.bool() {
		b.same(fmt.Sprintf(" LIMIT %d", n))
		return true
	}
	b.add(fmt.Sprintf(" START %d LIMIT %d", start, n), fmt.Sprintf(" LIMIT %d OFFSET %d", n, start))
	return true
}

// selection draws a query of rows.
func (g *generator) selection() statement {
	b := g.both()
	b.same("SELECT ")
	for k := range g.int(1, 3) {
		if k > 0 {
			b.same(", ")
		}
		c := pick(g, integer, float, text, boolean, key, mixed)
		b.same(fmt.Sprintf("# AS c%d", k), g.expr(c, g.int(0, 3)))
	}
	derived := g.source(b)
	ordered := g.bool()
	if ordered {
		b.same(" ORDER BY ")
		for range g.int(0, 2) {
			b.same("#"+pick(g, "", " ASC", " DESC")+", ", g.sortKey())
		}
		b.same("id" + pick(g, "", " DESC"))
	} else {
		b.add("", " ORDER BY id")
	}
	if ordered || !derived {
		ordered = g.limit(b) || ordered
	}
	s := b.statement()
	s.ordered = ordered
	return s
}

// sortKey draws what to sort or group by: never a bare literal, which SQLite takes for a column's number.
func (g *generator) sortKey() *expr {
	if g.int(0, 2) > 0 {
		return g.anyColumn()
	}
	g.flat = true
	defer func() { g.flat = false }()
	c := pick(g, integer, float, text)
	return form(c, "(# ?: #)", "coalesce(#, #)", g.column(c), g.expr(c, 1))
}

// distinct draws SELECT DISTINCT, sorted by all its columns or not at all.
func (g *generator) distinct() statement {
	b := g.both()
	b.same("SELECT DISTINCT ")
	order := ""
	for k := range g.int(1, 3) {
		if k > 0 {
			b.same(", ")
			order += ", "
		}
		b.same(fmt.Sprintf("# AS c%d", k), g.sortKey())
		order += fmt.Sprintf("c%d%s", k, pick(g, "", " DESC"))
	}
	g.source(b)
	return g.maybeSorted(b, order)
}

// maybeSorted ends a query with a total order and a limit, or with neither.
func (g *generator) maybeSorted(b *both, order string) statement {
	if order == "" || g.bool() {
		return b.statement()
	}
	b.same(" ORDER BY " + order)
	g.limit(b)
	s := b.statement()
	s.ordered = true
	return s
}

// group draws a grouping, or aggregates over all rows.
func (g *generator) group() statement {
	b := g.both()
	keys := make([]*expr, g.int(0, 2))
	b.same("SELECT ")
	order := []string{}
	for k := range keys {
		keys[k] = g.sortKey()
		b.same(fmt.Sprintf("# AS c%d, ", k), keys[k])
		order = append(order, fmt.Sprintf("c%d%s", k, pick(g, "", " DESC")))
	}
	var summed []int
	for k := range g.int(1, 3) {
		if k > 0 {
			b.same(", ")
		}
		if g.aggregate(b, fmt.Sprintf(" AS a%d", k)) {
			summed = append(summed, len(keys)+k)
		}
	}
	g.source(b)
	for k, e := range keys {
		b.same([]string{" GROUP BY #", ", #"}[min(k, 1)], e)
	}
	if len(keys) > 0 && g.int(0, 2) == 0 {
		g.having(b)
	}
	s := g.maybeSorted(b, strings.Join(order, ", "))
	s.summed = summed
	return s
}

// aggregate draws an aggregate and reports whether it sums floats.
func (g *generator) aggregate(b *both, as string) bool {
	fold := pick(g, "FOLD ", "")
	switch k := g.int(0, 5); k {
	case 0:
		g.filtered(b, fold+"count(", "count(", "*", as)
	case 1:
		g.filtered(b, fold+"count("+g.once(), "count(", "#", as, g.expr(pick(g, integer, float, text, boolean, mixed), 1))
	case 2, 3:
		name := pick(g, "sum", "avg")
		c := pick(g, integer, float)
		g.filtered(b, fold+name+"("+g.once(), name+"(", "#", as, g.expr(c, g.int(0, 2)))
		return true
	default:
		name := pick(g, "min", "max")
		g.filtered(b, fold+name+"("+g.once(), name+"(", "#", as, g.expr(pick(g, integer, float, text, mixed), 1))
	}
	return false
}

// row draws the columns of a new row.
func (g *generator) row(names []string) []*expr {
	of := []*expr{}
	for _, name := range names {
		e := g.orNone(map[string]class{"i": integer, "j": integer, "n": integer, "f": float, "s": text, "b": boolean, "m": mixed}[name])
		if name == "n" && e.value != nil && g.bool() {
			e = lit(integer, pick(g, largeInts...))
		}
		of = append(of, e)
	}
	return of
}

// insert draws a new row of t, which may be there already.
func (g *generator) insert() statement {
	names := []string{"i", "j", "n", "f", "s", "b", "m"}
	of := g.row(names)
	id := g.int(1, rowIDs)
	b := g.both()
	zero := ""
	for k, name := range names {
		if k > 0 {
			zero += ", "
		}
		zero += name + " = #"
	}
	b.add(fmt.Sprintf("CREATE t:%d SET %s", id, zero),
		fmt.Sprintf("INSERT INTO t VALUES (%d%s)", id, strings.Repeat(", #", len(names))), of...)
	return b.statement()
}

func (g *generator) insertU(id int) statement {
	b := g.both()
	b.add(fmt.Sprintf("CREATE u:%d SET k = #, w = #", id), fmt.Sprintf("INSERT INTO u VALUES (%d, #, #)", id), g.orNone(integer), g.orNone(integer))
	return b.statement()
}

// target draws which rows are written to.
func (g *generator) target(b *both, zero, lite string) (where func()) {
	if g.int(0, 3) == 0 {
		id := g.int(1, rowIDs)
		b.add(fmt.Sprintf("%st:%d", zero, id), lite+"t")
		return func() { b.add("", fmt.Sprintf(" WHERE id = %d", id)) }
	}
	b.add(zero+"t", lite+"t")
	return func() { b.same(" WHERE #", g.cond(g.int(0, 2))) }
}

func (g *generator) remove() statement {
	b := g.both()
	g.target(b, "DELETE ", "DELETE FROM ")()
	return b.statement()
}

// update draws an UPDATE. All assignments see the row as it was. Numbers stay small: what is assigned is cut.
func (g *generator) update() statement {
	b := g.both()
	where := g.target(b, "UPDATE ", "UPDATE ")
	b.same(" SET ")
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"i", "j", "f", "s", "b", "m"}), 1, 3, rapid.ID[string]).Draw(g.t, "")
	slices.Sort(names)
	for k, name := range names {
		var e *expr
		switch name {
		case "f":
			e = pick(g, g.orNone(float), form(float, "(# * #)", "(# * #)", column(float, "f"), lit(float, 0.5)))
		case "s":
			e = pick(g, g.orNone(text), column(text, "s"))
		case "b":
			e = pick(g, g.orNone(boolean), g.cond(1))
		case "m":
			e = pick(g, g.orNone(mixed), g.column(pick(g, integer, text)))
		default:
			e = pick(g, g.orNone(integer), g.column(integer), form(integer, "(# % #)", "(# % #)", g.expr(integer, 2), lit(integer, int64(10))))
		}
		if k > 0 {
			b.same(", ")
		}
		b.same(name+" = #", e)
	}
	where()
	return b.statement()
}
