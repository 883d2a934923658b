package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/cmd/internal/dump"
	"github.com/zerodb/zerodb/cmd/internal/load"
)

// importFlags are the flags of import as they were given.
type importFlags struct {
	table, as, id, member string
	edge                  bool
	from, to              string
	links, types          []string
	onError, rejects      string
	batch                 int
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import --dir D [--table t] FILE",
		Short: "Load a CSV, TSV, JSON or NDJSON file into a table, or an export into a database",
		Long: `Load the rows of a file into a table: CSV or TSV with a header line, a JSON array of objects, or NDJSON.

A column or member id is the key: integers are integer keys, t:key is the record; without one, keys are generated.
CSV columns become int, float, bool, time or string by all their values; an empty cell is none.
Without --table the file must be an export of zerodb export; it is read back whole.`,
		Example: `  zerodb import --dir D --table airport --id iata airports.csv
  zerodb import --dir D --table flies --edge --from origin:airport --to destination:airport flights.csv
  zerodb import --dir D backup.zql`,
		Args: cli.Args(cobra.ExactArgs(1)),
	}
	a.bind(c)
	fl := c.Flags()
	fl.StringVar(&f.table, "table", "", "the table that the rows go into")
	fl.StringVar(&f.as, "as", "", "how the file is written: csv, tsv, json or ndjson; otherwise its name tells")
	fl.StringVar(&f.id, "id", "id", "the `column` that is the key")
	fl.BoolVar(&f.edge, "edge", false, "the rows are edges")
	fl.StringVar(&f.from, "from", "", "edges: the column where they begin, `COL[:TABLE]`")
	fl.StringVar(&f.to, "to", "", "edges: the column where they end, `COL[:TABLE]`")
	fl.StringArrayVar(&f.links, "link", nil, "make a column links into a table, `COL=TABLE`; may be repeated")
	fl.StringSliceVar(&f.types, "types", nil, "types of columns, `COL=TYPE,…`: "+strings.Join(load.TypeNames, ", "))
	fl.StringVar(&f.member, "member", "", "JSON: the `member` of the outermost object that has the rows")
	fl.StringVar(&f.onError, "on-error", "stop", "what to do with a bad row: stop or skip")
	fl.StringVar(&f.rejects, "rejects", "", "with --on-error skip, the `file` that bad rows go to (default FILE.rejects)")
	fl.IntVar(&f.batch, "batch", 1000, "how many rows make a transaction")
	fl.BoolVar(&a.relaxed, "relaxed", false, "acknowledge batches before they are on disk: faster, and a crash may lose the last ones")
	c.RunE = func(c *cobra.Command, files []string) error {
		ctx := orBackground(c.Context())
		if f.table == "" {
			return a.restore(ctx, files[0])
		}
		o, err := f.options(files[0])
		if err != nil {
			return err
		}
		return a.load(ctx, files[0], o, &f)
	}
	return c
}

// options reads the flags.
func (f *importFlags) options(file string) (*load.Options, error) {
	o := &load.Options{File: cli.SourceName(file), Form: load.Form(f.as), Member: f.member, Batch: f.batch,
		Mapping: load.Mapping{Table: f.table, ID: f.id, Edge: f.edge, Links: map[string]string{}, Types: map[string]string{}}}
	if f.as == "" {
		if o.Form = load.FormOf(file); o.Form == "" {
			return nil, cli.Usagef("the name %s does not say how the file is written: use --as csv, tsv, json or ndjson", file)
		}
	}
	if f.member != "" && o.Form != load.JSON {
		return nil, cli.Usagef("--member is for JSON files")
	}
	switch f.onError {
	case "stop":
	case "skip":
		o.Skip = true
	default:
		return nil, cli.Usagef("--on-error %s: stop or skip", f.onError)
	}
	if f.batch < 1 {
		return nil, cli.Usagef("--batch must be at least 1")
	}
	for _, end := range []struct {
		text string
		into *load.Endpoint
	}{{f.from, &o.Mapping.From}, {f.to, &o.Mapping.To}} {
		if end.text == "" {
			continue
		}
		e, err := load.ParseEndpoint(end.text)
		if err != nil {
			return nil, err
		}
		*end.into = e
	}
	for _, pair := range []struct {
		flag  string
		texts []string
		into  map[string]string
	}{{"--link", f.links, o.Mapping.Links}, {"--types", f.types, o.Mapping.Types}} {
		for _, text := range pair.texts {
			column, value, found := cutLast(text, '=')
			if !found || column == "" || value == "" {
				return nil, cli.Usagef("%s %q is not COL=…", pair.flag, text)
			}
			pair.into[column] = value
		}
	}
	return o, o.Mapping.Validate()
}

