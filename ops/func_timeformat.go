package ops

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// maxTimeFormat is the longest format of a time in bytes.
const maxTimeFormat = 4096

const strftimeDoc = "%Y %y year, %m %b %B month, %d %e day, %j day of the year, %u %a %A day of the week, %G %V ISO year and week, " +
	"%H %I %p hour, %M minute, %S second, %f nanoseconds, %3f %6f %9f so many digits of the second, %z zone, %s seconds since 1970, " +
	"%F %T %D %R for %Y-%m-%d %H:%M:%S %m/%d/%y %H:%M, %% for %."

// expandFormat writes out the short forms of a format.
var expandFormat = strings.NewReplacer("%%", "%%", "%F", "%Y-%m-%d", "%T", "%H:%M:%S", "%D", "%m/%d/%y", "%R", "%H:%M")

// directive takes the first directive off a format; text is what stands before it. At the end what is "".
func directive(format string) (text, what, rest string, err error) {
	at := strings.IndexByte(format, '%')
	if at < 0 {
		return format, "", "", nil
	}
	text, rest = format[:at], format[at+1:]
	n := 1
	if len(rest) > 1 && strings.IndexByte("369", rest[0]) >= 0 {
		n = 2
	}
	if len(rest) < n || n == 2 && rest[1] != 'f' || n == 1 && strings.IndexByte("YymbBdejuaAGVHIpMSfzs%", rest[0]) < 0 {
		return "", "", "", fault(1, "has a %% that is followed by no part of a time")
	}
	return text, rest[:n], rest[n:], nil
}

func formatTime(t time.Time, format string) (Value, error) {
	if len(format) > maxTimeFormat {
		return None, tooLarge(1, maxTimeFormat, "bytes")
	}
	var b strings.Builder
	for format = expandFormat.Replace(format); ; {
		text, what, rest, err := directive(format)
		if err != nil {
			return None, err
		}
		b.WriteString(text)
		if what == "" {
			return String(b.String()), nil
		}
		writeTimePart(&b, t, what)
		format = rest
	}
}

func writeTimePart(b *strings.Builder, t time.Time, what string) {
	switch what {
	case "b", "B", "a", "A", "p", "I", "y", "d", "m", "H", "M", "S", "z", "e", "Y", "j":
		layout := map[string]string{"b": "Jan", "B": "January", "a": "Mon", "A": "Monday", "p": "PM", "I": "03", "y": "06", "d": "02",
			"m": "01", "H": "15", "M": "04", "S": "05", "z": "-0700", "e": "_2", "Y": "2006", "j": "002"}[what]
		b.WriteString(t.Format(layout))
	case "u":
		fmt.Fprint(b, weekday(t))
	case "G":
		year, _ := t.ISOWeek()
		fmt.Fprintf(b, "%04d", year)
	case "V":
		_, week := t.ISOWeek()
		fmt.Fprintf(b, "%02d", week)
	case "f", "9f":
		fmt.Fprintf(b, "%09d", t.Nanosecond())
	case "3f":
		fmt.Fprintf(b, "%03d", t.Nanosecond()/1e6)
	case "6f":
		fmt.Fprintf(b, "%06d", t.Nanosecond()/1e3)
	case "s":
		fmt.Fprint(b, t.Unix())
	default:
		b.WriteByte('%')
	}
}

// timeReader gathers the parts of a time off a text.
type timeReader struct {
	rest                               string
	year, month, day, hour, min, sec   int
	nanos, yearDay, zone               int
	pm, twelve, unixGiven, yearDaySeen bool
	unix                               int64
}

func parseTime(s, format string) (Value, error) {
	if len(format) > maxTimeFormat {
		return None, tooLarge(1, maxTimeFormat, "bytes")
	}
	r := timeReader{rest: s, year: 1970, month: 1, day: 1}
	for format = expandFormat.Replace(format); ; {
		text, what, rest, err := directive(format)
		if err != nil {
			return None, err
		}
		var ok bool
		if r.rest, ok = strings.CutPrefix(r.rest, text); !ok {
			return None, faultOf(CodeCast, 0, "is not of the format: %s is not at its place", shown(String(text)))
		}
		if what == "" {
			return r.time()
		}
		if !r.part(what) {
			return None, faultOf(CodeCast, 0, "is not of the format: there is no %%%s at its place", what)
		}
		format = rest
	}
}

