package ops_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerodb/zerodb/ops"
)

// The cases of a JSON parser are of three sorts: y must be read, n must be refused with the place of the fault, i are left to the
// parser by RFC 8259, which says what it does here. What is read is written and read again.

func checkJSON(t *testing.T, sort byte, name string, text []byte) {
	t.Helper()
	v, err := ops.ParseJSON(text)
	switch {
	case sort == 'y' && err != nil:
		t.Errorf("%s is refused: %v", name, err)
	case sort == 'n' && err == nil:
		t.Errorf("%s is read as %s", name, ops.Format(v))
	case err != nil && !strings.Contains(err.Error(), " at byte "):
		t.Errorf("%s: the error does not say where: %v", name, err)
	}
	if err != nil {
		return
	}
	again, err := ops.ParseJSON(ops.AppendJSON(nil, v))
	if err != nil || !ops.Equal(v, again) {
		t.Errorf("%s: %s came back as %s, %v", name, ops.Format(v), ops.Format(again), err)
	}
}

var jsonCases = map[byte][]string{
	'y': {
		`[]`, `{}`, ` [ ] `, "\t{\r\n}", `null`, `true`, `false`, `0`, `-0`, `-1`, `10`, `0.5`, `-0.0`, `1e3`, `1E3`, `1e+3`, `1e-3`, `1.5e00`, `0e1`, `""`, `"a"`,
		`"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\u0000"`, `"\u00e9"`, `"\uD834\uDD1E"`, "\"é\"", "\"\u2028\u2029\"", "\"\x7f\"", "\"\U0001F600\"", `[1,2]`, `[1 , 2 ]`,
		`[[[]]]`, `[null]`, `{"a":1}`, `{"":0}`, `{"a":{"b":[{}]}}`, `{"a":1,"a":2}`, `{"\u0061":1}`, `{"a":[],"b":{}}`, `[-9223372036854775808]`, `[18446744073709551615]`,
		`[340282366920938463463374607431768211455]`, `[1.7976931348623157e308]`, `[5e-324]`, `"\uD800"` + "\n",
		"[" + strings.Repeat("[", 150) + strings.Repeat("]", 150) + "]", `[123.456e78]`, `{"a" : 1 , "b":2}`, `["a",1,true,null,{"b":[]}]`, `"/"`, `"a\u0300"`,
	},
	'n': {
		``, ` `, `[`, `]`, `{`, `}`, `[1`, `[1,`, `[,1]`, `[1,]`, `[1,,2]`, `[1 2]`, `[1:2]`, `(1)`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{'a':1}`, `{1:1}`, `{"a" 1}`, `{"a"::1}`,
		`{"a":1 "b":2}`, `{"a":1;"b":2}`, `{,}`, `{"a",1}`, `[1}`, `{"a":1]`, `01`, `-01`, `00`, `1.`, `.5`, `-.5`, `+1`, `--1`, `-`, `1e`, `1e+`, `1.e1`, `0x10`, `1_000`, `1,000`, `NaN`,
		`Infinity`, `-Infinity`, `nul`, `nulll`, `True`, `TRUE`, `tru`, `none`, `undefined`, `"`, `"a`, `a"`, `'a'`, `"\x41"`, `"\a"`, `"\u12"`, `"\u12G4"`, `"\U0041"`, "\"\n\"", "\"\t\"", "\"\x00\"",
		`"\`, `"\u`, `1 2`, `[] []`, `{}{}`, `[1]x`, `null,`, "[1]\x00", "\ufeff[]", "\u00a0[]", `// a`, `[1/*a*/]`, `<a>`, `*`, `[*]`, `["a" "b"]`, `["a",`, "[\"a\x1f\"]", `[\n]`, `\u005b]`, `1e400`, `-1e400`,
		`340282366920938463463374607431768211456`, strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000), strings.Repeat("[", 201) + strings.Repeat("]", 201),
	},
	'i': {
		"\"\xff\"", "[\"\xe0\xff\"]", `"\uDC00\uD800"`, `"\uD800\n"`, `[1e-400]`, `[0.1e-9999]`, `[123456789012345678901234567890]`, `[1.0e+308, 1e308]`, "\"\xed\xa0\x80\"", "\"\xf4\xbf\xbf\xbf\"", "\"\xc0\xaf\"",
	},
}

func TestJSONCases(t *testing.T) {
	for sort, texts := range jsonCases {
		for _, text := range texts {
			name := text
			if len(name) > 40 {
				name = name[:40] + "…"
			}
			checkJSON(t, sort, name, []byte(text))
		}
	}
}

// TestJSONTestSuite runs the files of the suite of that name, in the directory that JSON_TEST_SUITE names: make json-suite.
func TestJSONTestSuite(t *testing.T) {
	dir := os.Getenv("JSON_TEST_SUITE")
	if dir == "" {
		t.Skip("make json-suite fetches it")
	}
	files, err := filepath.Glob(filepath.Join(dir, "test_parsing", "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files in %s, %v", len(files), dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkJSON(t, filepath.Base(file)[0], filepath.Base(file), text)
	}
}
