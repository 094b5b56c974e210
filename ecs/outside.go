package ecs

import "orrery/ecs/random"

// Nobody hands a handler one event whose node is nobody: what comes from outside
// the world. What it leaves in Out is its own to send. The event's identity
// derives from the name, which must differ between such events of one tick.
//
// An event of nobody has no row, and so no state and no life.
func (w *World) Nobody(name string, h func(*Batch)) {
	id := random.Mix(hashString(name)+uint64(w.tick)*golden) >> idShift
	w.scratch.nobody[0] = Envelope{tag: id << idShift}
	b := &w.batch
	b.Tick, b.Envelopes, b.Rows, b.Out = w.tick, w.scratch.nobody[:], w.scratch.nowhere[:], b.Out[:0]
	b.world, b.program, b.exited, b.At, b.root, b.counted = w, w.programs[GroupProgram], false, -1, 0, counted{}
	h(b)
}

// SetLeaving says who takes what is sent to nobody: it leaves the world in the
// tick in which it is sent. f reports whether it is for anybody; a program that
// sends to nobody otherwise is wrong.
func (w *World) SetLeaving(f func(e *Envelope) (taken bool)) { w.leaving = f }

// leave hands an envelope to who is outside.
func (w *World) leave(e *Envelope) {
	out := &w.scratch.leaving // e stays on its sender's stack
	*out = *e
	w.digest.add(hashEnvelope(e, w.tick))
	w.watchSent(e, w.tick)
	w.counts.Sent++
	w.counts.Delivered++
	if w.leaving == nil || !w.leaving(out) {
		w.badTarget(e)
	}
	w.Unshare(e)
}
