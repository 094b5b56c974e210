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
	p := performance{edge: e, trace: t, scenario: s, from: t.Begin(), until: t.Last(s.Run)}
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
	l.replays, l.until, l.pace = true, p.until, o.pace
	p.driver = driver{run: s.Run, until: p.until, live: l}
	p.viewers = o.publish.viewers
	n, err := p.play()
	if closed := l.end(e, o.publish.stay && err == nil); err == nil {
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
	e.print("%s: the same: %s verified, up to %s\n", t.name, many(n, "digest"), momentOf(s, s.Run.World.Tick()))
	return nil
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
}

func (p *performance) play() (int, error) {
	n, err := p.trace.Play(p.driver.run, p.from, p.until, p.before)
	if err == nil && p.until == p.trace.Last(p.driver.run) {
		n, err = p.trace.End(p.driver.run, n)
	}
	return n, err
}

// before waits until viewers may see the next tick. On the way to where it
// begins it waits for nobody.
func (p *performance) before(next ecs.Tick) error {
	if next <= p.from {
		return nil
	}
	if !p.began {
		p.began = true
		p.driver.live.await(p.edge, &p.driver, p.viewers)
		p.driver.live.setPace(p.edge, &p.driver, p.driver.live.pace)
	}
	for !p.edge.interrupted() {
		until, ok := p.driver.live.serve(p.edge, &p.driver)
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
