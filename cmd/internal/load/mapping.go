package load

import (
	"slices"
	"strings"
	"unicode"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/ops"
)

// Mapping says how the members of a row become a record.
type Mapping struct {
	Table string
	// ID is the member that holds the key, "id" unless said otherwise. It does not become a field: the key says it.
	ID string
	// Edge makes edges; From and To say what they join.
	Edge     bool
	From, To Endpoint
	// Links are the members that become links, with the table each points into.
	Links map[string]string
	// Types are the members that are converted, with the name of the type.
	Types map[string]string
}

// Endpoint is the member that holds one end of an edge: record ids, or, with a table, keys of that table.
type Endpoint struct{ Member, Table string }

// Record is what a row has become. A None key is generated.
type Record struct {
	Key      zerodb.Value
	From, To zerodb.Value // edges
	Object   zerodb.Value
}

// ParseEndpoint reads COL or COL:TABLE.
func ParseEndpoint(text string) (Endpoint, error) {
	member, table, found := strings.Cut(text, ":")
	if member == "" || found && !isName(table) {
		return Endpoint{}, ops.Errorf(ops.CodeUsage, "%q is neither COL nor COL:TABLE", text)
	}
	return Endpoint{member, table}, nil
}

// Validate lists what is wrong with the mapping itself.
func (m *Mapping) Validate() error {
	if !isName(m.Table) {
		return ops.Errorf(ops.CodeUsage, "%q is no name of a table", m.Table)
	}
	if !m.Edge && (m.From.Member != "" || m.To.Member != "") {
		return ops.Errorf(ops.CodeUsage, "--from and --to are for edges").WithHint("add --edge")
	}
	for member, name := range m.Types {
		if _, ok := columnTypeOf(name); !ok {
			return ops.Errorf(ops.CodeUsage, "--types %s=%s: no such type", member, name).WithHint("the types are %s", strings.Join(TypeNames, ", "))
		}
		if _, ok := m.Links[member]; ok {
			return ops.Errorf(ops.CodeUsage, "column %s has both a type and a link", member)
		}
	}
	for member, table := range m.Links {
		if !isName(table) {
			return ops.Errorf(ops.CodeUsage, "--link %s=%s: no name of a table", member, table)
		}
	}
	return nil
}

// Record makes a record of a row. The error is about the member it names.
func (m *Mapping) Record(file string, row *Row) (Record, error) {
	var r Record
	object := make([]zerodb.Member, 0, len(row.Members))
	fail := func(at Place, err error) (Record, error) {
		return Record{}, &RowError{File: file, Place: at, Err: err, Raw: row.Raw}
	}
	from, to := m.ends(row)
	if m.Edge && (from == "" || to == "") {
		return fail(row.Place, bad("the row has no members that say what the edge joins").WithHint("name them with --from and --to"))
	}
	for i := range row.Members {
		x := &row.Members[i]
		v, err := m.convert(x)
		if err != nil {
			return fail(placeOf(file, row, x), err)
		}
		switch {
		case m.Edge && x.Name == from:
			r.From, err = endpoint(v, m.From.Table, x)
		case m.Edge && x.Name == to:
			r.To, err = endpoint(v, m.To.Table, x)
		case x.Name == m.idMember():
			r.Key, err = keyOf(v, m.Table, x)
		case x.Name == "id":
			err = bad("the row has a member id that is not the key").WithHint("leave --id out, or rename the member")
		case !v.IsNone():
			object = append(object, zerodb.Member{Name: x.Name, Value: v})
		}
		if err != nil {
			return fail(placeOf(file, row, x), err)
		}
	}
	switch {
	case m.ID != "" && m.ID != "id" && r.Key.IsNone():
		return fail(row.Place, bad("the row has no %s, which is to be its key", m.ID))
	case m.Edge && r.From.IsNone():
		return fail(row.Place, bad("the row has no %s, where the edge begins", from))
	case m.Edge && r.To.IsNone():
		return fail(row.Place, bad("the row has no %s, where the edge ends", to))
	}
	r.Object = zerodb.Object(dedupe(object)...)
	return r, nil
}

// placeOf is where a member stands.
func placeOf(file string, row *Row, x *Member) Place {
	if x.Place != (Place{}) {
		return x.Place
	}
	return locate(file, row, x.Name)
}

func (m *Mapping) idMember() string {
	if m.ID == "" {
		return "id"
	}
	return m.ID
}

// keys returns the members of a row that hold keys or ids, of all those that it has.
func (m *Mapping) keys(columns []string) []string {
	row := &Row{}
	for _, name := range columns {
		row.Members = append(row.Members, Member{Name: name})
	}
	from, to := m.ends(row)
	keys := []string{m.idMember(), from, to}
	for name := range m.Links {
		keys = append(keys, name)
	}
	return keys
}

// ends returns the members that hold the ends of an edge; where the user named none: from and to, or in and out, as
// edges are exported.
func (m *Mapping) ends(row *Row) (from, to string) {
	if !m.Edge {
		return "", ""
	}
	pick := func(named string, usual ...string) string {
		if named != "" {
			return named
		}
		for _, name := range usual {
			if slices.ContainsFunc(row.Members, func(x Member) bool { return x.Name == name }) {
				return name
			}
		}
		return ""
	}
	return pick(m.From.Member, "from", "in"), pick(m.To.Member, "to", "out")
}

