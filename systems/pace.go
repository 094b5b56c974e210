package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// A link whose queue is short drops what does not fit. Its state is its sender's, who
// need not find that out by losses, as one must of queues far away: a source holds
// back what its own link has no room for, as the kernel of a machine does for its
// network card (TCP small queues; pacing of fq). Pipes have half of the queue, and leave
// a 33rd of the bandwidth, for what else the node sends there, of which they know
// nothing: to look at the link would show what of a batch was sent already.

// paceRow is the link between two nodes as far as pipes fill it.
type paceRow struct {
	Busy     ecs.Nanoseconds // when the wire is through with what they gave it
	From, To ecs.Node
}

// paceOf returns the row of a link for pipes, one more than its number; 0 if it has no
// queue that could be full.
func (p *Pipes) paceOf(from, to ecs.Node) int32 {
	if x := p.links.declared(from, to); from == to || x == nil || !x.fills() {
		return 0
	}
	k := p.byPace.find(uint64(from), uint64(to))
	if k < 0 {
		k = p.paces.Add(paceRow{From: from, To: to})
		p.byPace.put(uint64(from), uint64(to), k)
	}
	return int32(k) + 1
}

// fills reports whether what is sent may find no room in a link's queue.
func (x *wire) fills() bool { return x.Bandwidth > 0 && x.Queue > 0 }

// sentTo returns the last item of a flow that was sent.
func (f *flowRow) sentTo() uint64 { return f.Next - uint64(f.Unsent) }

// roomAt returns when a paced flow may send its next item: now, or a later tick.
func (p *Pipes) roomAt(f *flowRow, now ecs.Tick) ecs.Tick { return p.leftAt(f, now, 2) }

// againAt returns when a flow may send an item again: now, or a later tick. For that
// it has all of the queue, so that what is new does not keep it waiting.
func (p *Pipes) againAt(f *flowRow, now ecs.Tick) ecs.Tick { return p.leftAt(f, now, 1) }

// leftAt returns when pipes have left room in one of so many parts of a link's queue.
func (p *Pipes) leftAt(f *flowRow, now ecs.Tick, parts ecs.Nanoseconds) ecs.Tick {
	if f.Doubts&paced == 0 {
		return now
	}
	x := p.links.declared(f.From, f.To)
	if x == nil || !x.fills() {
		return now
	}
	return max(now, p.world.TicksCeil(max(0, p.paces.At(int(f.Pace)-1).Busy-x.Queue/parts)))
}

// fill notes that a paced flow sends so many bytes. What finds no room takes no time
// of the link.
func (p *Pipes) fill(f *flowRow, now ecs.Tick, size int) {
	x := p.links.declared(f.From, f.To)
	if x == nil || !x.fills() || p.againAt(f, now) > now {
		return
	}
	r := p.paces.Edit(int(f.Pace) - 1)
	air := airtime(ecs.HeaderSize+size, x.Bandwidth)
	r.Busy = max(r.Busy, p.world.Time(now)) + air + air/32
}

// holdBack reports whether the last item of a paced flow is to wait for room in its
// link's queue, or behind others that do.
func (p *Pipes) holdBack(b *ecs.Batch, i int, f *flowRow) bool {
	at := p.roomAt(f, b.Tick)
	if f.Unsent == 0 && at <= b.Tick {
		return false
	}
	p.again(f)
	p.rare.At(f.slot(f.Next)).Twice = false
	if f.Unsent++; f.Resend == 0 {
		f.Resend = b.Tick + p.patience(f)
	}
	p.arm(b, i, f.FromEnd, max(at, b.Tick+1))
	return true
}

// holdAll has a source send all again that is not known to be there, as there is room.
func (p *Pipes) holdAll(f *flowRow) {
	if f.Acked < f.Next {
		p.again(f)
	}
	for seq, last := f.Acked+1, f.sentTo(); seq <= last; seq++ {
		p.rare.At(f.slot(seq)).Twice = true
	}
	f.Unsent = uint32(f.Next - f.Acked)
}

// sendUnsent sends what a node held back and has room for now. Which of its flows is
// the first is drawn by the tick, so that those to one target share its link.
func (p *Pipes) sendUnsent(b *ecs.Batch, i int, flows []int32) {
	if len(flows) == 0 || p.paces.Len() == 0 {
		return
	}
	first := int(random.Mix(uint64(b.Tick)) % uint64(len(flows)))
	for j := range flows {
		if k := int(flows[(first+j)%len(flows)]); p.flows.At(k).Unsent > 0 {
			p.sendHeld(b, i, k)
		}
	}
}

func (p *Pipes) sendHeld(b *ecs.Batch, i, k int) {
	for f := p.flows.Edit(k); f.Unsent > 0 && p.roomAt(f, b.Tick) <= b.Tick; {
		f.Unsent--
		seq := f.sentTo()
		if seq <= f.Acked || f.has(seq) {
			continue // it was sent before its source started again
		}
		if p.rare.At(f.slot(seq)).Twice {
			p.sendAgain(b, i, k, f, seq)
		} else {
			p.sendKept(b, i, k, f, seq, 0)
		}
		if f.Acked == seq-1 {
			p.awaitFirst(b, i, f)
		}
	}
}
