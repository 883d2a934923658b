package peer

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// openPostgres uses the server that ZBENCH_POSTGRES names, or starts one of its own in the directory where PostgreSQL is installed.
func openPostgres(ctx context.Context, dir string) (Peer, string, error) {
	if url := os.Getenv("ZBENCH_POSTGRES"); url != "" {
		return connectPostgres(ctx, url, "the server that ZBENCH_POSTGRES names, as it is set", nil)
	}
	bin := postgresBin()
	if bin == "" {
		return nil, "PostgreSQL is not installed, and ZBENCH_POSTGRES names no server", nil
	}
	s := &postgresServer{bin: bin, dir: filepath.Join(dir, "postgres")}
	if reason, err := s.start(ctx); reason != "" || err != nil {
		return nil, reason, err
	}
	url := fmt.Sprintf("host=%s user=zbench dbname=postgres sslmode=disable", s.dir)
	p, reason, err := connectPostgres(ctx, url, "a server of its own over a Unix socket, fsync and synchronous_commit on, otherwise as initdb sets it", s.stop)
	if err != nil {
		err = errors.Join(err, s.stop())
	}
	return p, reason, err
}

// postgresBin is the folder of the server's programs; "" where there are none.
func postgresBin() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

func connectPostgres(ctx context.Context, url, settings string, stop func() error) (Peer, string, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, "", err
	}
	p := &sqlPeer{name: "postgres", db: db, fields: ycsbFields, placeholder: func(i int) string { return "$" + strconv.Itoa(i) }, settings: settings, close: stop}
	if err := db.QueryRowContext(ctx, "SHOW server_version").Scan(&p.version); err != nil {
		return nil, "", errors.Join(err, db.Close())
	}
	return p, "", p.create(ctx, "")
}

// postgresServer is a server with its data and its socket in a directory.
type postgresServer struct {
	bin, dir string
	as       *syscall.Credential // who runs it: PostgreSQL refuses to be run by root
}

func (s *postgresServer) start(ctx context.Context) (reason string, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", err
	}
	if os.Getuid() == 0 {
		if reason, err := s.dropRights(); reason != "" || err != nil {
			return reason, err
		}
	}
	data := filepath.Join(s.dir, "data")
	if err := s.run(ctx, "initdb", "-D", data, "-U", "zbench", "-A", "trust"); err != nil {
		return "", err
	}
	return "", s.run(ctx, "pg_ctl", "-D", data, "-w", "-l", filepath.Join(s.dir, "log"), "-o", "-k "+s.dir+" -c listen_addresses=''", "start")
}

// dropRights gives the directory to the user postgres, who then runs the server; every folder above it must let that user through.
func (s *postgresServer) dropRights() (reason string, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return "it may not run as root, and there is no user postgres", nil
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return "", err
	}
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for dir := filepath.Dir(s.dir); len(dir) > 1; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", err
		}
		if info.Mode()&0o001 != 0 {
			continue
		}
		if err := os.Chmod(dir, info.Mode()|0o011); err != nil {
			return "", err
		}
	}
	return "", os.Chown(s.dir, uid, gid)
}

func (s *postgresServer) run(ctx context.Context, program string, args ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	c.Dir = s.dir
	if program == "pg_ctl" {
		return c.Run() // its child keeps the output open
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

func (s *postgresServer) stop() error {
	return s.run(context.Background(), "pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", "fast", "-w", "stop")
}
