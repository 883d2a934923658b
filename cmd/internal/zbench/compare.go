package zbench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb/bench/peer"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// compareOptions are the flags of compare.
type compareOptions struct {
	driveOptions
	peers     []string
	workloads []string
	records   int
	rounds    int
	dir       string
}

func (a *app) compareCommand() *cobra.Command {
	var names []string
	for _, o := range peer.All {
		names = append(names, o.Name)
	}
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare",
		Short: "Drive zerodb and other databases with the same workload",
		Long: `Load the same records into zerodb and into each peer that the machine has, and drive them with the same workloads in turns.
A ratio is zerodb's operations a second by the peer's, the median of the rounds. bench/README.md says how peers are installed.`,
		Example: "  zbench compare --peers sqlite,postgres,bbolt --workloads ycsb-a,ycsb-c --clients 8",
		Args:    cli.Args(cobra.NoArgs),
	}
	f := c.Flags()
	f.StringSliceVar(&o.peers, "peers", names[1:], "the databases beside zerodb")
	f.StringSliceVar(&o.workloads, "workloads", []string{"ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f"}, "of ycsb-a to ycsb-f and kv")
	f.IntVar(&o.records, "records", 10_000, "how many records are loaded")
	f.IntVar(&o.rounds, "rounds", 3, "how often each is driven with each workload")
	f.StringVar(&o.dir, "dir", "", "`directory` for the databases, which must be empty; a temporary one without it")
	bindDrive(c, &o.driveOptions)
	f.Lookup("duration").Usage = "how long each round"
	f.Lookup("duration").DefValue = "2s"
	o.duration = 2 * time.Second
	a.bindOutput(c)
	c.Flags().Lookup("html").Hidden = true
	c.RunE = func(cmd *cobra.Command, _ []string) error { return a.compare(contextOf(cmd), o) }
	return c
}

// compareReport is what compare has found.
type compareReport struct {
	Records int            `json:"records"`
	Clients int            `json:"clients"`
	Loop    string         `json:"loop"`
	Made    time.Time      `json:"made"`
	Peers   []comparedPeer `json:"peers"`
	Missing []string       `json:"missing,omitempty"`
	Results []compared     `json:"results"`
}

type comparedPeer struct {
	Name     string        `json:"name"`
	Version  string        `json:"version"`
	Settings string        `json:"settings"`
	Loaded   time.Duration `json:"load_ns"`
}

// compared is a database under a workload: the median of the rounds.
type compared struct {
	Workload  string  `json:"workload"`
	Peer      string  `json:"peer"`
	PerSecond float64 `json:"per_second"`
	P99       int64   `json:"p99_ns"`
	// Ratio is zerodb's operations a second by this peer's; 1 for zerodb itself.
	Ratio float64 `json:"ratio"`
}

func (a *app) compare(ctx context.Context, o compareOptions) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	var mixes []ycsbMix
	for _, name := range o.workloads {
		i := slices.IndexFunc(ycsbMixes, func(m ycsbMix) bool { return m.name == name })
		if i < 0 {
			return cli.Usagef("--workloads %s: ycsb-a to ycsb-f or kv", name)
		}
		mixes = append(mixes, ycsbMixes[i])
	}
	for _, name := range o.peers {
		_, known := peer.Unavailable[name]
		if !known && !slices.ContainsFunc(peer.All, func(o peer.Opener) bool { return o.Name == name }) {
			return cli.Usagef("--peers %s: there is no such peer", name)
		}
	}
	dir, remove, err := a.scratch(o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r := &compareReport{Records: o.records, Clients: o.clients, Loop: loopOf(o.rate), Made: a.world.Clock().UTC()}
	peers, err := a.openPeers(ctx, r, o.peers, dir)
	defer func() {
		for _, p := range peers {
			err = errors.Join(err, p.Close())
		}
	}()
	if err != nil {
		return err
	}
	for i, p := range peers {
		began := a.world.Clock()
		if err := newYCSB(ycsbMixes[0], p, o.records).load(ctx, o.seed); err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
		r.Peers[i].Loaded = a.since(began)
	}
	inserted := map[string]int64{}
	for _, m := range mixes {
		if err := a.compareMix(ctx, r, m, peers, o, inserted); err != nil {
			return err
		}
	}
	return a.give(r, func() { a.printCompare(r) }, nil)
}

