package systems

import (
	"math/bits"

	"orrery/ecs"
)

const (
	// ackDelay is how long a target may put off to acknowledge, and
	// mostUnacknowledged how many items: a quarter of the capacity if that is
	// less. As QUIC's max_ack_delay (RFC 9000, 18.2); every second packet there.
	ackDelay           ecs.Nanoseconds = 25_000_000
	mostUnacknowledged int             = 8
	// shortBound bounds the wait for an acknowledgement, doubled each time that
	// it was in vain: after a cut heals, a pipe goes on within it, or within the
	// time that an acknowledgement takes. It is the first wait too (RFC 6298,
	// 2.1). Where items that were sent again have come twice, the way may be longer
	// than that: then it doubles up to longBound (RFC 6298, 2.5).
	shortBound ecs.Nanoseconds = 1_000_000_000
	longBound  ecs.Nanoseconds = 60_000_000_000
)

// patience is how long a source waits before it sends an item again: the
// smoothed time there and back and four times its variation (RFC 6298; Jacobson:
// Congestion avoidance and control, 1988), and what an acknowledgement may be
// put off by (RFC 9002, 6.2.1), doubled for each time that it was in vain.
func (p *Pipes) patience(f *flowRow) ecs.Tick {
	wait := p.wait(f)
	if f.Doubts&early != 0 {
		return min(wait<<f.Backoff, max(p.long, wait))
	}
	return min(wait<<f.Backoff, max(p.short, wait))
}

// wait is how long a source waits if it has not waited in vain.
func (p *Pipes) wait(f *flowRow) ecs.Tick {
	if rtt, variation := p.way(f); rtt != 0 {
		return rtt + max(1, variation) + p.delay
	}
	return p.short
}

// twice notes that an item that was sent again has come twice. Nobody answers over
// a link that is cut, so that only this has waits double beyond the short bound. But
// if that is how the source hears that the item is there, or that its target still is,
// an answer was lost: then no wait was too short for all that was sent so far.
func (p *Pipes) twice(f *flowRow, news bool) {
	if news {
		f.Doubts |= excused
	}
	if !f.Doubts.twice() {
		return
	}
	if wait := p.patience(f); wait >= p.short && wait < p.long {
		f.Backoff++
	}
}

// soon is how long after it was sent an item is held for lost that others have
// overtaken: an eighth more than the time there and back (RFC 9002, 6.1.2). Where
// items overtake each other it is the time once more (RFC 8985, 6.2), and what it
// varies by.
func (p *Pipes) soon(f *flowRow) ecs.Tick {
	rtt, variation := p.way(f)
	switch {
	case rtt == 0:
		return p.patience(f)
	case f.Doubts&reordered != 0:
		return min(2*rtt+variation, p.patience(f))
	}
	return rtt + max(1, rtt>>3)
}

// way returns the smoothed time there and back and four times its variation. Until
// there is a sample, it is as the links there and back are laid, and varies as
// after a first sample (RFC 6298, 2.2): a transport would have taken that one as
// it connected. 0: it is not known.
func (p *Pipes) way(f *flowRow) (rtt, variation ecs.Tick) {
	if f.RTT != 0 {
		return ecs.Tick(f.RTT>>3) << f.Scale, ecs.Tick(f.RTTVar) << f.Scale
	}
	there, ok := p.links.usual(f.From, f.To)
	back, okBack := p.links.usual(f.To, f.From)
	if !ok || !okBack {
		return 0, 0
	}
	rtt = max(1, p.world.TicksCeil(there)) + max(1, p.world.TicksCeil(back))
	return rtt, 2 * rtt
}

// mostSample is the longest sample, in units: eight times as much fits a row.
const mostSample = 1 << 24

// sampled takes a sample of the time there and back. One item at a time is timed,
// and none that was sent twice (Karn and Partridge: Improving round-trip time
// estimates, 1987). A unit is a tick, and doubles as often as long ways want it.
func (f *flowRow) sampled(t ecs.Tick) {
	for ; t>>f.Scale > mostSample; f.Scale++ {
		f.RTT, f.RTTVar = f.RTT>>1, f.RTTVar>>1
	}
	m := int32(t >> f.Scale)
	f.Timing, f.Backoff, f.Doubts = false, 0, f.Doubts&^early
	if f.RTT == 0 {
		f.RTT, f.RTTVar = m<<3, m<<1
		return
	}
	m -= f.RTT >> 3
	f.RTT += m
	f.RTTVar += max(m, -m) - f.RTTVar>>2
}

// sample takes the time there and back of the item that is being timed, if the
// target has said that it has it: one up to a number. It has been sent once, when
// it was pushed, and its source keeps it still.
func (p *Pipes) sample(f *flowRow, now ecs.Tick, upTo uint64) {
	if seq := f.timed(); seq != 0 && seq <= upTo {
		f.sampled(now - p.pushedAt(f, seq))
	}
}

