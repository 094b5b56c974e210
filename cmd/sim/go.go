package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scenario/value"
)

// goTo is a request to go to a moment. A run that is before it hurries there. A
// replay, and a run that is past it, leave where they are: who drives them does
// that, before anything else that was asked for, and then calls arrived.
func (l *live) goTo(c *publish.Command) *netsync.Error {
	w := l.run.World
	to, now := l.run.Ticks(ecs.Nanoseconds(min(*c.At, longest))), max(0, w.Tick())
	switch {
	case to < l.begin:
		return publish.Refuse(netsync.CodeRange, fmt.Sprintf("it begins at %s", l.moment(l.begin)), "its parent has what was before: sim replay PARENT --publish")
	case to > l.until:
		return publish.Refuse(netsync.CodeRange, fmt.Sprintf("it ends at %s", l.moment(l.until)), "go to a moment before")
	case !l.replays && to >= now:
		l.hurry, l.steps = to, 0
		if l.paused {
			l.steps = to
		}
		c.Done(now, publish.Arrival{Epoch: l.station.Tap().Epoch()}, nil)
	default:
		l.going, l.goal = c, to
	}
	return nil
}

func (l *live) moment(t ecs.Tick) value.Duration { return value.Duration(l.run.World.Time(max(0, t))) }

// isLeaving reports whether the run is to leave for the goal.
func (l *live) isLeaving() bool { return l != nil && l.going != nil }

// hurries reports whether no pace holds.
func (l *live) hurries() bool { return l != nil && l.hurry > max(0, l.run.World.Tick()) }

// arrived begins an epoch where a viewer wanted the run to be.
func (l *live) arrived(e *edge, d *driver) {
	c := l.going
	l.going, l.hurry, l.steps = nil, 0, 0
	l.setPace(e, d, l.pace)
	c.Done(max(0, l.run.World.Tick()), l.station.Tap().Fork(), nil)
}

// leave takes a run that is under way back to an earlier moment. The trace up to
// here is ended as that of a run that is interrupted, and what follows is
// another one's, that names it as its parent. What came from outside after that
// moment comes again: the run has the same inputs.
func (r *result) leave(e *edge, d *driver) error {
	l, parent := r.live, r.trace
	next, err := r.flags.trace.next(parent)
	if err != nil {
		l.refuse(publish.Refuse(netsync.CodeFailed, err.Error(), "what was run so far is not touched"))
		return nil
	}
	err = d.settle()
	if err == nil && parent != nil {
		err = r.endBranch()
	}
	if err != nil {
		next.dropped()
		return err
	}
	r.trace, d.trace = nil, nil
	from := r.branchAt(l.goal)
	if err := l.run.Restore(l.start); err != nil {
		next.dropped()
		return err
	}
	if from != nil {
		if err := from.restore(r, l.goal); err != nil {
			next.dropped()
			return err
		}
	}
	l.wentBack() // what comes again on the way is told again
	for l.run.World.Tick() < l.goal && !e.interrupted() {
		if err := d.slice(e, l.goal); err != nil {
			next.dropped()
			return err
		}
	}
	if next != nil {
		if err := r.flags.trace.record(e, next, r.scenario, r.lineage(from)...); err != nil {
			return err
		}
		r.branches = append(r.branches, branch{next.name, l.run.World.Tick()})
		e.say("went back to %s: %s is kept, and what follows is in %s", l.moment(l.run.World.Tick()), quote(parent.name), quote(next.name))
	}
	r.trace, d.trace = next, next
	l.arrived(e, d)
	return nil
}

// refuse says why the run does not leave.
func (l *live) refuse(failed *netsync.Error) {
	c := l.going
	l.going = nil
	c.Done(max(0, l.run.World.Tick()), nil, failed)
}

// endBranch ends the trace of what is left behind.
func (r *result) endBranch() error {
	r.trace.keep()
	sum := r.scenario.Run.End()
	if err := r.scenario.Run.Failed(); err != nil {
		return err
	}
	return r.trace.end(&sum)
}

// branch is a trace of the run, and where it begins.
type branch struct {
	name  string
	begin ecs.Tick
}

// branchAt is the trace that has what the run was at a tick: a branch that was
// left for an earlier moment begins after it, and what was before lies in one
// further back. It is nil if none has it.
func (r *result) branchAt(t ecs.Tick) *branch {
	for i := len(r.branches) - 1; i >= 0; i-- {
		if b := &r.branches[i]; b.begin <= t {
			return b
		}
	}
	return nil
}

// restore takes the run to the latest moment before a tick that the trace has.
func (b *branch) restore(r *result, to ecs.Tick) error {
	kept, err := openTrace(b.name)
	if err != nil {
		return err
	}
	defer kept.file.Close()
	_, err = kept.Restore(r.scenario.Run, to)
	return err
}

// lineage is what a trace says of where its run comes from.
func (r *result) lineage(parent *branch) [][2]string {
	w := r.scenario.Run.World
	return [][2]string{
		{"parent", filepath.Base(parent.name)}, {"parent_at", r.time(w.Tick()).String()},
		{"parent_digest", fmt.Sprintf("%016x", uint64(w.Digest()))}, {"load_seed", r.flags.loaded()},
	}
}

// loaded is the seed that the scenario was loaded with.
func (o *runFlags) loaded() string {
	if o.from.loaded != "" {
		return o.from.loaded
	}
	return strconv.FormatUint(o.seed, 10)
}

// next makes the file of a trace that follows one: run.2.mcap after run.mcap.
func (o *traceFlags) next(t *traceFile) (*traceFile, error) {
	if t == nil {
		return nil, nil
	}
	if !t.regular {
		return nil, errors.New("the trace goes to what is no file, and another one is needed from there on")
	}
	ending := filepath.Ext(o.file)
	for n := 2; n < 1000; n++ {
		name := fmt.Sprintf("%s.%d%s", strings.TrimSuffix(o.file, ending), n, ending)
		if !isFree(name) || !isFree(name+partSuffix) {
			continue
		}
		return createTrace(name)
	}
	return nil, fmt.Errorf("there are 999 traces beside %s", quote(o.file))
}
