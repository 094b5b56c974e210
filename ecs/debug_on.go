//go:build debug

package ecs

import (
	"bytes"
	"fmt"
	"unsafe"
)

// Debug says whether the checks of -tags debug are compiled in.
const Debug = true

const (
	// poison fills memory that a table has left, so that who reads on sees
	// values that cannot be meant, and who writes on is found out.
	poison = 0xdb
	// maxLeft is how many memories a table has left are watched.
	maxLeft = 8
)

// tableDebug watches the memory of a table: what it has left, and what it has
// now, which is to change only where it is marked.
type tableDebug struct {
	left   []leftMemory
	shadow []byte // the rows as they were at the last checkpoint
}

type leftMemory struct {
	bytes       []byte
	epoch, then uint32 // the last in which it was the table's; the one that followed
}

// moved is called when a table is about to get other memory.
func (d *tableDebug) moved(t *Table) {
	d.checkLeft(t)
	old := t.Bytes()
	if len(old) == 0 {
		return
	}
	for i := range old {
		old[i] = poison
	}
	if len(d.left) == maxLeft {
		d.left = append(d.left[:0], d.left[1:]...)
	}
	d.left = append(d.left, leftMemory{old, t.epoch, t.epoch + 1})
}

// checkLeft panics if somebody wrote where the table no longer is.
func (d *tableDebug) checkLeft(t *Table) {
	for _, m := range d.left {
		for i, b := range m.bytes {
			if b != poison {
				panic(fmt.Sprintf("ecs: a slice of %s kept over a structural change (epoch %d to %d) was written to, at row %d; fetch it again when Table.Epoch changes", t.name, m.epoch, m.then, i/t.stride))
			}
		}
	}
}

// verify is called when a table is to be hashed: pages that are not marked
// must be as they were, or their kept sums are wrong.
func (d *tableDebug) verify(w *World, t *Table) {
	d.checkLeft(t)
	now := t.Bytes()
	for page := range t.marks {
		first := page << pageShift * t.stride
		last := min(first+PageRows*t.stride, len(now), len(d.shadow))
		if t.marks[page] <= t.summed && first < last && !bytes.Equal(now[first:last], d.shadow[first:last]) {
			d.unmarked(w, t, page)
		}
	}
	d.shadow = append(d.shadow[:0], now...)
}

func (d *tableDebug) unmarked(w *World, t *Table, page int) {
	row := page << pageShift
	for bytes.Equal(t.rowBytes(row), d.shadow[row*t.stride:(row+1)*t.stride]) {
		row++
	}
	who := fmt.Sprintf("row %d", row)
	if t.owner != nil {
		who += fmt.Sprintf(", %s", w.NodeName(t.owner.node(uint32(row))))
	}
	field := "what lies between its fields"
	for _, f := range t.fields {
		at := row*t.stride + f.Offset
		if !bytes.Equal(t.Bytes()[at:at+f.Type.Size()], d.shadow[at:at+f.Type.Size()]) {
			field = f.Name
			break
		}
	}
	panic(fmt.Sprintf("ecs: %s: page %d changed and was not marked: first %s of %s; somebody wrote a row that it was not handed in a batch (outside one, use Edit)", t.name, page, field, who))
}

func (t *Table) rowBytes(row int) []byte {
	return unsafe.Slice(t.byteAt(uint32(row)), t.stride)
}

// viewDebug knows what a view was made of, and when.
type viewDebug struct {
	table *Table
	epoch uint32
}

func (viewDebug) of(t *Table) viewDebug { return viewDebug{t, t.epoch} }

func (v viewDebug) check() {
	if v.table != nil && v.table.epoch != v.epoch {
		panic(fmt.Sprintf("ecs: a view of %s made in epoch %d was read in epoch %d: its rows have moved; make it again when Table.Epoch changes", v.table.name, v.epoch, v.table.epoch))
	}
}
