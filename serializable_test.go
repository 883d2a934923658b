package zerodb_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// The content of the database here is a few lists and sets of numbers, to which transactions add numbers that are never the same, and
// which they read. What a read saw tells which transactions were before it and which were not, and so whether there is an
// order in which all of them can have run one at a time.

// touch is one read or addition of a transaction.
type touch struct {
	place string  // a list or set
	add   int64   // what was added; 0 for a read
	saw   []int64 // what was read
}

// committed is a transaction that took effect, between two times of a logical clock.
type committed struct {
	begin, end int64
	touches    []touch
}

// isList reports whether a place is one where the order of the numbers is kept, which is that of their writers.
func isList(place string) bool { return strings.HasPrefix(place, "list") }

// anomaly says what is wrong with a history, "" if nothing is. The history ends with a transaction that reads every place.
func anomaly(history []committed) string {
	writer := map[int64]int{}
	added := map[string][]int64{}
	for n, tx := range history {
		for _, c := range tx.touches {
			if c.add != 0 {
				writer[c.add] = n
				added[c.place] = append(added[c.place], c.add)
			}
		}
	}
	final := map[string][]int64{}
	for _, c := range history[len(history)-1].touches {
		final[c.place] = c.saw
	}
	for place, numbers := range added {
		for _, x := range numbers {
			if !slices.Contains(final[place], x) {
				return fmt.Sprintf("lost: %d in %s", x, place)
			}
		}
	}
	before := make([]map[int]string, len(history)) // why one transaction comes before another
	for n := range before {
		before[n] = map[int]string{}
	}
	order := func(a, b int, why string) {
		if a != b && before[a][b] == "" {
			before[a][b] = why
		}
	}
	for place, numbers := range final {
		for i := 1; isList(place) && i < len(numbers); i++ {
			order(writer[numbers[i-1]], writer[numbers[i]], "wrote before")
		}
	}
	for n, tx := range history {
		for later, other := range history {
			if tx.end < other.begin {
				order(n, later, "ended before")
			}
		}
		own := map[int64]bool{}
		for _, c := range tx.touches {
			if c.add != 0 {
				own[c.add] = true
				continue
			}
			if isList(c.place) && !slices.Equal(c.saw, final[c.place][:min(len(c.saw), len(final[c.place]))]) {
				return fmt.Sprintf("not a state of %s: %v, in the end %v", c.place, c.saw, final[c.place])
			}
			for i, x := range c.saw {
				w, known := writer[x]
				switch {
				case !known:
					return fmt.Sprintf("read in %s but never committed: %d", c.place, x)
				case slices.Contains(c.saw[:i], x):
					return fmt.Sprintf("read twice in %s: %d", c.place, x)
				case w == n && !own[x]:
					return fmt.Sprintf("read in %s before it was written: %d", c.place, x)
				}
				order(w, n, "was read by")
			}
			for _, x := range added[c.place] {
				if slices.Contains(c.saw, x) {
					continue
				}
				if own[x] {
					return fmt.Sprintf("own addition not read in %s: %d", c.place, x)
				}
				order(n, writer[x], "did not see")
			}
		}
	}
	return cycle(before)
}

// cycle looks for a cycle and says which.
func cycle(before []map[int]string) string {
	const (
		unknown = iota
		onPath
		done
	)
	state := make([]int, len(before))
	var path []int
	var visit func(n int) string
	visit = func(n int) string {
		state[n] = onPath
		path = append(path, n)
		for next := range before[n] {
			if state[next] == onPath {
				text := "cycle:"
				for _, p := range append(path[slices.Index(path, next):], next) {
					text += fmt.Sprintf(" T%d", p)
				}
				return text
			}
			if state[next] == unknown {
				if text := visit(next); text != "" {
					return text
				}
			}
		}
		path = path[:len(path)-1]
		state[n] = done
		return ""
	}
	for n := range before {
		if state[n] == unknown {
			if text := visit(n); text != "" {
				return text
			}
		}
	}
	return ""
}

