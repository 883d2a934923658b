package format

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

const (
	// tableRows is how many rows are laid out together; a longer result is several tables, so that memory is bounded.
	tableRows = 1000
	// cellWidth is where the text of a cell is wrapped.
	cellWidth = 60
)

// tablePrinter lays rows out in columns.
type tablePrinter struct{ out *bufio.Writer }

func (p *tablePrinter) Print(rows *zerodb.Rows) (n int64, err error) {
	if rows.Silent() {
		return 0, finish(rows, p.out)
	}
	if plain, ok := rows.Plain(); ok { // plans are laid out already
		_, err := p.out.WriteString(plain)
		return 1, errors.Join(err, finish(rows, p.out))
	}
	for {
		c := chunk{columns: rows.Columns()}
		for len(c.rows) < tableRows && rows.Next() {
			c.add(rows.Row())
		}
		if len(c.rows) == 0 {
			break
		}
		n += int64(len(c.rows))
		if err := p.write(&c); err != nil {
			return n, err
		}
		if len(c.rows) < tableRows {
			break
		}
	}
	switch {
	case rows.Err() != nil:
	case rows.Yields():
		fmt.Fprintf(p.out, "%s\n", Count(n))
	default:
		fmt.Fprintln(p.out, "ok")
	}
	return n, finish(rows, p.out)
}

// Count is "1 row" or "n rows".
func Count(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

func (p *tablePrinter) write(c *chunk) error {
	t := table.NewWriter()
	t.SetStyle(style())
	header := make(table.Row, len(c.columns))
	configs := make([]table.ColumnConfig, len(c.columns))
	for i, name := range c.columns {
		header[i] = name
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: cellWidth, WidthMaxEnforcer: text.WrapText, Align: c.align(i)}
		configs[i].AlignHeader = configs[i].Align
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for i := range c.rows {
		cells := make(table.Row, len(c.columns))
		for j := range cells {
			cells[j] = Cell(c.cell(i, j))
		}
		t.AppendRow(cells)
	}
	_, err := p.out.WriteString(t.Render() + "\n")
	return err
}

func style() table.Style {
	s := table.StyleRounded
	s.Format.Header = text.FormatDefault
	return s
}

// align puts columns of numbers to the right.
func (c *chunk) align(column int) text.Align {
	numbers := false
	for i := range c.rows {
		switch v := c.cell(i, column); {
		case v.Kind().IsNumber():
			numbers = true
		case !v.IsNone():
			return text.AlignLeft
		}
	}
	if numbers {
		return text.AlignRight
	}
	return text.AlignLeft
}

// Cell is a value as a person reads it in a table: strings without quotes, all else as ZeroQL writes it. Signs that would
// break the lines are escaped.
func Cell(v zerodb.Value) string {
	s := ops.Format(v)
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			b.WriteString(strings.Trim(fmt.Sprintf("%q", r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
