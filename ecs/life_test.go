// Proves what comes of an envelope by the status of its target when it comes
// due, for plain messages and for timers, which die with their incarnation.
package ecs

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fate records where envelopes went: to a handler, to who holds, to control.
type fate struct{ handled, held, controlled, down int }

func (f *fate) Handle(b *Batch)   { f.handled += b.Len() }
func (f *fate) Hold(*Envelope)    { f.held++ }
func (f *fate) Control(*Envelope) { f.controlled++ }
func (f *fate) Down(*Envelope)    { f.down++ }

func TestFateOfEnvelopes(t *testing.T) {
	type counts struct {
		Handled, Held, Controlled int
		Dropped                   [Causes]uint64
	}
	for _, tc := range []struct {
		name  string
		timer bool
		turns func(w *World, n Node)
		want  counts
	}{
		{"up", false, func(*World, Node) {}, counts{Handled: 1}},
		{"paused", false, func(w *World, n Node) { w.SetStatus(n, Paused, 0) }, counts{Held: 1}},
		{"stopped", false, func(w *World, n Node) { w.SetStatus(n, Down, 1) }, counts{Dropped: [Causes]uint64{DroppedDown: 1}}},
		{"crashed", false, func(w *World, n Node) { w.SetStatus(n, Crashed, 0) }, counts{Dropped: [Causes]uint64{DroppedDown: 1}}},
		{"restarted", false, restart, counts{Handled: 1}},
		{"dead", false, bury, counts{Dropped: [Causes]uint64{DroppedGone: 1}}},
		{"succeeded", false, succeed, counts{Dropped: [Causes]uint64{DroppedGone: 1}}},
		{"up", true, func(*World, Node) {}, counts{Handled: 1}},
		{"paused", true, func(w *World, n Node) { w.SetStatus(n, Paused, 0) }, counts{Held: 1}},
		{"resumed", true, func(w *World, n Node) { w.SetStatus(n, Paused, 0); w.SetStatus(n, Up, 0) }, counts{Handled: 1}},
		{"crashed", true, func(w *World, n Node) { w.SetStatus(n, Crashed, 0) }, counts{Dropped: [Causes]uint64{DroppedDown: 1}}},
		{"restarted", true, restart, counts{Dropped: [Causes]uint64{DroppedStale: 1}}},
		{"dead", true, bury, counts{Dropped: [Causes]uint64{DroppedGone: 1}}},
	} {
		w := NewWorld(Config{})
		p := w.Program(Schema{Name: "p"})
		kind, wake := w.Kind("message", 8), w.TimerKind("wake")
		if tc.timer {
			kind = wake
		}
		n := w.Nodes(p, "n", 2)[0]
		w.SetStatus(n, Up, 0)
		w.Post(&Envelope{To: n, tag: uint64(kind), B: uint64(w.Life(n).Incarnation) << 32}, 3)
		tc.turns(w, n)
		w.Begin(3)
		var f fate
		w.Deliver(&f)
		got := counts{f.handled, f.held, f.controlled, w.Counts().Dropped}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s, timer %v: -want +got\n%s", tc.name, tc.timer, diff)
		}
		if int(w.Counts().Delivered) != f.handled || w.InFlight() != 0 {
			t.Errorf("%s: %d counted as delivered, %d in flight", tc.name, w.Counts().Delivered, w.InFlight())
		}
	}
}

// courier notes what it is given, in order.
type courier struct {
	w     *World
	notes []string
}

func (c *courier) Handle(b *Batch) {
	for i := range b.Envelopes {
		c.note("handles", &b.Envelopes[i])
	}
}
func (c *courier) Hold(e *Envelope)  { c.note("holds", e) }
func (c *courier) Control(*Envelope) {}
func (c *courier) Down(e *Envelope)  { c.note("is told that nobody handles", e) }

func (c *courier) note(what string, e *Envelope) {
	payload := fmt.Sprint(e.A)
	if e.HasBytes() {
		payload = string(c.w.Payload(e))
	}
	c.notes = append(c.notes, fmt.Sprintf("%s %s %s", what, c.w.NodeName(e.To), payload))
}

// Of what wants a reply it is told that its target is down, in its turn, while its
// payload is there yet; of all else it is not. What answers it has an identity of
// its own, and whoever watches is shown why it was sent.
func TestDownIsToldInTurn(t *testing.T) {
	w := NewWorld(Config{})
	p := w.Program(Schema{Name: "p"})
	ask, tell := w.Kind("ask", 0), w.Kind("tell", 8)
	w.Asks(ask)
	n := w.Nodes(p, "n", 3)
	w.SetStatus(n[0], Up, 0)
	w.SetStatus(n[1], Crashed, 0)
	send := func(to Node, k Kind, a uint64) {
		e := w.Outside(to, k, a, 0, fmt.Sprint(a))
		if k == ask {
			w.WithBytes(&e, fmt.Append(nil, "bytes ", a))
		}
		w.Post(&e, 1)
	}
	send(n[0], tell, 1)
	send(n[1], ask, 2)
	send(n[1], tell, 3)
	send(n[0], tell, 4)
	send(n[2], ask, 5)
	bury(w, n[2])
	w.Begin(1)
	c := courier{w: w}
	w.Deliver(&c)
	want := []string{"handles n[0] 1", "is told that nobody handles n[1] bytes 2", "handles n[0] 4", "is told that nobody handles n[2] bytes 5"}
	if diff := cmp.Diff(want, c.notes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if k := w.Counts(); k.Dropped[DroppedDown] != 2 || k.Dropped[DroppedGone] != 1 || k.Delivered != 2 {
		t.Errorf("%+v", k)
	}
	asked := EnvelopeID(77)
	var shown []Sent
	w.Watch(func(s Sent) { shown = append(shown, s) })
	w.SendAlone(MakeEnvelope(n[0], n[1], asked.Reply(), tell), asked, nil)
	if len(shown) != 1 || shown[0].Cause != asked || shown[0].Due != 2 || asked.Reply() == asked {
		t.Errorf("shown %+v", shown)
	}
}

func restart(w *World, n Node) {
	w.SetStatus(n, Crashed, 0)
	w.SetStatus(n, Up, 0)
}

func bury(w *World, n Node) {
	w.Bury(n)
	w.Structure()
}

// succeed has another take the dead node's row, to whom nothing is due.
func succeed(w *World, n Node) {
	bury(w, n)
	heir := w.Bear(n.Program(), "heir")
	w.Structure()
	w.SetStatus(heir, Up, 0)
}
