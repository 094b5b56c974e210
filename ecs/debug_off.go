//go:build !debug

package ecs

// Debug says whether the checks of -tags debug are compiled in.
const Debug = false

// tableDebug watches a table's memory under -tags debug.
type tableDebug struct{}

func (tableDebug) moved(*Table)          {}
func (tableDebug) verify(*World, *Table) {}

// viewDebug knows, under -tags debug, whether a view is still good.
type viewDebug struct{}

func (viewDebug) of(*Table) viewDebug { return viewDebug{} }
func (viewDebug) check()              {}
