package ops

import (
	"math"
	"slices"
	"time"
)

func timeFuncs() []Func {
	return slices.Concat(timeParts(), timeSteps(), timeMaking())
}

// timeOf makes a time of one that may lie beyond what 64 bits of nanoseconds hold.
func timeOf(t time.Time) (Value, error) {
	ns := t.UnixNano()
	if !time.Unix(0, ns).Equal(t) {
		return None, faultOf(CodeOverflow, 0, "gives a time outside the years 1677 to 2262")
	}
	return Time(ns), nil
}

func timeParts() []Func {
	part := func(name, doc, result string, f func(t time.Time) int64) Func {
		return fn("time::"+name, []string{"t: time -> int"}, doc, `time::`+name+`(t"2026-11-24T10:20:30.5Z")`, result,
			func(_ *Env, a []Value) (Value, error) { return Int(f(a[0].AsTime())), nil })
	}
	return []Func{
		part("year", "The year.", "2026", func(t time.Time) int64 { return int64(t.Year()) }),
		part("month", "The month, 1 to 12.", "11", func(t time.Time) int64 { return int64(t.Month()) }),
		part("day", "The day of the month, from 1.", "24", func(t time.Time) int64 { return int64(t.Day()) }),
		part("hour", "The hour, 0 to 23.", "10", func(t time.Time) int64 { return int64(t.Hour()) }),
		part("minute", "The minute, 0 to 59.", "20", func(t time.Time) int64 { return int64(t.Minute()) }),
		part("second", "The second, 0 to 59.", "30", func(t time.Time) int64 { return int64(t.Second()) }),
		part("wday", "The day of the week, 1 for Monday to 7 for Sunday.", "2", func(t time.Time) int64 { return weekday(t) }),
		part("yday", "The day of the year, from 1.", "328", func(t time.Time) int64 { return int64(t.YearDay()) }),
		part("week", "The week of the year by ISO 8601.", "48", func(t time.Time) int64 { _, w := t.ISOWeek(); return int64(w) }),
		part("quarter", "The quarter of the year, 1 to 4.", "4", func(t time.Time) int64 { return int64(t.Month()-1)/3 + 1 }),
		part("days_in_month", "How many days the month has.", "30", func(t time.Time) int64 { return int64(daysIn(t.Year(), t.Month())) }),
		part("unix", "The whole seconds since 1970.", "1795515630", func(t time.Time) int64 { return t.Unix() }),
		part("millis", "The whole milliseconds since 1970.", "1795515630500", func(t time.Time) int64 { return t.UnixMilli() }),
		part("micros", "The whole microseconds since 1970.", "1795515630500000", func(t time.Time) int64 { return t.UnixMicro() }),
		part("nano", "The nanoseconds since 1970.", "1795515630500000000", func(t time.Time) int64 { return t.UnixNano() }),
		fn("time::is_leap_year", []string{"t: time -> bool", "year: int -> bool"}, "Whether the year, or the year of the time, has 366 days.",
			"time::is_leap_year(2028)", "true", func(_ *Env, a []Value) (Value, error) {
				year := a[0].AsInt()
				if a[0].kind == KindTime {
					year = int64(a[0].AsTime().Year())
				}
				return Bool(year%4 == 0 && (year%100 != 0 || year%400 == 0)), nil
			}),
		fn("time::format", []string{"t: time, format: string -> string"},
			"The time as text: "+strftimeDoc, `time::format(t"2026-11-24T10:20:30Z", "%d.%m.%Y %H:%M")`, `"24.11.2026 10:20"`,
			func(_ *Env, a []Value) (Value, error) { return formatTime(a[0].AsTime(), a[1].AsString()) }),
	}
}

