package zerodb

import (
	"context"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/vm"
)

// KV is a table used as a plain store of byte strings: the fastest way to a value by its key. The pair of key and value is the
// record whose field `value` holds the bytes, so that `SELECT VALUE value FROM kv:foo` reads what Put wrote. A KV belongs to its
// session, and is part of the session's open transaction.
type KV struct {
	session             *Session
	table               string
	namespace, database string // that store is of
	store               *storage.Map
}

// KV returns a table as a store of byte strings. The table comes into being with its first value; it must not declare fields.
func (s *Session) KV(table string) *KV { return &KV{session: s, table: table} }

// outside returns the store's own view of the table, which knows nothing of the session's transaction.
func (k *KV) outside() (*storage.Map, error) {
	s := k.session
	if k.store == nil || k.namespace != s.namespace || k.database != s.database {
		m, err := s.db.store.Map(s.namespace, s.database, k.table)
		if err != nil {
			return nil, err
		}
		if s.guard != nil {
			return nil, ops.Errorf(ops.CodeUnsupported, "KV is for sessions that may do everything")
		}
		k.store, k.namespace, k.database = m, s.namespace, s.database
	}
	return k.store, nil
}

// Get appends the value of a key to dst, which may be nil; found is false where there is none.
func (k *KV) Get(ctx context.Context, key Value, dst []byte) (value []byte, found bool, err error) {
	s := k.session
	if err := s.enter(); err != nil {
		return dst, false, err
	}
	defer s.exit()
	if s.tx == nil {
		m, err := k.outside()
		if err != nil {
			return dst, false, err
		}
		return m.Get(ctx, key, dst)
	}
	v, found, err := s.getIn(ctx, s.tx, k.table, key, valueColumn)
	if err != nil || !found {
		return dst, false, err
	}
	if v.Kind() != ops.KindBytes {
		return dst, false, ops.Errorf(ops.CodeType, "a record of %s holds no bytes as value", k.table).WithHint("read it with Session.Get")
	}
	return append(dst, v.AsBytes()...), true, nil
}

// Put writes the value of a key.
func (k *KV) Put(ctx context.Context, key Value, value []byte) error {
	s := k.session
	if err := s.enter(); err != nil {
		return err
	}
	inTx := s.tx != nil
	if !inTx {
		defer s.exit()
		m, err := k.outside()
		if err != nil {
			return err
		}
		for try := 0; ; try++ {
			if err = m.Put(ctx, key, value); err == nil || !s.again(ctx, err, try) {
				return err
			}
		}
	}
	s.exit()
	return s.Put(ctx, k.table, key, ops.Bytes(value))
}

// Delete removes a key and reports whether it was there.
func (k *KV) Delete(ctx context.Context, key Value) (found bool, err error) {
	return k.session.Delete(ctx, k.table, key)
}

// Scan calls use for the keys in a range, in their order, until it returns false. The value is valid during the call; use must
// not call the session.
func (k *KV) Scan(ctx context.Context, keys KeyRange, use func(key Value, value []byte) bool) error {
	s := k.session
	if err := s.enter(); err != nil {
		return err
	}
	if s.tx == nil {
		defer s.exit()
		m, err := k.outside()
		if err != nil {
			return err
		}
		return m.Scan(ctx, keys.bounds(), use)
	}
	s.exit()
	for p, err := range s.Scan(ctx, k.table, keys) {
		if err != nil {
			return err
		}
		v, _ := p.Record.Member("value")
		if v.Kind() != ops.KindBytes {
			return ops.Errorf(ops.CodeType, "%s holds no bytes as value", ops.Format(ops.Record(k.table, p.Key)))
		}
		if !use(p.Key, v.AsBytes()) {
			return nil
		}
	}
	return nil
}

// bounds is the range as the store takes it.
func (keys KeyRange) bounds() vm.Range {
	r := vm.Range{Lo: keys.From, Hi: keys.To, Reverse: keys.Reverse}
	if !keys.From.IsNone() {
		r.LoBound = vm.Inclusive
	}
	switch {
	case keys.To.IsNone():
	case keys.Inclusive:
		r.HiBound = vm.Inclusive
	default:
		r.HiBound = vm.Exclusive
	}
	return r
}
