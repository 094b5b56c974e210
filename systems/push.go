package systems

import (
	"encoding/binary"
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// aheadBits is how many items after the first that is missing a target can say
// that it has.
const aheadBits = 31

// itemWord names an item of a flow, in what is sent of it: its flow's row, and the
// end of its number. A row is not given to another flow, so that an envelope
// never finds a flow that it is not of: at most one that is gone.
func itemWord(k int, seq uint64) uint64 { return uint64(k)<<32 | seq&0xffffffff }

// sentAgain is the bit of an item's word that says that it was sent before, and of
// an acknowledgement's that the target had the item only as it came so. It tells a
// source whether what it waited for was lost, or on its way (RFC 3522).
const sentAgain = 1 << 63

// named returns the flow and the number of an item; the number is near another.
func (p *Pipes) named(word uint64, from, to ecs.Node) (k int, f *flowRow) {
	if k = int(word &^ sentAgain >> 32); k >= p.flows.Len() {
		return -1, nil
	}
	if f = p.flows.Edit(k); f.From != from || f.To != to {
		return -1, nil
	}
	return k, f
}

// numbered returns a number by its end, and one that it is near.
func numbered(word, near uint64) uint64 {
	return near + uint64(int64(int32(uint32(word)-uint32(near))))
}

// ends is what a flow is found by, with its pipe.
func ends(from, to ecs.Node) uint64 { return uint64(from)<<32 | uint64(to) }

// Push is an item and where it is to go.
type Push struct {
	Pipe    Pipe
	A       uint64   // the item
	Payload []byte   // instead of A; copied
	To      ecs.Node // one of several targets; 0: the pipe's fan says which
	Key     uint64   // of the item, for FanHash
}

// Push has the node of a batch's i-th event push an item; it reports whether
// the pipe had room. If so, the item is kept, whatever becomes of the node,
// until its target has pulled it.
func (p *Pipes) Push(b *ecs.Batch, i int, x *Push) bool {
	c := &p.list[x.Pipe-1]
	to := x.To
	if to == 0 && len(c.config.Targets) == 1 {
		to = c.config.Targets[0]
	}
	if to == 0 {
		switch c.config.Fan {
		case FanBroadcast:
			return p.broadcast(b, i, c, x)
		case FanHash:
			to = p.chosen(c, x.Key)
		default:
			return p.inTurn(b, i, c, x)
		}
	}
	k := p.flow(b.Node(i), to, x.Pipe)
	if k < 0 || !p.room(k, c) {
		return p.refuse(b.Node(i), x.Pipe)
	}
	p.give(b, i, k, x)
	return true
}

// chosen returns the target for a key: that with the highest lot, drawn from
// the key and its name. A target more, or less, moves only the keys that it
// wins, or had won (Thaler and Ravishankar: Using name-based mappings to
// increase hit rates, 1998).
func (p *Pipes) chosen(c *pipe, key uint64) ecs.Node {
	best, lot := ecs.Node(0), uint64(0)
	for _, n := range c.config.Targets {
		life := p.world.Life(n)
		if l := random.Mix(life.Name ^ random.Mix(key)); life.Status != ecs.Absent && (best == 0 || l > lot) {
			best, lot = n, l
		}
	}
	return best
}

func (p *Pipes) inTurn(b *ecs.Batch, i int, c *pipe, x *Push) bool {
	n := b.Node(i)
	s := p.source(n, x.Pipe)
	last, all := int(p.sources.At(s).Last), c.config.Targets
	for off := range 2 * len(all) { // a stage's items go to one with room, if there is one
		at := (last + off) % len(all)
		if k := p.flow(n, all[at], x.Pipe); k >= 0 && (p.below(k, c) || off >= len(all) && p.room(k, c)) {
			p.sources.Edit(s).Last = int32(at) + 1
			p.give(b, i, k, x)
			return true
		}
	}
	return p.refuse(n, x.Pipe)
}

func (p *Pipes) broadcast(b *ecs.Batch, i int, c *pipe, x *Push) bool {
	n, some := b.Node(i), false
	for _, to := range c.config.Targets {
		k := p.flow(n, to, x.Pipe)
		if k >= 0 && !p.room(k, c) {
			return p.refuse(n, x.Pipe)
		}
		some = some || k >= 0
	}
	if !some {
		return p.refuse(n, x.Pipe)
	}
	for _, to := range c.config.Targets {
		if k := p.flow(n, to, x.Pipe); k >= 0 {
			p.give(b, i, k, x)
		}
	}
	return true
}

// below reports whether a flow has less in it than its pipe's capacity.
func (p *Pipes) below(k int, c *pipe) bool {
	return p.flows.At(k).Kept < uint32(c.config.Capacity)
}

// room reports whether a flow takes an item. What a stage makes of an item that
// it has pulled is always taken: it pulls only while there is room.
func (p *Pipes) room(k int, c *pipe) bool { return p.below(k, c) || p.staging == p.flows.At(k).Pipe }

// Room reports whether a node may push to a pipe: wherever the item goes, if
// that depends on it.
func (p *Pipes) Room(n ecs.Node, pipe Pipe) bool {
	c := &p.list[pipe-1]
	free, some := 0, 0
	for _, to := range c.config.Targets {
		if p.world.Life(to).Status == ecs.Absent {
			continue
		}
		some++
		if k := p.byEnds.find(ends(n, to), uint64(pipe)); k < 0 || p.below(k, c) {
			free++
		}
	}
	if c.config.Fan == FanInTurn {
		return free > 0
	}
	return some > 0 && free == some
}

// refuse notes that a node has found a pipe full, and is to hear of room.
func (p *Pipes) refuse(n ecs.Node, pipe Pipe) bool {
	p.sources.Edit(p.source(n, pipe)).Wanted = true
	p.figures.refused(pipe)
	return false
}

func (p *Pipes) source(n ecs.Node, pipe Pipe) int {
	s := p.bySource.find(uint64(n), uint64(pipe))
	if s < 0 {
		s = p.sources.Add(sourceRow{Node: n, Pipe: pipe})
		p.bySource.put(uint64(n), uint64(pipe), s)
	}
	return s
}

// flow returns the row of a flow; -1 if the target has died.
func (p *Pipes) flow(from, to ecs.Node, pipe Pipe) int {
	if k := p.latest.find(from); k >= 0 {
		if f := p.flows.At(k); f.To == to && f.Pipe == pipe && f.From == from {
			return k
		}
	}
	if k := p.byEnds.find(ends(from, to), uint64(pipe)); k >= 0 {
		p.latest.set(from, k)
		return k
	}
	if to == 0 || p.world.Life(to).Status == ecs.Absent {
		return -1
	}
	if err := p.Joins(from, to, pipe); err != nil {
		panic(fmt.Sprintf("systems: %s pushes to pipe %q: %v", p.world.NodeName(from), p.Name(pipe), err))
	}
	f := flowRow{From: from, To: to, Pipe: pipe, FromEnd: p.end(from), ToEnd: p.end(to)}
	if f.Pace = p.paceOf(from, to); f.Pace != 0 {
		f.Doubts = paced
	}
	if p.links.reorders(from, to) {
		f.Doubts |= reordered
	}
	k := p.flows.Add(f)
	p.byEnds.put(ends(from, to), uint64(pipe), k)
	p.enlist(&f, k)
	return k
}

// enlist puts a flow into the lists of its ends.
func (p *Pipes) enlist(f *flowRow, k int) {
	out, in := &p.lists[f.FromEnd], &p.lists[f.ToEnd]
	out.out = append(out.out, int32(k))
	in.in = append(in.in, int32(k))
}

// unlist takes a flow out of the lists of its ends, which are then as a restore
// makes them.
func (p *Pipes) unlist(f *flowRow, k int32) {
	this := func(x int32) bool { return x == k }
	out, in := &p.lists[f.FromEnd], &p.lists[f.ToEnd]
	out.out = slices.DeleteFunc(out.out, this)
	in.in = slices.DeleteFunc(in.in, this)
}

// Joins says why a pipe does not lead from one node to another; nil if it does.
func (p *Pipes) Joins(from, to ecs.Node, pipe Pipe) error {
	w, c := p.world, &p.list[pipe-1].config
	switch {
	case c.Capacity == 0:
		return fmt.Errorf("the pipe joins nothing; say what with Join")
	case p.list[pipe-1].joined.find(uint64(from), 0) < 0:
		return fmt.Errorf("%s is not one of its sources", w.NodeName(from))
	case p.list[pipe-1].joined.find(uint64(to), 1) < 0:
		return fmt.Errorf("%s is not one of its targets", w.NodeName(to))
	case from == to:
		return nil
	}
	for _, way := range [][2]ecs.Node{{from, to}, {to, from}} {
		if !p.programs.Of(way[0].Program()).Direct && !p.links.Joins(way[0], way[1]) {
			return fmt.Errorf("no link joins %s and %s: a pipe needs one there and one back; link them, or put both in a network", w.NodeName(way[0]), w.NodeName(way[1]))
		}
	}
	return nil
}

// give puts an item on its way.
func (p *Pipes) give(b *ecs.Batch, i, k int, x *Push) {
	f := p.flows.Edit(k)
	if f.Ring == 0 || f.Kept == 1<<(f.Log&31) {
		p.growRing(f)
	}
	f.pushing(b.Tick)
	row, a := f.slot(f.Next), x.A
	if x.Payload != nil {
		f.Bytes = true
		a = p.keepBytes(row, itemWord(k, f.Next), x.Payload)
	}
	it := p.rings.At(row)
	it.A, it.Pushed = a, b.Tick
	p.sum(a + uint64(b.Tick))
	p.figures.pushed(b.Tick, f.Pipe)
	if f.Doubts&paced != 0 && p.holdBack(b, i, f) {
		return
	}
	p.sendKept(b, i, k, f, f.Next, 0)
	if !f.Timing {
		f.Timing, f.Timed = true, uint32(f.Next)
		if f.Acked == f.Next-1 {
			p.awaitFirst(b, i, f)
		}
	}
}

// keepBytes keeps the bytes of an item, with the word that names it before them,
// and returns their hash.
func (p *Pipes) keepBytes(row int, word uint64, payload []byte) (hash uint64) {
	p.buffer = binary.LittleEndian.AppendUint64(p.buffer[:0], word)
	p.buffer = append(p.buffer, payload...)
	p.rare.At(row).Bytes, hash = p.world.Keep(p.buffer)
	return hash
}

// sendKept sends an item that its source keeps, with a bit in its word, or 0.
func (p *Pipes) sendKept(b *ecs.Batch, i, k int, f *flowRow, seq, bit uint64) {
	if f.Bytes || f.Again {
		r := p.rare.At(f.slot(seq))
		if r.Sent, r.Twice = b.Tick, bit != 0; r.Bytes != 0 {
			p.buffer = append(p.buffer[:0], p.world.Kept(r.Bytes)...)
			if f.Doubts&paced != 0 {
				p.fill(f, b.Tick, len(p.buffer))
			}
			binary.LittleEndian.PutUint64(p.buffer, itemWord(k, seq)|bit)
			b.SendBytes(i, f.To, p.item, 0, p.buffer)
			return
		}
	}
	if f.Doubts&paced != 0 {
		p.fill(f, b.Tick, 16)
	}
	b.Out = append(b.Out, ecs.Send{To: f.To, Cause: uint16(i), Kind: p.item, A: p.rings.At(f.slot(seq)).A, B: itemWord(k, seq) | bit})
}
