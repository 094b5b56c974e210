package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Node is a program written a node at a time: its handlers are called once an
// event, with the node's own state. S is the state, a plain struct; use
// struct{ _ [8]byte } style padding rules of [ecs.Schema].
type Node[S any] struct {
	Name    string
	Initial S
	Durable []string
	Boxed   func() ecs.Boxed
	On      []On[S]
	Every   []EveryNode[S]
	// Provides are services that each node provides from its start, and may
	// later. Replies are what goes on when a call has ended: the first for
	// Call.Then 1, and so on; for Then 0 nothing does.
	Provides []Provide[S]
	Replies  []func(me *Me, s *S, r *Reply)
	Watches  []Watch[S]
	// Subscribes are the feeds that each node subscribes to, from its start
	// unless Later: then [Me.Subscribe] does.
	Subscribes []Subscribe[S]
	// Pulls are the pipes that each node pulls from, if it is a target, and
	// Drains those for which it is told of room after a push was refused.
	Pulls  []Pull[S]
	Drains []Drain[S]
	Start  func(me *Me, s *S) // at first and after each restart
	Stop   func(me *Me, s *S) // when stopped or exiting; a crash does not ask
	Direct bool               // see [Program.Direct]
}

// On handles messages, or one-shot timers, of a kind.
type On[S any] struct {
	Kind ecs.Kind
	Do   func(me *Me, s *S, m *ecs.Envelope)
}

// EveryNode is a recurring timer.
type EveryNode[S any] struct {
	Name   string
	Period ecs.Nanoseconds
	Do     func(me *Me, s *S)
}

// Me is the node that a handler runs for: what it may do besides changing its
// state. It is good until the handler returns.
type Me struct {
	b       *ecs.Batch
	set     *Set
	ended   ecs.EnvelopeID // what stands for the event whose calls end by time; 0: it is itself
	serving serving
	later   []Subscription // what the program may subscribe to
	pulling bool           // an item stands for the event
	exiting bool
	dying   bool
	code    uint8
}

// Self returns the node.
func (m *Me) Self() ecs.Node { return m.b.Node(m.b.At) }

// Name returns the node's name.
func (m *Me) Name() string { return m.World().NodeName(m.Self()) }

// World returns the world, for reading: names, groups, time.
func (m *Me) World() *ecs.World { return m.b.World() }

// Tick returns the tick.
func (m *Me) Tick() ecs.Tick { return m.b.Tick }

// Now returns the simulated time.
func (m *Me) Now() ecs.Nanoseconds { return m.World().Time(m.b.Tick) }

// Send sends a message to a node or group.
func (m *Me) Send(to ecs.Node, kind ecs.Kind, a, b uint64) {
	m.SendAfter(0, to, kind, a, b)
}

// SendAfter sends a message that sets out a number of ticks from now. A link
// that has a bandwidth, or is FIFO, takes messages in the order in which they
// are sent, not in that in which they set out.
func (m *Me) SendAfter(delay ecs.Tick, to ecs.Node, kind ecs.Kind, a, b uint64) {
	m.b.Out = append(m.b.Out, ecs.Send{To: to, Cause: uint16(m.b.At), Kind: kind, Delay: delay, A: a, B: b})
}

// SendBytes sends a message whose payload is bytes, which are copied.
func (m *Me) SendBytes(to ecs.Node, kind ecs.Kind, payload []byte) {
	m.b.SendBytes(m.b.At, to, kind, 0, payload)
}

// Bytes returns a message's payload of bytes, for reading within the handler.
func (m *Me) Bytes(e *ecs.Envelope) []byte { return m.World().Payload(e) }

// After arms a one-shot timer, whose kind must be a timer's: it comes to On
// after the time, rounded up to a tick, with a. It dies with the incarnation.
func (m *Me) After(d ecs.Nanoseconds, kind ecs.Kind, a uint64) {
	m.set.Timers.After(m.b, m.b.At, d, kind, a)
}