// TestAnomalies shows that the checker finds what serialisable transactions must not do, and nothing in what they may.
func TestAnomalies(t *testing.T) {
	read := func(place string, saw ...int64) touch { return touch{place: place, saw: saw} }
	add := func(place string, x int64) touch { return touch{place: place, add: x} }
	at := func(begin, end int64, touches ...touch) committed { return committed{begin, end, touches} }
	for _, c := range []struct {
		name    string
		history []committed
		want    string
	}{
		{"one after the other", []committed{at(1, 2, read("list"), add("list", 1)), at(3, 4, read("list", 1), add("list", 2)), at(9, 9, read("list", 1, 2))}, ""},
		{"side by side", []committed{at(1, 4, read("set"), add("list", 1)), at(2, 5, add("set", 2)), at(9, 9, read("list", 1), read("set", 2))}, ""},
		{"own additions", []committed{at(1, 4, add("set", 1), read("set", 1)), at(9, 9, read("set", 1))}, ""},
		{"lost update", []committed{at(1, 4, read("list"), add("list", 1)), at(2, 5, read("list"), add("list", 2)), at(9, 9, read("list", 2))}, "lost"},
		{"update of an old state", []committed{at(1, 4, read("list"), add("list", 1)), at(2, 5, read("list"), add("list", 2)), at(9, 9, read("list", 1, 2))}, "cycle"},
		{"write skew", []committed{at(1, 4, read("list a"), add("list b", 1)), at(2, 5, read("list b"), add("list a", 2)), at(9, 9, read("list b", 1), read("list a", 2))}, "cycle"},
		{"phantom", []committed{at(1, 4, read("set"), add("set", 1)), at(2, 5, read("set"), add("set", 2)), at(9, 9, read("set", 1, 2))}, "cycle"},
		{"torn read", []committed{at(1, 4, add("set a", 1), add("set b", 2)), at(2, 5, read("set a", 1), read("set b")), at(9, 9, read("set a", 1), read("set b", 2))}, "cycle"},
		{"stale read", []committed{at(1, 2, add("set", 1)), at(3, 4, read("set")), at(9, 9, read("set", 1))}, "cycle"},
		{"dirty read", []committed{at(1, 2, read("set", 7)), at(9, 9, read("set"))}, "never committed"},
		{"two orders", []committed{at(1, 5, add("list", 1)), at(1, 5, add("list", 2)), at(2, 4, read("list", 2)), at(9, 9, read("list", 1, 2))}, "not a state"},
		{"read of the future", []committed{at(1, 5, read("set", 1), add("set", 1)), at(9, 9, read("set", 1))}, "before it was written"},
		{"blind to itself", []committed{at(1, 5, add("set", 1), read("set")), at(9, 9, read("set", 1))}, "own addition"},
		{"twice", []committed{at(1, 5, add("set", 1)), at(9, 9, read("set", 1, 1))}, "read twice"},
	} {
		if got := anomaly(c.history); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
}

// world is a database in which clients work, and what they have done.
type world struct {
	database    string
	clock, next atomic.Int64
	mu          sync.Mutex
	history     []committed
	conflicts   int
	places      []string
}

var places = []string{"list 0", "list 1", "list text 0", "set index 0", "set index 1", "set filter 0", "set keys 0", "set keys 1", "set edges 0"}

const worldScript = `
	DEFINE TABLE list; DEFINE TABLE item; DEFINE INDEX by_tag ON TABLE item FIELDS tag
	DEFINE TABLE plain; DEFINE TABLE keyed; DEFINE TABLE v; DEFINE EDGE e; CREATE v:0; CREATE v:1`

// client is a session with the transaction that it is in.
type client struct {
	w        *world
	s        *zerodb.Session
	tx       *committed
	readOnly bool
	left     int // touches before the commit
}

// step begins a transaction, touches something in it, or commits it. random(n) is below n.
func (c *client) step(random func(n int) int) error {
	if c.tx == nil {
		c.readOnly = random(6) == 0
		c.tx = &committed{begin: c.w.clock.Add(1)}
		c.left = 1 + random(4)
		return c.s.Begin(ctx, &zerodb.TxOptions{ReadOnly: c.readOnly})
	}
	var err error
	if c.left > 0 {
		c.left--
		t := touch{place: c.w.places[random(len(c.w.places))]}
		if !c.readOnly && random(2) == 0 {
			t.add = c.w.next.Add(1)
			err = c.add(t.place, t.add)
		} else {
			t.saw, err = c.read(t.place)
		}
		c.tx.touches = append(c.tx.touches, t)
	} else {
		if err = c.s.Commit(ctx); err == nil {
			c.tx.end = c.w.clock.Add(1)
			c.w.mu.Lock()
			c.w.history = append(c.w.history, *c.tx)
			c.w.mu.Unlock()
		}
		c.tx = nil
	}
	if err != nil && zerodb.CodeOf(err) == ops.CodeConflict {
		c.w.mu.Lock()
		c.w.conflicts++
		c.w.mu.Unlock()
		c.tx = nil
		return c.s.Cancel()
	}
	return err
}

// keyOf is the number at the end of a place's name.
func keyOf(place string) zerodb.Value { return zerodb.Int(int64(place[len(place)-1] - '0')) }

func (c *client) add(place string, x int64) error {
	k := keyOf(place)
	arg := []zerodb.Arg{zerodb.Named("k", k), zerodb.Named("x", x)}
	text := ""
	switch place[:len(place)-2] {
	case "list":
		v, _, err := c.s.GetField(ctx, "list", k, "value")
		if err != nil {
			return err
		}
		var numbers []zerodb.Value
		if !v.IsNone() {
			numbers = slices.Clone(v.AsList())
		}
		return c.s.Put(ctx, "list", k, zerodb.List(append(numbers, zerodb.Int(x))...))
	case "list text":
		text = `UPSERT list:[$k] SET value = (value ?: []) + [$x]`
	case "set index":
		text = `CREATE item SET tag = $k, x = $x`
	case "set filter":
		text = `CREATE plain SET tag = $k, x = $x`
	case "set keys":
		_, err := c.s.Insert(ctx, "keyed", zerodb.Int(k.AsInt()*1e6+x), zerodb.Int(x))
		return err
	case "set edges":
		text = `RELATE v:0 -> e -> v:1 SET x = $x`
		arg = arg[1:]
	}
	return c.run(text, arg, nil)
}

func (c *client) read(place string) (saw []int64, err error) {
	k := keyOf(place)
	number := func(v zerodb.Value) { saw = append(saw, v.AsInt()) }
	numbers := func(v zerodb.Value) {
		if !v.IsNone() {
			for _, x := range v.AsList() {
				number(x)
			}
		}
	}
	arg := []zerodb.Arg{zerodb.Named("k", k)}
	switch place[:len(place)-2] {
	case "list":
		v, _, err := c.s.GetField(ctx, "list", k, "value")
		if err == nil {
			numbers(v)
		}
		return saw, err
	case "list text":
		err = c.run(`SELECT VALUE value FROM list:[$k]`, arg, numbers)
	case "set index":
		err = c.run(`SELECT VALUE x FROM item WHERE tag = $k`, arg, number)
	case "set filter":
		err = c.run(`SELECT VALUE x FROM plain WHERE tag = $k`, arg, number)
	case "set keys":
		from := k.AsInt() * 1e6
		for p, err := range c.s.Scan(ctx, "keyed", zerodb.KeyRange{From: zerodb.Int(from), To: zerodb.Int(from + 1e6)}) {
			if err != nil {
				return nil, err
			}
			v, _ := p.Record.Member("value")
			number(v)
		}
	case "set edges":
		err = c.run(`SELECT VALUE l.x FROM v:0 -> (e AS l) -> v`, nil, number)
	}
	return saw, err
}

func (c *client) run(text string, args []zerodb.Arg, use func(zerodb.Value)) error {
	rows, err := c.s.Execute(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	for row, err := range rows.All() {
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if use != nil {
			use(row.At(0))
		}
	}
	return nil
}

// newWorld makes the places in a database of its own.
func newWorld(db *zerodb.DB, name string) (*world, error) {
	w := &world{database: name, places: places}
	c, err := w.client(db)
	if err != nil {
		return nil, err
	}
	defer c.s.Close()
	return w, c.run(worldScript, nil, nil)
}

func (w *world) client(db *zerodb.DB) (*client, error) {
	s, err := db.Session(ctx, &zerodb.SessionOptions{Database: w.database})
	return &client{w: w, s: s}, err
}

// verdict reads everything once more and judges the history.
func (w *world) verdict(db *zerodb.DB) (string, error) {
	c, err := w.client(db)
	if err != nil {
		return "", err
	}
	defer c.s.Close()
	last := committed{begin: w.clock.Add(1)}
	for _, place := range w.places {
		saw, err := c.read(place)
		if err != nil {
			return "", err
		}
		last.touches = append(last.touches, touch{place: place, saw: saw})
	}
	last.end = w.clock.Add(1)
	w.history = append(w.history, last)
	return anomaly(w.history), nil
}

// TestSerializableInterleavings interleaves the steps of a few clients' transactions as drawn, on one goroutine: each failure can be
// repeated and shrinks.
func TestSerializableInterleavings(t *testing.T) {
	db, _ := memory(t)
	n, conflicts, commits := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		w, err := newWorld(db, fmt.Sprint("w", n))
		if err != nil {
			t.Fatal(err)
		}
		// A few places are enough for a history, and make transactions meet.
		w.places = rapid.SliceOfNDistinct(rapid.SampledFrom(places), 1, 3, rapid.ID[string]).Draw(t, "places")
		clients := make([]*client, rapid.IntRange(2, 4).Draw(t, "clients"))
		for i := range clients {
			if clients[i], err = w.client(db); err != nil {
				t.Fatal(err)
			}
			defer clients[i].s.Close()
		}
		random := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if err := clients[random(len(clients))].step(random); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range clients {
			_ = c.s.Cancel()
		}
		wrong, err := w.verdict(db)
		if err != nil {
			t.Fatal(err)
		}
		if wrong != "" {
			t.Fatalf("%s\n%s", wrong, w.show())
		}
		conflicts += w.conflicts
		commits += len(w.history)
	})
	t.Logf("%d commits, %d conflicts", commits, conflicts)
	if !t.Failed() && (commits < 3*n || conflicts == 0) {
		t.Errorf("%d commits and %d conflicts in %d histories prove little", commits, conflicts, n)
	}
}

