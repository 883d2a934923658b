package zerodb

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
	"github.com/zerodb/zerodb/vm"
)

// system is what a database knows of itself, as the virtual tables sys::…
type system struct {
	db *DB

	mu     sync.Mutex
	tables map[string]func(context.Context) ([]Value, error) // of others, such as a server
	errors map[Code]*errorCount
}

// errorCount is what sys::errors shows of a code.
type errorCount struct {
	n    int64
	last time.Time
	text string
}

// usage counts what the statements of a compiled text have done.
type usage struct{ runs, rows, nanos atomic.Int64 }

// AddVirtual makes a virtual table of the database: SELECT … FROM sys::name reads what rows returns, objects. It is
// for servers, which know more than the database does.
func (db *DB) AddVirtual(name string, rows func(context.Context) ([]Value, error)) {
	db.system.mu.Lock()
	defer db.system.mu.Unlock()
	db.system.tables["sys::"+name] = rows
}

// Rows implements vm.Virtual.
func (s *system) Rows(ctx context.Context, txn vm.Txn, name string) ([]Value, bool, error) {
	switch name {
	case "sys::tables":
		return tablesOf(txn.Catalog()), true, nil
	case "sys::indexes":
		return indexesOf(txn.Catalog()), true, nil
	case "sys::jobs":
		return jobsOf(s.db.store.Jobs(), txn.Catalog()), true, nil
	case "sys::statements":
		return s.statements(), true, nil
	case "sys::users":
		return s.ofNode(schema.ObjectUser)
	case "sys::roles":
		return s.ofNode(schema.ObjectRole)
	case "sys::errors":
		return s.failures(), true, nil
	}
	s.mu.Lock()
	rows := s.tables[name]
	s.mu.Unlock()
	if rows == nil {
		return nil, false, nil
	}
	all, err := rows(ctx)
	return all, true, err
}

// ofNode shows the users or the roles.
func (s *system) ofNode(kind schema.ObjectKind) ([]Value, bool, error) {
	node, err := s.db.store.Node()
	if err != nil {
		return nil, true, err
	}
	var out []Value
	for _, o := range node.Objects() {
		if o.Kind == kind {
			out = append(out, objectOf("name", ops.String(o.Name), "definition", ops.String(o.Text), "namespace", stringOf(o.Namespace), "database", stringOf(o.Database)))
		}
	}
	return out, true, nil
}

func stringOf(s string) Value {
	if s == "" {
		return None
	}
	return ops.String(s)
}

// objectOf makes an object of names and values in turn; members that are none are left out.
func objectOf(parts ...any) Value {
	var ms []ops.Member
	for i := 0; i < len(parts); i += 2 {
		if v := parts[i+1].(Value); !v.IsNone() {
			ms = append(ms, ops.Member{Name: parts[i].(string), Value: v})
		}
	}
	return ops.Object(ms)
}

func textsOf(texts []string) Value {
	vs := make([]Value, len(texts))
	for i, t := range texts {
		vs[i] = ops.String(t)
	}
	return ops.List(vs)
}

func tablesOf(c Catalog) []Value {
	var out []Value
	for _, t := range c.Tables() {
		kind := "table"
		if t.Edge {
			kind = "edge"
		}
		out = append(out, objectOf("name", ops.String(t.Name), "kind", ops.String(kind), "schemafull", ops.Bool(t.Schemafull),
			"fields", ops.Int(int64(len(t.Fields))), "indexes", ops.Int(int64(len(t.Indexes))), "rows", ops.Int(max(c.Rows(t.Name), 0)),
			"statistics", statisticsOf(c.Stats(t.Name))))
	}
	for _, o := range c.Objects() {
		if o.Kind == schema.ObjectView {
			out = append(out, objectOf("name", ops.String(o.Name), "kind", ops.String("view"), "definition", ops.String(o.Text)))
		}
	}
	return out
}

