package vm

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/zerodb/zerodb/ops"
)

// Profile counts what each instruction of a run does, for EXPLAIN ANALYZE.
type Profile struct {
	linked    *Linked
	fragments [][]Counter
}

// Counter is what one instruction did.
type Counter struct {
	Runs  int64         // how often it was executed; for an instruction over batches, the number of batches
	Rows  int64         // rows that were selected when it was done, or emitted by it
	Bytes int64         // read from the store
	Time  time.Duration // spent in it, with what it made other fragments do
}

// NewProfile makes an empty profile for a run of a statement.
func NewProfile(l *Linked) *Profile {
	return &Profile{linked: l, fragments: make([][]Counter, len(l.fragments))}
}

// Counters returns the counters of a fragment of the program, by instruction; nil if it did not run.
func (p *Profile) Counters(fragment int) []Counter { return p.fragments[fragment] }

func (p *Profile) counters(fragment, n int) []Counter {
	if p.fragments[fragment] == nil {
		p.fragments[fragment] = make([]Counter, n)
	}
	return p.fragments[fragment]
}

// resumeProfiled is resume with counting.
func (fr *frame) resumeProfiled() (*OutBatch, error) {
	code, now := fr.frag.Code, fr.run.o.now
	for {
		pc := fr.pc
		in := &code[pc]
		fr.pc++
		start, bytes := now(), fr.run.work.Bytes
		s := dispatch[in.Op](fr, in)
		c := &fr.profile[pc]
		c.Runs++
		c.Time += now().Sub(start)
		c.Bytes += fr.run.work.Bytes - bytes
		c.Rows += fr.rowsOf(in, s)
		switch s {
		case goOn:
		case emitted:
			return &fr.out, nil
		case ended:
			fr.pc = 0
			return nil, fr.closeCursors()
		default:
			return nil, fr.err
		}
	}
}

// rowsOf is how many rows an instruction that has been executed was about.
func (fr *frame) rowsOf(in *Instr, s signal) int64 {
	if s == emitted {
		return int64(fr.out.N)
	}
	row := &ops.Table[in.Op]
	for i, class := range row.Operands {
		operand := [3]uint16{in.A, in.B, in.C}[i]
		switch class {
		case ops.CursorRef:
			return int64(fr.cursors[operand].selected())
		case ops.Dst, ops.DstBase:
			if fr.isVector(operand) {
				return int64(fr.batchOf(operand).selected())
			}
			return 1
		}
	}
	if row.Form == ops.FormBuilder && in.C > 0 {
		return int64(fr.cursors[in.C-1].selected())
	}
	return 0
}

// ProfileLine is an instruction of a profile, with its counters and the source it is of.
type ProfileLine struct {
	Fragment, PC int
	Counter
	Text   string
	Source string // on one line; "" where the program has none
	Span   ops.Span
}

// Lines lists the instructions of the fragments that ran.
func (p *Profile) Lines() (lines []ProfileLine) {
	names := p.linked.names()
	for n, counters := range p.fragments {
		if counters == nil {
			continue
		}
		f := &p.linked.Program.Fragments[n]
		for pc := range f.Code {
			at := f.Spans[pc]
			line := ProfileLine{n, pc, counters[pc], names.instruction(f, pc), sourceAt(p.linked.Program.textOf(f), at), at}
			if f.Function != "" { // a place in another text
				line.Span = ops.Span{}
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// Write shows the instructions that ran, each with its counters and the source it is of.
func (p *Profile) Write(w io.Writer) {
	fmt.Fprintf(w, "%10s %10s %10s %10s\n", "runs", "rows", "bytes", "time")
	fragment := -1
	for _, l := range p.Lines() {
		if l.Fragment != fragment {
			fragment = l.Fragment
			fmt.Fprintf(w, "fragment %d\n", fragment)
		}
		line := fmt.Sprintf("%10d %10d %10d %10s  %s", l.Runs, l.Rows, l.Bytes, l.Time.Round(time.Microsecond), l.Text)
		if l.Source != "" {
			line = fmt.Sprintf("%-100s ; %s", line, l.Source)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func (l *Linked) names() *namer { return newNamer(l.Program) }

// textOf is the text that the spans of a fragment lie in.
func (p *Program) textOf(f *Fragment) string {
	if f.Function != "" {
		return f.Text
	}
	return p.Source
}

// sourceAt shows a piece of the source on one line.
func sourceAt(src string, s ops.Span) string {
	if s.Start < 0 || s.End > len(src) || s.Start >= s.End {
		return ""
	}
	text := strings.Join(strings.Fields(src[s.Start:s.End]), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}
