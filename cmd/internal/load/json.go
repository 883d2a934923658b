package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

const (
	// maxLine is the longest line of an NDJSON file, and maxNesting how deep its values may nest.
	maxLine    = 64 << 20
	maxNesting = 200
)

// ndjsonSource reads one JSON object a line. A line that is none is a bad row, and reading goes on with the next.
type ndjsonSource struct {
	file  string
	in    *bufio.Reader
	track *tracker
	line  int
	read  int64
	buf   []byte
	row   Row
}

func openNDJSON(file string, r io.Reader) *ndjsonSource {
	t := newTracker(r)
	return &ndjsonSource{file: file, track: t, in: bufio.NewReaderSize(t, 1<<16)}
}

func (s *ndjsonSource) Next() (*Row, error) {
	for {
		raw, err := s.readLine()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		s.row.Place, s.row.Raw = Place{s.line, 1}, raw
		return decodeRow(s.file, &s.row)
	}
}

// readLine returns the next line without its end, whole.
func (s *ndjsonSource) readLine() ([]byte, error) {
	s.track.mark(math.MaxInt64)
	s.buf = s.buf[:0]
	for {
		part, err := s.in.ReadSlice('\n')
		s.buf = append(s.buf, part...)
		s.read += int64(len(part))
		if len(s.buf) > maxLine {
			return nil, bad("%s:%d: the line is longer than %d bytes", s.file, s.line+1, maxLine)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(s.buf) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
		s.line++
		return bytes.TrimRight(s.buf, "\r\n"), nil
	}
}

func (s *ndjsonSource) Offset() int64  { return s.read }
func (s *ndjsonSource) Header() []byte { return nil }

// jsonSource reads the objects of a JSON array, or one object, or objects one after another.
type jsonSource struct {
	file    string
	in      *tracker
	dec     *json.Decoder
	member  string // of the outermost object, that has the array; "" where the array itself is outermost
	inArray bool
	begun   bool
	row     Row
}

func openJSON(file string, r io.Reader, member string) *jsonSource {
	t := newTracker(r)
	return &jsonSource{file: file, in: t, dec: json.NewDecoder(t), member: member}
}

func (s *jsonSource) Next() (*Row, error) {
	if !s.begun {
		s.begun = true
		if err := s.begin(); err != nil {
			return nil, s.fatal(err)
		}
	}
	s.in.mark(s.dec.InputOffset())
	if s.inArray && !s.dec.More() {
		if _, err := s.dec.Token(); err != nil { // the closing bracket
			return nil, s.fatal(err)
		}
		return nil, io.EOF
	}
	var raw json.RawMessage
	if err := s.dec.Decode(&raw); err != nil {
		if errors.Is(err, io.EOF) && !s.inArray {
			return nil, io.EOF
		}
		return nil, s.fatal(err)
	}
	s.row.Raw = raw
	s.row.Place = s.in.place(s.dec.InputOffset() - int64(len(raw)))
	return decodeRow(s.file, &s.row)
}

// begin goes to where the rows are.
func (s *jsonSource) begin() error {
	if s.member == "" {
		if first, err := s.firstByte(); err != nil || first != '[' {
			return err
		}
	} else if err := s.findMember(); err != nil {
		return err
	}
	t, err := s.dec.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return bad("member %q is no list", s.member)
	}
	s.inArray = true
	return nil
}

// firstByte looks at the first byte that is no space.
func (s *jsonSource) firstByte() (byte, error) {
	head := bufio.NewReader(s.in.r)
	if first, err := head.Peek(len(bom)); err == nil && bytes.Equal(first, bom) {
		_, _ = head.Discard(len(bom))
	}
	s.in.r = head
	for n := 1; ; n++ {
		p, err := head.Peek(n)
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		switch c := p[n-1]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c, nil
		}
	}
}

// findMember goes into the outermost object, up to the member wanted.
func (s *jsonSource) findMember() error {
	if t, err := s.dec.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return bad("the file holds no object that could have a member %q", s.member)
	}
	for s.dec.More() {
		name, err := s.dec.Token()
		if err != nil {
			return err
		}
		if name == s.member {
			return nil
		}
		if err := skipValue(s.dec); err != nil {
			return err
		}
		s.in.mark(s.dec.InputOffset())
	}
	return bad("the file has no member %q", s.member)
}

