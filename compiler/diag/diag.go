// Package diag shows errors against the text they are about, to people and to programs.
package diag

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/zerodb/zerodb/ops"
)

// Source is a text with its name, for errors to be shown against.
type Source struct {
	Name string
	Text string
	// Warnings says that what is shown are no errors.
	Warnings bool
	// lines are the offsets at which lines begin.
	lines []int
}

// NewSource indexes a text. The name is what errors begin with: a file, or what stands for one.
func NewSource(name, text string) *Source {
	s := &Source{Name: name, Text: text, lines: []int{0}}
	for i := 0; i < len(text); {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		s.lines = append(s.lines, i)
	}
	return s
}

// Position returns the line and column of an offset, both from 1; columns count characters.
func (s *Source) Position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(s.Text))
	line = sort.SearchInts(s.lines, offset+1)
	return line, utf8.RuneCountInString(s.Text[s.lines[line-1]:offset]) + 1
}

// line returns a line without its end; the first is 1.
func (s *Source) line(n int) string {
	end := len(s.Text)
	if n < len(s.lines) {
		end = s.lines[n]
	}
	return strings.TrimRight(s.Text[s.lines[n-1]:end], "\r\n")
}

func (s *Source) severity() string {
	if s.Warnings {
		return "warning"
	}
	return "error"
}

// Write shows errors to people, each as
//
//	file:line:column: error[code]: message
//	    the line
//	        ^~~~
//	hint: the mend
func (s *Source) Write(w io.Writer, errs []*ops.Error) error {
	out := bufio.NewWriter(w)
	for _, e := range errs {
		s.write(out, e)
	}
	return out.Flush()
}

func (s *Source) write(out *bufio.Writer, e *ops.Error) {
	if !s.hasPlace(e) {
		fmt.Fprintf(out, "%s: %s[%s]: %s\n", s.Name, s.severity(), e.Code, e.Message)
	} else {
		line, column := s.Position(e.Span.Start)
		fmt.Fprintf(out, "%s:%d:%d: %s[%s]: %s\n", s.Name, line, column, s.severity(), e.Code, e.Message)
		s.writeLine(out, line, e.Span)
	}
	if e.Hint != "" {
		fmt.Fprintf(out, "hint: %s\n", e.Hint)
	}
}

// hasPlace reports whether an error points into the text. At its end an empty span does, elsewhere the zero span is none.
func (s *Source) hasPlace(e *ops.Error) bool {
	return (!e.Span.IsZero() || s.Text == "") && e.Span.Start <= len(s.Text)
}

const (
	indent = "    "
	// before and after are how much of a long line is shown around an error.
	before, after = 60, 80
)

// writeLine shows the line and marks the span in it.
func (s *Source) writeLine(out *bufio.Writer, n int, span ops.Span) {
	line, from := s.line(n), span.Start-s.lines[n-1]
	from = min(from, len(line))
	to := min(max(from, span.End-s.lines[n-1]), len(line))
	line, from, to = cut(line, from, to)

	fmt.Fprintf(out, "%s%s\n%s", indent, line, indent)
	for _, r := range line[:from] {
		if r == '\t' {
			out.WriteByte('\t')
			continue
		}
		out.WriteString(strings.Repeat(" ", runewidth.RuneWidth(r)))
	}
	width := max(1, runewidth.StringWidth(line[from:to]))
	fmt.Fprintf(out, "^%s\n", strings.Repeat("~", width-1))
}

// cut shortens a long line to what stands around [from,to).
func cut(line string, from, to int) (string, int, int) {
	if start := runeStart(line, from-before); start > 0 {
		line, from, to = "…"+line[start:], from-start+len("…"), to-start+len("…")
	}
	if end := runeStart(line, from+after); end < len(line) {
		line, to = line[:end]+"…", min(to, end)
	}
	return line, from, to
}

// runeStart returns the offset of the character that holds offset i.
func runeStart(s string, i int) int {
	i = min(max(i, 0), len(s))
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// diagnostic is an error in JSON. Lines and columns are from 1, offsets are bytes from 0.
type diagnostic struct {
	File     string   `json:"file"`
	Severity string   `json:"severity"`
	Code     ops.Code `json:"code"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Start    int      `json:"start"`
	End      int      `json:"end"`
}

// WriteJSON shows errors to programs, one JSON object a line.
func (s *Source) WriteJSON(w io.Writer, errs []*ops.Error) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, e := range errs {
		d := diagnostic{File: s.Name, Severity: s.severity(), Code: e.Code, Message: e.Message, Hint: e.Hint, Start: e.Span.Start, End: e.Span.End}
		if s.hasPlace(e) {
			d.Line, d.Column = s.Position(e.Span.Start)
		}
		if err := out.Encode(d); err != nil {
			return err
		}
	}
	return nil
}

// maxWord is the longest word that Closest looks at: its time grows with the square.
const maxWord = 64

// Closest returns the candidate that a misspelt word most likely means, or "" where none is near. Case does not count.
// Near is one slip – a letter too many, missing, wrong, or two swapped – for words of up to seven letters, two or three
// for longer ones.
func Closest(word string, candidates []string) string {
	if len(word) > maxWord {
		return ""
	}
	w := []rune(strings.ToLower(word))
	best, least := "", slips(len(w))+1
	for _, c := range candidates {
		if len(c) > maxWord {
			continue
		}
		if d := distance(w, []rune(strings.ToLower(c)), least); d < least {
			best, least = c, d
		}
	}
	return best
}

// slips is how many slips a word of n letters may have.
func slips(n int) int {
	switch {
	case n < 3:
		return 0
	case n < 8:
		return 1
	case n < 12:
		return 2
	}
	return 3
}

// distance is that of Damerau and Levenshtein, in its form without edits of swapped letters; limit or more is returned as
// limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	beforeLast, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		beforeLast, last, row = last, row, beforeLast
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], beforeLast[j-2]+1)
			}
		}
		if slices.Min(row) >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