// AfterKeyed is After for a timer that replaces the node's pending timer of
// the same key, and that [Me.Cancel] ends.
func (m *Me) AfterKeyed(key uint64, d ecs.Nanoseconds, kind ecs.Kind, a uint64) {
	m.set.Timers.AfterKeyed(m.b, m.b.At, key, d, kind, a)
}

// Cancel ends the node's pending timer of a key; it reports whether there was
// one.
func (m *Me) Cancel(key uint64) bool { return m.set.Timers.Cancel(m.Self(), key) }

// Neighbours returns the nodes this one is linked to; for reading.
func (m *Me) Neighbours() []ecs.Node { return m.set.Links.Neighbours(m.Self()) }

// Draws returns this event's draws from a stream: the same for the same event
// of the same run, whatever else happens. Asked again, it begins again.
func (m *Me) Draws(s ecs.Stream) random.Source {
	switch {
	case m.pulling:
		return m.World().Key(s).At(int64(m.b.Tick), uint64(m.set.Pipes.turn.item.Event()))
	case m.ended != 0:
		return m.World().Key(s).At(int64(m.b.Tick), uint64(m.ended))
	}
	return m.b.Draws(s, m.b.At)
}

// Exit ends the node once the handler returns: its Stop is asked, and nothing
// else comes to it until it is started again.
func (m *Me) Exit(code uint8) { m.exiting, m.code = true, code }

// Die is Exit for a node that does not come back: it dies at the end of the
// phase.
func (m *Me) Die(code uint8) { m.exiting, m.dying, m.code = true, true, code }

// Bear makes a node of a program, which starts in the next tick.
func (m *Me) Bear(p ecs.ProgramID, name string) ecs.Node {
	n := m.World().Bear(p, name)
	m.Send(n, ecs.KindStart, 0, 0)
	return n
}

// Count adds to a counter.
func (m *Me) Count(c Counter, n int64) { m.set.Measures.Count(c, n) }

// Measure adds a value to a distribution.
func (m *Me) Measure(d Distribution, v int64) { m.set.Measures.Add(d, v) }

// AddNode declares a program written a node at a time.
func AddNode[S any](s *Set, n Node[S]) ecs.ProgramID { return s.Programs.Add(n.program(s)) }

// program makes the program for columns that calls the node's handlers.
func (n Node[S]) program(s *Set) Program {
	a := &adapter[S]{node: n, me: Me{set: s}}
	for _, on := range n.On {
		a.add(on, s.World)
	}
	a.serve(s)
	a.watch(s)
	a.listen(s)
	p := Program{
		Schema: ecs.Schema{Name: n.Name, State: n.Initial, Durable: n.Durable, Boxed: n.Boxed},
		Act:    a.act, Direct: n.Direct, remake: n.program,
	}
	p.Pulls = a.pulls()
	for _, x := range n.Provides {
		p.Provides = append(p.Provides, x.Service.Key)
	}
	for _, x := range n.Watches {
		p.Watches = append(p.Watches, s.Params.Key(x.Param))
	}
	for i, x := range n.Subscribes {
		if !x.Later {
			p.Subscribes = append(p.Subscribes, x.subscription(i))
		}
	}
	if n.Start != nil {
		p.Start = func(b *ecs.Batch) { a.each(b, n.Start) }
	}
	if n.Stop != nil {
		p.Stop = func(b *ecs.Batch) { a.each(b, a.stop) }
	}
	for _, e := range n.Every {
		every := Every{Name: e.Name, Period: e.Period}
		if e.Do != nil {
			every.Act = func(b *ecs.Batch) { a.each(b, e.Do) }
		}
		p.Every = append(p.Every, every)
	}
	return p
}

// adapter hands the events of a batch to a Node one at a time.
type adapter[S any] struct {
	node     Node[S]
	handlers []func(*Me, *S, *ecs.Envelope) // by kind without flags
	me       Me
}

