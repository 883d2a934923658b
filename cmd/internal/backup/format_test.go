package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/backup"
	"github.com/zerodb/zerodb/ops"
)

// The file has a database of format 1 and a directory of backups of it. It is written once, with -write-format-1, and read for ever:
// whoever changes a format raises its version, keeps this test and adds a file of his own.
var writeFormat1 = flag.Bool("write-format-1", false, "write the file of format 1 anew")

const format1 = "testdata/format1.tar.gz"

// inFormat1 is what the database is made of; each kind of thing that is stored is in it.
const inFormat1 = `
DEFINE TABLE person FIELDS name TYPE string, age TYPE int, born TYPE time?, tags TYPE [string], big TYPE u64?
DEFINE INDEX by_age ON TABLE person FIELDS age
DEFINE INDEX by_name ON TABLE person FIELDS name UNIQUE
DEFINE EDGE knows FROM person TO person FIELDS since TYPE int
FOR $i IN 0..300 DO CREATE person:[$i] SET name = "name " + type::string($i), age = $i % 90, tags = ["a", "b"], born = t"2000-01-01T00:00:00Z", big = $i END
RELATE person:[1] -> knows -> [person:[2], person:[3]] SET since = 2020
CREATE free:one SET a = { b: [1, 2.5, none, "text", 1h, d"1.50"] }, c = b"00ff"
UPDATE person SET age += 1 WHERE age < 10
DELETE person WHERE age > 80`

func TestFormat1(t *testing.T) {
	if *writeFormat1 {
		w := newWorld(t)
		w.run(inFormat1)
		w.tick(time.Second)
		w.backup()
		w.run(`CREATE free:two SET a = 2`)
		must(t, w.db.Close())
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(format1, packed(t, w.fs, "db", "backups", "backups/files"), 0o644))
	}
	fs := vfs.NewMem()
	unpack(t, fs)
	w := newWorld(t)
	w.run(inFormat1)
	before := contents(t, w.db)
	w.run(`CREATE free:two SET a = 2`)
	want := contents(t, w.db)
	must(t, w.db.Close())
	w.fs = fs
	w.now = w.now.AddDate(0, 1, 0)
	restored, err := w.restore(time.Time{})
	must(t, err)
	same(t, restored, before)
	w.open("db")
	same(t, contents(t, w.db), want)
	w.run(`UPDATE person SET age += 1; CREATE person:new SET name = "new", age = 1, tags = []; RELATE person:new -> knows -> person:[1] SET since = 1; REDEFINE TABLE person FIELDS age AS years`)
	contents(t, w.db)
	must(t, w.db.Close())

	// What a later version has written is refused, and left as it is.
	f, err := fs.Create("db/ZERODB", vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write([]byte("zerodb database\nformat 2\nid 00\n"))
	must(t, err)
	must(t, f.Close())
	if _, err := zerodb.Open("db", &zerodb.Options{FS: fs, NoWarmUp: true}); ops.CodeOf(err) != ops.CodeVersion {
		t.Error(err)
	}
	if _, err := backup.Open(fs, "backups"); err != nil {
		t.Error(err)
	}
}

// same compares records; ids of edges are made by chance.
func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	count := func(m map[string]string) (n int) {
		for id := range m {
			if strings.HasPrefix(id, "knows:") {
				n++
			}
		}
		return n
	}
	plain := func(m map[string]string) map[string]string {
		m = maps.Clone(m)
		maps.DeleteFunc(m, func(id, _ string) bool { return strings.HasPrefix(id, "knows:") })
		return m
	}
	if !maps.Equal(plain(got), plain(want)) || count(got) != count(want) {
		t.Errorf("%d records and %d edges, %d and %d were written", len(plain(got)), count(got), len(plain(want)), count(want))
	}
}

func packed(t *testing.T, fs vfs.FS, dirs ...string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	out := tar.NewWriter(z)
	for _, dir := range dirs {
		names, err := fs.List(dir)
		must(t, err)
		for _, name := range names {
			info, err := fs.Stat(path.Join(dir, name))
			must(t, err)
			if info.IsDir() || name == "LOCK" {
				continue
			}
			f, err := fs.Open(path.Join(dir, name))
			must(t, err)
			content, err := io.ReadAll(f)
			must(t, errors.Join(err, f.Close()))
			must(t, out.WriteHeader(&tar.Header{Name: path.Join(dir, name), Mode: 0o644, Size: int64(len(content))}))
			_, err = out.Write(content)
			must(t, err)
		}
	}
	must(t, out.Close())
	must(t, z.Close())
	return b.Bytes()
}

func unpack(t *testing.T, fs vfs.FS) {
	content, err := os.ReadFile(format1)
	must(t, err)
	z, err := gzip.NewReader(bytes.NewReader(content))
	must(t, err)
	in := tar.NewReader(z)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		must(t, fs.MkdirAll(path.Dir(h.Name), 0o755))
		f, err := fs.Create(h.Name, vfs.WriteCategoryUnspecified)
		must(t, err)
		_, err = io.Copy(f, in)
		must(t, errors.Join(err, f.Close()))
	}
}
