package load

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// columnGuess collects what the values of a CSV column have in common.
type columnGuess struct {
	any                          bool // there was a value
	notInt, notFloat             bool
	notBool, notTime, notNumbers bool
	largeInt                     bool // an int that a float cannot hold exactly
}

func (g *columnGuess) see(text string) {
	if text == "" {
		return
	}
	g.any = true
	if g.notNumbers && g.notBool && g.notTime {
		return
	}
	if !g.notNumbers {
		i, isInt := parseInt(text)
		switch {
		case isInt:
			g.largeInt = g.largeInt || ops.Compare(i, zerodb.Int(1<<53)) > 0 || ops.Compare(i, zerodb.Int(-1<<53)) < 0
		case isFloat(text):
			g.notInt = true
		default:
			g.notInt, g.notFloat, g.notNumbers = true, true, true
		}
	}
	if !g.notBool {
		_, ok := parseBool(text)
		g.notBool = !ok
	}
	if !g.notTime {
		_, err := parseTime(text)
		g.notTime = err != nil
	}
}

// decide returns the narrowest type that loses nothing of any value: int, float, bool, time, else string.
func (g *columnGuess) decide() columnType {
	switch {
	case !g.any:
		return columnType{}
	case !g.notInt:
		return intColumn
	case !g.notFloat && !g.largeInt:
		return floatColumn
	case !g.notBool:
		return boolColumn
	case !g.notTime:
		return timeColumn
	}
	return columnType{}
}

var (
	intColumn = columnType{"int", func(s string) (zerodb.Value, error) {
		if i, ok := parseInt(s); ok {
			return i, nil
		}
		return zerodb.None, bad("%q is no int", s)
	}}
	floatColumn = columnType{"float", func(s string) (zerodb.Value, error) {
		if i, ok := parseInt(s); ok {
			return ops.Cast(i, ops.TypeOf(ops.KindFloat))
		}
		if isFloat(s) {
			f, _ := strconv.ParseFloat(s, 64)
			return zerodb.Float(f), nil
		}
		return zerodb.None, bad("%q is no float", s)
	}}
	boolColumn = columnType{"bool", func(s string) (zerodb.Value, error) {
		if b, ok := parseBool(s); ok {
			return zerodb.Bool(b), nil
		}
		return zerodb.None, bad("%q is no bool", s)
	}}
	timeColumn = columnType{"time", parseTime}
)

// parseInt takes an integer only as it would be printed again: 007 and +7 are no integers but texts, such as postal codes.
func parseInt(s string) (zerodb.Value, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 1 && digits[0] == '0' || s == "-0" {
		return zerodb.None, false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return zerodb.None, false
		}
	}
	return ops.ParseInteger(s, 10)
}

// isFloat takes decimal numbers with a point or an exponent; no leading zeros before other digits, no words, no hex.
func isFloat(s string) bool {
	mantissa := strings.TrimPrefix(s, "-")
	if mantissa == "" || len(mantissa) > 1 && mantissa[0] == '0' && mantissa[1] >= '0' && mantissa[1] <= '9' {
		return false
	}
	if strings.Trim(s, "0123456789.eE+-") != "" || !strings.ContainsAny(s, ".eE") || !strings.ContainsAny(s, "0123456789") {
		return false
	}
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && !math.IsInf(f, 0)
}

func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// parseTime takes what a time literal takes: RFC 3339, or a date alone.
func parseTime(s string) (zerodb.Value, error) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return zerodb.None, bad("%q is no time (RFC 3339, or a date such as 2026-11-24)", s)
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1678 && t.Year() < 2262 {
			return zerodb.Time(t), nil
		}
	}
	return zerodb.None, bad("%q is no time (RFC 3339, or a date such as 2026-11-24)", s)
}

// TypeNames are the types that --types knows.
var TypeNames = []string{"int", "float", "bool", "time", "string", "decimal", "duration", "uuid", "value"}

// columnTypeOf returns the type of a name that --types gives; what it reads must be written as that type.
func columnTypeOf(name string) (columnType, bool) {
	switch name {
	case "int":
		return columnType{"int", castTo(ops.KindInt)}, true
	case "float":
		return columnType{"float", castTo(ops.KindFloat)}, true
	case "bool":
		return boolColumn, true
	case "time":
		return timeColumn, true
	case "string":
		return columnType{name: "string"}, true
	case "decimal":
		return columnType{"decimal", castTo(ops.KindDecimal)}, true
	case "duration":
		return columnType{"duration", castTo(ops.KindDuration)}, true
	case "uuid":
		return columnType{"uuid", castTo(ops.KindUUID)}, true
	case "value": // a ZeroQL literal
		return columnType{"value", zerodb.ParseValue}, true
	}
	return columnType{}, false
}

func castTo(k ops.Kind) func(string) (zerodb.Value, error) {
	return func(s string) (zerodb.Value, error) {
		v, err := ops.Cast(ops.String(s), ops.TypeOf(k))
		if err != nil {
			return zerodb.None, bad("%q is no %s", s, k)
		}
		return v, nil
	}
}
