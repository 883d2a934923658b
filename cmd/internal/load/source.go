// Package load reads records from CSV, JSON and NDJSON files and writes them to a table, in batches. Everything streams:
// no file is ever whole in memory.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Form is how a file is written.
type Form string

const (
	CSV    Form = "csv"
	TSV    Form = "tsv"
	JSON   Form = "json"
	NDJSON Form = "ndjson"
)

// FormOf returns the form that a file's name says, or "" where it says none.
func FormOf(name string) Form {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return CSV
	case ".tsv":
		return TSV
	case ".json":
		return JSON
	case ".ndjson", ".jsonl":
		return NDJSON
	}
	return ""
}

// Row is one row of a file: its members in order, where it stands, and how it was written.
type Row struct {
	Members []Member
	Place   Place
	Raw     []byte // valid until the next row is read
}

// Member is one member of a row.
type Member struct {
	Name  string
	Value zerodb.Value
	Place Place // where its value stands; zero where that is not known yet, see locate
	// Text is true for what came as plain text (CSV), where "7" as a key means the integer.
	Text bool
}

// Place is a line and a column of a file, both from 1; columns count bytes.
type Place struct{ Line, Column int }

// Source gives the rows of a file, one after another, and io.EOF at the end. A *RowError is about one row alone: the
// next call goes on behind it. Any other error ends the file.
type Source interface {
	Next() (*Row, error)
	// Offset is how many bytes have been read.
	Offset() int64
	// Header is what a file of rejected rows must begin with.
	Header() []byte
}

// RowError says why a row cannot be taken.
type RowError struct {
	File  string
	Place Place
	Err   error
	Raw   []byte // the row as written, where it is known
}

func (e *RowError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Place.Line, e.Place.Column, message(e.Err))
}

func (e *RowError) Unwrap() error { return e.Err }

// message is an error's text; for zerodb's own errors with the code only where it tells more than import_row does.
func message(err error) string {
	var e *zerodb.Error
	if errors.As(err, &e) && e.Code == ops.CodeImport {
		if e.Hint != "" {
			return e.Message + " (" + e.Hint + ")"
		}
		return e.Message
	}
	return err.Error()
}

func bad(format string, args ...any) *zerodb.Error {
	return ops.Errorf(ops.CodeImport, format, args...)
}

var bom = []byte("\xef\xbb\xbf")

// tracker is a reader that remembers what it has read since the last mark, so that the text of a row and the line of an
// offset can be told after a decoder has read ahead.
type tracker struct {
	r     io.Reader
	kept  []byte
	head  int   // kept[head:] is behind the mark
	start int64 // offset of the mark
	total int64 // bytes read
	line  int   // line and column of the mark, from 1
	col   int
	begun bool
}

func newTracker(r io.Reader) *tracker { return &tracker{r: r, line: 1, col: 1} }

func (t *tracker) Read(p []byte) (int, error) {
	if !t.begun {
		t.begun = true
		if err := t.skipBOM(); err != nil {
			return 0, err
		}
	}
	n, err := t.r.Read(p)
	t.kept = append(t.kept, p[:n]...)
	t.total += int64(n)
	return n, err
}

// skipBOM leaves a byte order mark out of everything: offsets and columns count from behind it.
func (t *tracker) skipBOM() error {
	var first [3]byte
	n, err := io.ReadFull(t.r, first[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !bytes.Equal(first[:n], bom) {
		t.r = io.MultiReader(bytes.NewReader(bytes.Clone(first[:n])), t.r)
	}
	return nil
}

// text returns the bytes between two offsets, the first not before the mark.
func (t *tracker) text(from, to int64) []byte {
	kept := t.kept[t.head:]
	from, to = max(from, t.start), min(to, t.start+int64(len(kept)))
	if from >= to {
		return nil
	}
	return kept[from-t.start : to-t.start]
}

// place tells line and column of an offset not before the mark.
func (t *tracker) place(offset int64) Place {
	line, col := advance(t.line, t.col, t.text(t.start, offset))
	return Place{line, col}
}

// mark forgets everything before an offset. Bytes are moved only when more are forgotten than kept, so that the
// moving is linear in the file.
func (t *tracker) mark(offset int64) {
	gone := t.text(t.start, offset)
	t.line, t.col = advance(t.line, t.col, gone)
	t.start += int64(len(gone))
	t.head += len(gone)
	if t.head > len(t.kept)/2 {
		t.kept = append(t.kept[:0], t.kept[t.head:]...)
		t.head = 0
	}
}

func advance(line, col int, over []byte) (int, int) {
	if n := bytes.Count(over, []byte{'\n'}); n > 0 {
		return line + n, len(over) - bytes.LastIndexByte(over, '\n')
	}
	return line, col + len(over)
}