// number takes a number of at most so many digits.
func (r *timeReader) number(to *int, most int, ok func(n int) bool) bool {
	n, digits := 0, 0
	for digits < most && digits < len(r.rest) && r.rest[digits] >= '0' && r.rest[digits] <= '9' {
		n = n*10 + int(r.rest[digits]-'0')
		digits++
	}
	if digits == 0 || !ok(n) {
		return false
	}
	r.rest = r.rest[digits:]
	*to = n
	return true
}

func between(lo, hi int) func(int) bool { return func(n int) bool { return n >= lo && n <= hi } }

func (r *timeReader) part(what string) bool {
	var ignored int
	switch what {
	case "Y":
		return r.number(&r.year, 4, between(1, 9999))
	case "y":
		ok := r.number(&r.year, 2, between(0, 99))
		r.year += 1900
		if r.year < 1969 {
			r.year += 100
		}
		return ok
	case "m":
		return r.number(&r.month, 2, between(1, 12))
	case "e":
		r.rest = strings.TrimLeft(r.rest, " ")
		return r.number(&r.day, 2, between(1, 31))
	case "d":
		return r.number(&r.day, 2, between(1, 31))
	case "j":
		r.yearDaySeen = true
		return r.number(&r.yearDay, 3, between(1, 366))
	case "H":
		return r.number(&r.hour, 2, between(0, 23))
	case "I":
		r.twelve = true
		return r.number(&r.hour, 2, between(1, 12))
	case "M":
		return r.number(&r.min, 2, between(0, 59))
	case "S":
		return r.number(&r.sec, 2, between(0, 59))
	case "u":
		return r.number(&ignored, 1, between(1, 7))
	case "V":
		return r.number(&ignored, 2, between(1, 53))
	case "G":
		return r.number(&ignored, 4, between(1, 9999))
	}
	return r.word(what)
}

func (r *timeReader) word(what string) bool {
	switch what {
	case "b", "B":
		for m := time.January; m <= time.December; m++ {
			if r.name(m.String()) {
				r.month = int(m)
				return true
			}
		}
		return false
	case "a", "A":
		for d := time.Sunday; d <= time.Saturday; d++ {
			if r.name(d.String()) {
				return true
			}
		}
		return false
	case "p":
		if len(r.rest) < 2 {
			return false
		}
		half := strings.ToUpper(r.rest[:2])
		r.pm, r.rest = half == "PM", r.rest[2:]
		return half == "PM" || half == "AM"
	case "z":
		return r.offset()
	case "s":
		return r.seconds()
	case "%":
		ok := strings.HasPrefix(r.rest, "%")
		r.rest = strings.TrimPrefix(r.rest, "%")
		return ok
	}
	return r.fraction(what)
}

// name takes an English name, whole or its first three letters.
func (r *timeReader) name(name string) bool {
	for _, n := range []string{name, name[:3]} {
		if len(r.rest) >= len(n) && strings.EqualFold(r.rest[:len(n)], n) {
			r.rest = r.rest[len(n):]
			return true
		}
	}
	return false
}

func (r *timeReader) offset() bool {
	if r.rest != "" && (r.rest[0] == 'Z' || r.rest[0] == 'z') {
		r.rest = r.rest[1:]
		return true
	}
	if len(r.rest) < 5 || r.rest[0] != '+' && r.rest[0] != '-' {
		return false
	}
	west := r.rest[0] == '-'
	r.rest = r.rest[1:]
	var hours, minutes int
	if !r.number(&hours, 2, between(0, 23)) {
		return false
	}
	r.rest = strings.TrimPrefix(r.rest, ":")
	if !r.number(&minutes, 2, between(0, 59)) {
		return false
	}
	r.zone = hours*3600 + minutes*60
	if west {
		r.zone = -r.zone
	}
	return true
}

