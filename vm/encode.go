package vm

import (
	"crypto/sha256"
	"encoding/binary"
	"unicode/utf8"

	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/ops/schema"
)

// The container of a .zqb file, see docs/bytecode.md.
const (
	magic      = "zqb\x00\r\n\x1a\n"
	headerSize = 48
	entrySize  = 12
)

// Sections, in their order; every file has all of them.
const (
	sectionSource = iota + 1
	sectionParams
	sectionVars
	sectionConsts
	sectionShapes
	sectionPaths
	sectionTypes
	sectionFuncs
	sectionTables
	sectionObjects
	sectionAccesses
	sectionBuilders
	sectionDefs
	sectionFragments
	sectionStatements
	sectionManifest
	numSections = sectionManifest
)

// Limits of a program.
const (
	MaxProgram      = 16 << 20 // bytes of a file
	MaxFragments    = 65_535
	MaxInstructions = 65_535  // a fragment; registers, cursors and pool entries likewise
	maxValues       = 1 << 21 // of all constants, nested ones counted
)

// Encode writes a program as the bytes of a .zqb file. The same program is always the same bytes.
func Encode(p *Program) ([]byte, error) {
	if err := checkSizes(p); err != nil {
		return nil, err
	}
	body := make([]byte, numSections*entrySize, numSections*entrySize+len(p.Source)+4096)
	for section := 1; section <= numSections; section++ {
		start := len(body)
		body = appendSection(body, p, section)
		entry := body[(section-1)*entrySize:]
		binary.LittleEndian.PutUint32(entry, uint32(section))
		binary.LittleEndian.PutUint32(entry[4:], uint32(headerSize+start))
		binary.LittleEndian.PutUint32(entry[8:], uint32(len(body)-start))
		if headerSize+len(body) > MaxProgram {
			return nil, ops.Errorf(ops.CodeTooLarge, "the program is larger than %d MiB", MaxProgram>>20)
		}
	}
	out := make([]byte, 0, headerSize+len(body))
	out = append(out, magic...)
	out = binary.LittleEndian.AppendUint16(out, FormatVersion)
	out = binary.LittleEndian.AppendUint16(out, 0)
	out = binary.LittleEndian.AppendUint32(out, numSections)
	sum := sha256.Sum256(body)
	return append(append(out, sum[:]...), body...), nil
}

// checkSizes refuses what has no encoding.
func checkSizes(p *Program) error {
	for _, pool := range []struct {
		what string
		n    int
	}{{"parameters", len(p.Params)}, {"variables", len(p.Vars)}, {"constants", len(p.Consts)}, {"shapes", len(p.Shapes)},
		{"paths", len(p.Paths)}, {"types", len(p.Types)}, {"functions", len(p.Funcs)}, {"tables", len(p.Tables)}, {"objects", len(p.Objects)},
		{"accesses", len(p.Accesses)}, {"builders", len(p.Builders)}, {"definitions", len(p.Defs)}, {"statements", len(p.Statements)}} {
		if pool.n > MaxInstructions {
			return ops.Errorf(ops.CodeTooLarge, "the program has %d %s, at most %d are possible", pool.n, pool.what, MaxInstructions)
		}
	}
	if len(p.Fragments) > MaxFragments {
		return ops.Errorf(ops.CodeTooLarge, "the program has %d fragments, at most %d are possible", len(p.Fragments), MaxFragments)
	}
	for i := range p.Fragments {
		f := &p.Fragments[i]
		if len(f.Code) > MaxInstructions || len(f.Registers) > MaxInstructions || len(f.Cursors) > MaxInstructions {
			return ops.Errorf(ops.CodeTooLarge, "fragment %d has %d instructions, %d registers and %d cursors, at most %d of each are possible",
				i, len(f.Code), len(f.Registers), len(f.Cursors), MaxInstructions)
		}
		if len(f.Spans) != len(f.Code) {
			return ops.Errorf(ops.CodeInternal, "fragment %d has %d instructions and %d spans", i, len(f.Code), len(f.Spans))
		}
	}
	if !utf8.ValidString(p.Source) {
		return ops.Errorf(ops.CodeSyntax, "the text is not UTF-8")
	}
	return nil
}

