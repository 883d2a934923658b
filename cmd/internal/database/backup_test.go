package database_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/client"
	"github.com/zerodb/zerodb/cmd/internal/cli"
)

// TestBackupOfServer makes backups of a server that is in use, and restores them, the newest and one of before.
func TestBackupOfServer(t *testing.T) {
	s := serve(t, vfs.NewMem())
	db, err := client.Connect(ctx, s.addr)
	must(t, err)
	defer db.Close()
	wantOK := func(what string, args ...string) {
		t.Helper()
		if status, out := s.run(args...); status != cli.OK || !strings.Contains(out, what) {
			t.Errorf("%v: %d %s", args, status, out)
		}
	}
	script(t, db, `FOR $i IN 0..500 DO CREATE a:[$i] SET n = $i END`)
	wantOK("bytes copied", "backup", "--connect", s.addr, "backups")
	time.Sleep(5 * time.Millisecond)
	before := time.Now().Add(-2 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	script(t, db, `DELETE a WHERE n >= 100`)
	time.Sleep(5 * time.Millisecond)
	wantOK("bytes copied", "backup", "--connect", s.addr, "backups")
	wantOK("second is", "restore", "backups", "--dir", "second")
	wantOK("[100]", "sql", "--dir", "second", "-c", `SELECT VALUE FOLD count() FROM a`)
	wantOK("ok", "check", "--dir", "second")
	wantOK("first is", "restore", "backups", "--dir", "first", "--at", before)
	wantOK("[500]", "sql", "--dir", "first", "-c", `SELECT VALUE FOLD count() FROM a`)
	wantOK("ok", "check", "--dir", "first")
	wantOK("bytes copied", "backup", "--dir", "first", "backups2")
	for want, args := range map[string][]string{
		"not empty":        {"restore", "backups", "--dir", "first"},
		"newest backup":    {"restore", "backups", "--dir", "x", "--at", "2200-01-01T00:00:00Z"},
		"has no backup":    {"restore", "nothing", "--dir", "x"},
		"--dir is missing": {"restore", "backups"},
		"a time like":      {"restore", "backups", "--dir", "x", "--at", "noon"},
	} {
		if status, out := s.run(args...); status == cli.OK || !strings.Contains(out, want) {
			t.Errorf("%v: %d %s", args, status, out)
		}
	}
}
