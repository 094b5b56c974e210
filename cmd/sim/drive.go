package main

import (
	"time"

	"orrery/ecs"
	"orrery/scheduler"
)

const (
	// sliceTime is how long a run goes on between two looks at the user. The
	// clock is asked after every tick: how much the next one does cannot be
	// told from the last.
	sliceTime = 20 * time.Millisecond
	// refresh is how often the bar is drawn, and a paced run wakes at least.
	refresh = 100 * time.Millisecond
)

// driver takes a run up to a tick. How it is cut into slices changes nothing
// in it.
type driver struct {
	run   *scheduler.Run
	until ecs.Tick
	pacer *scheduler.Pacer // nil: as fast as it goes
	bar   bar
	trace *traceFile   // nil: none is written
	live  *live        // nil: nobody watches
	leave func() error // takes the run to where a viewer wants it
}

// drive runs until the end or the user's interrupt, whichever is first.
func (d *driver) drive(e *edge) error {
	defer d.bar.clear(e)
	for d.run.World.Tick() < d.until && !e.interrupted() {
		d.bar.draw(e, d.run.World.Tick(), d.until)
		until, ok := d.live.serve(e, d)
		if d.live.isLeaving() {
			if err := d.leave(); err != nil {
				return err
			}
			continue
		}
		if !ok {
			e.sleep(e.ctx, liveSlice)
			continue
		}
		t := d.target(e, until)
		if t <= d.run.World.Tick() {
			e.sleep(e.ctx, d.wait(e))
			continue
		}
		if err := d.slice(e, t); err != nil {
			return err
		}
		if err := d.trace.flush(e.now()); err != nil {
			return err
		}
	}
	return d.settle()
}

// settle does what clients were told is done in the next tick, of a run that goes no
// further.
func (d *driver) settle() error {
	if d.live == nil {
		return nil
	}
	if d.run.World.Tick() < d.live.owed {
		if err := d.run.RunUntil(min(d.live.owed, d.until)); err != nil {
			return err
		}
	}
	return d.pay()
}

// pay tells clients what was done up to now, if the trace has it.
func (d *driver) pay() error {
	if d.live == nil || len(d.live.dues) == 0 {
		return nil
	}
	if err := d.trace.err(); err != nil {
		return err
	}
	d.live.pay(d.run.World.Tick())
	return nil
}

// target returns the tick that the run may have reached by now.
func (d *driver) target(e *edge, until ecs.Tick) ecs.Tick {
	switch {
	case d.live.hurries():
		return min(until, d.live.hurry)
	case d.pacer == nil:
		return until
	}
	return min(until, d.pacer.Target(ecs.Nanoseconds(e.now())))
}

// wait returns how long nothing is due by the clock.
func (d *driver) wait(e *edge) time.Duration {
	next := min(d.until, d.run.Next())
	if d.live != nil {
		return min(liveSlice, time.Duration(d.pacer.Wake(next))-e.now())
	}
	return min(refresh, time.Duration(d.pacer.Wake(next))-e.now())
}

// slice runs up to a tick, or until its time is over, and one tick at least.
func (d *driver) slice(e *edge, t ecs.Tick) error {
	length := sliceTime
	if d.live != nil {
		length = liveSlice
	}
	for began := e.now(); ; {
		if d.run.Next() > t {
			return d.run.RunUntil(t)
		}
		_, err := d.run.Step()
		if err == nil {
			err = d.pay()
		}
		if err != nil || e.now()-began >= length {
			return err
		}
	}
}
