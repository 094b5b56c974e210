package netsync

import (
	"bytes"
	"hash/crc32"
	"math/bits"

	"orrery/ecs"
)

// Encoder makes the frames of a table out of images: the latest, and the one
// before. It allocates nothing once its buffers are as long as they get.
type Encoder struct {
	columns []Column
	now     *Image // nil before the first
	before  *Image // nil if the rows were others
	spare   *Image

	sets   []Span
	cells  []Cell
	bits   []byte // of the set under way
	values []uint64
	diffs  []uint64
	rows   []uint64
}

// NewEncoder returns an encoder of a table's columns.
func NewEncoder(columns []Column) *Encoder { return &Encoder{columns: columns} }

// Next makes an image the latest, and returns one that may be filled next.
func (e *Encoder) Next(im *Image) (free *Image) {
	if len(im.Columns) != len(e.columns) {
		panic("netsync: an image of another table")
	}
	free = e.spare
	if e.before != nil {
		free = e.before
	}
	if free == nil {
		free = newImage(len(e.columns))
	}
	e.before, e.now, e.spare = e.now, im, nil
	if e.before != nil && e.before.Rows != im.Rows {
		e.before, e.spare = nil, e.before
	}
	return free
}

// Latest returns the image that frames are made of, nil if there is none. It
// is for reading.
func (e *Encoder) Latest() *Image { return e.now }

// CanDelta reports whether the image before has the same rows.
func (e *Encoder) CanDelta() bool { return e.before != nil }

// Keyframe appends the body of a complete frame of the latest image and fills
// in Rows and Columns of its header, which are good until the next frame.
func (e *Encoder) Keyframe(h *Header, body []byte) []byte {
	body = appendKeyframe(body, h, e.columns, e.now, e.cells[:0], nil)
	e.cells = h.Columns
	return body
}

// appendKeyframe is Keyframe of any image, with room for the header's columns,
// and, if it is wanted, the image's digest: each column is read block by block,
// for its digest and for its narrowest type while the block is near.
func appendKeyframe(body []byte, h *Header, columns []Column, im *Image, cells []Cell, sum *uint32) []byte {
	for i := range columns {
		c, b := &columns[i], im.Columns[i]
		var w widest
		for at := 0; at < len(b); at += blockBytes {
			block := b[at:min(at+blockBytes, len(b))]
			if sum != nil {
				*sum = crc32.Update(*sum, crc32.IEEETable, block)
			}
			w.see(c.Type, block)
		}
		t := w.narrowest(c.Type)
		cell := Cell{Name: c.Name, Type: t.String(), Offset: int64(len(body))}
		if t == c.Type {
			body = append(body, b...)
		} else {
			cell.Of = c.Type.String()
			body = appendPacked(body, b, t.Size())
		}
		cell.Length = int64(len(body)) - cell.Offset
		body = align(body)
		cells = append(cells, cell)
	}
	h.Kind, h.Rows, h.Sets, h.Columns = Keyframe, im.Rows, nil, cells
	return body
}

// blockBytes stay in the nearest cache from one reading to the next.
const blockBytes = 16 << 10

// Delta appends the body of what changed between the two images and fills in
// Rows, Sets and Columns of its header, which are good until the next frame.
// Columns that did not change are left out.
func (e *Encoder) Delta(h *Header, body []byte) []byte {
	e.sets, e.cells = e.sets[:0], e.cells[:0]
	for i := range e.columns {
		breadths := e.compare(i)
		if len(e.values) == 0 {
			continue
		}
		var set int
		set, body = e.set(body)
		body = e.change(&e.columns[i], set, breadths, body)
	}
	h.Kind, h.Rows, h.Sets, h.Columns = Delta, e.now.Rows, e.sets, e.cells
	return body
}

// breadths say how wide values and differences of a column's changes are.
type breadths struct{ values, diffs uint64 }

