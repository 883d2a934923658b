package load

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// csvSource reads CSV or TSV with a header line. An empty cell is none.
type csvSource struct {
	file    string
	in      *tracker
	csv     *csv.Reader
	columns []csvColumn
	header  []byte
	row     Row
	last    int64 // offset behind the row read last
}

// openCSV reads the header. A column has the type that the mapping says; keys and links are read as texts; the others
// have the type that inferred gives.
func openCSV(file string, r io.Reader, comma rune, inferred map[string]columnType, m *Mapping) (*csvSource, error) {
	s := &csvSource{file: file, in: newTracker(r)}
	s.csv = newCSVReader(s.in, comma)
	columns, err := readHeader(file, s.csv)
	if err != nil {
		return nil, err
	}
	keys := m.keys(columns)
	s.columns = make([]csvColumn, len(columns))
	for i, name := range columns {
		c := csvColumn{name: name, text: true}
		if t, ok := m.Types[name]; ok {
			c.typ, _ = columnTypeOf(t)
			c.text = false
		} else if !slices.Contains(keys, name) {
			c.typ = inferred[name]
		}
		s.columns[i] = c
	}
	for name := range m.Types {
		if !slices.Contains(columns, name) {
			return nil, ops.Errorf(ops.CodeUsage, "%s has no column %q, which --types names", file, name)
		}
	}
	for name := range m.Links {
		if !slices.Contains(columns, name) {
			return nil, ops.Errorf(ops.CodeUsage, "%s has no column %q, which --link names", file, name)
		}
	}
	s.last = s.csv.InputOffset()
	s.header = slices.Clone(s.in.text(0, s.last))
	return s, nil
}

// csvColumn is a column of the header.
type csvColumn struct {
	name string
	typ  columnType
	text bool // see Member.Text
}

func newCSVReader(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma = comma
	c.ReuseRecord = true
	c.FieldsPerRecord = -1
	return c
}

// readHeader returns the names of the columns, which must be distinct and not empty.
func readHeader(file string, c *csv.Reader) ([]string, error) {
	record, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{File: file, Place: Place{1, 1}, Err: bad("the file is empty, a header line with the columns' names was expected")}
	}
	if err != nil {
		return nil, csvError(file, err)
	}
	columns := slices.Clone(record)
	for i, name := range columns {
		line, col := c.FieldPos(i)
		at := Place{line, col}
		switch {
		case strings.TrimSpace(name) == "":
			return nil, &RowError{File: file, Place: at, Err: bad("column %d has no name", i+1)}
		case slices.Index(columns, name) < i:
			return nil, &RowError{File: file, Place: at, Err: bad("two columns have the name %q", name)}
		}
	}
	return columns, nil
}

func (s *csvSource) Next() (*Row, error) {
	s.in.mark(s.last)
	record, err := s.csv.Read()
	s.last = s.csv.InputOffset()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	raw := s.in.text(0, s.last)
	if err != nil {
		e := csvError(s.file, err)
		var re *RowError
		if errors.As(e, &re) {
			re.Raw = raw
		}
		return nil, e
	}
	line, col := s.csv.FieldPos(0)
	s.row = Row{Members: s.row.Members[:0], Place: Place{line, col}, Raw: raw}
	if len(record) != len(s.columns) {
		return nil, &RowError{File: s.file, Place: s.row.Place, Raw: raw,
			Err: bad("the row has %d cells, the header has %d columns", len(record), len(s.columns))}
	}
	for i, text := range record {
		if text == "" {
			continue
		}
		line, col := s.csv.FieldPos(i)
		m := Member{Name: s.columns[i].name, Place: Place{line, col}, Text: s.columns[i].text}
		if !utf8.ValidString(text) {
			return nil, &RowError{File: s.file, Place: m.Place, Raw: raw, Err: bad("column %s: the text is not UTF-8", m.Name)}
		}
		if m.Value, err = s.columns[i].typ.value(strings.Clone(text)); err != nil {
			return nil, &RowError{File: s.file, Place: m.Place, Raw: raw, Err: bad("column %s: %s", m.Name, message(err))}
		}
		s.row.Members = append(s.row.Members, m)
	}
	return &s.row, nil
}

func (s *csvSource) Offset() int64  { return s.last }
func (s *csvSource) Header() []byte { return s.header }

// csvError turns a fault that encoding/csv found in one row into a RowError.
func csvError(file string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return &RowError{File: file, Place: Place{p.Line, p.Column}, Err: bad("%v", p.Err)}
	}
	return err
}

// Infer reads a whole file and returns for each column the type that all its values have.
func Infer(file string, r io.Reader, comma rune) (map[string]columnType, error) {
	c := newCSVReader(newTracker(r), comma)
	columns, err := readHeader(file, c)
	if err != nil {
		return nil, err
	}
	seen := make([]columnGuess, len(columns))
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				continue // reported when the row is loaded
			}
			return nil, err
		}
		if len(record) != len(columns) {
			continue
		}
		for i, text := range record {
			seen[i].see(text)
		}
	}
	types := make(map[string]columnType, len(columns))
	for i, name := range columns {
		types[name] = seen[i].decide()
	}
	return types, nil
}

// columnType is how the cells of a column become values.
type columnType struct {
	name  string // for errors; "" is string
	parse func(string) (zerodb.Value, error)
}

func (t columnType) value(text string) (zerodb.Value, error) {
	if t.parse == nil {
		return zerodb.String(text), nil
	}
	return t.parse(text)
}
