package ops

// This file and reference_*.go are the specification of the expression operators: what each gives for every pair of
// values, one value at a time, written to be read. The kernels are tested against it. Operators are the rows of Table
// of FormUnary and FormBinary; an operand of a kind that a row does not accept is an error, none aside.

// unaryOps and binaryOps are the evaluators by mnemonic. They see operands that their row accepts. Those in noneOps
// see none too; for the others the result is none where an operand is.
var (
	unaryOps = map[string]func(a Value) (Value, error){
		"neg":     negate,
		"not":     func(a Value) (Value, error) { return Bool(!a.AsBool()), nil },
		"bit.not": bitNot,
		"is.none": func(a Value) (Value, error) { return Bool(a.IsNone()), nil },
	}
	binaryOps = map[string]func(a, b Value) (Value, error){
		"add": add, "sub": subtract, "mul": multiply, "div": divide, "mod": modulo, "pow": power,
		"eq":           func(a, b Value) (Value, error) { return Bool(Equal(a, b)), nil },
		"ne":           func(a, b Value) (Value, error) { return Bool(!Equal(a, b)), nil },
		"lt":           ordered(func(c int) bool { return c < 0 }),
		"le":           ordered(func(c int) bool { return c <= 0 }),
		"gt":           ordered(func(c int) bool { return c > 0 }),
		"ge":           ordered(func(c int) bool { return c >= 0 }),
		"and":          and,
		"or":           or,
		"coalesce":     coalesce,
		"in":           func(a, b Value) (Value, error) { return Bool(isIn(a, b)), nil },
		"contains.all": containsAll,
		"contains.any": containsAny,
		"match":        match,
		"distance":     distance,
		"bit.or":       bitOr,
		"bit.and":      bitAnd,
		"bit.xor":      bitXor,
		"shl":          shiftLeft,
		"shr":          shiftRight,
		"index":        index,
		"add.to":       addTo,
		"take.from":    takeFrom,
	}
	noneOps = map[string]bool{"is.none": true, "eq": true, "ne": true, "and": true, "or": true, "coalesce": true, "in": true, "add.to": true, "take.from": true,
		"contains.all": true, "contains.any": true}
)

// signs are how people write the operators.
var signs = map[string]string{"neg": "-", "not": "NOT", "bit.not": "~", "is.none": "IS NONE", "add": "+", "sub": "-", "mul": "*", "div": "/",
	"mod": "%", "pow": "**", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "and": "AND", "or": "OR", "coalesce": "?:",
	"in": "IN", "contains.all": "CONTAINS ALL", "contains.any": "CONTAINS ANY", "match": "~", "distance": "<>", "bit.or": "|", "bit.xor": "^",
	"bit.and": "&", "shl": "<<", "shr": ">>", "index": "[…]",
	"add.to": "+=", "take.from": "-="}

// evaluator is an operator as Eval1 and Eval2 need it, by opcode.
type evaluator struct {
	unary  func(a Value) (Value, error)
	binary func(a, b Value) (Value, error)
	none   bool
}

var evaluators = makeEvaluators()

func makeEvaluators() []evaluator {
	es := make([]evaluator, len(Table))
	for i := range Table {
		r := &Table[i]
		es[i] = evaluator{unaryOps[r.Name], binaryOps[r.Name], noneOps[r.Name]}
		if (r.Form == FormUnary) != (es[i].unary != nil) || (r.Form == FormBinary) != (es[i].binary != nil) {
			panic("ops: the reference evaluator lacks or has one too many for " + r.Name)
		}
	}
	return es
}

// Opcode returns the opcode of a mnemonic.
func Opcode(mnemonic string) (uint16, bool) {
	for i := range Table {
		if Table[i].Name == mnemonic {
			return uint16(i), true
		}
	}
	return 0, false
}

// Sign returns how people write an operator: `+` for add.
func Sign(op uint16) string {
	if s := signs[Table[op].Name]; s != "" {
		return s
	}
	return Table[op].Name
}

