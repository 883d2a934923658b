// Package ops holds what every room of zerodb shares: values, types, vectors (columns of a batch),
// errors, and the operator and function tables, each declared once. It imports none of the others.
package ops
