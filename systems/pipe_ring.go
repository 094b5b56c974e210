package systems

import "orrery/ecs"

// What a source keeps of a flow lies in a ring of its own, item n at n modulo
// the ring's size: rows next to each other, to which nothing must be asked the
// way. Rings have sizes of powers of two, double when they are full, and go back
// once they are empty, but for small ones.

const (
	firstRingLog = 2 // of the first ring of a flow
	smallRingLog = 4 // up to which a flow keeps its ring when it is empty
	maxRingLog   = 30
)

// ringRow is an item that its source keeps.
type ringRow struct {
	A      uint64 // the item, or a hash if it is bytes
	Pushed ecs.Tick
	Sent   ecs.Tick // last
}

// bytesRow is where the bytes of an item lie: all that is sent of it.
type bytesRow struct{ At ecs.Kept }

// itemBytes are the bytes of items, a row for each of rings, and of items.
type itemBytes struct{ rings, waiting *ecs.Rows[bytesRow] }

func newItemBytes(w *ecs.World) itemBytes {
	x := itemBytes{ecs.NewRows[bytesRow](w, "pipe.ring.bytes"), ecs.NewRows[bytesRow](w, "pipe.item.bytes")}
	x.rings.Table().OutsideDigest()
	x.waiting.Table().OutsideDigest()
	return x
}

// unkeep frees the bytes of a row.
func (p *Pipes) unkeep(rows *ecs.Rows[bytesRow], row int) {
	at := rows.Edit(row)
	p.world.Unkeep(at.At)
	*at = bytesRow{}
}

// slot returns the row of an item that the source keeps.
func (f *flowRow) slot(seq uint64) int { return int(f.Ring) - 1 + int(seq&(1<<f.Log-1)) }

// growRing gives a flow its first ring, or one of twice the size.
func (p *Pipes) growRing(f *flowRow) {
	was := *f
	if f.Log = firstRingLog; was.Ring != 0 {
		f.Log = was.Log + 1
	}
	if f.Log > maxRingLog {
		panic(&ecs.LimitError{Limit: "items under way", Max: 1 << maxRingLog, Where: "pipe " + p.Name(f.Pipe)})
	}
	f.Ring = p.takeRing(f.Log)
	for seq := was.Base + 1; seq <= was.Next; seq++ {
		from, to := was.slot(seq), f.slot(seq)
		*p.rings.Edit(to) = *p.rings.At(from)
		if f.Bytes {
			*p.kept.rings.Edit(to) = *p.kept.rings.At(from)
			*p.kept.rings.Edit(from) = bytesRow{}
		}
	}
	p.giveRing(was.Ring, was.Log)
}

// takeRing returns a ring: that of the size that was freed last, or a new one.
func (p *Pipes) takeRing(log uint8) int32 {
	head := &p.pool.Edit(0).Rings[log]
	if first := *head; first != 0 {
		r := p.rings.Edit(int(first) - 1)
		*head, r.A = int32(r.A), 0
		return first
	}
	first := p.rings.Len()
	for range 1 << log {
		p.rings.Add(ringRow{})
		p.kept.rings.Add(bytesRow{})
	}
	return int32(first) + 1
}

// giveRing frees a ring whose bytes are freed.
func (p *Pipes) giveRing(first int32, log uint8) {
	if first == 0 {
		return
	}
	for k := range 1 << log {
		*p.rings.Edit(int(first) - 1 + k) = ringRow{}
	}
	head := &p.pool.Edit(0).Rings[log]
	p.rings.Edit(int(first) - 1).A = uint64(*head)
	*head = first
}

// freeRing frees the ring of a flow, with all that is in it.
func (p *Pipes) freeRing(f *flowRow) {
	p.dropKept(f, f.Next)
	p.giveRing(f.Ring, f.Log)
	f.Ring, f.Log = 0, 0
}

// dropKept frees the bytes of a flow's items up to one.
func (p *Pipes) dropKept(f *flowRow, upTo uint64) {
	if !f.Bytes {
		return
	}
	for seq := f.Base + 1; seq <= upTo; seq++ {
		p.unkeep(p.kept.rings, f.slot(seq))
	}
	f.Bytes = upTo < f.Next
}
