package scheduler

import (
	"fmt"

	"orrery/ecs"
)

// Pacer says how far a run should have come by a given moment. It knows no
// clock: now is an argument, in nanoseconds of any clock that does not go
// back.
type Pacer struct {
	pace   float64 // simulated time a unit of wall time
	length ecs.Nanoseconds
	from   ecs.Nanoseconds // wall time of the start
	tick   ecs.Tick        // tick of the start
}

// NewPacer starts at a tick now. A pace of 1 is real time, 0.1 ten times
// slower; it must be positive.
func NewPacer(pace float64, tickLength, now ecs.Nanoseconds, tick ecs.Tick) (*Pacer, error) {
	if !(pace > 0) || pace > 1e9 {
		return nil, fmt.Errorf("a pace of %v: it must be above 0, and at most 1e9", pace)
	}
	return &Pacer{pace: pace, length: tickLength, from: now, tick: tick}, nil
}

// Target returns the tick that the run should have reached by now.
func (p *Pacer) Target(now ecs.Nanoseconds) ecs.Tick {
	passed := float64(float64(max(0, now-p.from)) * p.pace)
	return p.tick + ecs.Tick(min(passed/float64(p.length), float64(ecs.Never/2)))
}

// Wake returns when a tick is due by the clock: how long one may sleep.
func (p *Pacer) Wake(t ecs.Tick) ecs.Nanoseconds {
	wait := float64(float64(t-p.tick)*float64(p.length)) / p.pace
	return p.from + ecs.Nanoseconds(min(wait, 1<<62))
}

// SetPace changes the pace from now on, without a jump.
func (p *Pacer) SetPace(pace float64, now ecs.Nanoseconds) error {
	next, err := NewPacer(pace, p.length, now, p.Target(now))
	if err == nil {
		*p = *next
	}
	return err
}
