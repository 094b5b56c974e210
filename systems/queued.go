package systems

import (
	"slices"

	"orrery/ecs"
)

// What a subscription cannot be given yet, because its node is paused or its
// period is not over, waits in a queue; the oldest of the same feed makes room
// for a new one. All that waits for a subscription is also one list, in the order
// in which it came.

// wait puts a value at the end of a queue.
func (f *Feeds) wait(q queue, id ecs.EnvelopeID, from ecs.Node, x *parcel) {
	for f.waiting(q) >= f.subs.rows.At(q.sub).Keep {
		f.drop(f.oldest(q), ecs.DroppedHeld)
		q = f.queueOf(q.sub, x.topic) // its lane may have ended
	}
	k := f.queued.take()
	if k == f.values.Len() {
		f.values.Add(functionRow{})
	}
	v := f.queued.rows.Edit(k)
	v.ID, v.A, v.From, v.Topic, v.Sub = id, x.a, from, x.topic, int32(q.sub)
	if x.bytes != nil {
		v.Bytes = 1
		f.values.Edit(k).At, v.A = f.world.Keep(x.bytes)
	}
	f.enqueue(q, k)
}

func (f *Feeds) enqueue(q queue, k int) {
	r := f.subs.rows.Edit(q.sub)
	if r.Count++; r.Tail == 0 {
		r.Head = int32(k) + 1
	} else {
		f.queued.rows.Edit(int(r.Tail) - 1).Behind = int32(k) + 1
	}
	if q.lane >= 0 {
		f.queued.slot(k).Prev = r.Tail
		l := f.lanes.rows.Edit(q.lane)
		if l.Count++; l.Tail == 0 {
			l.Head = int32(k) + 1
		} else {
			f.queued.slot(int(l.Tail) - 1).Next = int32(k) + 1
		}
		l.Tail = int32(k) + 1
	}
	r.Tail = int32(k) + 1
	f.setSlow(q.sub)
}

// takeOldest takes the first value from a queue, as an envelope to its node.
func (f *Feeds) takeOldest(q queue) ecs.Envelope {
	s, k := f.subs.rows.At(q.sub), f.oldest(q)
	v := f.queued.rows.At(k)
	e := ecs.MakeEnvelope(s.Node, v.From, v.ID, f.value)
	x := parcel{topic: v.Topic, a: v.A}
	if v.Bytes != 0 {
		x.a, x.bytes = 0, append(f.fan.copied[:0], f.world.Kept(f.values.At(k).At)...)
		f.fan.copied = x.bytes
	}
	f.world.WithBytes(&e, f.fan.block(&x, nil))
	e.B = makeEntry(uint32(q.sub), s.Serial)
	f.unqueue(k)
	return e
}

// drop drops a value that waits, the oldest of its queue.
func (f *Feeds) drop(k int, why ecs.Cause) {
	f.dropped(f.queued.rows.At(k).Topic, why, 1)
	f.unqueue(k)
}

// unqueue takes a value that is the oldest of its queue from it.
func (f *Feeds) unqueue(k int) {
	v := *f.queued.rows.At(k)
	r := f.subs.rows.Edit(int(v.Sub))
	if v.Prev == 0 {
		r.Head = v.Behind
	} else {
		f.queued.rows.Edit(int(v.Prev) - 1).Behind = v.Behind
	}
	if v.Behind == 0 {
		r.Tail = v.Prev
	} else {
		f.queued.slot(int(v.Behind) - 1).Prev = v.Prev
	}
	r.Count--
	f.setSlow(int(v.Sub))
	if r.Lanes != 0 {
		f.leaveLane(f.byLane.find(uint64(v.Sub), uint64(v.Topic)), v.Next, r.Period)
	}
	x := f.values.Edit(k)
	f.world.Unkeep(x.At)
	*x = functionRow{}
	f.queued.give(k)
}

// leaveLane takes the first of a lane from it, the next being as said.
func (f *Feeds) leaveLane(lane int, next int32, period ecs.Tick) {
	l := f.lanes.rows.Edit(lane)
	if l.Head = next; next == 0 {
		l.Tail = 0
	}
	if l.Count--; l.Count == 0 && period == 0 {
		f.endLane(lane)
	}
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

// releaseAll hands back what waits for a subscription, in the order in which it
// came, but for what comes too soon after another of its feed.
func (f *Feeds) releaseAll(row int) {
	r := f.subs.rows.At(row)
	for k := r.Head; k != 0; {
		v := f.queued.rows.At(int(k) - 1)
		k = v.Behind
		q := f.queueOf(row, v.Topic)
		if r.Period > 0 {
			p := f.paceOf(q)
			if p.Next > f.world.Tick() {
				f.wakeAt(q)
				continue
			}
			p.Next = f.world.Tick() + r.Period
		}
		f.figures.Edit(int(v.Topic)).Delivered++
		e := f.takeOldest(q)
		f.world.Release(&e)
	}
}

// wakeAt has a queue woken when its period is over; sendWakes sends what does.
func (f *Feeds) wakeAt(q queue) {
	p := f.paceOf(q)
	if at := max(p.Next, f.world.Tick()+1); p.Wake != at {
		p.Wake = at
		f.hand.wakes.add(f.entryOf(q), at)
		f.hand.wakes.end(f.subs.rows.At(q.sub).Node.Program())
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
