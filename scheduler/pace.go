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
	part   float64         // of a tick that had passed at the start: 0 to 1
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
	whole, _ := p.passed(now)
	return p.tick + whole
}

// passed returns the ticks since the start, and the part of the one under way.
func (p *Pacer) passed(now ecs.Nanoseconds) (whole ecs.Tick, part float64) {
	ticks := float64(float64(max(0, now-p.from))*p.pace)/float64(p.length) + p.part
	ticks = min(ticks, float64(ecs.Never/2))
	whole = ecs.Tick(ticks)
	return whole, ticks - float64(whole)
}

// maxWait is how far ahead a tick's time is looked for: 73 years of
// nanoseconds.
const maxWait = 1 << 61

// Wake returns when a tick is due by the clock: the first moment at which it
// is Target. It searches for it, so that rounding cannot let a sleeper wake a
// moment too early and find nothing to do.
func (p *Pacer) Wake(t ecs.Tick) ecs.Nanoseconds {
	early, late := p.from-1, p.from+maxWait
	for late-early > 1 {
		middle := early + (late-early)/2
		if p.Target(middle) < t {
			early = middle
		} else {
			late = middle
		}
	}
	return late
}

// SetPace changes the pace from now on, without a jump: what has passed of the
// tick under way stays.
func (p *Pacer) SetPace(pace float64, now ecs.Nanoseconds) error {
	next, err := NewPacer(pace, p.length, now, p.tick)
	if err != nil {
		return err
	}
	whole, part := p.passed(now)
	next.tick, next.part = p.tick+whole, part
	*p = *next
	return nil
}
