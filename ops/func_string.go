package ops

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Strings are counted and cut by characters, that is Unicode code points. Indexes start at 0 and count from the end
// where they are negative.

func stringFuncs() []Func {
	return slices.Concat(stringCases(), stringParts(), stringSearch(), stringBuilding(), stringIs(), stringVersions(), stringLikeness())
}

// string1 makes a function of one string that gives one.
func string1(name, doc, example, result string, f func(string) string) Func {
	return fn("string::"+name, []string{"text: string -> string"}, doc, example, result,
		func(_ *Env, a []Value) (Value, error) { return textOf(f(a[0].AsString())) })
}

// textOf makes a string of a size that is allowed.
func textOf(s string) (Value, error) {
	if len(s) > maxText {
		return None, tooLarge(0, maxText, "bytes")
	}
	return String(s), nil
}

func stringCases() []Func {
	return []Func{
		string1("upper", "The text in capital letters.", `string::upper("straße")`, `"STRASSE"`, upper),
		string1("uppercase", "The text in capital letters: SurrealQL's name for upper.", `string::uppercase("abc")`, `"ABC"`, upper),
		string1("lower", "The text in small letters.", `string::lower("ABC")`, `"abc"`, strings.ToLower),
		string1("lowercase", "The text in small letters: SurrealQL's name for lower.", `string::lowercase("ABC")`, `"abc"`, strings.ToLower),
		string1("capitalize", "The text with the first letter of each word as a capital.", `string::capitalize("how to cook")`, `"How To Cook"`, capitalize),
		string1("slug", "The text as small letters and digits with - between: for addresses.", `string::slug("Hello, World! 2")`, `"hello-world-2"`, slug),
		string1("html::encode", "The text with what HTML reads as marks written out.", `string::html::encode("<a & b>")`, `"&lt;a &amp; b&gt;"`, html.EscapeString),
		string1("reverse", "The characters from the last to the first.", `string::reverse("añb")`, `"bña"`, reverseText),
	}
}

// upper knows the one letter that package strings cannot turn into one capital.
func upper(s string) string {
	return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS"))
}

func capitalize(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		if start {
			r = unicode.ToTitle(r)
		}
		start = unicode.IsSpace(r)
		return r
	}, s)
}

func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case r != '\'':
			gap = true
		}
	}
	return b.String()
}

func reverseText(s string) string {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, n := utf8.DecodeLastRuneInString(s)
		b = append(b, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
	return string(b)
}

func stringParts() []Func {
	trims := func(name, doc, example, result string, white func(string) string, set func(string, string) string) Func {
		return fn("string::"+name, []string{"text: string, characters?: string -> string"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) {
				if len(a) == 1 {
					return String(white(a[0].AsString())), nil
				}
				return String(set(a[0].AsString(), a[1].AsString())), nil
			})
	}
	left := func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }
	right := func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }
	return []Func{
		trims("trim", "The text without the spaces, or the characters given, at both ends.", `string::trim("  a b ")`, `"a b"`, strings.TrimSpace, strings.Trim),
		trims("trim_start", "As trim, at the start.", `string::trim_start("xxaxx", "x")`, `"axx"`, left, strings.TrimLeft),
		trims("trim_end", "As trim, at the end.", `string::trim_end("a  ")`, `"a"`, right, strings.TrimRight),
		fn("string::len", []string{"text: string -> int"}, "The number of characters (code points).", `string::len("añb")`, "3",
			func(_ *Env, a []Value) (Value, error) {
				return Int(int64(utf8.RuneCountInString(a[0].AsString()))), nil
			}),
		fn("string::bytes_len", []string{"text: string -> int"}, "The number of bytes in UTF-8.", `string::bytes_len("añb")`, "4",
			func(_ *Env, a []Value) (Value, error) { return Int(int64(len(a[0].AsString()))), nil }),
		fn("string::is_empty", []string{"text: string -> bool"}, "Whether there is no character.", `string::is_empty("")`, "true",
			func(_ *Env, a []Value) (Value, error) { return Bool(a[0].AsString() == ""), nil }),
		fn("string::slice", []string{"text: string, from: int, count?: int -> string"},
			"The characters from an index on, so many or all; a negative count leaves that many off the end.",
			`string::slice("database", 4, 3)`, `"bas"`, stringSlice),
		fn("string::at", []string{"text: string, index: int -> string?"}, "The character at an index; none if there is none.",
			`string::at("añb", -2)`, `"ñ"`, func(_ *Env, a []Value) (Value, error) {
				s := a[0].AsString()
				at, ok := indexIn(a[1].AsInt(), utf8.RuneCountInString(s))
				if !ok {
					return None, nil
				}
				from := charOffset(s, at)
				return String(s[from : from+charOffset(s[from:], 1)]), nil
			}),
		fn("string::chars", []string{"text: string -> [string]"}, "The characters as a list.", `string::chars("añb")`, `["a", "ñ", "b"]`,
			func(_ *Env, a []Value) (Value, error) {
				s := a[0].AsString()
				if utf8.RuneCountInString(s) > maxElements {
					return None, tooLarge(0, maxElements, "elements")
				}
				return stringsOf(strings.Split(s, "")), nil
			}),
		fn("string::words", []string{"text: string -> [string]"}, "The parts between spaces.", `string::words(" a  few words ")`, `["a", "few", "words"]`,
			func(_ *Env, a []Value) (Value, error) { return stringList(strings.Fields(a[0].AsString())) }),
		fn("string::lines", []string{"text: string -> [string]"}, "The lines, without their ends.", `string::lines("a\r\nb\n")`, `["a", "b"]`,
			func(_ *Env, a []Value) (Value, error) {
				var lines []string
				for line := range strings.Lines(a[0].AsString()) {
					lines = append(lines, strings.TrimRight(line, "\r\n"))
				}
				return stringList(lines)
			}),
		fn("string::split", []string{"text: string, by: string -> [string]"}, "The parts between the separators; by an empty one, the characters.",
			`string::split("a, b, c", ", ")`, `["a", "b", "c"]`, func(_ *Env, a []Value) (Value, error) {
				s, by := a[0].AsString(), a[1].AsString()
				if strings.Count(s, by) > maxElements {
					return None, tooLarge(0, maxElements, "elements")
				}
				return stringList(strings.Split(s, by))
			}),
	}
}

