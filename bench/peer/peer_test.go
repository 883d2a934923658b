package peer_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/zerodb/zerodb/bench/peer"
)

func record(i int) peer.Record {
	r := make(peer.Record, 10)
	for f := range r {
		r[f] = fmt.Sprintf("%d/%d", i, f)
	}
	return r
}

// TestPeers holds every database that the machine has to the same behaviour.
func TestPeers(t *testing.T) {
	for _, o := range peer.All {
		t.Run(o.Name, func(t *testing.T) {
			ctx := context.Background()
			p, reason, err := o.Open(ctx, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if reason != "" {
				t.Skip(reason)
			}
			defer func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}()
			if p.Name() != o.Name || p.Version() == "" || p.Settings() == "" {
				t.Fatalf("name %q, version %q, settings %q", p.Name(), p.Version(), p.Settings())
			}
			if err := p.Load(ctx, 1500, record); err != nil {
				t.Fatal(err)
			}
			c, err := p.Client(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			use(ctx, t, c)
		})
	}
}

func use(ctx context.Context, t *testing.T, c peer.Client) {
	if err := c.Read(ctx, 1499); err != nil {
		t.Error(err)
	}
	if err := c.Read(ctx, 1500); err == nil {
		t.Error("a record that was not loaded is there")
	}
	if err := c.Insert(ctx, 1500, record(1500)); err != nil {
		t.Error(err)
	}
	if err := c.Update(ctx, 1500, 3, "changed"); err != nil {
		t.Error(err)
	}
	if err := c.Read(ctx, 1500); err != nil {
		t.Error(err)
	}
	for _, s := range []struct{ from, n, want int }{{0, 10, 10}, {1495, 100, 6}, {1501, 5, 0}} {
		if got, err := c.Scan(ctx, s.from, s.n); err != nil || got != s.want {
			t.Errorf("scan of %d from %d: %d, %v", s.n, s.from, got, err)
		}
	}
}
