package ops

// This file is the instruction set: one row an operator. From it the generators in tools/opgen make the opcodes, the
// tables of kernels and docs/opcodes.md; the verifier, the disassembler and the compiler's type rules read the rows
// themselves. Adding an expression operator touches its row here, its meaning in reference.go, its loops in
// tools/opgen/kernels_list.go and its cases in ops/optest/operators.txt, without which a test fails.

// Operand is the class of an instruction's operand slot.
type Operand uint8

const (
	NoOperand Operand = iota // the slot is zero

	// Registers. "Row" registers are scalars, or vectors of one batch; in one instruction every vector operand is
	// of the same batch, and the result is a vector of it if any source is one, else a scalar.
	Dst       // register written
	Src       // register read
	SrcScalar // register read, scalar only
	SrcVector // register read, vector only
	DstScalar // register written, scalar only
	DstBase   // first of several registers written; how many says another operand
	SrcBase   // first of several registers read; how many says another operand
	SrcScalarBase

	ConstRef    // constant pool
	ParamRef    // parameters
	VarRef      // variables that live from statement to statement
	ShapeRef    // column names
	PathRef     // field paths
	TypeRef     // types
	FuncRef     // functions
	AccessRef   // ways of reaching records: table or index, key bounds, projected columns
	BuilderRef  // sorts, groupings, sets, limits: things that rows are put into
	CursorRef   // cursors; a cursor owns the batch of the same number
	FragmentRef // fragments
	DefRef      // schema changes
	Label       // instruction of this fragment
	Count       // a small number
	Mode        // an enumeration the sentence explains
	NumOperands // how many classes there are
)

// Form groups operators by how they are executed.
type Form uint8

const (
	FormMove    Form = iota // moves between pools and registers
	FormUnary               // dst = op a, by kernel
	FormBinary              // dst = a op b, by kernel
	FormRow                 // builds or takes apart values, by the machine
	FormControl             // jumps and the end
	FormSelect              // narrows or restores a batch's selection
	FormCursor              // opens, steps and closes cursors
	FormBuilder             // fills builders
	FormEmit                // hands rows to the reader
	FormWrite               // changes records
	FormDefine              // changes or shows definitions
)

// Cost is how the work of one execution of an instruction grows.
type Cost uint8

const (
	CostRow    Cost = iota // with the rows of the batch
	CostConst              // not at all
	CostKeys               // a seek for each distinct key of the batch
	CostScan               // with the records in the access's bounds
	CostExpand             // with the edges of the batch's vertices
)

// TypeRule says what an operator's result is, from its operands' kinds.
type TypeRule uint8

const (
	ResultNothing   TypeRule = iota
	ResultSame               // the operand's kind
	ResultBool               // bool, never none
	ResultBool3              // bool, or none if an operand is none (three-valued logic for AND and OR)
	ResultNumeric            // the wider of two numbers: decimal over float over wide over int
	ResultAdd                // as ResultNumeric; strings, lists, and time and duration join too
	ResultElement            // an element or member of the operand
	ResultFloat              // float
	ResultInt                // int, or wide if an operand is
	ResultDeclared           // what the pool entry declares
	ResultKind               // Row.Result
	ResultOfSources          // the kind of the sources if they agree, else any
	ResultAny                // any kind
)

// Row is one operator.
type Row struct {
	Name     string // mnemonic
	Form     Form
	Operands [3]Operand // of slots A, B, C
	Effect   string     // one sentence for people
	Accepts  [2]Kinds   // kinds the sources take beside none; zero: every kind
	Type     TypeRule
	Result   Kind // for ResultKind
	Cost     Cost
	Ends     bool // nothing after it in the block runs
}

var (
	numbers    = KindsOf(KindInt, KindWide, KindFloat, KindDecimal)
	ints       = KindsOf(KindInt, KindWide)
	bools      = KindsOf(KindBool)
	sequences  = KindsOf(KindList, KindTuple, KindSet)
	addable    = numbers | sequences | KindsOf(KindString, KindBytes, KindTime, KindDuration, KindObject)
	subbable   = numbers | KindsOf(KindTime, KindDuration, KindSet, KindList)
	scalable   = numbers | KindsOf(KindDuration)
	containers = sequences | KindsOf(KindString, KindObject, KindRange, KindRecord)
	indexable  = sequences | KindsOf(KindString, KindObject, KindBytes)
	memberable = KindsOf(KindObject, KindRecord, KindList)
)

