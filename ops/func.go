package ops

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Func is one function of the language. Its row says everything about it that the compiler, the machine and the
// documentation need.
type Func struct {
	// Name is the full name, module::function.
	Name       string
	Signatures []Signature
	// Doc is a sentence or two for people. Example is ZeroQL, Result what it gives, also ZeroQL; tests run them.
	Doc, Example, Result string
	Cost                 Cost
	// Capability is what of the outer world the function needs: "" (pure, may be folded), "clock", "random" or "reads".
	Capability string
	// NoneOK means that some parameter takes none as a value. Everywhere else a none argument makes the result none,
	// and Eval's own code is not run.
	NoneOK bool
	// Eval computes the function. It checks the number and kinds of its arguments itself, so it is safe to call with
	// anything. It keeps no reference to args, but its result may share what the values in them point to.
	Eval func(env *Env, args []Value) (Value, error)

	general Signature // what holds whatever the unknown arguments turn out to be
}

// Signature is one way of calling a function.
type Signature struct {
	Params []Type
	// Names are the parameters' names, for named arguments; as many as Params.
	Names []string
	// Optional is how many trailing parameters may be left out.
	Optional int
	// Variadic means that the last parameter may be given any number of times (none at all if it is also optional).
	Variadic bool
	// Result is the result's type as far as it is known without the arguments' types; see ResultOf.
	Result Type

	accepts []Kinds // by parameter
	result  string  // the result as written, where it depends on the arguments
	text    string
}

// Env is what functions may know of the outer world.
type Env struct {
	Now    func() time.Time
	Random io.Reader
	Edges  EdgeReader // for functions that read edges; nil elsewhere
}

// Capabilities of functions.
const (
	CapabilityClock  = "clock"
	CapabilityRandom = "random"
)

// Funcs is every function, ascending by name.
var Funcs = sortedFuncs(mathFuncs(), stringFuncs(), regexFuncs(), arrayFuncs(), timeFuncs(), durationFuncs(), typeFuncs(),
	recordFuncs(), objectFuncs(), vectorFuncs(), encodingFuncs(), cryptoFuncs(), secretFuncs(), randFuncs(), geoFuncs(), graphFuncs(),
	setFuncs(), stringForms(), stringPieces(), stringAlike(), stringVersionSteps(), arrayMore(), mathMore(), timeMore(), durationMore(),
	encodingMore(), vectorMore(), randMore(), regexMore())

var funcByName = indexFuncs(Funcs)

func sortedFuncs(modules ...[]Func) []Func {
	fs := slices.Concat(modules...)
	slices.SortFunc(fs, func(a, b Func) int { return strings.Compare(a.Name, b.Name) })
	return fs
}

func indexFuncs(fs []Func) map[string]*Func {
	m := make(map[string]*Func, len(fs))
	for i := range fs {
		f := &fs[i]
		if m[f.Name] != nil {
			panic("ops: two functions " + f.Name)
		}
		m[f.Name] = f
	}
	return m
}

// LookupFunc finds a function by its full name; nil if there is none.
func LookupFunc(name string) *Func { return funcByName[name] }

// FuncNames lists the names of all functions, ascending, for suggestions and completion.
func FuncNames() []string {
	names := make([]string, len(Funcs))
	for i := range Funcs {
		names[i] = Funcs[i].Name
	}
	return names
}

// Resolve finds the function and the signature that arguments of these types call. A type that is not known fits every
// parameter. If several signatures fit because of it, the one returned says only what all of them have in common.
func Resolve(name string, args []Type) (*Func, *Signature, error) {
	f := LookupFunc(name)
	if f == nil {
		return nil, nil, Errorf(CodeUnknownName, "there is no function %s", name)
	}
	var found *Signature
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if !s.fits(args) {
			continue
		}
		if !unknownAmong(args) {
			return f, s, nil
		}
		if found != nil {
			return f, &f.general, nil
		}
		found = s
	}
	if found != nil {
		return f, found, nil
	}
	return f, nil, f.mismatch(args)
}

func unknownAmong(args []Type) bool {
	return slices.ContainsFunc(args, func(t Type) bool { return t.Kind == KindAny || t.Kind == KindNone })
}

// SignatureOf finds the signature with a fingerprint, which a compiled program carries.
func (f *Func) SignatureOf(print [8]byte) *Signature {
	for i := range f.Signatures {
		if f.Signatures[i].Fingerprint(f.Name) == print {
			return &f.Signatures[i]
		}
	}
	if f.general.Fingerprint(f.Name) == print {
		return &f.general
	}
	return nil
}

// Usage shows how the function is called, a line for each signature.
func (f *Func) Usage() string {
	var b strings.Builder
	for i := range f.Signatures {
		if i > 0 {
			b.WriteString(" or ")
		}
		fmt.Fprintf(&b, "%s%s", f.Name, &f.Signatures[i])
	}
	return b.String()
}

func (f *Func) mismatch(args []Type) *Error {
	kinds := make([]string, len(args))
	for i, t := range args {
		kinds[i] = t.Kind.String()
	}
	return Errorf(CodeArgument, "%s does not take (%s); it is %s", f.Name, strings.Join(kinds, ", "), f.Usage())
}

// String shows a signature: `(x: number, places?: int) -> number`.
func (s *Signature) String() string { return s.text }

// Arity returns the fewest and the most arguments the signature takes; most is -1 where there is no limit.
func (s *Signature) Arity() (fewest, most int) {
	fewest, most = len(s.Params)-s.Optional, len(s.Params)
	if s.Variadic {
		most = -1
	}
	return fewest, most
}

// Param returns the type of parameter i, for variadic signatures of any i.
func (s *Signature) Param(i int) Type {
	if s.Variadic {
		i = min(i, len(s.Params)-1)
	}
	return s.Params[i]
}

