package database

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// progress shows on a terminal how far an import has come, how many rows a second it does and how long it will take.
// Elsewhere it shows nothing.
type progress struct {
	world *cli.World
	all   *mpb.Progress
	bar   *mpb.Bar
	rows  atomic.Int64
	start time.Time
}

// newProgress begins to show the progress through so many bytes.
func newProgress(w *cli.World, total int64) *progress {
	p := &progress{world: w}
	if !w.OutTerminal || total <= 0 {
		return p
	}
	p.start = w.Clock()
	p.all = mpb.New(mpb.WithOutput(w.Err), mpb.WithWidth(64))
	p.bar = p.all.AddBar(total,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f"), decor.Any(p.rate, decor.WC{W: 24})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(p.left, decor.WC{W: 12})))
	return p
}

func (p *progress) set(bytes, rows int64) {
	p.rows.Store(rows)
	if p.bar != nil {
		p.bar.SetCurrent(bytes)
	}
}

func (p *progress) rate(decor.Statistics) string {
	seconds := p.world.Clock().Sub(p.start).Seconds()
	if rows := p.rows.Load(); rows > 0 && seconds > 0 {
		return fmt.Sprintf("%d rows, %.0f rows/s", rows, float64(rows)/seconds)
	}
	return ""
}

// left supposes that the rest of the file goes as fast as what is done.
func (p *progress) left(s decor.Statistics) string {
	elapsed := p.world.Clock().Sub(p.start)
	if s.Current <= 0 || s.Total <= s.Current {
		return ""
	}
	rest := time.Duration(float64(elapsed) * float64(s.Total-s.Current) / float64(s.Current))
	return rest.Round(time.Second).String() + " left"
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.all.Wait()
}
