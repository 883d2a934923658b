package database

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/cmd/internal/cli"
	"github.com/zerodb/zerodb/server"
)

// config is what `zerodb serve` is told, by flags and by a file.
type config struct {
	Dir      string `toml:"dir"`
	Listen   string `toml:"listen"`
	Cert     string `toml:"cert"`
	Key      string `toml:"key"`
	ClientCA string `toml:"client_ca"`
	Insecure bool   `toml:"insecure"`
	Tokens   tokens `toml:"tokens"`
	Relaxed  bool   `toml:"relaxed"`

	Drain   duration `toml:"drain"`
	Origins []string `toml:"origins"`
	Hosts   []string `toml:"hosts"`

	MetricsListen string   `toml:"metrics_listen"`
	Pprof         bool     `toml:"pprof"`
	LogFormat     string   `toml:"log_format"`
	Slow          duration `toml:"slow"`
	Traces        string   `toml:"traces"`
	TraceRatio    float64  `toml:"trace_ratio"`

	Cache      int64 `toml:"cache"`
	Statements int64 `toml:"statement_cache"`
	Query      int64 `toml:"statement_memory"`

	Limits limits `toml:"limits"`
}

// tokens are server.TokenOptions as the file names them.
type tokens struct {
	Keys     string `toml:"keys"` // a file
	Issuer   string `toml:"issuer"`
	Audience string `toml:"audience"`
	Roles    string `toml:"roles"`
}

// limits are server.Limits as the file names them.
type limits struct {
	Connections     int      `toml:"connections"`
	Streams         int      `toml:"streams"`
	Message         int      `toml:"message"`
	Statements      int      `toml:"statements"`
	Queue           int      `toml:"queue"`
	QueueTime       duration `toml:"queue_time"`
	Timeout         duration `toml:"timeout"`
	InFlight        int      `toml:"in_flight"`
	Sessions        int      `toml:"sessions"`
	StreamBytes     int      `toml:"stream_bytes"`
	PageBytes       int      `toml:"page_bytes"`
	QueryBytes      int      `toml:"query_bytes"`
	Lease           duration `toml:"lease"`
	Transactions    int      `toml:"transactions"`
	Memory          int64    `toml:"memory"`
	NamespaceMemory int64    `toml:"namespace_memory"`
	SessionMemory   int64    `toml:"session_memory"`
	ProgramBytes    int64    `toml:"program_bytes"`
}

// duration is a time like 30s or 5m.
type duration time.Duration

// UnmarshalText reads it.
func (d *duration) UnmarshalText(text []byte) error {
	t, err := time.ParseDuration(string(text))
	*d = duration(t)
	return err
}

// defaults are what the file and the flags go over.
func defaults() config {
	return config{Listen: "127.0.0.1:7654", Drain: duration(30 * time.Second), Slow: duration(time.Second), TraceRatio: 0.01}
}

// readConfig reads a file over c. A name that means nothing is an error: a limit that was misspelt would not hold.
func readConfig(w *cli.World, name string, c *config) error {
	content, err := w.ReadFile(name)
	if err != nil {
		return err
	}
	d := toml.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return cli.Usagef("%s: nothing is named so:\n%s", name, strict.String())
		}
		return cli.Usagef("%s: %v", name, err)
	}
	return nil
}

// options are the server's.
func (c *config) options() *server.Options {
	l := &c.Limits
	return &server.Options{Origins: c.Origins, Hosts: c.Hosts, Limits: server.Limits{
		Connections: l.Connections, Streams: l.Streams, Message: l.Message, Statements: l.Statements, Queue: l.Queue,
		QueueTime: time.Duration(l.QueueTime), Timeout: time.Duration(l.Timeout), InFlight: l.InFlight, Sessions: l.Sessions,
		StreamBytes: l.StreamBytes, PageBytes: l.PageBytes, QueryBytes: l.QueryBytes, Lease: time.Duration(l.Lease),
		Transactions: l.Transactions, Memory: l.Memory, NamespaceMemory: l.NamespaceMemory, SessionMemory: l.SessionMemory,
		ProgramBytes: l.ProgramBytes,
	}}
}

// database are the options that the database is opened with.
func (c *config) database(w *cli.World) *zerodb.Options {
	return &zerodb.Options{FS: w.FS, Clock: w.Clock, Random: w.Random, Relaxed: c.Relaxed, CacheBytes: c.Cache, StatementBytes: c.Statements,
		QueryMemory: c.Query}
}

func (d duration) String() string { return fmt.Sprint(time.Duration(d)) }
