// Package guard holds the superclass of the generated parser. It stands apart because the generated code imports it and
// compiler/parse imports the generated code.
package guard

import "github.com/antlr4-go/antlr/v4"

// Parser is ANTLR's parser with a limit on the nesting of rules. Without it a text of 400,000 open brackets ends the
// process: Go cannot recover from an exhausted stack.
type Parser struct {
	*antlr.BaseParser

	// Max is the deepest nesting of rules that is allowed; 0 allows any.
	Max int
	// Entered counts the rules entered: the parser's share of the work on a text.
	Entered int

	depth int
}

// TooDeep is what the parser panics with when rules nest deeper than Max.
type TooDeep struct {
	// Token is where the limit was passed.
	Token antlr.Token
}

// Restart forgets the rules that an aborted parse left open.
func (p *Parser) Restart() { p.depth = 0 }

// EnterRule counts a rule in.
func (p *Parser) EnterRule(ctx antlr.ParserRuleContext, state, rule int) {
	p.enter()
	p.BaseParser.EnterRule(ctx, state, rule)
}

// EnterRecursionRule counts a left-recursive rule in.
func (p *Parser) EnterRecursionRule(ctx antlr.ParserRuleContext, state, rule, precedence int) {
	p.enter()
	p.BaseParser.EnterRecursionRule(ctx, state, rule, precedence)
}

// ExitRule counts a rule out.
func (p *Parser) ExitRule() {
	p.depth--
	p.BaseParser.ExitRule()
}

// UnrollRecursionContexts counts a left-recursive rule out.
func (p *Parser) UnrollRecursionContexts(parent antlr.ParserRuleContext) {
	p.depth--
	p.BaseParser.UnrollRecursionContexts(parent)
}

func (p *Parser) enter() {
	p.Entered++
	p.depth++
	if p.Max > 0 && p.depth > p.Max {
		panic(TooDeep{p.GetCurrentToken()})
	}
}
