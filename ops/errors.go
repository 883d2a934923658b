package ops

import (
	"errors"
	"fmt"
	"time"
)

// Span is a half-open range of byte offsets in a source text. The zero Span means "no place".
type Span struct{ Start, End int }

// IsZero reports whether the span names no place.
func (s Span) IsZero() bool { return s == Span{} }

// Cover returns the smallest span that holds both; a zero span is ignored.
func (s Span) Cover(t Span) Span {
	switch {
	case s.IsZero():
		return t
	case t.IsZero():
		return s
	}
	return Span{min(s.Start, t.Start), max(s.End, t.End)}
}

// Error is every error a user of zerodb can meet: from the compiler, the machine or the store.
// Its code is stable and documented in docs/errors.md; its message names the thing that is wrong;
// its span, where there is one, points at it; its hint says the mend where one is known.
type Error struct {
	Code    Code
	Message string
	Span    Span
	Hint    string
	// Field is the path of the field that the error is about, where a record was refused; nil for every other error.
	Field []string
	// In is the function of the database in whose body the error arose; the message says so.
	In string
	// Err is the cause, for errors that came from below (an I/O error, say).
	Err error
	// Conflict details a conflict error; nil for every other code.
	Conflict *ConflictInfo
	// RetryAfter says when to try again what was refused as overloaded; zero for every other code.
	RetryAfter time.Duration
}

// ConflictInfo says what a transaction lost against.
type ConflictInfo struct {
	// Key is the record or range that the other transaction wrote, printed as ZeroQL writes it.
	Key string
	// Other is the commit time (hybrid-logical, see storage) of the transaction that won.
	Other uint64
	// RetryNow is true where trying again at once is likely to succeed; false advises to back off.
	RetryNow bool
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, &Error{Code: c}) compare codes alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// Errorf makes an error without a place.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At returns a copy of e that points at s, unless e already points somewhere.
func (e *Error) At(s Span) *Error {
	if !e.Span.IsZero() {
		return e
	}
	c := *e
	c.Span = s
	return &c
}

// About returns a copy of e that is about a field, unless e already is about one.
func (e *Error) About(field []string) *Error {
	if e.Field != nil {
		return e
	}
	c := *e
	c.Field = field
	return &c
}

// WithHint returns a copy of e with the hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// CodeOf returns the code of the first Error in err's chain, or CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// MessageOf returns the message of the first Error in err's chain, without its code and hint, or else the whole text.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// Code identifies a kind of error. Codes are part of the interface: they are never renamed.
type Code string

