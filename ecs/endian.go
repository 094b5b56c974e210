package ecs

import (
	"math/bits"
	"unsafe"

	"orrery/ecs/detmath"
)

var hostLittleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// canonicalRow writes a row as it is hashed and kept: every field
// little-endian, NaNs alike, what is between fields zero.
func (t *Table) canonicalRow(row unsafe.Pointer, to []byte) {
	clear(to)
	for i := range t.fields {
		f := &t.fields[i]
		putField(f, unsafe.Add(row, f.Offset), to[f.Offset:])
	}
}

func putField(f *Field, from unsafe.Pointer, to []byte) {
	var v uint64
	switch f.Type {
	case Bool, Int8, Uint8:
		v = uint64(*(*uint8)(from))
	case Int16, Uint16:
		v = uint64(*(*uint16)(from))
	case Int32, Uint32:
		v = uint64(*(*uint32)(from))
	case Int64, Uint64:
		v = *(*uint64)(from)
	case Float32:
		v = uint64(canonicalFloat32(*(*uint32)(from)))
	case Float64:
		v = detmath.Bits(*(*float64)(from))
	}
	for i := range f.Type.Size() {
		to[i] = byte(v >> (8 * i))
	}
}

// canonicalFloat32 maps every NaN to one.
func canonicalFloat32(b uint32) uint32 {
	if b&0x7f800000 == 0x7f800000 && b&0x7fffff != 0 {
		return 0x7fc00000
	}
	return b
}

// word reads 8 canonical bytes.
func word(p unsafe.Pointer) uint64 {
	v := *(*uint64)(p)
	if !hostLittleEndian {
		v = bits.ReverseBytes64(v)
	}
	return v
}
