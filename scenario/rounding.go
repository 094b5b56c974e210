package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// Rounding is a wait that rounding up to ticks made longer by over 1%.
type Rounding struct {
	Word string // every, after, delay
	Wait ecs.Nanoseconds
	Took ecs.Nanoseconds
}

func (r Rounding) String() string {
	return fmt.Sprintf("%s %s took %s", r.Word, value.Duration(r.Wait), value.Duration(r.Took))
}

// Roundings returns the first wait of each word that was made longer by over
// 1%: enough to see that ticks are too long, where a script draws its waits.
// What a run went through counts; they are no state of it.
func (s *Scenario) Roundings() []Rounding { return s.script.roundings }

// wait is a duration to wait for, which is not negative.
func (s *script) wait(word string, v starlark.Value) (ecs.Nanoseconds, error) {
	d, err := span(v)
	if err == nil {
		s.round(word, d)
	}
	return d, err
}

// round notes what rounding does to a wait. It is always at least a tick.
func (s *script) round(word string, d ecs.Nanoseconds) {
	length := s.run.World.Config().TickLength
	if slices.ContainsFunc(s.roundings, func(r Rounding) bool { return r.Word == word }) {
		return
	}
	took := (d + length - 1) / length * length
	if d > 0 && (took-d)*100 > d {
		s.roundings = append(s.roundings, Rounding{word, d, took})
	}
}