// convert applies --types and --link.
func (m *Mapping) convert(x *Member) (zerodb.Value, error) {
	if table, ok := m.Links[x.Name]; ok {
		return link(x.Value, table, x)
	}
	name, ok := m.Types[x.Name]
	if !ok || x.Text || x.Value.IsNone() { // text has been converted while it was read
		return x.Value, nil
	}
	if x.Value.Kind() != ops.KindString {
		return castValue(x.Name, x.Value, name)
	}
	t, _ := columnTypeOf(name)
	v, err := t.value(x.Value.AsString())
	if err != nil {
		return zerodb.None, bad("%s: %s", x.Name, message(err))
	}
	return v, nil
}

func castValue(member string, v zerodb.Value, name string) (zerodb.Value, error) {
	kinds := map[string]ops.Kind{"int": ops.KindInt, "float": ops.KindFloat, "bool": ops.KindBool, "time": ops.KindTime,
		"string": ops.KindString, "decimal": ops.KindDecimal, "duration": ops.KindDuration, "uuid": ops.KindUUID}
	k, ok := kinds[name]
	if !ok {
		return v, nil
	}
	c, err := ops.Cast(v, ops.TypeOf(k))
	if err != nil {
		return zerodb.None, bad("%s: %s", member, message(err))
	}
	return c, nil
}

// keyOf takes what names a record of a table: a key, or an id of that table as a value or as text. Text that is an
// integer is an integer key where it came as text.
func keyOf(v zerodb.Value, table string, x *Member) (zerodb.Value, error) {
	switch v.Kind() {
	case ops.KindNone, ops.KindInt, ops.KindWide, ops.KindUUID, ops.KindTuple, ops.KindList:
		return v, nil
	case ops.KindRecord:
		if v.RecordTable() != table {
			return zerodb.None, wrongTable(v, table, x)
		}
		return v.RecordKey(), nil
	case ops.KindString:
	default:
		return zerodb.None, bad("%s: a %s cannot be a key", x.Name, v.Kind())
	}
	text := v.AsString()
	if text == "" {
		return zerodb.None, bad("%s: the empty text cannot be a key", x.Name)
	}
	if x.Text {
		if i, ok := parseInt(text); ok {
			return i, nil
		}
	}
	id, ok := recordID(text, table)
	if !ok {
		return v, nil
	}
	if id.RecordTable() != table {
		return zerodb.None, wrongTable(id, table, x)
	}
	return id.RecordKey(), nil
}

func wrongTable(id zerodb.Value, table string, x *Member) error {
	return bad("%s: %s is no record of table %s", x.Name, ops.Format(id), table)
}

// link makes links into a table of a key, an id, or a list of them.
func link(v zerodb.Value, table string, x *Member) (zerodb.Value, error) {
	switch v.Kind() {
	case ops.KindNone:
		return v, nil
	case ops.KindList:
		list := make([]zerodb.Value, len(v.AsList()))
		for i, e := range v.AsList() {
			l, err := link(e, table, x)
			if err != nil {
				return zerodb.None, err
			}
			list[i] = l
		}
		return zerodb.List(list...), nil
	}
	key, err := keyOf(v, table, x)
	if err != nil {
		return zerodb.None, err
	}
	return zerodb.Record(table, key), nil
}

// endpoint makes one end of an edge: with a table a link into it, else the value must be a record id itself.
func endpoint(v zerodb.Value, table string, x *Member) (zerodb.Value, error) {
	if table != "" {
		return link(v, table, x)
	}
	switch v.Kind() {
	case ops.KindNone, ops.KindRecord:
		return v, nil
	case ops.KindString:
		if id, ok := recordID(v.AsString(), ""); ok {
			return id, nil
		}
	}
	return zerodb.None, bad("%s: %s is no record id", x.Name, ops.AppendZQL(nil, v)).WithHint("write table:key, or name the table: %s:TABLE", x.Name)
}

// recordID reads `table:key`. What stands behind the table must be a key as ZeroQL writes it; for the table that is
// expected any other text is a string key.
func recordID(text, expected string) (zerodb.Value, bool) {
	table, rest, found := strings.Cut(text, ":")
	if !found || rest == "" || !isName(table) {
		return zerodb.None, false
	}
	if i, ok := parseInt(rest); ok {
		return zerodb.Record(table, i), true
	}
	if isName(rest) {
		return zerodb.Record(table, zerodb.String(rest)), true
	}
	if strings.IndexByte(`"'[(u`, rest[0]) >= 0 {
		if v, err := zerodb.ParseValue(text); err == nil && v.Kind() == ops.KindRecord {
			return v, true
		}
	}
	if table == expected {
		return zerodb.Record(table, zerodb.String(rest)), true
	}
	return zerodb.None, false
}

// isName reports whether a text is a name as ZeroQL writes it without backticks.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// dedupe keeps the last of members of equal names, in the place of the first.
func dedupe(ms []zerodb.Member) []zerodb.Member {
	if len(ms) <= 16 { // small rows are compared pair by pair
		for i := 1; i < len(ms); i++ {
			for j := range i {
				if ms[j].Name == ms[i].Name {
					ms[j] = ms[i]
					return dedupe(slices.Delete(ms, i, i+1))
				}
			}
		}
		return ms
	}
	at := make(map[string]int, len(ms))
	out := ms[:0]
	for _, m := range ms {
		if i, ok := at[m.Name]; ok {
			out[i] = m
			continue
		}
		at[m.Name] = len(out)
		out = append(out, m)
	}
	return out
}
