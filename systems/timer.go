package systems

import (
	"fmt"

	"orrery/ecs"
)

// Timers are the keys of one-shot timers. A timer is an envelope from a node to
// itself that dies with the node's incarnation; one with a key can be replaced
// and cancelled: the row of its key names the envelope that counts, and any
// other that comes due with that row is stale.
//
// Invariant: which row is taken next follows from the rows alone, because a
// timer's envelope names its row and the digest sees envelopes: the free rows
// are a list within the rows, as are each node's.
type Timers struct {
	world *ecs.World
	rows  *ecs.Rows[timerRow]
	index index // (node, key) to row
	heads index // (node, 0) to the first row of the node's list
	free  int32 // the first free row
}

type timerRow struct {
	Key        uint64 // of the timer, within its node
	Valid      uint64 // one more than the ID of the envelope that counts; 0: the row is free
	Node       ecs.Node
	Prev, Next int32 // in the node's list, or that of free rows: one more than a row; 0: none
	_          [4]byte
}

// NewTimers returns the timers of a world: none yet.
func NewTimers(w *ecs.World) *Timers {
	return &Timers{world: w, rows: ecs.NewRows[timerRow](w, "timer")}
}

// After arms a one-shot timer for the node of a batch's i-th event: an envelope
// of the kind, which must be a timer's, comes to it after the time, rounded up
// to a tick, with a.
func (t *Timers) After(b *ecs.Batch, i int, d ecs.Nanoseconds, kind ecs.Kind, a uint64) {
	t.send(b, i, d, kind, a, 0)
}

// AfterKeyed is After for a timer that replaces the node's pending timer of
// the same key, and that [Timers.Cancel] ends. The batch's events must be
// handled in their order.
func (t *Timers) AfterKeyed(b *ecs.Batch, i int, key uint64, d ecs.Nanoseconds, kind ecs.Kind, a uint64) {
	t.send(b, i, d, kind, a, t.arm(b.Node(i), key, b.NextID(i)))
}

// AfterBytes is After for a timer whose payload is bytes, which are copied.
func (t *Timers) AfterBytes(b *ecs.Batch, i int, d ecs.Nanoseconds, kind ecs.Kind, payload []byte) {
	t.sendBytes(b, i, d, kind, payload, 0)
}

// AfterBytesKeyed is AfterKeyed for a timer whose payload is bytes.
func (t *Timers) AfterBytesKeyed(b *ecs.Batch, i int, key uint64, d ecs.Nanoseconds, kind ecs.Kind, payload []byte) {
	t.sendBytes(b, i, d, kind, payload, t.arm(b.Node(i), key, b.NextID(i)))
}

func (t *Timers) sendBytes(b *ecs.Batch, i int, d ecs.Nanoseconds, kind ecs.Kind, payload []byte, row uint32) {
	t.send(b, i, d, kind, 0, row)
	b.AttachBytes(payload)
}

func (t *Timers) send(b *ecs.Batch, i int, d ecs.Nanoseconds, kind ecs.Kind, a uint64, row uint32) {
	if !kind.IsTimer() || kind.IsControl() {
		panic(fmt.Sprintf("systems: %s arms a timer of kind %q, which is not a timer's; declare it with TimerKind", t.world.NodeName(b.Node(i)), t.world.KindName(kind)))
	}
	b.Out = append(b.Out, ecs.Send{
		To: b.Node(i), Cause: uint16(i), Kind: kind, Delay: t.world.TicksCeil(d),
		A: a, B: uint64(b.Life(i).Incarnation)<<32 | uint64(row),
	})
}

// Cancel ends a node's pending timer of a key; it reports whether there was
// one.
func (t *Timers) Cancel(n ecs.Node, key uint64) bool {
	i := t.index.find(uint64(n), key)
	if i < 0 {
		return false
	}
	t.drop(i)
	return true
}

// Fires reports whether the i-th envelope of a batch, a timer, still counts,
// and ends its key. A program for columns whose timers have keys asks it for
// each of them, in order, and does nothing for one that does not count.
func (t *Timers) Fires(b *ecs.Batch, i int) bool {
	if !t.fire(&b.Envelopes[i]) {
		t.world.Refuse(&b.Envelopes[i], ecs.DroppedStale)
		return false
	}
	return true
}

// arm notes that from now on an envelope is the timer of a node's key, and
// returns what its payload must say of the row.
func (t *Timers) arm(n ecs.Node, key uint64, id ecs.EnvelopeID) uint32 {
	i := t.index.find(uint64(n), key)
	if i < 0 {
		i = t.take()
		*t.rows.Edit(i) = timerRow{Key: key, Node: n}
		t.index.put(uint64(n), key, i)
		t.link(n, i)
	}
	t.rows.Edit(i).Valid = uint64(id) + 1
	return uint32(i) + 1
}

// fire reports whether a timer that has come due still counts, and ends it.
func (t *Timers) fire(e *ecs.Envelope) bool {
	i := int(uint32(e.B)) - 1
	if i < 0 {
		return true // it has no key
	}
	if i >= t.rows.Len() || t.rows.At(i).Valid != uint64(e.ID())+1 {
		return false
	}
	t.drop(i)
	return true
}

// forget drops the timers of a node that has ended.
func (t *Timers) forget(n ecs.Node) {
	for i := t.heads.find(uint64(n), 0); i >= 0; i = t.heads.find(uint64(n), 0) {
		t.drop(i)
	}
}

// drop ends a timer and frees its row.
func (t *Timers) drop(i int) {
	r := t.rows.Edit(i)
	t.index.drop(uint64(r.Node), r.Key)
	t.unlink(r)
	*r = timerRow{Next: t.free}
	if t.free != 0 {
		t.rows.Edit(int(t.free) - 1).Prev = int32(i) + 1
	}
	t.free = int32(i) + 1
}

// take returns a row to use: the one freed last, or a new one.
func (t *Timers) take() int {
	if t.free == 0 {
		return t.rows.Add(timerRow{})
	}
	i := int(t.free) - 1
	if t.free = t.rows.At(i).Next; t.free != 0 {
		t.rows.Edit(int(t.free) - 1).Prev = 0
	}
	return i
}

// link puts a row in front of its node's list.
func (t *Timers) link(n ecs.Node, i int) {
	if head := t.heads.find(uint64(n), 0); head >= 0 {
		t.rows.Edit(i).Next = int32(head) + 1
		t.rows.Edit(head).Prev = int32(i) + 1
	}
	t.heads.set(uint64(n), 0, i)
}

func (t *Timers) unlink(r *timerRow) {
	if r.Next != 0 {
		t.rows.Edit(int(r.Next) - 1).Prev = r.Prev
	}
	switch {
	case r.Prev != 0:
		t.rows.Edit(int(r.Prev) - 1).Next = r.Next
	case r.Next != 0:
		t.heads.set(uint64(r.Node), 0, int(r.Next)-1)
	default:
		t.heads.drop(uint64(r.Node), 0)
	}
}

// rebuild makes what is derived from the rows again, after a restore: the head
// of a list is the row that none comes before.
func (t *Timers) rebuild() {
	t.index.clear()
	t.heads.clear()
	t.free = 0
	for i := range t.rows.Len() {
		r := t.rows.At(i)
		if r.Valid != 0 {
			t.index.put(uint64(r.Node), r.Key, i)
		}
		switch {
		case r.Prev != 0:
		case r.Valid == 0:
			t.free = int32(i) + 1
		default:
			t.heads.put(uint64(r.Node), 0, i)
		}
	}
}
