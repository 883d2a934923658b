package zerodb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
	"github.com/zerodb/zerodb/storage/kv"
	"github.com/zerodb/zerodb/vm"
)

// Executions that are worth another look are kept in files of the directory "replay" of the database, each under its token. They
// hold the program and its parameters, so that logs need not.

const (
	replayDir = "replay"
	// keptReplays is how many are kept, the newest.
	keptReplays = 256
	tokenLen    = 2 * (8 + 4)
)

// Keep writes down what the execution was of, and returns the token that Session.Replay takes. It is "" where the execution cannot be
// repeated: it has written, ran in an open transaction, or read what changes by itself.
func (e *Execution) Keep() (token string, err error) {
	if e.at == 0 || e.db.options.ReadOnly {
		return "", nil
	}
	var chance [4]byte
	if _, err := io.ReadFull(e.db.options.Random, chance[:]); err != nil {
		return "", err
	}
	token = fmt.Sprintf("%016x%s", e.Began.UnixNano(), hex.EncodeToString(chance[:])) // in the order of time
	content, err := e.encode()
	if err != nil {
		return "", err
	}
	return token, e.db.keepReplay(token, content)
}

// encode is what a file holds: an object, and its SHA-256.
func (e *Execution) encode() ([]byte, error) {
	zqb, err := vm.Encode(e.Program)
	if err != nil {
		return nil, err
	}
	m := func(name string, v Value) Member { return Member{Name: name, Value: v} }
	content := vm.AppendValue(nil, ops.Object([]Member{m("format", ops.Int(1)), m("program", ops.Bytes(zqb)), m("statement", ops.Int(int64(e.index))),
		m("params", ops.List(e.params)), m("vars", ops.List(e.vars)), m("namespace", ops.String(e.Namespace)), m("database", ops.String(e.Database)),
		m("at", ops.Int(int64(e.at))), m("clock", ops.Time(e.Began.UnixNano())), m("seed", ops.Bytes(e.seed[:]))}))
	sum := sha256.Sum256(content)
	return append(content, sum[:]...), nil
}

func (db *DB) keepReplay(token string, content []byte) error {
	db.replays.Lock()
	defer db.replays.Unlock()
	fsys := db.options.FS
	dir := fsys.PathJoin(db.dir, replayDir)
	if err := fsys.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for len(names) >= keptReplays {
		if err := fsys.Remove(fsys.PathJoin(dir, names[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		names = names[1:]
	}
	f, err := fsys.Create(fsys.PathJoin(dir, token), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// readReplay reads what is kept under a token.
func (db *DB) readReplay(token string) (*Execution, error) {
	raw, err := hex.DecodeString(token)
	if err != nil || len(token) != tokenLen || len(raw) == 0 {
		return nil, ops.Errorf(ops.CodeArgument, "%q is no replay token", token).WithHint("the log of slow statements has them")
	}
	f, err := db.options.FS.Open(db.options.FS.PathJoin(db.dir, replayDir, token))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ops.Errorf(ops.CodeNotFound, "nothing is kept under the token %s: the newest %d are", token, keptReplays)
	}
	if err != nil {
		return nil, asError(err)
	}
	content, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, asError(err)
	}
	e, ok := db.decodeReplay(content)
	if !ok {
		return nil, ops.Errorf(ops.CodeCorrupt, "what is kept under the token %s is damaged", token)
	}
	return e, nil
}

func (db *DB) decodeReplay(content []byte) (e *Execution, ok bool) {
	at := len(content) - sha256.Size
	if at < 0 {
		return nil, false
	}
	if sum := sha256.Sum256(content[:at]); !bytes.Equal(sum[:], content[at:]) {
		return nil, false
	}
	v, rest, err := vm.DecodeValue(content[:at])
	if err != nil || len(rest) > 0 || v.Kind() != ops.KindObject {
		return nil, false
	}
	ok = true
	member := func(name string, k ops.Kind) Value {
		m, found := v.Member(name)
		ok = ok && found && m.Kind() == k
		if !ok {
			return ops.None
		}
		return m
	}
	zqb, format := member("program", ops.KindBytes), member("format", ops.KindInt)
	statement, params, vars := member("statement", ops.KindInt), member("params", ops.KindList), member("vars", ops.KindList)
	namespace, database := member("namespace", ops.KindString), member("database", ops.KindString)
	then, clock, seed := member("at", ops.KindInt), member("clock", ops.KindTime), member("seed", ops.KindBytes)
	if !ok || format.AsInt() != 1 || len(seed.AsBytes()) != 32 {
		return nil, false
	}
	p, err := vm.Decode(zqb.AsBytes())
	if err != nil || vm.Verify(p) != nil || statement.AsInt() < 0 || statement.AsInt() >= int64(len(p.Statements)) || len(params.AsList()) != len(p.Params) ||
		len(vars.AsList()) != len(p.Vars) {
		return nil, false
	}
	return &Execution{Program: p, db: db, index: int(statement.AsInt()), params: params.AsList(), vars: slices.Clone(vars.AsList()), Namespace: namespace.AsString(),
		Database: database.AsString(), at: kv.Time(then.AsInt()), Began: clock.AsTime(), seed: [32]byte(seed.AsBytes())}, true
}

// Replay runs a statement again that Execution.Keep has written down: the same program with the same parameters, in the same snapshot,
// at the same time and with the same chance. It gives the same rows, as long as the snapshot is kept (see Options.Retention) and the
// definitions are those that the program was compiled against; else it fails with not_kept or recompile.
func (s *Session) Replay(ctx context.Context, token string) (*Rows, error) {
	e, err := s.db.readReplay(token)
	if err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	c := newCompiled(e.Program, 0, 0)
	tx, err := s.db.store.Begin(ctx, storage.TxnOptions{Namespace: e.Namespace, Database: e.Database, At: e.at})
	if err != nil {
		return nil, err
	}
	st := &e.Program.Statements[e.index]
	rows := &Rows{session: s, ctx: ctx, own: true, tx: tx, statement: statementOf(e.Program, st, e.index, 0)}
	if err := s.replay(ctx, rows, c, e, tx); err != nil {
		tx.Cancel()
		return nil, err
	}
	s.open = append(s.open, rows)
	return rows, nil
}

func (s *Session) replay(ctx context.Context, rows *Rows, c *compiled, e *Execution, tx *storage.Txn) error {
	at, err := s.link(c, e.index, tx.Catalog())
	if err != nil {
		return err
	}
	o := s.limits(s.budget(new(vm.Budget)))
	o.Params, o.Vars = e.params, e.vars
	e.world(&o)
	machine, err := vm.Run(ctx, at.linked, s.over(at, tx), o)
	if err != nil {
		return err
	}
	rows.source, rows.shape = machineSource{machine}, at.linked.Shape()
	return nil
}
