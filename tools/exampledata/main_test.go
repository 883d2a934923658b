package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The committed files are what the converter makes of the committed source.
func TestCommittedFilesAreCurrent(t *testing.T) {
	const dir = "../../examples/data"
	src, err := os.ReadFile(filepath.Join(dir, "miserables.json"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := convert(src)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what go run ./tools/exampledata makes", name)
		}
	}
}
