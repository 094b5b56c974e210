package ecs

import (
	"fmt"

	"github.com/zeebo/xxh3"

	"orrery/ecs/random"
)

// Commit sends what a batch left in Out without asking a link: an envelope is
// due Delay ticks on.
func (w *World) Commit(b *Batch) {
	before := w.counts.Sent
	if len(b.Envelopes) > 0 && w.watcher == nil {
		w.commitEnvelopes(b)
	} else {
		b.Sends(w.scratch.direct)
	}
	if w.counts.Sent != before && w.wheel.count > w.config.MaxEnvelopes {
		w.tooMany(b.program.schema.Name)
	}
}

// commitEnvelopes is the fast path of a message. Its inner loop calls nothing,
// so that all it works with stays in registers, and one envelope's steps do
// not wait for another's, but for the fold's one product. What is not plain (a
// full chunk, a far tick, a group, a payload in the slab, a timer, which is
// counted as one) leaves the inner loop and is posted.
func (w *World) commitEnvelopes(b *Batch) {
	near := &w.wheel.levels[0]
	now, horizon := b.Tick, near.horizon
	out, caused := b.Out, b.Envelopes
	fold, store := w.digest.fold, w.wheel.chunks.envelopes
	cause, index := 0, uint64(0)
	for i, slow := 0, 0; ; i++ {
		var tag uint64
		var due Tick
		for ; i < len(out); i++ {
			s := &out[i]
			c := int(s.Cause)
			if c != cause {
				if c < cause {
					b.badCause(i)
				}
				cause, index = c, 0
			}
			index += golden
			e := &caused[c]
			tag = random.Mix(e.tag>>idShift+index)&^flagsMask | uint64(s.Kind)
			due = now + max(s.Delay, 1)
			q := &near.slots[due&(levelSlots-1)]
			if q.next == q.end || due >= horizon || s.To < 1<<programShift || s.Kind&(slabFlag|timerFlag) != 0 {
				break
			}
			fold = fold*k4 + envelopeWord(uint64(s.To)|uint64(e.To)<<32, tag, s.A, s.B, due)
			o := &store[q.next]
			o.To, o.From, o.tag, o.A, o.B = s.To, e.To, tag, s.A, s.B
			q.next++
		}
		if i == len(out) {
			w.wheel.count += i - slow
			w.counts.Sent += uint64(i - slow)
			w.digest.fold = fold
			return
		}
		s := &out[i]
		w.digest.fold = fold
		w.postAny(&Envelope{To: s.To, From: caused[s.Cause].To, tag: tag, A: s.A, B: s.B}, due)
		fold, store = w.digest.fold, w.wheel.chunks.envelopes
		slow++
	}
}

func (w *World) tooMany(who string) {
	panic(&LimitError{Limit: "envelopes in flight", Max: int64(w.config.MaxEnvelopes), Where: fmt.Sprintf("%s at tick %d", who, w.tick)})
}

func (b *Batch) badCause(i int) {
	panic(fmt.Sprintf("ecs: program %q: Out[%d] is caused by event %d, the one before it by a later one; sends must follow the order of their causes", b.program.schema.Name, i, b.Out[i].Cause))
}

// postAny posts an envelope, or one for each member of the group it is for.
func (w *World) postAny(e *Envelope, due Tick) {
	if e.To.Program() != GroupProgram {
		w.post(e, due)
		return
	}
	x := &w.scratch.sending // e stays on its sender's stack
	*x = *e
	w.toMany(x, due-w.tick, w.scratch.direct)
}

// toMany calls f with an envelope for each member of the group that one is for,
// or gives it to fans if it is for everyone. One for nobody is left to f.
func (w *World) toMany(e *Envelope, delay Tick, f func(e *Envelope, delay Tick)) {
	switch e.To {
	case Everyone:
		w.publish(e)
	case 0:
		f(e, delay)
	default:
		w.fanOut(e, func(copied *Envelope) { f(copied, delay) })
	}
}

// Sends calls f with each envelope that the batch's sends make, in order,
// and the delay asked for: a send to a group makes one a member. It is how a
// router sees what is sent; f posts it, or not.
func (b *Batch) Sends(f func(e *Envelope, delay Tick)) {
	cause, index := -1, uint64(0)
	e := &b.world.scratch.sending // f keeps it from being on the stack
	for i := range b.Out {
		s := &b.Out[i]
		if c := int(s.Cause); c != cause {
			if c < cause {
				b.badCause(i)
			}
			cause, index = c, 0
		}
		*e = Envelope{To: s.To, From: b.Node(cause), A: s.A, B: s.B, tag: childTag(b.ID(cause), index, s.Kind)}
		b.world.scratch.cause = b.ID(cause)
		index++
		if e.To.Program() != GroupProgram {
			f(e, s.Delay)
			continue
		}
		b.world.toMany(e, s.Delay, f)
	}
	b.world.scratch.cause = 0
}

