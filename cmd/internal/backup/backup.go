// Package backup keeps backups in a directory, and restores them.
//
//	files/SUM        a file of a database, named by the SHA-256 of its bytes; backups share it
//	TIME.json        a backup: which files, with their names, and of when; its second line is its own SHA-256
package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// format is the version of the directory.
const format = 1

const (
	filesDir = "files"
	suffix   = ".json"
)

// Manifest is a backup.
type Manifest struct {
	Format int                `json:"format"`
	Start  zerodb.BackupStart `json:"backup"`
	Moment time.Time          `json:"moment"`
	Files  []File             `json:"files"`
}

// File is a file of it.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Sum  string `json:"sum"`
}

// Store is a directory with backups.
type Store struct {
	fs  vfs.FS
	dir string
	all []*Manifest // from the oldest
}

// Open reads which backups a directory has. One that is not there has none.
func Open(fs vfs.FS, dir string) (*Store, error) {
	s := &Store{fs: fs, dir: dir}
	names, err := fs.List(dir)
	if err != nil && !errors.Is(err, errNotExist) {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, suffix) {
			m, err := s.read(name)
			if err != nil {
				return nil, err
			}
			s.all = append(s.all, m)
		}
	}
	return s, nil
}

// All are the backups, from the oldest.
func (s *Store) All() []*Manifest { return s.all }

func (s *Store) read(name string) (*Manifest, error) {
	content, err := readFile(s.fs, s.fs.PathJoin(s.dir, name))
	if err != nil {
		return nil, err
	}
	line, sum, _ := bytes.Cut(content, []byte("\n"))
	m := &Manifest{}
	if want := sha256.Sum256(line); hex.EncodeToString(want[:]) != strings.TrimSpace(string(sum)) || json.Unmarshal(line, m) != nil {
		return nil, damaged("the backup %s is damaged", name)
	}
	if m.Format > format {
		return nil, ops.Errorf(ops.CodeVersion, "the backup %s has format %d, this version of zerodb knows %d", name, m.Format, format)
	}
	return m, nil
}

func damaged(f string, args ...any) error {
	return ops.Errorf(ops.CodeCorrupt, f, args...).WithHint("use another backup")
}

// Writer takes a backup into the directory; it is a zerodb.BackupSink.
type Writer struct {
	store  *Store
	have   map[zerodb.BackupFile]string
	made   Manifest
	Copied int64 // bytes that were not there
}

// Writer makes a writer of a new backup.
func (s *Store) Writer() (*Writer, error) {
	return &Writer{store: s, have: map[zerodb.BackupFile]string{}}, s.fs.MkdirAll(s.fs.PathJoin(s.dir, filesDir), 0o755)
}

// Have implements zerodb.BackupSink: the files of the newest backup.
func (w *Writer) Have() (database string, files []zerodb.BackupFile) {
	if len(w.store.all) == 0 {
		return "", nil
	}
	newest := w.store.all[len(w.store.all)-1]
	for _, f := range newest.Files {
		file := zerodb.BackupFile{Name: f.Name, Size: f.Size}
		if _, err := w.store.fs.Stat(w.store.path(f.Sum)); err == nil && file.Fixed() {
			w.have[file] = f.Sum
			files = append(files, file)
		}
	}
	return newest.Start.Database, files
}

// Start implements zerodb.BackupSink.
func (w *Writer) Start(b zerodb.BackupStart) error {
	w.made = Manifest{Format: format, Start: b, Moment: b.Moment()}
	return nil
}

// Kept implements zerodb.BackupSink.
func (w *Writer) Kept(f zerodb.BackupFile) error {
	sum, ok := w.have[f]
	if !ok {
		return ops.Errorf(ops.CodeInternal, "the file %s was left out of the backup, and is not there", f.Name)
	}
	w.made.Files = append(w.made.Files, File{f.Name, f.Size, sum})
	return nil
}

