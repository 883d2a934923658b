package sema

import (
	"strconv"

	"github.com/zerodb/zerodb/compiler/ast"
)

// columnName names a column of the result: by its alias, else by the last name in it, else by its text.
func columnName(c *checker, i ast.SelectItem) string {
	if i.As != nil {
		return i.As.Text
	}
	switch x := i.X.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.Variable:
		return x.Name
	case *ast.Field:
		return x.Name.Text
	case *ast.Call:
		if len(x.Func) > 0 {
			return x.Func[len(x.Func)-1].Text
		}
	}
	return c.text(i.X.Pos())
}

// freshName numbers a second column of a name.
func (c *checker) freshName(q *Query, name string) string {
	return distinctName(name, func(name string) bool {
		for _, i := range q.Items {
			if i.Name == name {
				return true
			}
		}
		return false
	})
}

// distinctName returns name, or the first of name_2, name_3, … that is not taken.
func distinctName(name string, taken func(string) bool) string {
	if name == "" || !taken(name) {
		return name
	}
	for n := 2; ; n++ {
		if s := name + "_" + strconv.Itoa(n); !taken(s) {
			return s
		}
	}
}
