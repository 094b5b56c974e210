package trace

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"orrery/ecs"
)

// Frame is columns at a tick: all rows, or those that changed since the frame
// before.
type Frame struct {
	Version int         `json:"v"`
	Kind    string      `json:"kind"` // keyframe or delta
	Tick    ecs.Tick    `json:"tick"`
	Base    ecs.Tick    `json:"base,omitempty"` // of a delta: the frame before
	Rows    int         `json:"n"`
	Columns []FrameCell `json:"cols"`

	body []byte
}

// FrameCell is one column of a frame: where it lies, from the message's start.
type FrameCell struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Offset int    `json:"off"`
	Length int    `json:"len"`
}

const (
	keyframe = "keyframe"
	delta    = "delta"
)

// appendFrame writes a frame: the header's length, the header, padded with
// spaces, and columns. Their offsets depend on the header's length and it on
// them, so room for the widest is left.
func appendFrame(to []byte, f *Frame, columns [][]byte) []byte {
	room := 160
	for _, c := range f.Columns {
		room += len(c.Name) + len(c.Type) + 64
	}
	room = (room+4+7)&^7 - 4
	at := room + 4
	for i := range f.Columns {
		f.Columns[i].Offset, f.Columns[i].Length = at, len(columns[i])
		at += (len(columns[i]) + 7) &^ 7
	}
	head, err := json.Marshal(f)
	if err != nil {
		panic("trace: a frame's header cannot be written: " + err.Error())
	}
	to = binary.LittleEndian.AppendUint32(to, uint32(room))
	to = append(to, head...)
	for range room - len(head) {
		to = append(to, ' ')
	}
	for _, c := range columns {
		to = append(to, c...)
		for range -len(c) & 7 {
			to = append(to, 0)
		}
	}
	return to
}

// ParseFrame reads a message of columns or digests.
func ParseFrame(b []byte) (*Frame, error) {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, errors.New("a frame's header is cut short")
	}
	f := &Frame{body: b}
	if err := json.Unmarshal(b[4:4+binary.LittleEndian.Uint32(b)], f); err != nil {
		return nil, fmt.Errorf("a frame's header: %w", err)
	}
	if f.Version != Revision || f.Rows < 0 {
		return nil, fmt.Errorf("a frame of version %d with %d rows cannot be read", f.Version, f.Rows)
	}
	for _, c := range f.Columns {
		size, ok := typeSizes[c.Type]
		if !ok || c.Offset < 0 || c.Length < 0 || c.Offset > len(b) || c.Length > len(b)-c.Offset || c.Length/size != f.Rows || c.Length%size != 0 {
			return nil, fmt.Errorf("column %q does not fit its frame", c.Name)
		}
	}
	return f, nil
}

// typeSizes are looked up only.
var typeSizes = func() map[string]int {
	m := map[string]int{}
	for t := ecs.Bool; t <= ecs.Float64; t++ {
		m[t.String()] = t.Size()
	}
	return m
}()

// Column returns the bytes of a column, nil if there is none of the name.
func (f *Frame) Column(name string) []byte {
	for _, c := range f.Columns {
		if c.Name == name {
			return f.body[c.Offset : c.Offset+c.Length]
		}
	}
	return nil
}

// Value reads a row of a column as JSON would have it.
func (f *Frame) Value(column, row int) any {
	c := &f.Columns[column]
	size := typeSizes[c.Type]
	return valueOf(c.Type, f.body[c.Offset+row*size:][:size])
}

// valueOf reads a little-endian value.
func valueOf(kind string, b []byte) any {
	var raw [8]byte
	copy(raw[:], b)
	v := binary.LittleEndian.Uint64(raw[:])
	switch kind {
	case "bool":
		return v != 0
	case "int8":
		return int8(v)
	case "int16":
		return int16(v)
	case "int32":
		return int32(v)
	case "int64":
		return int64(v)
	case "float32":
		return finite(float64(math.Float32frombits(uint32(v))))
	case "float64":
		return finite(math.Float64frombits(v))
	}
	return v
}

// finite returns nil for what JSON has no number for.
func finite(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}
