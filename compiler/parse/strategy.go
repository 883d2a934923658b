package parse

import (
	"github.com/antlr4-go/antlr/v4"

	"github.com/zerodb/zerodb/ops"
)

// failed is what a strategy ends the parse with.
type failed struct{}

// failFast ends the parse at the first error without a word. antlr.BailErrorStrategy cannot be used: in 4.13.1 its
// exception panics as soon as a rule asks for its message.
type failFast struct{ *antlr.DefaultErrorStrategy }

// ReportError is part of antlr.ErrorStrategy.
func (failFast) ReportError(antlr.Parser, antlr.RecognitionException) { panic(failed{}) }

// RecoverInline is part of antlr.ErrorStrategy.
func (failFast) RecoverInline(antlr.Parser) antlr.Token { panic(failed{}) }

// Recover is part of antlr.ErrorStrategy.
func (failFast) Recover(antlr.Parser, antlr.RecognitionException) { panic(failed{}) }

// Sync is part of antlr.ErrorStrategy.
func (failFast) Sync(antlr.Parser) {}

// reporter ends the parse at the first error and keeps it, in words.
type reporter struct {
	*antlr.DefaultErrorStrategy
	err *ops.Error
}

// ReportError is part of antlr.ErrorStrategy.
func (r *reporter) ReportError(p antlr.Parser, e antlr.RecognitionException) {
	t := e.GetOffendingToken()
	if t == nil {
		t = p.GetCurrentToken()
	}
	r.fail(p, t)
}

// RecoverInline is part of antlr.ErrorStrategy.
func (r *reporter) RecoverInline(p antlr.Parser) antlr.Token {
	r.fail(p, p.GetCurrentToken())
	return nil
}

// Recover is part of antlr.ErrorStrategy.
func (r *reporter) Recover(p antlr.Parser, e antlr.RecognitionException) { r.ReportError(p, e) }

// Sync is called before every loop and option. A token that cannot stand there is reported from here, where most of what
// could is known.
func (r *reporter) Sync(p antlr.Parser) {
	if !p.IsExpectedToken(p.GetTokenStream().LA(1)) {
		r.fail(p, p.GetCurrentToken())
	}
}

func (r *reporter) fail(p antlr.Parser, at antlr.Token) {
	r.err = describe(p, at.(*token))
	panic(failed{})
}
