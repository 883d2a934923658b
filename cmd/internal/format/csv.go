package format

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"slices"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// csvLead is how many rows are looked at before the header is written: records without a schema may each have other
// members, and the header must have them all.
const csvLead = 10_000

// csvPrinter prints a header and a line a row; results are set apart by an empty line.
type csvPrinter struct {
	out     *bufio.Writer
	printed bool
}

func (p *csvPrinter) Print(rows *zerodb.Rows) (n int64, err error) {
	lead := chunk{columns: rows.Columns()}
	for len(lead.rows) < csvLead && rows.Next() {
		lead.add(rows.Row())
	}
	if len(lead.columns) == 0 {
		return 0, rows.Err()
	}
	if p.printed {
		if err := p.out.WriteByte('\n'); err != nil {
			return 0, err
		}
	}
	p.printed = true
	w := csv.NewWriter(p.out)
	if err := w.Write(lead.columns); err != nil {
		return 0, err
	}
	cells := make([]string, len(lead.columns))
	for i := range lead.rows {
		for j := range cells {
			cells[j] = csvCell(lead.cell(i, j))
		}
		if err := w.Write(cells); err != nil {
			return n, err
		}
		n++
	}
	for rows.Next() {
		if err := csvRow(w, lead.columns, cells, rows.Row()); err != nil {
			return n, err
		}
		n++
	}
	w.Flush()
	return n, finish(rows, p.out)
}

// csvRow writes a row behind the lead. The header is out: a member that it lacks is an error, not a loss.
func csvRow(w *csv.Writer, columns, cells []string, row zerodb.Row) error {
	clear(cells)
	for name, v := range row.Columns() {
		i := slices.Index(columns, name)
		if i < 0 {
			return ops.Errorf(ops.CodeUnsupported, "a row after the first %d has a member %q that the header lacks", csvLead, name).
				WithHint("name the columns in the SELECT, or use --format ndjson")
		}
		cells[i] = csvCell(v)
	}
	return w.Write(cells)
}

// csvCell is the text of a value: none is empty, what nests is JSON, all else as in JSON without the quotes.
func csvCell(v zerodb.Value) string {
	switch v.Kind() {
	case ops.KindNone:
		return ""
	case ops.KindString:
		return v.AsString()
	}
	text := ops.AppendJSON(nil, v)
	if text[0] != '"' {
		return string(text)
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return string(text)
	}
	return s
}
