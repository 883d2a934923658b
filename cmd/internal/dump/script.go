package dump

import (
	"bufio"
	"fmt"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

const (
	// A statement holds so many records, or so many bytes, whichever comes first.
	statementRecords = 200
	statementBytes   = 128 << 10
	// transactionBytes is when a transaction is committed: one for each statement would sync the disk thousands of times.
	transactionBytes = 256 << 10
)

// scriptWriter writes one statement a line, so that the script can be read back piece by piece.
type scriptWriter struct {
	out  *bufio.Writer
	buf  []byte
	many int // records in the statement that is being written
	// later holds statements that take defaults away again from records that have lost them.
	later []byte
	begun bool // a transaction is open
	since int  // bytes written in it
}

func (w *scriptWriter) begin(c zerodb.Catalog) error {
	_, err := fmt.Fprintf(w.out, "%s: namespace %s, database %s\n", scriptMagic, c.Namespace(), c.Database())
	return err
}

// define writes a definition, which may span lines, on one: a semicolon ends it there.
func (w *scriptWriter) define(statement string) error {
	_, err := w.out.WriteString(statement + ";\n")
	return err
}

// record adds to the CREATE of a table, which takes records by the hundred.
func (w *scriptWriter) record(t *schema.Table, p *zerodb.Pair) error {
	w.withoutDefaults(t, p)
	if t.Edge {
		return w.edge(t, p)
	}
	if w.many == 0 {
		w.buf = append(w.buf, "CREATE "+name(t.Name)+" CONTENT ["...)
	} else {
		w.buf = append(w.buf, ", "...)
	}
	w.many++
	w.buf = ops.AppendExact(w.buf, p.Record)
	if w.many >= statementRecords || len(w.buf) >= statementBytes {
		return w.close()
	}
	return nil
}

// edge writes a RELATE, which says the edge's id between its ends.
func (w *scriptWriter) edge(t *schema.Table, p *zerodb.Pair) error {
	from, to, rest := ends(p.Record)
	w.buf = append(w.buf, "RELATE "...)
	w.buf = ops.AppendZQL(w.buf, from)
	w.buf = append(w.buf, " -> "...)
	w.buf = ops.AppendZQL(w.buf, ops.Record(t.Name, p.Key))
	w.buf = append(w.buf, " -> "...)
	w.buf = ops.AppendZQL(w.buf, to)
	if len(rest) > 0 {
		w.buf = append(w.buf, " CONTENT "...)
		w.buf = ops.AppendExact(w.buf, ops.Object(rest))
	}
	return w.finish()
}

// withoutDefaults notes the fields that a record lacks although its table has defaults for them: the CREATE will give it
// the defaults, a statement after it takes them away.
func (w *scriptWriter) withoutDefaults(t *schema.Table, p *zerodb.Pair) {
	first := true
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Default == "" || !memberAt(p.Record, f.Path).IsNone() || f.Base > 0 && memberAt(p.Record, f.Path[:f.Base]).IsNone() {
			continue
		}
		if first {
			w.later = append(w.later, "UPDATE "...)
			w.later = ops.AppendZQL(w.later, ops.Record(t.Name, p.Key))
			w.later = append(w.later, " SET "...)
		} else {
			w.later = append(w.later, ", "...)
		}
		first = false
		w.later = append(w.later, path(f.Path)+" = none"...)
	}
	if !first {
		w.later = append(w.later, " RETURN NONE;\n"...)
	}
}

func memberAt(v zerodb.Value, path []string) zerodb.Value {
	for _, step := range path {
		if v.Kind() != ops.KindObject {
			return zerodb.None
		}
		v, _ = v.Member(step)
	}
	return v
}

// end closes the statement and the transaction of a table.
func (w *scriptWriter) end(*schema.Table) error {
	if err := w.close(); err != nil || !w.begun {
		return err
	}
	return w.commit()
}

// close ends the CREATE that is being written.
func (w *scriptWriter) close() error {
	if w.many == 0 {
		return nil
	}
	w.many = 0
	w.buf = append(w.buf, ']')
	return w.finish()
}

// finish writes a statement out.
func (w *scriptWriter) finish() error {
	if !w.begun {
		w.begun, w.since = true, 0
		if _, err := w.out.WriteString("BEGIN;\n"); err != nil {
			return err
		}
	}
	w.buf = append(append(w.buf, " RETURN NONE;\n"...), w.later...)
	_, err := w.out.Write(w.buf)
	w.since += len(w.buf)
	w.buf, w.later = w.buf[:0], w.later[:0]
	if err != nil || w.since < transactionBytes {
		return err
	}
	return w.commit()
}

func (w *scriptWriter) commit() error {
	w.begun = false
	_, err := w.out.WriteString("COMMIT;\n")
	return err
}

func (w *scriptWriter) index(t *schema.Table, ix *schema.Index) error {
	_, err := w.out.WriteString(IndexDefinition(t, ix) + ";\n")
	return err
}

func (w *scriptWriter) flush() error { return w.out.Flush() }

// ends takes an edge apart: its ends, and its own fields.
func ends(edge zerodb.Value) (from, to zerodb.Value, rest []zerodb.Member) {
	for _, m := range edge.AsObject() {
		switch m.Name {
		case "id":
		case "in":
			from = m.Value
		case "out":
			to = m.Value
		default:
			rest = append(rest, m)
		}
	}
	return from, to, rest
}