// SendAlone hands f an envelope that no handler sends, and what it is sent because
// of: f posts it, or not. Without f it is due in the next tick.
func (w *World) SendAlone(e Envelope, because EnvelopeID, f func(e *Envelope, delay Tick)) {
	x := &w.scratch.sending // f keeps e from being on the stack
	*x = e
	w.scratch.cause = because
	if f == nil {
		w.Post(x, w.tick+1)
	} else {
		f(x, 0)
	}
	w.scratch.cause = 0
}

// Post puts an envelope in flight, due at a tick to come.
func (w *World) Post(e *Envelope, due Tick) {
	if w.post(e, due); w.wheel.count > w.config.MaxEnvelopes {
		w.tooMany(w.NodeName(e.From))
	}
}

func (w *World) post(e *Envelope, due Tick) {
	if e.To.Program() == GroupProgram || !w.wasBorn(e.To) {
		if e.To == 0 {
			w.leave(e)
			return
		}
		w.badTarget(e)
	}
	due = max(due, w.tick+1)
	w.digest.add(hashEnvelope(e, due))
	w.watchSent(e, due)
	w.wheel.push(e, due)
	if e.tag&timerFlag != 0 {
		w.countTimer(e.Kind())
		return
	}
	w.counts.Sent++
}

// countTimer leaves out the engine's own.
func (w *World) countTimer(k Kind) {
	if !k.IsControl() {
		w.counts.Sent++
		w.counts.Timers.Sent++
	}
}

// Lose counts an envelope as sent and dropped: a link's verdict.
func (w *World) Lose(e *Envelope, c Cause) {
	w.digest.add(hashEnvelope(e, Tick(-1-int64(c))))
	w.counts.Sent++
	w.Drop(e, c)
}

// Purge drops the envelopes in flight that f selects.
func (w *World) Purge(c Cause, f func(e *Envelope) bool) {
	w.wheel.purge(func(e *Envelope) bool {
		drop := f(e)
		if drop {
			w.Drop(e, c)
		}
		return drop
	})
}

// Twin returns a copy of an envelope with an identity of its own, and a share
// in the payload.
func (w *World) Twin(e *Envelope) Envelope {
	t := *e
	t.tag = childTag(e.ID(), twinIndex, 0)&^flagsMask | e.tag&flagsMask
	if t.tag&slabFlag != 0 {
		w.slab.share(t.A)
	}
	return t
}

// Outside makes an envelope from nobody: a message from outside the world, or
// the start of a node. Its identity derives from the target's name and the
// name given, which must differ between such envelopes of one tick.
func (w *World) Outside(to Node, k Kind, a, b uint64, name string) Envelope {
	id := random.Mix(w.nameHash(to)^hashString(name)+uint64(w.tick)*golden) >> idShift
	return Envelope{To: to, tag: id<<idShift | uint64(k), A: a, B: b}
}

// nameHash returns the hash of a node's name, from its life if it has one.
func (w *World) nameHash(n Node) uint64 {
	if l := w.Life(n); l.Name != 0 {
		return l.Name
	}
	return hashString(w.NodeName(n))
}

// WithBytes makes bytes the payload of an envelope.
func (w *World) WithBytes(e *Envelope, payload []byte) {
	e.A, e.B = w.slab.put(payload), xxh3.Hash(payload)
	e.tag |= slabFlag
}

// SendBytes appends a send whose payload is bytes, which are copied.
func (b *Batch) SendBytes(cause int, to Node, k Kind, delay Tick, payload []byte) {
	b.Out = append(b.Out, Send{To: to, Cause: uint16(cause), Kind: k | slabFlag, Delay: delay, A: b.world.slab.put(payload), B: xxh3.Hash(payload)})
}

// AttachBytes makes bytes the payload of the batch's last send, in the place of
// A, and leaves B: for timers, whose B is the engine's.
func (b *Batch) AttachBytes(payload []byte) {
	last := &b.Out[len(b.Out)-1]
	last.Kind |= slabFlag
	last.A = b.world.slab.put(payload)
}

// Size returns an envelope's size on a link, in bytes: the payload's canonical
// bytes and a header.
func (w *World) Size(e *Envelope) int {
	if e.tag&slabFlag != 0 {
		return HeaderSize + len(w.slab.get(e.A))
	}
	return HeaderSize + w.kinds[e.tag&kindMask].size
}

// Replace makes bytes the payload of an envelope that has others. They may not
// lie in the payload itself.
func (w *World) Replace(e *Envelope, payload []byte) {
	w.slab.release(e.A)
	w.WithBytes(e, payload)
}

// FlipBit flips one bit of an envelope's payload, chosen by any number; it
// reports whether there was a payload. A shared payload is copied first.
func (w *World) FlipBit(e *Envelope, n uint64) bool {
	size := uint64(w.Size(e)-HeaderSize) * 8
	if size == 0 {
		return false
	}
	bit := n % size
	switch {
	case e.tag&slabFlag != 0:
		b := append([]byte(nil), w.slab.get(e.A)...)
		b[bit/8] ^= 1 << (bit % 8)
		w.Replace(e, b)
	case bit < 64:
		e.A ^= 1 << bit
	default:
		e.B ^= 1 << (bit - 64)
	}
	return true
}
