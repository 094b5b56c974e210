package scheduler

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"orrery/ecs"
)

// tablePair is the same table of two worlds.
type tablePair struct{ a, b *ecs.Table }

// differentTables compares the tables of what is not a node. Those of programs
// were equal by node, so that here only an order of rows could differ.
func differentTables(a, b *ecs.World) *Divergence {
	if len(a.Tables()) != len(b.Tables()) {
		return &Divergence{Table: "tables", A: fmt.Sprintf("%d tables", len(a.Tables())), B: fmt.Sprintf("%d tables", len(b.Tables()))}
	}
	for i, t := range a.Tables() {
		pair := tablePair{t, b.Tables()[i]}
		if d := pair.compare(a, b); d != nil {
			return d
		}
	}
	return nil
}

func (p tablePair) compare(a, b *ecs.World) *Divergence {
	rows := min(p.a.Rows(), p.b.Rows())
	for row := range rows {
		if d := p.compareRow(row, row); d != nil {
			d.Node = owner(a, p.a, row)
			return d
		}
	}
	if p.a.Rows() == p.b.Rows() {
		return nil
	}
	d := &Divergence{Table: p.a.Name(), A: fmt.Sprintf("%d rows", p.a.Rows()), B: fmt.Sprintf("%d rows", p.b.Rows())}
	if p.a.Rows() > rows {
		d.Node = owner(a, p.a, rows)
	} else {
		d.Node = owner(b, p.b, rows)
	}
	return d
}

// compareRow returns the first field in which two rows differ, or nil.
func (p tablePair) compareRow(i, j int) *Divergence {
	x, y := rowBytes(p.a, i), rowBytes(p.b, j)
	if bytes.Equal(x, y) {
		return nil
	}
	for _, f := range p.a.Fields() {
		if v, w := fieldText(f, x), fieldText(f, y); v != w {
			return &Divergence{Table: p.a.Name(), Field: f.Name, A: v, B: w}
		}
	}
	return nil // another form of the same: two NaNs, or what is between fields
}

func rowBytes(t *ecs.Table, row int) []byte {
	return t.Bytes()[row*t.Stride() : (row+1)*t.Stride()]
}

// owner names the node that a row says it is of, by the names that tables give
// such fields.
func owner(w *ecs.World, t *ecs.Table, row int) string {
	for _, name := range []string{"Node", "From", "Member", "Envelope.To"} {
		for _, f := range t.Fields() {
			if f.Name == name && f.Type == ecs.Uint32 {
				return w.NodeName(ecs.Node(fieldBits(f, rowBytes(t, row))))
			}
		}
	}
	return ""
}

// fieldBits reads a value as it lies in the host's memory.
func fieldBits(f ecs.Field, row []byte) uint64 {
	at := row[f.Offset:]
	switch f.Type.Size() {
	case 1:
		return uint64(at[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(at))
	case 4:
		return uint64(binary.NativeEndian.Uint32(at))
	}
	return binary.NativeEndian.Uint64(at)
}

// fieldText writes a value so that different values, and only those, have
// different texts.
func fieldText(f ecs.Field, row []byte) string {
	v := fieldBits(f, row)
	switch f.Type {
	case ecs.Bool:
		return fmt.Sprint(v != 0)
	case ecs.Int8:
		return fmt.Sprint(int8(v))
	case ecs.Int16:
		return fmt.Sprint(int16(v))
	case ecs.Int32:
		return fmt.Sprint(int32(v))
	case ecs.Int64:
		return fmt.Sprint(int64(v))
	case ecs.Float32:
		return fmt.Sprint(math.Float32frombits(uint32(v)))
	case ecs.Float64:
		return fmt.Sprint(math.Float64frombits(v))
	}
	return fmt.Sprint(v)
}
