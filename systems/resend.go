package systems

import "orrery/ecs"

const (
	// ackDelay is how long a target may put off to acknowledge, and
	// mostUnacknowledged how many items: a quarter of the capacity if that is
	// less. As QUIC's max_ack_delay (RFC 9000, 18.2); every second packet there.
	ackDelay           ecs.Nanoseconds = 25_000_000
	mostUnacknowledged int             = 8
	// longestWait bounds the wait for an acknowledgement, doubled each time
	// that it was in vain: after a cut heals, a pipe goes on within it, or
	// within the time that an acknowledgement takes. It is the first wait too
	// (RFC 6298, 2.1).
	longestWait ecs.Nanoseconds = 1_000_000_000
)

// patience is how long a source waits before it sends an item again: the
// smoothed time there and back and four times its variation (RFC 6298; Jacobson:
// Congestion avoidance and control, 1988), and what an acknowledgement may be
// put off by (RFC 9002, 6.2.1), doubled for each time that it was in vain.
func (p *Pipes) patience(f *flowRow) ecs.Tick {
	wait := p.second
	if f.RTT != 0 {
		wait = ecs.Tick(f.RTT>>3) + max(1, ecs.Tick(f.RTTVar)) + p.delay
	}
	return min(wait<<f.Backoff, max(p.second, wait))
}

// timed takes a sample of the time there and back. One item at a time is timed,
// and none that was sent twice; until there is one, waits stay long (Karn and
// Partridge: Improving round-trip time estimates, 1987).
func (f *flowRow) timed(t ecs.Tick) {
	m := int32(min(t, 1<<24))
	f.Timed, f.Backoff = 0, 0
	if f.RTT == 0 {
		f.RTT, f.RTTVar = m<<3, m<<1
		return
	}
	m -= f.RTT >> 3
	f.RTT += m
	f.RTTVar += max(m, -m) - f.RTTVar>>2
}

// Acknowledged takes an acknowledgement that has come as the i-th envelope of a
// batch: the source forgets what was pulled. It returns the pipe that has room
// again for who was refused, 0 for none; then [Pipes.Next] is asked.
func (p *Pipes) Acknowledged(b *ecs.Batch, i int) (room Pipe) {
	e := &b.Envelopes[i]
	p.turn.begin()
	pipe := Pipe(e.A >> seqBits)
	k := p.byEnds.find(ends(e.To, e.From), uint64(pipe))
	if k < 0 {
		p.world.Refuse(e, ecs.DroppedGone)
		return 0
	}
	f := p.flows.Edit(k)
	taken, session := e.A&seqMask, uint16(e.B>>48)
	advanced := p.release(f, taken)
	switch {
	case f.Session == 0 || session == f.Session:
		f.Session = session
		advanced = p.seen(b, f, taken+e.B>>32&0xffff, uint32(e.B)) || advanced
	case int16(session-f.Session) > 0:
		f.Session = session
		p.unseen(f, taken+e.B>>32&0xffff)
		p.resend(b, i, f, 0)
		advanced = true
	}
	if advanced {
		p.await(b, i, f)
	}
	p.stalled(e.To, pipe)
	s := p.bySource.find(uint64(e.To), uint64(pipe))
	if s < 0 || !p.sources.At(s).Wanted || !p.roomFor(e.To, pipe) {
		return 0
	}
	p.sources.Edit(s).Wanted = false
	return pipe
}

// roomFor reports whether some push might be taken.
func (p *Pipes) roomFor(n ecs.Node, pipe Pipe) bool {
	c := &p.list[pipe-1]
	if c.config.Fan == FanBroadcast {
		return p.Room(n, pipe)
	}
	for _, k := range p.lists[p.end(n)].out {
		if p.flows.At(int(k)).Pipe == pipe && p.below(int(k), c) {
			return true
		}
	}
	return false
}

// release forgets items up to one that was pulled; it reports whether there
// were any.
func (p *Pipes) release(f *flowRow, taken uint64) bool {
	if taken <= f.Base || taken > f.Next {
		return false
	}
	for ; f.Base < taken; f.Base++ {
		if f.Edge == f.Head {
			f.Edge = p.items.At(int(f.Head) - 1).Next
		}
		f.Head = p.free(f.Head)
	}
	if f.Head == 0 {
		f.Tail = 0
	}
	f.Acked = max(f.Acked, f.Base)
	p.skipSeen(f)
	return true
}

// skipSeen moves on over items that came ahead: the edge is one that the target
// has not, as far as is known.
func (p *Pipes) skipSeen(f *flowRow) {
	for f.Edge != 0 && p.items.At(int(f.Edge)-1).Seen {
		f.Edge = p.items.At(int(f.Edge) - 1).Next
		f.Acked++
	}
}

