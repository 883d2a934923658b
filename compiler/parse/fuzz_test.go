package parse

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zerodb/zerodb/compiler/ast"
)

// workOf parses a text and returns what was done for it.
func workOf(tb testing.TB, src string) (*ast.Script, int, Work) {
	tb.Helper()
	p := newParser()
	script, errs := p.script(src)
	return script, len(errs), p.work
}

// bound is how much work a text may take: so many steps for each byte and some to begin with. The corpus needs 34.
func bound(src string) int { return 40*len(src) + 500 }

func checkParse(t *testing.T, src string) {
	script, errs, work := workOf(t, src)
	if got, most := work.Total(), bound(src); got > most {
		t.Errorf("%d steps for %d bytes, more than %d: %+v\n%.300q", got, len(src), most, work, src)
	}
	if errs > 0 {
		return
	}
	printed := ast.Print(script)
	again, more := Parse(printed)
	if len(more) > 0 {
		t.Fatalf("the printed text is refused: %v\n%.300q\n%.300q", more[0], src, printed)
	}
	if !ast.Equal(script, again) {
		t.Fatalf("the printed text is another tree:\n%.300q\n%.300q\n%.300q", src, printed, ast.Print(again))
	}
}

// FuzzParse: whatever comes in, there is a tree or there are errors, in linear time; and the tree prints to a text of the
// same tree.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"accepted", "rejected"} {
		for _, src := range corpus(f, dir) {
			f.Add(src)
		}
	}
	for _, h := range hostile {
		f.Add(h.shape(50))
	}
	f.Fuzz(checkParse)
}

// hostile are shapes that have been quadratic, deep or ambiguous in one parser or another.
var hostile = []struct {
	name  string
	shape func(n int) string
}{
	{"open brackets", repeated("", "(", "")},
	{"brackets", around("RETURN ", "(", "1", ")")},
	{"lists", around("RETURN ", "[", "1", "]")},
	{"objects", around("RETURN ", "{ a: ", "1", " }")},
	{"key lists", around("RETURN ", "a:[", "1", "]..2")},
	{"NOT", repeated("RETURN ", "NOT ", "a")},
	{"minus", repeated("RETURN ", "- ", "a")},
	{"power", repeated("RETURN a", " ** a", "")},
	{"plus", repeated("RETURN a", " + a", "")},
	{"or", repeated("RETURN a", " OR a", "")},
	{"members", repeated("RETURN a", ".b", "")},
	{"calls", repeated("RETURN f", "(1)", "")},
	{"hops", repeated("RETURN a", " -> b -> c", "")},
	{"edges", repeated("RETURN a -> b", " OR c", " -> d")},
	{"unions", repeated("SELECT a FROM b", " UNION SELECT a FROM b", "")},
	{"subqueries", around("", "SELECT * FROM (", "SELECT 1", ")")},
	{"ifs", around("", "IF a THEN ", "1", " END")},
	{"open ifs", repeated("", "IF a THEN ", "")},
	{"else ifs", repeated("IF a THEN 1", " ELSE IF b THEN 2", " END")},
	{"items", repeated("RETURN [1", ", 1", "]")},
	{"statements", repeated("", "SELECT * FROM a\n", "")},
	{"faulty statements", repeated("", "SELECT FROM a b\n", "")},
	{"line ends", repeated("SELECT *", "\n", "FROM a")},
	{"line ends in words", repeated("", "order\n\n", "")},
	{"semicolons", repeated("", ";", "")},
	{"comments", repeated("", "-- a\n", "")},
	{"optional types", repeated("LET $x TYPE int", "?", " = 1")},
	{"types", around("LET $x TYPE ", "[", "int", "] ")},
	{"explains", repeated("", "EXPLAIN ", "a")},
	{"unclosed strings", repeated("", "\"a\n", "")},
	{"unclosed regular expressions", repeated("", "//a\n", "")},
	{"slashes", repeated("", "//", "")},
	{"backslashes", repeated("", "\\ ", "")},
	{"unclosed modules", repeated("", "DEFINE MODULE m LANGUAGE javascript WITH\n", "")},
	{"ends", repeated("", "END ", "")},
	{"digits", repeated("RETURN ", "1", "")},
	{"not in a name", repeated("RETURN ", "é ", "")},
	{"joins", repeated("SELECT * FROM a", " JOIN b ON c", "")},
	{"assignments", repeated("UPDATE a SET a = 1", ", b = 2", "")},
	{"members of one name", repeated("RETURN { a: 1", ", a: 1", " }")},
	{"aliases in brackets", around("RETURN ", "(", "a AS b", " AS c)")},
}

func repeated(before, part, after string) func(int) string {
	return func(n int) string { return before + strings.Repeat(part, n) + after }
}

func around(before, open, middle, close string) func(int) string {
	return func(n int) string { return before + strings.Repeat(open, n) + middle + strings.Repeat(close, n) }
}

// TestLinear: hostile shapes of any size take work in proportion to their length.
func TestLinear(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			for _, n := range []int{1, 150, 5000} {
				checkParse(t, h.shape(n))
			}
		})
	}
}

// TestTokenSoup parses random sequences of tokens, most of them nonsense.
func TestTokenSoup(t *testing.T) {
	var tokens []string
	for _, src := range corpus(t, "accepted") {
		for _, tok := range newLexer().run(&text{s: src}) {
			if tok.end > tok.start {
				tokens = append(tokens, tok.text())
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range random.IntN(30) {
			b.WriteString(tokens[random.IntN(len(tokens))])
			if random.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		checkParse(t, b.String())
	}
}
