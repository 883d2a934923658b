// Command bench measures zerodb beside raw Pebble and SQLite on the same data in the same run: `make bench`.
//
// It prints one table, a row for each figure and reference, and writes the rows to bench/results.jsonl. How it
// measures is said in measure.go, what it measures in figures.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime/pprof"
	"time"
)

// settings are the command line.
type settings struct {
	people, vertices, edges int
	rounds                  int
	only, without           string
	dir, out                string
	profile                 string
}

func main() {
	var s settings
	flag.IntVar(&s.people, "people", 100_000, "records of the table person")
	flag.IntVar(&s.vertices, "vertices", 50_000, "vertices of the graph")
	flag.IntVar(&s.edges, "edges", 500_000, "edges of the graph")
	flag.IntVar(&s.rounds, "rounds", 9, "rounds a figure; medians are reported")
	flag.StringVar(&s.only, "only", "", "a regular expression: figures whose names it matches")
	flag.StringVar(&s.without, "without", "", "a regular expression: databases whose names it matches are left out")
	flag.StringVar(&s.profile, "cpuprofile", "", "where a CPU profile of the first figure's rounds goes; -only and -without say of what")
	flag.StringVar(&s.dir, "dir", "", "where the databases are made and removed; the default is the system's temporary folder")
	flag.StringVar(&s.out, "out", "bench/results.jsonl", "where the rows go, a JSON object a line")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(s settings) (err error) {
	only, err := regexp.Compile(s.only)
	if err != nil {
		return err
	}
	without, err := regexp.Compile(s.without)
	if err != nil {
		return err
	}
	if s.people < 1000 || s.vertices < 1000 || s.rounds < 1 {
		return errors.New("at least 1,000 people, 1,000 vertices and a round are needed")
	}
	dir, err := os.MkdirTemp(s.dir, "zerodb-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	began := time.Now()
	d := makeData(s.people, s.vertices, s.edges)
	peers, err := openPeers(dir, d)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range peers {
			err = errors.Join(err, p.close())
		}
	}()
	fmt.Printf("%d people, a graph of %d vertices and %d edges; opened and loaded in %.1f s\n\n",
		s.people, s.vertices, s.edges, time.Since(began).Seconds())

	var some []peer
	for _, p := range peers {
		if s.without == "" || !without.MatchString(p.name()) {
			some = append(some, p)
		}
	}
	profiled, err := profileTo(s.profile)
	if err != nil {
		return err
	}
	var results []result
	printHead(os.Stdout)
	for _, f := range figures {
		if !only.MatchString(f.name) {
			continue
		}
		rows, err := measure(f, some, s.rounds, profiled)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		printRows(os.Stdout, rows)
		results = append(results, rows...)
	}
	printEnd(os.Stdout, results)
	return writeResults(s.out, results)
}

// profileTo returns what runs the rounds of a figure. With a path, those of the first are profiled, to that file: a profile of
// several would be of none.
func profileTo(path string) (func(rounds func() error) error, error) {
	plain := func(rounds func() error) error { return rounds() }
	if path == "" {
		return plain, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func(rounds func() error) error {
		if f == nil {
			return rounds()
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		err := rounds()
		pprof.StopCPUProfile()
		err = errors.Join(err, f.Close())
		f = nil
		return err
	}, nil
}