// seen notes what the target has; it reports whether that is more than before.
func (p *Pipes) seen(b *ecs.Batch, f *flowRow, received uint64, ahead uint32) (more bool) {
	if received < f.Acked || received > f.Next {
		return false
	}
	for ; f.Acked < received; f.Acked++ {
		f.Edge = p.items.At(int(f.Edge) - 1).Next
		more = true
	}
	if ahead != 0 && f.Edge != 0 {
		row := p.items.At(int(f.Edge) - 1).Next
		for ; row != 0 && ahead != 0; ahead >>= 1 {
			if it := p.items.Edit(int(row) - 1); ahead&1 != 0 && !it.Seen {
				it.Seen, more = true, true
				if it.Seq == f.Timed {
					f.timed(b.Tick - f.TimedAt)
				}
			}
			row = p.items.At(int(row) - 1).Next
		}
	}
	p.skipSeen(f)
	if f.Timed != 0 && f.Timed <= f.Acked {
		f.timed(b.Tick - f.TimedAt)
	}
	return more
}

// unseen begins anew with what a target that has started again has.
func (p *Pipes) unseen(f *flowRow, received uint64) {
	f.Acked, f.Edge, f.Timed = f.Base, f.Head, 0
	for ; f.Acked < min(received, f.Next); f.Acked++ {
		f.Edge = p.items.At(int(f.Edge) - 1).Next
	}
	for row := f.Edge; row != 0; row = p.items.At(int(row) - 1).Next {
		if p.items.At(int(row) - 1).Seen {
			p.items.Edit(int(row) - 1).Seen = false
		}
	}
}

// await sets when a source that has heard of progress sends again: after its
// patience with the first item that the target has not. If it has all, it is
// asked: its queue goes with its incarnation, and what says so may be lost.
func (p *Pipes) await(b *ecs.Batch, i int, f *flowRow) {
	if f.Head == 0 {
		f.Resend = 0
		return
	}
	since := b.Tick
	if f.Edge != 0 {
		since = p.items.At(int(f.Edge) - 1).Sent
	}
	f.Resend = max(since+p.patience(f), b.Tick+1)
	p.arm(b, i, f.FromEnd, f.Resend)
}

// sendAnew has a source that has started again send all that is not known to be
// there: it does not know what was under way.
func (p *Pipes) sendAnew(f *flowRow, at ecs.Tick) {
	if f.Head == 0 {
		return
	}
	for row := f.Edge; row != 0; row = p.items.At(int(row) - 1).Next {
		p.items.Edit(int(row) - 1).Sent = longAgo
	}
	f.Resend, f.Timed, f.Backoff = at, 0, 0
}

// longAgo is when an item was sent last that is to be sent at once.
const longAgo ecs.Tick = -1 << 60

// resend sends again what the target has not and was sent some time ago; if it
// has all, the first item, which makes it say so. It reports whether it sent.
func (p *Pipes) resend(b *ecs.Batch, i int, f *flowRow, age ecs.Tick) bool {
	n := uint64(0)
	for row := f.Edge; row != 0; {
		it := p.items.At(int(row) - 1)
		next := it.Next
		if !it.Seen && it.Sent+age <= b.Tick {
			p.send(b, i, f, row)
			if n++; it.Seq == f.Timed {
				f.Timed = 0
			}
		}
		row = next
	}
	if n > 0 {
		p.figures.resent(f.Pipe, n)
		return true
	}
	if f.Edge == 0 && f.Head != 0 {
		p.send(b, i, f, f.Head)
		return true
	}
	return false
}

// Woken does what is due when the timer of the i-th event's node has fired;
// then [Pipes.Next] is asked.
func (p *Pipes) Woken(b *ecs.Batch, i int) {
	p.turn.begin()
	end := p.byNode.find(uint64(b.Node(i)), 0)
	if end < 0 || p.ends.At(end).Armed > b.Tick {
		return // a later one fires too
	}
	l := &p.lists[end]
	for _, k := range l.in {
		if at := p.flows.At(int(k)).AckDue; at != 0 && at <= b.Tick {
			p.acknowledge(b, i, p.flows.Edit(int(k)))
		}
	}
	for _, k := range l.out {
		if at := p.flows.At(int(k)).Resend; at != 0 && at <= b.Tick {
			p.late(b, i, p.flows.Edit(int(k)))
		}
	}
	for _, k := range l.queues {
		if at := p.queues.At(int(k)).Done; at != 0 && at <= b.Tick {
			p.turn.queues = append(p.turn.queues, k)
		}
	}
	p.armNext(b, i, int32(end))
}

// late is what a source does that has waited in vain.
func (p *Pipes) late(b *ecs.Batch, i int, f *flowRow) {
	if !p.resend(b, i, f, p.patience(f)) {
		f.Resend = 0
		if f.Edge != 0 { // it was sent again in between
			f.Resend = max(p.items.At(int(f.Edge)-1).Sent+p.patience(f), b.Tick+1)
		}
		return
	}
	if p.patience(f) < p.second {
		f.Backoff++
	}
	f.Resend = b.Tick + p.patience(f)
}

// stalled has a node's stages that push to a pipe go on, if it has room.
func (p *Pipes) stalled(n ecs.Node, pipe Pipe) {
	pulls := p.programs.Of(n.Program()).Pulls
	for at := range pulls {
		if pulls[at].Into != pipe {
			continue
		}
		if k := p.byQueue.find(uint64(n), uint64(pulls[at].Pipe)); k >= 0 {
			p.turn.queues = append(p.turn.queues, int32(k))
		}
	}
}