func (r *timeReader) seconds() bool {
	var n int
	minus := strings.HasPrefix(r.rest, "-")
	r.rest = strings.TrimPrefix(r.rest, "-")
	ok := r.number(&n, 12, func(int) bool { return true })
	if minus {
		n = -n
	}
	r.unix, r.unixGiven = int64(n), true
	return ok
}

// fraction takes the digits of a second: so many as asked for, or up to nine.
func (r *timeReader) fraction(what string) bool {
	most := 9
	if len(what) == 2 {
		most = int(what[0] - '0')
	}
	before := len(r.rest)
	if !r.number(&r.nanos, most, func(int) bool { return true }) {
		return false
	}
	for digits := before - len(r.rest); digits < 9; digits++ {
		r.nanos *= 10
	}
	return true
}

func (r *timeReader) time() (Value, error) {
	if r.rest != "" {
		return None, faultOf(CodeCast, 0, "is not of the format: %s is left over", shown(String(r.rest)))
	}
	if r.unixGiven {
		return timeOf(time.Unix(r.unix, int64(r.nanos)))
	}
	if r.twelve {
		r.hour %= 12
		if r.pm {
			r.hour += 12
		}
	}
	month := time.Month(r.month)
	if r.yearDaySeen {
		first := time.Date(r.year, 1, r.yearDay, 0, 0, 0, 0, time.UTC)
		month, r.day = first.Month(), first.Day()
	}
	if r.day > daysIn(r.year, month) {
		return None, faultOf(CodeCast, 0, "names a day that the month does not have")
	}
	t := time.Date(r.year, month, r.day, r.hour, r.min, r.sec, r.nanos, time.UTC)
	return timeOf(t.Add(-time.Duration(r.zone) * time.Second))
}

func timeMore() []Func {
	name := func(name, doc, result string, f func(t time.Time) string) Func {
		return fn("time::"+name, []string{"t: time -> string"}, doc, "time::"+name+`(t"2026-11-24")`, result,
			func(_ *Env, a []Value) (Value, error) { return String(f(a[0].AsTime())), nil })
	}
	set := func(part, example, result string, lo, hi int64, f func(t time.Time, n int) time.Time) Func {
		return fn("time::set_"+part, []string{"t: time, " + part + ": int -> time"}, "The time with another "+part+"; what the month then lacks runs over into the next.",
			"time::set_"+part+`(t"2026-11-24T10:20:30Z", `+example+`)`, result, func(_ *Env, a []Value) (Value, error) {
				n, err := intIn(a, 1, lo, hi)
				if err != nil {
					return None, err
				}
				return timeFrom(f(a[0].AsTime(), n))
			})
	}
	date := func(t time.Time, y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, t.Nanosecond(), time.UTC)
	}
	at := func(name, result string, ns int64, doc string) Func {
		row := fn("time::"+name, []string{"-> time"}, doc, "time::"+name+"()", result, func(*Env, []Value) (Value, error) { return Time(ns), nil })
		row.Cost = CostConst
		return row
	}
	return []Func{
		name("weekday_name", "The day of the week, in English.", `"Tuesday"`, func(t time.Time) string { return t.Weekday().String() }),
		name("month_name", "The month, in English.", `"November"`, func(t time.Time) string { return t.Month().String() }),
		fn("time::diff", []string{"from: time, to: time, unit: string -> int"}, "How many whole years, quarters, months, weeks, days, hours, minutes or seconds lie between two times.",
			`time::diff(t"2026-01-31", t"2026-03-01", "month")`, "1", timeDiff),
		fn("time::last_day", []string{"t: time -> time"}, "The last day of the month that t is in.", `time::last_day(t"2028-02-10")`, `t"2028-02-29"`, func(_ *Env, a []Value) (Value, error) {
			t := a[0].AsTime()
			return timeFrom(time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC))
		}),
		fn("time::is_weekend", []string{"t: time -> bool"}, "Whether t is on a Saturday or Sunday.", `time::is_weekend(t"2026-11-22")`, "true", func(_ *Env, a []Value) (Value, error) {
			d := a[0].AsTime().Weekday()
			return Bool(d == time.Saturday || d == time.Sunday), nil
		}),
		set("year", "2030", `t"2030-11-24T10:20:30Z"`, 1678, 2262, func(t time.Time, n int) time.Time {
			return date(t, n, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second())
		}),
		set("month", "5", `t"2026-05-24T10:20:30Z"`, 1, 12, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), time.Month(n), t.Day(), t.Hour(), t.Minute(), t.Second())
		}),
		set("day", "5", `t"2026-11-05T10:20:30Z"`, 1, 31, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), n, t.Hour(), t.Minute(), t.Second())
		}),
		set("hour", "5", `t"2026-11-24T05:20:30Z"`, 0, 23, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), n, t.Minute(), t.Second())
		}),
		set("minute", "5", `t"2026-11-24T10:05:30Z"`, 0, 59, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), t.Hour(), n, t.Second())
		}),
		set("second", "5", `t"2026-11-24T10:20:05Z"`, 0, 59, func(t time.Time, n int) time.Time {
			return date(t, t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), n)
		}),
		at("epoch", `t"1970-01-01"`, 0, "Where times are counted from."),
		at("minimum", `t"1677-09-21T00:12:43.145224192Z"`, math.MinInt64, "The earliest time there is."),
		at("maximum", `t"2262-04-11T23:47:16.854775807Z"`, math.MaxInt64, "The latest time there is."),
	}
}