// statisticsOf shows what is known of a table's fields.
func statisticsOf(s *schema.Stats) Value {
	if s == nil {
		return ops.None
	}
	fields := make([]Value, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		least, most := ops.None, ops.None
		if n := len(f.Bounds); n > 0 {
			least, most = f.Bounds[0], f.Bounds[n-1]
		}
		fields[i] = objectOf("field", ops.String(strings.Join(f.Path, ".")), "distinct", ops.Int(f.Distinct), "none", ops.Float(f.None), "least", least, "most", most)
	}
	return ops.List(fields)
}

func indexesOf(c Catalog) []Value {
	var out []Value
	for _, t := range c.Tables() {
		for _, ix := range t.Indexes {
			fields := make([]string, len(ix.Fields))
			for i, f := range ix.Fields {
				fields[i] = strings.Join(f, ".")
			}
			out = append(out, objectOf("name", ops.String(ix.Name), "table", ops.String(t.Name), "fields", textsOf(fields),
				"unique", ops.Bool(ix.Unique), "ready", ops.Bool(ix.Ready)))
		}
	}
	return out
}

// jobsOf shows the long pieces of work for a database's tables, the oldest first.
func jobsOf(jobs []schema.Job, c Catalog) []Value {
	var out []Value
	text := func(s string) Value {
		if s == "" {
			return ops.None
		}
		return ops.String(s)
	}
	for i := range jobs {
		j := &jobs[i]
		if j.Namespace != c.Namespace() || j.Database != c.Database() {
			continue
		}
		ended := ops.None
		if !j.Ended.IsZero() {
			ended = ops.Time(j.Ended.UnixNano())
		}
		out = append(out, objectOf("kind", ops.String(j.Kind), "table", ops.String(j.Table), "of", text(j.Of), "state", ops.String(j.State),
			"done", ops.Int(j.Done), "total", ops.Int(j.Total), "started", ops.Time(j.Started.UnixNano()), "ended", ended, "error", text(j.Error)))
	}
	return out
}

// statements shows the compiled texts, the one used last first.
func (s *system) statements() []Value {
	var out []Value
	touched := func(all []vm.TableFields) Value {
		names := make([]string, len(all))
		for i := range all {
			names[i] = all[i].Table
		}
		return textsOf(names)
	}
	for _, c := range s.db.statements.all() {
		p := c.program
		out = append(out, objectOf("text", ops.String(p.Source), "runs", ops.Int(c.usage.runs.Load()), "rows", ops.Int(c.usage.rows.Load()),
			"time", ops.Duration(time.Duration(c.usage.nanos.Load())), "bytes", ops.Int(c.bytes), "reads", touched(p.Manifest.Reads),
			"writes", touched(p.Manifest.Writes), "functions", textsOf(p.Manifest.Functions), "cost", ops.String(p.Manifest.Cost.String())))
	}
	return out
}

// all returns what is compiled, the one used last first.
func (c *statementCache) all() (out []*compiled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.ring.next; e != &c.ring; e = e.next {
		if e.bytes > 0 { // it is ready
			out = append(out, e.compiled)
		}
	}
	return out
}

// failed counts an error that a statement has met.
func (s *system) failed(err error) {
	var e *ops.Error
	if !errors.As(err, &e) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.errors[e.Code]
	if n == nil {
		n = &errorCount{}
		s.errors[e.Code] = n
	}
	n.n++
	n.last, n.text = s.db.options.Clock(), e.Message
}

// failures shows the errors by code, the one met last first.
func (s *system) failures() []Value {
	type counted struct {
		code Code
		errorCount
	}
	s.mu.Lock()
	var all []counted
	for code, n := range s.errors {
		all = append(all, counted{code, *n})
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b counted) int { return cmp.Or(b.last.Compare(a.last), cmp.Compare(a.code, b.code)) })
	out := make([]Value, len(all))
	for i, c := range all {
		out[i] = objectOf("code", ops.String(string(c.code)), "count", ops.Int(c.n), "last", ops.Time(c.last.UnixNano()), "message", ops.String(c.text))
	}
	return out
}