func appendSection(dst []byte, p *Program, section int) []byte {
	switch section {
	case sectionSource:
		return append(dst, p.Source...)
	case sectionParams:
		return appendAll(dst, p.Params, appendParam)
	case sectionVars:
		return appendTexts(dst, p.Vars)
	case sectionConsts:
		return appendAll(dst, p.Consts, func(dst []byte, v *ops.Value) []byte { return appendValue(dst, *v) })
	case sectionShapes:
		return appendAll(dst, p.Shapes, appendShape)
	case sectionPaths:
		return appendAll(dst, p.Paths, func(dst []byte, p *Path) []byte { return appendTexts(dst, *p) })
	case sectionTypes:
		return appendAll(dst, p.Types, appendType)
	case sectionFuncs:
		return appendAll(dst, p.Funcs, appendFunc)
	case sectionTables:
		return appendAll(dst, p.Tables, func(dst []byte, t *TableRef) []byte { return append(appendText(dst, t.Name), t.Print[:]...) })
	case sectionObjects:
		return appendAll(dst, p.Objects, appendObjectRef)
	case sectionAccesses:
		return appendAll(dst, p.Accesses, appendAccess)
	case sectionBuilders:
		return appendAll(dst, p.Builders, appendBuilder)
	case sectionDefs:
		return appendAll(dst, p.Defs, appendChange)
	case sectionFragments:
		return appendAll(dst, p.Fragments, appendFragment)
	case sectionStatements:
		return appendAll(dst, p.Statements, appendStatement)
	}
	return appendManifest(dst, &p.Manifest)
}

func appendAll[T any](dst []byte, all []T, one func([]byte, *T) []byte) []byte {
	dst = appendUint(dst, uint64(len(all)))
	for i := range all {
		dst = one(dst, &all[i])
	}
	return dst
}

func appendTexts(dst []byte, all []string) []byte {
	return appendAll(dst, all, func(dst []byte, s *string) []byte { return appendText(dst, *s) })
}

// appendFlags writes up to eight yes-or-nos as a byte, the first as its lowest bit.
func appendFlags(dst []byte, flags ...bool) []byte {
	var b byte
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return append(dst, b)
}

func appendParam(dst []byte, p *Param) []byte {
	return appendBool(appendType(appendText(dst, p.Name), &p.Type), p.Optional)
}

func appendShape(dst []byte, s *Shape) []byte {
	dst = appendUint(append(dst, byte(s.Form)), uint64(len(s.Names)))
	for i, n := range s.Names {
		dst = appendType(appendText(dst, n), &s.Types[i])
	}
	return dst
}

func appendType(dst []byte, t *ops.Type) []byte {
	dst = appendFlags(append(dst, byte(t.Kind), byte(t.Width)), t.Optional, t.Elem != nil, t.Elems != nil, t.Fields != nil, t.Variants != nil)
	dst = appendText(appendUint(dst, uint64(t.Len)), t.Name)
	if t.Elem != nil {
		dst = appendType(dst, t.Elem)
	}
	if t.Elems != nil {
		dst = appendAll(dst, t.Elems, appendType)
	}
	if t.Fields != nil {
		dst = appendAll(dst, t.Fields, func(dst []byte, f *ops.FieldType) []byte { return appendType(appendText(dst, f.Name), &f.Type) })
	}
	if t.Variants != nil {
		dst = appendTexts(dst, t.Variants)
	}
	return dst
}

func appendFunc(dst []byte, f *FuncRef) []byte {
	return appendUint(append(appendUint(appendText(dst, f.Name), uint64(f.Args)), f.Print[:]...), uint64(f.Reads))
}

func appendAccess(dst []byte, a *Access) []byte {
	dst = appendInt(append(dst, byte(a.Kind)), int64(a.Table))
	dst = appendAll(appendText(dst, a.Index), a.Columns, appendColumn)
	dst = appendUint(appendUint(append(dst, byte(a.Lo), byte(a.Hi)), uint64(a.Equal)), uint64(a.After))
	return appendFlags(append(dst, byte(a.Direction)), a.Reverse, a.IndexOnly, a.InOrder, a.IfNotExists, a.Upsert)
}

func appendColumn(dst []byte, c *Column) []byte {
	return appendTexts(appendBool(append(dst, byte(c.Kind)), c.Late), c.Path)
}

func appendBuilder(dst []byte, b *Builder) []byte {
	dst = appendUint(append(dst, byte(b.Kind)), uint64(b.Columns))
	dst = appendAll(dst, b.Desc, func(dst []byte, d *bool) []byte { return appendBool(dst, *d) })
	dst = appendUint(appendBool(dst, b.Limited), uint64(b.Keys))
	dst = appendAll(append(dst, byte(b.Join)), b.Aggregates, func(dst []byte, a *Aggregate) []byte {
		return appendUint(appendFlags(appendText(dst, a.Func), a.Star, a.Distinct, a.Filtered), uint64(a.Params))
	})
	return appendUint(dst, uint64(b.Parent))
}

func appendObjectRef(dst []byte, o *ObjectRef) []byte {
	return append(appendText(append(dst, byte(o.Kind)), o.Name), o.Print[:]...)
}

