package trace

import (
	"errors"
	"io"

	"orrery/ecs"
	"orrery/scheduler"
)

// Record runs a run up to and including a tick, writes its trace, and sums up:
// for tests, and for whoever needs nothing in between.
func Record(to io.Writer, c Config, until ecs.Tick) (scheduler.Summary, error) {
	r, err := NewRecorder(to, c)
	if err != nil {
		return scheduler.Summary{}, err
	}
	if err = c.Run.RunUntil(until); err == nil {
		r.Keep()
	}
	s := c.Run.End()
	return s, errors.Join(err, r.Close(&s))
}
