package vm

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"github.com/zerodb/zerodb/ops"
)

// Pages. A result that LIMIT has cut can be continued behind its last row: the machine notes the values that order the rows, and
// makes a token of those of the last one. `after` takes a token apart again. The token names the statement and the
// definitions it was made under, and has a checksum. It is not signed: what it can say is only where in the statement's own result to
// go on, so a forged one gives its maker nothing that the statement without it would not.

// pageFormat is how a statement pages: the constant of `after` and `page`.
type pageFormat struct {
	print string // of the statement
	keys  int    // how many values are a position
	whole bool   // rows of one position are one row; else they are counted
}

// PageFormat makes the constant that `after` and `page` take: the statement's fingerprint, how many values order its rows, and
// whether they tell every two rows apart.
func PageFormat(print []byte, keys int, whole bool) ops.Value {
	return ops.List([]ops.Value{ops.String(hex.EncodeToString(print)), ops.Int(int64(keys)), ops.Bool(whole)})
}

const maxPageKeys = 256

// pageFormatOf takes the constant apart; ok is false for what is not one.
func pageFormatOf(v ops.Value) (f pageFormat, ok bool) {
	if v.Kind() != ops.KindList || len(v.AsList()) != 3 {
		return f, false
	}
	parts := v.AsList()
	if parts[0].Kind() != ops.KindString || parts[1].Kind() != ops.KindInt || parts[2].Kind() != ops.KindBool {
		return f, false
	}
	f = pageFormat{parts[0].AsString(), int(parts[1].AsInt()), parts[2].AsBool()}
	return f, f.keys >= 0 && f.keys <= maxPageKeys && int64(f.keys) == parts[1].AsInt()
}

// position is where a page ends.
type position struct {
	keys []ops.Value // of its last row
	ties int64       // how many rows of those values came, up to it; only counted where they do not tell rows apart
}

// paging is what a run notes of the rows that it emits.
type paging struct {
	on     bool
	format pageFormat
	limit  int64 // -1: without
	rows   int64
	end    position
}

const tokenVersion = 1

// Page returns the token that the result can be continued with; "" where it was not cut by a LIMIT, or has come to its end. It is
// known when the last row was made.
func (r *Rows) Page() string {
	p := &r.page
	if !p.on || p.limit < 0 || p.rows < p.limit || p.rows == 0 {
		return ""
	}
	b := appendUint([]byte{tokenVersion}, uint64(p.end.ties))
	for _, v := range p.end.keys {
		b = appendValue(b, v)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, r.seal(p.format.print, b)...))
}

// sealSize is how many bytes of a token say of which statement it is, and how many are its checksum.
const sealSize = 12

// seal is what stands behind a token's content: of what statement and definitions it is, and a checksum of all.
func (r *Rows) seal(print string, content []byte) []byte {
	c := r.txn.Catalog()
	of := appendText(appendText(appendText(nil, c.Namespace()), c.Database()), print)
	for i := range r.linked.Program.Tables {
		t := &r.linked.Program.Tables[i]
		of = append(appendText(of, t.Name), t.Print[:]...)
	}
	statement := sha256.Sum256(of)
	sum := sha256.Sum256(append(slices.Clip(content), statement[:sealSize]...))
	return append(append(make([]byte, 0, 2*sealSize), statement[:sealSize]...), sum[:sealSize]...)
}

func badPage(format string, args ...any) error {
	return ops.Errorf(ops.CodePage, format, args...).WithHint("begin again without AFTER, or give none for the first page")
}

// openPage takes a token apart.
func (r *Rows) openPage(f pageFormat, v ops.Value) (p position, err error) {
	if v.Kind() != ops.KindString {
		return p, badPage("a page token is a string, not %s", article(v.Kind()))
	}
	b, err := base64.RawURLEncoding.DecodeString(v.AsString())
	if err != nil || len(b) < 1+2*sealSize {
		return p, badPage("what was given to AFTER is no page token")
	}
	content, seal := b[:len(b)-2*sealSize], b[len(b)-2*sealSize:]
	sum := sha256.Sum256(append(slices.Clip(content), seal[:sealSize]...))
	if !slices.Equal(sum[:sealSize], seal[sealSize:]) || content[0] != tokenVersion {
		return p, badPage("the page token is damaged")
	}
	if want := r.seal(f.print, content); !slices.Equal(want[:sealSize], seal[:sealSize]) {
		return p, ops.Errorf(ops.CodeOtherPage, "the page token is of another statement, or of other definitions").
			WithHint("only LIMIT, START and parameters may differ from the statement that gave it")
	}
	d := decoder{src: content[1:]}
	ties := d.uint()
	for range f.keys {
		p.keys = append(p.keys, d.value(0))
	}
	if d.err != nil || len(d.src) > 0 || ties > 1<<62 {
		return p, badPage("the page token is damaged")
	}
	p.ties = int64(ties)
	return p, nil
}

