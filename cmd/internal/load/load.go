package load

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Options say what is loaded and how.
type Options struct {
	File    string // its name in messages
	Form    Form
	Member  string // JSON: the member of the outermost object that has the rows
	Mapping Mapping
	// Batch is how many rows make a transaction.
	Batch int
	// Skip goes on behind a bad row; without it the first one ends the import.
	Skip bool
	// Rejects gets the rows that were not taken, as they were written; nil drops them.
	Rejects io.Writer
	// Report is told about each bad row; Progress how far the file has been read and how many rows are in.
	Report   func(*RowError)
	Progress func(bytes, rows int64)
}

// Result counts what an import did.
type Result struct{ Rows, Rejected int64 }

// OpenFunc opens the file from its beginning; CSV is read twice.
type OpenFunc func() (io.ReadCloser, error)

// FileOpener opens a file of a file system.
func FileOpener(fs vfs.FS, name string) OpenFunc {
	return func() (io.ReadCloser, error) { return fs.Open(name) }
}

// Run loads a file into the session's database. Batches that are in stay in when a later one fails: the result says
// how many rows that is.
func Run(ctx context.Context, s zerodb.Conn, open OpenFunc, o *Options) (Result, error) {
	l := &loader{session: s, o: o}
	if l.o.Batch <= 0 {
		l.o.Batch = 1000
	}
	if err := o.Mapping.Validate(); err != nil {
		return l.result, err
	}
	source, closer, err := openSource(open, o)
	if err != nil {
		return l.result, err
	}
	defer closer.Close()
	err = l.run(ctx, source)
	return l.result, err
}

func openSource(open OpenFunc, o *Options) (Source, io.Closer, error) {
	inferred, err := infer(open, o)
	if err != nil {
		return nil, nil, err
	}
	r, err := open()
	if err != nil {
		return nil, nil, err
	}
	var s Source
	switch o.Form {
	case CSV, TSV:
		s, err = openCSV(o.File, r, comma(o.Form), inferred, &o.Mapping)
	case JSON:
		s = openJSON(o.File, r, o.Member)
	case NDJSON:
		s = openNDJSON(o.File, r)
	default:
		err = ops.Errorf(ops.CodeUsage, "%q is no form of a file", o.Form).WithHint("csv, tsv, json or ndjson")
	}
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return s, r, nil
}

func comma(f Form) rune {
	if f == TSV {
		return '\t'
	}
	return ','
}

// infer makes the first pass over a CSV file.
func infer(open OpenFunc, o *Options) (map[string]columnType, error) {
	if o.Form != CSV && o.Form != TSV {
		return nil, nil
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return Infer(o.File, r, comma(o.Form))
}

type loader struct {
	session zerodb.Conn
	o       *Options
	result  Result
	batch   []pending
	headed  bool // the rejects have their header
	header  []byte
}

// pending is a record that waits for its batch to be full.
type pending struct {
	record Record
	place  Place
	raw    []byte // kept only where rejects are written
}

func (l *loader) run(ctx context.Context, source Source) error {
	l.header = source.Header()
	for {
		row, err := source.Next()
		if errors.Is(err, io.EOF) {
			return l.flush(ctx, source)
		}
		if err == nil {
			err = l.add(row)
		}
		if err != nil {
			if err := l.reject(err); err != nil {
				return errors.Join(l.flush(ctx, source), err)
			}
		}
		if len(l.batch) >= l.o.Batch {
			if err := l.flush(ctx, source); err != nil {
				return err
			}
		}
	}
}

func (l *loader) add(row *Row) error {
	r, err := l.o.Mapping.Record(l.o.File, row)
	if err != nil {
		return err
	}
	p := pending{record: r, place: row.Place}
	if l.o.Rejects != nil {
		p.raw = append([]byte(nil), row.Raw...)
	}
	l.batch = append(l.batch, p)
	return nil
}

// reject deals with a row that cannot be taken: nil where the import goes on.
func (l *loader) reject(err error) error {
	var bad *RowError
	if !errors.As(err, &bad) {
		return err
	}
	if !l.o.Skip {
		return bad
	}
	l.result.Rejected++
	if l.o.Report != nil {
		l.o.Report(bad)
	}
	if l.o.Rejects == nil {
		return nil
	}
	if !l.headed {
		l.headed = true
		if err := writeLine(l.o.Rejects, l.header); err != nil {
			return err
		}
	}
	return writeLine(l.o.Rejects, bad.Raw)
}

// writeLine writes a row with exactly one line end.
func writeLine(w io.Writer, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	if line[len(line)-1] != '\n' {
		line = append(line[:len(line):len(line)], '\n')
	}
	_, err := w.Write(line)
	return err
}

// maxConflicts is how often a batch that lost against another writer is written again.
const maxConflicts = 20

// flush writes the batch in one transaction. A row that the database refuses is a bad row; the rest of the batch
// stands or, without Skip, the rows before it.
func (l *loader) flush(ctx context.Context, source Source) error {
	if len(l.batch) == 0 {
		return nil
	}
	defer func() { l.batch = l.batch[:0] }()
	for try := 0; ; try++ {
		taken, refused, err := l.write(ctx)
		if err != nil && ops.CodeOf(err) == ops.CodeConflict && try < maxConflicts {
			continue
		}
		if err != nil {
			return err
		}
		l.result.Rows += int64(taken)
		for _, r := range refused {
			if err := l.reject(r); err != nil {
				return err
			}
		}
		if l.o.Progress != nil {
			l.o.Progress(source.Offset(), l.result.Rows)
		}
		return nil
	}
}

// write carries a batch out in one transaction. Rows that are refused are left out; without Skip so are those behind the first.
func (l *loader) write(ctx context.Context) (taken int, refused []*RowError, err error) {
	m := &l.o.Mapping
	writes := make([]zerodb.Write, len(l.batch))
	for i := range l.batch {
		r := &l.batch[i].record
		writes[i] = zerodb.Write{Kind: zerodb.WriteInsert, Table: m.Table, Key: r.Key, Value: r.Object}
		if m.Edge {
			writes[i].Kind, writes[i].From, writes[i].To = zerodb.WriteRelate, r.From, r.To
		}
	}
	on := zerodb.RefusalStops
	if l.o.Skip {
		on = zerodb.RefusalSkips
	}
	done, err := l.session.Batch(ctx, writes, on)
	if err != nil {
		return 0, nil, err
	}
	for i, w := range done {
		if w.Err == nil {
			taken++
			continue
		}
		p := &l.batch[i]
		refused = append(refused, &RowError{File: l.o.File, Place: p.place, Err: w.Err, Raw: p.raw})
	}
	return taken, refused, nil
}

// String is the line that an import ends with.
func (r Result) String() string {
	if r.Rejected == 0 {
		return fmt.Sprintf("%d rows imported", r.Rows)
	}
	return fmt.Sprintf("%d rows imported, %d rejected", r.Rows, r.Rejected)
}
