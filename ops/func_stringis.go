package ops

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func stringIs() []Func {
	is := func(name, what, example, result string, f func(string) bool) Func {
		return fn("string::is_"+name, []string{"text: string -> bool"}, "Whether the text is "+what+".",
			"string::is_"+name+"("+example+")", result, func(_ *Env, a []Value) (Value, error) { return Bool(f(a[0].AsString())), nil })
	}
	every := func(f func(rune) bool) func(string) bool {
		return func(s string) bool {
			return s != "" && strings.IndexFunc(s, func(r rune) bool { return !f(r) }) < 0
		}
	}
	parses := func(k Kind) func(string) bool {
		return func(s string) bool { _, err := Cast(String(s), TypeOf(k)); return err == nil }
	}
	address := func(ok func(netip.Addr) bool) func(string) bool {
		return func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && ok(a) }
	}
	between := func(most float64) func(string) bool {
		return func(s string) bool {
			f, err := strconv.ParseFloat(s, 64)
			return err == nil && f >= -most && f <= most
		}
	}
	return []Func{
		is("alpha", "one or more letters", `"abc"`, "true", every(unicode.IsLetter)),
		is("alphanum", "one or more letters and digits", `"abc1"`, "true",
			every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })),
		is("ascii", "of ASCII characters only", `"añb"`, "false",
			func(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 }),
		is("numeric", "one or more digits", `"123"`, "true", every(unicode.IsDigit)),
		is("hexadecimal", "one or more hexadecimal digits", `"ff01"`, "true",
			every(func(r rune) bool { return strings.ContainsRune("0123456789abcdefABCDEF", r) })),
		is("int", "an int as ZeroQL casts it", `"12"`, "true", parses(KindInt)),
		is("float", "a float as ZeroQL casts it", `"1.5e3"`, "true", parses(KindFloat)),
		is("datetime", "a time of RFC 3339", `"2026-11-24T10:00:00Z"`, "true", parses(KindTime)),
		is("duration", "a duration", `"1h30m"`, "true", parses(KindDuration)),
		is("uuid", "a uuid", `"018a6680-bef9-701b-9025-e1754f296a0f"`, "true", parses(KindUUID)),
		is("record", "a record id", `"person:alice"`, "true", parses(KindRecord)),
		is("ulid", "a ULID", `"01ARZ3NDEKTSV4RRFFQ69G5FAV"`, "true", func(s string) bool { _, ok := ulidTime(s); return ok }),
		is("ip", "an address of the Internet protocol", `"::1"`, "true", address(func(netip.Addr) bool { return true })),
		is("ipv4", "an address of version 4", `"192.168.0.1"`, "true", address(netip.Addr.Is4)),
		is("ipv6", "an address of version 6", `"192.168.0.1"`, "false", address(netip.Addr.Is6)),
		is("latitude", "a number from -90 to 90", `"51.5"`, "true", between(90)),
		is("longitude", "a number from -180 to 180", `"-200"`, "false", between(180)),
		is("domain", "the name of a domain", `"example.com"`, "true", isDomain),
		is("email", "an e-mail address", `"alice@example.com"`, "true", isEmail),
		is("url", "an absolute address with a scheme and a host", `"https://example.com/a?b=1"`, "true",
			func(s string) bool { u, err := url.Parse(s); return err == nil && u.Scheme != "" && u.Host != "" }),
		is("semver", "a version of the form 1.2.3", `"1.2.3-rc.1"`, "true", semver.MatchString),
	}
}

var (
	semver    = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	domain    = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	emailName = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$")
)

func isDomain(s string) bool { return len(s) <= 253 && domain.MatchString(s) }

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return false
	}
	name := s[:at]
	dots := strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..")
	return !dots && emailName.MatchString(name) && isDomain(s[at+1:])
}

// semverParts are the numbers of a version and what stands behind a hyphen.
func semverParts(a []Value, i int) (numbers [3]int64, pre string, err error) {
	s := a[i].AsString()
	if !semver.MatchString(s) {
		return numbers, "", fault(i, "is no version of the form 1.2.3")
	}
	s, _, _ = strings.Cut(s, "+")
	s, pre, _ = strings.Cut(s, "-")
	for j, part := range strings.Split(s, ".") {
		if numbers[j], err = strconv.ParseInt(part, 10, 64); err != nil {
			return numbers, "", faultOf(CodeNumberOutOfRange, i, "has a number out of range")
		}
	}
	return numbers, pre, nil
}

func stringVersions() []Func {
	part := func(name, doc, result string, i int) Func {
		return fn("string::semver::"+name, []string{"version: string -> int"}, doc, `string::semver::`+name+`("1.2.3-rc.1")`, result,
			func(_ *Env, a []Value) (Value, error) {
				numbers, _, err := semverParts(a, 0)
				return Int(numbers[i]), err
			})
	}
	return []Func{
		part("major", "The first number of a version.", "1", 0),
		part("minor", "The second number of a version.", "2", 1),
		part("patch", "The third number of a version.", "3", 2),
		fn("string::semver::compare", []string{"a: string, b: string -> int"}, "-1, 0 or 1 as the first version is before, the same as or behind the second.",
			`string::semver::compare("1.2.10", "1.2.9")`, "1", func(_ *Env, a []Value) (Value, error) {
				x, xPre, err := semverParts(a, 0)
				if err != nil {
					return None, err
				}
				y, yPre, err := semverParts(a, 1)
				if err != nil {
					return None, err
				}
				if c := slices.Compare(x[:], y[:]); c != 0 {
					return Int(int64(c)), nil
				}
				return Int(int64(comparePre(xPre, yPre))), nil
			}),
	}
}

