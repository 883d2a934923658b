package record

import "encoding/binary"

// Shape remembers where the fields that are wanted stand in records of one make. Records of a table mostly have the same
// fields, so a comparison of a few bytes takes the place of a search for each field.
type Shape struct {
	head     []byte // flags, count and field ids of the records that have this shape
	ends     int    // where the ends start
	payload  int    // where the payload starts
	endShift uint8
	places   []int // of each wanted field: its place, or -1
}

// Fits reports whether s is the shape of record b.
func (s *Shape) Fits(b []byte) bool {
	h := len(s.head)
	return h > 0 && len(b) >= s.payload && string(b[:h]) == string(s.head)
}

// Forget makes s fit no record.
func (s *Shape) Forget() { s.head = s.head[:0] }

// Fit makes s the shape of record b. want are the fields' numbers.
func (s *Shape) Fit(b []byte, want []uint16) error {
	v, err := Parse(b)
	if err != nil {
		return err
	}
	s.payload = len(b) - len(v.payload)
	s.ends = s.payload - len(v.ends)
	s.endShift = v.endShift
	s.head = append(s.head[:0], b[:s.ends]...)
	s.places = s.places[:0]
	for _, id := range want {
		s.places = append(s.places, v.Find(id, 0))
	}
	return nil
}

// Field returns the n-th wanted field of a record that s fits, tag first, or nil where it has none.
func (s *Shape) Field(b []byte, n int) ([]byte, error) {
	at := s.places[n]
	if at < 0 {
		return nil, nil
	}
	start, end := 0, 0
	if s.endShift == 0 {
		end = int(b[s.ends+at])
		if at > 0 {
			start = int(b[s.ends+at-1])
		}
	} else {
		start, end = s.wide(b, at)
	}
	start, end = start+s.payload, end+s.payload
	if start >= end || end > len(b) {
		return nil, errCorrupt
	}
	return b[start:end], nil
}

// Append appends the n-th wanted field of a record that s fits to a column. It is Field and Raw in one, with a short way for
// ints and floats in a column of nothing else.
func (s *Shape) Append(b []byte, n int, out *Column, d *Dict, mem *Mem) error {
	if at := s.places[n]; at >= 0 && s.endShift == 0 && out.vec.Valid == nil {
		start, end := s.payload, s.payload+int(b[s.ends+at])
		if at > 0 {
			start += int(b[s.ends+at-1])
		}
		if start < end && end <= len(b) && out.number(b[start:end]) {
			return nil
		}
	}
	raw, err := s.Field(b, n)
	switch {
	case err != nil:
		return err
	case raw == nil:
		out.None()
		return nil
	}
	return out.Raw(raw, d, mem)
}

func (s *Shape) wide(b []byte, at int) (start, end int) {
	if s.endShift == 1 {
		end = int(binary.LittleEndian.Uint16(b[s.ends+2*at:]))
		if at > 0 {
			start = int(binary.LittleEndian.Uint16(b[s.ends+2*at-2:]))
		}
		return start, end
	}
	end = int(binary.LittleEndian.Uint32(b[s.ends+4*at:]))
	if at > 0 {
		start = int(binary.LittleEndian.Uint32(b[s.ends+4*at-4:]))
	}
	return start, end
}
