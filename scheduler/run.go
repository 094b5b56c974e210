package scheduler

import (
	"fmt"

	"orrery/ecs"
	"orrery/systems"
)

// Run is a world under way: its systems, in the order of the phases, and what
// is to be done to it when.
type Run struct {
	*systems.Set
	inputs    inputs
	observers []Observer
	recorder  Observer
	commanded bool // the input in hand is a command
	phase     int  // under way
	broken    bool // a safety check has broken
	failed    *Failure

	// StopWhenBroken ends RunUntil and RunUntilQuiet with the tick in which a
	// safety check breaks; they do nothing from then on.
	StopWhenBroken bool
	// LetPanic lets a program's panic through, for a debugger to see.
	LetPanic bool
}

// Observer is shown the world at the end of each tick that was not skipped. It
// must not change it.
type Observer interface {
	Observe(w *ecs.World)
}

// New makes a run of an empty world.
func New(c ecs.Config) *Run { return &Run{Set: systems.NewSet(ecs.NewWorld(c))} }

// Observe adds an observer.
func (r *Run) Observe(o Observer) { r.observers = append(r.observers, o) }

// Record sets the observer that is shown the world after all else of a tick, the
// checkpoint of its digest too: there a snapshot is one of the tick's end. nil
// ends it.
func (r *Run) Record(o Observer) { r.recorder = o }

// Start has nodes start at tick 0, or, in a run under way, in the next tick.
func (r *Run) Start(nodes ...ecs.Node) { r.Lifecycle.StartAt(r.World.Tick()+1, nodes...) }

// phases are the order of a tick. It is the only place that says so.
var phases = [...]struct {
	Name     string
	run      func(*Run)
	programs bool // may run
}{
	{"input", (*Run).input, true},
	{"act", (*Run).act, true},
	{"structure", (*Run).structure, false},
	{"check", (*Run).check, false},
	{"observe", (*Run).observe, false},
}

// input carries out what is due from outside.
func (r *Run) input() {
	for in := r.inputs.due(r.World.Tick()); in != nil; in = r.inputs.due(r.World.Tick()) {
		r.commanded = in.Command
		r.Faults.Apply(&in.Action)
	}
	r.commanded = false
	if r.Triggers.Len() > 0 {
		r.Triggers.Input()
	}
}

// act hands out envelopes that are due, then fires recurring timers, then
// carries out the exits asked for, then lets what was learned spread, then ends
// what somebody outside has waited for.
func (r *Run) act() {
	r.Deliver.Act()
	r.Recurring.Act(r.Deliver)
	r.Lifecycle.Settle()
	r.Epidemic.Act(r.Deliver)
	r.Outside.Act()
}

// structure brings in line what births, deaths, starts and ends change, and who
// joins and leaves groups.
func (r *Run) structure() {
	r.Recurring.Settle()
	r.World.Structure()
	r.Groups.Settle()
}

func (r *Run) check() {
	if r.Triggers.Len() > 0 && r.Deliver.Acted() {
		r.Triggers.Act()
	}
	if r.Checks.Len() > 0 && r.Checks.Act() {
		r.broken = true
	}
}

func (r *Run) observe() {
	r.Measures.Observe()
	for _, o := range r.observers {
		o.Observe(r.World)
	}
	r.World.End()
	if r.recorder != nil {
		r.recorder.Observe(r.World)
	}
}

// tick runs one tick.
func (r *Run) tick(t ecs.Tick) {
	if t <= r.World.Tick() {
		panic(fmt.Sprintf("scheduler: tick %d is said to be next after tick %d", t, r.World.Tick()))
	}
	r.World.Begin(t)
	for i := range phases {
		r.phase = i
		phases[i].run(r)
	}
}

// Next returns the next tick in which something is due, or ecs.Never.
func (r *Run) Next() ecs.Tick {
	r.Services.Settle() // of what changed between ticks
	next := min(r.World.NextDue(), r.Recurring.Next(), r.inputs.next())
	if r.Triggers.Len() > 0 {
		next = min(next, r.Triggers.Next())
	}
	return min(next, r.Checks.Next(), r.Measures.Next(), r.Epidemic.Next(), r.Outside.Next())
}

// Ticks converts a span of simulated time, rounding up.
func (r *Run) Ticks(d ecs.Nanoseconds) ecs.Tick { return r.World.TicksCeil(d) }

// Step runs the next tick in which something is due; it reports whether there
// was one.
func (r *Run) Step() (acted bool, err error) {
	err = r.guarded(func() {
		if next := r.Next(); next < ecs.Never {
			acted = true
			r.tick(next)
		}
	})
	return acted, err
}

// RunUntil runs every tick up to and including one, skipping those in which
// nothing is due. With ecs.Never it runs until nothing is due any more.
func (r *Run) RunUntil(t ecs.Tick) error {
	return r.guarded(func() {
		for !r.stopped() {
			next := r.Next()
			if next > t || next == ecs.Never {
				r.idleUntil(t)
				return
			}
			r.tick(next)
		}
	})
}

// stopped reports whether the run is not to go on by itself.
func (r *Run) stopped() bool { return r.broken && r.StopWhenBroken }

// idleUntil lets time pass in which nothing is due. The tick it ends in is not
// counted: how far a caller ran at a time must not show in a summary.
func (r *Run) idleUntil(t ecs.Tick) {
	if t < ecs.Never && r.World.Tick() < t {
		r.World.Begin(t)
		r.World.Counts().Ticks--
	}
}

// RunUntilQuiet runs until nothing is in flight and nothing is to come from
// outside, or until after a limit; recurring timers alone do not count as
// something. It reports whether it became quiet.
func (r *Run) RunUntilQuiet(limit ecs.Tick) (quiet bool, err error) {
	err = r.guarded(func() {
		for r.World.InFlight() > 0 || r.inputs.next() != ecs.Never {
			next := r.Next()
			if next > limit || r.stopped() {
				return
			}
			r.tick(next)
		}
		quiet = true
	})
	return quiet, err
}
