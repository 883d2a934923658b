package parse

import "github.com/antlr4-go/antlr/v4"

// class says what a keyword does to what follows it and where it may stand. ZeroQL's keywords are contextual: the filter
// decides by these classes, word for word, which of them are names.
type class uint16

const (
	takesOperand   class = 1 << iota // an operand follows: a name or an expression
	isComplete                       // the phrase is complete with this word, as with an operand
	takesStatement                   // a statement may follow
	opensOperand                     // may begin an operand: NOT, FOLD, IF, SELECT …
	isLiteral                        // TRUE, FALSE, NONE
	isInfix                          // a binary operator
	opensStatement                   // begins a statement
	continuesLine                    // first on a line, goes on with the line before
	takesWord                        // the word that follows stays a keyword: kinds after DEFINE, BY after ORDER
	inDefinition                     // a keyword only in DEFINE, REDEFINE, REMOVE, DESCRIBE, ALTER and USE
)

// wordClasses is the table of the keywords. A word in several rows has all their classes.
var wordClasses = []struct {
	class class
	words []int32
}{
	{opensStatement | opensOperand | takesOperand, []int32{tSelect, tCreate, tUpdate, tUpsert, tDelete, tRelate, tIf}},
	{opensStatement | takesOperand, []int32{tFor, tWhile, tLet, tReturn, tLive, tKill}},
	{opensStatement | takesOperand | continuesLine, []int32{tSet}},
	{opensStatement | takesStatement, []int32{tExplain}},
	{opensStatement | isComplete | takesWord, []int32{tBegin, tCommit, tCancel}},
	{opensStatement | isComplete, []int32{tBreak, tContinue, tInfo}},
	{opensStatement | takesWord, []int32{tAnalyze, tAlter, tDefine, tRedefine, tRemove, tDescribe, tUse}},

	{takesOperand | continuesLine, []int32{tFrom, tWhere, tOmit, tValues, tOn, tContent, tType, tHaving, tJoin, tUnion, tIntersect, tExcept,
		tAfter, tVersion, tSince}},
	{takesOperand | continuesLine | inDefinition, []int32{tFields, tVariants, tValue, tAssert, tReplicas, tPassword, tRoles, tGrant, tPublic, tLanguage}},
	{takesOperand | takesWord | continuesLine, []int32{tStart, tLimit, tWith}},
	{takesOperand, []int32{tBy, tAt, tTo, tAll, tAny}},
	{takesOperand | inDefinition, []int32{tNamespace, tDatabase, tTable, tEdge, tEnum, tParam, tFunction, tModule, tIndex, tRecord,
		tUser, tRole, tKey, tProgram}},

	{takesWord | continuesLine, []int32{tGroup, tOrder, tLeft}},
	{takesWord | continuesLine | inDefinition, []int32{tPartition, tConsistency, tPrograms}},
	{takesWord, []int32{tNo}},

	{isComplete | continuesLine, []int32{tAsc, tDesc, tEnd}},
	{isComplete | continuesLine | inDefinition, []int32{tReadonly, tUnique, tSchemafull, tSchemaless, tStrict, tGeo}},
	{isComplete | inDefinition, []int32{tStrong, tEventual, tSigned, tRegistered}},
	{isComplete, []int32{tTransaction}},

	{takesStatement | continuesLine, []int32{tThen, tDo, tElse}},
	{isInfix | takesOperand | continuesLine, []int32{tAnd, tOr, tIs, tIn, tContains, tMatch, tAs}},
	{opensOperand | takesOperand, []int32{tNot, tFold, tExists, tDistinct}},
	{isLiteral | opensOperand | isComplete, []int32{tTrue, tFalse, tNone}},
}

var classes = func() (table [tBad + 1]class) {
	for _, row := range wordClasses {
		for _, w := range row.words {
			table[w] |= row.class
		}
	}
	return table
}()

// is reports whether a keyword is of one of the classes.
func is(kind int32, c class) bool { return kind > 0 && classes[kind]&c != 0 }

func isKeyword(kind int32) bool { return kind >= tSelect && kind <= tLanguage }

// kindSet is a set of kinds of tokens.
type kindSet [tBad + 1]bool

func setOf(groups ...[]int32) (s kindSet) {
	for _, kinds := range groups {
		for _, k := range kinds {
			s[k] = true
		}
	}
	return s
}

