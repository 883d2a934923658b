package main

import "fmt"

// figure is one thing measured, with the goals set for it.
type figure struct {
	name string
	job  string // what the peers call it
	// least is the number of operations that the answers are compared over, and the least of a run; with fixed a
	// run has exactly so many.
	least int
	fixed bool
	// unit turns nanoseconds an operation into what is shown; nil for a time.
	unit  func(nanos float64) string
	goals []goal
}

// goal is a bound on a ratio to a peer, or with no peer on the value itself.
type goal struct {
	peer   string
	atMost float64 // ratio; without a peer nanoseconds an operation, or allocations
	text   string
	of     quantity
}

type quantity uint8

const (
	nanoseconds quantity = iota
	allocations
)

const (
	zerodbName  = "zerodb"
	pebbleName  = "Pebble"
	sqliteName  = "SQLite"
	joinedName  = "a hash join"
	writtenName = "written"
)

// figures are the rows of the table, in the order in which they are measured: the jobs that make an index come after
// those that must not have one.
var figures = []figure{
	{name: "prepared person:$id", job: "get", least: 1000, goals: []goal{
		{peer: pebbleName, atMost: 1.3, text: "<= 1.3 x a raw read of the same bytes"},
		{peer: sqliteName, atMost: 0.5, text: ">= 2 x faster"},
		{atMost: 3, text: "<= 3 allocations", of: allocations},
	}},
	{name: "key-value get", job: "kv", least: 1000, goals: []goal{
		{peer: pebbleName, atMost: 1.15, text: "<= 1.15 x a raw read"},
	}},
	{name: "count where age > 40", job: "count", least: 1, goals: []goal{
		{peer: pebbleName, atMost: 1.3, text: "<= 1.3 x a bare scan"},
		{peer: sqliteName, atMost: 1, text: "faster"},
	}},
	{name: "sum(score) by city", job: "sum", least: 1, goals: []goal{
		{peer: pebbleName, atMost: 1.6, text: "<= 1.6 x a bare scan"},
		{peer: sqliteName, atMost: 0.2, text: ">= 5 x faster"},
	}},
	{name: "top 10 by score", job: "top", least: 1, goals: []goal{
		{peer: pebbleName, atMost: 1.4, text: "<= 1.4 x a bare scan"},
		{peer: sqliteName},
	}},
	{name: "join 50 towns, count and sum by region", job: "join", least: 1, goals: []goal{
		{peer: sqliteName, atMost: 0.2, text: ">= 5 x faster"},
	}},
	{name: "correlated count, every person", job: "correlated", least: 1, goals: []goal{
		{peer: joinedName, atMost: 2, text: "<= 2 x the same as a hash join"},
		{peer: sqliteName},
	}},
	{name: "bulk import, relaxed", job: "import", least: importRecords, fixed: true, unit: perSecond, goals: []goal{
		{atMost: 1e9 / 300_000.0, text: ">= 300,000 records/s"},
		{peer: pebbleName, atMost: 2, text: "within 2 x of batches of the same bytes"},
		{peer: sqliteName},
	}},
	{name: "durable insert, 16 writers", job: "durable", least: 1600, fixed: true, unit: perSecond, goals: []goal{
		{peer: pebbleName, atMost: 1 / 0.7, text: ">= 0.7 x synced puts"},
		{peer: sqliteName},
	}},
	{name: "indexed age = $a, ~1,000 rows", job: "indexed", least: 1, goals: []goal{
		{peer: sqliteName, atMost: 1, text: "faster"},
	}},
	{name: "2 hops, distinct ends", job: "hops2", least: 10, goals: []goal{
		{peer: sqliteName, atMost: 1 / 3.0, text: ">= 3 x faster than joins"},
	}},
	{name: "3 hops, distinct ends", job: "hops3", least: 10, goals: []goal{
		{peer: sqliteName, atMost: 1 / 3.0, text: ">= 3 x faster than joins"},
	}},
	{name: "2 hops with conditions, distinct ends", job: "hops2if", least: 10, goals: []goal{
		{peer: sqliteName, atMost: 1 / 3.0, text: ">= 3 x faster than joins"},
	}},
	{name: "mutual edges of the whole graph", job: "mutual", least: 1, goals: []goal{
		{peer: sqliteName, atMost: 1 / 3.0, text: ">= 3 x faster than joins"},
	}},
	{name: "2-hop paths of the whole graph, counted", job: "paths2", least: 1, goals: []goal{
		{peer: pebbleName, atMost: 2, text: "<= 2 x one scan of the adjacency"},
		{peer: sqliteName},
	}},
	{name: "WHILE loop, a step", job: "while", least: 1_000_000, goals: []goal{
		{atMost: 40, text: "<= 40 ns"},
		{atMost: 0.0005, text: "no allocation a step", of: allocations},
	}},
	{name: "function call, every person", job: "call", least: 1, goals: []goal{
		{peer: writtenName, atMost: 1.3, text: "<= 1.3 x the expression written out"},
	}},
	{name: "compile point SELECT", job: "compile", least: 10, goals: []goal{
		{atMost: 100_000, text: "<= 100 µs"},
	}},
	{name: "parse 1 MB script", job: "parse", least: 1, unit: megabytes, goals: []goal{
		{atMost: 500_000_000, text: ">= 2 MB/s"},
	}},
	{name: "verify a program, an instruction", job: "verify", least: 1000, goals: []goal{
		{atMost: 100, text: "<= 100 ns"},
	}},
}

// importRecords is how many records a bulk import has.
const importRecords = 100_000

// perSecond shows operations a second.
func perSecond(nanos float64) string { return fmt.Sprintf("%.0fk/s", 1e6/nanos) }

// megabytes shows the speed of a job whose operation takes a megabyte.
func megabytes(nanos float64) string { return fmt.Sprintf("%.1f MB/s", 1e9/nanos) }

// results are the rows of the figure. Without zerodb among the sides there are those of the peers alone.
func (f figure) results(sides []*side) ([]result, error) {
	bySide := map[string]*side{}
	for _, s := range sides {
		bySide[s.name] = s
	}
	z := bySide[zerodbName]
	var rows []result
	for _, g := range f.goals {
		row := result{Name: f.name, Goal: g.text, unit: f.unit, of: g.of}
		ref := bySide[g.peer]
		if z == nil && ref == nil {
			continue
		}
		if z != nil {
			row.Value = median(z.nanos)
		}
		switch {
		case g.of == allocations:
			if z == nil || z.job.allocations == nil {
				continue
			}
			n, err := z.job.allocations()
			if err != nil {
				return nil, err
			}
			row.Name += ", allocations"
			row.Value, row.Reference, row.ReferenceValue = n, "goal", g.atMost
			row.Ratio, row.OK = n/g.atMost, n <= g.atMost
		case g.peer == "":
			row.Reference, row.ReferenceValue = "goal", g.atMost
			row.Ratio, row.OK = row.Value/g.atMost, row.Value <= g.atMost
		case ref == nil:
			continue
		default:
			row.Reference, row.ReferenceValue = g.peer, median(ref.nanos)
			if z != nil {
				row.Ratio = medianRatio(z.nanos, ref.nanos)
			}
			row.OK = z != nil && (g.text == "" || row.Ratio <= g.atMost)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
