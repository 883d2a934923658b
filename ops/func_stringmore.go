package ops

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// stringForms are the ways of writing names, and other forms of a text.
func stringForms() []Func {
	words := func(join string, each func(i int, w string) string) func(string) string {
		return func(s string) string {
			parts := wordsOf(s)
			for i, w := range parts {
				parts[i] = each(i, strings.ToLower(w))
			}
			return strings.Join(parts, join)
		}
	}
	first := func(w string) string {
		r, n := utf8.DecodeRuneInString(w)
		return string(unicode.ToTitle(r)) + w[n:]
	}
	lower := func(_ int, w string) string { return w }
	return []Func{
		string1("snake", "The words of a text or name in small letters with _ between.", `string::snake("someName of it")`, `"some_name_of_it"`, words("_", lower)),
		string1("kebab", "The words of a text or name in small letters with - between.", `string::kebab("someName")`, `"some-name"`, words("-", lower)),
		string1("camel", "The words of a text or name together, each but the first with a capital.", `string::camel("some_name")`, `"someName"`,
			words("", func(i int, w string) string {
				if i == 0 {
					return w
				}
				return first(w)
			})),
		string1("pascal", "The words of a text or name together, each with a capital.", `string::pascal("some_name")`, `"SomeName"`,
			words("", func(_ int, w string) string { return first(w) })),
		string1("normalize", "The text in Unicode's normal form C, in which equal texts have equal characters.", `string::normalize("e\u0301")`, `"é"`, norm.NFC.String),
		string1("unaccent", "The text without accents.", `string::unaccent("Crème Brûlée")`, `"Creme Brulee"`, unaccent),
		string1("html::decode", "The text with HTML's ways of writing characters read.", `string::html::decode("&lt;a &amp; b&gt;")`, `"<a & b>"`, html.UnescapeString),
		fn("string::truncate", []string{"text: string, length: int, end?: string -> string"}, "The text cut to so many characters, the end that shows it (… unless it is said) among them.",
			`string::truncate("How to cook", 6)`, `"How t…"`, stringTruncate),
		fn("string::code_points", []string{"text: string -> [int]"}, "The numbers of the characters.", `string::code_points("aé")`, "[97, 233]", func(_ *Env, a []Value) (Value, error) {
			var vs []Value
			for _, r := range a[0].AsString() {
				vs = append(vs, Int(int64(r)))
			}
			return listOf(vs)
		}),
		fn("string::from_code_points", []string{"numbers: [int] -> string"}, "The text of characters with these numbers.", "string::from_code_points([97, 233])", `"aé"`, func(_ *Env, a []Value) (Value, error) {
			var b strings.Builder
			for _, v := range a[0].AsList() {
				n := Narrowed(v)
				if n.kind != KindInt || n.AsInt() < 0 || n.AsInt() > unicode.MaxRune || !utf8.ValidRune(rune(n.AsInt())) {
					return None, fault(0, "has %s, which is no character's number", shown(v))
				}
				b.WriteRune(rune(n.AsInt()))
			}
			return textOf(b.String())
		}),
	}
}

