package schema

import "time"

// Job is a long piece of work that a store does beside its transactions.
type Job struct {
	Kind                string // "index" or "redefine"
	State               string // what it does: "building", "checking", "rewriting"; how it ended: "done", "failed", "stopped"
	Namespace, Database string
	Table               string
	Of                  string // what of the table: the index
	// Done is how many records are behind it, Total how many there are as far as is known.
	Done, Total    int64
	Started, Ended time.Time // Ended is zero while it runs
	Error          string
}

// Working is a Catalog that knows the jobs which run for a table, or for any with the name "".
type Working interface {
	Jobs(table string) []Job
}
