package zerodb_test

import (
	"fmt"
)

// joinColumns are the columns that joins of t and u are made over; those of u have names of their own.
func joinColumns(of string) []string {
	if of == "u" {
		return []string{"k", "w"}
	}
	return []string{"i", "j", "n", "m", "f"}
}

// source is a table with its alias.
type aliased struct{ table, alias string }

func (a aliased) column(g *generator) *expr {
	return column(mixed, a.alias+"."+pick(g, joinColumns(a.table)...))
}

func (a aliased) number(g *generator) *expr {
	if a.table == "u" {
		return column(integer, a.alias+"."+pick(g, "k", "w"))
	}
	return column(integer, a.alias+"."+pick(g, "i", "j"))
}

// on draws a condition between a source and those before it.
func (g *generator) on(a aliased, before []aliased) *expr {
	b := before[g.int(0, len(before)-1)]
	equal := form(boolean, "(# "+pick(g, equals...)+" #)", "(# IS #)", a.column(g), b.column(g))
	switch g.int(0, 6) {
	case 0:
		op := pick(g, "(# < #)", "(# <= #)")
		return form(boolean, op, op, a.number(g), b.number(g))
	case 1:
		other := form(boolean, "(# == #)", "(# IS #)", a.column(g), before[0].column(g))
		return form(boolean, "(# AND #)", "(# AND #)", equal, other)
	case 2:
		op := pick(g, "(# > #)", "(# != 3)")
		if op == "(# != 3)" {
			return form(boolean, "(# AND (# != 3))", "(# AND (# IS NOT 3))", equal, a.number(g))
		}
		return form(boolean, "(# AND (# > #))", "(# AND (# > #))", equal, a.number(g), g.value(integer))
	case 3:
		return form(boolean, "(# AND (# > #))", "(# AND (# > #))", equal, b.number(g), g.value(integer))
	case 4:
		return form(boolean, "(# OR (# == none))", "(# OR (# IS NULL))", equal, a.number(g))
	}
	return equal
}

// join draws a query of two or three sources.
func (g *generator) join() statement {
	b := g.both()
	sources := []aliased{{"t", "a"}}
	if g.int(0, 3) == 0 {
		sources[0].table = "u"
	}
	from := both{p: b.p}
	from.same(" FROM " + sources[0].table + " AS a")
	var where []*expr
	for _, alias := range []string{"b", "c"}[:g.int(1, 2)] {
		a := aliased{pick(g, "t", "u", "u"), alias}
		on := g.on(a, sources)
		source := a.table
		if g.int(0, 4) == 0 {
			source = map[string]string{"t": "(SELECT id, i, j, n, m, f FROM t WHERE i > 0)", "u": "(SELECT k, w FROM u WHERE w > 0)"}[a.table]
		}
		switch g.int(0, 3) {
		case 0:
			from.same(", " + source + " AS " + alias)
			where = append(where, on)
		case 1:
			from.same(" JOIN "+source+" AS "+alias+" ON #", on)
		default:
			from.same(" LEFT JOIN "+source+" AS "+alias+" ON #", on)
		}
		sources = append(sources, a)
	}
	for range g.int(0, 2) {
		a := sources[g.int(0, len(sources)-1)]
		x, v := a.number(g), g.value(integer)
		op := pick(g, "(# > #)", "(# <= #)")
		where = append(where, pick(g, form(boolean, op, op, x, v), form(boolean, "(# == #)", "(# IS #)", x, v), form(boolean, "(# == none)", "(# IS NULL)", x)))
	}
	for k, e := range where {
		from.same([]string{" WHERE #", " AND #"}[min(k, 1)], e)
	}
	b.p = from.p
	rest := func() {
		b.zero.WriteString(from.zero.String())
		b.lite.WriteString(from.lite.String())
	}
	if g.int(0, 2) == 0 {
		key := sources[g.int(0, len(sources)-1)].number(g)
		b.add("SELECT # AS g, FOLD count() AS c, FOLD sum(#) AS s", "SELECT # AS g, count(*) AS c, sum(#) AS s", key, sources[0].number(g))
		rest()
		b.same(" GROUP BY #", key)
		return g.maybeSorted(b, "g")
	}
	b.same("SELECT ")
	for k, a := range sources {
		if k > 0 {
			b.same(", ")
		}
		b.same(fmt.Sprintf("# AS x%d, # AS y%d", k, k), a.number(g), a.column(g))
	}
	rest()
	return b.statement()
}

// correlated draws a query whose subquery reads its row.
func (g *generator) correlated() statement {
	outer, inner := aliased{pick(g, "t", "t", "u"), "a"}, aliased{pick(g, "t", "u", "u"), "q"}
	on := g.on(inner, []aliased{outer})
	if g.int(0, 3) > 0 {
		on = form(boolean, "(# == #)", "(# IS #)", inner.column(g), outer.column(g))
	}
	x, y := outer.number(g), inner.number(g)
	b := g.both()
	sub := " FROM " + inner.table + " AS q WHERE "
	switch g.int(0, 4) {
	case 0:
		b.same("SELECT # AS x FROM "+outer.table+" AS a WHERE "+pick(g, "", "NOT ")+"EXISTS (SELECT *"+sub+"#)", x, on)
	case 1:
		not := pick(g, "", "NOT ")
		b.add("SELECT # AS x FROM "+outer.table+" AS a WHERE # "+not+"IN (SELECT VALUE #"+sub+"#)",
			"SELECT # AS x FROM "+outer.table+" AS a WHERE "+not+"EXISTS (SELECT 1"+sub+"# IS # AND #)", x, x, y, on)
	case 2:
		fold := pick(g, "count(#)", "sum(#)", "min(#)", "max(#)")
		b.add("SELECT # AS x, (SELECT VALUE FOLD "+fold+sub+"#)[0] AS n FROM "+outer.table+" AS a",
			"SELECT # AS x, (SELECT "+fold+sub+"#) AS n FROM "+outer.table+" AS a", x, y, on)
	case 3:
		b.add("SELECT # AS x FROM "+outer.table+" AS a WHERE (SELECT FOLD count() AS n"+sub+"#)[0].n > #",
			"SELECT # AS x FROM "+outer.table+" AS a WHERE (SELECT count(*)"+sub+"#) > #", x, on, lit(integer, int64(g.int(0, 3))))
	default:
		b.add("SELECT # AS x, array::len((SELECT VALUE q.id"+sub+"#)) AS n FROM "+outer.table+" AS a",
			"SELECT # AS x, (SELECT count(*)"+sub+"#) AS n FROM "+outer.table+" AS a", x, on)
	}
	return b.statement()
}
