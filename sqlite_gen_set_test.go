package zerodb_test

import (
	"fmt"
	"strings"
)

// once draws DISTINCT or nothing, for inside an aggregate.
func (g *generator) once() string { return pick(g, "", "", "DISTINCT ") }

// filtered adds an aggregate, some with a condition on the rows that it takes: WHERE inside is FILTER behind.
func (g *generator) filtered(b *both, zero, lite, arg, as string, of ...*expr) {
	distinct := ""
	if strings.HasSuffix(zero, "DISTINCT ") { // before a minus it is the name of a field
		distinct, arg = "DISTINCT ", "("+arg+")"
	}
	if g.int(0, 2) > 0 {
		if arg == "*" && g.bool() {
			b.add(zero+")"+as, lite+"*)"+as)
			return
		}
		b.add(zero+arg+")"+as, lite+distinct+arg+")"+as, of...)
		return
	}
	g.flat = true
	cond := g.cond(g.int(0, 2))
	g.flat = false
	b.add(zero+arg+" WHERE #)"+as, lite+distinct+arg+") FILTER (WHERE #)"+as, append(of, cond)...)
}

// having draws a condition on groups.
func (g *generator) having(b *both) {
	n := lit(integer, int64(g.int(0, 3)))
	op := pick(g, "#", ">", "<=", "!=")
	if op == "#" {
		b.add(" HAVING count(#) == #", " HAVING count(#) = #", g.anyColumn(), n)
		return
	}
	if g.bool() {
		name, x := pick(g, "min", "max"), g.column(integer)
		b.add(" HAVING count() "+op+" # OR "+name+"(#) == #", " HAVING count(*) "+op+" # OR "+name+"(#) IS #", n, x, g.value(integer))
		return
	}
	b.add(" HAVING count() "+op+" #", " HAVING count(*) "+op+" #", n)
}

// noIndex stands in a statement of several queries where each may be told to use no index.
const noIndex = "\x00"

// set draws queries put together. SQLite goes from left to right where INTERSECT binds tighter here, so INTERSECT stands first.
func (g *generator) set() statement {
	b := g.both()
	classes := make([]class, g.int(1, 3))
	for k := range classes {
		classes[k] = pick(g, integer, float, text, boolean, mixed)
	}
	part := func() {
		b.same("SELECT " + pick(g, "", "", "DISTINCT "))
		for k, c := range classes {
			if k > 0 {
				b.same(", ")
			}
			e := g.column(c)
			if g.int(0, 3) == 0 {
				e = g.expr(c, 1)
			}
			b.same(fmt.Sprintf("# AS c%d", k), e)
		}
		b.same(" FROM t")
		if g.int(0, 3) > 0 {
			b.same(" WHERE #", g.cond(g.int(0, 2)))
		}
		b.add(noIndex, "")
	}
	part()
	ops := []string{" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "}
	for k := range g.int(1, 3) {
		op := pick(g, ops...)
		if k == 0 && op != " INTERSECT " {
			ops = []string{" UNION ", " UNION ALL ", " EXCEPT "}
		}
		if op != " INTERSECT " {
			ops = []string{" UNION ", " UNION ALL ", " EXCEPT "}
		}
		b.same(op)
		part()
	}
	if g.bool() {
		return b.statement()
	}
	for k := range classes {
		b.same([]string{" ORDER BY ", ", "}[min(k, 1)] + fmt.Sprintf("c%d", k) + pick(g, "", " DESC"))
	}
	g.limit(b)
	s := b.statement()
	s.ordered = true
	return s
}

// large draws a join of large tables by a key that some hundred values are spread over, folded to few rows.
func (g *generator) large() statement {
	b := g.both()
	sides := pick(g, [2]string{"t", "u"}, [2]string{"u", "t"})
	keys := map[string]string{"t": pick(g, "i", "s", "f"), "u": "k"}
	if keys["t"] == "s" {
		keys["u"] = "w"
	}
	on := "a." + keys[sides[0]] + " # b." + keys[sides[1]]
	join := pick(g, ", ", " JOIN ", " LEFT JOIN ")
	grouped := g.bool()
	if grouped {
		b.same("SELECT # AS g, ", form(integer, "(a.n % 7)", "(a.n % 7)"))
	} else {
		b.same("SELECT ")
	}
	b.add("FOLD count() AS c, FOLD count(b.n) AS d, FOLD sum(a.n) AS s, FOLD max(b.n) AS m, FOLD count(DISTINCT b.n) AS e",
		"count(*) AS c, count(b.n) AS d, sum(a.n) AS s, max(b.n) AS m, count(DISTINCT b.n) AS e")
	b.same(" FROM " + sides[0] + " AS a" + join + sides[1] + " AS b ")
	clause := map[bool]string{true: "WHERE ", false: "ON "}[join == ", "]
	more := pick(g, "", "", " AND a.n > b.n", " AND b.n < 1500")
	b.add(clause+strings.Replace(on, "#", "==", 1)+more, clause+strings.Replace(on, "#", "IS", 1)+more)
	if grouped {
		b.same(" GROUP BY g")
	}
	return b.statement()
}
