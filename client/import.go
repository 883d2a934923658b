package client

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
)

// ImportOptions say how an import goes. Nil means the defaults.
type ImportOptions struct {
	// Name is what the server remembers the import by: after a broken connection, or in another process, an import of the same
	// name goes on behind what is durable. It must be one that no other import has used.
	Name string
	// Namespace and Database say where; "" means main.
	Namespace, Database string
	// Chunk is how many writes make a transaction; the default is 1000.
	Chunk int
	// Skip leaves out writes that their table refuses; without it the first one ends the import.
	Skip bool
	// Refused is told about each write that was left out, by its place among all writes, from 0.
	Refused func(at int64, err error)
	// Progress is told how many writes are durable.
	Progress func(taken int64)
}

// ahead is how many chunks may be under way: one is written while the next ones travel.
const ahead = 4

// Import writes what a sequence gives, and returns how many writes were carried out. Each chunk is one transaction; the sending waits
// for the server. Where the connection breaks, the chunks that were not acknowledged are sent again, and none is written twice.
func (db *DB) Import(ctx context.Context, writes iter.Seq[zerodb.Write], o *ImportOptions) (taken int64, err error) {
	im := &importing{db: db}
	if o != nil {
		im.o = *o
	}
	if im.o.Name == "" {
		return 0, ops.Errorf(ops.CodeUsage, "an import needs a name")
	}
	if im.o.Chunk <= 0 {
		im.o.Chunk = 1000
	}
	next, stop := iter.Pull(writes)
	defer stop()
	im.source = next
	for try := 0; ; try++ {
		before := im.done
		err := im.stream(ctx)
		if err == nil || ops.CodeOf(err) != ops.CodeUnavailable || ctx.Err() != nil || try >= db.options.retries {
			return im.taken, err
		}
		if im.done > before {
			try = 0
		}
		db.pause(try + 1)
	}
}

// importing is an import under way.
type importing struct {
	db      *DB
	o       ImportOptions
	source  func() (zerodb.Write, bool)
	ended   bool
	done    uint64                    // the chunk acknowledged last
	made    uint64                    // the chunk made last
	waiting []*protocol.ImportRequest // made and not acknowledged
	taken   int64
}

// stream brings chunks over one stream until there are no more.
func (im *importing) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := im.db.rpc().Import(ctx)
	if err == nil {
		err = stream.Send(&protocol.ImportRequest{Import: im.o.Name, Scope: &protocol.Scope{Namespace: im.o.Namespace, Database: im.o.Database}})
	}
	var first *protocol.ImportResponse
	if err == nil || errors.Is(err, io.EOF) {
		first, err = stream.Recv()
	}
	if err != nil {
		return broken(err)
	}
	im.resume(first)
	for _, m := range im.waiting {
		if err := stream.Send(m); err != nil {
			return im.reason(stream)
		}
	}
	for {
		for len(im.waiting) < ahead && !im.ended {
			m := im.chunk()
			if m == nil {
				break
			}
			if err := stream.Send(m); err != nil {
				return im.reason(stream)
			}
		}
		if len(im.waiting) == 0 {
			if err := stream.CloseSend(); err != nil {
				return broken(err)
			}
			if _, err := stream.Recv(); !errors.Is(err, io.EOF) { // until the server has let go of the import
				return broken(err)
			}
			return nil
		}
		m, err := stream.Recv()
		if err != nil {
			return broken(err)
		}
		im.acknowledged(m)
	}
}

// reason is why a stream takes nothing more.
func (im *importing) reason(stream protocol.ZeroDB_ImportClient) error {
	for {
		if _, err := stream.Recv(); err != nil {
			return broken(err)
		}
	}
}

func broken(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return ops.Errorf(ops.CodeUnavailable, "the server has ended the import")
	}
	return wire.FromStatus(err, "")
}

// resume drops what the server says is durable. A process that begins anew reads over the writes that an earlier one brought.
func (im *importing) resume(m *protocol.ImportResponse) {
	for im.made < m.GetNumber() && !im.ended {
		im.chunk()
	}
	im.acknowledged(m)
}

// acknowledged takes an acknowledgement.
func (im *importing) acknowledged(m *protocol.ImportResponse) {
	if m.GetNumber() < im.done {
		return // of a server that has forgotten; what waits is numbered from what was acknowledged
	}
	for len(im.waiting) > 0 && im.waiting[0].Number <= m.GetNumber() {
		im.waiting = im.waiting[1:]
	}
	im.done, im.taken = m.GetNumber(), int64(m.GetTaken())
	for _, r := range m.GetRefused() {
		if im.o.Refused != nil {
			im.o.Refused(int64(im.done-1)*int64(im.o.Chunk)+int64(r.GetIndex()), wire.ErrorOfFault(r.GetFault()))
		}
	}
	if im.o.Progress != nil {
		im.o.Progress(im.taken)
	}
}

// chunk makes the next chunk; nil at the end.
func (im *importing) chunk() *protocol.ImportRequest {
	m := &protocol.ImportRequest{Number: im.made + 1, KeepGoing: im.o.Skip}
	for len(m.Writes) < im.o.Chunk {
		w, ok := im.source()
		if !ok {
			im.ended = true
			break
		}
		m.Writes = append(m.Writes, wire.WriteOf(&w))
	}
	if len(m.Writes) == 0 {
		return nil
	}
	im.made++
	im.waiting = append(im.waiting, m)
	return m
}