// comparePre compares what stands behind the hyphens of two versions: nothing comes last, numbers come by value and
// before words.
func comparePre(x, y string) int {
	if x == "" || y == "" {
		return strings.Compare(y, x)
	}
	return slices.CompareFunc(strings.Split(x, "."), strings.Split(y, "."), func(p, q string) int {
		digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
		switch {
		case digits(p) && digits(q):
			if c := cmp.Compare(len(strings.TrimLeft(p, "0")), len(strings.TrimLeft(q, "0"))); c != 0 {
				return c
			}
			return strings.Compare(strings.TrimLeft(p, "0"), strings.TrimLeft(q, "0"))
		case digits(p):
			return -1
		case digits(q):
			return 1
		}
		return strings.Compare(p, q)
	})
}

// maxCompared is the most characters of the texts whose distance is computed: the time grows with their product.
const maxCompared = 1024

func stringLikeness() []Func {
	pair := func(name, result, doc, example, gives string, f func(x, y []rune) Value) Func {
		return fn("string::"+name, []string{"a: string, b: string -> " + result}, doc, example, gives,
			func(_ *Env, a []Value) (Value, error) {
				var texts [2][]rune
				for i := range texts {
					if len(a[i].AsString()) > maxCompared*utf8.UTFMax {
						return None, tooLarge(i, maxCompared, "characters")
					}
					texts[i] = []rune(a[i].AsString())
					if len(texts[i]) > maxCompared {
						return None, tooLarge(i, maxCompared, "characters")
					}
				}
				return f(texts[0], texts[1]), nil
			})
	}
	return []Func{
		pair("distance::levenshtein", "int", "How many characters must be put in, left out or changed to make b of a.",
			`string::distance::levenshtein("kitten", "sitting")`, "3", func(x, y []rune) Value { return Int(int64(levenshtein(x, y, false))) }),
		pair("distance::normalized_levenshtein", "float", "The edits between two texts as a part of the longer one: 0 for equal ones, 1 for those with nothing in common.",
			`string::distance::normalized_levenshtein("abcd", "abxd")`, "0.25", func(x, y []rune) Value {
				return Float(float64(levenshtein(x, y, false)) / float64(max(1, len(x), len(y))))
			}),
		pair("distance::damerau_levenshtein", "int", "As levenshtein, where swapping two neighbours counts as one change.",
			`string::distance::damerau_levenshtein("ab", "ba")`, "1", func(x, y []rune) Value { return Int(int64(levenshtein(x, y, true))) }),
		pair("distance::hamming", "int?", "At how many places two texts of one length differ; none for different lengths.",
			`string::distance::hamming("karolin", "kathrin")`, "3", func(x, y []rune) Value {
				if len(x) != len(y) {
					return None
				}
				n := int64(0)
				for i := range x {
					if x[i] != y[i] {
						n++
					}
				}
				return Int(n)
			}),
		pair("similarity::jaro", "float", "The Jaro similarity, from 0 to 1.", `string::similarity::jaro("abc", "abc")`, "1.0",
			func(x, y []rune) Value { return Float(jaro(x, y)) }),
		pair("similarity::jaro_winkler", "float", "The Jaro-Winkler similarity, from 0 to 1: a common start counts more.",
			`string::similarity::jaro_winkler("abc", "xyz")`, "0.0", func(x, y []rune) Value {
				j, common := jaro(x, y), 0
				for common < min(len(x), len(y), 4) && x[common] == y[common] {
					common++
				}
				return Float(j + float64(common)*0.1*(1-j))
			}),
	}
}

// levenshtein is the distance of two texts, row by row; with swaps it keeps one row more (optimal string alignment).
func levenshtein(x, y []rune, swaps bool) int {
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := last[j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if swaps && i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

func jaro(x, y []rune) float64 {
	if len(x) == 0 && len(y) == 0 {
		return 1
	}
	window := max(max(len(x), len(y))/2-1, 0)
	taken, matches := make([]bool, len(y)), make([]rune, 0, len(x))
	for i, r := range x {
		for j := max(0, i-window); j < min(len(y), i+window+1); j++ {
			if !taken[j] && y[j] == r {
				taken[j] = true
				matches = append(matches, r)
				break
			}
		}
	}
	if len(matches) == 0 {
		return 0
	}
	swapped, k := 0, 0
	for j, r := range y {
		if taken[j] {
			if matches[k] != r {
				swapped++
			}
			k++
		}
	}
	m := float64(len(matches))
	return (m/float64(len(x)) + m/float64(len(y)) + (m-float64(swapped)/2)/m) / 3
}