// wordsOf cuts a text where letters and digits end, and where a capital begins a word.
func wordsOf(s string) (words []string) {
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = word[:0]
		}
	}
	rs := []rune(s)
	for i, r := range rs {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

func unaccent(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

func stringTruncate(_ *Env, a []Value) (Value, error) {
	s, end := a[0].AsString(), stringOr(a, 2, "…")
	most, err := intIn(a, 1, 0, maxText)
	if err != nil {
		return None, err
	}
	if utf8.RuneCountInString(s) <= most {
		return a[0], nil
	}
	keep := most - utf8.RuneCountInString(end)
	if keep < 0 {
		return String(end[:runeOffset(end, most)]), nil
	}
	return textOf(s[:runeOffset(s, keep)] + end)
}

// stringPieces take parts of a text.
func stringPieces() []Func {
	side := func(name, doc, result string, from func(n, count int) (int, int)) Func {
		return fn("string::"+name, []string{"text: string, count: int -> string"}, doc, `string::`+name+`("zerodb", 4)`, result, func(_ *Env, a []Value) (Value, error) {
			count, err := intIn(a, 1, 0, maxText)
			if err != nil {
				return None, err
			}
			s := a[0].AsString()
			i, j := from(utf8.RuneCountInString(s), count)
			return String(s[runeOffset(s, i):runeOffset(s, j)]), nil
		})
	}
	cut := func(name, doc, result string, f func(s, mark string) string) Func {
		return fn("string::"+name, []string{"text: string, mark: string -> string"}, doc, `string::`+name+`("a/b/c", "/")`, result,
			func(_ *Env, a []Value) (Value, error) { return String(f(a[0].AsString(), a[1].AsString())), nil })
	}
	strip := func(name, doc, example, result string, f func(s, part string) string) Func {
		return fn("string::"+name, []string{"text: string, part: string -> string"}, doc, `string::`+name+example, result,
			func(_ *Env, a []Value) (Value, error) { return String(f(a[0].AsString(), a[1].AsString())), nil })
	}
	return []Func{
		side("left", "The first so many characters.", `"zero"`, func(n, count int) (int, int) { return 0, min(n, count) }),
		side("right", "The last so many characters.", `"rodb"`, func(n, count int) (int, int) { return max(0, n-count), n }),
		cut("before", "What stands before the first place of a mark; all of the text without one.", `"a"`, func(s, mark string) string {
			head, _, _ := strings.Cut(s, mark)
			return head
		}),
		cut("after", "What stands behind the first place of a mark; nothing without one.", `"b/c"`, func(s, mark string) string {
			_, tail, _ := strings.Cut(s, mark)
			return tail
		}),
		strip("remove_prefix", "The text without what it begins with, if it does.", `("zerodb", "zero")`, `"db"`, strings.TrimPrefix),
		strip("remove_suffix", "The text without what it ends with, if it does.", `("zerodb", "db")`, `"zero"`, strings.TrimSuffix),
		fn("string::translate", []string{"text: string, from: string, to: string -> string"},
			"The text with each character of the second text replaced by the one at its place in the third, or left out where there is none.",
			`string::translate("a-b_c", "-_", " ")`, `"a bc"`, stringTranslate),
		fn("string::char_at", []string{"text: string, index: int -> string?"}, "The character at an index: DuckDB users look for it; the same as text[index].",
			`string::char_at("zero", -1)`, `"o"`, func(_ *Env, a []Value) (Value, error) { return element(a[0], a[1].AsInt()) }),
	}
}

func stringTranslate(_ *Env, a []Value) (Value, error) {
	to := []rune(a[2].AsString())
	change := map[rune]rune{}
	i := 0
	for _, r := range a[1].AsString() {
		if _, ok := change[r]; !ok {
			change[r] = -1
			if i < len(to) {
				change[r] = to[i]
			}
		}
		i++
	}
	return textOf(strings.Map(func(r rune) rune {
		if c, ok := change[r]; ok {
			return c
		}
		return r
	}, a[0].AsString()))
}

// stringAlike are more measures of likeness.
func stringAlike() []Func {
	return []Func{
		fn("string::similarity::sorensen_dice", []string{"a: string, b: string -> float"}, "How alike two texts are by the pairs of letters that they share, from 0 to 1; space does not count.",
			`string::similarity::sorensen_dice("night", "nacht")`, "0.25", stringDice),
	}
}

func stringDice(_ *Env, a []Value) (Value, error) {
	pairs := func(s string) (ps []string) {
		rs := slices.DeleteFunc([]rune(s), unicode.IsSpace)
		for i := 1; i < len(rs); i++ {
			ps = append(ps, string(rs[i-1:i+1]))
		}
		return ps
	}
	p, q := pairs(a[0].AsString()), pairs(a[1].AsString())
	switch {
	case a[0].AsString() == a[1].AsString():
		return Float(1), nil
	case len(p) == 0 || len(q) == 0:
		return Float(0), nil
	}
	count := make(map[string]int, len(p))
	for _, x := range p {
		count[x]++
	}
	shared := 0
	for _, x := range q {
		if count[x] > 0 {
			count[x]--
			shared++
		}
	}
	return Float(2 * float64(shared) / float64(len(p)+len(q))), nil
}

// stringVersionSteps make versions of versions.
func stringVersionSteps() []Func {
	var fs []Func
	for i, name := range []string{"major", "minor", "patch"} {
		next := [3]string{`"2.0.0"`, `"1.3.0"`, `"1.2.4"`}[i]
		set := [3]string{`"9.2.3"`, `"1.9.3"`, `"1.2.9"`}[i]
		fs = append(fs,
			fn("string::semver::inc::"+name, []string{"version: string -> string"}, "The next "+name+" version.", `string::semver::inc::`+name+`("1.2.3")`, next,
				func(_ *Env, a []Value) (Value, error) {
					numbers, _, err := semverParts(a, 0)
					if err != nil {
						return None, err
					}
					if numbers[i]++; numbers[i] < 0 {
						return None, overflow()
					}
					clear(numbers[i+1:])
					return semverOf(numbers), nil
				}),
			fn("string::semver::set::"+name, []string{"version: string, number: int -> string"}, "The version with another "+name+" number.", `string::semver::set::`+name+`("1.2.3", 9)`, set,
				func(_ *Env, a []Value) (Value, error) {
					numbers, _, err := semverParts(a, 0)
					if err == nil && a[1].AsInt() < 0 {
						err = fault(1, "must not be negative")
					}
					numbers[i] = a[1].AsInt()
					return semverOf(numbers), err
				}))
	}
	return fs
}

func semverOf(numbers [3]int64) Value {
	var b []byte
	for i, n := range numbers {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return String(string(b))
}