// Acknowledged takes an acknowledgement that has come as the i-th envelope of a
// batch: the source forgets what was pulled. It returns the pipe that has room
// again for who was refused, 0 for none; then [Pipes.Next] is asked.
func (p *Pipes) Acknowledged(b *ecs.Batch, i int) (room Pipe) {
	e := &b.Envelopes[i]
	p.turn.begin()
	k, f := p.named(e.A, e.To, e.From)
	if k < 0 {
		p.world.Refuse(e, ecs.DroppedGone)
		return 0
	}
	pipe, taken, session := f.Pipe, numbered(e.A, f.base()), uint16(e.B>>48)
	received, ahead := taken+e.B>>32&0xffff, uint32(e.B)&^cameTwice
	same, latest, sent := f.Session == 0 || session == f.Session, uint64(0), longAgo
	asked := f.Acked >= f.sentTo() && f.Kept > f.Unsent
	if same {
		if latest = p.told(f, b.Tick, received, ahead, e.A&sentAgain|e.B&cameTwice != 0); latest != 0 {
			sent = p.sentAt(f, latest)
		}
	}
	if e.B&cameTwice != 0 {
		p.twice(f, asked || latest != 0)
	}
	advanced := p.release(f, b.Tick, taken)
	switch {
	case same:
		f.Session = session
		advanced = p.seen(f, b.Tick, received, ahead) || advanced
		if e.A&sentAgain != 0 && latest != 0 {
			f.Backoff, f.Doubts = 0, f.Doubts&^early
			p.goOn(b, i, k, latest, sent)
		}
	case int16(session-f.Session) > 0:
		f.Session = session
		f.unseen(received)
		if f.Doubts&paced != 0 {
			p.holdAll(f)
		} else {
			p.resend(b, i, k, true)
		}
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
func (p *Pipes) release(f *flowRow, now ecs.Tick, taken uint64) bool {
	if taken <= f.base() || taken > f.Next {
		return false
	}
	p.sample(f, now, taken)
	p.dropKept(f, taken)
	if f.Acked < taken {
		f.advance(taken)
	}
	if f.Kept == 0 && f.Log > smallRingLog {
		p.freeRing(f)
	}
	return true
}

// advance notes that the target has all up to an item, and so also what it has
// next to that.
func (f *flowRow) advance(received uint64) {
	f.Seen >>= received - f.Acked
	f.Acked = received
	have := bits.TrailingZeros32(^f.Seen)
	f.Seen >>= have
	f.Acked += uint64(have)
}

// seen notes what the target has; it reports whether that is more than before.
func (p *Pipes) seen(f *flowRow, now ecs.Tick, received uint64, ahead uint32) (more bool) {
	if received < f.Acked || received > f.Next {
		return false
	}
	more = received > f.Acked
	f.Seen >>= received - f.Acked
	f.Acked = received
	have := ahead << 1 // the item after Acked is missing
	if left := f.Next - f.Acked; left < 32 {
		have &= 1<<left - 1
	}
	have &^= f.Seen
	f.Seen |= have
	if seq := f.timed(); seq > f.Acked && have>>(seq-f.Acked-1)&1 != 0 {
		p.sample(f, now, seq)
	}
	f.advance(f.Acked)
	p.sample(f, now, f.Acked)
	return more || have != 0
}

// unseen begins anew with what a target that has started again has. It has answered,
// so that waits are short again.
func (f *flowRow) unseen(received uint64) {
	f.Acked, f.Seen, f.Timing = max(f.base(), min(received, f.Next)), 0, false
	f.heard()
}

// heard ends the doubling of waits that were in vain, but where they may be too short.
func (f *flowRow) heard() {
	if f.Doubts&early == 0 {
		f.Backoff = 0
	}
}

// awaitFirst sets when an item is sent again whose target had all before it, so that
// none is timed. That may be sooner than the source would ask a target that takes
// long to pull.
func (p *Pipes) awaitFirst(b *ecs.Batch, i int, f *flowRow) {
	f.heard()
	f.Resend = b.Tick + p.patience(f)
	p.arm(b, i, f.FromEnd, f.Resend)
}

// await sets when a source that has heard of progress sends again.
func (p *Pipes) await(b *ecs.Batch, i int, f *flowRow) {
	if f.Kept == 0 {
		f.Resend = 0
		return
	}
	if f.sentTo() < f.Acked {
		f.Unsent = uint32(f.Next - f.Acked) // its source has started again, and was heard before
	}
	if f.Resend = p.nextResend(f, b.Tick); f.Unsent > 0 {
		p.arm(b, i, f.FromEnd, p.roomAt(f, b.Tick+1))
	}
	p.arm(b, i, f.FromEnd, f.Resend)
}

// sendAnew has a source that has started again send all that is not known to be
// there: it does not know what was under way.
func (p *Pipes) sendAnew(f *flowRow, at ecs.Tick) {
	if f.Kept == 0 {
		return
	}
	p.again(f)
	for seq := f.Acked + 1; seq <= f.Next; seq++ {
		r := p.rare.At(f.slot(seq))
		r.Sent, r.Twice = longAgo, r.Twice || seq <= f.sentTo()
	}
	if f.Doubts&paced != 0 {
		p.holdAll(f)
	}
	f.Resend, f.Timing, f.Backoff = at, false, 0
}

// longAgo is when an item was sent last that is to be sent at once.
const longAgo ecs.Tick = -1 << 60

// resend sends again what the target has not and others have overtaken, or all of
// it. It reports whether there was any.
func (p *Pipes) resend(b *ecs.Batch, i, k int, all bool) (some bool) {
	f := p.flows.Edit(k)
	w := p.deadline(f)
	for seq, last := f.Acked+1, f.sentTo(); seq <= last; seq++ {
		if f.has(seq) {
			continue
		}
		sent := p.sentAt(f, seq)
		at, overtaken := w.until(seq, sent)
		if !all && sent != longAgo && (!overtaken || at > b.Tick) {
			continue
		}
		if some && p.againAt(f, b.Tick) > b.Tick {
			break // the rest as there is room
		}
		p.sendAgain(b, i, k, f, seq)
		some = true
		if overtaken && f.Doubts&reordered == 0 {
			f.Doubts |= hasty
		}
	}
	return some
}

// probe has a source that has waited in vain send the first two items that the
// target has not, but no second of which it may have said so meanwhile: one might be
// lost, and all that is on its way would flood a target, or a link, that is only slow
// (RFC 9002, 6.2.4). Whether more is lost follows from what the target says of them.
// If it has all, the first item makes it say how far it has pulled.
func (p *Pipes) probe(b *ecs.Batch, i, k int) {
	f := p.flows.Edit(k)
	if p.patience(f) < p.short {
		f.Backoff++
	}
	if f.Acked >= f.sentTo() {
		p.again(f)
		p.sendKept(b, i, k, f, f.base()+1, sentAgain)
		return
	}
	way, _ := p.way(f)
	before := b.Tick - way - way>>1 // of what was sent since an answer may be on its way
	for seq, n := f.Acked+1, 0; seq <= f.sentTo() && n < 2; seq++ {
		if !f.has(seq) && (n == 0 || p.sentAt(f, seq) <= before && p.againAt(f, b.Tick) <= b.Tick) {
			p.sendAgain(b, i, k, f, seq)
			n++
		}
	}
}

// manyLater is how many items may follow that were sent no earlier, before the rest
// is taken to be so too.
const manyLater = 64

// goOn has a source send again what it sent before an item that the target had only
// as that was sent again: it would be there by now, if it were not lost (RFC 8985).
// Which time of several was answered is not known, so that what was sent less than
// half the way ago is left out. It ends after some that follow the item and were sent
// no earlier: once all was sent again, each answer to that would look at all that is
// left.
func (p *Pipes) goOn(b *ecs.Batch, i, k int, item uint64, sent ecs.Tick) {
	f, before := p.flows.Edit(k), b.Tick
	if rtt, _ := p.way(f); rtt != 0 {
		before -= rtt >> 1
	}
	for seq, later := f.Acked+1, 0; seq <= f.sentTo() && later < manyLater; seq++ {
		at := p.sentAt(f, seq)
		switch earlier := at < sent || at == sent && seq < item; {
		case f.has(seq):
		case earlier && at <= before:
			if p.againAt(f, b.Tick) > b.Tick {
				return // what of it comes has the rest follow
			}
			p.sendAgain(b, i, k, f, seq)
		case !earlier && seq > item:
			later++
		}
	}
}

// sendAgain sends an item that the target has not once more.
func (p *Pipes) sendAgain(b *ecs.Batch, i, k int, f *flowRow, seq uint64) {
	p.again(f)
	f.Doubts &^= excused
	if seq == f.timed() {
		f.Timing = false
	}
	p.sendKept(b, i, k, f, seq, sentAgain)
	p.figures.resent(f.Pipe, 1)
}

// Woken does what is due when the timer of the i-th event's node has fired;
// then [Pipes.Next] is asked.
func (p *Pipes) Woken(b *ecs.Batch, i int) {
	p.turn.begin()
	end := p.byNode.find(b.Node(i))
	if end < 0 || p.ends.At(end).Armed > b.Tick {
		return // a later one fires too
	}
	l := &p.lists[end]
	for _, k := range l.in {
		if at := p.flows.At(int(k)).AckDue; at != 0 && at <= b.Tick {
			p.acknowledge(b, i, int(k), 0)
		}
	}
	p.sendUnsent(b, i, l.out)
	for _, k := range l.out {
		if at := p.flows.At(int(k)).Resend; at != 0 && at <= b.Tick {
			p.late(b, i, int(k))
		}
	}
	for _, k := range l.queues {
		if at := p.queues.At(int(k)).Done; at != 0 && at <= b.Tick {
			p.turn.queues = append(p.turn.queues, k)
		}
	}
	p.armNext(b, i, int32(end))
}

// late is what a source does that has waited for long enough.
func (p *Pipes) late(b *ecs.Batch, i, k int) {
	f := p.flows.Edit(k)
	if at := p.againAt(f, b.Tick); at > b.Tick {
		f.Resend = at
		return
	}
	if f.Kept > f.Unsent && !p.resend(b, i, k, false) {
		p.probe(b, i, k)
	}
	f.Resend = p.nextResend(f, b.Tick)
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
