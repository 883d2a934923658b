package database_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

const (
	killedWriters = 64
	accounts      = 64
	inEach        = 100 // account at the beginning
)

// writer is what one of the writers knows of what it has done.
type writer struct {
	number    int
	last      int          // the number of its last entry
	acked     map[int]bool // entries: true, or false for those that were under way when the server was killed
	counted   int64        // how often its counter was raised, acknowledged
	doubtful  int64        // and without an answer
	committed int          // transfers
}

// TestKilledUnderWriters kills the server, as kill -9 does, under 64 writers that wait for each of their writes, and opens the
// database again: every acknowledged write is there, none is there twice, transactions are there whole or not at all, and what is
// stored fits together. ZERODB_KILLS says how often; `make kill` does it 50 times.
func TestKilledUnderWriters(t *testing.T) {
	dir := t.TempDir()
	kills := fromEnvironment(t, "ZERODB_KILLS", 3)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	writers := make([]*writer, killedWriters)
	for i := range writers {
		writers[i] = &writer{number: i, acked: map[int]bool{}}
	}
	p := startServer(t, dir)
	prepareForWriters(t, p.connect(t))
	for range kills {
		db := p.connect(t)
		var work sync.WaitGroup
		var writes atomic.Int64
		for _, w := range writers {
			work.Go(func() { w.write(t, db, &writes) })
		}
		for writes.Load() < killedWriters { // they are all at it
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		p.kill()
		work.Wait()
		_ = db.Close()
		p = startServer(t, dir)
		verifyWriters(t, p.connect(t), writers)
		if t.Failed() {
			t.Fatalf("after a kill\n%s", p.lines)
		}
	}
	p.stop(t)
	db, err := zerodb.Open(dir, nil)
	must(t, err)
	must(t, db.Check(ctx, func(problem zerodb.Problem) { t.Error(problem) }))
	must(t, db.Close())
	total, committed := 0, 0
	for _, w := range writers {
		total += len(w.acked) + int(w.counted)
		committed += w.committed
	}
	t.Logf("%d kills, %d writes and %d transactions acknowledged", kills, total, committed)
}

func prepareForWriters(t *testing.T, db zerodb.Database) {
	t.Helper()
	script(t, db, `DEFINE TABLE entry FIELDS w TYPE int, n TYPE int; DEFINE INDEX of_writer ON TABLE entry FIELDS w, n;
		FOR $i IN 0..$writers DO CREATE counter:[$i] SET n = 0 END; FOR $i IN 0..$accounts DO CREATE account:[$i] SET n = $each END`,
		zerodb.Named("writers", killedWriters), zerodb.Named("accounts", accounts), zerodb.Named("each", inEach))
}

// write writes until the server is gone.
func (w *writer) write(t *testing.T, db zerodb.Database, writes *atomic.Int64) {
	c, err := db.Conn(ctx, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	create, err := c.Prepare(ctx, `CREATE entry SET w = $w, n = $n RETURN NONE`)
	if err != nil {
		t.Error(err)
		return
	}
	for ; ; writes.Add(1) {
		w.last++
		switch w.last % 3 {
		case 0:
			_, err = create.Execute(ctx, zerodb.Named("w", w.number), zerodb.Named("n", w.last))
			w.acked[w.last] = err == nil
		case 1:
			if _, err = c.Execute(ctx, `UPDATE counter:[$w] SET n += 1 RETURN NONE`, zerodb.Named("w", w.number)); err == nil {
				w.counted++
			} else {
				w.doubtful++
			}
		case 2:
			if err = w.transfer(db); err == nil {
				w.committed++
			} else if ops.CodeOf(err) == ops.CodeConflict {
				err = nil
			}
		}
		if err != nil {
			if ops.CodeOf(err) != ops.CodeUnavailable {
				t.Errorf("the server was killed, and what the writer saw was %v", err)
			}
			return
		}
	}
}

// transfer moves one from an account to another.
func (w *writer) transfer(db zerodb.Database) error {
	from := (w.number + w.last) % accounts
	to := (w.number*7 + w.last*3 + 1) % accounts
	return db.InTx(ctx, nil, func(c zerodb.Conn) error {
		for account, by := range map[int]int{from: -1, to: 1} {
			if from == to {
				by = 0
			}
			if _, err := c.Execute(ctx, `UPDATE account:[$a] SET n += $by RETURN NONE`, zerodb.Named("a", account), zerodb.Named("by", by)); err != nil {
				return err
			}
		}
		return nil
	})
}

// verifyWriters holds what is stored against what the writers know.
func verifyWriters(t *testing.T, db zerodb.Database, writers []*writer) {
	t.Helper()
	must(t, db.Check(ctx, func(problem zerodb.Problem) { t.Error(problem) }))
	found := make([]map[int]int, len(writers))
	for i := range found {
		found[i] = map[int]int{}
	}
	each(t, db, `SELECT w, n FROM entry`, func(r zerodb.Row) { found[r.At(0).AsInt()][int(r.At(1).AsInt())]++ })
	for i, w := range writers {
		for n, acked := range w.acked {
			switch times := found[i][n]; {
			case acked && times != 1:
				t.Errorf("entry %d of writer %d was acknowledged, and is there %d times", n, i, times)
			case times > 1:
				t.Errorf("entry %d of writer %d is there %d times", n, i, times)
			case !acked && times == 0:
				delete(w.acked, n)
			case !acked:
				w.acked[n] = true // it stays
			}
			delete(found[i], n)
		}
		for n := range found[i] {
			t.Errorf("entry %d of writer %d was never written", n, i)
		}
	}
	each(t, db, `SELECT id, n FROM counter`, func(r zerodb.Row) {
		w, n := writers[r.At(0).RecordKey().AsList()[0].AsInt()], r.At(1).AsInt()
		if n < w.counted || n > w.counted+w.doubtful {
			t.Errorf("the counter of writer %d is %d, acknowledged were %d, %d had no answer", w.number, n, w.counted, w.doubtful)
		}
		w.counted, w.doubtful = n, 0
	})
	each(t, db, `SELECT VALUE FOLD sum(n) FROM account`, func(r zerodb.Row) {
		if sum := r.At(0).AsInt(); sum != accounts*inEach {
			t.Errorf("the accounts hold %d together, %d were put in", sum, accounts*inEach)
		}
	})
}
