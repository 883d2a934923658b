package zerodb

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb/vm"
)

// spillRoom makes the temporary files of statements that outgrow their memory, in a folder of the database's own directory. What
// a crash left there is removed when the first file is made.
type spillRoom struct {
	fs   vfs.FS
	dir  string
	once sync.Once
	err  error
	last atomic.Uint64
}

func newSpillRoom(fs vfs.FS, dir string) *spillRoom {
	return &spillRoom{fs: fs, dir: fs.PathJoin(dir, "spill")}
}

// prepare makes the folder and empties it.
func (s *spillRoom) prepare() {
	if s.err = s.fs.MkdirAll(s.dir, 0o755); s.err != nil {
		return
	}
	old, err := s.fs.List(s.dir)
	if err != nil {
		s.err = err
		return
	}
	for _, name := range old {
		if err := s.fs.Remove(s.fs.PathJoin(s.dir, name)); err != nil && !errors.Is(err, iofs.ErrNotExist) {
			s.err = err
			return
		}
	}
}

// Create makes an empty file.
func (s *spillRoom) Create() (vm.SpillFile, error) {
	s.once.Do(s.prepare)
	if s.err != nil {
		return nil, s.err
	}
	name := s.fs.PathJoin(s.dir, fmt.Sprintf("%d", s.last.Add(1)))
	f, err := s.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return &spillFile{File: f, fs: s.fs, name: name}, nil
}

type spillFile struct {
	vfs.File
	fs   vfs.FS
	name string
}

// Close closes the file and removes it.
func (f *spillFile) Close() error {
	return errors.Join(f.File.Close(), f.fs.Remove(f.name))
}
