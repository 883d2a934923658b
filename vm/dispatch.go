package vm

import (
	"github.com/zerodb/zerodb/gen/opcodes"
	"github.com/zerodb/zerodb/ops"
)

// signal is what an instruction tells the loop.
type signal uint8

const (
	goOn    signal = iota
	emitted        // rows are in frame.out
	ended
	failed // the error is in frame.err
)

// handler executes one instruction. frame.pc already points behind it.
type handler func(fr *frame, in *Instr) signal

// handlers has the handler of every opcode.
var handlers = [...]handler{
	opcodes.Const:  doConst,
	opcodes.Param:  doParam,
	opcodes.VarGet: doVarGet,
	opcodes.VarSet: doVarSet,
	opcodes.Move:   doMove,
	opcodes.Input:  doInput,

	opcodes.Neg:    doUnary,
	opcodes.Not:    doUnary,
	opcodes.BitNot: doUnary,
	opcodes.IsNone: doUnary,

	opcodes.Add:         doBinary,
	opcodes.Sub:         doBinary,
	opcodes.Mul:         doBinary,
	opcodes.Div:         doBinary,
	opcodes.Mod:         doBinary,
	opcodes.Pow:         doBinary,
	opcodes.Eq:          doBinary,
	opcodes.Ne:          doBinary,
	opcodes.Lt:          doBinary,
	opcodes.Le:          doBinary,
	opcodes.Gt:          doBinary,
	opcodes.Ge:          doBinary,
	opcodes.And:         doBinary,
	opcodes.Or:          doBinary,
	opcodes.Coalesce:    doBinary,
	opcodes.In:          doBinary,
	opcodes.ContainsAll: doBinary,
	opcodes.ContainsAny: doBinary,
	opcodes.Match:       doBinary,
	opcodes.Distance:    doBinary,
	opcodes.BitOr:       doBinary,
	opcodes.BitXor:      doBinary,
	opcodes.BitAnd:      doBinary,
	opcodes.Shl:         doBinary,
	opcodes.Shr:         doBinary,
	opcodes.Index:       doBinary,
	opcodes.AddTo:       doBinary,
	opcodes.TakeFrom:    doBinary,

	opcodes.Field:    doField,
	opcodes.InTable:  doInTable,
	opcodes.Fetch:    doFetch,
	opcodes.Elements: doRowwise,
	opcodes.Select:   doRowwise,
	opcodes.Cast:     doRowwise,
	opcodes.Check:    doCheck,
	opcodes.Call:     doRowwise,
	opcodes.List:     doRowwise,
	opcodes.Tuple:    doRowwise,
	opcodes.Object:   doRowwise,
	opcodes.Range:    doRowwise,
	opcodes.Record:   doRowwise,
	opcodes.Assign:   doRowwise,
	opcodes.AssignAt: doRowwise,
	opcodes.Omit:     doRowwise,
	opcodes.Rows:     doSubquery,
	opcodes.Exists:   doSubquery,
	opcodes.Run:      doRun,

	opcodes.Jump:   doJump,
	opcodes.JumpIf: doJumpIf,
	opcodes.Fail:   doFail,
	opcodes.End:    doEnd,

	opcodes.Filter:    doFilter,
	opcodes.SelPush:   doSelPush,
	opcodes.SelPop:    doSelPop,
	opcodes.JumpEmpty: doJumpEmpty,
	opcodes.Distinct:  doDistinct,
	opcodes.Limit:     doLimit,
	opcodes.Topk:      doTopk,
	opcodes.Paired:    doPaired,

	opcodes.OpenTable:    doOpenTable,
	opcodes.OpenRange:    doOpenRange,
	opcodes.OpenIndex:    doOpenIndex,
	opcodes.OpenKeys:     doOpenKeys,
	opcodes.OpenEdges:    doOpenEdges,
	opcodes.OpenItems:    doOpenItems,
	opcodes.OpenFragment: doOpenFragment,
	opcodes.OpenBuilt:    doOpenBuilt,
	opcodes.OpenQueue:    doOpenQueue,
	opcodes.OpenDegrees:  doOpenDegrees,
	opcodes.Next:         doNext,
	opcodes.Column:       doColumn,
	opcodes.Gather:       doGather,
	opcodes.Close:        doClose,
	opcodes.Get:          doGet,
	opcodes.Fill:         doFill,
	opcodes.OpenJoin:     doOpenJoin,
	opcodes.OpenMerge:    doOpenMerge,
	opcodes.OpenLookup:   doOpenLookup,
	opcodes.OpenApply:    doOpenApply,
	opcodes.Each:         doEach,

	opcodes.New:       doNew,
	opcodes.Put:       doPut,
	opcodes.Has:       doHas,
	opcodes.Unmatched: doUnmatched,
	opcodes.Weigh:     doWeigh,
	opcodes.LimitDone: doLimitDone,

	opcodes.Emit:    doEmit,
	opcodes.EmitRow: doEmitRow,
	opcodes.After:   doAfter,
	opcodes.Behind:  doBehind,
	opcodes.Page:    doPage,

	opcodes.Create: doCreate,
	opcodes.Update: doUpdate,
	opcodes.Delete: doDelete,
	opcodes.Relate: doRelate,

	opcodes.Define:       doDefine,
	opcodes.DefineSecret: doDefineSecret,
	opcodes.Describe:     doDescribe,
	opcodes.Virtual:      doVirtual,
	opcodes.AsOf:         doAsOf,
}

// dispatch is handlers, out of the initialisation loop that handlers which run other fragments would make.
var dispatch []handler

func init() {
	if len(handlers) != len(ops.Table) {
		panic("vm: an instruction has no handler")
	}
	dispatch = handlers[:]
}

// resume runs the fragment to its next rows. It returns nil at its end.
func (fr *frame) resume() (*OutBatch, error) {
	// Fragments that this one runs read at its time, whatever is running when they are asked for their rows.
	outer := fr.run.txn
	if fr.then != nil {
		fr.run.txn = fr.then
	}
	var b *OutBatch
	var err error
	if fr.profile != nil {
		b, err = fr.resumeProfiled()
	} else {
		b, err = fr.loop()
	}
	fr.run.txn = outer
	return b, err
}

func (fr *frame) loop() (*OutBatch, error) {
	code, handlers := fr.frag.Code, fr.frag.handlers
	for {
		in := &code[fr.pc]
		fr.pc++
		switch handlers[fr.pc-1](fr, in) {
		case goOn:
		case emitted:
			return &fr.out, nil
		case ended:
			fr.pc = 0
			return nil, fr.closeCursors()
		default:
			return nil, fr.err
		}
	}
}
