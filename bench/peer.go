package main

import (
	"errors"
	"path/filepath"
)

// peer is one of the databases compared.
type peer interface {
	name() string
	// prepare returns the job of that name, or nil if the peer does not do it. What the job needs once – an index, the
	// graph – is made here, outside the measurement.
	prepare(name string) (*job, error)
	close() error
}

// job is what is measured.
type job struct {
	// before runs before each measured run, outside the measurement; may be nil.
	before func() error
	// run does the operation n times. check sums up the answers, so that all peers can be held to the same ones;
	// 0 where there is nothing to compare. The inputs of each run are the same: they follow from the operation's number.
	run func(n int) (check uint64, err error)
	// allocations is set for jobs whose allocations a figure asks for: those of one operation.
	allocations func() (float64, error)
}

// openPeers opens the databases and loads the people into each.
func openPeers(dir string, d *data) ([]peer, error) {
	var peers []peer
	for _, open := range []func(dir string, d *data) (peer, error){openZerodb, openPebble, openSQLite} {
		p, err := open(dir, d)
		if err != nil {
			for _, opened := range peers {
				err = errors.Join(err, opened.close())
			}
			return nil, err
		}
		peers = append(peers, p)
	}
	z := peers[0].(*zerodbPeer)
	return append(peers, otherwisePeer{joinedName, "correlated", func() (*job, error) { return z.correlatedJob(joinedText) }},
		otherwisePeer{writtenName, "call", func() (*job, error) { return z.callJob(writtenText) }}), nil
}

// otherwisePeer is zerodb asked for the same in other words.
type otherwisePeer struct {
	called string
	doing  string // the one job that it has
	make   func() (*job, error)
}

func (p otherwisePeer) name() string { return p.called }

func (p otherwisePeer) prepare(name string) (*job, error) {
	if name != p.doing {
		return nil, nil
	}
	return p.make()
}

func (otherwisePeer) close() error { return nil }

func below(dir, name string) string { return filepath.Join(dir, name) }
