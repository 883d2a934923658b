package sqldriver

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"io"
	"reflect"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// rows are rows as database/sql reads them.
type rows struct {
	*zerodb.Rows
	names []string
}

var (
	_ driver.Rows                           = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
)

// bare is the name of the only column of rows that have none.
var bare = []string{"value"}

func rowsOf(r *zerodb.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, err
	}
	names := bare
	switch shape := r.Shape(); {
	case shape == nil:
		names = nil
	case shape.Form == vm.RowColumns:
		names = shape.Names
	}
	return &rows{Rows: r, names: names}, nil
}

// Columns returns the names of the columns.
func (r *rows) Columns() []string { return r.names }

// Next gives the next row.
func (r *rows) Next(dst []driver.Value) error {
	if !r.Rows.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	row := r.Row()
	if r.Shape().Form != vm.RowColumns {
		dst[0] = goOf(row.Value())
		return nil
	}
	for i := range dst {
		dst[i] = goOf(row.At(i))
	}
	return nil
}

// goOf makes of a value what database/sql knows.
func goOf(v zerodb.Value) driver.Value {
	switch v.Kind() {
	case ops.KindNone:
		return nil
	case ops.KindBool:
		return v.AsBool()
	case ops.KindInt:
		return v.AsInt()
	case ops.KindFloat:
		return v.AsFloat()
	case ops.KindWide:
		if u, ok := v.AsWide().Uint(); ok {
			return u
		}
		return v.AsWide().Big().String()
	case ops.KindString:
		return v.AsString()
	case ops.KindDecimal:
		return v.AsDecimal().Text('f')
	case ops.KindBytes:
		return bytes.Clone(v.AsBytes())
	case ops.KindTime:
		return v.AsTime()
	case ops.KindDuration:
		return int64(v.AsDuration())
	case ops.KindUUID:
		return textOf(v)
	case ops.KindList, ops.KindTuple, ops.KindSet, ops.KindObject:
		return ops.AppendJSON(nil, v)
	}
	return ops.Format(v)
}

// textOf is the text that a value is in JSON, without its quotes.
func textOf(v zerodb.Value) string { return string(bytes.Trim(ops.AppendJSON(nil, v), `"`)) }

// typeOf is the type of a column; any where the rows are bare.
func (r *rows) typeOf(i int) ops.Type {
	if shape := r.Shape(); shape != nil && i < len(shape.Types) {
		return shape.Types[i]
	}
	return ops.Any
}

// ColumnTypeDatabaseTypeName is the type as ZeroQL writes it, without the mark of what may be none.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	t := r.typeOf(i)
	t.Optional = false
	return t.String()
}

// ColumnTypeNullable reports whether a column may be none, and whether that is known.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	t := r.typeOf(i)
	return t.Optional, t.Kind != ops.KindAny
}

// scanTypes are the Go types that columns scan into, and those of columns that may be none.
var scanTypes = map[ops.Kind][2]reflect.Type{
	ops.KindBool:     {reflect.TypeFor[bool](), reflect.TypeFor[sql.NullBool]()},
	ops.KindInt:      {reflect.TypeFor[int64](), reflect.TypeFor[sql.NullInt64]()},
	ops.KindFloat:    {reflect.TypeFor[float64](), reflect.TypeFor[sql.NullFloat64]()},
	ops.KindString:   {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindDecimal:  {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindUUID:     {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindRecord:   {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindRange:    {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindRegex:    {reflect.TypeFor[string](), reflect.TypeFor[sql.NullString]()},
	ops.KindBytes:    {reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()},
	ops.KindTime:     {reflect.TypeFor[time.Time](), reflect.TypeFor[sql.NullTime]()},
	ops.KindDuration: {reflect.TypeFor[time.Duration](), reflect.TypeFor[sql.Null[time.Duration]]()},
	ops.KindList:     {reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()},
	ops.KindTuple:    {reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()},
	ops.KindSet:      {reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()},
	ops.KindObject:   {reflect.TypeFor[[]byte](), reflect.TypeFor[[]byte]()},
}

// ColumnTypeScanType is a Go type that the column's values scan into.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	t := r.typeOf(i)
	types, ok := scanTypes[t.Kind]
	switch {
	case !ok:
		return reflect.TypeFor[any]()
	case t.Optional:
		return types[1]
	}
	return types[0]
}