func timeFrom(t time.Time) (Value, error) {
	if t.Before(firstTime) || t.After(lastTime) {
		return None, faultOf(CodeOverflow, -1, "leads outside the years 1677 to 2262")
	}
	return Time(t.UnixNano()), nil
}

var diffUnits = map[string]time.Duration{"week": 7 * 24 * time.Hour, "day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute, "second": time.Second}

func timeDiff(_ *Env, a []Value) (Value, error) {
	from, to, unit := a[0].AsTime(), a[1].AsTime(), a[2].AsString()
	if size, ok := diffUnits[unit]; ok {
		// The difference in nanoseconds may leave the range, in seconds it does not.
		seconds := to.Unix() - from.Unix()
		nanos := int64(to.Nanosecond() - from.Nanosecond())
		if seconds > 0 && nanos < 0 {
			seconds--
		} else if seconds < 0 && nanos > 0 {
			seconds++
		}
		return Int(seconds / int64(size/time.Second)), nil
	}
	months, ok := map[string]int64{"year": 12, "quarter": 3, "month": 1}[unit]
	if !ok {
		return None, fault(2, "is no unit: those are year, quarter, month, week, day, hour, minute and second")
	}
	sign := int64(1)
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	n := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	for n > 0 {
		v, err := addMonths(from, n)
		if err == nil && !v.AsTime().After(to) {
			break
		}
		n--
	}
	return Int(sign * (n / months)), nil
}

func durationMore() []Func {
	step := func(name, doc, result string, f func(t, d int64) (int64, bool)) Func {
		return fn("duration::"+name, []string{"d: duration, step: duration -> duration"}, doc, "duration::"+name+"(1h40m, 1h)", result, func(_ *Env, a []Value) (Value, error) {
			if a[1].AsInt() <= 0 {
				return None, fault(1, "must be more than 0")
			}
			ns, ok := f(a[0].AsInt(), a[1].AsInt())
			if !ok {
				return None, faultOf(CodeOverflow, 0, "gives a duration out of range")
			}
			return Duration(time.Duration(ns)), nil
		})
	}
	return []Func{
		step("floor", "The last multiple of a step that is not longer.", "1h", floorTo),
		step("ceil", "The first multiple of a step that is not shorter.", "2h", ceilTo),
		step("round", "The multiple of a step that is nearest; of two the longer.", "2h", func(t, d int64) (int64, bool) {
			if rest := restOf(t, d); rest < d-rest {
				return floorTo(t, d)
			}
			return ceilTo(t, d)
		}),
		fn("duration::max", []string{"-> duration"}, "The longest duration there is.", "duration::max()", "15250w1d23h47m16s854ms775us807ns",
			func(*Env, []Value) (Value, error) { return Duration(math.MaxInt64), nil }),
	}
}
