package dump

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

const (
	// maxLine is the longest line of an export, chunk how many bytes of a script run at once, batch how many records
	// of NDJSON make a transaction.
	maxLine = 64 << 20
	chunk   = 256 << 10
	batch   = 1000
)

// Restore reads an export of either form into the session's database, which must not define what the export defines.
// Progress is told how many bytes have been read.
func Restore(ctx context.Context, s zerodb.Conn, file string, r io.Reader, progress func(bytes int64)) (records int64, err error) {
	in := &lines{r: bufio.NewReaderSize(r, 256<<10), file: file}
	first, err := in.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if progress == nil {
		progress = func(int64) {}
	}
	switch IsExport(first) {
	case "zql":
		return restoreScript(ctx, s, in, progress)
	case "ndjson":
		return restoreJSON(ctx, s, in, progress)
	}
	return 0, ops.Errorf(ops.CodeImport, "%s is no export of zerodb", file).WithHint("to import rows into a table, name it: --table t")
}

// lines reads whole lines and counts them.
type lines struct {
	r    *bufio.Reader
	file string
	n    int
	read int64
	buf  []byte
}

// next returns the next line with its end, valid until the line after it is read.
func (l *lines) next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		l.read += int64(len(part))
		switch {
		case len(l.buf) > maxLine:
			return nil, ops.Errorf(ops.CodeImport, "%s:%d: the line is longer than %d bytes", l.file, l.n+1, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.buf) > 0:
			l.n++
			return l.buf, nil
		case err != nil:
			return nil, err
		}
		l.n++
		return l.buf, nil
	}
}

// at says where an error was met.
func (l *lines) at(line int, err error) error {
	message, hint := err.Error(), ""
	var e *zerodb.Error
	if errors.As(err, &e) {
		message, hint = e.Message, e.Hint
	}
	return &ops.Error{Code: ops.CodeOf(err), Message: fmt.Sprintf("%s:%d: %s", l.file, line, message), Hint: hint, Err: err}
}

// restoreScript runs a script by the chunk; in an export a statement never spans lines.
func restoreScript(ctx context.Context, s zerodb.Conn, in *lines, progress func(int64)) (statements int64, err error) {
	defer func() { err = errors.Join(err, s.Cancel()) }() // what a damaged script leaves open
	var text []byte
	for line := in.n + 1; ; {
		next, err := in.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return statements, err
		}
		text = append(text, next...)
		if len(text) >= chunk || errors.Is(err, io.EOF) {
			n, e := runChunk(ctx, s, string(text))
			if statements += n; e != nil {
				return statements, in.at(line+lineOf(e, text), e)
			}
			progress(in.read)
			text, line = text[:0], in.n+1
		}
		if errors.Is(err, io.EOF) {
			return statements, nil
		}
	}
}

func runChunk(ctx context.Context, s zerodb.Conn, text string) (n int64, err error) {
	for _, err := range s.Script(ctx, text) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// lineOf counts the lines before the place that an error is about.
func lineOf(err error, text []byte) int {
	var e *zerodb.Error
	var s *zerodb.ScriptError
	offset := 0
	switch {
	case errors.As(err, &s):
		offset = s.Statement.Offset
	case errors.As(err, &e):
		offset = e.Span.Start
	}
	return bytes.Count(text[:min(max(offset, 0), len(text))], []byte{'\n'})
}

// restoreJSON writes records as they were: without defaults and rules, which they have passed already or were written
// before.
func restoreJSON(ctx context.Context, s zerodb.Conn, in *lines, progress func(int64)) (records int64, err error) {
	waiting := 0
	commit := func() error {
		if waiting == 0 {
			return nil
		}
		waiting = 0
		progress(in.read)
		return s.Commit(ctx)
	}
	defer func() { err = errors.Join(err, s.Cancel()) }()
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return records, commit()
		}
		if err != nil {
			return records, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		define, err := restoreLine(ctx, s, line, &waiting)
		if err != nil {
			return records, in.at(in.n, err)
		}
		if define == "" {
			records++
		}
		if define != "" || waiting >= batch {
			if err := commit(); err != nil {
				return records, in.at(in.n, err)
			}
		}
		if define == "" {
			continue
		}
		if _, err := s.Execute(ctx, define); err != nil {
			return records, in.at(in.n, err)
		}
	}
}

// restoreLine writes the record of a line, or returns the definition that the line holds.
func restoreLine(ctx context.Context, s zerodb.Conn, line []byte, waiting *int) (define string, err error) {
	v, err := ops.ParseJSON(line)
	if err == nil {
		v, err = untag(v)
	}
	if err != nil {
		return "", ops.Errorf(ops.CodeImport, "the line is damaged: %v", err)
	}
	if v.Kind() != ops.KindObject {
		return "", ops.Errorf(ops.CodeImport, "the line is no object")
	}
	if d, ok := v.Member("define"); ok && d.Kind() == ops.KindString {
		return d.AsString(), nil
	}
	table, _ := v.Member("table")
	key, _ := v.Member("key")
	record, _ := v.Member("record")
	if table.Kind() != ops.KindString || key.IsNone() || record.Kind() != ops.KindObject {
		return "", ops.Errorf(ops.CodeImport, "the line is neither a definition nor a record")
	}
	if *waiting == 0 {
		if err := s.Begin(ctx, nil); err != nil {
			return "", err
		}
	}
	*waiting++
	return "", s.Restore(ctx, table.AsString(), key, record)
}
