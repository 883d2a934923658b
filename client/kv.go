package client

import (
	"context"
	"iter"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

// Get reads the record of a key, see zerodb.Session.Get.
func (c *Conn) Get(ctx context.Context, table string, key zerodb.Value) (record zerodb.Value, found bool, err error) {
	return c.GetField(ctx, table, key)
}

// GetField reads one field of the record of a key, see zerodb.Session.GetField.
func (c *Conn) GetField(ctx context.Context, table string, key zerodb.Value, path ...string) (v zerodb.Value, found bool, err error) {
	r, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Get{Get: &protocol.GetRequest{Table: table, Key: wire.Bytes(key), Field: path}}}, "")
	if err != nil {
		return zerodb.None, false, err
	}
	v, err = wire.Value(r.GetGot().GetValue(), "the value")
	return v, r.GetGot().GetFound(), err
}

// Put writes the record of a key, see zerodb.Session.Put.
func (c *Conn) Put(ctx context.Context, table string, key, v zerodb.Value) error {
	_, err := c.write(ctx, zerodb.Write{Kind: zerodb.WritePut, Table: table, Key: key, Value: v})
	return err
}

// Insert writes a new record, see zerodb.Session.Insert.
func (c *Conn) Insert(ctx context.Context, table string, key, v zerodb.Value) (id zerodb.Value, err error) {
	w, err := c.write(ctx, zerodb.Write{Kind: zerodb.WriteInsert, Table: table, Key: key, Value: v})
	return w.ID, err
}

// Relate writes a new edge, see zerodb.Session.Relate.
func (c *Conn) Relate(ctx context.Context, edge string, key, from, to, v zerodb.Value) (id zerodb.Value, err error) {
	w, err := c.write(ctx, zerodb.Write{Kind: zerodb.WriteRelate, Table: edge, Key: key, From: from, To: to, Value: v})
	return w.ID, err
}

// Restore writes a record exactly as it is, see zerodb.Session.Restore.
func (c *Conn) Restore(ctx context.Context, table string, key, record zerodb.Value) error {
	_, err := c.write(ctx, zerodb.Write{Kind: zerodb.WriteRestore, Table: table, Key: key, Value: record})
	return err
}

// Delete removes the record of a key, see zerodb.Session.Delete.
func (c *Conn) Delete(ctx context.Context, table string, key zerodb.Value) (found bool, err error) {
	w, err := c.write(ctx, zerodb.Write{Kind: zerodb.WriteDelete, Table: table, Key: key})
	return w.Found, err
}

func (c *Conn) write(ctx context.Context, w zerodb.Write) (zerodb.Written, error) {
	done, err := c.Batch(ctx, []zerodb.Write{w}, zerodb.RefusalUndoes)
	if err != nil {
		return zerodb.Written{}, err
	}
	if len(done) != 1 {
		return zerodb.Written{}, ops.Errorf(ops.CodeInternal, "the server answered for %d writes, of 1", len(done))
	}
	return done[0], nil
}

// Batch carries out writes in one transaction, see zerodb.Session.Batch.
func (c *Conn) Batch(ctx context.Context, writes []zerodb.Write, on zerodb.OnRefusal) ([]zerodb.Written, error) {
	m := &protocol.BatchRequest{Writes: make([]*protocol.Write, len(writes)), OnRefusal: protocol.OnRefusal(on)}
	for i := range writes {
		m.Writes[i] = wire.WriteOf(&writes[i])
	}
	r, err := c.ask(ctx, &protocol.Request{Body: &protocol.Request_Batch{Batch: m}}, "")
	if err != nil {
		return nil, err
	}
	return wire.Written(r.GetWrote().GetWritten())
}

// pairShape is what the rows of a scan look like.
var pairShape = &vm.Shape{Form: vm.RowColumns, Names: []string{"id", "record"}, Types: []ops.Type{ops.TypeOf(ops.KindRecord), ops.TypeOf(ops.KindObject)}}

// Scan reads the records whose keys lie in a range, see zerodb.Session.Scan.
func (c *Conn) Scan(ctx context.Context, table string, keys zerodb.KeyRange) iter.Seq2[zerodb.Pair, error] {
	return func(yield func(zerodb.Pair, error) bool) {
		m := &protocol.ScanRequest{Table: table, From: wire.Bytes(keys.From), To: wire.Bytes(keys.To), Inclusive: keys.Inclusive, Reverse: keys.Reverse,
			Window: uint32(c.db.options.window)}
		call, err := c.link.start(ctx, c, &protocol.Request{Body: &protocol.Request_Scan{Scan: m}}, "")
		if err != nil {
			yield(zerodb.Pair{}, err)
			return
		}
		s := &source{conn: c, call: call, shape: pairShape}
		defer func() { _ = s.Close() }()
		for {
			cells, err := s.Next(ctx)
			if err != nil {
				yield(zerodb.Pair{}, err)
				return
			}
			if len(cells) == 0 {
				return
			}
			for ; len(cells) > 1; cells = cells[2:] {
				if cells[0].Kind() != ops.KindRecord {
					yield(zerodb.Pair{}, ops.Errorf(ops.CodeInternal, "the server sent a record without an id"))
					return
				}
				if !yield(zerodb.Pair{Key: cells[0].RecordKey(), Record: cells[1]}, nil) {
					return
				}
			}
		}
	}
}
