package publish

import (
	"encoding/binary"
	"slices"

	"orrery/ecs"
)

// rows are some of a table's.
type rows struct {
	first int
	count int
	list  []uint32 // nil: count of them, from first on
}

// rowsOf makes the shortest form of a list.
func rowsOf(list []uint32) rows {
	for i, row := range list {
		if row != list[0]+uint32(i) {
			return rows{count: len(list), list: list}
		}
	}
	if len(list) == 0 {
		return rows{}
	}
	return rows{first: int(list[0]), count: len(list)}
}

// blockRows is how many rows are taken at a time: few enough that they are still
// in the nearest cache when the next field is.
const blockRows = 256

// gatherAll copies fields of rows, each into its column, where there is what
// they were at a reading: it leaves alone what has not changed since.
func gatherAll(to [][]byte, t *ecs.Table, fields []ecs.Field, r rows, since ecs.Reading) {
	for first := 0; first < r.count; first += blockRows {
		last := min(first+blockRows, r.count)
		if from, end := r.span(first, last); !t.ChangedSince(since, from, end) {
			continue
		}
		for i, f := range fields {
			size := f.Type.Size()
			gather(to[i][first*size:last*size], t, f, r.part(first, last))
		}
	}
}

func (r rows) part(first, last int) rows {
	if r.list != nil {
		return rows{count: last - first, list: r.list[first:last]}
	}
	return rows{first: r.first + first, count: last - first}
}

// span are the rows of a part, and maybe some between them.
func (r rows) span(first, last int) (from, to int) {
	if r.list == nil {
		return r.first + first, r.first + last
	}
	part := r.list[first:last]
	return int(slices.Min(part)), int(slices.Max(part)) + 1
}

// gather copies one field of rows into a column: little-endian, a value after
// the other. Most of what is exported are all nodes of a program, so rows that
// follow each other have a loop of their own.
func gather(to []byte, t *ecs.Table, f ecs.Field, r rows) {
	from, stride := t.Bytes(), t.Stride()
	switch size := f.Type.Size(); {
	case r.count == 0:
	case r.list != nil:
		for i, row := range r.list {
			at := int(row)*stride + f.Offset
			put(to[i*size:(i+1)*size], from[at:at+size])
		}
	case size == 8:
		gather8(to, from[r.first*stride+f.Offset:], stride)
	default:
		from = from[r.first*stride+f.Offset:]
		for at := 0; len(to) >= size; at += stride {
			put(to[:size], from[at:at+size])
			to = to[size:]
		}
	}
}

func gather8(to, from []byte, stride int) {
	for at := 0; len(to) >= 8; at += stride {
		binary.LittleEndian.PutUint64(to, binary.NativeEndian.Uint64(from[at:at+8]))
		to = to[8:]
	}
}

// put turns one value from the host's byte order.
func put(to, from []byte) {
	switch len(to) {
	case 1:
		to[0] = from[0]
	case 2:
		binary.LittleEndian.PutUint16(to, binary.NativeEndian.Uint16(from))
	case 4:
		binary.LittleEndian.PutUint32(to, binary.NativeEndian.Uint32(from))
	case 8:
		binary.LittleEndian.PutUint64(to, binary.NativeEndian.Uint64(from))
	}
}
