// Command exampledata makes the NDJSON files of examples/data from miserables.json, whose two arrays are not a form that
// `zerodb import` reads: nodes become records with their place as the key, links become edges between those keys.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", "examples/data", "where miserables.json is and the files made go")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "exampledata:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	src, err := os.ReadFile(filepath.Join(dir, "miserables.json"))
	if err != nil {
		return err
	}
	files, err := convert(src)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// convert returns the files made of miserables.json, by name.
func convert(src []byte) (map[string][]byte, error) {
	var graph struct {
		Nodes []struct {
			Name  string `json:"name"`
			Group int    `json:"group"`
			Index int    `json:"index"`
		} `json:"nodes"`
		Links []struct {
			Source int `json:"source"`
			Target int `json:"target"`
			Value  int `json:"value"`
		} `json:"links"`
	}
	if err := json.Unmarshal(src, &graph); err != nil {
		return nil, err
	}
	type character struct {
		ID    int    `json:"id"`
		Name  string `json:"name"`
		Group int    `json:"group"`
	}
	type sharing struct {
		From     int `json:"from"`
		To       int `json:"to"`
		Chapters int `json:"chapters"`
	}
	var characters, chapters bytes.Buffer
	for _, n := range graph.Nodes {
		if err := json.NewEncoder(&characters).Encode(character{n.Index, n.Name, n.Group}); err != nil {
			return nil, err
		}
	}
	for _, l := range graph.Links {
		if err := json.NewEncoder(&chapters).Encode(sharing{l.Source, l.Target, l.Value}); err != nil {
			return nil, err
		}
	}
	return map[string][]byte{"characters.ndjson": characters.Bytes(), "shared-chapters.ndjson": chapters.Bytes()}, nil
}
