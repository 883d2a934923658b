package wire

import (
	"hash/fnv"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/vm"
)

// StatementOf is a statement as a message.
func StatementOf(st zerodb.Statement) *protocol.Statement {
	return &protocol.Statement{Index: uint32(st.Index), Offset: uint32(st.Offset), Length: uint32(len(st.Text)), Kind: st.Kind, Silent: st.Silent}
}

// Statement is the statement of a message, of a text.
func Statement(m *protocol.Statement, text string) zerodb.Statement {
	st := zerodb.Statement{Index: int(m.GetIndex()), Offset: int(m.GetOffset()), Kind: m.GetKind(), Silent: m.GetSilent()}
	if end := st.Offset + int(m.GetLength()); end <= len(text) {
		st.Text = text[st.Offset:end]
	}
	return st
}

// ShapeOf is a shape as a message; nil for no rows.
func ShapeOf(s *vm.Shape) *protocol.Shape {
	if s == nil {
		return nil
	}
	m := &protocol.Shape{Form: protocol.Form(s.Form) + 1, Names: s.Names, Types: make([]string, len(s.Types))}
	for i, t := range s.Types {
		m.Types[i] = t.String()
	}
	return m
}

// Shape is the shape of a message.
func Shape(m *protocol.Shape) (*vm.Shape, error) {
	if m.GetForm() == protocol.Form_FORM_UNSPECIFIED {
		return nil, nil
	}
	s := &vm.Shape{Form: vm.RowForm(m.Form - 1), Names: m.Names, Types: make([]ops.Type, len(m.Names))}
	if s.Form > vm.RowValue || len(s.Names) == 0 || s.Form != vm.RowColumns && len(s.Names) != 1 {
		return nil, badf("a shape has form %d and %d names", m.Form, len(m.Names))
	}
	for i := range s.Types {
		s.Types[i] = ops.TypeOf(ops.KindAny)
		if i < len(m.Types) {
			if t, err := ops.ParseType(m.Types[i]); err == nil { // a type of a newer server is any
				s.Types[i] = t
			}
		}
	}
	return s, nil
}

// Print is the fingerprint of a shape, by which a caller shows that it knows it: FNV-1a of 64 bits over the form, the names
// and the types, each with a zero behind it; never zero.
func Print(s *vm.Shape) uint64 {
	if s == nil {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(s.Form) + 1})
	for _, n := range s.Names {
		_, _ = h.Write(append([]byte(n), 0))
	}
	for _, t := range s.Types {
		_, _ = h.Write(append([]byte(t.String()), 0))
	}
	return max(h.Sum64(), 1)
}

// WorkOf is work as a message.
func WorkOf(w zerodb.Work) *protocol.Work {
	return &protocol.Work{Rows: uint64(w.Rows), Seeks: uint64(w.Seeks), Bytes: uint64(w.Bytes), Wrote: uint64(w.Wrote)}
}

// Work is the work of a message.
func Work(m *protocol.Work) zerodb.Work {
	return zerodb.Work{Rows: int64(m.GetRows()), Seeks: int64(m.GetSeeks()), Bytes: int64(m.GetBytes()), Wrote: int64(m.GetWrote())}
}

// costNames are the words for cost classes.
var costNames = [...]string{vm.CostConstant: "constant", vm.CostLimit: "limit", vm.CostIndexRange: "index-range", vm.CostFullScan: "full-scan",
	vm.CostUnbounded: "unbounded"}

// Prepared describes a statement that is executed by a hash.
func Prepared(hash []byte, st *zerodb.Stmt) *protocol.PrepareResponse {
	d := st.Describe()
	m := &protocol.PrepareResponse{Hash: hash, Shape: ShapeOf(d.Shape), Statements: uint32(d.Statements), Query: d.Query,
		Manifest: manifestOf(&d.Manifest), Cost: costNames[d.Manifest.Cost]}
	for _, p := range st.Params() {
		m.Parameters = append(m.Parameters, &protocol.Parameter{Name: p.Name, Type: p.Type, Optional: p.Optional})
	}
	return m
}

// Description is the description of a message.
func Description(m *protocol.PrepareResponse) (zerodb.Description, error) {
	d := zerodb.Description{Statements: int(m.GetStatements()), Query: m.GetQuery(), Manifest: manifest(m.GetManifest())}
	for c, name := range costNames {
		if name == m.GetCost() {
			d.Manifest.Cost = vm.CostClass(c)
		}
	}
	var err error
	d.Shape, err = Shape(m.GetShape())
	return d, err
}

func manifestOf(m *vm.Manifest) *protocol.Manifest {
	return &protocol.Manifest{Reads: accessesOf(m.Reads), Writes: accessesOf(m.Writes), Functions: m.Functions,
		Capabilities: m.Capabilities, Defines: m.Defines}
}

func accessesOf(ts []vm.TableFields) []*protocol.TableAccess {
	var out []*protocol.TableAccess
	for _, t := range ts {
		out = append(out, &protocol.TableAccess{Table: t.Table, Fields: t.Fields})
	}
	return out
}

func manifest(m *protocol.Manifest) vm.Manifest {
	return vm.Manifest{Reads: accesses(m.GetReads()), Writes: accesses(m.GetWrites()), Functions: m.GetFunctions(),
		Capabilities: m.GetCapabilities(), Defines: m.GetDefines()}
}

func accesses(ms []*protocol.TableAccess) []vm.TableFields {
	var out []vm.TableFields
	for _, m := range ms {
		out = append(out, vm.TableFields{Table: m.GetTable(), Fields: m.GetFields()})
	}
	return out
}
