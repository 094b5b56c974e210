package systems

import "orrery/ecs"

// Waiting are envelopes that came due for paused nodes. They wait in the order in
// which they came due and are handed out ahead of a tick's own.
type Waiting struct {
	world *ecs.World
	rows  *ecs.Rows[heldRow]
	max   int
}

type heldRow struct {
	Envelope ecs.Envelope
	Due      ecs.Tick
}

// MaxHeld is how many envelopes may wait in a world; more are dropped.
const MaxHeld = 1 << 20

// NewWaiting returns the envelopes held in a world: none yet.
func NewWaiting(w *ecs.World) *Waiting {
	return &Waiting{world: w, rows: ecs.NewRows[heldRow](w, "held"), max: MaxHeld}
}

// Hold keeps an envelope, or drops it if too many wait.
func (h *Waiting) Hold(e *ecs.Envelope) {
	if h.rows.Len() >= h.max {
		h.world.Drop(e, ecs.DroppedHeld)
		return
	}
	h.rows.Add(heldRow{Envelope: *e, Due: h.world.Tick()})
}

// release hands a node's envelopes back to the world, to go first.
func (h *Waiting) release(n ecs.Node) { h.take(n, func(e *ecs.Envelope) { h.world.Release(e) }) }

// dropAll drops what waits for a node that will not resume.
func (h *Waiting) dropAll(n ecs.Node) {
	h.take(n, func(e *ecs.Envelope) { h.world.Drop(e, ecs.DroppedDown) })
}

// take removes a node's envelopes and keeps the order of the others.
func (h *Waiting) take(n ecs.Node, f func(*ecs.Envelope)) {
	kept := 0
	for i := range h.rows.Len() {
		row := *h.rows.At(i)
		if row.Envelope.To == n {
			f(&row.Envelope)
			continue
		}
		if kept != i {
			*h.rows.Edit(kept) = row
		}
		kept++
	}
	if kept < h.rows.Len() {
		h.rows.Truncate(kept)
	}
}
