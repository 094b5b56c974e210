package scheduler

import (
	"slices"

	"orrery/ecs"
	"orrery/systems"
)

// Snapshot copies the complete state of the run between two ticks. Memory of
// the snapshot is kept and used again.
func (r *Run) Snapshot(to *ecs.Snapshot) {
	r.Services.Settle() // of what changed between ticks
	r.World.Snapshot(to)
}

// Restore takes the run to a snapshot: of itself, or of a run with the same
// declarations. Inputs after it will take effect again.
func (r *Run) Restore(from *ecs.Snapshot) error {
	if err := r.World.Restore(from); err != nil {
		return err
	}
	r.Rebuild()
	r.inputs.seek(r.World.Tick())
	r.broken, r.failed = r.hasBroken(), nil
	return nil
}

// hasBroken reports whether a safety check has broken so far.
func (r *Run) hasBroken() bool {
	return slices.ContainsFunc(r.Checks.Results(false), func(c systems.Result) bool { return c.Outcome == systems.Broken })
}

// Fork returns a run of its own that continues from a snapshot of this one.
// Handlers and predicates are shared, so they must reach the world through
// their arguments only; tables that a program made for itself are not known
// here, and make the fork fail.
func (r *Run) Fork(from *ecs.Snapshot) (*Run, error) {
	f := New(r.World.Config())
	f.Like(r.Set)
	f.inputs.list = append(f.inputs.list, r.inputs.list...)
	f.StopWhenBroken, f.LetPanic = r.StopWhenBroken, r.LetPanic
	if err := f.Restore(from); err != nil {
		return nil, err
	}
	return f, nil
}