// Eval1 evaluates a unary operator.
func Eval1(op uint16, a Value) (Value, error) {
	e := &evaluators[op]
	if a.IsNone() && !e.none {
		return None, nil
	}
	if !a.IsNone() && !Table[op].Accepts[0].takes(a.kind) {
		return None, errKind1(op, a)
	}
	v, err := e.unary(a)
	if err != nil {
		return None, shownOn(err, op, a, None, false)
	}
	return v, nil
}

// Eval2 evaluates a binary operator.
func Eval2(op uint16, a, b Value) (Value, error) {
	e := &evaluators[op]
	accepts := &Table[op].Accepts
	if !a.IsNone() && !accepts[0].takes(a.kind) || !b.IsNone() && !accepts[1].takes(b.kind) {
		return None, errKind2(op, a, b)
	}
	if !e.none && (a.IsNone() || b.IsNone()) {
		return None, nil
	}
	v, err := e.binary(a, b)
	if err != nil {
		return None, shownOn(err, op, a, b, true)
	}
	return v, nil
}

// Eval evaluates an operator of either form; b is none for a unary one.
func Eval(op uint16, a, b Value) (Value, error) {
	if Table[op].Form == FormUnary {
		return Eval1(op, a)
	}
	return Eval2(op, a, b)
}

// takes reports whether a set of accepted kinds has k; the empty set accepts every kind.
func (s Kinds) takes(k Kind) bool { return s == 0 || s.Has(k) }

// failure is a failure of an operator. Eval1 and Eval2 add the operands to its words.
type failure struct {
	code Code
	what string
}

func (f *failure) Error() string { return f.what }

var (
	errOverflow = &failure{CodeOverflow, "leaves the range of int"}
	errTooWide  = &failure{CodeOverflow, "leaves the range of integers of 128 bits"}
	errLongTime = &failure{CodeOverflow, "leaves the range of times and durations"}
	errZero     = &failure{CodeDivisionByZero, "divides by zero"}
	errInfinite = &failure{CodeNotFinite, "is not finite"}
	errNoNumber = &failure{CodeNotFinite, "is no number"}
	errPair     = &failure{CodeType, ""}
)

func errKind1(op uint16, a Value) *Error {
	return Errorf(CodeType, "%s does not take %s", Sign(op), described(a))
}

func errKind2(op uint16, a, b Value) *Error {
	return Errorf(CodeType, "%s does not take %s and %s", Sign(op), described(a), described(b))
}

func shownOn(err error, op uint16, a, b Value, binary bool) error {
	f, ok := err.(*failure) //nolint:errorlint // made by the evaluators, never wrapped
	switch {
	case !ok:
		return err
	case f == errPair:
		return errKind2(op, a, b)
	case binary:
		return Errorf(f.code, "%s %s %s %s", described(a), Sign(op), described(b), f.what)
	}
	return Errorf(f.code, "%s %s %s", Sign(op), described(a), f.what)
}

// ---- logic

func ordered(holds func(c int) bool) func(a, b Value) (Value, error) {
	return func(a, b Value) (Value, error) {
		c, ok := CompareOrdered(a, b)
		if !ok {
			return None, nil
		}
		return Bool(holds(c)), nil
	}
}

func and(a, b Value) (Value, error) {
	switch {
	case a.kind == KindBool && !a.AsBool(), b.kind == KindBool && !b.AsBool():
		return Bool(false), nil
	case a.IsNone() || b.IsNone():
		return None, nil
	}
	return Bool(true), nil
}

func or(a, b Value) (Value, error) {
	switch {
	case a.IsTrue() || b.IsTrue():
		return Bool(true), nil
	case a.IsNone() || b.IsNone():
		return None, nil
	}
	return Bool(false), nil
}

func coalesce(a, b Value) (Value, error) {
	if a.IsNone() {
		return b, nil
	}
	return a, nil
}
