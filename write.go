package zerodb

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// WriteKind is what a Write does.
type WriteKind uint8

// The kinds of writes; the methods of Session that are named like them say more.
const (
	WritePut WriteKind = iota
	WriteInsert
	WriteRestore
	WriteRelate
	WriteDelete
)

// Write is one write by key, for Session.Batch.
type Write struct {
	Kind     WriteKind
	Table    string
	Key      Value
	Value    Value // the record
	From, To Value // WriteRelate: the ends of the edge
}

// Written is what became of a Write.
type Written struct {
	ID    Value // WriteInsert and WriteRelate: the id of the record
	Found bool  // WriteDelete: it was there
	Err   error // why it was left out
}

// OnRefusal says what a batch does with a write that its table refuses, because of a rule, a type or a key.
type OnRefusal uint8

const (
	// RefusalUndoes undoes the whole batch: the error is Batch's.
	RefusalUndoes OnRefusal = iota
	// RefusalSkips leaves the write out and goes on: the error is in Written.
	RefusalSkips
	// RefusalStops leaves out the write and those behind it.
	RefusalStops
)

// Batch carries out writes in one transaction, or in the open one. What it returns is of as many writes as were carried out or
// refused.
func (s *Session) Batch(ctx context.Context, writes []Write, on OnRefusal) ([]Written, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	done := make([]Written, 0, len(writes))
	err := s.write(ctx, func(tx *storage.Txn) error {
		done = done[:0]
		for i := range writes {
			sp := tx.Savepoint()
			w, err := s.apply(ctx, tx, &writes[i])
			if err != nil {
				if on == RefusalUndoes || !refusal(err) {
					return err
				}
				tx.RollbackTo(sp)
				w = Written{Err: err}
			}
			done = append(done, w)
			if err != nil && on == RefusalStops {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// refusal reports whether an error is about what is written, and not about the writing.
func refusal(err error) bool {
	switch ops.CodeOf(err) {
	case ops.CodeAlreadyExists, ops.CodeUnique, ops.CodeAssert, ops.CodeType, ops.CodeUnknownField, ops.CodeNumberOutOfRange,
		ops.CodeReadOnly, ops.CodeTooLarge, ops.CodeNotFound, ops.CodeArgument, ops.CodeOverflow, ops.CodeDivisionByZero, ops.CodeCast,
		ops.CodeNotFinite:
		return true
	}
	return false
}

func (s *Session) writeOne(ctx context.Context, w Write) (done Written, err error) {
	if err := s.enter(); err != nil {
		return Written{}, err
	}
	defer s.exit()
	err = s.write(ctx, func(tx *storage.Txn) error {
		done, err = s.apply(ctx, tx, &w)
		return err
	})
	return done, err
}

// apply carries out a write in a transaction.
func (s *Session) apply(ctx context.Context, tx *storage.Txn, w *Write) (Written, error) {
	if err := s.allow(tx.Catalog(), w.Table, true); err != nil {
		return Written{}, err
	}
	if w.Kind == WriteDelete {
		t := tx.Catalog().Table(w.Table)
		through, err := s.through(tx, w.Table, vm.RightSelect, vm.RightDelete)
		if t == nil || err != nil {
			return Written{}, err
		}
		found, err := through.Delete(ctx, t, w.Key)
		return Written{Found: found}, err
	}
	if w.Kind == WriteRelate && (w.From.Kind() != ops.KindRecord || w.To.Kind() != ops.KindRecord) {
		return Written{}, ops.Errorf(ops.CodeType, "an edge joins two records, not %s and %s", ops.Format(w.From), ops.Format(w.To))
	}
	through, err := s.through(tx, w.Table, w.rights()...)
	if err != nil {
		return Written{}, err
	}
	t, err := tx.EnsureTable(ctx, w.Table, w.Kind == WriteRelate)
	if err != nil {
		return Written{}, err
	}
	object := recordOf(w.Value)
	if w.Kind == WriteRelate {
		if !t.Edge {
			return Written{}, ops.Errorf(ops.CodeType, "%s is a table of records, not of edges", quoted(w.Table))
		}
		if !guarded(t) {
			object = withEnds(w.From, w.To, object)
		}
	}
	if (guarded(t) || through != tx) && w.Kind != WriteRestore {
		id, err := s.applyGuarded(ctx, tx, w, object)
		return Written{ID: id}, err
	}
	if w.Kind == WritePut {
		return Written{}, tx.Replace(ctx, t, w.Key, object, true)
	}
	id, _, err := tx.Create(ctx, t, w.Key, object, false)
	return Written{ID: id}, err
}

// rights are what a write takes, one that is no removal.
func (w *Write) rights() []vm.Right {
	switch w.Kind {
	case WritePut:
		return []vm.Right{vm.RightSelect, vm.RightCreate, vm.RightUpdate}
	case WriteRelate:
		return []vm.Right{vm.RightRelate}
	case WriteRestore: // past the rules of the table
		return []vm.Right{vm.RightDefine, vm.RightCreate}
	}
	return []vm.Right{vm.RightCreate}
}

// applyGuarded writes through a statement, so that the table's types, defaults and rules hold.
func (s *Session) applyGuarded(ctx context.Context, tx *storage.Txn, w *Write, object Value) (Value, error) {
	switch w.Kind {
	case WritePut:
		return s.runGuarded(ctx, tx, "UPSERT "+quoted(w.Table)+":$key CONTENT $value", Named("key", w.Key), Named("value", object))
	case WriteInsert:
		return s.runGuarded(ctx, tx, "CREATE "+quoted(w.Table)+" CONTENT $value", Named("value", withID(w.Key, object)))
	}
	args := []Arg{Named("from", w.From), Named("to", w.To), Named("value", object)}
	target := quoted(w.Table)
	if !w.Key.IsNone() {
		target += ":$key"
		args = append(args, Named("key", w.Key))
	}
	return s.runGuarded(ctx, tx, "RELATE $from -> "+target+" -> $to CONTENT $value", args...)
}
