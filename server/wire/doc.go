// Package wire is what server and client share: how rows, values, errors and descriptions travel. Whatever it is given, it answers
// with a value or an error. docs/server.md describes the form.
package wire
