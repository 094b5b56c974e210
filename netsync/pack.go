package netsync

import (
	"encoding/binary"
	"math/bits"

	"orrery/ecs"
)

var little = binary.LittleEndian

// breadth folds a value into what says how wide the widest signed value of
// many is: its bits, but for those that repeat the sign.
func breadth(v uint64) uint64 { return v ^ uint64(int64(v)>>63) }

// signedOf is the narrowest type that holds all values of a breadth.
func signedOf(breadth uint64) ecs.Type {
	switch n := bits.Len64(breadth); {
	case n < 8:
		return ecs.Int8
	case n < 16:
		return ecs.Int16
	case n < 32:
		return ecs.Int32
	}
	return ecs.Int64
}

// unsignedOf is the narrowest type that holds every value whose bits are set.
func unsignedOf(all uint64) ecs.Type {
	switch n := bits.Len64(all); {
	case n <= 8:
		return ecs.Uint8
	case n <= 16:
		return ecs.Uint16
	case n <= 32:
		return ecs.Uint32
	}
	return ecs.Uint64
}

// widest is how wide the values of a column are that were seen.
type widest struct{ bits uint64 }

// see looks at values of a column.
func (w *widest) see(t ecs.Type, b []byte) {
	var x, y uint64
	switch t {
	case ecs.Int64:
		for ; len(b) >= 16; b = b[16:] {
			x |= breadth(little.Uint64(b))
			y |= breadth(little.Uint64(b[8:]))
		}
		if len(b) == 8 {
			x |= breadth(little.Uint64(b))
		}
	case ecs.Uint64:
		for ; len(b) >= 8; b = b[8:] {
			x |= little.Uint64(b)
		}
	}
	w.bits |= x | y
}

// narrowest is the type in which the values that were seen lie in a frame.
func (w *widest) narrowest(t ecs.Type) ecs.Type {
	switch t {
	case ecs.Int64:
		return signedOf(w.bits)
	case ecs.Uint64:
		return unsignedOf(w.bits)
	}
	return t
}

// appendPacked appends values of 8 bytes in the width of another type: their
// lowest bytes, as many values at once as fill a word.
func appendPacked(to, b []byte, width int) []byte {
	n := len(b) / 8
	at := len(to)
	to = grow(to, n*width)
	out := to[at : at+n*width]
	switch width {
	case 1:
		for ; len(b) >= 64 && len(out) >= 8; b, out = b[64:], out[8:] {
			low := uint64(b[0]) | uint64(b[8])<<8 | uint64(b[16])<<16 | uint64(b[24])<<24
			little.PutUint64(out, low|uint64(b[32])<<32|uint64(b[40])<<40|uint64(b[48])<<48|uint64(b[56])<<56)
		}
	case 2:
		for ; len(b) >= 32 && len(out) >= 8; b, out = b[32:], out[8:] {
			low := uint64(little.Uint16(b)) | uint64(little.Uint16(b[8:]))<<16
			little.PutUint64(out, low|uint64(little.Uint16(b[16:]))<<32|uint64(little.Uint16(b[24:]))<<48)
		}
	case 4:
		for ; len(b) >= 16 && len(out) >= 8; b, out = b[16:], out[8:] {
			little.PutUint64(out, uint64(little.Uint32(b))|uint64(little.Uint32(b[8:]))<<32)
		}
	case 8:
		copy(out, b)
		return to
	}
	for ; len(b) >= 8 && len(out) >= width; b, out = b[8:], out[width:] { // what is left
		copy(out[:width], b)
	}
	return to
}

// appendWords appends values in a width.
func appendWords(to []byte, values []uint64, width int) []byte {
	at := len(to)
	to = grow(to, len(values)*width)
	out := to[at:]
	switch width {
	case 1:
		for i, v := range values {
			out[i] = byte(v)
		}
	case 2:
		for _, v := range values {
			little.PutUint16(out, uint16(v))
			out = out[2:]
		}
	case 4:
		for _, v := range values {
			little.PutUint32(out, uint32(v))
			out = out[4:]
		}
	case 8:
		for _, v := range values {
			little.PutUint64(out, v)
			out = out[8:]
		}
	}
	return to
}

// word reads a value: extended by its sign, if its type has one.
func word(t ecs.Type, b []byte) uint64 {
	switch t {
	case ecs.Int8:
		return uint64(int8(b[0]))
	case ecs.Int16:
		return uint64(int16(little.Uint16(b)))
	case ecs.Int32:
		return uint64(int32(little.Uint32(b)))
	case ecs.Bool, ecs.Uint8:
		return uint64(b[0])
	case ecs.Uint16:
		return uint64(little.Uint16(b))
	case ecs.Uint32, ecs.Float32:
		return uint64(little.Uint32(b))
	}
	return little.Uint64(b)
}

// putWord writes a value's lowest bytes.
func putWord(t ecs.Type, b []byte, v uint64) {
	switch t.Size() {
	case 1:
		b[0] = byte(v)
	case 2:
		little.PutUint16(b, uint16(v))
	case 4:
		little.PutUint32(b, uint32(v))
	default:
		little.PutUint64(b, v)
	}
}

// widen writes packed values of a whole column in full width.
func widen(to []byte, full ecs.Type, from []byte, packed ecs.Type) {
	if packed == full {
		copy(to, from)
		return
	}
	for n, m := full.Size(), packed.Size(); len(from) >= m; to, from = to[n:], from[m:] {
		putWord(full, to, word(packed, from))
	}
}

// grow makes a slice longer, with whatever was there.
func grow(b []byte, by int) []byte {
	n := len(b) + by
	if n <= cap(b) {
		return b[:n]
	}
	g := make([]byte, n, n+n/4)
	copy(g, b)
	return g
}

// align appends zeros up to a multiple of 8.
func align(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}
