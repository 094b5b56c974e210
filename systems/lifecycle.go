package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// Lifecycle starts, stops, crashes, restarts, pauses and resumes nodes.
type Lifecycle struct {
	world     *ecs.World
	programs  *Programs
	recurring *Recurring
	waiting   *Waiting
	timers    *Timers
	deliver   *Deliver
	exits     []exit
	row       [1]uint32
}

type exit struct {
	node ecs.Node
	code uint8
}

// Roots of events that have no envelope.
const (
	rootStart = 0x5354415254
	rootStop  = 0x53544f50
)

// NewLifecycle wires the lifecycle to what it must tell of starts and ends.
func NewLifecycle(w *ecs.World, p *Programs, r *Recurring, h *Waiting, t *Timers) *Lifecycle {
	return &Lifecycle{world: w, programs: p, recurring: r, waiting: h, timers: t}
}

// StartAt has nodes start at a tick to come, as envelopes that come due.
func (l *Lifecycle) StartAt(t ecs.Tick, nodes ...ecs.Node) {
	for _, n := range nodes {
		e := l.world.Outside(n, ecs.KindStart, 0, 0, "start")
		l.world.Post(&e, t)
	}
}

// Control carries out a start or a stop that has come due.
func (l *Lifecycle) Control(e *ecs.Envelope) {
	switch e.Kind() {
	case ecs.KindStart:
		l.Start(e.To)
	case ecs.KindStop:
		l.Stop(e.To, uint8(e.A))
	}
}

// Start starts a node now, and asks its program's Start. A node that is up or
// paused stays as it is, and one that has died is gone.
func (l *Lifecycle) Start(n ecs.Node) {
	switch l.world.Life(n).Status {
	case ecs.Down, ecs.Crashed:
	default:
		return
	}
	l.world.SetStatus(n, ecs.Up, 0)
	l.recurring.started(n)
	l.call(n, rootStart, l.programs.Of(n.Program()).Start)
}

// Stop stops a node with an exit code now, and asks its program's Stop first.
// A node that is not up stays as it is.
func (l *Lifecycle) Stop(n ecs.Node, code uint8) {
	if l.world.Life(n).Status != ecs.Up {
		return
	}
	l.call(n, rootStop, l.programs.Of(n.Program()).Stop)
	l.end(n, ecs.Down, code)
}

// Crash fells a node: nothing is asked, and all but durable state is lost.
// What is in flight to it stays so, and is dropped if it comes due too early.
func (l *Lifecycle) Crash(n ecs.Node) {
	switch l.world.Life(n).Status {
	case ecs.Up, ecs.Paused:
		l.end(n, ecs.Crashed, 0)
		l.world.Forget(n)
	}
}

func (l *Lifecycle) end(n ecs.Node, s ecs.Status, code uint8) {
	if l.world.Life(n).Status == ecs.Paused {
		l.waiting.dropAll(n)
	}
	l.recurring.ended(n)
	l.timers.forget(n)
	l.world.SetStatus(n, s, code)
}

// Pause holds a node: what comes due for it waits, its recurring timers do not
// fire.
func (l *Lifecycle) Pause(n ecs.Node) {
	if l.world.Life(n).Status == ecs.Up {
		l.world.SetStatus(n, ecs.Paused, 0)
	}
}

// Resume lets a paused node go on: what waited is handed to it ahead of what
// the tick has due. It is for the input phase.
func (l *Lifecycle) Resume(n ecs.Node) {
	if l.world.Life(n).Status == ecs.Paused {
		l.world.SetStatus(n, ecs.Up, 0)
		l.waiting.release(n)
	}
}

// Exit ends a node from inside at the end of the act phase: what a program for
// columns asks for. Further exits of it in the same tick are ignored.
func (l *Lifecycle) Exit(n ecs.Node, code uint8) { l.exits = append(l.exits, exit{n, code}) }

// Settle carries out exits asked for in the act phase.
func (l *Lifecycle) Settle() {
	for i := 0; i < len(l.exits); i++ {
		l.Stop(l.exits[i].node, l.exits[i].code)
	}
	l.exits = l.exits[:0]
}

func (l *Lifecycle) call(n ecs.Node, what uint64, act func(*ecs.Batch)) {
	row, ok := l.world.Row(n)
	if !ok || act == nil {
		return
	}
	rows := [1]uint32{uint32(row)}
	l.deliver.Call(n.Program(), rows[:], random.Mix(what), act)
}