// cutLast cuts at the last sign: columns may have any name.
func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func (a *app) load(ctx context.Context, file string, o *load.Options, f *importFlags) (err error) {
	open, cleanup, err := a.twice(file, o.Form)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	rejects := &lazyFile{fs: a.world.FS, name: f.rejects}
	if rejects.name == "" {
		rejects.name = file + ".rejects"
		if file == "-" {
			rejects.name = "stdin.rejects"
		}
	}
	if o.Skip {
		o.Rejects = rejects
		o.Report = func(e *load.RowError) { fmt.Fprintln(a.world.Err, e) }
	}
	return a.with(ctx, zerodb.SessionOptions{}, func(_ zerodb.Database, s zerodb.Conn) error {
		bar := newProgress(a.world, a.size(file))
		o.Progress = bar.set
		result, err := load.Run(ctx, s, open, o)
		bar.end()
		err = errors.Join(err, rejects.Close())
		fmt.Fprintln(a.world.Out, result)
		if result.Rejected > 0 {
			fmt.Fprintf(a.world.Err, "the rejected rows are in %s\n", rejects.name)
			if err == nil {
				err = cli.ErrShown
			}
		}
		return err
	})
}

func (a *app) restore(ctx context.Context, file string) error {
	in := io.NopCloser(a.world.In)
	if file != "-" {
		f, err := a.world.FS.Open(file)
		if err != nil {
			return err
		}
		in = f
	}
	defer in.Close()
	return a.with(ctx, zerodb.SessionOptions{}, func(_ zerodb.Database, s zerodb.Conn) error {
		bar := newProgress(a.world, a.size(file))
		_, err := dump.Restore(ctx, s, cli.SourceName(file), in, func(bytes int64) { bar.set(bytes, 0) })
		bar.end()
		if err == nil {
			fmt.Fprintln(a.world.Out, "imported")
		}
		return err
	})
}

// size is how many bytes a file has; 0 where that is not known.
func (a *app) size(file string) int64 {
	if file == "-" {
		return 0
	}
	info, err := a.world.FS.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// twice gives a file that can be opened more than once: standard input is first written to a temporary file, if its form needs
// two passes.
func (a *app) twice(file string, form load.Form) (open load.OpenFunc, cleanup func() error, err error) {
	nothing := func() error { return nil }
	if file != "-" {
		return load.FileOpener(a.world.FS, file), nothing, nil
	}
	if form != load.CSV && form != load.TSV {
		return func() (io.ReadCloser, error) { return io.NopCloser(a.world.In), nil }, nothing, nil
	}
	var id [8]byte
	if _, err := io.ReadFull(a.world.Random, id[:]); err != nil {
		return nil, nil, err
	}
	name := a.world.FS.PathJoin(a.world.TempDir, fmt.Sprintf("zerodb-import-%x", id))
	f, err := a.world.FS.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, nil, err
	}
	_, err = io.Copy(f, a.world.In)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, errors.Join(err, a.world.FS.Remove(name))
	}
	return load.FileOpener(a.world.FS, name), func() error { return a.world.FS.Remove(name) }, nil
}

// lazyFile is made when the first byte is written.
type lazyFile struct {
	fs   vfs.FS
	name string
	f    vfs.File
}

func (l *lazyFile) Write(p []byte) (int, error) {
	if l.f == nil {
		f, err := l.fs.Create(l.name, vfs.WriteCategoryUnspecified)
		if err != nil {
			return 0, err
		}
		l.f = f
	}
	return l.f.Write(p)
}

func (l *lazyFile) Close() error {
	if l.f == nil {
		return nil
	}
	return l.f.Close()
}