// compare finds the changes of a column: which rows, their values, and for
// int64 how much was added.
func (e *Encoder) compare(column int) breadths {
	old, now := e.before.Columns[column], e.now.Columns[column]
	n := (e.now.Rows + 63) / 64 * 8
	e.bits = grow(e.bits[:0], n)
	e.values, e.diffs = e.values[:0], e.diffs[:0]
	if size := e.columns[column].Type.Size(); size != 8 {
		return e.compareNarrow(old, now, e.columns[column].Type)
	}
	var all breadths
	for page := range n / 8 {
		first, last := page*512, min(page*512+512, len(now))
		was, is := old[first:last], now[first:last]
		var set uint64
		if !bytes.Equal(was, is) {
			set = differ(was, is)
			e.collect(set, was, is, e.columns[column].Type, &all)
		}
		little.PutUint64(e.bits[page*8:], set)
	}
	return all
}

// differ returns which of up to 64 values of 8 bytes differ.
func differ(was, is []byte) (set uint64) {
	for at := uint(0); len(was) >= 8 && len(is) >= 8; at++ {
		d := little.Uint64(was) ^ little.Uint64(is)
		set |= (d | -d) >> 63 << (at & 63)
		was, is = was[8:], is[8:]
	}
	return set
}

// collect adds a page's changes to those of a column.
func (e *Encoder) collect(set uint64, was, is []byte, t ecs.Type, all *breadths) {
	values, diffs := e.values, e.diffs
	for ; set != 0; set &= set - 1 {
		at := bits.TrailingZeros64(set) * 8
		v, w := little.Uint64(is[at:]), little.Uint64(was[at:])
		d := v - w
		values, diffs = append(values, v), append(diffs, d)
		if t == ecs.Int64 {
			all.values |= breadth(v)
			all.diffs |= breadth(d) | uint64(int64((v^w)&(v^d))>>63)
		} else {
			all.values |= v
		}
	}
	e.values, e.diffs = values, diffs
}

func (e *Encoder) compareNarrow(old, now []byte, t ecs.Type) (all breadths) {
	size := t.Size()
	for page := range len(e.bits) / 8 {
		first, last := page*64*size, min((page+1)*64*size, len(now))
		was, is := old[first:last], now[first:last]
		var set uint64
		if !bytes.Equal(was, is) {
			for at := 0; at < len(is); at += size {
				v := word(t, is[at:])
				if v != word(t, was[at:]) {
					set |= 1 << (at / size)
					e.values = append(e.values, v)
				}
			}
		}
		little.PutUint64(e.bits[page*8:], set)
	}
	return all
}

// set writes which rows changed, unless the set before is the same, and
// returns its index. Few rows are written as numbers, more as bits.
func (e *Encoder) set(body []byte) (int, []byte) {
	s := Span{Type: setBits, Offset: int64(len(body)), Length: int64(e.now.Rows+7) / 8}
	if int64(len(e.values))*4 < s.Length {
		s.Type = setRows
		e.rows = e.rows[:0]
		for page := range len(e.bits) / 8 {
			for set := little.Uint64(e.bits[page*8:]); set != 0; set &= set - 1 {
				e.rows = append(e.rows, uint64(page*64+bits.TrailingZeros64(set)))
			}
		}
		body = appendWords(body, e.rows, 4)
		s.Length = int64(len(body)) - s.Offset
	} else {
		body = append(body, e.bits[:s.Length]...)
	}
	if last := len(e.sets) - 1; last >= 0 {
		l := e.sets[last]
		if l.Type == s.Type && bytes.Equal(body[l.Offset:l.Offset+l.Length], body[s.Offset:]) {
			return last, body[:s.Offset]
		}
	}
	e.sets = append(e.sets, s)
	return len(e.sets) - 1, align(body)
}

// change writes the changes of a column: the values, or, of int64, what was
// added if that is narrower.
func (e *Encoder) change(c *Column, set int, all breadths, body []byte) []byte {
	t, values, add := c.Type, e.values, false
	switch c.Type {
	case ecs.Int64:
		t = signedOf(all.values)
		if d := signedOf(all.diffs); d < t {
			t, values, add = d, e.diffs, true
		}
	case ecs.Uint64:
		t = unsignedOf(all.values)
	}
	cell := Cell{Name: c.Name, Type: t.String(), Offset: int64(len(body)), Set: set, Add: add}
	if t != c.Type {
		cell.Of = c.Type.String()
	}
	body = appendWords(body, values, t.Size())
	cell.Length = int64(len(body)) - cell.Offset
	e.cells = append(e.cells, cell)
	return align(body)
}
