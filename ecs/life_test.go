// Proves what comes of an envelope by the status of its target when it comes
// due, for plain messages and for timers, which die with their incarnation.
package ecs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fate records where envelopes went: to a handler, to who holds, to control.
type fate struct{ handled, held, controlled int }

func (f *fate) Handle(b *Batch)   { f.handled += b.Len() }
func (f *fate) Hold(*Envelope)    { f.held++ }
func (f *fate) Control(*Envelope) { f.controlled++ }

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