func stringList(ss []string) (Value, error) {
	if len(ss) > maxElements {
		return None, tooLarge(0, maxElements, "elements")
	}
	return stringsOf(ss), nil
}

// charOffset returns where in s the character n starts, n being at most their number.
func charOffset(s string, n int) int {
	if n <= 0 {
		return 0
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func stringSlice(_ *Env, a []Value) (Value, error) {
	s := a[0].AsString()
	n := utf8.RuneCountInString(s)
	from, to := position(a[1].AsInt(), n), n
	if len(a) > 2 {
		if count := a[2].AsInt(); count < 0 {
			to = position(count, n)
		} else {
			to = from + int(min(count, int64(n-from)))
		}
	}
	if to <= from {
		return String(""), nil
	}
	start := charOffset(s, from)
	return String(s[start : start+charOffset(s[start:], to-from)]), nil
}

func stringSearch() []Func {
	test := func(name, doc, example, result string, f func(s, part string) bool) Func {
		return fn("string::"+name, []string{"text: string, part: string -> bool"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) { return Bool(f(a[0].AsString(), a[1].AsString())), nil })
	}
	index := func(name, doc, example, result string, f func(s, part string) int) Func {
		return fn("string::"+name, []string{"text: string, part: string -> int?"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) {
				s := a[0].AsString()
				at := f(s, a[1].AsString())
				if at < 0 {
					return None, nil
				}
				return Int(int64(utf8.RuneCountInString(s[:at]))), nil
			})
	}
	return []Func{
		test("contains", "Whether the part occurs in the text.", `string::contains("abcd", "bc")`, "true", strings.Contains),
		test("starts_with", "Whether the text starts with the part.", `string::starts_with("abcd", "ab")`, "true", strings.HasPrefix),
		test("ends_with", "Whether the text ends with the part.", `string::ends_with("abcd", "cd")`, "true", strings.HasSuffix),
		index("index_of", "The index of the first place of the part; none if there is none.", `string::index_of("ñabab", "ab")`, "1", strings.Index),
		index("last_index_of", "The index of the last place of the part; none if there is none.", `string::last_index_of("ñabab", "ab")`, "3", strings.LastIndex),
		fn("string::count", []string{"text: string, part: string -> int"}, "How often the part occurs, without overlap.",
			`string::count("banana", "an")`, "2", func(_ *Env, a []Value) (Value, error) {
				if a[1].AsString() == "" {
					return None, fault(1, "must not be empty")
				}
				return Int(int64(strings.Count(a[0].AsString(), a[1].AsString()))), nil
			}),
		fn("string::matches", []string{"text: string, pattern: regex -> bool", "text: string, pattern: string -> bool"},
			"Whether the regular expression matches somewhere in the text.", `string::matches("cabin", //^c.b//)`, "true",
			func(_ *Env, a []Value) (Value, error) {
				re, err := regexArg(a, 1)
				if err != nil {
					return None, err
				}
				return Bool(re.MatchString(a[0].AsString())), nil
			}),
		fn("string::replace", []string{"text: string, what: string, by: string -> string", "text: string, what: regex, by: string -> string"},
			"The text with every place of a part, or of what a regular expression matches, replaced; there $1 or ${name} is a group.",
			`string::replace("a-b-c", "-", "+")`, `"a+b+c"`, stringReplace),
	}
}

func stringReplace(_ *Env, a []Value) (Value, error) {
	s, by := a[0].AsString(), a[2].AsString()
	if a[1].kind == KindRegex {
		return replaceRegex(a[1].AsRegex().Compiled, s, by)
	}
	what := a[1].AsString()
	if n := strings.Count(s, what); n > 0 && len(s)+n*(len(by)-len(what)) > maxText {
		return None, tooLarge(2, maxText, "bytes")
	}
	return textOf(strings.ReplaceAll(s, what, by))
}

func stringBuilding() []Func {
	pad := func(name, doc, example, result string, end bool) Func {
		return fn("string::"+name, []string{"text: string, length: int, with?: string -> string"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) { return padded(a, end) })
	}
	return []Func{
		fn("string::repeat", []string{"text: string, times: int -> string"}, "The text so many times.", `string::repeat("ab", 3)`, `"ababab"`,
			func(_ *Env, a []Value) (Value, error) {
				s, n := a[0].AsString(), a[1].AsInt()
				if n < 0 {
					return None, fault(1, "must not be negative")
				}
				if len(s) > 0 && n > int64(maxText/len(s)) {
					return None, tooLarge(1, maxText, "bytes")
				}
				return String(strings.Repeat(s, int(min(n, maxText)))), nil
			}),
		fn("string::concat", []string{"parts?...: any -> string"}, "The parts as one text; what is no string as it is printed, none as nothing.",
			`string::concat("a", 1, true)`, `"a1true"`, func(_ *Env, a []Value) (Value, error) { return joined(a, "") }),
		fn("string::join", []string{"by: string, parts?...: any -> string"}, "The parts as one text with a separator between; a list counts as its elements.",
			`string::join("-", "a", ["b", 3])`, `"a-b-3"`, func(_ *Env, a []Value) (Value, error) {
				var parts []Value
				for _, v := range a[1:] {
					if sequenceKind(v.kind) {
						parts = append(parts, v.AsList()...)
					} else {
						parts = append(parts, v)
					}
				}
				return joined(parts, a[0].AsString())
			}),
		pad("pad_start", "The text with a character (or text; a space if left out) put before it until it has a length.", `string::pad_start("7", 3, "0")`, `"007"`, false),
		pad("pad_end", "As pad_start, but behind the text.", `string::pad_end("ab", 4, ".")`, `"ab.."`, true),
	}
}

// plainText is a value as functions that make text of anything print it: a string without quotes, none as nothing.
func plainText(v Value) string {
	switch v.kind {
	case KindNone:
		return ""
	case KindString:
		return v.AsString()
	}
	if s, err := Cast(v, TypeOf(KindString)); err == nil {
		return s.AsString()
	}
	return Format(v)
}

func joined(vs []Value, by string) (Value, error) {
	var b strings.Builder
	for i, v := range vs {
		if i > 0 {
			b.WriteString(by)
		}
		b.WriteString(plainText(v))
		if b.Len() > maxText {
			return None, tooLarge(-1, maxText, "bytes")
		}
	}
	return String(b.String()), nil
}

func padded(a []Value, end bool) (Value, error) {
	s, with := a[0].AsString(), stringOr(a, 2, " ")
	length, err := intIn(a, 1, 0, maxText/utf8.UTFMax)
	if err != nil {
		return None, tooLarge(1, maxText/utf8.UTFMax, "characters")
	}
	missing := length - utf8.RuneCountInString(s)
	if missing <= 0 {
		return a[0], nil
	}
	if with == "" {
		return None, fault(2, "must not be empty")
	}
	unit := utf8.RuneCountInString(with)
	fill := strings.Repeat(with, missing/unit) + with[:charOffset(with, missing%unit)]
	if end {
		return String(s + fill), nil
	}
	return String(fill + s), nil
}