// skipValue reads over one value of any size without holding it.
func skipValue(dec *json.Decoder) error {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		if d, ok := t.(json.Delim); ok {
			if d == '[' || d == '{' {
				depth++
			} else {
				depth--
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

// fatal says where a file stops being JSON; behind such a place nothing can be trusted.
func (s *jsonSource) fatal(err error) error {
	at := s.dec.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = syntax.Offset - 1
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = bad("the file ends within a value")
		at = s.in.total
	} else if syntax != nil {
		err = bad("%s; the rest of the file cannot be read", syntax.Error())
	}
	p := s.in.place(at)
	return bad("%s:%d:%d: %s", s.file, p.Line, p.Column, message(err))
}

func (s *jsonSource) Offset() int64  { return s.dec.InputOffset() }
func (s *jsonSource) Header() []byte { return nil }

// decodeRow takes row.Raw, one JSON object, apart.
func decodeRow(file string, row *Row) (*Row, error) {
	v, err := ops.ParseJSON(row.Raw)
	if err != nil || v.Kind() != ops.KindObject {
		return decodeSlowly(file, row) // which knows where the fault is
	}
	row.Members = row.Members[:0]
	for _, m := range v.AsObject() {
		row.Members = append(row.Members, Member{Name: m.Name, Value: m.Value})
	}
	return row, nil
}

// locate returns where a member of a row stands. It is asked when something is wrong with it, and takes the row apart once more.
func locate(file string, row *Row, name string) Place {
	again := &Row{Place: row.Place, Raw: row.Raw}
	if _, err := decodeSlowly(file, again); err == nil {
		for _, m := range again.Members {
			if m.Name == name {
				return m.Place
			}
		}
	}
	return row.Place
}

// decodeSlowly takes a row apart token by token, and notes where each member stands.
func decodeSlowly(file string, row *Row) (*Row, error) {
	row.Members = row.Members[:0]
	fail := func(offset int64, err error) (*Row, error) {
		line, col := advance(row.Place.Line, row.Place.Column, row.Raw[:min(max(offset, 0), int64(len(row.Raw)))])
		return nil, &RowError{File: file, Place: Place{line, col}, Err: err, Raw: row.Raw}
	}
	dec := json.NewDecoder(bytes.NewReader(row.Raw))
	dec.UseNumber()
	t, err := dec.Token()
	if err != nil {
		return fail(jsonOffset(dec, err), jsonFault(err))
	}
	if t != json.Delim('{') {
		return fail(0, bad("a row must be an object { … }"))
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return fail(jsonOffset(dec, err), jsonFault(err))
		}
		at := memberStart(row.Raw, dec.InputOffset())
		v, err := decodeValue(dec, 1)
		if err != nil {
			return fail(jsonOffset(dec, err), jsonFault(err))
		}
		line, col := advance(row.Place.Line, row.Place.Column, row.Raw[:at])
		row.Members = append(row.Members, Member{Name: name.(string), Value: v, Place: Place{line, col}})
	}
	if _, err := dec.Token(); err != nil {
		return fail(jsonOffset(dec, err), jsonFault(err))
	}
	if rest := bytes.TrimSpace(row.Raw[dec.InputOffset():]); len(rest) > 0 {
		return fail(dec.InputOffset(), bad("there is more behind the object"))
	}
	return row, nil
}

// memberStart skips the colon and spaces behind a member's name.
func memberStart(raw []byte, offset int64) int64 {
	for int(offset) < len(raw) && bytes.IndexByte([]byte(": \t\r\n"), raw[offset]) >= 0 {
		offset++
	}
	return offset
}

func jsonOffset(dec *json.Decoder, err error) int64 {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Offset - 1
	}
	return dec.InputOffset()
}

func jsonFault(err error) error {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return bad("the row ends within a value")
	default:
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return bad("%s", syntax.Error())
		}
	}
	return err
}

// decodeValue makes a value of the JSON value that comes next: null is none, members keep their order, a number
// without point and exponent is an int.
func decodeValue(dec *json.Decoder, depth int) (zerodb.Value, error) {
	if depth > maxNesting {
		return zerodb.None, bad("values nest deeper than %d", maxNesting)
	}
	t, err := dec.Token()
	if err != nil {
		return zerodb.None, err
	}
	switch t := t.(type) {
	case nil:
		return zerodb.None, nil
	case bool:
		return zerodb.Bool(t), nil
	case string:
		return zerodb.String(t), nil
	case json.Number:
		return number(string(t))
	case json.Delim:
		if t == '[' {
			return decodeList(dec, depth)
		}
		return decodeObject(dec, depth)
	}
	return zerodb.None, bad("unexpected %v", t)
}

func decodeList(dec *json.Decoder, depth int) (zerodb.Value, error) {
	var list []zerodb.Value
	for dec.More() {
		v, err := decodeValue(dec, depth+1)
		if err != nil {
			return zerodb.None, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return zerodb.List(list...), err
}

func decodeObject(dec *json.Decoder, depth int) (zerodb.Value, error) {
	var members []zerodb.Member
	seen := map[string]int{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return zerodb.None, err
		}
		v, err := decodeValue(dec, depth+1)
		if err != nil {
			return zerodb.None, err
		}
		if v.IsNone() { // as everywhere: a member that is null is not there
			continue
		}
		m := zerodb.Member{Name: name.(string), Value: v}
		if i, ok := seen[m.Name]; ok { // the last of equal names stands, as everywhere in JSON
			members[i] = m
			continue
		}
		seen[m.Name] = len(members)
		members = append(members, m)
	}
	_, err := dec.Token()
	return zerodb.Object(members...), err
}

// number is a JSON number as the database reads it.
func number(text string) (zerodb.Value, error) {
	v, err := ops.ParseJSON([]byte(text))
	if err != nil {
		return zerodb.None, bad("the number %s is out of range", text)
	}
	return v, nil
}
