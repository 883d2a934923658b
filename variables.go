package zerodb

import "github.com/zerodb/zerodb/ops"

// variables are the variables of LET by name. They are few: searching is linear. A list is never changed.
type variables []variable

type variable struct {
	name  string
	value Value
}

func (vs variables) get(name string) Value {
	for i := range vs {
		if vs[i].name == name {
			return vs[i].value
		}
	}
	return ops.None
}

// with returns the list with a variable set.
func (vs variables) with(name string, v Value) variables {
	out := make(variables, 0, len(vs)+1)
	for _, x := range vs {
		if x.name != name {
			out = append(out, x)
		}
	}
	return append(out, variable{name, v})
}

// names returns the names, for the compiler.
func (vs variables) names() []string {
	if len(vs) == 0 {
		return nil
	}
	names := make([]string, len(vs))
	for i := range vs {
		names[i] = vs[i].name
	}
	return names
}
