package main

import (
	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler"
)

// carryOut does what a client has asked for, at the boundary of a tick.
func (l *live) carryOut(e *edge, d *driver, c *publish.Command) {
	var result any
	var failed *netsync.Error
	at, pending := d.run.World.Tick(), false
	switch c.Do {
	case netsync.DoExport:
		failed = l.station.Select(c)
	case netsync.DoUnexport: // the station's alone
	case netsync.DoPause:
		l.paused, l.steps = true, 0
	case netsync.DoResume:
		l.paused, l.steps = false, 0
		failed = l.setPace(e, d, l.pace)
	case netsync.DoStep:
		l.paused, l.steps = true, max(0, at)+min(ecs.Tick(c.Ticks), ecs.Never) // which is after any end
	case netsync.DoPace:
		failed = l.setPace(e, d, *c.Pace)
	case netsync.DoFault:
		if failed = l.replaying(); failed == nil {
			at, failed = l.fault(&c.Request)
		}
	case netsync.DoGet:
		result, failed = l.get(&c.Request)
	case netsync.DoOutcome:
		at, pending, result, failed = l.outcome(c)
	case netsync.DoGo:
		if failed = l.goTo(c); failed == nil {
			return // it has its reply, or has it on arrival
		}
	default:
		if failed = l.replaying(); failed == nil {
			at, pending, failed = l.act(c)
		}
	}
	if failed != nil { // nothing takes effect
		at = d.run.World.Tick()
	}
	if !pending {
		l.reply(c, at, result, failed)
	}
}

// replaying refuses what acts on a replay.
func (l *live) replaying() *netsync.Error {
	if !l.replays {
		return nil
	}
	return publish.Refuse(netsync.CodeRefused, "a replay goes as its trace says", "sim run --from TRACE --at MOMENT --publish goes another way on")
}

// afterwards does what can be done once the run has ended: look, and in a replay
// go to another moment.
func (l *live) afterwards(c *publish.Command) {
	var result any
	var failed *netsync.Error
	at := l.run.World.Tick()
	switch {
	case c.Do == netsync.DoExport:
		failed = l.station.Select(c)
	case c.Do == netsync.DoUnexport:
	case c.Do == netsync.DoGet:
		result, failed = l.get(&c.Request)
	case c.Do == netsync.DoOutcome:
		at, _, result, failed = l.outcome(c) // none is under way
	case c.Do == netsync.DoGo && l.replays:
		if failed = l.goTo(c); failed == nil {
			return
		}
	case c.Do == netsync.DoGo:
		failed = publish.Refuse(netsync.CodeRefused, "the run has ended", "of its trace, sim replay TRACE --publish goes to any moment, and sim run --from TRACE --at MOMENT --publish goes on from one")
	case (c.Do == netsync.DoPause || c.Do == netsync.DoResume) && l.replays:
		l.paused = c.Do == netsync.DoPause
	default:
		failed = publish.Refuse(netsync.CodeRefused, "the run has ended", "run it again, and ask while it goes on")
	}
	c.Done(max(0, at), result, failed)
}

// setPace sets the pace from now on; 0 is as fast as it goes.
func (l *live) setPace(e *edge, d *driver, pace float64) *netsync.Error {
	if pace == 0 {
		l.pace, d.pacer = 0, nil
		return nil
	}
	p, err := scheduler.NewPacer(pace, d.run.World.Config().TickLength, ecs.Nanoseconds(e.now()), max(0, d.run.World.Tick()))
	if err != nil {
		return publish.Refuse(netsync.CodeRange, err.Error(), "1 is in step with the clock")
	}
	l.pace, d.pacer = pace, p
	return nil
}
