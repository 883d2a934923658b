package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Options say how a server answers. The zero value of every field means its default; nil Options are all defaults.
type Options struct {
	// TLS encrypts connections; nil leaves them plain. Its GetConfigForClient or GetCertificate may give other certificates as
	// time goes on.
	TLS *tls.Config
	// Authenticator says who asks; nil lets everybody in, as nobody in particular.
	Authenticator Authenticator
	// Guard gives what an identity may do; nil, or a nil Guard, allows everything.
	Guard func(Identity) zerodb.Guard
	// Operator says whether an identity may do what is for those who run the server, such as backups; nil lets in identities with
	// the role owner, and callers from this machine who are nobody in particular.
	Operator func(Identity) error
	// Reload reads certificates anew, for who asks for it from outside; nil where there are none.
	Reload func() error
	// Incoming takes out of the headers of a call what its context is to have, such as the trace that the caller is in; nil: nothing.
	Incoming func(ctx context.Context, header func(name string) string) context.Context
	// Limits bound what clients can ask for.
	Limits Limits
	// Origins are the web origins, like https://app.example.com, whose pages may ask; those of other sites are refused.
	Origins []string
	// Hosts are the names that this server goes by, for requests over plain HTTP/1.1: besides them, localhost and addresses are
	// accepted. It keeps the pages of a site from reaching a server on the reader's own machine by a name of that site.
	Hosts []string
	// Version is what Info says.
	Version string
	// Logger gets the few things that are worth a line; the default discards them.
	Logger *slog.Logger
	// AfterFunc, Clock and Random are the world's time and chance; the defaults are the machine's.
	AfterFunc func(time.Duration, func()) (stop func() bool)
	Clock     func() time.Time
	Random    io.Reader
}

// DefaultMemory is what all statements of a server may hold together where Limits.Memory says nothing.
const DefaultMemory = 1 << 30

// Limits bound what clients can ask for. Zero is the default.
type Limits struct {
	Connections  int           // open at the same time; 4096
	Streams      int           // at the same time on a connection; 256
	Message      int           // bytes of a message to the server; 16 MiB
	Statements   int           // that run at the same time; 8 for each processor, at least 64
	Queue        int           // that wait for their turn; 1024
	QueueTime    time.Duration // how long they wait; 5 s
	Timeout      time.Duration // of a statement; none
	InFlight     int           // requests under way in a Session stream; 1024
	Sessions     int           // open in a Session stream; 1024
	StreamBytes  int           // of answers that wait for a client to read them; 8 MiB
	PageBytes    int           // of a batch of rows; 256 KiB
	QueryBytes   int           // of an answer that comes in one message; 4 MiB
	Lease        time.Duration // how long a transaction may rest; 30 s
	Transactions int           // by token, open at the same time; 1024
	// Memory of all statements together, of those in a namespace, of those of one session; 1 GiB, as Memory, 256 MiB.
	Memory, NamespaceMemory, SessionMemory int64
	ProgramBytes                           int64 // of programs that are known by their hash; 64 MiB
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (l *Limits) fill() {
	setDefault(&l.Connections, 4096)
	setDefault(&l.Streams, 256)
	setDefault(&l.Message, 16<<20)
	setDefault(&l.Statements, max(64, 8*runtime.GOMAXPROCS(0)))
	setDefault(&l.Queue, 1024)
	setDefault(&l.QueueTime, 5*time.Second)
	setDefault(&l.InFlight, 1024)
	setDefault(&l.Sessions, 1024)
	setDefault(&l.StreamBytes, 8<<20)
	setDefault(&l.PageBytes, 256<<10)
	setDefault(&l.QueryBytes, 4<<20)
	setDefault(&l.Lease, 30*time.Second)
	setDefault(&l.Transactions, 1024)
	setDefault(&l.Memory, DefaultMemory)
	setDefault(&l.NamespaceMemory, l.Memory)
	setDefault(&l.SessionMemory, 256<<20)
	setDefault(&l.ProgramBytes, 64<<20)
}

// withDefaults returns a copy of o in which every field has a value. This is where the package looks at the machine's own clock
// and chance.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	c.Limits.fill()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.AfterFunc == nil {
		c.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return c
}

// Validate reports every fault of the options at once, as one error that joins them; nil if there is none.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	l := &o.Limits
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Connections", int64(l.Connections)}, {"Streams", int64(l.Streams)}, {"Message", int64(l.Message)}, {"Statements", int64(l.Statements)},
		{"Queue", int64(l.Queue)}, {"QueueTime", int64(l.QueueTime)}, {"Timeout", int64(l.Timeout)}, {"InFlight", int64(l.InFlight)},
		{"Sessions", int64(l.Sessions)}, {"StreamBytes", int64(l.StreamBytes)}, {"PageBytes", int64(l.PageBytes)},
		{"QueryBytes", int64(l.QueryBytes)}, {"Lease", int64(l.Lease)}, {"Transactions", int64(l.Transactions)}, {"Memory", l.Memory},
		{"NamespaceMemory", l.NamespaceMemory}, {"SessionMemory", l.SessionMemory}, {"ProgramBytes", l.ProgramBytes},
	} {
		if f.value < 0 {
			faults = append(faults, ops.Errorf(ops.CodeUsage, "Limits.%s is negative: %d", f.name, f.value))
		}
	}
	return errors.Join(faults...)
}
