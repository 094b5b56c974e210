package scheduler

import (
	"cmp"
	"slices"

	"orrery/ecs"
	"orrery/systems"
)

// Input is an action and the tick it takes effect in.
type Input struct {
	Tick    ecs.Tick
	Action  systems.Action
	Command bool // from outside while the run is under way: a replay must be given it
}

// inputs are in the order in which they take effect: by tick, and within one
// as they were added. What is past stays: a run that goes back meets it again.
type inputs struct {
	list []Input
	at   int // the first that was not carried out, if the run has not gone back
}

func byTick(in Input, t ecs.Tick) int { return compareTicks(in.Tick, t) }

// compareTicks orders ticks. Their difference is no int on every architecture.
func compareTicks(a, b ecs.Tick) int { return cmp.Compare(a, b) }

// At has actions take effect at a tick to come.
func (r *Run) At(t ecs.Tick, actions ...systems.Action) {
	r.at(t, false, actions...)
}

func (r *Run) at(t ecs.Tick, command bool, actions ...systems.Action) {
	t = max(t, r.World.Tick()+1)
	i, _ := slices.BinarySearchFunc(r.inputs.list, t+1, byTick)
	for k, a := range actions {
		r.inputs.list = slices.Insert(r.inputs.list, i+k, Input{t, a, command})
	}
}

// Command has an action take effect at the next tick boundary, and returns
// the tick: what a user or a viewer asks for while the run is under way.
func (r *Run) Command(a systems.Action) ecs.Tick {
	t := r.World.Tick() + 1
	r.CommandAt(t, a)
	return t
}

// CommandAt is Command for a tick to come: what a command's end is.
func (r *Run) CommandAt(t ecs.Tick, a systems.Action) { r.at(t, true, a) }

// Commanded reports whether the action that is being carried out is a command's:
// for who watches them.
func (r *Run) Commanded() bool { return r.commanded }

// Inputs returns all inputs, past and to come.
func (r *Run) Inputs() []Input { return r.inputs.list }

// due returns the next input due at a tick, nil if there is none.
func (in *inputs) due(t ecs.Tick) *Input {
	if in.at < len(in.list) && in.list[in.at].Tick == t {
		in.at++
		return &in.list[in.at-1]
	}
	return nil
}

// next returns the tick of the first input to come, or Never.
func (in *inputs) next() ecs.Tick {
	if in.at < len(in.list) {
		return in.list[in.at].Tick
	}
	return ecs.Never
}

// seek goes to the first input after a tick.
func (in *inputs) seek(t ecs.Tick) {
	in.at, _ = slices.BinarySearchFunc(in.list, t+1, byTick)
}
