// ZeroQL: the tokens.
//
// The lexer never fails: what it cannot read becomes OPEN_STRING, OPEN_REGEX, OPEN_QUOTED or BAD, and compiler/parse says
// what is wrong with it. It sees a seven-bit alphabet (compiler/parse/text.go): a character above 127 is shown as its class,
// U+0001 for a letter, U+0002 for a digit or mark, U+0003 for a space, U+0004 for the micro sign, U+0005 for anything else,
// U+0010 and above for the operators × ÷ ≤ ≥ ≠ ∋ ∌ ⊇ ⊃ ⊅. So every edge of ANTLR's lexer automaton can be cached.
lexer grammar ZeroQLLexer;
options { caseInsensitive = true; }

// Made by the token filter of compiler/parse out of the tokens below, never by the lexer itself.
tokens {
  SEP,                                                                   // `;`, or a line end that ends a statement
  REC_COLON, REC_RANGE, REC_RANGE_EQ, REC_OPEN,                          // in a record id: `:`, `..`, `..=`, a `..` with nothing behind it
  IS_NOT, NOT_IN, NOT_CONTAINS, NOT_MATCH,                               // two words, one operator
  CONTAINS_ALL, CONTAINS_ANY, CONTAINS_NONE,
  ELSE_IF, IF_NOT_EXISTS, IF_EXISTS, EXPLAIN_ANALYZE,
  ARG_NAME,                                                              // `name` before `=`, first in an argument of a call
  WILD,                                                                  // `*` where an operand is wanted and no arrow follows
  WITH_BODY, RAW                                                         // the WITH of a module, and a body in another language
}

// ---- keywords: contextual, compiler/parse/words.go says where each may be a name
SELECT : 'SELECT' ;
OMIT : 'OMIT' ;
FROM : 'FROM' ;
WHERE : 'WHERE' ;
WITH : 'WITH' ;
NO : 'NO' ;
INDEX : 'INDEX' | 'INDICES' | 'INDEXES' ;
INFO : 'INFO' ;
GROUP : 'GROUP' ;
BY : 'BY' ;
ORDER : 'ORDER' ;
ASC : 'ASC' ;
DESC : 'DESC' ;
START : 'START' ;
AT : 'AT' ;
LIMIT : 'LIMIT' ;
TO : 'TO' ;
FOLD : 'FOLD' ;
CREATE : 'CREATE' ;
UPDATE : 'UPDATE' ;
UPSERT : 'UPSERT' ;
DELETE : 'DELETE' ;
RELATE : 'RELATE' ;
SET : 'SET' ;
VALUES : 'VALUES' ;
CONTENT : 'CONTENT' ;
RETURN : 'RETURN' ;
IF : 'IF' ;
NOT : 'NOT' ;
EXISTS : 'EXISTS' | 'EXIST' ;
THEN : 'THEN' ;
ELSE : 'ELSE' ;
END : 'END' ;
FOR : 'FOR' ;
IN : 'IN' ;
DO : 'DO' ;
WHILE : 'WHILE' ;
BREAK : 'BREAK' ;
CONTINUE : 'CONTINUE' ;
LET : 'LET' ;
BEGIN : 'BEGIN' ;
TRANSACTION : 'TRANSACTION' ;
COMMIT : 'COMMIT' ;
CANCEL : 'CANCEL' ;
EXPLAIN : 'EXPLAIN' ;
ANALYZE : 'ANALYZE' ;
LIVE : 'LIVE' ;
DEFINE : 'DEFINE' ;
REDEFINE : 'REDEFINE' ;
REMOVE : 'REMOVE' ;
DESCRIBE : 'DESCRIBE' ;
USE : 'USE' ;
NAMESPACE : 'NAMESPACE' | 'NS' ;
DATABASE : 'DATABASE' | 'DB' ;
TABLE : 'TABLE' ;
EDGE : 'EDGE' ;
TYPE : 'TYPE' ;
ENUM : 'ENUM' ;
K_PARAM : 'PARAM' ;
FUNCTION : 'FUNCTION' ;
MODULE : 'MODULE' | 'MOD' ;
ON : 'ON' ;
FIELDS : 'FIELDS' ;
VALUE : 'VALUE' ;
ASSERT : 'ASSERT' ;
READONLY : 'READONLY' ;
UNIQUE : 'UNIQUE' ;
STRICT : 'STRICT' ;
SCHEMAFULL : 'SCHEMAFULL' ;
SCHEMALESS : 'SCHEMALESS' ;
VARIANTS : 'VARIANTS' ;
CONSISTENCY : 'CONSISTENCY' ;
STRONG : 'STRONG' ;
EVENTUAL : 'EVENTUAL' ;
REPLICAS : 'REPLICAS' ;
PARTITION : 'PARTITION' ;
RECORD : 'RECORD' ;
GEO : 'GEO' ;
AND : 'AND' ;
OR : 'OR' ;
IS : 'IS' ;
CONTAINS : 'CONTAINS' ;
ALL : 'ALL' ;
ANY : 'ANY' ;
NONE : 'NONE' ;
MATCH : 'MATCH' ;
AS : 'AS' ;
TRUE : 'TRUE' ;
FALSE : 'FALSE' ;
HAVING : 'HAVING' ;
JOIN : 'JOIN' ;
LEFT : 'LEFT' ;
UNION : 'UNION' ;
INTERSECT : 'INTERSECT' ;
EXCEPT : 'EXCEPT' ;
DISTINCT : 'DISTINCT' ;
AFTER : 'AFTER' ;
VERSION : 'VERSION' ;
SINCE : 'SINCE' ;
KILL : 'KILL' ;
ALTER : 'ALTER' ;
USER : 'USER' ;
PASSWORD : 'PASSWORD' ;
ROLES : 'ROLES' ;
ROLE : 'ROLE' ;
GRANT : 'GRANT' ;
KEY : 'KEY' ;
PUBLIC : 'PUBLIC' ;
PROGRAMS : 'PROGRAMS' ;
PROGRAM : 'PROGRAM' ;
SIGNED : 'SIGNED' ;
REGISTERED : 'REGISTERED' ;
LANGUAGE : 'LANGUAGE' ;

