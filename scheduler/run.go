package scheduler

import (
	"orrery/ecs"
	"orrery/systems"
)

// Run is a world under way: its systems, in the order of the phases, and what
// is to be done to it when.
type Run struct {
	*systems.Set
	inputs    inputs
	observers []Observer
	broken    bool
	failed    *Failure

	// StopWhenBroken ends RunUntil with the tick in which a safety check broke.
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

// Start has nodes start at tick 0, or, in a run under way, in the next tick.
func (r *Run) Start(nodes ...ecs.Node) { r.Lifecycle.StartAt(r.World.Tick()+1, nodes...) }

// phases are the order of a tick. It is the only place that says so.
var phases = [...]struct {
	Name string
	run  func(*Run)
}{
	{"input", (*Run).input},
	{"act", (*Run).act},
	{"structure", (*Run).structure},
	{"check", (*Run).check},
	{"observe", (*Run).observe},
}

// input carries out what is due from outside.
func (r *Run) input() {
	for a := r.inputs.due(r.World.Tick()); a != nil; a = r.inputs.due(r.World.Tick()) {
		r.Faults.Apply(a)
	}
}

// act hands out envelopes that are due, then fires recurring timers, then
// carries out the exits asked for.
func (r *Run) act() {
	r.Deliver.Act()
	r.Recurring.Act(r.Deliver)
	r.Lifecycle.Settle()
}

// structure brings in line what births, deaths, starts and ends change.
func (r *Run) structure() {
	r.Recurring.Settle()
	r.World.Structure()
}

func (r *Run) check() {
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
}

// tick runs one tick.
func (r *Run) tick(t ecs.Tick) {
	r.World.Begin(t)
	for i := range phases {
		phases[i].run(r)
	}
}

// Next returns the next tick in which something is due, or ecs.Never.
func (r *Run) Next() ecs.Tick {
	next := min(r.World.NextDue(), r.Recurring.Next(), r.inputs.next())
	return min(next, r.Checks.Next(), r.Measures.Next())
}

// Step runs the next tick in which something is due; it reports whether there
// was one.
func (r *Run) Step() (acted bool, err error) {
	next := r.Next()
	if next == ecs.Never {
		return false, nil
	}
	return true, r.guarded(func() { r.tick(next) })
}

// RunUntil runs every tick up to and including one, skipping those in which
// nothing is due.
func (r *Run) RunUntil(t ecs.Tick) error {
	return r.guarded(func() {
		for next := r.Next(); next <= t; next = r.Next() {
			r.tick(next)
			if r.broken && r.StopWhenBroken {
				return
			}
		}
		if r.World.Tick() < t {
			r.World.Begin(t)
		}
	})
}

// RunUntilQuiet runs until nothing is in flight and nothing is to come from
// outside, or until after a limit; recurring timers alone do not count as
// something. It reports whether it became quiet.
func (r *Run) RunUntilQuiet(limit ecs.Tick) (quiet bool, err error) {
	err = r.guarded(func() {
		for r.World.InFlight() > 0 || r.inputs.next() != ecs.Never {
			next := r.Next()
			if next > limit || r.broken && r.StopWhenBroken {
				return
			}
			r.tick(next)
		}
		quiet = true
	})
	return quiet, err
}
