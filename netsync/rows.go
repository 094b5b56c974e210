package netsync

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"orrery/ecs"
)

// rowKey is what JSON rows call the name of a row, unless a column is called so.
const (
	rowKey      = "key"
	otherRowKey = "$key"
)

// rowsFrame is the latest image as JSON, a line a row: for people, and for who
// knows JSON alone. It shows the first rows, if there are too many.
func (t *Table) rowsFrame() *Draft {
	im, names, h := t.latest, t.shownNames, t.hub.header(t.rowsTopic)
	h.Tick, h.Rows = im.Tick, im.Rows
	d := &Draft{seq: h.Seq, image: im}
	d.make = func() Frame {
		return Frame{t.rowsTopic.name, appendHeader(nil, &h), t.appendRows(nil, im, names, t.hub.config.Shown)}
	}
	return d
}

func (t *Table) appendRows(to []byte, im *Image, names []string, most int) []byte {
	key := rowKey
	if slices.ContainsFunc(t.columns, func(c Column) bool { return c.Name == rowKey }) {
		key = otherRowKey
	}
	to = append(to, '[')
	for row := range min(im.Rows, most) {
		if row > 0 {
			to = append(to, ",\n "...)
		}
		to = append(to, '{')
		to = appendString(to, key)
		to = append(to, ':')
		to = appendString(to, names[row])
		for i, c := range t.columns {
			to = append(to, ',')
			to = appendString(to, c.Name)
			to = append(to, ':')
			to = appendValue(to, &c, im.Columns[i][row*c.Type.Size():])
		}
		to = append(to, '}')
	}
	return append(to, ']')
}

// appendValue writes a value as JSON: a label if it has one, null if JSON has
// no such number.
func appendValue(to []byte, c *Column, b []byte) []byte {
	v := word(c.Type, b)
	switch {
	case c.Type == ecs.Bool:
		return strconv.AppendBool(to, v != 0)
	case c.Type == ecs.Float32:
		return appendFloat(to, float64(math.Float32frombits(uint32(v))), 32)
	case c.Type == ecs.Float64:
		return appendFloat(to, math.Float64frombits(v), 64)
	case v < uint64(len(c.Labels)):
		return appendString(to, c.Labels[v])
	case isUnsigned(c.Type):
		return strconv.AppendUint(to, v, 10)
	}
	return strconv.AppendInt(to, int64(v), 10)
}

// appendFloat writes a float so that it is read as one, 2 as 2.0: a column's rows
// are of one type.
func appendFloat(to []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(to, "null"...)
	}
	begin := len(to)
	to = strconv.AppendFloat(to, v, 'g', -1, bits)
	if !bytes.ContainsAny(to[begin:], ".e") {
		to = append(to, ".0"...)
	}
	return to
}
