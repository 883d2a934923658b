package storage

import (
	"bytes"
	"context"
	"slices"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage/kv"
)

// The job that writes the records of a table anew after a redefinition.

// rewrite writes older records anew: at once where there are few, else in the background.
func (r *redefining) rewrite(ctx context.Context) {
	s, p := r.store, r.place
	ref, err := s.catalogRef(p)
	if err != nil {
		s.end(r.job, err)
		return
	}
	for _, id := range r.ids {
		n, tab := r.job, ref.Load().tables[id]
		if tab == nil {
			continue
		}
		if id != r.id {
			n = s.begin("redefine", "rewriting", p, tab, "")
		}
		s.enter(n, "rewriting", tab.desc.Name)
		if !unfinished(tab.desc) {
			s.end(n, nil)
			continue
		}
		if err := s.claim(ctx, id); err != nil { // it is free, so the context has ended
			s.end(n, err)
			continue
		}
		if tab.rows.Load() <= smallTable && s.rewriteAll(ctx, p, id, n) == nil {
			s.release(id)
			s.end(n, nil)
			continue
		}
		s.background(id, n, func(ctx context.Context) error { return s.rewriteAll(ctx, p, id, n) })
	}
}

// rewriteAll writes every record of a table anew that is older than its last redefinition.
func (s *Store) rewriteAll(ctx context.Context, p place, id uint32, n *job) error {
	chunk := buildChunk
	for from, first := []byte(nil), true; first || from != nil; {
		count, next, err := s.rewriteSome(ctx, p, id, from, chunk)
		switch {
		case err != nil && ops.CodeOf(err) == ops.CodeConflict:
			// Writers came in between; what they wrote is new, and smaller pieces meet fewer of them.
			chunk = max(chunk/2, 1)
			if err := ctx.Err(); err != nil {
				return wrap(err)
			}
			continue
		case err != nil:
			return wrap(err)
		}
		n.done.Add(int64(count))
		from, first = next, false
		chunk = min(chunk*2, buildChunk)
	}
	err := s.again(ctx, p, func(t *Txn) error {
		tab := t.cat.tables[id]
		if tab == nil || !unfinished(tab.desc) {
			return nil
		}
		if err := t.use(tab); err != nil {
			return err
		}
		desc := *tab.desc
		stamp(&desc, tab.since)
		desc.Shapes = slices.Clone(desc.Shapes)
		for i := range desc.Shapes {
			desc.Shapes[i].Done = true
		}
		return t.putTable(t.cat.with(&desc, tab.tableState), &desc)
	})
	if err != nil {
		return wrap(err)
	}
	// What was counted of fields is of their former names and types.
	return wrap(s.again(ctx, p, func(t *Txn) error {
		if tab := t.cat.tables[id]; tab != nil {
			return t.analyze(ctx, t.cat, tab.desc.Name)
		}
		return nil
	}))
}

// rewriteSome does so for so many records from a key on. It returns how many it looked at, and where to go on.
func (s *Store) rewriteSome(ctx context.Context, p place, id uint32, from []byte, most int) (n int, next []byte, err error) {
	t, err := s.Begin(ctx, TxnOptions{Namespace: p.namespace, Database: p.database, Write: true})
	if err != nil {
		return 0, nil, err
	}
	tab := t.cat.tables[id]
	if tab == nil || !unfinished(tab.desc) {
		t.Cancel()
		return 0, nil, nil
	}
	if err = t.use(tab); err == nil {
		// Nothing depends on the records between those that are written: what comes in is new.
		err = t.walkRecords(ctx, tab, from, func(w walked) (bool, error) {
			if n == most {
				next = recordKey(nil, tab.records, w.key)
				return false, nil
			}
			n++
			// One that is the same in both shapes may be older.
			if tab.older(w.at) && !bytes.Equal(w.stored, w.value) {
				t.key = recordKey(t.key[:0], tab.records, w.key)
				t.value = append(t.value[:0], w.value...)
				t.kv.Put(t.key, t.value, kv.Unknown)
				t.watch(tab)
			}
			return true, nil
		})
	}
	if err != nil {
		t.Cancel()
		return 0, nil, err
	}
	_, err = t.Commit(ctx)
	return n, next, err
}
