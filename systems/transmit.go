package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// verdictStreams are what links draw from: a stream a kind of verdict, so that
// a link that also loses delays what it does not lose as it did before.
type verdictStreams struct {
	loss, jitter, duplicate, reorder, corrupt ecs.Stream
}

func newVerdictStreams(w *ecs.World) verdictStreams {
	return verdictStreams{
		loss: w.Stream("link/loss"), jitter: w.Stream("link/jitter"), duplicate: w.Stream("link/duplicate"),
		reorder: w.Stream("link/reorder"), corrupt: w.Stream("link/corrupt"),
	}
}

// Route decides on everything in a batch's Out.
func (l *Links) Route(b *ecs.Batch) {
	at := b.At
	b.At = -1 // the sender of what fails is not the event handled last
	b.Sends(l.route)
	b.At = at
}

// send decides on one envelope.
func (l *Links) send(e *ecs.Envelope, delay ecs.Tick) {
	w := l.world
	if e.From == e.To || e.IsTimer() {
		l.sendFree(e, delay)
		return
	}
	if l.cuts.cuts(e.From, e.To) {
		w.Lose(e, ecs.DroppedCut)
		return
	}
	if i := l.index.find(uint64(e.From), uint64(e.To)); i >= 0 {
		l.transmit(l.wires.Edit(i), e, delay)
		return
	}
	if wire, ok := l.networks.find(e.From, e.To); ok {
		l.transmit(wire, e, delay)
		l.networks.keep(wire)
		return
	}
	if e.From == 0 || e.To == 0 { // who is outside needs no link
		w.Post(e, w.Tick()+max(delay, 1))
		return
	}
	if l.excused(e.From, e.To) {
		w.Lose(e, ecs.DroppedUnlinked)
		return
	}
	panic(fmt.Sprintf("systems: %s sent %q to %s, and no link joins them; connect them, or put both in a network", w.NodeName(e.From), w.KindName(e.Kind()), w.NodeName(e.To)))
}

// sendFree posts what needs no link: a node's envelopes to itself, timers or
// messages, and the engine's.
func (l *Links) sendFree(e *ecs.Envelope, delay ecs.Tick) {
	w := l.world
	if e.From != e.To && !e.Kind().IsControl() {
		panic(fmt.Sprintf("systems: %s sent %q to %s, and that kind is a timer's, which comes to the node that arms it; declare a message's with Kind", w.NodeName(e.From), w.KindName(e.Kind()), w.NodeName(e.To)))
	}
	w.Post(e, w.Tick()+max(delay, 1))
}

// transmit puts an envelope on a wire. Time is in nanoseconds and rounded up
// to a tick once. A wire takes envelopes in the order in which they are sent,
// those with a delay too.
func (l *Links) transmit(x *wire, e *ecs.Envelope, delay ecs.Tick) {
	w := l.world
	size := w.Size(e)
	x.Sent++
	x.Bytes += uint64(size)
	free := w.Time(w.Tick() + max(delay, 0))
	if x.Bandwidth > 0 {
		start := max(free, x.Free)
		if x.Queue > 0 && start-free > x.Queue {
			x.Dropped++
			l.lose(e, ecs.DroppedQueue)
			return
		}
		free = start + airtime(size, x.Bandwidth)
		x.Free = free
	}
	var ends uint64
	if x.draws() {
		ends = w.Life(e.From).Name ^ random.Mix(w.Life(e.To).Name)
	}
	if x.Loss != 0 && l.happens(l.streams.loss, e, ends, x.Loss) {
		x.Dropped++
		l.lose(e, ecs.DroppedLoss)
		return
	}
	if x.Duplicate == 0 || !l.happens(l.streams.duplicate, e, ends, x.Duplicate) {
		l.arrive(x, e, free, ends)
		return
	}
	l.twin = w.Twin(e) // of what was sent, not of what arrives
	l.arrive(x, e, free, ends)
	l.arrive(x, &l.twin, free, ends)
}

// draws reports whether anything on the wire is left to chance.
func (x *wire) draws() bool {
	return x.Loss|x.Duplicate|x.Corrupt|x.Reorder != 0 || x.Jitter != 0
}

// arrive posts an envelope that leaves the wire's near end at a time.
func (l *Links) arrive(x *wire, e *ecs.Envelope, free ecs.Nanoseconds, ends uint64) {
	w := l.world
	if x.Corrupt != 0 {
		if draws := l.draw(l.streams.corrupt, e, ends); draws.Chance(x.Corrupt) {
			if l.Checked != nil && l.Checked(e.Kind()) {
				x.Dropped++
				w.Lose(e, ecs.DroppedLoss)
				return
			}
			l.corrupt(e, draws.Uint64())
		}
	}
	at := free + x.Latency
	if x.Jitter > 0 {
		draws := l.draw(l.streams.jitter, e, ends)
		at += ecs.Nanoseconds(draws.Below(uint64(x.Jitter) + 1))
	}
	if x.Reorder != 0 {
		if draws := l.draw(l.streams.reorder, e, ends); draws.Chance(x.Reorder) {
			at += ecs.Nanoseconds(draws.Below(uint64(x.Latency+x.Jitter) + 1))
		}
	}
	if l.slow.rows.Len() > 0 {
		way, factor := at-free, ecs.Nanoseconds(l.slow.of(e.From, e.To))
		at = free + way/usual*factor + way%usual*factor/usual
	}
	due := max(w.TicksCeil(at), w.Tick()+1)
	if x.FIFO {
		due = max(due, x.Last)
		x.Last = due
	}
	if l.fan != nil {
		l.fan.arrives(e, due)
		return
	}
	w.Post(e, due)
}

// lose takes an envelope that a wire does not carry.
func (l *Links) lose(e *ecs.Envelope, why ecs.Cause) {
	if l.fan != nil {
		l.fan.lose(e, why)
		return
	}
	l.world.Lose(e, why)
}

// corrupt changes what an envelope says.
func (l *Links) corrupt(e *ecs.Envelope, n uint64) {
	if e.Kind() == l.whole {
		return
	}
	if payload := l.world.Payload(e); payload != nil && l.Mangle != nil {
		l.world.Replace(e, l.Mangle(e.Kind(), payload, n))
		return
	}
	l.world.FlipBit(e, n)
}

// airtime returns how long a number of bytes, at least one, occupy a wire,
// rounded up.
func airtime(size int, bandwidth uint64) ecs.Nanoseconds {
	const second = 1_000_000_000
	return ecs.Nanoseconds((uint64(size)*8*second-1)/bandwidth + 1)
}

// draw returns an envelope's draws, keyed by the names of both ends and the
// envelope.
func (l *Links) draw(s ecs.Stream, e *ecs.Envelope, ends uint64) random.Source {
	return l.world.Key(s).At(int64(l.world.Tick()), uint64(e.ID())^ends)
}

func (l *Links) happens(s ecs.Stream, e *ecs.Envelope, ends uint64, p random.Probability) bool {
	draws := l.draw(s, e, ends)
	return draws.Chance(p)
}
