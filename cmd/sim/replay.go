package main

import (
	"errors"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scenario/value"
	"orrery/scheduler"
	"orrery/scheduler/trace"
)

var replayCommand = command{
	name: "replay", args: "TRACE", takes: takesFiles,
	brief: "run a trace again and verify it, or go to a moment of it",
	about: `The trace alone is needed, not the files of its scenario. Every digest in it is
verified. With --at, it is gone to that moment from the nearest snapshot before,
and the state there is printed. With --publish, viewers see it go on from there,
and may stop it, go on by steps, and go to any moment of it, but not act on it.

Exit: 0 the same, 1 the trace could not be read, 2 it is none, or of another
revision, 5 the run parts from it.`,
	examples: []example{
		{"sim replay ring.mcap", "verify all of it"},
		{"sim replay ring.mcap --until 2s", "the first two seconds"},
		{"sim replay ring.mcap --at 1.5s", "what everything was then"},
		{"sim replay raft.mcap --at 3.2s --show 'server[*].term'", "one field of some nodes"},
		{"sim replay raft.mcap --at 3s --pace 0.1 --publish tcp://127.0.0.1:5570", "watch it slowly from there on"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o replayFlags
		f.Var(instant{&o.at, &o.goes}, "at", "go to this moment of simulated time, as 3.2s, and print what is there")
		f.StringArrayVar(&o.show, "show", nil, "print the fields that this `pattern` names, as 'server[*].term'; may be repeated")
		f.Var(span{&o.until}, "until", "verify up to this moment")
		f.Var(pace{&o.pace}, "pace", "with --publish: simulated time a unit of real time; as fast as it goes if not given")
		o.publish.declare(f)
		return o.run
	},
}

type replayFlags struct {
	at, until value.Duration
	goes      bool // at is given
	show      []string
	pace      float64
	publish   publishFlags
}

func (o *replayFlags) run(e *edge, args []string) error {
	if len(args) != 1 {
		return wrongUsage("replay takes one trace, and there are %d arguments: sim replay ring.mcap", len(args))
	}
	if err := o.publish.check(); err != nil {
		return err
	}
	if o.publish.endpoint == "" && o.pace > 0 {
		return wrongUsage("--pace is for a replay that is published: --publish tcp://127.0.0.1:5570")
	}
	if o.goes && o.until > 0 && o.until < o.at {
		return wrongUsage("--until %s is before --at %s, where the replay goes on", o.until, o.at)
	}
	if o.publish.endpoint != "" {
		return o.perform(e, args[0])
	}
	if o.goes && o.until > 0 {
		return wrongUsage("--at and --until: one moment is enough; --at prints what is there")
	}
	if !o.goes && len(o.show) > 0 {
		return wrongUsage("--show needs a moment: --at 1.5s")
	}
	t, err := openTrace(args[0])
	if err != nil {
		return err
	}
	defer t.file.Close()
	t.warn(e)
	s, err := t.load(nil)
	if err != nil {
		return err
	}
	return t.Guard(func() error {
		if o.goes {
			return o.goTo(e, t, s)
		}
		return o.verify(e, t, s)
	})
}

func (o *replayFlags) verify(e *edge, t *readTrace, s *scenario.Scenario) error {
	until := t.Last(s.Run)
	if o.until > 0 {
		until = min(until, s.Run.Ticks(ecs.Nanoseconds(o.until)))
	}
	way := newWay(e, s.Run, until)
	n, err := t.Play(s.Run, t.Begin(), until, way.before)
	way.bar.clear(e)
	switch {
	case errors.Is(err, errInterrupted):
		e.say("interrupted at %s of %s, the same so far: %s verified", momentOf(s, s.Run.World.Tick()), momentOf(s, until), many(n, "digest"))
		return &ending{code: exitFailed}
	case err != nil && o.until == 0:
		err = errors.Join(err, errors.Join(t.Damaged()...))
	case o.until == 0:
		n, err = t.End(s.Run, n)
	}
	t.warn(e)
	ending := ""
	if failed := t.failure(); failed != "" && err != nil && err.Error() == failed { // it ends as it did
		ending, err = ", and how it ended: "+failed, nil
	}
	if err != nil {
		return t.parted(err)
	}
	e.print("%s: the same: %s verified, up to %s%s\n", t.name, many(n, "digest"), momentOf(s, s.Run.World.Tick()), ending)
	return nil
}

// failure is the text of the failure that ended the trace's run; it is empty if
// none did, or if the trace was cut before.
func (t *readTrace) failure() string {
	end, err := t.Metadata("end")
	if err != nil {
		return ""
	}
	return end["failure"]
}

// parted makes of a mismatch an error that says in what the run differs.
func (t *readTrace) parted(err error) error {
	var m *trace.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	failed := t.Locate(m, func() (*scheduler.Run, error) {
		s, err := t.load(nil)
		if err != nil {
			return nil, err
		}
		return s.Run, nil
	})
	err = errors.Join(err, failed)
	return &ending{code: exitDiverged, err: err}
}

// goTo goes to a moment and prints what is there.
func (o *replayFlags) goTo(e *edge, t *readTrace, s *scenario.Scenario) error {
	if err := t.goTo(e, s, o.at, false); err != nil {
		return t.parted(err)
	}
	t.warn(e)
	if err := fit(s, o.show); err != nil {
		return err
	}
	e.print("%s at %s (tick %d), digest %016x: %s\n", t.name, momentOf(s, s.Run.World.Tick()), s.Run.World.Tick(), uint64(s.Run.World.Digest()), status(s.Run.World))
	return e.show(s, o.show)
}

// goTo takes a scenario loaded from the trace to a moment of it.
func (t *readTrace) goTo(e *edge, s *scenario.Scenario, at value.Duration, quiet bool) error {
	tick, err := t.moment(s, at)
	if err != nil {
		return err
	}
	way := newWay(e, s.Run, tick)
	way.bar.wanted = way.bar.wanted && !quiet
	defer way.bar.clear(e)
	_, err = t.Play(s.Run, tick, tick, way.before)
	return err
}

// moment is the tick of a moment that the trace has.
func (t *readTrace) moment(s *scenario.Scenario, at value.Duration) (ecs.Tick, error) {
	tick := s.Run.Ticks(ecs.Nanoseconds(at))
	if begin := t.Begin(); tick < begin {
		return 0, wrongUsage("%s begins at %s, after %s: its parent has what was before", quote(t.name), momentOf(s, begin), at)
	}
	if last := t.Last(s.Run); tick > last {
		return 0, wrongUsage("%s ends at %s, before %s", quote(t.name), momentOf(s, last), at)
	}
	return tick, nil
}

// momentOf is when a tick is.
func momentOf(s *scenario.Scenario, t ecs.Tick) value.Duration {
	return value.Duration(s.Run.World.Time(max(0, t)))
}
