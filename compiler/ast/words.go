package ast

import (
	"strings"
	"unicode"
)

// keywords are the words of the language, with the short forms it takes for them. Set to true are those that begin a
// statement or an operand, or modify what follows: as a name they always stand in backticks when printed. The others are
// names wherever an operand stands.
var keywords = wordTable(map[bool]string{
	true: `select create update upsert delete relate if for while let return live kill set explain begin commit cancel break continue info
		analyze alter define redefine remove describe use not fold exists exist distinct true false none then do else end
		value all any to on at by no and or is as table`,
	false: `omit from where with index indices indexes group order asc desc start limit values content in transaction namespace ns
		database db edge type enum param function module mod fields assert readonly unique strict schemafull schemaless variants
		consistency strong eventual replicas partition record geo contains match having join left union intersect except
		after version since user password roles role grant key public programs program signed registered language`,
})

func wordTable(lists map[bool]string) map[string]bool {
	words := make(map[string]bool)
	for quoted, list := range lists {
		for _, w := range strings.Fields(list) {
			words[w] = quoted
		}
	}
	return words
}

// IsKeyword reports whether a word is one of the language's, in whatever case.
func IsKeyword(word string) bool {
	_, ok := keywords[strings.ToLower(word)]
	return ok
}

// isReserved reports whether a word is never a name without backticks where an operand stands.
func isReserved(word string) bool {
	switch strings.ToLower(word) {
	case "true", "false", "none", "not", "then", "do", "else", "end":
		return true
	}
	return false
}

// isIdentifier reports whether a name can stand without backticks as far as its letters go.
func isIdentifier(name string) bool {
	for i, r := range name {
		switch {
		case r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
		case i > 0 && '0' <= r && r <= '9':
		case r < 0x80 || r == 'µ' || r == 'μ': // the micro sign belongs to durations
			return false
		case unicode.IsLetter(r), i > 0 && (unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Nd, r)):
		default:
			return false
		}
	}
	return name != ""
}