func weekday(t time.Time) int64 { return int64(t.Weekday()+6)%7 + 1 }

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func timeSteps() []Func {
	step := func(name, doc, result string, f func(t, d int64) (int64, bool)) Func {
		return fn("time::"+name, []string{"t: time, step: duration -> time"}, doc, `time::`+name+`(t"2026-11-24T10:40:00Z", 1h)`, result,
			func(_ *Env, a []Value) (Value, error) {
				if a[1].AsInt() <= 0 {
					return None, fault(1, "must be positive")
				}
				t, ok := f(a[0].AsInt(), a[1].AsInt())
				if !ok {
					return None, faultOf(CodeOverflow, 0, "gives a time outside the years 1677 to 2262")
				}
				return Time(t), nil
			})
	}
	add := func(name, doc, example, result string, months int64) Func {
		return fn("time::"+name, []string{"t: time, count: int -> time"}, doc, example, result,
			func(_ *Env, a []Value) (Value, error) {
				n := a[1].AsInt()
				if n < -12*1000 || n > 12*1000 {
					return None, faultOf(CodeOverflow, 1, "leads outside the years 1677 to 2262")
				}
				return addMonths(a[0].AsTime(), n*months)
			})
	}
	best := func(name, doc, result string, how picking) Func {
		return fn("time::"+name, []string{"list: [time] -> time?"}, doc, `time::`+name+`([t"2026-02-01", t"2026-01-01"])`, result,
			func(_ *Env, a []Value) (Value, error) {
				for _, v := range a[0].AsList() {
					if v.kind != KindTime && v.kind != KindNone {
						return None, fault(0, "has %s where a time is wanted", shown(v))
					}
				}
				return folded(&pickState{how: how}, a[0].AsList())
			})
	}
	return []Func{
		step("floor", "The last multiple of a step since 1970 that is not after t.", `t"2026-11-24T10:00:00Z"`, floorTo),
		step("ceil", "The first multiple of a step since 1970 that is not before t.", `t"2026-11-24T11:00:00Z"`, ceilTo),
		step("round", "The multiple of a step since 1970 that is nearest to t; of two the later.", `t"2026-11-24T11:00:00Z"`,
			func(t, d int64) (int64, bool) {
				if rest := restOf(t, d); rest < d-rest {
					return floorTo(t, d)
				}
				return ceilTo(t, d)
			}),
		fn("time::group", []string{"t: time, unit: string -> time"},
			"The start of the year, quarter, month, week (on Monday), day, hour, minute or second that t is in.",
			`time::group(t"2026-11-24T10:20:30Z", "month")`, `t"2026-11-01"`, timeGroup),
		add("add_months", "The time so many months later; of a day that the month lacks, its last day.",
			`time::add_months(t"2026-01-31", 1)`, `t"2026-02-28"`, 1),
		add("add_years", "The time so many years later; of 29 February, where the year lacks it, the 28th.",
			`time::add_years(t"2028-02-29", 1)`, `t"2029-02-28"`, 12),
		best("min", "The earliest of a list of times.", `t"2026-01-01"`, pickMin),
		best("max", "The latest of a list of times.", `t"2026-02-01"`, pickMax),
	}
}

func restOf(t, d int64) int64 {
	rest := t % d
	if rest < 0 {
		rest += d
	}
	return rest
}

func floorTo(t, d int64) (int64, bool) {
	rest := restOf(t, d)
	return t - rest, t-rest <= t
}

func ceilTo(t, d int64) (int64, bool) {
	rest := restOf(t, d)
	if rest == 0 {
		return t, true
	}
	return AddInts(t, d-rest)
}

