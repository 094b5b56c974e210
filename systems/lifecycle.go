package systems

import (
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Lifecycle starts, stops, crashes, restarts, pauses, resumes and buries nodes.
type Lifecycle struct {
	world     *ecs.World
	programs  *Programs
	recurring *Recurring
	waiting   *Waiting
	timers    *Timers
	services  *Services
	params    *Params
	epidemic  *Epidemic
	feeds     *Feeds
	pipes     *Pipes
	deliver   *Deliver
	outages   *outages
	exits     []exit
	dying     []ecs.Node // buried in this tick: they do not start again
	row       [1]uint32
}

// exit is an end that a program asked for and that has not come yet.
type exit struct {
	node        ecs.Node
	incarnation uint32
	code        uint8
	dies        bool
}

// Roots of events that have no envelope.
const (
	rootStart = 0x5354415254
	rootStop  = 0x53544f50
)

// NewLifecycle wires the lifecycle to what it must tell of starts and ends.
func NewLifecycle(w *ecs.World, p *Programs, r *Recurring, h *Waiting, t *Timers, s *Services, v *Params) *Lifecycle {
	return &Lifecycle{world: w, programs: p, recurring: r, waiting: h, timers: t, services: s, params: v, epidemic: v.epidemic, outages: newOutages(w)}
}

// StartAt has nodes start at a tick to come, as envelopes that come due.
// Groups stand for their members.
func (l *Lifecycle) StartAt(t ecs.Tick, nodes ...ecs.Node) {
	for _, n := range nodes {
		if n.IsGroup() {
			l.StartAt(t, l.world.Members(n)...)
			continue
		}
		e := l.world.Outside(n, ecs.KindStart, 0, 0, "start")
		l.world.Post(&e, t)
		if t == l.world.Tick()+1 {
			l.services.announce(n)
			if l.programs.Of(n.Program()).subscribes() {
				l.feeds.announce(n)
			}
		}
	}
}

// RestartAt has a node that has crashed start again at a tick to come, unless
// it was started in between: the start is for the present incarnation's end. If
// other outages of it last, it starts when they have ended.
func (l *Lifecycle) RestartAt(t ecs.Tick, n ecs.Node) {
	l.startAgain(t, n)
	l.outages.begin(n, outageRow{Sort: downOutage, Until: t})
}

func (l *Lifecycle) startAgain(t ecs.Tick, n ecs.Node) {
	e := l.world.Outside(n, ecs.KindStart, uint64(l.world.Life(n).Incarnation), 0, "restart")
	l.world.Post(&e, t)
}

// Control carries out a start or a stop that has come due.
func (l *Lifecycle) Control(e *ecs.Envelope) {
	switch e.Kind() {
	case ecs.KindStart:
		switch {
		case e.A == 0:
			l.Start(e.To)
		case e.A == uint64(l.world.Life(e.To).Incarnation) && l.outages.expire(e.To, l.world.Tick()) && !l.outages.any(e.To, downOutage):
			l.recover(e.To)
		default:
			l.world.Drop(e, ecs.DroppedStale)
		}
	case ecs.KindStop:
		l.Stop(e.To, uint8(e.A))
	}
}

// recover starts a node of which no outage lasts that keeps it down; one that is
// to be paused is so at once.
func (l *Lifecycle) recover(n ecs.Node) {
	l.start(n)
	if l.outages.any(n, pauseOutage) {
		l.Pause(n)
	}
}

// Start is what ends all outages of a node: it starts now, and its program's
// Start is asked. A node that is up or paused stays as it is, and one that has
// died is gone.
func (l *Lifecycle) Start(n ecs.Node) {
	switch l.world.Life(n).Status {
	case ecs.Down, ecs.Crashed:
		l.outages.endAll(n, downOutage)
		l.outages.endAll(n, pauseOutage)
		l.start(n)
	}
}

func (l *Lifecycle) start(n ecs.Node) {
	switch l.world.Life(n).Status {
	case ecs.Down, ecs.Crashed:
	default:
		return
	}
	if len(l.dying) > 0 && slices.Contains(l.dying, n) {
		return
	}
	l.world.SetStatus(n, ecs.Up, 0)
	l.recurring.started(n)
	l.services.started(n)
	l.epidemic.started(n)
	p := l.programs.Of(n.Program())
	if p.subscribes() {
		l.feeds.started(n)
	}
	l.pipes.started(n)
	l.call(n, rootStart, p.Start)
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
// It reports whether the node was up or paused: another stays as it is.
func (l *Lifecycle) Crash(n ecs.Node) bool {
	switch l.world.Life(n).Status {
	case ecs.Up, ecs.Paused:
		l.end(n, ecs.Crashed, 0)
		l.world.Forget(n)
		return true
	}
	return false
}

// LoseDisk is Crash of a node whose durable state is lost too, or the loss alone
// of one that is down. What the world keeps for it, as versions of params and how
// far it has pulled, stays.
func (l *Lifecycle) LoseDisk(n ecs.Node) bool {
	if l.world.Life(n).Status == ecs.Absent {
		return false
	}
	crashed := l.Crash(n)
	l.world.Wipe(n)
	return crashed
}

// Bury ends a node for good: nothing is asked, and at the end of the phase the
// node dies. It is for the input phase; a program asks for [Lifecycle.Die].
func (l *Lifecycle) Bury(n ecs.Node) {
	switch l.world.Life(n).Status {
	case ecs.Absent:
		return
	case ecs.Up, ecs.Paused:
		l.end(n, ecs.Down, 0)
	}
	for _, sort := range []outageSort{downOutage, pauseOutage, slowOutage} {
		l.outages.endAll(n, sort)
	}
	l.feeds.forget(n) // one that was about to start subscribes already
	l.dying = append(l.dying, n)
	l.epidemic.leaving = append(l.epidemic.leaving, n)
	l.pipes.bury(n)
	l.world.Bury(n)
}

// end makes a node that is up or paused be so no more.
func (l *Lifecycle) end(n ecs.Node, s ecs.Status, code uint8) {
	if l.world.Life(n).Status == ecs.Paused {
		l.waiting.changed = true
	}
	l.recurring.ended(n)
	l.timers.forget(n)
	l.services.forget(n)
	l.params.forget(n)
	l.epidemic.ended(n)
	l.feeds.forget(n)
	l.pipes.forget(n)
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
		l.waiting.changed = true
		l.feeds.resume(n)
		l.pipes.resumed(n)
	}
}

// Exit ends a node from inside at the end of the act phase: what a program for
// columns asks for. Further exits of it in the same tick are ignored.
func (l *Lifecycle) Exit(n ecs.Node, code uint8) { l.ask(n, code, false) }

// Die is Exit for a node that does not come back: it dies at the end of the
// phase.
func (l *Lifecycle) Die(n ecs.Node, code uint8) { l.ask(n, code, true) }

func (l *Lifecycle) ask(n ecs.Node, code uint8, dies bool) {
	l.exits = append(l.exits, exit{n, l.world.Life(n).Incarnation, code, dies})
}

// Settle carries out exits asked for in the act phase, and lets all nodes know
// who provides what from now on.
func (l *Lifecycle) Settle() {
	if len(l.exits)+len(l.dying) > 0 {
		l.settle()
	}
	l.services.Settle()
	l.feeds.Settle()
}

func (l *Lifecycle) settle() {
	for i := 0; i < len(l.exits); i++ {
		x := l.exits[i]
		if l.world.Life(x.node).Incarnation != x.incarnation {
			continue // asked for before a restart in this tick
		}
		l.Stop(x.node, x.code)
		if x.dies {
			l.Bury(x.node)
		}
	}
	l.exits, l.dying = l.exits[:0], l.dying[:0]
}

// call asks one node's program. The incarnation is part of what is asked, as
// a node may start twice in a tick.
func (l *Lifecycle) call(n ecs.Node, what uint64, act func(*ecs.Batch)) {
	row, ok := l.world.Row(n)
	if !ok || act == nil {
		return
	}
	l.row[0] = uint32(row)
	l.deliver.Call(n.Program(), l.row[:], random.Mix(what)+uint64(l.world.Life(n).Incarnation), act)
}

// rebuild forgets what a tick that was not finished had asked for.
func (l *Lifecycle) rebuild() { l.exits, l.dying = l.exits[:0], l.dying[:0] }

// Refuse drops the i-th envelope of a batch, whose node an earlier one has ended;
// a request is refused, as if it had come due in a later batch.
func (l *Lifecycle) Refuse(b *ecs.Batch, i int) {
	e := &b.Envelopes[i]
	l.world.Refuse(e, ecs.DroppedDown)
	if l.world.WantsReply(e.Kind()) {
		l.deliver.flush(b)
		l.services.refuseRequest(e)
	}
}

// End ends the node of a batch's i-th event, which is up, with an exit code,
// without asking its program's Stop: for a program for columns that asks by
// itself, once a handler of a node at a time has exited. What the batch has sent
// so far is sent before.
func (l *Lifecycle) End(b *ecs.Batch, i int, code uint8) {
	n := b.Node(i)
	l.deliver.flush(b)
	l.end(n, ecs.Down, code)
}
