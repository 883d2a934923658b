package ops

import (
	"regexp"
	"strings"
)

// MaxRegex is the longest regular expression in bytes: compiling one takes time and memory in proportion.
const MaxRegex = 16 << 10

// NewRegex compiles a regular expression of RE2 syntax with flags of g, i, m, s, u and x, each at most once. g and u
// are how it always matches; x lets it be laid out with spaces and comments.
func NewRegex(source, flags string) (Value, error) {
	for i, flag := range flags {
		if !strings.ContainsRune("gimsux", flag) || strings.ContainsRune(flags[i+1:], flag) {
			return None, Errorf(CodeBadLiteral, "flags of a regular expression are g, i, m, s, u and x, each once")
		}
	}
	if len(source) > MaxRegex {
		return None, Errorf(CodeTooLarge, "a regular expression of more than %d KiB", MaxRegex>>10)
	}
	compiled, err := regexp.Compile(goRegex(source, flags))
	if err != nil {
		return None, Errorf(CodeBadLiteral, "malformed regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return RegexOf(&Regex{Source: source, Flags: flags, Compiled: compiled}), nil
}

// goRegex writes an expression with its flags as package regexp takes it.
func goRegex(source, flags string) string {
	taken := ""
	for _, flag := range flags {
		switch flag {
		case 'i', 'm', 's':
			taken += string(flag)
		case 'x':
			source = withoutLayout(source)
		}
	}
	if taken == "" {
		return source
	}
	return "(?" + taken + ")" + source
}

// withoutLayout takes out spaces, line ends and `#` comments, but for those that are escaped or in a class.
func withoutLayout(s string) string {
	var out strings.Builder
	inClass, inComment := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case inComment:
			inComment = c != '\n'
			continue
		case c == '\\' && i+1 < len(s):
			out.WriteByte(c)
			i++
			c = s[i]
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case strings.IndexByte(" \t\r\n", c) >= 0:
			continue
		case c == '#':
			inComment = true
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}
