package server

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
	"github.com/zerodb/zerodb/ops"
	"github.com/zerodb/zerodb/server/wire"
	"github.com/zerodb/zerodb/vm"
)

// jsonCodec is the protocol as JSON. It is protobuf's mapping, but that values are plain JSON, and a part of an answer has its rows as
// they are read: objects, or bare values.
type jsonCodec struct{}

var _ vanguard.Codec = jsonCodec{}

// Name is what content types call it.
func (jsonCodec) Name() string { return vanguard.CodecJSON }

// MarshalAppend appends a message.
func (jsonCodec) MarshalAppend(dst []byte, m proto.Message) ([]byte, error) {
	return appendMessage(dst, m.ProtoReflect())
}

// isValue reports whether a field holds a value.
func isValue(f protoreflect.FieldDescriptor) bool {
	yes, _ := proto.GetExtension(f.Options(), protocol.E_ZeroqlValue).(bool)
	return yes
}

var partName = (&protocol.Part{}).ProtoReflect().Descriptor().FullName()

func appendMessage(dst []byte, m protoreflect.Message) ([]byte, error) {
	if m.Descriptor().FullName() == partName {
		return appendPart(dst, m)
	}
	dst = append(dst, '{')
	dst, _, err := appendFields(dst, m, true)
	return append(dst, '}'), err
}

// appendFields appends the fields that are set, but those that are left out.
func appendFields(dst []byte, m protoreflect.Message, first bool, without ...protoreflect.Name) ([]byte, bool, error) {
	fields := m.Descriptor().Fields()
fields:
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		for _, w := range without {
			if f.Name() == w {
				continue fields
			}
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(strconv.AppendQuote(dst, f.JSONName()), ':')
		var err error
		if dst, err = appendField(dst, f, m.Get(f)); err != nil {
			return dst, first, err
		}
	}
	return dst, first, nil
}

func appendField(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) ([]byte, error) {
	if !f.IsList() {
		return appendSingle(dst, f, v)
	}
	dst = append(dst, '[')
	list := v.List()
	for i := range list.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendSingle(dst, f, list.Get(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendSingle(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) ([]byte, error) {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return appendMessage(dst, v.Message())
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool()), nil
	case protoreflect.StringKind:
		return ops.AppendJSON(dst, ops.String(v.String())), nil
	case protoreflect.BytesKind:
		if !isValue(f) {
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v.Bytes()), '"'), nil
		}
		x, err := wire.Value(v.Bytes(), string(f.Name()))
		return ops.AppendJSON(dst, x), err
	case protoreflect.EnumKind:
		if e := f.Enum().Values().ByNumber(v.Enum()); e != nil {
			return strconv.AppendQuote(dst, string(e.Name())), nil
		}
		return strconv.AppendInt(dst, int64(v.Enum()), 10), nil
	case protoreflect.Uint32Kind:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind: // JavaScript has no such numbers
		return append(strconv.AppendUint(append(dst, '"'), v.Uint(), 10), '"'), nil
	case protoreflect.Sint64Kind, protoreflect.Int64Kind:
		return append(strconv.AppendInt(append(dst, '"'), v.Int(), 10), '"'), nil
	}
	return dst, ops.Errorf(ops.CodeInternal, "the protocol has a field %s of kind %s", f.Name(), f.Kind())
}

// appendPart appends a part with its rows as people read them.
func appendPart(dst []byte, m protoreflect.Message) ([]byte, error) {
	p := &protocol.Part{}
	raw, err := proto.Marshal(m.Interface())
	if err == nil {
		err = proto.Unmarshal(raw, p)
	}
	if err != nil {
		return dst, err
	}
	dst = append(dst, '{')
	dst, first, err := appendFields(dst, p.ProtoReflect(), true, "shape", "batch")
	if err != nil {
		return dst, err
	}
	shape, err := wire.Shape(p.Shape)
	if err != nil || shape == nil {
		return append(dst, '}'), err
	}
	if !first {
		dst = append(dst, ',')
	}
	if shape.Form == vm.RowColumns {
		dst = append(dst, `"columns":[`...)
		for i, n := range shape.Names {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = ops.AppendJSON(dst, ops.String(n))
		}
		dst = append(dst, `],`...)
	}
	dst = append(dst, `"rows":[`...)
	dst, err = appendRows(dst, p.Batch, shape)
	return append(dst, `]}`...), err
}

func appendRows(dst []byte, b *protocol.Batch, shape *vm.Shape) ([]byte, error) {
	if b == nil {
		return dst, nil
	}
	width := len(shape.Names)
	cells, err := wire.DecodeBatch(b, width)
	if err != nil {
		return dst, err
	}
	for at := 0; at < len(cells); at += width {
		if at > 0 {
			dst = append(dst, ',')
		}
		dst = zerodb.NewRow(shape, cells[at:at+width]).AppendJSON(dst)
	}
	return dst, nil
}

// Unmarshal reads a message. A name that means nothing is an error.
func (jsonCodec) Unmarshal(data []byte, m proto.Message) error {
	if err := readMessage(data, m.ProtoReflect()); err != nil {
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	return nil
}

func readMessage(data []byte, m protoreflect.Message) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return jsonError(err)
	}
	plain := map[string]json.RawMessage{}
	fields := m.Descriptor().Fields()
	for name, raw := range members {
		f := fields.ByJSONName(name)
		if f == nil {
			f = fields.ByTextName(name)
		}
		if f == nil || f.Kind() != protoreflect.MessageKind && !isValue(f) {
			plain[name] = raw
			delete(members, name)
		}
	}
	rest, err := json.Marshal(plain)
	if err != nil {
		return jsonError(err)
	}
	if err := protojson.Unmarshal(rest, m.Interface()); err != nil {
		return jsonError(err)
	}
	for name, raw := range members {
		f := fields.ByJSONName(name)
		if f == nil {
			f = fields.ByTextName(name)
		}
		if err := readField(raw, f, m); err != nil {
			return err
		}
	}
	return nil
}

func readField(raw json.RawMessage, f protoreflect.FieldDescriptor, m protoreflect.Message) error {
	switch {
	case string(raw) == "null":
		return nil
	case f.Kind() == protoreflect.MessageKind && f.IsList():
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return jsonError(err)
		}
		list := m.Mutable(f).List()
		for _, item := range items {
			if err := readMessage(item, list.AppendMutable().Message()); err != nil {
				return err
			}
		}
		return nil
	case f.Kind() == protoreflect.MessageKind:
		return readMessage(raw, m.Mutable(f).Message())
	}
	v, err := ops.ParseJSON(raw)
	if err != nil {
		return err
	}
	m.Set(f, protoreflect.ValueOfBytes(wire.Bytes(v)))
	return nil
}

func jsonError(err error) error {
	var e *zerodb.Error
	if errors.As(err, &e) {
		return err
	}
	return ops.Errorf(ops.CodeBadRequest, "the request is not as the protocol has it: %v", err)
}
