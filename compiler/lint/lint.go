// Package lint finds what is right by the rules of the language and still likely a slip: a variable that nobody reads, a condition
// that can never be true, a query that returns a whole table.
//
// A finding is an error value whose code is in ops.Codes, and whose place a comment can excuse: `-- zeroql:allow full_scan` on
// the line or on the line above.
package lint

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/compiler"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/compiler/parse"
	"github.com/zerodb/zerodb/compiler/sema"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// Options are what a text is looked at against.
type Options struct {
	Catalog schema.Catalog
	// Seen returns the names of the fields that records of a table have had; nil where no database is at hand, and false for a table
	// that it does not know.
	Seen func(table string) ([]string, bool)
}

// Check returns the findings about a text, in its order, or the errors that keep it from being compiled.
func Check(src string, opt Options) (findings, errs []*ops.Error) {
	script, errs := parse.Parse(src)
	if len(errs) > 0 {
		return nil, errs
	}
	result, errs := compiler.CompileScript(script, compiler.Options{Catalog: opt.Catalog})
	if len(errs) > 0 {
		return nil, errs
	}
	l := &linter{found: slices.Clone(result.Warnings)}
	l.variables(script)
	l.aliases(script)
	l.everyRecord(script)
	l.scans(result.Program)
	l.unseenFields(script, result.Program, opt)
	allowed := allowances(src)
	return sema.Sorted(slices.DeleteFunc(l.found, func(e *ops.Error) bool { return allowed.has(src, e) })), nil
}

type linter struct{ found []*ops.Error }

func (l *linter) report(e *ops.Error, at ops.Span) { l.found = append(l.found, e.At(at)) }

// everyRecord finds UPDATE and DELETE of a whole table that do not say so with WHERE *.
func (l *linter) everyRecord(script *ast.Script) {
	ast.Inspect(script, func(n ast.Node) bool {
		var target, where ast.Expr
		verb := "changes"
		switch n := n.(type) {
		case *ast.Update:
			target, where = n.Target, n.Where
		case *ast.Delete:
			target, where, verb = n.Target, n.Where, "deletes"
		}
		if table, ok := target.(*ast.Ident); ok && where == nil {
			l.report(ops.Errorf(ops.CodeEveryRecord, "this %s every record of %s", verb, table.Name).
				WithHint("write WHERE * where that is meant"), table.Span)
		}
		return true
	})
}

// allowances are the codes that comments allow, by the line on which they stand.
type allowanceMap map[int][]string

const allowMark = "zeroql:allow"

// allowances reads the comments of a text that parses.
func allowances(src string) allowanceMap {
	tokens, errs := parse.Tokens(src)
	if len(errs) > 0 {
		return nil
	}
	allowed := allowanceMap{}
	for _, t := range tokens {
		if t.Role != parse.RoleComment {
			continue
		}
		text := strings.TrimSpace(strings.TrimPrefix(t.Text, "--"))
		codes, ok := strings.CutPrefix(text, allowMark)
		if !ok {
			continue
		}
		line := lineOf(src, t.Span.Start)
		allowed[line] = append(allowed[line], strings.FieldsFunc(codes, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })...)
	}
	return allowed
}

// has reports whether a comment on the finding's line, or alone on the line above, allows its code.
func (a allowanceMap) has(src string, e *ops.Error) bool {
	line := lineOf(src, e.Span.Start)
	return slices.Contains(a[line], string(e.Code)) || slices.Contains(a[line-1], string(e.Code))
}

func lineOf(src string, offset int) int { return strings.Count(src[:min(offset, len(src))], "\n") }
