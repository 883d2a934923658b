// Package format prints the rows of statements: as a table for people, and as JSON, NDJSON or CSV for programs.
package format

import (
	"bufio"
	"io"
	"slices"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Names are the formats there are.
var Names = []string{"table", "json", "ndjson", "csv"}

// Printer prints one statement's rows after another.
type Printer interface {
	// Print reads rows to their end. It prints what came before an error.
	Print(rows *zerodb.Rows) (n int64, err error)
}

// New makes the printer of a format; what it prints is flushed at the end of each statement.
func New(name string, w io.Writer) (Printer, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch name {
	case "table":
		return &tablePrinter{out: out}, nil
	case "json":
		return &jsonPrinter{out: out}, nil
	case "ndjson":
		return &ndjsonPrinter{out: out}, nil
	case "csv":
		return &csvPrinter{out: out}, nil
	}
	return nil, ops.Errorf(ops.CodeUsage, "%q is no format", name).WithHint("the formats are table, json, ndjson and csv")
}

// jsonPrinter prints one line a statement: the JSON array of its rows.
type jsonPrinter struct {
	out *bufio.Writer
	buf []byte
}

// jsonHeld is how much of a line is held back: a statement that fails before has no line at all.
const jsonHeld = 64 << 10

func (p *jsonPrinter) Print(rows *zerodb.Rows) (n int64, err error) {
	p.buf = append(p.buf[:0], '[')
	flushed := false
	for rows.Next() {
		if n > 0 {
			p.buf = append(p.buf, ',')
		}
		n++
		if p.buf = rows.Row().AppendJSON(p.buf); len(p.buf) >= jsonHeld {
			if _, err := p.out.Write(p.buf); err != nil {
				return n, err
			}
			p.buf, flushed = p.buf[:0], true
		}
	}
	if rows.Err() == nil {
		p.buf = append(p.buf, ']')
	}
	if rows.Err() == nil || flushed {
		if _, err := p.out.Write(append(p.buf, '\n')); err != nil {
			return n, err
		}
	}
	return n, finish(rows, p.out)
}

// finish flushes and returns the first error there was.
func finish(rows *zerodb.Rows, out *bufio.Writer) error {
	flushed := out.Flush()
	if err := rows.Err(); err != nil {
		return err
	}
	return flushed
}

// ndjsonPrinter prints one line a row.
type ndjsonPrinter struct {
	out *bufio.Writer
	buf []byte
}

func (p *ndjsonPrinter) Print(rows *zerodb.Rows) (n int64, err error) {
	for rows.Next() {
		n++
		p.buf = append(rows.Row().AppendJSON(p.buf[:0]), '\n')
		if _, err := p.out.Write(p.buf); err != nil {
			return n, err
		}
	}
	return n, finish(rows, p.out)
}

// chunk is a number of rows that are laid out together.
type chunk struct {
	columns []string
	rows    [][]zerodb.Value // as many cells as columns were known when the row was added
}

// add takes a row's cells; members not seen before make new columns.
func (c *chunk) add(row zerodb.Row) {
	cells := make([]zerodb.Value, len(c.columns), max(len(c.columns), row.Len()))
	for name, v := range row.Columns() {
		i := slices.Index(c.columns, name)
		if i < 0 {
			i = len(c.columns)
			c.columns = append(c.columns, name)
			cells = append(cells, zerodb.None)
		}
		cells[i] = v
	}
	c.rows = append(c.rows, cells)
}

// cell returns a row's value of a column.
func (c *chunk) cell(row, column int) zerodb.Value {
	if column < len(c.rows[row]) {
		return c.rows[row][column]
	}
	return zerodb.None
}