func (a *adapter[S]) add(on On[S], w *ecs.World) {
	i := on.Kind.Index()
	for len(a.handlers) <= i {
		a.handlers = append(a.handlers, nil)
	}
	switch {
	case on.Kind.IsControl():
		panic(fmt.Sprintf("systems: program %q handles kind %q, which is the engine's own; use Start and Stop", a.node.Name, w.KindName(on.Kind)))
	case on.Do == nil:
		panic(fmt.Sprintf("systems: program %q has no function in On for kind %q", a.node.Name, w.KindName(on.Kind)))
	case a.handlers[i] != nil:
		panic(fmt.Sprintf("systems: program %q handles kind %q twice", a.node.Name, w.KindName(on.Kind)))
	}
	a.handlers[i] = on.Do
}

// begin takes a batch in hand. A handler that failed may have asked for an
// exit that a restore has undone.
func (a *adapter[S]) begin(b *ecs.Batch) []S {
	a.me.b, a.me.exiting, a.me.dying, a.me.ended, a.me.pulling = b, false, false, 0, false
	a.me.serving = serving{}
	return ecs.States[S](b)
}

func (a *adapter[S]) act(b *ecs.Batch) {
	states := a.begin(b)
	me := &a.me
	me.set.Pipes.Touch(b)
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		b.At = i
		if b.Exited() && !b.Up(i) {
			me.set.Lifecycle.Refuse(b, i)
			me.set.Feeds.Refused(b, i)
			continue
		}
		if e.IsTimer() && !me.set.Timers.Fires(b, i) {
			continue
		}
		k := e.Kind().Index()
		if k >= len(a.handlers) || a.handlers[k] == nil {
			if !a.piped(me, &states[b.Rows[i]], e) && !me.set.Services.unknown(b, i) && !a.calledFor(me, e) {
				a.unhandled(e)
			}
		} else {
			a.handlers[k](me, &states[b.Rows[i]], e)
		}
		if me.exiting {
			a.exit(&states[b.Rows[i]])
		}
	}
}

// calledFor takes what comes of calls to a program that calls nobody: somebody
// outside has, as its node.
func (a *adapter[S]) calledFor(me *Me, e *ecs.Envelope) bool {
	switch s := me.set.Services; {
	case !s.opened:
		return false
	case e.Kind() == s.answer || e.Kind() == s.failed:
		s.Answered(me.b, me.b.At)
	case e.Kind() == s.wake:
		for s.Expire(me.b, me.b.At) != nil {
		}
	default:
		return false
	}
	return true
}

func (a *adapter[S]) unhandled(e *ecs.Envelope) {
	w := a.me.World()
	panic(fmt.Sprintf("systems: program %q has no handler for kind %q, which %s sent to %s; add one to On", a.node.Name, w.KindName(e.Kind()), w.NodeName(e.From), w.NodeName(e.To)))
}

// each calls a handler that has no message. A node is in such a batch once, and
// nobody but itself ends it in this phase: all of the batch are up.
func (a *adapter[S]) each(b *ecs.Batch, do func(*Me, *S)) {
	states := a.begin(b)
	me := &a.me
	for i, row := range b.Rows {
		b.At = i
		do(me, &states[row])
		if me.exiting {
			a.exit(&states[row])
		}
	}
}

// stop asks a node's Stop, in which to exit is to do nothing.
func (a *adapter[S]) stop(me *Me, s *S) {
	a.node.Stop(me, s)
	me.exiting, me.dying = false, false
}

// exit ends the node whose handler asked for it.
func (a *adapter[S]) exit(s *S) {
	me := &a.me
	n, code, dies := me.Self(), me.code, me.dying
	if a.node.Stop != nil {
		a.stop(me, s)
	}
	me.exiting, me.dying = false, false
	me.set.Deliver.flush(me.b)
	me.set.Lifecycle.end(n, ecs.Down, code)
	if dies {
		me.set.Lifecycle.Bury(n)
	}
}
