package vm

import (
	"slices"
	"strings"

	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// rowOp is an operator that makes one value of the operands of one row. The operands are the registers that sources
// appends to a list.
type rowOp struct {
	sources func(p *Program, in *Instr, dst []uint16) []uint16
	eval    func(fr *frame, in *Instr, args []ops.Value) (ops.Value, error)
}

// rowOps is by opcode.
var rowOps = map[uint16]rowOp{
	opcodes.InTable:  {sourceB, evalInTable},
	opcodes.Elements: {sourceB, evalElements},
	opcodes.Select:   {sourcesBAndTwoOfC, evalSelect},
	opcodes.Cast:     {sourceB, evalCast},
	opcodes.Check:    {sourceB, evalCheck},
	opcodes.Call:     {sourcesOfCall, evalCall},
	opcodes.List:     {sourcesCounted, evalList},
	opcodes.Tuple:    {sourcesCounted, evalTuple},
	opcodes.Object:   {sourcesOfShape, evalObject},
	opcodes.Range:    {sourcesTwo, evalRange},
	opcodes.Record:   {sourceB, evalRecord},
	opcodes.Assign:   {sourcesTwo, evalAssign},
	opcodes.AssignAt: {sourcesOfAssignment, evalAssignAt},
	opcodes.Omit:     {sourceB, evalOmit},
}

// evaluators is rowOps as the machine looks it up.
var evaluators = func() []rowOp {
	t := make([]rowOp, len(ops.Table))
	for op, r := range rowOps {
		t[op] = r
	}
	return t
}()

func run(dst []uint16, first uint16, n int) []uint16 {
	for i := range n {
		dst = append(dst, first+uint16(i))
	}
	return dst
}

func sourceB(_ *Program, in *Instr, dst []uint16) []uint16    { return append(dst, in.B) }
func sourcesTwo(_ *Program, in *Instr, dst []uint16) []uint16 { return run(dst, in.B, 2) }
func sourcesBAndTwoOfC(_ *Program, in *Instr, dst []uint16) []uint16 {
	return append(dst, in.B, in.C, in.C+1)
}
func sourcesCounted(_ *Program, in *Instr, dst []uint16) []uint16 { return run(dst, in.B, int(in.C)) }
func sourcesOfCall(p *Program, in *Instr, dst []uint16) []uint16 {
	return run(dst, in.C, p.Funcs[in.B].Args)
}
func sourcesOfShape(p *Program, in *Instr, dst []uint16) []uint16 {
	return run(dst, in.B, len(p.Shapes[in.C].Names))
}

// doRowwise evaluates a rowOp for a row of scalars, or for each selected row of a batch.
func doRowwise(fr *frame, in *Instr) signal {
	op := &evaluators[in.Op]
	fr.regs = op.sources(fr.run.linked.Program, in, fr.regs[:0])
	fr.args = slices.Grow(fr.args[:0], len(fr.regs))[:len(fr.regs)]
	if !fr.isVector(in.A) {
		for i, r := range fr.regs {
			fr.args[i] = fr.scalars[r]
		}
		v, err := op.eval(fr, in, fr.args)
		if err == nil {
			err = fr.made(in.A, v)
		}
		if err != nil {
			return fr.fail(err)
		}
		fr.scalars[in.A] = v
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	dst.Reset(ops.KindNone, cs.n)
	var size int64
	for j := range cs.selected() {
		row := cs.row(j)
		for i, r := range fr.regs {
			fr.args[i] = fr.at(r, row)
		}
		v, err := op.eval(fr, in, fr.args)
		if err == nil {
			err = bounded(v)
		}
		if err != nil {
			return fr.fail(err)
		}
		size += shallow(v)
		dst.SetAt(row, v)
	}
	if err := fr.hold(in.A, size); err != nil {
		return fr.fail(err)
	}
	fr.settle(in.A, dst)
	return goOn
}

// doCheck has a short way for vectors whose every value is of the plain type that is asked for: the result is a copy.
func doCheck(fr *frame, in *Instr) signal {
	if fr.isVector(in.A) && fr.isVector(in.B) {
		cs, src := fr.batchOf(in.A), fr.vectors[in.B]
		if allFit(src, cs.sel, &fr.run.linked.Program.Types[in.C]) {
			if err := fr.hold(in.A, 0); err != nil {
				return fr.fail(err)
			}
			dst := fr.target(in.A)
			dst.CopyFrom(src, cs.sel)
			fr.settle(in.A, dst)
			return goOn
		}
	}
	return doRowwise(fr, in)
}

// allFit reports whether it is sure that the selected rows of a vector are of a type, and look as they should in it.
func allFit(v *ops.Vector, sel ops.Selection, t *ops.Type) bool {
	switch t.Kind {
	case ops.KindBool, ops.KindInt, ops.KindFloat, ops.KindString, ops.KindTime, ops.KindDuration:
	default:
		return false
	}
	if v.Kind != t.Kind || t.Width != ops.WidthDefault || t.Name != "" || t.Variants != nil {
		return false
	}
	if v.Valid == nil || t.Optional {
		return true
	}
	if sel == nil {
		return v.Valid.Full(v.N)
	}
	return !slices.ContainsFunc(sel, func(row int32) bool { return !v.Valid.Get(int(row)) })
}

// doInTable has a short way for columns of a cursor in which every selected row is a record of the table, as those are that an
// edge leads to: the result is the column.
func doInTable(fr *frame, in *Instr) signal {
	if fr.isVector(in.A) && fr.isVector(in.B) {
		cs, src := fr.batchOf(in.A), fr.vectors[in.B]
		if cs.depth == 0 && slices.Contains(cs.cols, src) && allOf(src, cs.sel, fr.run.linked.texts[in.C]) {
			if err := fr.hold(in.A, 0); err != nil {
				return fr.fail(err)
			}
			fr.vectors[in.A] = src
			return goOn
		}
	}
	return doRowwise(fr, in)
}

// allOf reports whether the selected rows are all records of one table.
func allOf(v *ops.Vector, sel ops.Selection, table string) bool {
	if v.Kind != ops.KindRecord || v.Valid != nil {
		return false
	}
	if sel == nil {
		for i := range v.Vals[:v.N] {
			if v.Vals[i].RecordTable() != table {
				return false
			}
		}
		return true
	}
	for _, i := range sel {
		if v.Vals[i].RecordTable() != table {
			return false
		}
	}
	return true
}

func evalInTable(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	if v := args[0]; v.Kind() == ops.KindRecord && v.RecordTable() == fr.run.linked.texts[in.C] {
		return v, nil
	}
	return ops.None, nil
}

func evalElements(_ *frame, _ *Instr, args []ops.Value) (ops.Value, error) {
	v := args[0]
	switch v.Kind() {
	case ops.KindNone, ops.KindList:
		return v, nil
	case ops.KindTuple, ops.KindSet:
		return ops.List(v.AsList()), nil
	case ops.KindObject:
		vs := make([]ops.Value, 0, len(v.AsObject()))
		for _, m := range v.AsObject() {
			vs = append(vs, m.Value)
		}
		return ops.List(vs), nil
	case ops.KindRange:
		return listOfRange(v)
	}
	return v, ops.Errorf(ops.CodeType, "%s %s has no elements", article(v.Kind()), ops.Format(v))
}

// maxRange bounds the lists made of ranges; longer ones are for open.items, which makes no list.
const maxRange = 1 << 20

func listOfRange(v ops.Value) (ops.Value, error) {
	from, to, ok, err := countRange(v)
	if err != nil || !ok {
		return ops.List(nil), err
	}
	if uint64(to)-uint64(from) >= maxRange {
		return ops.None, ops.Errorf(ops.CodeTooLarge, "the range %s has more than %d elements", ops.Format(v), maxRange)
	}
	vs := make([]ops.Value, 0, to-from+1)
	for i := from; i <= to; i++ {
		vs = append(vs, ops.Int(i))
	}
	return ops.List(vs), nil
}

func evalSelect(_ *frame, _ *Instr, args []ops.Value) (ops.Value, error) {
	yes, ok := satisfies(args[0], ifTrue)
	switch {
	case !ok:
		return ops.None, notBool(args[0])
	case yes:
		return args[1], nil
	}
	return args[2], nil
}

func evalCast(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	return ops.Cast(args[0], fr.run.linked.Program.Types[in.C])
}

func evalCheck(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	return ops.Check(args[0], fr.run.linked.Program.Types[in.C])
}

func evalCall(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	f := fr.run.linked.funcs[in.B]
	if reads := fr.run.linked.Program.Funcs[in.B].Reads; reads > 0 {
		return fr.callReading(f, reads-1, args)
	}
	return f.Eval(fr.run.o.Env, args)
}

func evalList(_ *frame, _ *Instr, args []ops.Value) (ops.Value, error) {
	return ops.List(slices.Clone(args)), nil
}

func evalTuple(_ *frame, _ *Instr, args []ops.Value) (ops.Value, error) {
	return ops.Tuple(slices.Clone(args)), nil
}

func evalObject(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	names := fr.run.linked.Program.Shapes[in.C].Names
	ms := make([]ops.Member, 0, len(names))
	for i, v := range args {
		if !v.IsNone() {
			ms = append(ms, ops.Member{Name: names[i], Value: v})
		}
	}
	return ops.Object(ms), nil
}

func evalRange(_ *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	return ops.Range(&ops.RangeValue{Lo: args[0], Hi: args[1], Inclusive: in.C == 1}), nil
}

func evalRecord(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	table, key := &fr.run.linked.texts[in.C], ops.Narrowed(args[0])
	switch key.Kind() {
	case ops.KindNone:
		return ops.None, nil
	case ops.KindInt:
		return ops.RecordInt(table, key.AsInt()), nil
	case ops.KindRecord:
		if key.RecordTable() == *table {
			return key, nil
		}
		return ops.None, ops.Errorf(ops.CodeType, "%s is no record of table %s", ops.Format(key), *table)
	}
	if !isKey(key) {
		return ops.None, ops.Errorf(ops.CodeType, "%s %s cannot be the key of a record of %s", article(key.Kind()), ops.Format(key), *table).
			WithHint("a key is an int, a string, a uuid, or a list or tuple of those")
	}
	return ops.Record(*table, key), nil
}

func evalOmit(fr *frame, in *Instr, args []ops.Value) (ops.Value, error) {
	v := args[0]
	for _, path := range fr.run.linked.Program.Shapes[in.C].Names {
		v = omitPath(v, strings.Split(path, "."))
	}
	return v, nil
}

// omitPath takes out what is at a path, whose steps may be eachElement. It leaves alone what has no such path.
func omitPath(v ops.Value, path []string) ops.Value {
	switch k := v.Kind(); {
	case path[0] == eachElement:
		return omitEach(v, path[1:])
	case k != ops.KindObject:
		return v
	}
	ms := v.AsObject()
	at := slices.IndexFunc(ms, func(m ops.Member) bool { return m.Name == path[0] })
	if at < 0 {
		return v
	}
	if len(path) == 1 {
		return setMember(ms, at, path[0], ops.None)
	}
	return setMember(ms, at, path[0], omitPath(ms[at].Value, path[1:]))
}

// omitEach takes out what is at a path of every element or member; for an empty path, all of them.
func omitEach(v ops.Value, path []string) ops.Value {
	without := func(e ops.Value) (ops.Value, error) { return omitPath(e, path), nil }
	var out ops.Value
	switch k := v.Kind(); {
	case k == ops.KindObject && len(path) == 0:
		return ops.Object(nil)
	case k == ops.KindList && len(path) == 0:
		return ops.List(nil)
	case len(path) == 0:
		return v
	case k == ops.KindObject:
		out, _ = mapMembers(v, Path{eachElement}, true, without)
	case k == ops.KindList || k == ops.KindTuple || k == ops.KindSet:
		out, _ = eachOf(v, without)
	default:
		return v
	}
	return out
}
