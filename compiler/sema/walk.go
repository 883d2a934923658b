package sema

// Walk calls f for e and everything below it, parents first; f says whether to go below.
func Walk(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	for _, p := range e.parts() {
		Walk(p, f)
	}
}

// Rewrite returns e with every expression replaced by f of it, operands first. Where nothing changes nothing is copied.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	old := e.parts()
	var parts []Expr
	for i, p := range old {
		q := Rewrite(p, f)
		if parts == nil && q != p {
			parts = append(make([]Expr, 0, len(old)), old[:i]...)
		}
		if parts != nil {
			parts = append(parts, q)
		}
	}
	if parts != nil {
		e = e.with(parts)
	}
	return f(e)
}

// Same reports whether two expressions give the same value in the same row.
func Same(a, b Expr) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || !a.sameHead(b) {
		return false
	}
	ps, qs := a.parts(), b.parts()
	if len(ps) != len(qs) {
		return false
	}
	for i := range ps {
		if !Same(ps[i], qs[i]) {
			return false
		}
	}
	return true
}

// Columns calls f for every column that e reads, those that its subqueries take from outside included.
func Columns(e Expr, f func(*Column)) {
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Column:
			f(x)
		case *Subquery:
			x.Query.Outer(f)
		}
		return true
	})
}

// HasAggregate reports whether e holds a FOLD of its own query.
func HasAggregate(e Expr) (found bool) {
	Walk(e, func(x Expr) bool {
		_, is := x.(*Aggregate)
		found = found || is
		return !found
	})
	return found
}

// IsScalar reports whether e has the same value for every row of its query.
func IsScalar(e Expr) bool {
	scalar := true
	Columns(e, func(*Column) { scalar = false })
	return scalar && !HasAggregate(e)
}

// Conjuncts splits a condition at its ANDs.
func Conjuncts(e Expr, and uint16) []Expr {
	if b, ok := e.(*Binary); ok && b.Op == and {
		return append(Conjuncts(b.Left, and), Conjuncts(b.Right, and)...)
	}
	return []Expr{e}
}

// Parts are the operands of an expression, in the order in which they are evaluated.
func Parts(e Expr) []Expr { return e.parts() }
