//go:build !debug

package ecs

// Debug says whether the checks of -tags debug are compiled in.
const Debug = false

// tableDebug watches a table's memory under -tags debug.
type tableDebug struct{}

func (tableDebug) moved(*Table)  {}
func (tableDebug) verify(*Table) {}
