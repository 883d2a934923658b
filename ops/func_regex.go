package ops

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// regexMemory keeps the expressions that were last given as strings, so that a call for every row compiles each once.
// It holds a few and forgets all of them when it is full: what matters is the one or two that a query repeats.
var regexMemory struct {
	sync.Mutex
	m map[string]*regexp.Regexp
}

const regexRemembered = 64

// regexArg returns argument i, a regular expression or a string that is the source of one.
func regexArg(a []Value, i int) (*regexp.Regexp, error) {
	if a[i].kind == KindRegex {
		return a[i].AsRegex().Compiled, nil
	}
	source := a[i].AsString()
	regexMemory.Lock()
	re := regexMemory.m[source]
	regexMemory.Unlock()
	if re != nil {
		return re, nil
	}
	v, err := NewRegex(source, "")
	if err != nil {
		return nil, fault(i, "is no regular expression: %s", messageOf(err))
	}
	re = v.AsRegex().Compiled
	regexMemory.Lock()
	defer regexMemory.Unlock()
	if regexMemory.m == nil || len(regexMemory.m) >= regexRemembered {
		regexMemory.m = make(map[string]*regexp.Regexp, regexRemembered)
	}
	regexMemory.m[strings.Clone(source)] = re
	return re, nil
}

func messageOf(err error) string {
	if e, ok := err.(*Error); ok { //nolint:errorlint // made here, never wrapped
		return e.Message
	}
	return err.Error()
}

func regexFuncs() []Func {
	both := func(params, result string) []string {
		return []string{"text: string, pattern: regex" + params + " -> " + result, "text: string, pattern: string" + params + " -> " + result}
	}
	return []Func{
		fn("regex::matches", both("", "bool"), "Whether the expression matches somewhere in the text.",
			`regex::matches("order 66", //\d+//)`, "true", func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				return Bool(re.MatchString(a[0].AsString())), nil
			}),
		fn("regex::find", both("", "string?"), "The first part that the expression matches; none if there is none.",
			`regex::find("order 66 of 99", //\d+//)`, `"66"`, func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				s := a[0].AsString()
				at := re.FindStringIndex(s)
				if at == nil {
					return None, nil
				}
				return String(s[at[0]:at[1]]), nil
			}),
		fn("regex::find_all", both("", "[string]"), "All parts that the expression matches, without overlap.",
			`regex::find_all("order 66 of 99", //\d+//)`, `["66", "99"]`, func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				return stringList(re.FindAllString(a[0].AsString(), maxElements+1))
			}),
		fn("regex::captures", both("", "[string]?"), "What the first match and each of its groups match; a group that takes no part is none.",
			`regex::captures("2026-11", //(\d+)-(\d+)//)`, `["2026-11", "2026", "11"]`, regexCaptures),
		fn("regex::replace", both(", by: string", "string"), "The text with every match replaced; $1 or ${name} is a group.",
			`regex::replace("a1b22", //\d+//, "#")`, `"a#b#"`, func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				return replaceRegex(re, a[0].AsString(), a[2].AsString())
			}),
		fn("regex::split", both("", "[string]"), "The parts between the matches.", `regex::split("a1b22c", //\d+//)`, `["a", "b", "c"]`,
			func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				return stringList(re.Split(a[0].AsString(), maxElements+1))
			}),
		fn("regex::escape", []string{"text: string -> string"}, "The expression that matches just the text.", `regex::escape("1+1")`, `"1\\+1"`,
			func(_ *Env, a []Value) (Value, error) { return textOf(regexp.QuoteMeta(a[0].AsString())) }),
	}
}

func regexCaptures(_ *Env, a []Value) (Value, error) {
	re, err := regexArg(a, 1)
	if err != nil {
		return None, err
	}
	s := a[0].AsString()
	at := re.FindStringSubmatchIndex(s)
	if at == nil {
		return None, nil
	}
	vs := make([]Value, len(at)/2)
	for i := range vs {
		if at[2*i] >= 0 {
			vs[i] = String(s[at[2*i]:at[2*i+1]])
		}
	}
	return List(vs), nil
}

// replaceRegex is ReplaceAllString that stops at maxText.
func replaceRegex(re *regexp.Regexp, s, by string) (Value, error) {
	matches := re.FindAllStringSubmatchIndex(s, maxElements+1)
	if len(matches) > maxElements {
		return None, tooLarge(0, maxElements, "replacements")
	}
	var out []byte
	end := 0
	for _, at := range matches {
		out = append(out, s[end:at[0]]...)
		out = re.ExpandString(out, by, s, at)
		end = at[1]
		if len(out) > maxText {
			return None, tooLarge(0, maxText, "bytes")
		}
	}
	return textOf(string(append(out, s[end:]...)))
}

func regexMore() []Func {
	return []Func{
		fn("regex::count", []string{"text: string, pattern: regex -> int"}, "How often the expression matches, without overlap.", "regex::count(\"banana\", //an//)", "2", func(_ *Env, a []Value) (Value, error) {
			return Int(int64(len(a[1].AsRegex().Compiled.FindAllStringIndex(a[0].AsString(), -1)))), nil
		}),
		fn("regex::is_valid", []string{"pattern: string -> bool"}, "Whether a text is a regular expression.", `regex::is_valid("(")`, "false", func(_ *Env, a []Value) (Value, error) {
			_, err := NewRegex(a[0].AsString(), "")
			return Bool(err == nil), nil
		}),
		fn("regex::groups", []string{"text: string, pattern: regex -> object?"}, "The named groups of the first match, as an object.", `regex::groups("k=v", //(?P<key>\w)=(?P<value>\w)//)`, `{ key: "k", value: "v" }`, regexGroups),
	}
}

func regexGroups(_ *Env, a []Value) (Value, error) {
	re := a[1].AsRegex().Compiled
	match := re.FindStringSubmatch(a[0].AsString())
	if match == nil {
		return None, nil
	}
	var ms []Member
	for i, name := range re.SubexpNames() {
		if name != "" && !slices.ContainsFunc(ms, func(m Member) bool { return m.Name == name }) {
			ms = append(ms, Member{name, String(match[i])})
		}
	}
	return Object(ms), nil
}