// ---- what is not said to the parser; a line end is, the filter decides
WS      : [ \t\f\u0003]+ -> skip ;
COMMENT : '--' ~[\r\n]* -> channel(HIDDEN) ;
CONT    : '\\' [ \t]* ('--' ~[\r\n]*)? '\r'? '\n' -> skip ;
NL      : '\r'? '\n' ;

// ---- literals
UUID      : H8 '-' H4 '-' H4 '-' H4 '-' H8 H4 ;
FLOAT     : [0-9] [0-9_]* '.' [0-9] [0-9_]* ([e] [+\-]? [0-9]+)?
          | '.' [0-9] [0-9_]* ([e] [+\-]? [0-9]+)?
          | [0-9] [0-9_]* [e] [+\-] [0-9]+ ;
EXPINT    : [0-9] [0-9_]* [e] [0-9]+ ;                    // 1e9: a float, or a word in a record key
HEX       options { caseInsensitive = false; } : '0x' [0-9a-fA-F_]+ ;
BIN       options { caseInsensitive = false; } : '0b' [01_]+ ;
OCT       options { caseInsensitive = false; } : '0o' [0-7_]+ ;
DURATION  options { caseInsensitive = false; } : ([0-9]+ ('ns' | 'us' | '\u0004s' | 'ms' | 's' | 'm' | 'h' | 'd' | 'w'))+ ;
INT       : [0-9] [0-9_]* ;
DIGITWORD : [0-9] IDCONT+ ;                               // 01J9ZK…: only a record key
BYTES     options { caseInsensitive = false; } : 'b' ('"' DOUBLE* '"' | '\'' SINGLE* '\'') ;
TIME      options { caseInsensitive = false; } : 't' ('"' DOUBLE* '"' | '\'' SINGLE* '\'') ;
DECIMAL   options { caseInsensitive = false; } : 'd' ('"' DOUBLE* '"' | '\'' SINGLE* '\'') ;
UUIDTEXT  options { caseInsensitive = false; } : 'u' ('"' DOUBLE* '"' | '\'' SINGLE* '\'') ;
STRING    : '"' DOUBLE* '"' | '\'' SINGLE* '\'' ;
OPEN_STRING : '"' DOUBLE* | '\'' SINGLE* ;
REGEX     : '//' INREGEX* '//' [a-z]* ;
OPEN_REGEX : '//' INREGEX* ;
VAR       : '$' IDSTART IDCONT* ;
QUOTED    : '`' ~[`\r\n]+ '`' ;
OPEN_QUOTED : '`' ~[`\r\n]* ;
IDENT     : IDSTART IDCONT* ;

// ---- signs
ARROW_BOTH : '<->' ;
ARROW_OUT2 : '->>' ;
ARROW_IN2 : '<<-' ;
ARROW_OUT : '->' ;
ARROW_IN : '<-' ;
COLON2 : '::' ;
COLON : ':' ;
RANGE_EQ : '..=' ;
RANGE : '..' ;
SAFE_DOT : '?.' ;
ELVIS : '?:' ;
DOT : '.' ;
QUESTION : '?' ;
ADD_ASSIGN : '+=' ;
SUB_ASSIGN : '-=' ;
MUL_ASSIGN : '*=' ;
DIV_ASSIGN : '/=' ;
MOD_ASSIGN : '%=' ;
POW : '**' ;
STAR : '*' ;
TIMES : '\u0010' ;
DIV : '/' | '\u0011' ;
MOD : '%' ;
PLUS : '+' ;
MINUS : '-' ;
SHL : '<<' ;
SHR : '>>' ;
LE : '<=' | '\u0012' ;
GE : '>=' | '\u0013' ;
SIMILAR : '<>' ;
LT : '<' ;
GT : '>' ;
EQEQ : '==' ;
NEQ : '!=' | '\u0014' ;
NOT_TILDE : '!~' ;
TILDE : '~' ;
EQ : '=' ;
BANG : '!' ;
OROR : '||' ;
ANDAND : '&&' ;
PIPE : '|' ;
AMP : '&' ;
CARET : '^' ;
HAS : '\u0015' ;             // ∋
HAS_NOT : '\u0016' ;         // ∌
HAS_ALL : '\u0017' ;         // ⊇
HAS_ANY : '\u0018' ;         // ⊃
HAS_NONE : '\u0019' ;        // ⊅
LPAREN : '(' ;
RPAREN : ')' ;
LBRACK : '[' ;
RBRACK : ']' ;
LBRACE : '{' ;
RBRACE : '}' ;
COMMA : ',' ;
SEMI : ';' ;
BAD : . ;

fragment H4 : HEXDIGIT HEXDIGIT HEXDIGIT HEXDIGIT ;
fragment H8 : H4 H4 ;
fragment HEXDIGIT : [0-9a-f] ;
fragment DOUBLE : ~["\\\r\n] | '\\' ~[\r\n] ;
fragment SINGLE : ~['\\\r\n] | '\\' ~[\r\n] ;
fragment INREGEX : ~[/\\\r\n] | '\\' ~[\r\n] | '/' ~[/\\\r\n] | '/\\' ~[\r\n] ;
fragment IDSTART : [a-z_\u0001] ;
fragment IDCONT : [a-z0-9_\u0001\u0002] ;
