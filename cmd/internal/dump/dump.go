// Package dump writes a database out – definitions, indexes, every record and edge with its id – and reads it back to an
// identical one: as a ZeroQL script, or as NDJSON. Both stream, and both are made in one snapshot.
package dump

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/compiler/ast"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// The first lines of exports: how an import knows them.
const (
	scriptMagic = "-- zerodb export 1"
	jsonMagic   = `{"zerodb_export":1`
)

// IsExport reports what kind of export a file is whose first bytes are given: "zql", "ndjson", or "" for none.
func IsExport(head []byte) string {
	switch {
	case strings.HasPrefix(string(head), scriptMagic):
		return "zql"
	case strings.HasPrefix(string(head), jsonMagic):
		return "ndjson"
	}
	return ""
}

// writer writes one of the forms.
type writer interface {
	begin(c zerodb.Catalog) error
	// define writes a definition statement.
	define(statement string) error
	record(t *schema.Table, p *zerodb.Pair) error
	// end is called behind the last record of a table.
	end(t *schema.Table) error
	index(t *schema.Table, ix *schema.Index) error
	flush() error
}

// Export writes the session's database. It returns how many records it wrote.
func Export(ctx context.Context, s zerodb.Conn, form string, out io.Writer) (records int64, err error) {
	buffered := bufio.NewWriterSize(out, 256<<10)
	var w writer
	switch form {
	case "zql":
		w = &scriptWriter{out: buffered}
	case "ndjson":
		w = &jsonWriter{out: buffered}
	default:
		return 0, ops.Errorf(ops.CodeUsage, "%q is no form of an export", form).WithHint("zql or ndjson")
	}
	if err := s.Begin(ctx, &zerodb.TxOptions{ReadOnly: true}); err != nil {
		return 0, err
	}
	defer func() { _ = s.Cancel() }()
	return export(ctx, s, w)
}

func export(ctx context.Context, s zerodb.Conn, w writer) (records int64, err error) {
	c, err := s.Catalog()
	if err != nil {
		return 0, err
	}
	if err := w.begin(c); err != nil {
		return 0, err
	}
	for _, d := range Definitions(c) {
		if err := w.define(d); err != nil {
			return 0, err
		}
	}
	// Edges come behind all vertices, for an edge may demand that its ends exist.
	for _, edges := range []bool{false, true} {
		for _, t := range c.Tables() {
			if t.Edge != edges {
				continue
			}
			n, err := exportTable(ctx, s, w, t)
			if records += n; err != nil {
				return records, err
			}
		}
	}
	for _, t := range c.Tables() { // building an index once is cheaper than keeping it up
		for _, ix := range t.Indexes {
			if err := w.index(t, ix); err != nil {
				return records, err
			}
		}
	}
	return records, w.flush()
}

func exportTable(ctx context.Context, s zerodb.Conn, w writer, t *schema.Table) (n int64, err error) {
	for p, err := range s.Scan(ctx, t.Name, zerodb.KeyRange{}) {
		if err != nil {
			return n, err
		}
		if err := w.record(t, &p); err != nil {
			return n, err
		}
		n++
	}
	return n, w.end(t)
}

// name is a name as ZeroQL writes it, in backticks where it needs them.
func name(s string) string { return ast.Print(&ast.Ident{Name: s}) }

func path(steps []string) string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = name(s)
	}
	return strings.Join(names, ".")
}

// Definitions are the statements that define a database's tables, without indexes, and the objects kept as their text, each
// behind those that it needs.
func Definitions(c schema.Catalog) (statements []string) {
	done := map[schema.Ref]bool{}
	var add func(r schema.Ref)
	add = func(r schema.Ref) {
		if r.Kind == schema.RefField || r.Kind == schema.RefIndex {
			r = schema.Ref{Kind: schema.RefTable, Name: r.Name}
		}
		if done[r] {
			return
		}
		done[r] = true
		var needs []schema.Ref
		statement := ""
		if r.Kind == schema.RefObject {
			if o := c.Object(r.Object, r.Name); o != nil {
				needs, statement = o.Requires, o.Text
			}
		} else if t := c.Table(r.Name); t != nil {
			needs, statement = t.Requires, Definition(t)
		} else if v := c.Object(schema.ObjectView, r.Name); v != nil {
			add(schema.RefTo(v.Kind, v.Name))
		}
		for _, n := range needs {
			add(n)
		}
		if statement != "" {
			statements = append(statements, statement)
		}
	}
	for _, o := range c.Objects() {
		add(schema.RefTo(o.Kind, o.Name))
	}
	for _, t := range c.Tables() {
		add(schema.Ref{Kind: schema.RefTable, Name: t.Name})
	}
	return statements
}

// Definition is the statement that defines a table, without its indexes.
func Definition(t *schema.Table) string {
	var b strings.Builder
	kind := "TABLE"
	if t.Edge {
		kind = "EDGE"
	}
	fmt.Fprintf(&b, "DEFINE %s %s", kind, name(t.Name))
	if t.From != "" || t.To != "" {
		fmt.Fprintf(&b, " FROM %s TO %s", name(t.From), name(t.To))
	}
	switch {
	case t.Schemafull && len(t.Fields) == 0:
		b.WriteString(" SCHEMAFULL")
	case !t.Schemafull && len(t.Fields) > 0:
		b.WriteString(" SCHEMALESS")
	}
	for i := range t.Fields {
		if t.Fields[i].Base > 0 { // it comes with the type of another
			continue
		}
		if i == 0 {
			b.WriteString(" FIELDS ")
		} else {
			b.WriteString(", ")
		}
		field(&b, &t.Fields[i])
	}
	return b.String()
}

func field(b *strings.Builder, f *schema.Field) {
	fmt.Fprintf(b, "%s TYPE %s", path(f.Path), f.Type)
	if f.Default != "" {
		fmt.Fprintf(b, " VALUE %s", f.Default)
	}
	for _, a := range f.Asserts {
		fmt.Fprintf(b, " ASSERT %s", a)
	}
	if f.ReadOnly {
		b.WriteString(" READONLY")
	}
}

// IndexDefinition is the statement that defines an index.
func IndexDefinition(t *schema.Table, ix *schema.Index) string {
	fields := make([]string, len(ix.Fields))
	for i, f := range ix.Fields {
		fields[i] = path(f)
	}
	s := fmt.Sprintf("DEFINE INDEX %s ON TABLE %s FIELDS %s", name(ix.Name), name(t.Name), strings.Join(fields, ", "))
	if ix.Unique {
		s += " UNIQUE"
	}
	return s
}