func appendRef(dst []byte, r *schema.Ref) []byte {
	return appendText(appendText(append(dst, byte(r.Kind), byte(r.Object)), r.Name), r.Part)
}

func appendObject(dst []byte, o *schema.Object) []byte {
	return appendAll(appendText(append(dst, byte(o.Kind)), o.Text), o.Requires, appendRef)
}

func appendChange(dst []byte, c *schema.Change) []byte {
	dst = appendFlags(append(dst, byte(c.Kind)), c.IfExists, c.Strict, c.Table != nil, c.Index != nil, c.Object != nil, c.Redefinition != nil)
	for _, s := range []string{c.Namespace, c.Database, c.Name, c.Consistency, c.PartitionBy} {
		dst = appendText(dst, s)
	}
	dst = appendUint(dst, uint64(c.Replicas))
	if c.Table != nil {
		dst = appendTable(dst, c.Table)
	}
	if c.Index != nil {
		dst = appendIndex(dst, c.Index)
	}
	if c.Object != nil {
		dst = appendObject(dst, c.Object)
	}
	if c.Redefinition != nil {
		dst = appendRedefinition(dst, c.Redefinition)
	}
	return dst
}

// appendTable leaves out what another catalog gives anew: ids, states, fingerprint.
func appendTable(dst []byte, t *schema.Table) []byte {
	dst = appendFlags(dst, t.Edge, t.Schemafull)
	dst = appendText(appendText(appendText(dst, t.Name), t.From), t.To)
	dst = appendAll(dst, t.Fields, appendField)
	dst = appendAll(dst, t.Indexes, func(dst []byte, ix **schema.Index) []byte { return appendIndex(dst, *ix) })
	return appendAll(dst, t.Requires, appendRef)
}

func appendField(dst []byte, f *schema.Field) []byte {
	dst = appendType(appendTexts(dst, f.Path), &f.Type)
	return appendUint(appendBool(appendTexts(appendText(dst, f.Default), f.Asserts), f.ReadOnly), uint64(f.Base))
}

func appendIndex(dst []byte, ix *schema.Index) []byte {
	dst = appendText(appendText(dst, ix.Name), ix.Table)
	dst = appendAll(dst, ix.Fields, func(dst []byte, p *[]string) []byte { return appendTexts(dst, *p) })
	return appendBool(dst, ix.Unique)
}

func appendFragment(dst []byte, f *Fragment) []byte {
	dst = appendInt(appendAll(dst, f.Inputs, appendType), int64(f.Shape))
	dst = appendAll(dst, f.Registers, func(dst []byte, r *Register) []byte {
		dst = append(dst, byte(r.Kind))
		if !r.Vector {
			return appendUint(dst, 0)
		}
		return appendUint(dst, uint64(r.Batch)+1)
	})
	dst = appendAll(dst, f.Cursors, func(dst []byte, c *CursorDecl) []byte {
		return appendBool(appendUint(dst, uint64(c.Parent)), c.Outer)
	})
	dst = appendAll(dst, f.Code, func(dst []byte, in *Instr) []byte {
		for _, x := range [4]uint16{in.Op, in.A, in.B, in.C} {
			dst = binary.LittleEndian.AppendUint16(dst, x)
		}
		return dst
	})
	last := 0
	for _, s := range f.Spans {
		dst = appendUint(appendInt(dst, int64(s.Start-last)), uint64(s.End-s.Start))
		last = s.Start
	}
	dst = appendText(appendText(dst, f.Function), f.Text)
	return appendAll(dst, f.Places, func(dst []byte, p *Place) []byte {
		dst = appendTexts(appendUint(dst, uint64(p.PC)), p.Path)
		return appendUint(appendUint(dst, uint64(p.Span.Start)), uint64(p.Span.End-p.Span.Start))
	})
}

func appendStatement(dst []byte, s *Statement) []byte {
	dst = appendInt(append(dst, byte(s.Kind)), int64(s.Fragment))
	dst = appendUint(appendUint(dst, uint64(s.Span.Start)), uint64(s.Span.End-s.Span.Start))
	dst = appendText(append(appendBool(dst, s.Silent), s.Explain), s.Plan)
	return appendAll(dst, s.Needs, func(dst []byte, n *uint16) []byte { return appendUint(dst, uint64(*n)) })
}

func appendManifest(dst []byte, m *Manifest) []byte {
	for _, fields := range [][]TableFields{m.Reads, m.Writes} {
		dst = appendAll(dst, fields, func(dst []byte, t *TableFields) []byte { return appendTexts(appendText(dst, t.Table), t.Fields) })
	}
	dst = appendTexts(appendTexts(dst, m.Functions), m.Capabilities)
	return append(appendBool(dst, m.Defines), byte(m.Cost))
}
