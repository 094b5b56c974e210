package main

import (
	"orrery/ecs"
	"orrery/scheduler"
)

// wayTicks is how many ticks go by between two looks at the clock.
const wayTicks = 16

// way is a run that is taken to a tick again: it shows how far that is, and the
// user may interrupt it.
type way struct {
	edge  *edge
	run   *scheduler.Run
	until ecs.Tick
	ticks int // since the last look
	bar   bar
}

func newWay(e *edge, run *scheduler.Run, until ecs.Tick) *way {
	return &way{edge: e, run: run, until: until, bar: bar{wanted: e.terminal, length: run.World.Config().TickLength}}
}

// before is called with each tick that is next.
func (w *way) before(next ecs.Tick) error {
	if w.edge.interrupted() {
		return errInterrupted
	}
	if w.ticks++; w.ticks%wayTicks == 0 && w.until > 0 {
		w.bar.draw(w.edge, next, w.until)
	}
	return nil
}