func (w *world) show() string {
	var b strings.Builder
	for n, tx := range w.history {
		fmt.Fprintf(&b, "T%d %d to %d:", n, tx.begin, tx.end)
		for _, c := range tx.touches {
			if c.add != 0 {
				fmt.Fprintf(&b, " %s + %d;", c.place, c.add)
			} else {
				fmt.Fprintf(&b, " %s is %v;", c.place, c.saw)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestSerializableSessions does the same with sessions that run at once.
func TestSerializableSessions(t *testing.T) {
	db, _ := memory(t)
	w, err := newWorld(db, "w")
	must(t, err)
	const clients, steps = 6, 400
	var wg sync.WaitGroup
	for n := range clients {
		c, err := w.client(db)
		must(t, err)
		random := rand.New(rand.NewPCG(uint64(n), 2))
		wg.Go(func() {
			defer c.s.Close()
			for i := 0; i < steps || c.tx != nil; i++ {
				if err := c.step(random.IntN); err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	wrong, err := w.verdict(db)
	must(t, err)
	t.Logf("%d commits, %d conflicts", len(w.history), w.conflicts)
	if wrong != "" {
		t.Errorf("%s\n%s", wrong, w.show())
	}
	must(t, db.Check(ctx, func(p zerodb.Problem) { t.Error(p) }))
}
