package main

import (
	"strings"
	"testing"
)

func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct {
		name, text, want string // want is part of the fault; "" for none
	}{
		{"ops/a.go", `package ops; import "github.com/zerodb/zerodb/vm"`, "ops may not import vm"},
		{"ops/a_test.go", `package ops; import "github.com/zerodb/zerodb/vm"`, ""},
		{"ops/schema/a.go", `package schema; import "github.com/zerodb/zerodb/ops"`, ""},
		{"vm/a.go", `package vm; import "github.com/zerodb/zerodb/storage"`, "vm may not import storage"},
		{"vm/a.go", `package vm; import "github.com/cockroachdb/pebble/v2"`, "only the store knows Pebble"},
		{"storage/a.go", `package storage; import "github.com/cockroachdb/pebble/v2/vfs"`, ""},
		{"storage/a.go", `package storage; import "github.com/zerodb/zerodb"`, "storage may not import the root package"},
		{"compiler/plan/a.go", `package plan; import "github.com/zerodb/zerodb/compiler/codegen"`, "compiler/plan may not import compiler/codegen"},
		{"a.go", `package zerodb; import "github.com/zerodb/zerodb/tools/opgen"`, "imports the program"},
		{"a.go", `package zerodb; import "os"`, "os is the world"},
		{"options.go", `package zerodb; import "os"`, ""},
		{"vm/a.go", "package vm\nimport \"time\"\nvar t = time.Now()", "vm/a.go:3: time.Now is the world"},
		{"vm/a.go", "package vm\nimport clock \"time\"\nvar t = clock.Now", "time.Now is the world"},
		{"vm/a.go", "package vm\nimport \"time\"\nvar t = time.Second", ""},
		{"cmd/zqc/main.go", "package main\nimport (\"os\"; \"time\")\nvar t = time.Now()", ""},
		{"util/a.go", `package util; import "github.com/zerodb/zerodb/ops"`, "belongs to no room"},
	} {
		f, err := parse(c.name, []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(check([]file{f}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %q\ngives %q\nwant  %q", c.name, c.text, got, c.want)
		}
	}
}
