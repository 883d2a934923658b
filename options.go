package zerodb

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	seeded "math/rand/v2"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/storage"
)

// Options say how a database is opened. The zero value of every field means its default; nil Options are all defaults.
type Options struct {
	// FS is the file system that the directory is in; the default is the machine's.
	FS vfs.FS
	// ReadOnly opens a database that nobody may write to.
	ReadOnly bool
	// Relaxed acknowledges writes before they are on disk: a crash may lose the last ones, never tear one. Without it
	// an acknowledged write survives kill -9 and power loss.
	Relaxed bool
	// CacheBytes is how much of the data is kept in memory; the default is 64 MiB.
	CacheBytes int64
	// StatementBytes bounds the cache of compiled statements, which all sessions share; the default is 16 MiB.
	StatementBytes int64
	// QueryMemory is the budget of one running statement; the default is 256 MiB. What must sort or group more spills
	// to disk, what cannot spill fails with memory_budget_exceeded.
	QueryMemory int64
	// ScanWorkers is how many goroutines may read for long scans at a time, over all sessions, beside those that run the
	// statements; the default is one for each processor that Go uses, at most 4. With 1 each scan reads alone.
	ScanWorkers int
	// StatementSteps is how many steps one statement may take before it fails with step_budget_exceeded, so that no loop runs for ever: a
	// batch of rows, a round of a loop and a call of a function are a step each. The default is 1,000,000,000; a negative number means
	// no bound.
	StatementSteps int64
	// StatementTime is how long one statement may run, by Clock, before it fails with deadline_exceeded; zero means that the
	// deadline of its context alone holds.
	StatementTime time.Duration
	// Retention is how long a record's older versions are kept after it was changed, for queries with VERSION; the default is 4 hours. They
	// take disk, and no time unless they are read.
	Retention time.Duration
	// Retries is how often a single statement outside BEGIN is run again when it loses a conflict, before the
	// conflict is reported; the default is 16, a negative number means never.
	Retries int
	// Clock, Sleep and Random are the world's time and chance; the defaults are the machine's. Tests replace them.
	Clock  func() time.Time
	Sleep  func(time.Duration)
	Random io.Reader
	// Logger gets the few things that are worth a line; the default discards them.
	Logger *slog.Logger
	// Observer hears of every statement; nil: nobody does. Statements that only read see one time and one source of chance then, so that
	// they can be repeated, see Session.Replay.
	Observer Observer
	// NoWarmUp leaves out the background warm-up of the compiler that Open starts.
	NoWarmUp bool
}

const (
	defaultCache      = 64 << 20
	defaultStatements = 16 << 20
	defaultMemory     = 256 << 20
	defaultSteps      = 1_000_000_000
	defaultRetries    = 16
	mostScanWorkers   = 4 // by default
	defaultRetention  = 4 * time.Hour
	minQueryMemory    = 64 << 10
)

// besideBudgets is what a process holds beside what options bound: the program, connections, rows on their way.
const besideBudgets = 64 << 20

// Footprint is about how many bytes a process holds whose database has these options, while all statements together hold so many; zero
// stands for one statement with its whole QueryMemory. Beside them are the caches and memtables, and 64 MiB for the rest. It is
// what a process may give to debug.SetMemoryLimit, so that garbage is collected before it is more.
func (o *Options) Footprint(statements int64) int64 {
	c := o.withDefaults()
	if statements == 0 {
		statements = c.QueryMemory
	}
	return c.CacheBytes + c.StatementBytes + storage.MostMemTables + statements + besideBudgets
}

// withDefaults returns a copy of o in which every field has a value. This is the one place where the package looks
// at the machine's own clock, chance, disk and processors.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	setDefault(&c.CacheBytes, defaultCache)
	setDefault(&c.StatementBytes, defaultStatements)
	setDefault(&c.QueryMemory, defaultMemory)
	setDefault(&c.StatementSteps, defaultSteps)
	setDefault(&c.Retries, defaultRetries)
	setDefault(&c.ScanWorkers, min(runtime.GOMAXPROCS(0), mostScanWorkers))
	setDefault(&c.Retention, defaultRetention)
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = time.Sleep
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// chanceOf is chance that gives the same for the same seed.
func chanceOf(seed [32]byte) io.Reader { return seeded.NewChaCha8(seed) }

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports every fault of the options at once, as one error that joins them; nil if there is none.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, ops.Errorf(ops.CodeUsage, "Options."+format, args...))
	}
	for _, f := range []struct {
		name  string
		value int64
		least int64
	}{
		{"CacheBytes", o.CacheBytes, 1 << 20},
		{"StatementBytes", o.StatementBytes, 1 << 10},
		{"QueryMemory", o.QueryMemory, minQueryMemory},
	} {
		switch {
		case f.value < 0:
			fault("%s is negative: %d", f.name, f.value)
		case f.value != 0 && f.value < f.least:
			fault("%s is %d, at least %d are needed", f.name, f.value, f.least)
		}
	}
	if o.ScanWorkers < 0 || o.ScanWorkers > 1024 {
		fault("ScanWorkers is %d, between 1 and 1024 are possible, or 0 for the default", o.ScanWorkers)
	}
	if o.StatementTime < 0 {
		fault("StatementTime is negative: %s", o.StatementTime)
	}
	if o.Retention < 0 {
		fault("Retention is negative: %s", o.Retention)
	}
	if o.Retries > 1000 {
		fault("Retries is %d, more than 1000 would hide a livelock", o.Retries)
	}
	if o.ReadOnly && o.Relaxed {
		fault("Relaxed says how writes are acknowledged, and ReadOnly allows none")
	}
	return errors.Join(faults...)
}

// String lists the options that differ from their defaults.
func (o *Options) String() string {
	if o == nil {
		return "defaults"
	}
	s := ""
	add := func(set bool, format string, args ...any) {
		if set {
			s += " " + fmt.Sprintf(format, args...)
		}
	}
	add(o.FS != nil, "fs=%T", o.FS)
	add(o.ReadOnly, "read_only")
	add(o.Relaxed, "relaxed")
	add(o.CacheBytes != 0, "cache=%d", o.CacheBytes)
	add(o.StatementBytes != 0, "statements=%d", o.StatementBytes)
	add(o.QueryMemory != 0, "query_memory=%d", o.QueryMemory)
	add(o.ScanWorkers != 0, "scan_workers=%d", o.ScanWorkers)
	add(o.StatementSteps != 0, "statement_steps=%d", o.StatementSteps)
	add(o.StatementTime != 0, "statement_time=%s", o.StatementTime)
	add(o.Retention != 0, "retention=%s", o.Retention)
	add(o.Retries != 0, "retries=%d", o.Retries)
	if s == "" {
		return "defaults"
	}
	return s[1:]
}
