// Package examples holds the schema, queries and data of `make demo`, and the tests that execute what the documents show.
package examples
