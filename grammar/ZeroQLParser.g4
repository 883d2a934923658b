// ZeroQL: statements and expressions.
//
// A token filter (compiler/parse/filter.go) runs before this grammar. It has turned keywords into IDENT where they are names,
// made one token of IS NOT, NOT IN, CONTAINS ALL, ELSE IF, IF NOT EXISTS and EXPLAIN ANALYZE, made SEP of `;` and of every
// line end that ends a statement, told the colon and range of a record id from the others, `*` the wildcard (WILD) from `*`
// times, and marked the names of named arguments (ARG_NAME). That is why one token of look-ahead decides nearly everything
// here and why no sentence is ambiguous; both are tested.
//
// Where a rule accepts more than the language (a clause said twice, `a < b < c`), compiler/parse/build.go refuses it with
// a message of its own.
parser grammar ZeroQLParser;

options {
  tokenVocab = ZeroQLLexer;
  superClass = guard.Parser;
}

@header {
import "github.com/zerodb/zerodb/compiler/parse/guard"
}

script : block EOF ;

// One statement: compiler/parse cuts a text at its top-level separators, so a fault in one statement hides none in another.
unit : statement EOF ;

// A single expression: what a stored ASSERT or DEFAULT holds.
loneExpr : expr EOF ;

block : statement? (SEP statement?)* ;

statement
  : defineStmt
  | redefineStmt
  | removeStmt
  | alterStmt
  | useStmt
  | infoStmt
  | query
  | letStmt
  | setStmt
  | forStmt
  | whileStmt
  | jumpStmt
  | returnStmt
  | transactionStmt
  | explainStmt
  | liveStmt
  | killStmt
  | analyzeStmt
  | rowsStmt
  ;

// ---------------------------------------------------------------- definitions

defineStmt : DEFINE definition ;

// After the name come the clauses, in any order.
definition
  : NAMESPACE IF_NOT_EXISTS? name namespaceClause*
  | DATABASE IF_NOT_EXISTS? name databaseClause*
  | TABLE IF_NOT_EXISTS? name tableClause*
  | EDGE IF_NOT_EXISTS? name edgeClause*
  | TYPE IF_NOT_EXISTS? name typeClause*
  | ENUM IF_NOT_EXISTS? name enumClause*
  | K_PARAM IF_NOT_EXISTS? paramName paramClause*
  | INDEX IF_NOT_EXISTS? name indexClause*
  | FUNCTION IF_NOT_EXISTS? path LPAREN (param (COMMA param)* COMMA?)? RPAREN functionClause*
  | MODULE IF_NOT_EXISTS? name moduleClause*
  | USER IF_NOT_EXISTS? name userClause*
  | ROLE IF_NOT_EXISTS? name roleClause*
  | KEY IF_NOT_EXISTS? name keyClause*
  | LIMIT limitClause+
  | PROGRAM IF_NOT_EXISTS? path programClause*
  ;

namespaceClause
  : CONSISTENCY (STRONG | EVENTUAL)
  | REPLICAS expr
  | PARTITION BY? (DATABASE | TABLE | RECORD)
  | GEO
  | PROGRAMS (ANY | SIGNED | REGISTERED)
  | IF_NOT_EXISTS
  ;

databaseClause : onClause | STRICT | IF_NOT_EXISTS ;

tableClause : onClause | SCHEMAFULL | SCHEMALESS | fieldsClause | AS viewBody | IF_NOT_EXISTS ;

edgeClause : onClause | SCHEMAFULL | SCHEMALESS | fieldsClause | FROM name TO name | IF_NOT_EXISTS ;

typeClause : onClause | fieldsClause | IF_NOT_EXISTS ;

enumClause : onClause | VARIANTS name (COMMA name)* | IF_NOT_EXISTS ;

paramClause : onClause | TYPE type | VALUE expr | IF_NOT_EXISTS ;

indexClause : onClause | FIELDS fieldName (COMMA fieldName)* | UNIQUE | WITH expr | IF_NOT_EXISTS ;

functionClause : onClause | TYPE type | DO block END | IF_NOT_EXISTS ;

moduleClause : onClause | LANGUAGE name | WITH_BODY (RAW | block) END | IF_NOT_EXISTS ;

userClause : onClause | PASSWORD expr | ROLES name (COMMA name)* | IF_NOT_EXISTS ;

roleClause : onClause | GRANT name (COMMA name)* ON grantItem (COMMA grantItem)* | IF_NOT_EXISTS ;

// A bare field goes on with the FIELDS of the item before it.
grantItem : (NAMESPACE name | DATABASE name | TABLE name (FIELDS fieldName)? | fieldName) (WHERE condition)? ;

keyClause : onClause | PUBLIC expr | IF_NOT_EXISTS ;

limitClause : onClause | setting (COMMA setting)* | IF_NOT_EXISTS ;

// Not `expr`: behind an open range the next setting's name would be in doubt.
setting : name EQ e ;

programClause : onClause | AS expr | IF_NOT_EXISTS ;

onClause : ON (NAMESPACE | DATABASE | TABLE)? name ;

