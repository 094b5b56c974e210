// Proves that a payload is kept until the last envelope that has it is
// delivered or dropped, and no longer, whichever way each goes.
package ecs

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPayloadsAreFreed sends payloads to nodes that are up, down, paused, dead
// and to groups of them, with twins, flipped bits and purges, and in the end
// finds no block of the slab in use.
func TestPayloadsAreFreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := NewWorld(Config{})
		p := w.Program(Schema{Name: "p"})
		w.Program(Schema{Name: "q"})
		nodes := w.Nodes(p, "n", 5)
		w.SetStatus(nodes[0], Up, 0)
		w.SetStatus(nodes[1], Up, 0)
		w.SetStatus(nodes[2], Up, 0)
		w.SetStatus(nodes[2], Paused, 0)
		w.Bury(nodes[4])
		w.Structure()
		targets := append([]Node{w.Group("g", nodes), w.Group("none", nil)}, nodes...)
		big := w.Kind("big", 0)
		h := payloadHandler{t: t, world: w, send: func(b *Batch, i int) {
			to := rapid.SampledFrom(targets).Draw(t, "to")
			b.SendBytes(i, to, big, 1, []byte(strings.Repeat("y", rapid.IntRange(0, 99).Draw(t, "length"))))
		}}
		for i := range rapid.IntRange(1, 9).Draw(t, "sends") {
			e := w.Outside(rapid.SampledFrom(nodes).Draw(t, "to"), big, 0, 0, fmt.Sprint(i))
			w.WithBytes(&e, []byte(strings.Repeat("x", 10*i)))
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				twin := w.Twin(&e)
				w.FlipBit(&twin, 0) // x to y
				w.Post(&twin, 2)
			case 1:
				w.Lose(&e, DroppedLoss)
				continue
			case 2:
				twin := w.Twin(&e)
				w.Post(&twin, 1000)
			}
			w.Post(&e, Tick(rapid.IntRange(0, 3).Draw(t, "due")))
		}
		for tick := range Tick(6) {
			w.Begin(tick)
			w.Deliver(&h)
		}
		w.Purge(DroppedCut, func(*Envelope) bool { return true })
		for i := range h.held {
			w.Drop(&h.held[i], DroppedHeld)
		}
		m := slabMachine{world: w}
		m.check(t)
	})
}

type payloadHandler struct {
	t     *rapid.T
	world *World
	held  []Envelope
	sends int
	send  func(b *Batch, i int)
}

func (h *payloadHandler) Handle(b *Batch) {
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		if got := h.world.Payload(e); len(got) > 0 && got[0] != 'x' && got[0] != 'y' {
			h.t.Fatalf("the payload is %q", got)
		}
		if h.sends++; h.sends < 20 {
			h.send(b, i)
		}
	}
	h.world.Commit(b)
}

func (h *payloadHandler) Control(*Envelope) {}
func (h *payloadHandler) Down(*Envelope)    {}
func (h *payloadHandler) Hold(e *Envelope)  { h.held = append(h.held, *e) }
