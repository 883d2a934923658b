// Package peer puts databases behind one small interface, so that the same workload can drive each of them: zerodb embedded, and
// those peers that are found on the machine. bench/README.md says how each is installed.
package peer

import "context"

// Record is what every database stores under a key: fields of text, as YCSB has them.
type Record []string

// Peer is a database under test. Its methods are called by one goroutine.
type Peer interface {
	// Name is what reports call it.
	Name() string
	// Version is the version of the software, Settings what differs from its defaults or matters to a comparison: durability above all.
	Version() string
	Settings() string
	// Load stores records 0 to n-1, as fast as the database allows.
	Load(ctx context.Context, n int, record func(i int) Record) error
	// Client makes a connection for one goroutine.
	Client(ctx context.Context) (Client, error)
	Close() error
}

// Client does single operations. An error is about the operation; keys that are not there are none.
type Client interface {
	Read(ctx context.Context, key int) error
	// Update replaces one field.
	Update(ctx context.Context, key, field int, value string) error
	Insert(ctx context.Context, key int, r Record) error
	// Scan reads up to n records from a key on, in the order of keys, and returns how many there were.
	Scan(ctx context.Context, key, n int) (int, error)
	Close() error
}

// Opener opens a database in a directory of its own. found is false where the machine does not have it; reason says what is missing.
type Opener struct {
	Name string
	Open func(ctx context.Context, dir string) (p Peer, reason string, err error)
}

// All lists the databases that can be compared, in the order of reports.
var All = []Opener{
	{"zerodb", openZerodb},
	{"bbolt", openBolt},
	{"sqlite", openSQLite},
	{"postgres", openPostgres},
}

// Unavailable names the databases that no adapter exists for in this build, and why.
var Unavailable = map[string]string{
	"duckdb":    "its driver needs cgo, and this build has none",
	"surrealdb": "no adapter is written",
	"etcd":      "no adapter is written",
}