viewBody : selectStmt | paren setTail* ;

fieldsClause : FIELDS fieldDef (COMMA fieldDef)* ;

fieldDef : fieldName fieldClause* ;

fieldName : name (DOT (name | WILD) | LBRACK WILD RBRACK)* ;

fieldClause : TYPE type | VALUE expr | ASSERT expr | READONLY | UNIQUE ;

param : paramName (TYPE type)? (EQ expr)? ;

paramName : VAR | name ;

// AS before FIELDS names the table, AS after it a field.
redefineStmt
  : REDEFINE (TABLE | EDGE | TYPE) IF_EXISTS? name (AS name | redefineClause)*
    (FIELDS redefineField (COMMA redefineField)* redefineClause*)?
  ;

redefineClause : SCHEMAFULL | SCHEMALESS | onClause | IF_EXISTS ;

redefineField : fieldName (AS name | fieldClause)* ;

removeStmt : (REMOVE | DESCRIBE) removeTarget (onClause | IF_EXISTS)* ;

removeTarget
  : (NAMESPACE | DATABASE | TABLE | EDGE | TYPE | ENUM | MODULE | INDEX | USER | ROLE | KEY) IF_EXISTS? name
  | K_PARAM IF_EXISTS? paramName
  | (FUNCTION | PROGRAM) IF_EXISTS? path
  | LIMIT
  ;

alterStmt : ALTER USER IF_EXISTS? name alterClause* ;

alterClause : onClause | PASSWORD expr | ROLES name (COMMA name)* | IF_EXISTS ;

useStmt : USE useTarget+ ;

useTarget : (NAMESPACE | DATABASE) name ;

infoStmt : INFO (FOR (NAMESPACE name? | DATABASE name? | TABLE name))? ;

type : simpleType QUESTION* ;

simpleType
  : path (LBRACK type (COMMA type)* COMMA? RBRACK)?
  | LBRACK type INT? RBRACK
  | LPAREN type (COMMA type)* COMMA? RPAREN
  ;

// ---------------------------------------------------------------- records

query : selectStmt | createStmt | updateStmt | deleteStmt | relateStmt ;

createStmt : CREATE expr (setClause | contentClause | returnClause | IF_NOT_EXISTS)* ;

updateStmt : (UPDATE | UPSERT) expr (setClause | contentClause | whereClause | returnClause)* ;

deleteStmt : DELETE expr (whereClause | returnClause)* ;

relateStmt : RELATE expr (setClause | contentClause | whereClause | returnClause | IF_NOT_EXISTS)* ;

whereClause : WHERE condition ;

// `WHERE *` is every record, said on purpose.
condition : expr | WILD ;

contentClause : CONTENT expr ;

setClause
  : SET ( assignment (COMMA assignment)*
        | object
        | LPAREN fieldName (COMMA fieldName)* COMMA? RPAREN VALUES tupleRow (COMMA tupleRow)* )
  ;

tupleRow : LPAREN expr (COMMA expr)* COMMA? RPAREN ;

assignment : target assignOp expr ;

target : name (DOT name | LBRACK (WILD | expr) RBRACK)* ;

assignOp : EQ | EQEQ | IS | ADD_ASSIGN | SUB_ASSIGN | MUL_ASSIGN | DIV_ASSIGN | MOD_ASSIGN ;

// NONE, BEFORE and AFTER, alone, are told apart by the AST builder: each is an expression too.
returnClause : RETURN selectItem (COMMA selectItem)* ;

// ---------------------------------------------------------------- SELECT

selectStmt : selectCore setTail* ;

// Flat: that INTERSECT binds tighter is for the AST builder, as is that a last ORDER BY or LIMIT is the whole's.
setTail : (UNION | INTERSECT | EXCEPT) ALL? (selectCore | expr pageClause*) ;

selectCore
  : SELECT DISTINCT? (VALUE aliased | selectItem (COMMA selectItem)*) omitClause? fromClause? selectClause*
  ;

selectItem : WILD | aliased ;

aliased : expr (AS name)? ;

omitClause : OMIT fieldName (COMMA fieldName)* ;

fromClause : FROM source (COMMA source)* ;

source : sourceItem join* ;

sourceItem : (WILD | expr) (AS name)? ;

join : LEFT? JOIN sourceItem ON expr ;

selectClause
  : whereClause
  | WITH (NO INDEX (name (COMMA name)*)? | INDEX name (COMMA name)*)
  | GROUP BY? expr (COMMA expr)*
  | HAVING expr
  | pageClause
  ;

pageClause
  : ORDER BY? orderItem (COMMA orderItem)*
  | START AT? expr
  | LIMIT TO? expr
  | AFTER expr
  | VERSION expr
  ;

orderItem : expr (ASC | DESC)? ;

// ---------------------------------------------------------------- programs

letStmt : LET VAR (TYPE type)? (EQ | EQEQ | IS) rows ;

setStmt : SET VAR (DOT name | LBRACK (WILD | expr) RBRACK)* assignOp rows ;