// Table is the instruction set, in opcode order. Opcodes are part of the .zqb format: rows are added at the end of
// their form and the format's version is raised.
var Table = []Row{
	// ---- moves
	{Name: "const", Form: FormMove, Operands: [3]Operand{DstScalar, ConstRef}, Type: ResultDeclared, Cost: CostConst,
		Effect: "A = constant B."},
	{Name: "param", Form: FormMove, Operands: [3]Operand{DstScalar, ParamRef}, Type: ResultDeclared, Cost: CostConst,
		Effect: "A = parameter B."},
	{Name: "var.get", Form: FormMove, Operands: [3]Operand{DstScalar, VarRef}, Type: ResultDeclared, Cost: CostConst,
		Effect: "A = variable B."},
	{Name: "var.set", Form: FormMove, Operands: [3]Operand{VarRef, SrcScalar}, Cost: CostConst,
		Effect: "Variable A = B."},
	{Name: "move", Form: FormMove, Operands: [3]Operand{Dst, Src}, Type: ResultSame,
		Effect: "A = B."},
	{Name: "input", Form: FormMove, Operands: [3]Operand{DstScalar, Count}, Type: ResultDeclared, Cost: CostConst,
		Effect: "A = input B of this fragment."},

	// ---- unary operators
	{Name: "neg", Form: FormUnary, Operands: [3]Operand{Dst, Src}, Accepts: [2]Kinds{scalable}, Type: ResultSame,
		Effect: "A = -B; overflow is an error."},
	{Name: "not", Form: FormUnary, Operands: [3]Operand{Dst, Src}, Accepts: [2]Kinds{bools}, Type: ResultBool3,
		Effect: "A = NOT B; none stays none."},
	{Name: "bit.not", Form: FormUnary, Operands: [3]Operand{Dst, Src}, Accepts: [2]Kinds{ints}, Type: ResultInt,
		Effect: "A = ~B."},
	{Name: "is.none", Form: FormUnary, Operands: [3]Operand{Dst, Src}, Type: ResultBool,
		Effect: "A = whether B is none."},

	// ---- binary operators
	{Name: "add", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{addable, addable}, Type: ResultAdd,
		Effect: "A = B + C: numbers add, strings, bytes and lists join, sets unite, objects merge (C wins), times move by durations; overflow is an error."},
	{Name: "sub", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{subbable, addable}, Type: ResultAdd,
		Effect: "A = B - C: numbers subtract, two times give a duration, a list or set loses the elements of C; overflow is an error."},
	{Name: "mul", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{scalable, scalable}, Type: ResultNumeric,
		Effect: "A = B × C; a duration may be scaled by a number; overflow is an error."},
	{Name: "div", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{scalable, scalable}, Type: ResultNumeric,
		Effect: "A = B / C; int by int divides toward zero; division by zero is an error."},
	{Name: "mod", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{scalable, scalable}, Type: ResultNumeric,
		Effect: "A = B % C with the sign of B; zero is an error."},
	{Name: "pow", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{numbers, numbers}, Type: ResultNumeric,
		Effect: "A = B ** C; int to a negative int is a float; overflow is an error."},
	{Name: "eq", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool,
		Effect: "A = whether B equals C by value; none equals only none."},
	{Name: "ne", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool,
		Effect: "A = whether B differs from C."},
	{Name: "lt", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool3,
		Effect: "A = B < C; none between different kinds, on none and on objects."},
	{Name: "le", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool3,
		Effect: "A = B <= C; none as for lt."},
	{Name: "gt", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool3,
		Effect: "A = B > C; none as for lt."},
	{Name: "ge", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultBool3,
		Effect: "A = B >= C; none as for lt."},
	{Name: "and", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{bools, bools}, Type: ResultBool3,
		Effect: "A = B AND C in three-valued logic."},
	{Name: "or", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{bools, bools}, Type: ResultBool3,
		Effect: "A = B OR C in three-valued logic."},
	{Name: "coalesce", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Type: ResultOfSources,
		Effect: "A = B, or C where B is none."},
	{Name: "in", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{0, containers}, Type: ResultBool,
		Effect: "A = whether B is an element of list C, a substring of string C, a member name of object C, or within range C; false where C is none."},
	{Name: "contains.all", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{containers, sequences}, Type: ResultBool,
		Effect: "A = whether every element of C is in B."},
	{Name: "contains.any", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{containers, sequences}, Type: ResultBool,
		Effect: "A = whether some element of C is in B."},
	{Name: "match", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{KindsOf(KindString), KindsOf(KindRegex, KindString)}, Type: ResultBool3,
		Effect: "A = whether string B matches regular expression C, or holds every word of string C."},
	{Name: "distance", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{sequences, sequences}, Type: ResultFloat,
		Effect: "A = the cosine distance of two vectors of numbers of equal length."},
	{Name: "bit.or", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{ints | sequences, ints | sequences}, Type: ResultSame,
		Effect: "A = B | C, of ints or of sets (union)."},
	{Name: "bit.xor", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{ints, ints}, Type: ResultInt,
		Effect: "A = B ^ C."},
	{Name: "bit.and", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{ints | sequences, ints | sequences}, Type: ResultSame,
		Effect: "A = B & C, of ints or of sets (intersection)."},
	{Name: "shl", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{ints, ints}, Type: ResultInt,
		Effect: "A = B << C; bits lost or a count outside 0..63, of wides 0..127, are errors."},
	{Name: "shr", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{ints, ints}, Type: ResultInt,
		Effect: "A = B >> C, keeping the sign; a count outside 0..63, of wides 0..127, is an error."},
	{Name: "index", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{indexable, KindsOf(KindInt, KindWide, KindString, KindRange)}, Type: ResultElement,
		Effect: "A = B[C]: an element counted from 0 or from -1 backwards, a member by name, or a slice by range; out of range is none."},

	{Name: "add.to", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{addable, 0}, Type: ResultAny,
		Effect: "A = B with C added, as += has it: C where B is none; a list or set takes what is no list, tuple or set as an element, and of none nothing, an object of none nothing; else as add."},
	{Name: "take.from", Form: FormBinary, Operands: [3]Operand{Dst, Src, Src}, Accepts: [2]Kinds{subbable | KindsOf(KindObject), 0}, Type: ResultAny,
		Effect: "A = B with C taken away, as -= has it: from a list or set the elements that equal C, or are in C where that is a list, tuple or set; from an object the member named C, or those that C lists; of none nothing; else as sub."},

	// ---- values taken apart and put together
	{Name: "field", Form: FormRow, Operands: [3]Operand{Dst, Src, PathRef}, Accepts: [2]Kinds{memberable}, Type: ResultElement, Cost: CostKeys,
		Effect: "A = the value at path C in B: a member of an object, a field of the record a link names (fetched in one sorted batch), of every element for a list; none of none."},
	{Name: "in.table", Form: FormRow, Operands: [3]Operand{Dst, Src, ConstRef}, Type: ResultSame,
		Effect: "A = B where it is a link into the table named by string constant C, else none (also where it is no link)."},
	{Name: "fetch", Form: FormRow, Operands: [3]Operand{DstBase, AccessRef, SrcVector}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "A, A+1, … = the columns of access B of the records that the links in C name, in one sorted batch; none where there is no such record."},
	{Name: "elements", Form: FormRow, Operands: [3]Operand{Dst, Src}, Type: ResultKind, Result: KindList,
		Effect: "A = the list of B's elements or of its members' values."},
	{Name: "select", Form: FormRow, Operands: [3]Operand{Dst, Src, SrcBase}, Accepts: [2]Kinds{bools}, Type: ResultOfSources,
		Effect: "A = C where B is true, else C+1."},
	{Name: "cast", Form: FormRow, Operands: [3]Operand{Dst, Src, TypeRef}, Type: ResultDeclared,
		Effect: "A = B converted to type C; failing is an error."},
	{Name: "check", Form: FormRow, Operands: [3]Operand{Dst, Src, TypeRef}, Type: ResultDeclared,
		Effect: "A = B if it fits type C without conversion (an int fits float), else an error."},
	{Name: "call", Form: FormRow, Operands: [3]Operand{Dst, FuncRef, SrcBase}, Type: ResultDeclared,
		Effect: "A = function B of as many arguments from C on as the function entry says."},
	{Name: "list", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, Count}, Type: ResultKind, Result: KindList,
		Effect: "A = the list of C registers from B on."},
	{Name: "tuple", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, Count}, Type: ResultKind, Result: KindTuple,
		Effect: "A = the tuple of C registers from B on."},
	{Name: "object", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, ShapeRef}, Type: ResultKind, Result: KindObject,
		Effect: "A = the object with the names of shape C and the values from B on; members that are none are left out."},
	{Name: "range", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, Mode}, Type: ResultKind, Result: KindRange,
		Effect: "A = the range from B to B+1; C is 1 where the end is included."},
	{Name: "record", Form: FormRow, Operands: [3]Operand{Dst, Src, ConstRef}, Accepts: [2]Kinds{KindsOf(KindInt, KindWide, KindString, KindUUID, KindList, KindTuple, KindRecord)}, Type: ResultKind, Result: KindRecord,
		Effect: "A = the record id of table C (a string constant) with key B; a record id of that table passes."},
	{Name: "assign", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, PathRef}, Type: ResultKind, Result: KindObject,
		Effect: "A = object B with path C set to B+1, through the elements of the lists on the way; none removes the member."},
	{Name: "assign.at", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, PathRef}, Type: ResultAny,
		Effect: "A = B with value B+1 assigned at path C. The path begins with the operator (=, +=, -=, *=, /=, %=); its steps are .name, [] for an index, which stands in B+2, B+3, … (an int or a name), and [*] for every element or member; a name leads through the elements of a list. None removes a member; an index beyond the end is an error."},
	{Name: "omit", Form: FormRow, Operands: [3]Operand{Dst, Src, ShapeRef}, Type: ResultKind, Result: KindObject,
		Effect: "A = object B without the paths that shape C names."},

	{Name: "rows", Form: FormRow, Operands: [3]Operand{Dst, FragmentRef, SrcBase}, Type: ResultKind, Result: KindList, Cost: CostScan,
		Effect: "A = the list of the rows that fragment B emits, whose inputs are the values from C on (a row of columns is an object, others are their one value); where an input is a vector, a list for each selected row."},
	{Name: "exists", Form: FormRow, Operands: [3]Operand{Dst, FragmentRef, SrcBase}, Type: ResultKind, Result: KindBool, Cost: CostScan,
		Effect: "A = whether fragment B, with inputs as for rows, emits a row; it is stopped at the first."},
	{Name: "run", Form: FormRow, Operands: [3]Operand{Dst, FragmentRef, SrcBase}, Type: ResultOfSources, Cost: CostScan,
		Effect: "A = the first row that fragment B emits, with inputs as for rows, or none; it is stopped there. Fragments may run one another in a circle, to a depth of 1,000."},

	{Name: "virtual", Form: FormRow, Operands: [3]Operand{DstScalar, ConstRef}, Type: ResultKind, Result: KindList, Cost: CostScan,
		Effect: "A = the rows of the virtual table that string B names, a list of objects."},

	// ---- control
	{Name: "jump", Form: FormControl, Operands: [3]Operand{Label}, Cost: CostConst, Ends: true,
		Effect: "Goes to A; a jump backwards checks for cancellation, deadline and step budget."},
	{Name: "jump.if", Form: FormControl, Operands: [3]Operand{SrcScalar, Mode, Label}, Cost: CostConst,
		Effect: "Goes to C if A is true (B=0), not true (1), false (2), not false (3), none (4), not none (5); on what is neither bool nor none modes 0 to 3 are an error."},
	{Name: "fail", Form: FormControl, Operands: [3]Operand{ConstRef, SrcScalar}, Cost: CostConst, Ends: true,
		Effect: "Ends the statement with an error: A is an object constant {code, message}, B a value to show, or none."},
	{Name: "end", Form: FormControl, Cost: CostConst, Ends: true,
		Effect: "Ends the fragment; its cursors are closed."},

	{Name: "as.of", Form: FormControl, Operands: [3]Operand{SrcScalar}, Cost: CostConst,
		Effect: "From here on this fragment and those that it runs read records as they were at time A; they cannot write."},

	// ---- selections
	{Name: "filter", Form: FormSelect, Operands: [3]Operand{CursorRef, SrcVector},
		Effect: "Keeps of batch A the rows where B is true; a value that is neither bool nor none is an error."},
	{Name: "sel.push", Form: FormSelect, Operands: [3]Operand{CursorRef, SrcVector, Mode},
		Effect: "Narrows batch A for a while to the rows where B satisfies mode C (modes of jump.if); registers written meanwhile read none in the other rows."},
	{Name: "sel.pop", Form: FormSelect, Operands: [3]Operand{CursorRef},
		Effect: "Undoes the innermost sel.push of batch A."},
	{Name: "jump.empty", Form: FormSelect, Operands: [3]Operand{CursorRef, Label}, Cost: CostConst,
		Effect: "Goes to B if no row of batch A is selected."},
	{Name: "distinct", Form: FormSelect, Operands: [3]Operand{CursorRef, BuilderRef, SrcBase},
		Effect: "Keeps of batch A the rows whose values from C on are new to set B, and adds them to it."},
	{Name: "limit", Form: FormSelect, Operands: [3]Operand{CursorRef, BuilderRef},
		Effect: "Keeps of batch A the rows that limit B lets through, counting them."},
	{Name: "topk", Form: FormSelect, Operands: [3]Operand{CursorRef, BuilderRef, SrcVector},
		Effect: "Keeps of batch A the rows whose leading sort key C could still enter limited sort B."},
	{Name: "paired", Form: FormSelect, Operands: [3]Operand{CursorRef, SrcVector},
		Effect: "Keeps of batch A, of a checked join, the pairs where B is true, and the row behind the pairs of a left row where none of them was kept."},

	// ---- cursors
	{Name: "open.table", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef}, Cost: CostScan,
		Effect: "Opens cursor A over every record of the access's table in key order."},
	{Name: "open.range", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef, SrcScalarBase}, Cost: CostScan,
		Effect: "Opens cursor A over the records whose keys lie between C (low) and C+1 (high); the access says which ends are open or included."},
	{Name: "open.index", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef, SrcScalarBase}, Cost: CostScan,
		Effect: "Opens cursor A over an index: the access's number of equal leading values from C on, then low and high of the next."},
	{Name: "open.keys", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef, SrcScalar}, Cost: CostKeys,
		Effect: "Opens cursor A over the records whose keys or ids are in list C, each once, in key order; those that do not exist are skipped. With the access's InOrder: in the list's order, repeated as listed."},
	{Name: "open.edges", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef, SrcVector}, Cost: CostExpand,
		Effect: "Opens cursor A over the edges of the vertices in C, in sorted batches: a row for each edge, child of its vertex's row."},
	{Name: "open.items", Form: FormCursor, Operands: [3]Operand{CursorRef, Src},
		Effect: "Opens cursor A over the elements of B (a list, tuple, set or range; none has none, another value is one): column 0 is the element; child of B's row where B is a vector."},
	{Name: "open.fragment", Form: FormCursor, Operands: [3]Operand{CursorRef, FragmentRef, SrcScalarBase}, Cost: CostConst,
		Effect: "Opens cursor A over the rows of fragment B, whose inputs are the scalars from C on."},
	{Name: "open.built", Form: FormCursor, Operands: [3]Operand{CursorRef, BuilderRef}, Cost: CostConst,
		Effect: "Finishes sort or grouping B and opens cursor A over its rows."},
	{Name: "open.queue", Form: FormCursor, Operands: [3]Operand{CursorRef, BuilderRef}, Cost: CostConst,
		Effect: "Opens cursor A, a child of queue B's parent batch, over the rows of queue B, in the order in which they were put into it; rows put in while it is read come too."},
	{Name: "open.degrees", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef}, Cost: CostScan,
		Effect: "Opens cursor A over every vertex that has edges of the access's table in its direction: column 0 is the vertex, column 1 how many."},
	{Name: "next", Form: FormCursor, Operands: [3]Operand{CursorRef, Label},
		Effect: "Brings the next batch of cursor A, with every row selected, or closes it and goes to B at the end."},
	{Name: "column", Form: FormCursor, Operands: [3]Operand{Dst, CursorRef, Count}, Type: ResultDeclared,
		Effect: "A = column C of cursor B's batch; a late column is decoded now, for the selected rows alone."},
	{Name: "gather", Form: FormCursor, Operands: [3]Operand{Dst, SrcVector, CursorRef}, Type: ResultSame,
		Effect: "A = for each row of cursor C's batch the value that B has in its parent row."},
	{Name: "close", Form: FormCursor, Operands: [3]Operand{CursorRef}, Cost: CostConst,
		Effect: "Closes cursor A."},
	{Name: "get", Form: FormCursor, Operands: [3]Operand{DstBase, AccessRef, SrcScalar}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "Reads the record with key or id C: A = whether it exists, A+1, … = the access's columns, or none."},
	{Name: "fill", Form: FormCursor, Operands: [3]Operand{Dst, SrcScalar, CursorRef}, Type: ResultSame,
		Effect: "A = a vector of batch C with the value of B in every row."},
	{Name: "each", Form: FormCursor, Operands: [3]Operand{CursorRef, DstScalar, Label}, Type: ResultDeclared,
		Effect: "B = the next row of cursor A (a row of columns is an object), of batches that it brings as they are needed; at the end B = none, A is closed and it goes to C. A is over items of a scalar, or a fragment."},

	{Name: "open.join", Form: FormCursor, Operands: [3]Operand{CursorRef, BuilderRef, CursorRef}, Cost: CostConst,
		Effect: "Opens cursor A over join B of cursor C, whose fragment's rows begin with the keys, and takes C over: each row of C with the rows of B that have the same keys, or as the join says none of them. The columns are C's behind the keys, then B's behind the keys; of a checked join one more, whether the row is a pair."},
	{Name: "open.apply", Form: FormCursor, Operands: [3]Operand{CursorRef, FragmentRef, SrcBase}, Cost: CostScan,
		Effect: "Opens cursor A over the rows of fragment B for each selected row of the batch of which inputs from C on are vectors: children of that row, which has a row of none where the cursor is outer and there are none."},

	{Name: "open.merge", Form: FormCursor, Operands: [3]Operand{CursorRef, BuilderRef, CursorRef}, Cost: CostConst,
		Effect: "Opens cursor A over join B of cursors C and C+1, whose fragments' rows begin with the keys and ascend by them, and takes both over: the rows are those of open.join, of C with those of C+1 that have the same keys. Rows that do not ascend are an error."},
	{Name: "open.lookup", Form: FormCursor, Operands: [3]Operand{CursorRef, AccessRef, SrcBase}, Cost: CostKeys,
		Effect: "Opens cursor A over the records that an index has for the values that stand from C on in each selected row of the parent's batch, which are the index's leading fields, as many as the access has equal ones: children of that row, in one pass over the index by sorted values. Where the cursor is outer, a row that finds none has one of none."},

	// ---- builders
	{Name: "new", Form: FormBuilder, Operands: [3]Operand{BuilderRef, SrcScalarBase}, Cost: CostConst,
		Effect: "Empties builder A; a limit takes its start and count from B and B+1, a sort its limit from B, a grouping what its aggregates take beside the rows, where the builder says so."},
	{Name: "put", Form: FormBuilder, Operands: [3]Operand{BuilderRef, SrcBase, Mode},
		Effect: "Adds the selected rows of batch C-1 (C=0: one row of scalars) to sort, grouping, set, join, queue or tally A; the columns stand from B on. A queue's rows are of rows of its parent batch, of which C-1 is the batch or a descendant. A tally adds the int in B+1 to what it has for B."},
	{Name: "has", Form: FormBuilder, Operands: [3]Operand{Dst, BuilderRef, SrcBase}, Type: ResultBool,
		Effect: "A = whether the row of the values from C on is in set B."},
	{Name: "weigh", Form: FormBuilder, Operands: [3]Operand{Dst, BuilderRef, Src}, Type: ResultKind, Result: KindInt,
		Effect: "A = what has been added up for C in tally B, 0 for nothing."},
	{Name: "unmatched", Form: FormBuilder, Operands: [3]Operand{Dst, BuilderRef}, Type: ResultKind, Result: KindBool,
		Effect: "A = for each row of queue B's parent batch whether no row that was put into the queue is of it."},
	{Name: "limit.done", Form: FormBuilder, Operands: [3]Operand{BuilderRef, Label}, Cost: CostConst,
		Effect: "Goes to B if limit A lets nothing more through."},

	// ---- results
	{Name: "emit", Form: FormEmit, Operands: [3]Operand{ShapeRef, SrcBase, CursorRef},
		Effect: "Hands the selected rows of batch C to the reader: columns from B on, as shape A names them."},
	{Name: "emit.row", Form: FormEmit, Operands: [3]Operand{ShapeRef, SrcScalarBase}, Cost: CostConst,
		Effect: "Hands one row of scalars from B on to the reader."},
	{Name: "after", Form: FormMove, Operands: [3]Operand{DstBase, ConstRef, SrcScalar}, Type: ResultDeclared, Cost: CostConst,
		Effect: "Takes page token C apart, as constant B says: A = whether it is given (not none), A+1 = how many rows of its position have come, A+2, … = the values of the position."},
	{Name: "behind", Form: FormRow, Operands: [3]Operand{Dst, SrcBase, ConstRef}, Type: ResultBool,
		Effect: "A = whether B is not true, or the values from B+1 on come behind as many values that follow them, in the directions of string constant C (a ascending, d descending; + at the end: or are those)."},
	{Name: "page", Form: FormEmit, Operands: [3]Operand{SrcBase, CursorRef, ConstRef},
		Effect: "Notes for the page token of the result, as constant C says: the limit A, and the values from A+1 on of the last selected row of batch B."},

	// ---- writes; each takes a row of scalars, or a batch
	{Name: "create", Form: FormWrite, Operands: [3]Operand{DstBase, AccessRef, SrcBase}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "Creates a record with key C (none: generated) and object C+1: A = its id, A+1 = the record as stored. One that exists is an error, or with the access's IfNotExists left alone, A+1 being none."},
	{Name: "update", Form: FormWrite, Operands: [3]Operand{DstBase, AccessRef, SrcBase}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "Replaces record C, read as object C+1, by object C+2: A = its id, A+1 = the record as stored. The record need not exist with the access's Upsert."},
	{Name: "delete", Form: FormWrite, Operands: [3]Operand{DstBase, AccessRef, SrcBase}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "Deletes record C, and the edges of a vertex: A = whether it existed."},
	{Name: "relate", Form: FormWrite, Operands: [3]Operand{DstBase, AccessRef, SrcBase}, Type: ResultDeclared, Cost: CostKeys,
		Effect: "Creates an edge with key C (none: generated) from record C+1 to record C+2 with the fields of object C+3: A = its id, A+1 = the edge as stored."},

	// ---- definitions
	{Name: "define", Form: FormDefine, Operands: [3]Operand{DefRef}, Cost: CostConst,
		Effect: "Applies schema change A to the catalog."},
	{Name: "describe", Form: FormDefine, Operands: [3]Operand{DstScalar, DefRef}, Type: ResultKind, Result: KindObject, Cost: CostConst,
		Effect: "A = what definition B says, as an object."},
	{Name: "define.secret", Form: FormDefine, Operands: [3]Operand{DefRef, SrcScalar}, Cost: CostConst,
		Effect: "Applies schema change A, which is of an object, to the catalog, with a hash of the password B as the object's secret."},
}
