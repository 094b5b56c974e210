package systems

import (
	"math/bits"

	"orrery/ecs"
)

// What a source makes of gaps in what its target has: an item is lost once one
// that was sent later is known to be there and links have had time for what
// little they reorder (RFC 8985, RACK; RFC 9002, 6.1.2). Where links are seen to
// reorder, they are given more.

// doubts are what a flow has shown of its links, as bits.
type doubts uint8

const (
	hasty     doubts = 1 << iota // an item was sent again as one sent later was there
	reordered                    // items overtake each other, or one came twice after that
	early                        // one came twice after waiting: maybe not for long enough
	paced                        // not a doubt: the link from its source has a queue
	excused                      // what comes twice says nothing of waits: an answer was lost
)

// twice notes that an item has come twice; it reports whether waits are in doubt.
func (d *doubts) twice() bool {
	switch {
	case *d&hasty != 0:
		*d = *d&^hasty | reordered
	case *d&excused == 0:
		*d |= early
	}
	return *d&(early|excused) == early
}

// has reports whether the target is known to have an item after Acked.
func (f *flowRow) has(seq uint64) bool { return f.Seen>>(seq-f.Acked-1)&1 != 0 }

// top returns the last item that the target is known to have.
func (f *flowRow) top() uint64 { return f.Acked + uint64(bits.Len32(f.Seen)) }

// sentOnce reports whether an item that is kept was never sent again.
func (p *Pipes) sentOnce(f *flowRow, seq uint64) bool {
	return !f.Again || !p.rare.At(f.slot(seq)).Twice
}

// told looks at the items that an acknowledgement is the first to say the target
// has, before they are forgotten. One that comes to be known later than the next
// was overtaken. One that was sent once tells how long the way is, if the item that
// is timed for that is lost, or was sent again; but nothing does that a gap was
// filled for: it may have been there for long, too far ahead to be told of. Nor
// does anything that comes to be known late, with what answers an item that was sent
// again: what told of it before may be lost.
//
// Any ends the doubling of waits (RFC 9002, 6.2.1). But of one that was sent again
// it is not known which time was answered, and the way may have become longer than
// the wait. If so, items come twice, and none is there that was sent once: then
// only longer waits will tell (Karn and Partridge).
//
// If one that was sent once comes to be known with those, and in time, what told of
// those before was lost.
//
// It returns the one of those that was sent again last, 0 if there is none.
func (p *Pipes) told(f *flowRow, now ecs.Tick, received uint64, ahead uint32, answer bool) (latest uint64) {
	if f.Seen == 0 && ahead == 0 && !f.Again || received < f.Acked || received > f.Next {
		return 0
	}
	top, once, again := f.top(), uint64(0), false
	last := min(f.Next, received+1+uint64(bits.Len32(ahead)))
	for seq := f.Acked + 1; seq <= last; seq++ {
		there := seq <= received || seq > received+1 && ahead>>(seq-received-2)&1 != 0
		switch {
		case !there || f.has(seq):
		case !p.sentOnce(f, seq):
			if again = true; latest == 0 || p.sentAt(f, seq) >= p.sentAt(f, latest) {
				latest = seq
			}
		default:
			if once = seq; seq < top {
				f.Doubts |= reordered
			}
		}
	}
	late := answer && again || received > f.Acked && f.Seen != 0
	if late {
		f.Timing = false
	}
	if again && once != 0 && now-p.firstSent(f, once) <= p.wait(f) {
		f.Doubts |= excused
	}
	switch {
	case once != 0 && !late && (f.RTT == 0 || !f.Timing || f.Doubts&early != 0 && f.Seen|ahead == 0):
		f.sampled(now - p.firstSent(f, once))
	case once != 0:
		f.Backoff, f.Doubts = 0, f.Doubts&^early
	case again:
		f.heard()
	}
	return latest
}

// deadline is how long after it was sent an item is sent again.
type deadline struct {
	top      uint64   // items before it are overtaken
	sent     ecs.Tick // that were sent no later than this
	soon     ecs.Tick // for those
	patience ecs.Tick
}

func (p *Pipes) deadline(f *flowRow) deadline {
	w := deadline{patience: p.patience(f)}
	if f.Seen != 0 {
		w.top = f.top()
		w.sent, w.soon = p.firstSent(f, w.top), p.soon(f)
	}
	return w
}

// until returns when an item that was sent at some time is sent again, and
// whether that is because it is overtaken.
func (w *deadline) until(seq uint64, sent ecs.Tick) (at ecs.Tick, overtaken bool) {
	if seq < w.top && sent <= w.sent {
		return sent + w.soon, true
	}
	return sent + w.patience, false
}

// nextResend returns when a source that keeps something sends again: what others
// have overtaken, or the first of what the target has not. Waiting for that begins
// anew as the target has more (RFC 6298, 5.3), for it may have to come through a
// queue: each that comes then follows another soon. If the target has all, it is asked: its queue goes with its incarnation,
// and what says so may be lost.
func (p *Pipes) nextResend(f *flowRow, now ecs.Tick) ecs.Tick {
	w := p.deadline(f)
	next := now + w.patience
	if f.Acked >= f.sentTo() {
		return next
	}
	first := p.sentAt(f, f.Acked+1)
	if first == longAgo {
		return now + 1
	}
	if at := first + w.patience; at > now {
		way, _ := p.way(f)
		next = max(at, now+way>>2)
	}
	for seq := f.Acked + 1; seq < w.top; seq++ {
		if at, overtaken := w.until(seq, p.sentAt(f, seq)); overtaken && !f.has(seq) {
			next = min(next, at)
		}
	}
	return max(next, now+1)
}