// doAfter reads a page token into registers.
func doAfter(fr *frame, in *Instr) signal {
	f, _ := pageFormatOf(fr.run.linked.Program.Consts[in.B])
	dst := fr.scalars[int(in.A) : int(in.A)+2+f.keys]
	clear(dst)
	dst[0], dst[1] = ops.Bool(false), ops.Int(0)
	v := fr.scalars[in.C]
	if v.IsNone() {
		return goOn
	}
	p, err := fr.run.openPage(f, v)
	if err != nil {
		return fr.fail(err)
	}
	dst[0], dst[1] = ops.Bool(true), ops.Int(p.ties)
	copy(dst[2:], p.keys)
	fr.run.page.end = p
	return goOn
}

// directions says how the values of a position are compared: a letter for each, and + where rows at the position itself count.
func directions(v ops.Value) (keys string, inclusive, ok bool) {
	if v.Kind() != ops.KindString {
		return "", false, false
	}
	keys = v.AsString()
	if n := len(keys); n > 0 && keys[n-1] == '+' {
		keys, inclusive = keys[:n-1], true
	}
	for i := range len(keys) {
		if keys[i] != 'a' && keys[i] != 'd' {
			return "", false, false
		}
	}
	return keys, inclusive, len(keys) <= maxPageKeys
}

// doBehind tells the rows behind a position.
func doBehind(fr *frame, in *Instr) signal {
	keys, inclusive, _ := directions(fr.run.linked.Program.Consts[in.C])
	given := fr.scalars[in.B].IsTrue()
	first, bounds := in.B+1, fr.scalars[int(in.B)+1+len(keys):]
	behind := func(row int) bool {
		for k := range len(keys) {
			if c := ops.Compare(fr.at(first+uint16(k), row), bounds[k]); c != 0 {
				return c > 0 == (keys[k] == 'a')
			}
		}
		return inclusive
	}
	if !fr.isVector(in.A) {
		fr.scalars[in.A] = ops.Bool(!given || behind(0))
		return goOn
	}
	cs, dst := fr.batchOf(in.A), fr.target(in.A)
	dst.Reset(ops.KindBool, cs.n)
	for i := range selectedRows(cs.sel, cs.n) {
		dst.Bools[i] = !given || behind(i)
	}
	dst.Mask(cs.sel)
	fr.settle(in.A, dst)
	return goOn
}

// doPage notes the values that order the rows which are emitted next.
func doPage(fr *frame, in *Instr) signal {
	p := &fr.run.page
	p.on = true
	p.format, _ = pageFormatOf(fr.run.linked.Program.Consts[in.C])
	limit, err := bound(fr.scalars[in.A], -1)
	if err != nil {
		return fr.fail(err)
	}
	p.limit = limit
	cs := &fr.cursors[in.B]
	n := cs.selected()
	if n == 0 {
		return goOn
	}
	p.rows += int64(n)
	at := func(j, k int) ops.Value {
		if cs.sel != nil {
			j = int(cs.sel[j])
		}
		return fr.at(in.A+1+uint16(k), j)
	}
	same := func(j int, keys []ops.Value) bool {
		for k, v := range keys {
			if !ops.Equal(at(j, k), v) {
				return false
			}
		}
		return true
	}
	last := make([]ops.Value, p.format.keys)
	for k := range last {
		last[k] = cloneValue(at(n-1, k))
	}
	ties := int64(0)
	if !p.format.whole {
		for ties < int64(n) && same(n-1-int(ties), last) {
			ties++
		}
		if ties == int64(n) && len(p.end.keys) == len(last) && slices.EqualFunc(p.end.keys, last, ops.Equal) {
			ties += p.end.ties
		}
	}
	p.end = position{last, ties}
	return goOn
}
