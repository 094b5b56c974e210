package systems

import (
	"fmt"

	"orrery/ecs"
)

// Waiting are envelopes that came due for paused nodes. They wait in the order in
// which they came due and are handed out ahead of a tick's own.
type Waiting struct {
	world *ecs.World
	rows  *ecs.Rows[heldRow]
	// handles are where payloads of bytes lie, a row for each of rows. They
	// stand outside the digest: where a payload lies depends on when others
	// were freed, and so on how a tick is split into batches.
	handles  *ecs.Rows[handleRow]
	services *Services
	max      int
	changed  bool // a paused node has resumed or ended since the last look
	taken    ecs.Envelope
}

type heldRow struct {
	Envelope    ecs.Envelope // A is 0 if the payload is bytes
	Incarnation uint32       // of the node, with which what waits is dropped
	_           [4]byte
}

type handleRow struct{ A uint64 }

// MaxHeld is how many envelopes may wait in a world, unless [Waiting.Limit]
// says less; more are dropped.
const MaxHeld = 1 << 20

// NewWaiting returns the envelopes held in a world: none yet.
func NewWaiting(w *ecs.World) *Waiting {
	h := &Waiting{world: w, rows: ecs.NewRows[heldRow](w, "held"), handles: ecs.NewRows[handleRow](w, "held.payload"), max: MaxHeld}
	h.handles.Table().OutsideDigest()
	return h
}

// Limit sets how many envelopes may wait. What waits already stays.
func (h *Waiting) Limit(envelopes int) {
	if envelopes < 0 || envelopes > MaxHeld {
		panic(fmt.Sprintf("systems: a limit of %d envelopes that wait for paused nodes; it must be 0 to %d", envelopes, MaxHeld))
	}
	h.max = envelopes
}

// Len returns how many envelopes wait.
func (h *Waiting) Len() int { return h.rows.Len() }

// hold keeps an envelope, or drops it if too many wait; it reports which.
func (h *Waiting) hold(e *ecs.Envelope) bool {
	if h.rows.Len() >= h.max {
		h.world.Drop(e, ecs.DroppedHeld)
		return false
	}
	row := heldRow{Envelope: *e, Incarnation: h.world.Life(e.To).Incarnation}
	var handle handleRow
	if e.HasBytes() {
		row.Envelope.A, handle.A = 0, e.A
	}
	h.rows.Add(row)
	h.handles.Add(handle)
	return true
}

// settle hands what waits for nodes that have resumed back to the world, to go
// first, and drops what waits for nodes that have ended. One pass does for all
// of them, before a tick's own is handed out.
func (h *Waiting) settle() {
	if h.changed {
		h.look()
	}
}

func (h *Waiting) look() {
	h.changed = false
	kept := 0
	for i := range h.rows.Len() {
		row := *h.rows.At(i)
		life := h.world.Life(row.Envelope.To)
		if life.Status == ecs.Paused && life.Incarnation == row.Incarnation {
			if kept != i {
				*h.rows.Edit(kept), *h.handles.Edit(kept) = row, *h.handles.At(i)
			}
			kept++
			continue
		}
		h.taken = row.Envelope
		if h.taken.HasBytes() {
			h.taken.A = h.handles.At(i).A
		}
		h.pass(life.Status == ecs.Up && life.Incarnation == row.Incarnation)
	}
	h.rows.Truncate(kept)
	h.handles.Truncate(kept)
}

func (h *Waiting) pass(on bool) {
	if on {
		h.world.Release(&h.taken)
		return
	}
	h.services.dropDown(&h.taken)
}

// rebuild looks once after a restore: whether a look is owed is not state.
func (h *Waiting) rebuild() { h.changed = true }
