package storage

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/ops"
)

// FormatVersion is the version of what this package keeps in a directory.
const FormatVersion = 1

// identityFile says that a directory is a zerodb database, of which version, and which one.
const identityFile = "ZERODB"

const identityMagic = "zerodb database"

type identity struct {
	version int
	id      string // 16 random bytes in hexadecimal
}

func (i identity) text() string {
	return fmt.Sprintf("%s\nformat %d\nid %s\n", identityMagic, i.version, i.id)
}

// identify reads the identity of the directory, or gives an empty one its identity.
func identify(o *Options) (identity, error) {
	names, err := o.FS.List(o.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		names = nil
	case errors.Is(err, syscall.ENOTDIR):
		return identity{}, notADatabase(o.Dir, "it is a file")
	case err != nil:
		return identity{}, wrap(err)
	}
	found, others := false, 0
	for _, n := range names {
		switch {
		case n == identityFile:
			found = true
		case n != identityFile+".tmp" && n != "lost+found":
			others++
		}
	}
	switch {
	case found:
		return readIdentity(o)
	case others > 0:
		return identity{}, notADatabase(o.Dir, "it holds other files")
	case o.ReadOnly:
		return identity{}, notADatabase(o.Dir, "it is empty").WithHint("open it for writing once to create a database")
	}
	return writeIdentity(o)
}

func notADatabase(dir, why string) *ops.Error {
	return ops.Errorf(ops.CodeNotADatabase, "%s is no zerodb database: %s", dir, why).WithHint("name an empty directory or a database")
}

func readIdentity(o *Options) (identity, error) {
	f, err := o.FS.Open(o.FS.PathJoin(o.Dir, identityFile))
	if err != nil {
		return identity{}, wrap(err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return identity{}, wrap(err)
	}
	lines := strings.Split(string(raw), "\n")
	if len(lines) < 3 || lines[0] != identityMagic {
		return identity{}, notADatabase(o.Dir, "its file "+identityFile+" is of something else")
	}
	version, err := strconv.Atoi(strings.TrimPrefix(lines[1], "format "))
	if err != nil || version < 1 {
		return identity{}, notADatabase(o.Dir, "its file "+identityFile+" is damaged")
	}
	if version > FormatVersion {
		return identity{}, ops.Errorf(ops.CodeVersion, "%s has format %d; this version of zerodb knows formats up to %d", o.Dir, version, FormatVersion)
	}
	return identity{version: version, id: strings.TrimPrefix(lines[2], "id ")}, nil
}

// writeIdentity comes before Pebble's first file, so a crash in between leaves a database that is still empty.
func writeIdentity(o *Options) (identity, error) {
	var id [16]byte
	if _, err := io.ReadFull(o.Random, id[:]); err != nil {
		return identity{}, wrap(err)
	}
	ident := identity{FormatVersion, hex.EncodeToString(id[:])}
	return ident, wrap(writeFile(o.FS, o.Dir, identityFile, ident.text()))
}

// writeFile makes a file appear with its content, or not at all.
func writeFile(f vfs.FS, dir, name, text string) error {
	if err := makeDir(f, dir); err != nil {
		return err
	}
	path := f.PathJoin(dir, name)
	w, err := f.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(text))
	if e := w.Sync(); err == nil {
		err = e
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := f.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(f, dir)
}

// makeDir makes a directory and the ones above it that are missing, and makes sure that they stay.
func makeDir(f vfs.FS, dir string) error {
	var above []string
	for d := dir; ; d = f.PathDir(d) {
		if _, err := f.Stat(d); err == nil || d == f.PathDir(d) {
			break
		}
		above = append(above, f.PathDir(d))
	}
	if err := f.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, d := range above {
		if err := syncDir(f, d); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(f vfs.FS, dir string) error {
	d, err := f.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// isLocked reports whether opening failed because another process, or this one, has the directory open.
func isLocked(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) && !errors.Is(err, fs.ErrPermission) ||
		strings.Contains(err.Error(), "lock held by current process") || strings.Contains(err.Error(), "resource temporarily unavailable")
}
