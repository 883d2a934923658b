package vm

import (
	"context"

	"github.com/zerodb/zerodb/ops"
)

// Virtual has the tables that are no records of the store: what a database knows of itself, sys::tables and the like. Every table
// of theirs has a name with a path.
type Virtual interface {
	// Rows returns the rows of a table as objects; ok is false where there is none of that name. It sees what txn sees.
	Rows(ctx context.Context, txn Txn, name string) (rows []ops.Value, ok bool, err error)
}

// doVirtual reads a virtual table. They are small: what a process keeps in memory, or a catalog.
func doVirtual(fr *frame, in *Instr) signal {
	r, name := fr.run, fr.run.linked.texts[in.B]
	var rows []ops.Value
	ok := false
	if r.o.Virtual != nil {
		var err error
		if rows, ok, err = r.o.Virtual.Rows(r.ctx, r.txn, name); err != nil {
			return fr.fail(err)
		}
	}
	if !ok {
		return fr.fail(ops.Errorf(ops.CodeUnknownTable, "there is no virtual table %s here", name))
	}
	fr.scalars[in.A] = ops.List(rows)
	return goOn
}

// doAsOf goes to the state of a time that lies behind.
func doAsOf(fr *frame, in *Instr) signal {
	t := fr.scalars[in.A]
	if t.Kind() != ops.KindTime {
		return fr.fail(ops.Errorf(ops.CodeType, "VERSION takes a time, not %s %s", article(t.Kind()), ops.Format(t)).WithHint("t\"2026-11-24T10:00:00Z\", or time::now() - 1h"))
	}
	then, err := fr.run.txn.At(fr.run.ctx, t.AsTime())
	if err != nil {
		return fr.fail(err)
	}
	fr.then, fr.run.txn = then, then
	return goOn
}
