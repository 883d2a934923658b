package sqldriver

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"math/big"
	"reflect"

	"github.com/cockroachdb/apd/v3"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// CheckNamedValue makes a value of zerodb's of what an argument is: all that zerodb.FromGo takes, and what a driver.Valuer gives.
func (c *Conn) CheckNamedValue(given *driver.NamedValue) error {
	v, err := valueOf(given.Value)
	if err != nil {
		return err
	}
	given.Value = v
	return nil
}

// CheckNamedValue does so for the arguments of a statement.
func (s *stmt) CheckNamedValue(given *driver.NamedValue) error {
	return (*Conn)(nil).CheckNamedValue(given)
}

// valueOf converts an argument. database/sql may use the memory of a byte string again while rows are read, so it is copied.
func valueOf(x any) (zerodb.Value, error) {
	switch x := x.(type) {
	case sql.Out:
		return zerodb.None, ops.Errorf(ops.CodeUnsupported, "parameters bring nothing back: sql.Out is not supported")
	case []byte:
		return zerodb.FromGo(bytes.Clone(x))
	case zerodb.Value, apd.Decimal, *apd.Decimal, zerodb.RecordID, *zerodb.RecordID, *big.Int: // they mean more than the text that some of them would give
		return zerodb.FromGo(x)
	case driver.Valuer:
		v, err := given(x)
		if err != nil {
			return zerodb.None, err
		}
		return zerodb.FromGo(v)
	}
	return zerodb.FromGo(x)
}

// given asks a Valuer; a nil pointer to a type that is one by value is none.
func given(x driver.Valuer) (driver.Value, error) {
	if rv := reflect.ValueOf(x); rv.Kind() == reflect.Pointer && rv.IsNil() && rv.Type().Elem().Implements(reflect.TypeFor[driver.Valuer]()) {
		return nil, nil
	}
	v, err := x.Value()
	if b, ok := v.([]byte); ok {
		v = bytes.Clone(b)
	}
	return v, err
}

// positional reports whether arguments are given by their places.
func positional(given []driver.NamedValue) bool { return len(given) > 0 && given[0].Name == "" }

// arguments names the arguments; by position they are those of the statement's parameters.
func arguments(st *zerodb.Stmt, given []driver.NamedValue) ([]zerodb.Arg, error) {
	args := make([]zerodb.Arg, len(given))
	var params []zerodb.Param
	if positional(given) {
		if params = st.Params(); len(given) > len(params) {
			return nil, ops.Errorf(ops.CodeParameter, "the statement has %d parameters, %d arguments were given", len(params), len(given))
		}
	}
	for i, g := range given {
		if (g.Name == "") != positional(given) {
			return nil, ops.Errorf(ops.CodeParameter, "arguments are given by name or by position, not both")
		}
		name := g.Name
		if name == "" {
			name = params[i].Name
		}
		v, err := valueOf(g.Value)
		if err != nil {
			return nil, err
		}
		args[i] = zerodb.Named(name, v)
	}
	return args, nil
}
