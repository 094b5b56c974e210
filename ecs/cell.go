package ecs

import (
	"fmt"
	"math"
	"unsafe"
)

// Cells of columns whose type is made at run time: a scripted program knows its
// fields by offset. Whoever writes one has been handed the row in a batch, or
// calls [World.Changed].

// StateTable returns a program's state, or nil if it declared none.
func (w *World) StateTable(id ProgramID) *Table { return w.programs[id].state }

// LifeTable returns the lives of a program's nodes, a row each, as [World.Life]
// has them.
func (w *World) LifeTable(id ProgramID) *Table { return w.programs[id].lifeTable }

// Changed marks a node's row as changed, for who wrote it outside a batch.
func (w *World) Changed(n Node) {
	p, row := w.locate(n)
	w.mark(p, row)
}

func (t *Table) cell(row, offset, size int) unsafe.Pointer {
	if uint(row) >= uint(t.rows) || uint(offset) > uint(t.stride-size) {
		panic(fmt.Sprintf("ecs: %s has no cell of %d bytes at row %d, byte %d", t.name, size, row, offset))
	}
	return unsafe.Add(t.base, row*t.stride+offset)
}

// Int64At reads an int64 at a byte of a row.
func (t *Table) Int64At(row, offset int) int64 { return *(*int64)(t.cell(row, offset, 8)) }

// SetInt64At writes an int64.
func (t *Table) SetInt64At(row, offset int, v int64) { *(*int64)(t.cell(row, offset, 8)) = v }

// Float64At reads a float64.
func (t *Table) Float64At(row, offset int) float64 {
	return math.Float64frombits(*(*uint64)(t.cell(row, offset, 8)))
}

// SetFloat64At writes a float64.
func (t *Table) SetFloat64At(row, offset int, v float64) {
	*(*uint64)(t.cell(row, offset, 8)) = math.Float64bits(v)
}

// BoolAt reads a bool.
func (t *Table) BoolAt(row, offset int) bool { return *(*bool)(t.cell(row, offset, 1)) }

// SetBoolAt writes a bool.
func (t *Table) SetBoolAt(row, offset int, v bool) { *(*bool)(t.cell(row, offset, 1)) = v }
