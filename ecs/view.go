package ecs

// View is a program's state column for who keeps it longer than a moment. It
// dies when the table's epoch changes; under -tags debug reading it then
// panics, and otherwise it is the slice and costs nothing.
type View[S any] struct {
	debug viewDebug
	rows  []S
}

// ViewOf returns a program's state column as [Column] does, to be kept.
func ViewOf[S any](w *World, id ProgramID) View[S] {
	rows := Column[S](w, id)
	return View[S]{viewDebug{}.of(w.programs[id].state), rows}
}

// Rows returns the column, a row a node, for reading between ticks.
func (v View[S]) Rows() []S {
	v.debug.check()
	return v.rows
}
