package peer

import (
	"context"
	"database/sql"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

func openSQLite(ctx context.Context, dir string) (Peer, string, error) {
	// A busy timeout makes writers wait for one another, as they would elsewhere.
	db, err := sql.Open("sqlite", filepath.Join(dir, "sqlite.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(60000)&_pragma=cache_size(-65536)&_txlock=immediate")
	if err != nil {
		return nil, "", err
	}
	p := &sqlPeer{name: "sqlite", db: db, fields: ycsbFields, placeholder: func(int) string { return "?" },
		settings: "modernc.org/sqlite " + moduleVersion("modernc.org/sqlite") + " in process, WAL, synchronous=FULL, 64 MiB cache"}
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&p.version); err != nil {
		return nil, "", err
	}
	return p, "", p.create(ctx, "")
}
