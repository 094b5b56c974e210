package netsync

import (
	"fmt"

	"orrery/ecs"
)

// Column is a column of a table.
type Column struct {
	Name   string
	Type   ecs.Type
	Unit   string   // for people, as "ns"
	Labels []string // what the values 0, 1, … are called, if they are names
}

// Image is the columns of a table at a tick. Whoever fills one owns it until it
// is published; another, of the same table, then comes back.
type Image struct {
	Tick    ecs.Tick
	Rows    int
	Columns [][]byte // little-endian, full width, as many as the table has
	lent    int      // to drafts that are being written
}

func newImage(columns int) *Image { return &Image{Columns: make([][]byte, columns)} }

// Resize makes every column long enough for a number of rows. What is in them
// after a change of the number is not said.
func (im *Image) Resize(columns []Column, rows int) {
	if rows < 0 || rows > MaxRows {
		panic(fmt.Sprintf("netsync: a table of %d rows; there are up to %d", rows, MaxRows))
	}
	im.Rows = rows
	for i := range columns {
		n := rows * columns[i].Type.Size()
		if cap(im.Columns[i]) < n {
			im.Columns[i] = make([]byte, n)
		}
		im.Columns[i] = im.Columns[i][:n]
	}
}

// bytes is how much the columns are.
func (im *Image) bytes() int64 {
	var n int64
	for _, c := range im.Columns {
		n += int64(len(c))
	}
	return n
}

// Digest is the CRC-32 (IEEE 802.3, as in zlib) of all columns in order, of
// full width. It is what standard libraries have, and at memory's speed here:
// it finds errors of programs, and is no defence against who means harm.
func (im *Image) Digest() uint32 { return digest(im.Columns) }
