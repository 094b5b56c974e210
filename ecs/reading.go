package ecs

import "math"

// Reading is a moment up to which somebody has read a world's tables, for who
// keeps a copy of rows and wants only those that may be others since. The zero
// Reading is before all. A reading of one world says nothing about another, and
// nothing about rows that were added, or have moved: see [Table.Epoch].
type Reading uint32

// Read begins to tell what changes from now on from what did before. It is for
// use between two ticks, and changes nothing that a run can notice.
func (w *World) Read() Reading {
	r := Reading(w.generation)
	w.age()
	return r
}

// age begins a new generation of marks. When there are no more, all rows count
// as changed, and who has read them before finds every page so.
func (w *World) age() {
	if w.generation++; w.generation < math.MaxUint32 {
		return
	}
	w.generation = 2
	for _, t := range w.tables {
		t.summed = 0
		for page := range t.marks {
			t.marks[page] = 1
		}
	}
}

// ChangedSince reports whether some of the rows from first up to, and without,
// last may have changed since a reading. It goes by pages of [PageRows] rows.
func (t *Table) ChangedSince(r Reading, first, last int) bool {
	if r == 0 || r >= Reading(t.world.generation) {
		return true
	}
	for page := first >> pageShift; page<<pageShift < last; page++ {
		if Reading(t.marks[page]) > r {
			return true
		}
	}
	return false
}
