package ecs

import (
	"fmt"
	"slices"
	"testing"
)

// idleHandler takes what comes and sends it on, once.
type idleHandler struct{ w *World }

func (h idleHandler) Handle(b *Batch) {
	for i := range b.Envelopes {
		if e := &b.Envelopes[i]; e.A > 0 {
			b.Out = append(b.Out, Send{To: e.To, Cause: uint16(i), Kind: e.Kind(), A: e.A - 1})
		}
	}
	h.w.Commit(b)
}
func (idleHandler) Control(*Envelope) {}
func (idleHandler) Hold(*Envelope)    {}
func (idleHandler) Down(*Envelope)    {}

// Several watch at once, each sees everything while it does, in whatever order
// they come and go, and the run is the same without them.
func TestWatchersAreApart(t *testing.T) {
	run := func(watched bool) (Digest, [3][]string) {
		w := NewWorld(Config{})
		k := w.Kind("k", 8)
		n := w.Node(w.Program(Schema{Name: "p"}), "n")
		w.SetStatus(n, Up, 0)
		e := w.Outside(n, k, 40, 0, "x")
		w.Post(&e, 1)
		var seen [3][]string
		stops := make([]func(), 3)
		for tick := w.NextDue(); tick != Never; tick = w.NextDue() {
			if i := int(tick) % 3; watched && tick%5 == 0 {
				if stops[i] == nil {
					stops[i] = w.Watch(func(s Sent) { seen[i] = append(seen[i], fmt.Sprint(w.Tick(), s.Envelope.A, s.Due, s.Dropped)) })
				} else {
					stops[i]()
					stops[i]() // which is no more
					stops[i] = nil
				}
			}
			w.Begin(tick)
			w.Deliver(idleHandler{w})
			if tick == 30 {
				w.SetStatus(n, Crashed, 0)
			}
			w.End()
		}
		return w.Digest(), seen
	}
	alone, _ := run(false)
	digest, seen := run(true)
	if digest != alone {
		t.Errorf("watched the run is %x, and else %x", digest, alone)
	}
	// Ticks 5, 20 are for watcher 2; 10, 25 for 1; 15, 30 for 0.
	all := func(from, to int) (lines []string) {
		for tick := from; tick < to; tick++ {
			lines = append(lines, fmt.Sprint(tick, 40-tick, tick+1, false))
		}
		return lines
	}
	want := [3][]string{all(15, 30), all(10, 25), all(5, 20)}
	for i := range want {
		if !slices.Equal(seen[i], want[i]) {
			t.Errorf("watcher %d saw %q, want %q", i, seen[i], want[i])
		}
	}
}
