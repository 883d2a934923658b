package wire

import (
	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// Bytes is a value as a field of the protocol holds it; none is no bytes.
func Bytes(v zerodb.Value) []byte {
	if v.IsNone() {
		return nil
	}
	return vm.AppendValue(nil, v)
}

// Value reads such a field. The value lives in b, which must not change afterwards; what names the field.
func Value(b []byte, what string) (zerodb.Value, error) {
	if len(b) == 0 {
		return zerodb.None, nil
	}
	v, rest, err := vm.DecodeValue(b)
	if err != nil {
		return zerodb.None, badf("%s is no value: %s", what, message(err))
	}
	if len(rest) > 0 {
		return zerodb.None, badf("%s: %d bytes follow the value", what, len(rest))
	}
	return v, nil
}

// Members reads a field that holds an object.
func Members(b []byte, what string) ([]zerodb.Member, error) {
	v, err := Value(b, what)
	if err != nil || v.IsNone() {
		return nil, err
	}
	if v.Kind() != ops.KindObject {
		return nil, badf("%s is a value of kind %s, it should be an object", what, v.Kind())
	}
	return v.AsObject(), nil
}

// Object is members as a field holds them.
func Object(ms []zerodb.Member) []byte {
	if len(ms) == 0 {
		return nil
	}
	return vm.AppendValue(nil, ops.Object(ms))
}

// Args makes arguments of the fields params and extra.
func Args(params, extra []byte) ([]zerodb.Arg, error) {
	named, err := Members(params, "params")
	if err != nil {
		return nil, err
	}
	rest, err := Members(extra, "extra")
	if err != nil {
		return nil, err
	}
	var args []zerodb.Arg
	if len(rest) > 0 {
		m := make(map[string]zerodb.Value, len(rest))
		for _, x := range rest {
			m[x.Name] = x.Value
		}
		args = append(args, zerodb.Params(m))
	}
	for _, x := range named {
		args = append(args, zerodb.Named(x.Name, x.Value))
	}
	return args, nil
}

func badf(format string, args ...any) *zerodb.Error {
	return ops.Errorf(ops.CodeBadRequest, format, args...)
}
