package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

// FuzzImport reads any bytes as each form of file: every row is taken or refused with a place inside the file, reading ends, and a line
// of NDJSON that is taken is JSON by the standard library's judgement as well.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"id,name,at\n1,a,2026-01-01T00:00:00Z\n2,\"b\"\"c\",\n", "\ufeffa\tb\r\n1\t2\r\n", `[{"id":1},{"id":"x","n":1e400}]`,
		`{"rows":[{"a":{"b":[1,2,null]}}]}`, "{\"id\":1}\n{\"id\":2,\"x\":\"\\ud800\"}\n{", "a,a\n1,2\n", "\"open\n", "[1,2", "{}", "",
	} {
		for form := range byte(4) {
			f.Add(form, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, form byte, content []byte) {
		o := &Options{File: "f", Form: []Form{CSV, TSV, JSON, NDJSON}[form%4], Mapping: Mapping{Table: "t"}}
		if form >= 128 {
			o.Member = "rows"
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
		source, closer, err := openSource(open, o)
		if err != nil {
			return
		}
		defer func() { _ = closer.Close() }()
		lines := bytes.Count(content, []byte{'\n'}) + bytes.Count(content, []byte{'\r'}) + 1
		for n := 0; ; n++ {
			if n > len(content)+1 {
				t.Fatalf("%d rows and refusals of %d bytes", n, len(content))
			}
			row, err := source.Next()
			if err == nil {
				if o.Form == NDJSON && !json.Valid(row.Raw) {
					t.Fatalf("%q is taken and is no JSON", row.Raw)
				}
				_, err = o.Mapping.Record(o.File, row)
			}
			var bad *RowError
			switch {
			case err == nil:
			case errors.As(err, &bad):
				if bad.Place.Line < 1 || bad.Place.Line > lines || bad.Place.Column < 1 || bad.Place.Column > len(content)+1 {
					t.Fatalf("%v: line %d, column %d are not in a file of %d lines and %d bytes", err, bad.Place.Line, bad.Place.Column, lines, len(content))
				}
			default:
				return // the end, or what ends the file
			}
		}
	})
}