// has reports whether the set holds a kind; EOF, which has a negative number, is in none.
func (s *kindSet) has(kind int32) bool { return kind > 0 && s[kind] }

var (
	literals = []int32{tInt, tHex, tBin, tOct, tFloat, tExpInt, tDuration, tString, tBytes, tTime, tDecimal, tUUIDText, tRegex, tUUID}
	names    = []int32{tIdent, tQuoted}
	arrows   = []int32{tArrowOut, tArrowIn, tArrowOut2, tArrowIn2, tArrowBoth}
	assigns  = []int32{tAddAssign, tSubAssign, tMulAssign, tDivAssign, tModAssign}
	brackets = []int32{tLParen, tLBrack, tLBrace}
	// binarySigns stand between two operands and nowhere else.
	binarySigns = []int32{tPow, tTimes, tDiv, tMod, tShl, tShr, tLe, tGe, tSimilar, tLt, tGt, tEqEq, tNeq, tNotTilde, tEq, tOrOr, tAndAnd,
		tPipe, tAmp, tCaret, tHas, tHasNot, tHasAll, tHasAny, tHasNone, tElvis}
	// kinds are what a definition defines.
	kinds = []int32{tNamespace, tDatabase, tTable, tEdge, tType, tEnum, tParam, tIndex, tFunction, tModule, tUser, tRole, tKey, tLimit, tProgram}
)

var (
	arrowSet   = setOf(arrows)
	kindsSet   = setOf(kinds)
	bracketSet = setOf(brackets)

	// operandStarts begin an operand. Keywords among them may be names as well.
	operandStarts = setOf(literals, names, brackets, []int32{tVar, tTrue, tFalse, tNone, tNot, tBang, tSelect, tIf, tFold, tExists})
	// operandEnds end one.
	operandEnds = setOf(literals, names, []int32{tVar, tDigitWord, tRParen, tRBrack, tRBrace, tQuestion, tWild, tRaw})
	// lineLeads are the signs that, first on a line, can only go on with the line before.
	lineLeads = setOf(binarySigns, arrows, assigns, []int32{tComma, tColon2, tRecColon, tRange, tRangeEq, tSafeDot, tDot,
		tRParen, tRBrack, tRBrace})
	// numbers that `<-` may touch without being an arrow: `a<-1`.
	numberSet = setOf([]int32{tInt, tFloat, tHex, tBin, tOct, tExpInt, tDuration})
	// nameFollowers are what stands behind a name but not behind a prefix word.
	nameFollowers = setOf(assigns, []int32{tComma, tRParen, tRBrack, tRBrace, tDot, tSafeDot, tEq, tEqEq, tNeq, tSemi, tLt, tGt, tLe, tGe,
		tArrowOut, tArrowIn, tArrowOut2, tPlus, tDiv, tMod, tFrom, tAs, tAnd, tOr, tIs, tAsc, tDesc, tWhere, tType, tElvis, tColon, tRange})
	// returnFollowers could stand behind a table called return; RETURN alone, or of what they begin, is likelier.
	returnFollowers = setOf(arrows, []int32{tSemi, tPlus, tRange, tRangeEq})
	// phraseFollowers are the words and the line end that follow a complete operand.
	phraseFollowers = setOf([]int32{tFrom, tWhere, tSet, tGroup, tOrder, tThen, tDo, tEnd, tElse, tLimit, tStart, tAnd, tOr, tIs, tIn, tAs,
		tContains, tMatch, tNL, tHaving, tJoin, tOn, tUnion, tIntersect, tExcept, tAssert})
	// ambiguousLeads begin the next clause, or a statement about a table of that name: what follows decides.
	ambiguousLeads = setOf([]int32{tGroup, tOrder, tStart, tLimit, tHaving, tJoin, tUnion, tIntersect, tExcept, tAfter, tVersion, tSince,
		tValues, tContent, tOmit, tType})
	setOperators = setOf(setWords)
)

func isArrow(kind int32) bool { return arrowSet.has(kind) }

func isWord(kind int32) bool { return kind == tIdent || kind == tQuoted || isKeyword(kind) }

// endsName reports whether a prefix word before a token of this kind is a name and not the word.
func endsName(kind int32) bool { return kind == antlr.TokenEOF || nameFollowers.has(kind) }
