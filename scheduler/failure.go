package scheduler

import (
	"errors"
	"fmt"

	"orrery/ecs"
)

// Failure is the end of a run by a panic in a program, or by a limit.
type Failure struct {
	Tick    ecs.Tick
	Time    ecs.Nanoseconds
	Seed    uint64
	Phase   string // of the tick
	Program string // empty in phases in which no program runs
	Node    string // empty if a batch of several was in hand
	Cause   any    // what was panicked with
}

func (f *Failure) Error() string {
	who := f.Node
	switch {
	case who != "":
		who = " in " + who
	case f.Program != "":
		who = fmt.Sprintf(" in a batch of program %q", f.Program)
	default:
		who = fmt.Sprintf(" in phase %q", f.Phase)
	}
	return fmt.Sprintf("run ended at tick %d (%d ns)%s, seed %d: %v", f.Tick, f.Time, who, f.Seed, f.Cause)
}

// Unwrap returns the cause, if it is an error: an [ecs.LimitError] is.
func (f *Failure) Unwrap() error {
	err, _ := f.Cause.(error)
	return err
}

// Failed returns the Failure that ended the run, if one did: in a tick, or when
// all state was hashed at its end.
func (r *Run) Failed() error {
	if r.failed == nil {
		return nil
	}
	return r.failed
}

var errEnded = errors.New("the run has failed and cannot go on; restore a snapshot, or make it anew")

// guarded turns a panic into a Failure, after which the run is over: the tick
// was not finished.
func (r *Run) guarded(do func()) (err error) {
	if r.failed != nil {
		return fmt.Errorf("%w: %w", errEnded, r.failed)
	}
	if !r.LetPanic {
		defer func() {
			if cause := recover(); cause != nil {
				r.failed = r.failure(cause)
				err = r.failed
			}
		}()
	}
	do()
	return nil
}

func (r *Run) failure(cause any) *Failure {
	w := r.World
	f := &Failure{Tick: w.Tick(), Time: w.Time(w.Tick()), Seed: w.Seed(), Phase: phases[r.phase].Name, Cause: cause}
	if !phases[r.phase].programs {
		return f // the batch in hand is a past one
	}
	program, node := w.Current()
	f.Program = program
	if node != 0 {
		f.Node = w.NodeName(node)
	}
	return f
}