// Where a bare query may stand without brackets.
rows : query | expr setTail* ;

// A bare source: SELECT * FROM it.
rowsStmt : expr setTail* | WILD ;

forStmt : FOR VAR IN rows DO block END ;

whileStmt : WHILE expr DO block END ;

jumpStmt : BREAK | CONTINUE ;

returnStmt : RETURN (query | expr (setTail+ | AS name)?)? ;

transactionStmt : (BEGIN | COMMIT | CANCEL) TRANSACTION? ;

explainStmt : (EXPLAIN | EXPLAIN_ANALYZE) statement ;

liveStmt : LIVE selectStmt (SINCE expr)? ;

killStmt : KILL expr ;

analyzeStmt : ANALYZE TABLE name onClause? ;

ifExpr : IF expr THEN block (ELSE_IF expr THEN block)* (ELSE block)? END ;

// ---------------------------------------------------------------- expressions

// A range is looser than every operator and does not nest.
expr : e ((RANGE | RANGE_EQ) e?)? | (RANGE | RANGE_EQ) e? ;

// The order of the alternatives is the precedence table, tightest first.
e
  : primary
  | e LPAREN args? RPAREN
  | e LBRACK (WILD | expr) RBRACK
  | e (DOT | SAFE_DOT) (name | WILD | STAR)
  | e hop
  | <assoc = right> e POW e
  | (BANG | PLUS | MINUS | TILDE) e
  | e (STAR | TIMES | DIV | MOD) e
  | e (PLUS | MINUS) e
  | e (SHL | SHR) e
  | e AMP e
  | e CARET e
  | e PIPE e
  | e (TILDE | MATCH | NOT_TILDE | NOT_MATCH | SIMILAR) e
  | e ( LT | GT | LE | GE | IN | NOT_IN
      | CONTAINS | NOT_CONTAINS | CONTAINS_ALL | CONTAINS_ANY | CONTAINS_NONE
      | HAS | HAS_NOT | HAS_ALL | HAS_ANY | HAS_NONE ) e
  | e (EQ | EQEQ | NEQ | IS | IS_NOT) e
  | NOT e
  | e (AND | ANDAND) e
  | e (OR | OROR | ELVIS) e
  ;

primary
  : name (recordKey | (COLON2 name)+)?
  | literal
  | VAR
  | list
  | object
  | paren
  | STAR hop
  | hop
  | FOLD path LPAREN args? RPAREN
  | EXISTS paren
  | ifExpr
  ;

args : arg (COMMA arg)* COMMA? ;

// DISTINCT and WHERE are for folds.
arg : ARG_NAME EQ expr | (WILD | DISTINCT? expr) (WHERE expr)? ;

// One step of a pattern: an arrow, the edges, an arrow, the vertex.
hop : arrow edges arrow vertex ;

arrow : ARROW_OUT | ARROW_IN | ARROW_BOTH | ARROW_OUT2 | ARROW_IN2 ;

edges : edgeAnd ((OR | OROR | PIPE) edgeAnd)* ;

edgeAnd : edgeTerm ((AND | ANDAND | AMP) edgeTerm)* ;

edgeTerm
  : (NOT | BANG) edgeTerm
  | (name recordKey? | WILD | STAR | LPAREN edges (AS name)? (WHERE expr)? RPAREN) hops? QUESTION?
  ;

hops : LBRACK expr RBRACK ;

vertex : name recordKey? | STAR | WILD | VAR | list | paren ;

// `:alice`, `:1..=99`, `:..9`, `:5..`; REC_OPEN closes a range that has no end.
recordKey
  : REC_COLON (key ((REC_RANGE | REC_RANGE_EQ) key | REC_OPEN)? | (REC_RANGE | REC_RANGE_EQ) key | REC_OPEN)
  ;

key
  : name
  | MINUS? INT
  | HEX | BIN | OCT | EXPINT | DIGITWORD | DURATION
  | STRING | UUID | UUIDTEXT
  | VAR
  | STAR
  | WILD
  | list
  | paren
  ;

literal
  : INT | HEX | BIN | OCT | FLOAT | EXPINT
  | STRING | BYTES | TIME | DURATION | DECIMAL | UUID | UUIDTEXT | REGEX
  | TRUE | FALSE | NONE
  ;

list : LBRACK (expr (COMMA expr)* COMMA?)? RBRACK ;

object : LBRACE (pair (COMMA pair)* COMMA?)? RBRACE ;

pair : (name | STRING | INT) COLON expr ;

// A subquery, a bracketed expression, a tuple or a part of a pattern: the AST builder tells them apart. Factored to the
// left by hand, else all of `expr` would have to be looked through to choose.
paren
  : LPAREN ( query
           | expr (setTail+ | itemTail (COMMA parenItem?)*)
           | WILD itemTail (COMMA parenItem?)*
           | /* the empty tuple */ ) RPAREN
  ;

parenItem : (WILD | expr) itemTail ;

itemTail : (AS name)? (WHERE expr)? ;

path : name (COLON2 name)* ;

name : IDENT | QUOTED ;
