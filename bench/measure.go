package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// How a figure is measured: every database that does its job is warmed up and asked for the same answers; then, round
// by round, each runs the job for at least minRun, in an order that turns with the round, after a garbage collection
// outside the measurement. A ratio is the median of the rounds' ratios, so that what slows the machine for a moment slows
// both sides of it; the values shown are medians too.
const minRun = 40 * time.Millisecond

// side is one database at one job.
type side struct {
	name  string
	job   *job
	n     int       // operations a run
	nanos []float64 // of one operation, a round each
}

func measure(f figure, peers []peer, rounds int, profiled func(func() error) error) ([]result, error) {
	sides, err := sidesOf(f, peers)
	if err != nil {
		return nil, err
	}
	if len(sides) == 0 {
		return nil, nil
	}
	if err := profiled(func() error { return interleave(sides, rounds) }); err != nil {
		return nil, err
	}
	return f.results(sides)
}

// interleave measures the sides round by round.
func interleave(sides []*side, rounds int) error {
	for r := range rounds {
		for i := range sides {
			s := sides[(i+r)%len(sides)]
			t, _, err := s.time(s.n)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			s.nanos = append(s.nanos, float64(t.Nanoseconds())/float64(s.n))
		}
	}
	return nil
}

// sidesOf prepares the databases for the job, warms them up, compares their answers and finds how many operations
// a run takes.
func sidesOf(f figure, peers []peer) ([]*side, error) {
	var sides []*side
	var want uint64
	for _, p := range peers {
		j, err := p.prepare(f.job)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name(), err)
		}
		if j == nil {
			continue
		}
		s := &side{name: p.name(), job: j, n: f.least}
		_, check, err := s.time(f.least)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name(), err)
		}
		if check != 0 && want != 0 && check != want {
			return nil, fmt.Errorf("%s answers %d, another database %d", p.name(), check, want)
		}
		if check != 0 {
			want = check
		}
		if err := s.calibrate(f); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name(), err)
		}
		sides = append(sides, s)
	}
	return sides, nil
}

// calibrate finds how many operations make a run long enough.
func (s *side) calibrate(f figure) error {
	if f.fixed {
		return nil
	}
	for {
		t, _, err := s.time(s.n)
		if err != nil {
			return err
		}
		if t >= minRun {
			return nil
		}
		s.n = max(s.n+1, min(s.n*10, int(float64(s.n)*1.2*float64(minRun)/float64(t+1))))
	}
}

func (s *side) time(n int) (time.Duration, uint64, error) {
	if s.job.before != nil {
		if err := s.job.before(); err != nil {
			return 0, 0, err
		}
	}
	runtime.GC()
	began := time.Now()
	check, err := s.job.run(n)
	return time.Since(began), check, err
}

func median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// medianRatio is the median of the rounds' ratios.
func medianRatio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}