// openPeers opens zerodb and those of the peers that are there.
func (a *app) openPeers(ctx context.Context, r *compareReport, names []string, dir string) (peers []peer.Peer, err error) {
	for _, name := range append([]string{"zerodb"}, names...) {
		i := slices.IndexFunc(peer.All, func(o peer.Opener) bool { return o.Name == name })
		if i < 0 {
			r.Missing = append(r.Missing, name+": "+peer.Unavailable[name])
			continue
		}
		own := filepath.Join(dir, name)
		if err := a.world.FS.MkdirAll(own, 0o755); err != nil {
			return peers, err
		}
		p, reason, err := peer.All[i].Open(ctx, own)
		if err != nil {
			return peers, fmt.Errorf("%s: %w", name, err)
		}
		if reason != "" {
			r.Missing = append(r.Missing, name+": "+reason)
			continue
		}
		peers = append(peers, p)
		r.Peers = append(r.Peers, comparedPeer{Name: p.Name(), Version: p.Version(), Settings: p.Settings()})
	}
	return peers, nil
}

// compareMix drives every peer with a workload, in rounds whose order turns, so that what slows the machine for a while does not slow one
// database alone. inserted remembers how many records each peer has from workloads before.
func (a *app) compareMix(ctx context.Context, r *compareReport, m ycsbMix, peers []peer.Peer, o compareOptions, inserted map[string]int64) error {
	perSecond, p99 := make([][]float64, len(peers)), make([][]float64, len(peers))
	for round := range o.rounds {
		for i := range peers {
			n := (i + round) % len(peers)
			y := newYCSB(m, peers[n], o.records)
			y.inserted.Add(inserted[peers[n].Name()])
			d, err := a.watched(ctx, peers[n].Name()+" "+m.name, y, o.driveOptions)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", peers[n].Name(), m.name, err)
			}
			inserted[peers[n].Name()] = y.inserted.Load() - int64(o.records)
			perSecond[n] = append(perSecond[n], d.PerSecond)
			worst := int64(0)
			for _, op := range d.Operations {
				worst = max(worst, op.P99)
			}
			p99[n] = append(p99[n], float64(worst))
		}
	}
	for n, p := range peers {
		ratios := make([]float64, o.rounds)
		for i := range ratios {
			ratios[i] = perSecond[0][i] / perSecond[n][i]
		}
		r.Results = append(r.Results, compared{m.name, p.Name(), medianOf(perSecond[n]), int64(medianOf(p99[n])), medianOf(ratios)})
	}
	return nil
}

func (a *app) printCompare(r *compareReport) {
	a.printf("%d records of %d fields, %d clients, loop %s\n\n", r.Records, ycsbFields, r.Clients, r.Loop)
	for _, p := range r.Peers {
		a.printf("%-10s %-12s loaded in %-8s %s\n", p.Name, p.Version, p.Loaded.Round(time.Millisecond), p.Settings)
	}
	for _, m := range r.Missing {
		a.printf("not compared: %s\n", m)
	}
	a.printf("\n%-10s", "workload")
	for _, p := range r.Peers {
		a.printf(" %12s %9s %6s", p.Name+"/s", "p99", "ratio")
	}
	a.printf("\n")
	for i := 0; i < len(r.Results); i += len(r.Peers) {
		var line strings.Builder
		fmt.Fprintf(&line, "%-10s", r.Results[i].Workload)
		for _, c := range r.Results[i : i+len(r.Peers)] {
			fmt.Fprintf(&line, " %12.0f %9s %6.2f", c.PerSecond, show(c.P99), c.Ratio)
		}
		a.printf("%s\n", line.String())
	}
	a.printf("\nA ratio above 1 says that zerodb does more operations a second.\n")
}
