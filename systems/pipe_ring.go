package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// What a source keeps of a flow lies in a ring of its own, item n at n modulo
// the ring's size: rows next to each other, to which nothing must be asked the
// way. Rings have sizes of powers of two, double when they are full, and go back
// once they are empty, but for small ones.

const (
	firstRingLog = 2 // of the first ring of a flow
	smallRingLog = 4 // up to which a flow keeps its ring when it is empty
	maxRingLog   = 30
)

// ringRow is an item that its source keeps. Four are a line of the cache.
type ringRow struct {
	A      uint64 // the item, or a hash if it is bytes
	Pushed ecs.Tick
}

// rareRow is what few items need beside their row of a ring.
type rareRow struct {
	Sent  ecs.Tick // last, if an item of the flow was sent again, or held back
	Bytes ecs.Kept // of the item: all that is sent of it; 0: it is none
	Twice bool     // the item was sent again
	_     [7]byte
}

// bytesRow is where the bytes of an item that waits lie.
type bytesRow struct{ At ecs.Kept }

// sentAt returns when an item that is kept was sent last.
func (p *Pipes) sentAt(f *flowRow, seq uint64) ecs.Tick {
	if f.Again {
		return p.rare.At(f.slot(seq)).Sent
	}
	return p.pushedAt(f, seq)
}

// again has a flow note of each item when it was sent: so far all were sent once,
// when they were pushed.
func (p *Pipes) again(f *flowRow) {
	if f.Again {
		return
	}
	f.Again = true
	for seq := f.base() + 1; seq <= f.Next; seq++ {
		r := p.rare.At(f.slot(seq))
		r.Sent, r.Twice = p.pushedAt(f, seq), false
	}
}

// firstSent returns when an item that is kept was sent first, or pushed if it was sent
// again since.
func (p *Pipes) firstSent(f *flowRow, seq uint64) ecs.Tick {
	if r := p.rare.At(f.slot(seq)); f.Again && !r.Twice {
		return r.Sent
	}
	return p.pushedAt(f, seq)
}

// slot returns the row of an item that the source keeps.
func (f *flowRow) slot(seq uint64) int { return int(f.Ring) - 1 + int(seq&(1<<(f.Log&31)-1)) }

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
	for seq := was.base() + 1; seq <= was.Next; seq++ {
		from, to := was.slot(seq), f.slot(seq)
		*p.rings.At(to) = *p.rings.At(from)
		if f.Bytes || f.Again {
			*p.rare.At(to) = *p.rare.At(from)
			p.rare.At(from).Bytes = 0
		}
	}
	p.giveRing(was.Ring, was.Log)
}

// sum adds to the sum of what was pushed. Rings lie outside the digest: to hash
// them would take as long as all else of an item.
func (p *Pipes) sum(x uint64) {
	r := p.pool.Edit(0)
	r.Sum = random.Mix(r.Sum ^ x)
}

// takeRing returns a ring: that of the size that was freed last, or a new one.
func (p *Pipes) takeRing(log uint8) int32 {
	head := &p.pool.Edit(0).Rings[log]
	if first := *head; first != 0 {
		r := p.rings.At(int(first) - 1)
		*head, r.A = int32(r.A), 0
		return first
	}
	first := p.rings.Len()
	for range 1 << log {
		p.rings.Add(ringRow{})
		p.rare.Add(rareRow{})
	}
	return int32(first) + 1
}

// giveRing frees a ring whose bytes are freed.
func (p *Pipes) giveRing(first int32, log uint8) {
	if first == 0 {
		return
	}
	for k := range 1 << log {
		*p.rings.At(int(first) - 1 + k) = ringRow{}
	}
	head := &p.pool.Edit(0).Rings[log]
	p.rings.At(int(first) - 1).A = uint64(*head)
	*head = first
}

// freeRing frees the ring of a flow, with all that is in it.
func (p *Pipes) freeRing(f *flowRow) {
	p.dropKept(f, f.Next)
	p.giveRing(f.Ring, f.Log)
	f.Ring, f.Log = 0, 0
}

// dropKept forgets a flow's items up to one.
func (p *Pipes) dropKept(f *flowRow, upTo uint64) {
	if f.Bytes {
		for seq := f.base() + 1; seq <= upTo; seq++ {
			r := p.rare.At(f.slot(seq))
			p.world.Unkeep(r.Bytes)
			r.Bytes = 0
		}
	}
	if f.Kept = uint32(f.Next - upTo); f.Kept == 0 {
		f.Bytes, f.Again = false, false
	}
}
