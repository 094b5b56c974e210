package trace

import (
	"bytes"
	"encoding/binary"

	"orrery/ecs"
)

// Columns are fields of nodes of one program, to be recorded every so often.
type Columns struct {
	Name    string // for people
	Program ecs.ProgramID
	Nodes   []ecs.Node
	Fields  []ecs.Field // of the program's state
	Every   ecs.Tick
}

// keyframes is how many frames there are to a complete one.
const keyframes = 64

// columnWriter makes the frames of Columns.
type columnWriter struct {
	Columns
	next   ecs.Tick
	frames int
	base   ecs.Tick
	now    [][]byte // by field, all rows
	before [][]byte
	rows   []byte // of a delta
	parts  [][]byte
	out    []byte
}

func newColumnWriter(c Columns) *columnWriter {
	n := len(c.Fields)
	return &columnWriter{Columns: c, now: make([][]byte, n), before: make([][]byte, n), parts: make([][]byte, n+1)}
}

// frame returns the frame of a tick, nil if none is due or nothing changed.
func (c *columnWriter) frame(w *ecs.World) []byte {
	t := w.Tick()
	if t < c.next || len(c.Fields) == 0 {
		return nil
	}
	c.next = (t/c.Every + 1) * c.Every
	c.now, c.before = c.before, c.now
	c.gather(w)
	f := Frame{Version: Revision, Kind: keyframe, Tick: t, Rows: len(c.Nodes)}
	columns := c.now
	if c.frames%keyframes != 0 {
		f.Kind, f.Base = delta, c.base
		columns = c.changed()
		f.Rows = len(c.rows) / 4
		f.Columns = append(f.Columns, FrameCell{Name: "row", Type: ecs.Uint32.String()})
		if f.Rows == 0 {
			return nil
		}
	}
	for _, field := range c.Fields {
		f.Columns = append(f.Columns, FrameCell{Name: field.Name, Type: field.Type.String()})
	}
	c.frames++
	c.base = t
	c.out = appendFrame(c.out[:0], &f, columns)
	return c.out
}

// gather copies the nodes' fields. A node that has died has zeros.
func (c *columnWriter) gather(w *ecs.World) {
	table := w.StateTable(c.Program)
	bytes, stride := table.Bytes(), table.Stride()
	for i, field := range c.Fields {
		size := field.Type.Size()
		to := c.now[i][:0]
		for _, n := range c.Nodes {
			row, ok := w.Row(n)
			if !ok {
				to = append(to, make([]byte, size)...)
				continue
			}
			at := row*stride + field.Offset
			to = appendLittle(to, bytes[at:at+size])
		}
		c.now[i] = to
	}
}

// appendLittle appends a value that lies in the host's order.
func appendLittle(to, v []byte) []byte {
	switch len(v) {
	case 2:
		return binary.LittleEndian.AppendUint16(to, binary.NativeEndian.Uint16(v))
	case 4:
		return binary.LittleEndian.AppendUint32(to, binary.NativeEndian.Uint32(v))
	case 8:
		return binary.LittleEndian.AppendUint64(to, binary.NativeEndian.Uint64(v))
	}
	return append(to, v...)
}

// changed returns the rows that differ from those before, and their fields.
func (c *columnWriter) changed() [][]byte {
	c.rows = c.rows[:0]
	for i := range c.parts {
		c.parts[i] = c.parts[i][:0]
	}
	for row := range c.Nodes {
		differs := false
		for i, field := range c.Fields {
			size := field.Type.Size()
			at := row * size
			differs = differs || !bytes.Equal(c.now[i][at:at+size], c.before[i][at:at+size])
		}
		if !differs {
			continue
		}
		c.rows = binary.LittleEndian.AppendUint32(c.rows, uint32(row))
		for i, field := range c.Fields {
			size := field.Type.Size()
			c.parts[i+1] = append(c.parts[i+1], c.now[i][row*size:(row+1)*size]...)
		}
	}
	c.parts[0] = append(c.parts[0], c.rows...)
	return c.parts
}