// Codes is the table of every code with its cause and mend; docs/errors.md is generated from it.
var Codes = []struct {
	Code        Code
	Cause, Mend string
}{
	{CodeSyntax, "The text is not ZeroQL at the place shown.", "Follow the expectation in the message; the hint names the likeliest slip."},
	{CodeTooDeep, "Brackets, blocks or operators nest deeper than 200.", "Split the expression with LET."},
	{CodeTooLarge, "A text over 64 MiB, a token over 16 MiB, or a value over the limit named.", "Send less at once; import data instead of writing it as text."},
	{CodeTooComplex, "A chain of operators or a statement holds more parts than the compiler takes.", "Split it with LET, or use a list and IN."},
	{CodeNumberOutOfRange, "A number does not fit its type.", "Use a wider type or a decimal."},
	{CodeBadLiteral, "A time, duration, uuid, decimal, regular expression or escape is malformed.", "The message shows the form."},
	{CodeUnsupported, "The language has it, this build does not execute it yet.", "The message names the part; docs/zeroql.md lists what runs."},
	{CodeUnknownName, "A variable, parameter, function, alias or type that is not defined.", "Check the spelling; the hint names the closest."},
	{CodeUnknownTable, "A table that the database does not define.", "DEFINE TABLE it, or check the spelling."},
	{CodeUnknownField, "A field that a schemafull table does not define.", "Add it to the table's FIELDS or correct the name."},
	{CodeUnknownIndex, "An index that the table does not have.", "DESCRIBE TABLE lists its indexes."},
	{CodeAlreadyExists, "A definition or a record of that name exists.", "Use IF NOT EXISTS, UPSERT, or another name."},
	{CodeInUse, "A definition cannot be removed or changed because others need it.", "The message names them; remove them first."},
	{CodeNotFound, "A definition or record named by the statement does not exist.", "Use IF EXISTS where that is fine."},
	{CodeType, "A value is of a kind that the operation does not take.", "Convert with type::…, or correct the operand."},
	{CodeArgument, "A function got the wrong number or kind of arguments.", "The message shows the signature."},
	{CodeOverflow, "Integer arithmetic left the range of int, or of 128 bits where a wide takes part.", "Use u128, i128, float or decimal."},
	{CodeDivisionByZero, "Division or remainder by zero.", "Guard it with IF or ?:."},
	{CodeNotFinite, "A float result is not finite.", "Check the operands; floats in zerodb are finite."},
	{CodeCast, "A value cannot be converted to the type.", "Use the try_ form to get none instead."},
	{CodeAssert, "A record breaks an ASSERT of its table.", "The message shows the field, the value and the rule."},
	{CodeReadOnly, "A write to a READONLY field, to id, or to in and out of an edge.", "Leave the field out of the statement."},
	{CodeUnique, "A record would duplicate the key of a unique index.", "The message names the index and the record that has the key."},
	{CodeConflict, "Another transaction committed first on what this one read.", "Run the transaction again; the error says whether to wait."},
	{CodeMemoryBudget, "The query needs more memory than its budget allows.", "Raise the budget, add LIMIT, or select fewer columns."},
	{CodePage, "What was given to AFTER is no page token, or a damaged one.", "Give the token as it came, or none for the first page."},
	{CodeOtherPage, "A page token is of another statement, or the tables were defined otherwise when it was made.", "Begin again without AFTER."},
	{CodeCancelled, "The context was cancelled.", "–"},
	{CodeDeadline, "The deadline passed.", "Give more time or make the query cheaper; EXPLAIN shows its cost."},
	{CodeParameter, "A parameter is missing, unknown, or does not fit its type.", "The message names it and its type."},
	{CodeCostExceeded, "The program's cost class is dearer than the caller allows.", "Add an index or a LIMIT; EXPLAIN says why."},
	{CodeSteps, "A statement took more steps than its budget: a loop that does not end, or one that needs more.", "Correct the loop's condition, or raise the budget of steps."},
	{CodeRecursion, "Functions call one another deeper than 1,000.", "Give the recursion an end, or write it as a loop."},
	{CodeBadProgram, "A compiled program is malformed, damaged or unsafe.", "Compile it again with zqc."},
	{CodeRecompile, "A compiled program assumed definitions that have changed.", "Compile it again against the current schema."},
	{CodeVersion, "A program or directory was written by a newer version.", "Use that version or newer."},
	{CodeTransaction, "COMMIT or CANCEL without BEGIN, a nested BEGIN, or use of an ended transaction.", "Balance BEGIN with COMMIT or CANCEL."},
	{CodeReadOnlyTransaction, "A write in a read-only transaction or a full or damaged store.", "Free space or open the database for writing."},
	{CodeNotKept, "A query reads as of a time from which not everything is kept any more.", "Read a later time; the option Retention says how long older versions are kept."},
	{CodeClosed, "The database, session or rows are closed.", "–"},
	{CodeLocked, "Another process has the directory open.", "Stop that process, or use another directory."},
	{CodeNotADatabase, "The directory holds something else than a zerodb database.", "Name an empty directory or a database."},
	{CodeCorrupt, "Stored bytes are not what was written.", "Run zerodb check; restore from a backup."},
	{CodeIO, "The file system failed.", "The message has its words."},
	{CodeImport, "A row of an imported file cannot be taken.", "The message names file, line and column."},
	{CodeUsage, "The command line is wrong.", "--help shows it."},
	{CodeUnusedVariable, "Lint: a variable, or a parameter of a function, that nothing reads.", "Leave it out."},
	{CodeShadowedName, "Lint: a variable or an alias that hides one of an outer block or query.", "Choose another name."},
	{CodeNeverTrue, "Lint: a comparison that gives the same for all values of its operands' kinds.", "Convert one side, or correct the operand."},
	{CodeFullScan, "Lint: a query that reads a whole table and returns what it finds without a bound.", "Add a LIMIT, or a condition on the id or an indexed field."},
	{CodeEveryRecord, "Lint: UPDATE or DELETE of a whole table that does not say so.", "Write WHERE * where that is meant."},
	{CodeUnseenField, "Lint: a field of a schemaless table that no record has had.", "Check the spelling; the hint names the closest."},
	{CodeUnknownProgram, "The server does not have the program of that hash.", "Prepare it again; clients do so by themselves."},
	{CodeBadRequest, "A request to a server is malformed.", "The message says where; use a client of the server's version."},
	{CodeOverloaded, "The server is at one of its limits, or is being stopped.", "Try again after the time that the error says."},
	{CodeUnavailable, "The server cannot be reached, or the connection broke.", "Check the address; what was under way may or may not have taken effect."},
	{CodeUnauthenticated, "The server does not know who asks.", "Give a user and password, a token or a certificate."},
	{CodePermission, "The user may not do that.", "Ask for a role that grants it."},
	{CodeInternal, "A fault of zerodb itself.", "Please report it with the program that shows it."},
}