// File implements zerodb.BackupSink.
func (w *Writer) File(f zerodb.BackupFile, content io.Reader) error {
	s := w.store
	part := s.fs.PathJoin(s.dir, filesDir, "part")
	h := sha256.New()
	n, err := copyTo(s.fs, part, io.TeeReader(content, h))
	if err == nil && n != f.Size {
		err = damaged("of the file %s with %d bytes came %d", f.Name, f.Size, n)
	}
	if err != nil {
		return err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	w.made.Files = append(w.made.Files, File{f.Name, f.Size, sum})
	w.Copied += n
	return s.fs.Rename(part, s.path(sum))
}

func (s *Store) path(sum string) string { return s.fs.PathJoin(s.dir, filesDir, sum) }

// Finish writes the manifest: from then on the backup is there.
func (w *Writer) Finish() (*Manifest, error) {
	s := w.store
	if err := syncDir(s.fs, s.fs.PathJoin(s.dir, filesDir)); err != nil {
		return nil, err
	}
	line, err := json.Marshal(&w.made)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(line)
	content := append(append(line, '\n'), hex.EncodeToString(sum[:])+"\n"...)
	name := s.fs.PathJoin(s.dir, fmt.Sprintf("%020d%s", w.made.Start.Time, suffix))
	if _, err := copyTo(s.fs, name+".part", bytes.NewReader(content)); err != nil {
		return nil, err
	}
	if err := s.fs.Rename(name+".part", name); err != nil {
		return nil, err
	}
	s.all = append(s.all, &w.made)
	return &w.made, syncDir(s.fs, s.dir)
}

// Choose returns the backup to restore as of a time, the oldest that covers it; with a zero time the newest.
func (s *Store) Choose(at time.Time) (*Manifest, error) {
	if len(s.all) == 0 {
		return nil, ops.Errorf(ops.CodeNotFound, "%s has no backup", s.dir)
	}
	newest := s.all[len(s.all)-1]
	if at.IsZero() {
		return newest, nil
	}
	for _, m := range s.all {
		if m.Start.Covers(at) {
			return m, nil
		}
	}
	if at.After(newest.Moment) {
		return nil, ops.Errorf(ops.CodeNotFound, "the newest backup is of %s", newest.Moment.Format(time.RFC3339Nano)).WithHint("make a backup, or name an earlier time")
	}
	return nil, ops.Errorf(ops.CodeNotKept, "no backup reaches back to %s", at.Format(time.RFC3339Nano)).
		WithHint("a backup reaches as far back as older versions were kept, and not behind the removal of a table or an index")
}

// Restore makes a database of a backup in a directory that is not there or empty; with a time that is not zero, as it was then. The
// directory is there whole or not at all.
func (s *Store) Restore(m *Manifest, dir string, at time.Time, clock func() time.Time, random io.Reader) error {
	fs := s.fs
	if names, err := fs.List(dir); err == nil && len(names) > 0 {
		return ops.Errorf(ops.CodeAlreadyExists, "%s is not empty", dir).WithHint("restore into a new directory")
	} else if err == nil {
		if err := fs.RemoveAll(dir); err != nil {
			return err
		}
	}
	part := dir + ".part"
	if err := errors.Join(fs.RemoveAll(part), fs.MkdirAll(part, 0o755)); err != nil {
		return err
	}
	err := s.copyBack(m, part)
	if err == nil {
		err = zerodb.Restored(fs, part, clock, random, at)
	}
	if err == nil {
		err = syncDir(fs, part)
	}
	if err == nil {
		err = fs.Rename(part, dir)
	}
	if err != nil {
		return errors.Join(err, fs.RemoveAll(part))
	}
	return syncDir(fs, fs.PathDir(dir))
}

func (s *Store) copyBack(m *Manifest, part string) error {
	for _, f := range m.Files {
		if f.Name != s.fs.PathBase(f.Name) || len(f.Sum) != 2*sha256.Size {
			return damaged("the backup names a file %q", f.Name)
		}
		in, err := s.fs.Open(s.path(f.Sum))
		if err != nil {
			return err
		}
		h := sha256.New()
		n, err := copyTo(s.fs, s.fs.PathJoin(part, f.Name), io.TeeReader(in, h))
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
		if n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.Sum {
			return damaged("the file %s of the backup (%s) is damaged", f.Name, f.Sum)
		}
	}
	return nil
}