func addMonths(t time.Time, n int64) (Value, error) {
	year, month, day := t.Date()
	first := time.Date(year, month+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	return timeOf(first.AddDate(0, 0, min(day, daysIn(first.Year(), first.Month()))-1))
}

func timeGroup(_ *Env, a []Value) (Value, error) {
	t := a[0].AsTime()
	year, month, day := t.Date()
	switch a[1].AsString() {
	case "year":
		month, day = 1, 1
	case "quarter":
		month, day = (month-1)/3*3+1, 1
	case "month":
		day = 1
	case "week":
		day -= int(weekday(t)) - 1
	case "day":
	case "hour":
		return timeOf(t.Truncate(time.Hour))
	case "minute":
		return timeOf(t.Truncate(time.Minute))
	case "second":
		return timeOf(t.Truncate(time.Second))
	default:
		return None, fault(1, "must be year, quarter, month, week, day, hour, minute or second")
	}
	return timeOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

func timeMaking() []Func {
	from := func(name, doc, example string, unit int64) Func {
		return fn("time::from_"+name, []string{"count: int -> time"}, doc, "time::from_"+name+"("+example+")", `t"2026-11-24T10:20:30Z"`,
			func(_ *Env, a []Value) (Value, error) {
				ns, ok := MulInts(a[0].AsInt(), unit)
				if !ok {
					return None, faultOf(CodeOverflow, 0, "gives a time outside the years 1677 to 2262")
				}
				return Time(ns), nil
			})
	}
	return []Func{
		needs(CapabilityClock, fn("time::now", []string{"-> time"}, "The time now.", "time::now()", `t"2026-11-24T10:00:00Z"`,
			func(env *Env, _ []Value) (Value, error) {
				now, err := env.now()
				if err != nil {
					return None, err
				}
				return timeOf(now)
			})),
		fn("time::of", []string{"year: int, month: int, day: int, hour?: int, minute?: int, second?: int -> time"},
			"The time of a date and, where it is given, a time of day.", "time::of(2026, 11, 24, 10, 20)", `t"2026-11-24T10:20:00Z"`, timeFromParts),
		fn("time::parse", []string{"text: string, format?: string -> time"},
			"The time that a text of RFC 3339, or of a format as time::format takes it, writes.",
			`time::parse("24.11.2026 10:20", "%d.%m.%Y %H:%M")`, `t"2026-11-24T10:20:00Z"`, timeParse),
		from("unix", "The time so many seconds after 1970.", "1795515630", 1e9),
		from("secs", "The time so many seconds after 1970: another name for from_unix.", "1795515630", 1e9),
		from("millis", "The time so many milliseconds after 1970.", "1795515630000", 1e6),
		from("micros", "The time so many microseconds after 1970.", "1795515630000000", 1e3),
		from("nanos", "The time so many nanoseconds after 1970.", "1795515630000000000", 1),
		fn("time::from_ulid", []string{"ulid: string -> time"}, "The time at which a ULID was made.",
			`time::from_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV")`, `t"2016-07-30T23:54:10.259Z"`, func(_ *Env, a []Value) (Value, error) {
				ms, ok := ulidTime(a[0].AsString())
				if !ok {
					return None, fault(0, "is no ULID")
				}
				return timeOf(time.UnixMilli(ms))
			}),
		fn("time::from_uuid", []string{"id: uuid -> time"}, "The time at which a uuid of version 7 was made.",
			`time::from_uuid(u"018a6680-bef9-701b-9025-e1754f296a0f")`, `t"2023-09-05T18:00:28.153Z"`, func(_ *Env, a []Value) (Value, error) {
				u := a[0].AsUUID()
				if u[6]>>4 != 7 {
					return None, fault(0, "is no uuid of version 7")
				}
				ms := int64(0)
				for _, b := range u[:6] {
					ms = ms<<8 | int64(b)
				}
				return timeOf(time.UnixMilli(ms))
			}),
	}
}

func timeFromParts(_ *Env, a []Value) (Value, error) {
	least := [...]int64{1677, 1, 1, 0, 0, 0}
	most := [...]int64{2262, 12, 31, 23, 59, 59}
	parts := least
	parts[0], parts[1], parts[2] = 0, 1, 1
	for i := range a {
		if x := a[i].AsInt(); x < least[i] || x > most[i] {
			return None, fault(i, "must be from %d to %d", least[i], most[i])
		}
		parts[i] = a[i].AsInt()
	}
	year, month := int(parts[0]), time.Month(parts[1])
	if int(parts[2]) > daysIn(year, month) {
		return None, fault(2, "is no day of that month")
	}
	return timeOf(time.Date(year, month, int(parts[2]), int(parts[3]), int(parts[4]), int(parts[5]), 0, time.UTC))
}

func timeParse(_ *Env, a []Value) (Value, error) {
	if len(a) > 1 {
		return parseTime(a[0].AsString(), a[1].AsString())
	}
	ns, err := ParseTime(a[0].AsString())
	if err != nil {
		return None, faultOf(CodeCast, 0, "is no time of RFC 3339")
	}
	return Time(ns), nil
}

// unitsOfDurations are the units of durations by the names that functions have.
var unitsOfDurations = []struct {
	name, doc, value string
	unit             time.Duration
}{
	{"nanos", "nanoseconds", "90000000000000", 1},
	{"micros", "microseconds", "90000000000", time.Microsecond},
	{"millis", "milliseconds", "90000000", time.Millisecond},
	{"secs", "seconds", "90000", time.Second},
	{"mins", "minutes", "1500", time.Minute},
	{"hours", "hours", "25", time.Hour},
	{"days", "days", "1", 24 * time.Hour},
	{"weeks", "weeks", "0", 7 * 24 * time.Hour},
	{"years", "years of 365 days", "0", 365 * 24 * time.Hour},
}

func durationFuncs() []Func {
	var fs []Func
	for _, u := range unitsOfDurations {
		fs = append(fs, fn("duration::"+u.name, []string{"d: duration -> int"}, "How many whole "+u.doc+" a duration has.",
			"duration::"+u.name+"(25h)", u.value, func(_ *Env, a []Value) (Value, error) { return Int(a[0].AsInt() / int64(u.unit)), nil }))
		fs = append(fs, fn("duration::from_"+u.name, []string{"count: int -> duration"}, "A duration of so many "+u.doc+".",
			"duration::"+u.name+"(duration::from_"+u.name+"(3))", "3", func(_ *Env, a []Value) (Value, error) {
				ns, ok := MulInts(a[0].AsInt(), int64(u.unit))
				if !ok {
					return None, faultOf(CodeOverflow, 0, "gives a duration of more than 292 years")
				}
				return Duration(time.Duration(ns)), nil
			}))
	}
	return append(fs,
		fn("duration::abs", []string{"d: duration -> duration"}, "The duration without its sign.", "duration::abs(-1h)", "1h", mathAbs),
		fn("duration::as_secs", []string{"d: duration -> float"}, "The duration in seconds, with what stands behind the point.",
			"duration::as_secs(1500ms)", "1.5", func(_ *Env, a []Value) (Value, error) { return Float(a[0].AsDuration().Seconds()), nil }),
		fn("duration::of_secs", []string{"seconds: float -> duration"}, "A duration of so many seconds, to the nearest nanosecond.",
			"duration::of_secs(1.5)", "1s500ms", func(_ *Env, a []Value) (Value, error) {
				f, err := float(a, 0)
				if err != nil {
					return None, err
				}
				if f = math.Round(f * 1e9); f < -(1<<63) || f >= 1<<63 {
					return None, faultOf(CodeOverflow, 0, "gives a duration of more than 292 years")
				}
				return Duration(time.Duration(f)), nil
			}),
		fn("duration::parse", []string{"text: string -> duration"}, "The duration that a text writes.", `duration::parse("1h30m")`, "1h30m",
			func(_ *Env, a []Value) (Value, error) {
				d, err := ParseDuration(a[0].AsString())
				if err != nil {
					return None, faultOf(CodeCast, 0, "is no duration")
				}
				return Duration(d), nil
			}),
	)
}
