// Holds what is copied out of a world's tables against a reading of it value by
// value, for every type, and rows that lie one after the other or do not.
package publish

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// plain has a field of every type.
type plain struct {
	F64 float64
	I64 int64
	U64 uint64
	F32 float32
	I32 int32
	U32 uint32
	I16 int16
	U16 uint16
	I8  int8
	U8  uint8
	B   bool
	_   [5]byte
}

// bytesOf is a row's field as the wire has it.
func (p *plain) bytesOf(name string) []byte {
	le := binary.LittleEndian
	switch name {
	case "F64":
		return le.AppendUint64(nil, math.Float64bits(p.F64))
	case "I64":
		return le.AppendUint64(nil, uint64(p.I64))
	case "U64":
		return le.AppendUint64(nil, p.U64)
	case "F32":
		return le.AppendUint32(nil, math.Float32bits(p.F32))
	case "I32":
		return le.AppendUint32(nil, uint32(p.I32))
	case "U32":
		return le.AppendUint32(nil, p.U32)
	case "I16":
		return le.AppendUint16(nil, uint16(p.I16))
	case "U16":
		return le.AppendUint16(nil, p.U16)
	case "I8":
		return []byte{byte(p.I8)}
	case "U8":
		return []byte{p.U8}
	}
	return []byte{map[bool]byte{true: 1}[p.B]}
}

func TestGather(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := ecs.NewWorld(ecs.Config{})
		table := ecs.NewRows[plain](w, "plain")
		n := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(blockRows, 2*blockRows+2)).Draw(t, "rows")
		for range n {
			v := rapid.Uint64().Draw(t, "value")
			table.Add(plain{math.Float64frombits(v), int64(v), v, math.Float32frombits(uint32(v)), int32(v), uint32(v),
				int16(v), uint16(v), int8(v), uint8(v), v%2 == 1, [5]byte{}})
		}
		var list []uint32
		if rapid.Bool().Draw(t, "contiguous") {
			first := rapid.IntRange(0, n-1).Draw(t, "first")
			for row := first; row < first+rapid.IntRange(0, n-first).Draw(t, "many"); row++ {
				list = append(list, uint32(row))
			}
		} else {
			list = rapid.SliceOf(rapid.Uint32Range(0, uint32(n-1))).Draw(t, "list")
		}
		for _, f := range table.Table().Fields() {
			var want []byte
			for _, row := range list {
				want = append(want, table.At(int(row)).bytesOf(f.Name)...)
			}
			got := make([]byte, len(want))
			gatherAll([][]byte{got}, table.Table(), []ecs.Field{f}, rowsOf(list), 0)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of rows %d: %x, and the world has %x", f.Name, list, got, want)
			}
		}
	})
}

func TestRowsOf(t *testing.T) {
	for _, list := range [][]uint32{nil, {7}, {7, 8, 9}, {0, 1, 3}, {2, 1}, {4, 4}} {
		r := rowsOf(list)
		all := slices.Clone(r.list)
		for i := 0; r.list == nil && i < r.count; i++ {
			all = append(all, uint32(r.first+i))
		}
		follow := len(list) < 4 && !slices.Equal(list, []uint32{0, 1, 3}) && !slices.Equal(list, []uint32{2, 1}) && !slices.Equal(list, []uint32{4, 4})
		if !slices.Equal(all, list) || follow != (r.list == nil) {
			t.Errorf("rows %d are kept as %+v", list, r)
		}
	}
}
