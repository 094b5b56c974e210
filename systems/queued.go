package systems

import (
	"slices"

	"orrery/ecs"
)

// What a subscription cannot be given yet, because its node is paused or its
// period is not over, waits in its queue; the oldest makes room for a new one.

// wait puts a value at the end of a subscription's queue.
func (f *Feeds) wait(row int, id ecs.EnvelopeID, from ecs.Node, x *parcel) {
	for r := f.subs.rows.At(row); r.Count >= r.Keep; {
		f.dropOldest(row, ecs.DroppedHeld)
	}
	k := f.queued.take()
	if k == f.values.Len() {
		f.values.Add(functionRow{})
	}
	q := f.queued.rows.Edit(k)
	q.ID, q.A, q.From, q.Topic, q.Sub = id, x.a, from, x.topic, int32(row)
	if x.bytes != nil {
		q.Bytes = 1
		f.values.Edit(k).At, q.A = f.world.Keep(x.bytes)
	}
	r := f.subs.rows.Edit(row)
	if r.Count++; r.Tail == 0 {
		r.Head = int32(k) + 1
	} else {
		f.queued.rows.Edit(int(r.Tail) - 1).Behind = int32(k) + 1
	}
	r.Tail = int32(k) + 1
	f.setSlow(row)
}

// takeOldest takes the first value from a subscription's queue, as an envelope
// to its node.
func (f *Feeds) takeOldest(row int) ecs.Envelope {
	s := f.subs.rows.At(row)
	q := f.queued.rows.At(int(s.Head) - 1)
	e := ecs.MakeEnvelope(s.Node, q.From, q.ID, f.value)
	x := parcel{topic: q.Topic, a: q.A}
	if q.Bytes != 0 {
		x.a, x.bytes = 0, append(f.fan.copied[:0], f.world.Kept(f.values.At(int(s.Head)-1).At)...)
		f.fan.copied = x.bytes
	}
	f.world.WithBytes(&e, f.fan.block(&x, nil))
	e.B = uint64(row) | uint64(s.Serial)<<32
	f.unqueue(row)
	return e
}

func (f *Feeds) dropOldest(row int, why ecs.Cause) {
	f.dropped(f.queued.rows.At(int(f.subs.rows.At(row).Head)-1).Topic, why, 1)
	f.unqueue(row)
}

func (f *Feeds) unqueue(row int) {
	r := f.subs.rows.Edit(row)
	k := int(r.Head) - 1
	if r.Head = f.queued.rows.At(k).Behind; r.Head == 0 {
		r.Tail = 0
	}
	r.Count--
	f.setSlow(row)
	v := f.values.Edit(k)
	f.world.Unkeep(v.At)
	*v = functionRow{}
	f.queued.give(k)
}

// begin is the feeds' part of the act phase, ahead of what is due.
func (f *Feeds) begin() {
	if len(f.changes)+len(f.resumed) > 0 {
		f.catchUp()
	}
}

func (f *Feeds) catchUp() {
	f.Settle() // of what changed between ticks, and in the input phase
	if len(f.resumed) > 0 {
		f.release()
	}
}

// release hands what waits for nodes that have resumed back to the world, to go
// ahead of the tick's own.
func (f *Feeds) release() {
	for _, n := range f.resumed {
		if f.world.Life(n).Status != ecs.Up {
			continue
		}
		f.order = f.order[:0]
		for row := f.subs.first(n); row >= 0; row = f.subs.next(row) {
			f.order = append(f.order, row) // the latest first
		}
		for _, row := range slices.Backward(f.order) {
			f.releaseAll(row)
		}
	}
	f.resumed = f.resumed[:0]
	f.read.handle = 0
	f.sendWakes(0)
}

func (f *Feeds) releaseAll(row int) {
	for r := f.subs.rows.At(row); r.Count > 0; {
		if r.Period > 0 && r.Next > f.world.Tick() {
			f.wakeAt(row)
			return
		}
		if r.Period > 0 {
			f.subs.rows.Edit(row).Next = f.world.Tick() + r.Period
		}
		f.figures.Edit(int(f.queued.rows.At(int(r.Head)-1).Topic)).Delivered++
		e := f.takeOldest(row)
		f.world.Release(&e)
	}
}

// wakeAt has a subscription woken when its period is over; sendWakes sends what
// does.
func (f *Feeds) wakeAt(row int) {
	if r := f.subs.rows.At(row); r.Wake != r.Next {
		r := f.subs.rows.Edit(row)
		r.Wake = r.Next
		f.hand.wakes.add(makeEntry(uint32(row), r.Serial), r.Next)
		f.hand.wakes.end(r.Node.Program())
	}
}

func (f *Feeds) sendWakes(cause ecs.EnvelopeID) {
	if len(f.hand.wakes.list) > 0 {
		e := ecs.MakeEnvelope(ecs.Everyone, 0, cause, f.wake)
		f.fan.emit(&e, &parcel{}, &f.hand.wakes)
		f.hand.wakes.clear()
	}
}

// Refused takes back that a value was given to its subscriber: its node has
// ended within the batch. It is asked with each event that is refused so.
func (f *Feeds) Refused(b *ecs.Batch, i int) {
	if e := &b.Envelopes[i]; f.opened && e.Kind() == f.value {
		feed, _, _ := unblock(f.world.Payload(e))
		x := f.figures.Edit(int(feed))
		x.Delivered--
		x.Dropped[ecs.DroppedDown]++
	}
}
