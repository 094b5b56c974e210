package ecs

import "fmt"

// LimitError says that a run met one of its limits. It ends the run.
type LimitError struct {
	Limit string // what is limited
	Max   int64
	Unit  string
	Where string // who or what met it
}

func (e *LimitError) Error() string {
	s := fmt.Sprintf("limit reached: %s: at most %d", e.Limit, e.Max)
	if e.Unit != "" {
		s += " " + e.Unit
	}
	if e.Where != "" {
		s += ", met by " + e.Where
	}
	return s
}
