package zbench

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/aclements/go-moremath/stats"
)

// latencies collects how long operations took, in an HDR histogram: three significant digits from a nanosecond to an hour.
type latencies struct {
	h   *hdrhistogram.Histogram
	sum time.Duration
}

const longest = time.Hour

func newLatencies() *latencies { return &latencies{h: hdrhistogram.New(1, int64(longest), 3)} }

func (l *latencies) add(d time.Duration) {
	l.sum += d
	_ = l.h.RecordValue(int64(min(max(d, 1), longest))) // within the histogram's range, so it cannot fail
}

func (l *latencies) merge(o *latencies) {
	l.h.Merge(o.h)
	l.sum += o.sum
}

// Summary is a distribution of latencies, in nanoseconds.
type Summary struct {
	Count int64 `json:"count"`
	Mean  int64 `json:"mean_ns"`
	P50   int64 `json:"p50_ns"`
	P90   int64 `json:"p90_ns"`
	P99   int64 `json:"p99_ns"`
	Max   int64 `json:"max_ns"`
}

func (l *latencies) summary() Summary {
	s := Summary{Count: l.h.TotalCount(), P50: l.h.ValueAtQuantile(50), P90: l.h.ValueAtQuantile(90), P99: l.h.ValueAtQuantile(99), Max: l.h.Max()}
	if s.Count > 0 {
		s.Mean = int64(l.sum) / s.Count
	}
	return s
}

// Bar is a part of a distribution: how many values lie in [From, To) nanoseconds.
type Bar struct {
	From  int64 `json:"from_ns"`
	To    int64 `json:"to_ns"`
	Count int64 `json:"count"`
}

// bars cuts the distribution into n parts whose widths grow by one factor, between its least and greatest values.
func (l *latencies) bars(n int) []Bar {
	if l.h.TotalCount() == 0 {
		return nil
	}
	least, most := float64(max(l.h.Min(), 1)), float64(l.h.Max()+1)
	factor := math.Pow(most/least, 1/float64(n))
	out := make([]Bar, n)
	edge := least
	for i := range out {
		out[i].From = int64(edge)
		edge *= factor
		out[i].To = int64(edge)
	}
	out[n-1].To = int64(most)
	for _, b := range l.h.Distribution() {
		if b.Count == 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(out, b.From, func(bar Bar, v int64) int {
			if bar.To <= v {
				return -1
			}
			return 0
		})
		out[min(i, n-1)].Count += b.Count
	}
	return out
}

// comparison says how one sample relates to another.
type comparison struct {
	// Ratio is the quotient of the medians, first by second; P the probability of samples so different from one distribution, by
	// the test of Mann and Whitney, which assumes nothing of its form.
	Ratio float64 `json:"ratio"`
	P     float64 `json:"p"`
}

func compare(a, b []time.Duration) comparison {
	xs, ys := floats(a), floats(b)
	c := comparison{Ratio: medianOf(xs) / medianOf(ys), P: 1}
	if t, err := stats.MannWhitneyUTest(xs, ys, stats.LocationDiffers); err == nil {
		c.P = t.P
	}
	return c
}

// significant reports whether the samples differ by more than chance; as benchstat does, at one in twenty.
func (c comparison) significant() bool { return c.P < 0.05 }

func (c comparison) String() string {
	if !c.significant() {
		return fmt.Sprintf("%.2f (no difference beyond chance, p=%.3f)", c.Ratio, c.P)
	}
	return fmt.Sprintf("%.2f (p=%.3f)", c.Ratio, c.P)
}

func floats(ds []time.Duration) []float64 {
	out := make([]float64, len(ds))
	for i, d := range ds {
		out[i] = float64(d)
	}
	return out
}

func medianOf(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(xs))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// show writes nanoseconds as people read them.
func show(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d >= 10*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	}
	return d.String()
}
