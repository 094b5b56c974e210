package main

import (
	"errors"

	"orrery/ecs"
	"orrery/scenario"
)

// errInterrupted ends a replay that the user interrupts.
var errInterrupted = errors.New("interrupted")

// perform is a replay that viewers look at. What the trace says is verified all
// the same.
func (o *replayFlags) perform(e *edge, name string) error {
	if len(o.show) > 0 {
		return wrongUsage("--show prints a moment; with --publish viewers look at it: sim view")
	}
	t, err := openTrace(name)
	if err != nil {
		return err
	}
	defer t.file.Close()
	t.warn(e)
	s, err := t.load(nil)
	if err != nil {
		return err
	}
	p := performance{edge: e, trace: t, scenario: s, from: t.Begin(), until: t.Last(s.Run), stays: o.publish.stay}
	if o.until > 0 {
		p.until = min(p.until, s.Run.Ticks(ecs.Nanoseconds(o.until)))
	}
	if o.goes {
		if p.from, err = t.moment(s, o.at); err != nil {
			return err
		}
	}
	l, err := o.publish.begin(e, s)
	if err != nil {
		return err
	}
	l.replays, l.begin, l.until, l.pace = true, max(0, t.Begin()), p.until, o.pace
	p.driver = driver{run: s.Run, until: p.until, live: l}
	p.viewers = o.publish.viewers
	err = p.show()
	if closed := l.end(e, false); err == nil {
		err = closed
	}
	t.warn(e)
	switch {
	case errors.Is(err, errInterrupted):
		e.say("interrupted at %s of %s", momentOf(s, s.Run.World.Tick()), momentOf(s, p.until))
		return &ending{code: exitFailed}
	case err != nil:
		return t.parted(err)
	}
	return nil
}

// show plays the trace, says what came of it, and stays if it is to, playing
// again when a viewer goes back. An interrupt after the end is none of it.
func (p *performance) show() error {
	for ended := false; ; ended = true {
		n, err := p.play()
		if ended && errors.Is(err, errInterrupted) {
			return nil
		}
		if err != nil {
			return err
		}
		if !ended {
			p.edge.print("%s: the same: %s verified, up to %s\n", p.trace.name, many(n, "digest"), momentOf(p.scenario, p.scenario.Run.World.Tick()))
		}
		if err := p.edge.out.Flush(); err != nil || !p.stays {
			return err
		}
		p.driver.live.stay(p.edge)
		if !p.driver.live.isLeaving() {
			return nil
		}
		if err := p.leave(); err != nil {
			return err
		}
	}
}

// performance is a replay under way.
type performance struct {
	edge        *edge
	driver      driver
	trace       *readTrace
	scenario    *scenario.Scenario
	from, until ecs.Tick
	viewers     int  // to wait for
	began       bool // to be seen
	stays       bool // after the end
}

// errLeaving ends the way up to where a viewer wants to be elsewhere.
var errLeaving = errors.New("a viewer goes to another moment")

// play goes to the end, wherever viewers go on the way.
func (p *performance) play() (verified int, err error) {
	for {
		n, err := p.trace.Play(p.driver.run, p.from, p.until, p.before)
		verified += n
		if errors.Is(err, errLeaving) {
			if err := p.leave(); err != nil {
				return verified, err
			}
			continue
		}
		if err == nil && p.driver.live.isLeaving() {
			p.driver.live.arrived(p.edge, &p.driver)
		}
		if err == nil && p.until == p.trace.Last(p.driver.run) {
			verified, err = p.trace.End(p.driver.run, verified)
		}
		return verified, err
	}
}

// leave takes the run back to its start, from where it is played to the goal.
func (p *performance) leave() error {
	p.from = p.driver.live.goal
	return p.driver.run.Restore(p.driver.live.start)
}

// before waits until viewers may see the next tick. On the way to where it
// begins, or where a viewer goes, it waits for nobody.
func (p *performance) before(next ecs.Tick) error {
	if p.edge.interrupted() {
		return errInterrupted
	}
	if next <= p.from {
		return nil
	}
	if run := p.driver.run; run.World.Tick() < p.from && run.Next() > p.from { // nothing is due up to there
		if err := run.RunUntil(p.from); err != nil {
			return err
		}
	}
	if p.driver.live.isLeaving() {
		p.driver.live.arrived(p.edge, &p.driver)
	}
	if !p.began {
		p.began = true
		p.driver.live.await(p.edge, &p.driver, p.viewers)
		p.driver.live.setPace(p.edge, &p.driver, p.driver.live.pace)
	}
	for !p.edge.interrupted() {
		until, ok := p.driver.live.serve(p.edge, &p.driver)
		if p.driver.live.isLeaving() {
			return errLeaving
		}
		if !ok {
			p.edge.sleep(p.edge.ctx, liveSlice)
			continue
		}
		reached := p.driver.target(p.edge, until)
		if next <= reached {
			return nil
		}
		if reached > p.driver.run.World.Tick() && p.driver.run.Next() > reached { // nothing is due
			if err := p.driver.run.RunUntil(reached); err != nil {
				return err
			}
			continue
		}
		p.edge.sleep(p.edge.ctx, liveSlice)
	}
	return errInterrupted
}