const (
	CodeSyntax              Code = "syntax"
	CodeTooDeep             Code = "too_deep"
	CodeTooLarge            Code = "too_large"
	CodeTooComplex          Code = "too_complex"
	CodeNumberOutOfRange    Code = "number_out_of_range"
	CodeBadLiteral          Code = "bad_literal"
	CodeUnsupported         Code = "unsupported"
	CodeUnknownName         Code = "unknown_name"
	CodeUnknownTable        Code = "unknown_table"
	CodeUnknownField        Code = "unknown_field"
	CodeUnknownIndex        Code = "unknown_index"
	CodeAlreadyExists       Code = "already_exists"
	CodeInUse               Code = "in_use"
	CodeNotFound            Code = "not_found"
	CodeType                Code = "type_mismatch"
	CodeArgument            Code = "bad_argument"
	CodeOverflow            Code = "overflow"
	CodeDivisionByZero      Code = "division_by_zero"
	CodeNotFinite           Code = "not_finite"
	CodeCast                Code = "cast_failed"
	CodeAssert              Code = "assert_failed"
	CodeReadOnly            Code = "read_only_field"
	CodeUnique              Code = "unique_violation"
	CodeConflict            Code = "conflict"
	CodeMemoryBudget        Code = "memory_budget_exceeded"
	CodePage                Code = "bad_page"
	CodeOtherPage           Code = "other_page"
	CodeCancelled           Code = "cancelled"
	CodeDeadline            Code = "deadline_exceeded"
	CodeParameter           Code = "bad_parameter"
	CodeCostExceeded        Code = "cost_exceeded"
	CodeSteps               Code = "step_budget_exceeded"
	CodeRecursion           Code = "recursion_limit"
	CodeBadProgram          Code = "bad_program"
	CodeRecompile           Code = "recompile"
	CodeVersion             Code = "newer_version"
	CodeTransaction         Code = "transaction_state"
	CodeReadOnlyTransaction Code = "read_only"
	CodeNotKept             Code = "not_kept"
	CodeClosed              Code = "closed"
	CodeLocked              Code = "locked"
	CodeNotADatabase        Code = "not_a_database"
	CodeCorrupt             Code = "corrupt"
	CodeIO                  Code = "io"
	CodeImport              Code = "import_row"
	CodeUsage               Code = "usage"
	CodeUnknownProgram      Code = "unknown_program"
	CodeBadRequest          Code = "bad_request"
	CodeOverloaded          Code = "overloaded"
	CodeUnavailable         Code = "unavailable"
	CodeUnauthenticated     Code = "unauthenticated"
	CodePermission          Code = "permission_denied"
	CodeInternal            Code = "internal"

	// Codes of findings that are no errors; zqc lint reports them.
	CodeUnusedVariable Code = "unused_variable"
	CodeShadowedName   Code = "shadowed_name"
	CodeNeverTrue      Code = "never_true"
	CodeFullScan       Code = "full_scan"
	CodeEveryRecord    Code = "every_record"
	CodeUnseenField    Code = "unseen_field"
)
