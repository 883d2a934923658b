package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/zerodb/zerodb"
)

// BindParams adds --param.
func BindParams(c *cobra.Command, into *[]string) {
	c.Flags().StringArrayVar(into, "param", nil, "value of a parameter, `k=v`: a ZeroQL literal, or else a string; may be repeated")
}

// ParseParams reads k=v: v is a literal where it parses as one, else a string.
func ParseParams(given []string) ([]zerodb.Arg, error) {
	args := make([]zerodb.Arg, 0, len(given))
	for _, text := range given {
		name, value, found := strings.Cut(text, "=")
		name = strings.TrimPrefix(name, "$")
		if !found || name == "" {
			return nil, Usagef("--param %q is not k=v", text)
		}
		v, err := zerodb.ParseValue(value)
		if err != nil {
			v = zerodb.String(value)
		}
		args = append(args, zerodb.Named(name, v))
	}
	return args, nil
}