// Fingerprint identifies the signature of a function: a program compiled against another one is refused.
func (s *Signature) Fingerprint(name string) (print [8]byte) {
	sum := sha256.Sum256([]byte(name + s.text))
	return [8]byte(sum[:8])
}

func (s *Signature) takes(n int) bool {
	fewest, most := s.Arity()
	return n >= fewest && (most < 0 || n <= most)
}

func (s *Signature) fits(args []Type) bool {
	if !s.takes(len(args)) {
		return false
	}
	for i, t := range args {
		if !fitsParam(s.Param(i), t) {
			return false
		}
	}
	return true
}

// fitsParam reports whether a value of type t may be given for a parameter of type p.
func fitsParam(p, t Type) bool {
	if t.Kind == KindNone || t.Kind == KindAny {
		return true
	}
	if p.Elem != nil && t.Elem != nil && !fitsParam(*p.Elem, *t.Elem) {
		return false
	}
	return fitsKind(p, t.Kind)
}

func fitsKind(p Type, k Kind) bool {
	switch {
	case p.Kind == KindAny && p.Name == numberVar:
		return k.IsNumber()
	case p.Kind == KindAny || p.Kind == k:
		return true
	case p.Kind == KindFloat:
		return k.IsNumber()
	case p.Kind == KindInt:
		return k == KindWide // a value that is no int is refused
	case p.Kind == KindWide:
		return k == KindInt
	case p.Kind == KindDecimal:
		return isInteger(k)
	case p.Kind == KindList:
		return k == KindSet || k == KindTuple
	}
	return false
}

// argFault is a fault of one argument. Functions return it; Eval makes of it an Error that also names the function
// and shows the value.
type argFault struct {
	code Code
	arg  int // from 0; -1 for no argument in particular
	what string
}

func (e *argFault) Error() string { return e.what }

// fault says what is wrong with argument i.
func fault(i int, format string, args ...any) error {
	return &argFault{CodeArgument, i, fmt.Sprintf(format, args...)}
}

func faultOf(code Code, i int, format string, args ...any) error {
	return &argFault{code, i, fmt.Sprintf(format, args...)}
}

// fn makes a row. The signatures are written as parseSignature reads them.
func fn(name string, signatures []string, doc, example, result string, eval func(env *Env, a []Value) (Value, error)) Func {
	f := Func{Name: name, Doc: doc, Example: example, Result: result}
	for _, text := range signatures {
		s := parseSignature(text)
		for _, p := range s.Params {
			f.NoneOK = f.NoneOK || p.Optional
		}
		f.Signatures = append(f.Signatures, s)
	}
	f.general = generalOf(f.Signatures)
	signed := f.Signatures
	f.Eval = func(env *Env, args []Value) (Value, error) {
		fits, isNone := checkArgs(signed, args)
		switch {
		case !fits:
			return None, mismatchOf(name, signed, args)
		case isNone:
			return None, nil
		}
		given := args
		if slices.ContainsFunc(args, func(v Value) bool { return v.kind == KindWide }) {
			var err error
			if given, err = narrowedArgs(signed, args); err != nil {
				return None, funcError(name, args, err)
			}
		}
		v, err := eval(env, given)
		if err != nil {
			return None, funcError(name, args, err)
		}
		return v, nil
	}
	return f
}

// narrowedArgs makes ints of the wides that are given for parameters of int, as the first signature that fits says.
func narrowedArgs(signed []Signature, args []Value) ([]Value, error) {
	i := slices.IndexFunc(signed, func(s Signature) bool {
		fits, _ := s.check(args)
		return fits
	})
	out := slices.Clone(args)
	for j, a := range args {
		if p := signed[i].Param(j); a.kind == KindWide && p.Kind == KindInt {
			if out[j] = Narrowed(a); out[j].kind == KindWide {
				return nil, faultOf(CodeNumberOutOfRange, j, "is out of the range of int")
			}
		}
	}
	return out, nil
}

// checkArgs reports whether some signature takes the arguments, and whether one of them is a none that makes
// the result none.
func checkArgs(signed []Signature, args []Value) (fits, isNone bool) {
	for i := range signed {
		fit, none := signed[i].check(args)
		if fit && !none {
			return true, false
		}
		fits = fits || fit
	}
	return fits, fits
}

func (s *Signature) check(args []Value) (fits, isNone bool) {
	if !s.takes(len(args)) {
		return false, false
	}
	last := len(s.accepts) - 1
	for i, a := range args {
		switch {
		case s.accepts[min(i, last)].Has(a.kind):
		case a.kind == KindNone:
			isNone = true
		default:
			return false, false
		}
	}
	return true, isNone
}

// acceptedKinds is the kinds of the values a parameter takes; none only where it takes it as a value.
func acceptedKinds(p Type) (ks Kinds) {
	for k := KindBool; k < KindAny; k++ {
		if fitsKind(p, k) {
			ks |= KindsOf(k)
		}
	}
	if p.Optional {
		ks |= KindsOf(KindNone)
	}
	return ks
}

func mismatchOf(name string, signed []Signature, args []Value) *Error {
	types := make([]Type, len(args))
	for i, a := range args {
		types[i] = Type{Kind: a.kind}
	}
	f := Func{Name: name, Signatures: signed}
	return f.mismatch(types)
}

func funcError(name string, args []Value, err error) error {
	var e *argFault
	switch {
	case !errors.As(err, &e):
		return err
	case e.arg < 0 || e.arg >= len(args):
		return Errorf(e.code, "%s: %s", name, e.what)
	default:
		return Errorf(e.code, "%s: argument %d, %s, %s", name, e.arg+1, shown(args[e.arg]), e.what)
	}
}
