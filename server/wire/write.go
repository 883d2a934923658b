package wire

import (
	"fmt"

	"github.com/zerodb/zerodb"
	"github.com/zerodb/zerodb/gen/protocol"
)

// WriteOf is a write as a message.
func WriteOf(w *zerodb.Write) *protocol.Write {
	return &protocol.Write{Kind: protocol.WriteKind(w.Kind), Table: w.Table, Key: Bytes(w.Key), Value: Bytes(w.Value),
		From: Bytes(w.From), To: Bytes(w.To)}
}

// Writes are the writes of messages.
func Writes(ms []*protocol.Write) ([]zerodb.Write, error) {
	ws := make([]zerodb.Write, len(ms))
	for i, m := range ms {
		w := &ws[i]
		if m.GetKind() < 0 || m.GetKind() > protocol.WriteKind(zerodb.WriteDelete) {
			return nil, badf("write %d is of the unknown kind %d", i, m.GetKind())
		}
		if m.GetTable() == "" {
			return nil, badf("write %d names no table", i)
		}
		w.Kind, w.Table = zerodb.WriteKind(m.GetKind()), m.GetTable()
		for _, f := range []struct {
			name string
			from []byte
			into *zerodb.Value
		}{{"key", m.GetKey(), &w.Key}, {"value", m.GetValue(), &w.Value}, {"from", m.GetFrom(), &w.From}, {"to", m.GetTo(), &w.To}} {
			v, err := Value(f.from, f.name)
			if err != nil {
				return nil, badf("write %d: %s", i, message(err))
			}
			*f.into = v
		}
	}
	return ws, nil
}

// WrittenOf are outcomes as messages.
func WrittenOf(ws []zerodb.Written) []*protocol.Written {
	out := make([]*protocol.Written, len(ws))
	for i, w := range ws {
		out[i] = &protocol.Written{Id: Bytes(w.ID), Found: w.Found}
		if w.Err != nil {
			out[i].Failure = FailureOf(w.Err)
		}
	}
	return out
}

// Written are the outcomes of messages.
func Written(ms []*protocol.Written) ([]zerodb.Written, error) {
	ws := make([]zerodb.Written, len(ms))
	for i, m := range ms {
		id, err := Value(m.GetId(), fmt.Sprintf("id %d", i))
		if err != nil {
			return nil, err
		}
		ws[i] = zerodb.Written{ID: id, Found: m.GetFound()}
		if m.GetFailure() != nil {
			ws[i].Err = ErrorOf(m.Failure, "")
		}
	}
	return ws, nil
}
