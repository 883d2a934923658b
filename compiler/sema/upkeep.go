package sema

import (
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// analyze is ANALYZE TABLE: a look at all of a table, for the sake of its statistics. It changes no definition.
func (c *checker) analyze(a *ast.Analyze) {
	s := schema.Change{Kind: schema.AnalyzeTable, Name: a.Table.Text}
	if a.On != nil {
		s.Database = a.On.Text
	}
	if here := s.Database == "" && c.catalog != nil; here && c.indexed(&a.Table) == nil {
		return
	}
	c.add(Statement{Kind: vm.StatementDefine, Span: a.Span, Silent: true, Body: &Define{Change: s}})
}
