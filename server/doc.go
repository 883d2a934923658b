// Package server answers for a database over gRPC, and over HTTP as Connect, gRPC-Web and JSON on the same port. docs/server.md
// describes the protocol; grammar/zerodb/v1/zerodb.proto is its text.
package server
