package systems

import "orrery/ecs"

// Timers are the keys of one-shot timers. A timer is an envelope from a node to
// itself that dies with the node's incarnation; one with a key can be replaced
// and cancelled: the row of its key names the envelope that counts, and any
// other that comes due with that row is stale.
type Timers struct {
	world *ecs.World
	rows  *ecs.Rows[timerRow]
	index index
	free  []int32 // rows not in use, the next to use last; made again from the rows
}

type timerRow struct {
	Key   uint64 // of the timer, within its node
	Valid uint64 // ID of the envelope that counts; 0: the row is free
	Node  ecs.Node
	_     [4]byte
}

// NewTimers returns the timers of a world: none yet.
func NewTimers(w *ecs.World) *Timers {
	return &Timers{world: w, rows: ecs.NewRows[timerRow](w, "timer")}
}

// arm notes that from now on an envelope is the timer of a node's key, and
// returns what its payload must say of the row.
func (t *Timers) arm(n ecs.Node, key uint64, id ecs.EnvelopeID) uint32 {
	i := t.index.find(uint64(n), key)
	if i < 0 {
		i = t.newRow()
		t.index.put(uint64(n), key, i)
	}
	*t.rows.Edit(i) = timerRow{Key: key, Valid: uint64(id), Node: n}
	return uint32(i) + 1
}

func (t *Timers) newRow() int {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		return int(i)
	}
	return t.rows.Add(timerRow{})
}

// cancel makes a node's timer not fire; it reports whether there was one.
func (t *Timers) cancel(n ecs.Node, key uint64) bool {
	i := t.index.find(uint64(n), key)
	if i < 0 {
		return false
	}
	t.drop(i)
	return true
}

func (t *Timers) drop(i int) {
	r := t.rows.Edit(i)
	t.index.drop(uint64(r.Node), r.Key)
	*r = timerRow{}
	t.free = append(t.free, int32(i))
}

// fire reports whether a timer that has come due still counts, and ends it.
func (t *Timers) fire(e *ecs.Envelope) bool {
	i := int(uint32(e.B)) - 1
	if i < 0 {
		return true // it has no key
	}
	if i >= t.rows.Len() || t.rows.At(i).Valid != uint64(e.ID()) {
		return false
	}
	t.drop(i)
	return true
}

// forget drops the timers of a node that has ended.
func (t *Timers) forget(n ecs.Node) {
	if t.index.used == 0 {
		return
	}
	for i := range t.rows.Len() {
		if r := t.rows.At(i); r.Node == n && r.Valid != 0 {
			t.drop(i)
		}
	}
}

// rebuild makes what is derived from the rows again, after a restore.
func (t *Timers) rebuild() {
	t.index.clear()
	t.free = t.free[:0]
	for i := t.rows.Len() - 1; i >= 0; i-- {
		if r := t.rows.At(i); r.Valid == 0 {
			t.free = append(t.free, int32(i))
		} else {
			t.index.put(uint64(r.Node), r.Key, i)
		}
	}
}
