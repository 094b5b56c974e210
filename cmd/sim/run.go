package main

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scenario/value"
	"orrery/scheduler"
	"orrery/systems"
)

var runCommand = command{
	name: "run", args: "SCENARIO", takes: takesScenarios,
	brief: "run a scenario, and say what came of it",
	about: `The scenario is a .star file, or - for stdin. The same scenario, seed and flags
give the same digest on any machine. An interrupt (Ctrl-C) ends the run after
the tick under way, with a summary.

Exit: 0 fine, 1 interrupted or a file could not be written, 2 an error of the
scenario or the command line, 3 an invariant was broken, 4 an eventually was
not met. What was broken or not met before an interrupt still counts.`,
	examples: []example{
		{"sim run ring.star", "run it with a seed drawn for you"},
		{"sim run ring.star --seed 7 --until 2s", "the first two seconds of run 7"},
		{"sim run ring.star --set nodes=50 --set loss=0.1", "with other values of its flags"},
		{"sim run ring.star --pace 0.5", "watch it at half of real time"},
		{"sim run ring.star --seed 7 --json | jq .messages", "for other programs"},
		{"sim run ring.star --plot ring.svg", "with its series as a picture"},
		{"sim run ring.star --trace ring.mcap", "and keep it, to go back in it"},
		{"sim run --from ring.mcap --at 1.5s --reseed 9", "another way on from there"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o runFlags
		o.declare(f, "what all draws come from, 0 to 2^64-1; drawn and shown if not given")
		f.Var(span{&o.until}, "until", "how long to simulate, as 10s or 500ms, instead of what the scenario says")
		f.Var(pace{&o.pace}, "pace", "simulated time a unit of real time: 1 is real time; as fast as it goes if not given")
		f.BoolVar(&o.json, "json", false, "print the summary as one JSON object")
		f.StringVar(&o.plot, "plot", "", "draw the series to this SVG `file`")
		f.BoolVar(&o.ascii, "ascii", false, "draw the series with plain letters")
		f.BoolVar(&o.quiet, "quiet", false, "only results and errors: no log of the scenario, no progress")
		o.trace.declare(f)
		o.from.declare(f)
		o.publish.declare(f)
		o.declareLimits(f)
		return func(e *edge, args []string) error {
			o.seeded = f.Changed("seed")
			o.from.reseeded = f.Changed("reseed")
			return o.run(e, args)
		}
	},
}

type runFlags struct {
	worldFlags
	trace              traceFlags
	from               fromFlags
	publish            publishFlags
	seeded             bool
	until              value.Duration
	pace               float64
	plot               string
	json, ascii, quiet bool
}

// run is sim run: load, drive, sum up.
func (o *runFlags) run(e *edge, args []string) error {
	if err := o.publish.check(); err != nil {
		return err
	}
	if o.from.trace != "" {
		return o.runFrom(e, args)
	}
	if err := o.from.alone(); err != nil {
		return err
	}
	if len(args) == 0 {
		return wrongUsage("run needs a scenario: sim run ring.star")
	}
	if len(args) > 1 {
		return wrongUsage("run takes one scenario, and there are %d arguments; see sim help run", len(args))
	}
	if err := readable(args[0]); err != nil {
		return err
	}
	if o.plot != "" {
		if err := writable("--plot", o.plot); err != nil {
			return err
		}
	}
	if !o.seeded {
		o.seed = e.draw()
		if !o.quiet {
			e.say("seed %d, drawn", o.seed)
		}
	}
	s, err := e.load(args[0], &o.worldFlags)
	if err != nil {
		if failed := o.printFailure(e, args[0], err); failed != nil {
			return failed
		}
		return err
	}
	return o.carryOut(e, &result{scenario: s, name: args[0], flags: o})
}

// carryOut runs what is loaded, and sums up.
func (o *runFlags) carryOut(e *edge, r *result, about ...[2]string) (err error) {
	if r.until, err = o.end(r.scenario); err != nil {
		return err
	}
	if r.trace, err = o.trace.begin(e, r.scenario, about...); err != nil {
		return err
	}
	if r.live, err = o.publish.begin(e, r.scenario); err != nil {
		r.trace.dropped()
		return err
	}
	if r.live != nil && r.trace != nil {
		r.branches = []branch{{r.trace.name, r.live.begin}}
	}
	defer func() {
		if closed := r.live.end(e, o.publish.stay); err == nil {
			err = closed
		}
	}()
	err = o.drive(e, r)
	var late unwritten
	if r.ended && errors.As(err, &late) { // the run itself is whole
		return o.sumUpUnwritten(e, r, late)
	}
	if err != nil {
		if !o.quiet {
			e.log(r.scenario)
		}
		e.report(err)
		if failed := o.printFailure(e, r.name, err); failed != nil {
			return failed
		}
		if !errors.As(err, new(unwritten)) {
			e.say("to see it again: %s", r.again(0))
		}
		return &ending{code: exitCode(err)}
	}
	return o.sumUp(e, r)
}

// sumUpUnwritten sums up a run whose trace could not be ended. What came of the
// run decides how it ends, if it is worse.
func (o *runFlags) sumUpUnwritten(e *edge, r *result, late unwritten) error {
	err := o.sumUp(e, r)
	e.report(late)
	if err == nil {
		err = &ending{code: exitFailed}
	}
	return err
}

// end returns the last tick, from the command line or the scenario.
func (o *runFlags) end(s *scenario.Scenario) (ecs.Tick, error) {
	if o.plot != "" && len(s.Series) == 0 {
		return 0, wrongUsage(`--plot: %s has no series to draw; give it one: series("name", lambda: …, every = "100ms")`, s.Name)
	}
	if o.until > 0 {
		return s.Run.Ticks(ecs.Nanoseconds(o.until)), nil
	}
	if s.Until == 0 {
		return 0, wrongUsage(`%s does not say when it ends; end it with run(until = "10s"), or give --until 10s`, s.Name)
	}
	return s.Until, nil
}

func (o *runFlags) drive(e *edge, r *result) error {
	run := r.scenario.Run
	d := driver{run: run, until: r.until, trace: r.trace, bar: bar{wanted: e.terminal && !o.quiet, length: run.World.Config().TickLength}}
	began := e.now()
	if o.pace > 0 {
		var err error
		d.pacer, err = scheduler.NewPacer(o.pace, run.World.Config().TickLength, ecs.Nanoseconds(began), max(0, run.World.Tick()))
		if err != nil {
			return err
		}
	}
	if d.live = r.live; d.live != nil {
		d.live.until, d.live.pace = r.until, o.pace
		d.leave = func() error { return r.leave(e, &d) }
		d.live.await(e, &d, o.publish.viewers)
		began = e.now()
		if err := d.live.setPace(e, &d, o.pace); err != nil {
			return err
		}
	}
	err := d.drive(e)
	r.wall = e.now() - began
	if err == nil {
		r.trace.keep()
		r.Summary = run.End()
		err = run.Failed()
		r.ended = err == nil
	} else {
		r.Summary = run.Summary()
	}
	return errors.Join(err, r.endTrace(err))
}

// sumUp prints what came of a run, draws its series, and returns how it ends.
func (o *runFlags) sumUp(e *edge, r *result) error {
	r.interrupted = r.Tick < r.until
	if r.interrupted { // then nothing that was still to hold has held
		r.Checks = r.scenario.Run.Checks.Results(false)
	}
	if !o.quiet {
		e.log(r.scenario)
	}
	if o.json {
		if err := e.printJSON(r.object()); err != nil {
			return err
		}
	} else {
		e.print("%s", r.text(paper(e, o.ascii)))
	}
	if o.plot != "" {
		if err := e.drawSeries(r, o.plot); err != nil {
			return err
		}
	}
	if err := e.out.Flush(); err != nil { // before what follows on stderr
		return err
	}
	if !o.quiet {
		e.warn(r.warnings())
	}
	return r.ending(e)
}

// ending reports what makes a run fail: what is worst, and the line that shows
// it again.
func (r *result) ending(e *edge) error {
	code := exitFine
	for _, c := range r.Checks {
		switch {
		case c.Outcome == systems.Broken:
			e.say("%s %q was broken at %s%s; to see it: %s", c.Kind, c.Name, r.time(c.At), r.witness(&c), r.again(c.At))
			code = exitBroken
		case c.Outcome == systems.Unmet && c.Kind == systems.EventuallyHolds:
			e.say("%s %q was not met by %s; to see it: %s", c.Kind, c.Name, r.time(c.At), r.again(c.At))
			if code == exitFine {
				code = exitUnmet
			}
		}
	}
	if r.interrupted {
		e.say("interrupted at %s of %s", r.time(r.Tick), r.time(r.until))
		if code == exitFine {
			code = exitFailed
		}
	}
	if code == exitFine {
		return nil
	}
	return &ending{code: code}
}

// result is a run that has ended.
type result struct {
	scheduler.Summary
	scenario    *scenario.Scenario
	trace       *traceFile // nil: it is not kept
	branches    []branch   // a published run's traces, in order of coming
	live        *live      // nil: it is not published
	name        string     // as the user typed it
	flags       *runFlags
	until       ecs.Tick
	wall        time.Duration
	ended       bool // without a failure
	interrupted bool
}

// time is when a tick is.
func (r *result) time(t ecs.Tick) value.Duration {
	return value.Duration(r.scenario.Run.World.Time(max(0, t)))
}

// fileAt is the trace that has what the run was at a tick, or, of tick 0, that of
// how it ended: one of its own, if it went back, or what it goes on from, if its
// checks bring something along from there. It is empty if it has none.
func (r *result) fileAt(t ecs.Tick) string {
	if len(r.branches) == 0 {
		return r.flags.trace.file
	}
	if t == 0 {
		return r.branches[len(r.branches)-1].name
	}
	if b := r.branchAt(t); b != nil {
		return b.name
	}
	return r.flags.from.trace
}

// again is the line that reproduces the run, up to a tick if that is not 0. What
// somebody outside did to it its trace alone has.
func (r *result) again(t ecs.Tick) string {
	until := r.flags.until
	if t > 0 {
		until = r.time(t)
	}
	file := r.fileAt(t)
	switch {
	case r.live == nil || !r.live.acted:
	case file != "" && t > 0:
		return "sim replay " + quote(file) + " --at " + r.time(t).String()
	case file != "":
		return "sim replay " + quote(file)
	default:
		return "no line shows it again: there were acts from outside, and it has no trace; give it one with --trace FILE, and sim replay FILE does"
	}
	if r.flags.from.trace != "" {
		return r.flags.againFrom(until)
	}
	return again(r.name, &r.flags.worldFlags, until)
}
