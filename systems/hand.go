package systems

import (
	"orrery/ecs"
)

// hand hands what a fan is about to its subscribers, batch by batch: to those
// who can take it. What waits, and for whom, is decided before the first handler
// runs, and no batch has a node twice: so that what a handler does to its own
// subscriptions shows alike wherever a batch ends.
type hand struct {
	feeds     *Feeds
	envelopes [126]ecs.Envelope
	rows      [126]uint32
	n         int
	fates     []fate // of those a fan is for; none if each is given it
	awake     []awake
	wakes     bounds // to be sent, once all have handled what they are given
}

// fate is what becomes of a value that has come to a subscription.
type fate uint8

const (
	given fate = iota
	waits
	isDown
)

// awake is a value that has waited for its subscriber.
type awake struct {
	envelope ecs.Envelope
	row      uint32
}

// Due carries out a fan that has come due.
func (x *fan) Due(e *ecs.Envelope, h ecs.Handler) {
	f := x.feeds
	if e.Kind() == f.wake {
		f.hand.wake(e, h)
	} else {
		f.hand.values(e, h)
	}
	f.read.handle = 0 // another payload may lie there
	f.sendWakes(e.ID())
}

// values gives a value to those a fan is for.
func (x *hand) values(e *ecs.Envelope, h ecs.Handler) {
	f, w := x.feeds, x.feeds.world
	f.read.handle = 0
	topic, count, _ := unblock(w.Payload(e))
	x.fates = x.fates[:0]
	if f.slow > 0 || !w.AllUp(e.To.Program()) {
		x.decide(e, count)
	}
	limit := w.Config().BatchLength
	for at := 0; at < count; {
		at = x.fill(e, at, count, limit)
		if x.n > 0 {
			f.figures.Edit(int(topic)).Delivered += uint64(x.n)
			w.Hand(e.To.Program(), x.envelopes[:x.n:x.n], x.rows[:x.n], h, false)
		}
	}
}

// decide has a value wait for those who cannot take it.
func (x *hand) decide(e *ecs.Envelope, count int) {
	f, w := x.feeds, x.feeds.world
	for at := range count {
		row, serial := splitEntry(addressee(w.Payload(e), at))
		x.fates = append(x.fates, given)
		if !f.lasts(row, serial) {
			continue // fill sees it too
		}
		s := f.faces.At(int(row))
		_, life := w.Place(e.To.Program(), s.Node)
		switch {
		case life == nil || life.Status == ecs.Up && s.Slow == 0:
		case life.Status != ecs.Up && life.Status != ecs.Paused:
			x.fates[at] = isDown
		default:
			made := e.Fanned(s.Node, life.Name^f.topics.At(int(s.Topic)).Key, 0)
			if !f.takes(int(row), life.Status, &made) {
				x.fates[at] = waits
			}
		}
	}
}

// fill makes a batch of those a fan is for, from a place on; it returns where
// the next begins.
func (x *hand) fill(e *ecs.Envelope, at, count, limit int) int {
	f, w, program := x.feeds, x.feeds.world, e.To.Program()
	block, ears, fates := w.Payload(e), f.ears, x.fates
	first, rows := w.FirstRows(program)
	last := ecs.Node(0)
	stale, down, n := 0, 0, 0
	for limit = min(limit, len(x.rows)); at < count && n < limit; at++ {
		entry := addressee(block, at)
		if len(fates) > 0 && fates[at] != given {
			if fates[at] == isDown {
				down++
			}
			continue
		}
		if row, serial := splitEntry(entry); int(row) >= len(ears) || ears[row].serial != serial {
			stale++
			continue
		}
		s := &ears[uint32(entry)]
		if s.node == last {
			break
		}
		to := uint32(s.node - first)
		if to >= rows {
			var life *ecs.Life
			if to, life = w.Place(program, s.node); life == nil {
				stale++
				continue
			}
		}
		last = s.node
		x.envelopes[n] = e.Fanned(last, s.own, entry)
		x.rows[n] = to
		n++
	}
	if x.n = n; stale+down > 0 {
		feed, _, _ := unblock(block)
		f.dropped(feed, ecs.DroppedStale, stale)
		f.dropped(feed, ecs.DroppedDown, down)
	}
	return at
}

// takes reports whether a subscription can take a value now; else it waits.
func (f *Feeds) takes(row int, status ecs.Status, e *ecs.Envelope) bool {
	topic, _, p := unblock(f.world.Payload(e))
	s := f.subs.rows.At(row)
	if status == ecs.Up && s.Count == 0 && s.Period == 0 {
		return true
	}
	now, q := f.world.Tick(), f.queueOf(row, topic)
	next := f.paceOf(q).Next
	if status == ecs.Up && f.waiting(q) == 0 && now >= next {
		if s.Period > 0 {
			f.paceOf(q).Next = now + s.Period
		} else if q.lane >= 0 {
			f.endLane(q.lane)
		}
		return true
	}
	if p.bytes != nil {
		f.fan.copied = append(f.fan.copied[:0], p.bytes...)
		p.bytes = f.fan.copied
	}
	f.wait(q, e.ID(), e.From, &p)
	if status == ecs.Up && now < next {
		f.wakeAt(q)
	}
	return false
}

// wake gives subscriptions whose period is over what waits for them.
func (x *hand) wake(e *ecs.Envelope, h ecs.Handler) {
	f, w, program := x.feeds, x.feeds.world, e.To.Program()
	_, count, _ := unblock(w.Payload(e))
	x.awake = x.awake[:0]
	for i := range count {
		q, ok := f.queueAt(addressee(w.Payload(e), i))
		if !ok || f.paceOf(q).Wake != w.Tick() {
			continue
		}
		f.paceOf(q).Wake = 0
		s := f.subs.rows.At(q.sub)
		to, life := w.Place(program, s.Node)
		if life == nil || life.Status != ecs.Up || f.waiting(q) == 0 {
			continue
		}
		f.paceOf(q).Next = w.Tick() + s.Period
		more := f.waiting(q) > 1
		x.awake = append(x.awake, awake{f.takeOldest(q), to})
		if more {
			f.wakeAt(q)
		}
	}
	limit := w.Config().BatchLength
	x.n = 0
	for i := range x.awake {
		if a := &x.awake[i]; x.n == limit || x.n > 0 && x.envelopes[x.n-1].To == a.envelope.To {
			x.flush(program, h)
		}
		x.envelopes[x.n], x.rows[x.n] = x.awake[i].envelope, x.awake[i].row
		x.n++
	}
	x.flush(program, h)
}

// flush hands out what waited.
func (x *hand) flush(p ecs.ProgramID, h ecs.Handler) {
	if x.n == 0 {
		return
	}
	x.feeds.read.handle = 0
	f := x.feeds
	for i := range x.n {
		feed, _, _ := unblock(f.world.Payload(&x.envelopes[i]))
		f.figures.Edit(int(feed)).Delivered++
	}
	f.world.Hand(p, x.envelopes[:x.n:x.n], x.rows[:x.n], h, true)
	x.n = 0
}

// Value is a feed's value, as it comes to a subscriber.
type Value struct {
	Feed    Feed
	A       uint64
	Payload []byte // instead of A; for reading within the handler
	From    ecs.Node
	Then    uint64 // of the subscription
	row     int32
}

// reading is a value that was read, for those who are given the same.
type reading struct {
	Value
	handle uint64 // one more than that of its payload
	plain  bool
}

// Read returns the i-th envelope of a batch, which must be a value of a feed,
// for its handler. It is asked once for each, in their order: nil says that the
// subscription has ended, and the value is dropped. What is returned is good
// until the next is.
func (f *Feeds) Read(b *ecs.Batch, i int) *Value {
	e := &b.Envelopes[i]
	row := uint32(e.B)
	if !f.lasts(row, uint32(e.B>>32)) {
		f.stale(e)
		return nil
	}
	r := &f.read
	if r.handle != e.A+1 || !r.plain {
		feed, _, p := unblock(f.world.Payload(e))
		r.handle, r.plain = e.A+1, p.bytes == nil
		r.Feed, r.A, r.Payload = Feed(feed), p.a, p.bytes
	}
	r.From, r.Then, r.row = e.From, 0, int32(row)
	if int(row) < len(f.thens) {
		r.Then = f.thens[row]
	}
	if f.heard.kept {
		f.heard.meet(e.To, int32(r.Feed))
	}
	return &r.Value
}

// stale takes back that a value was given to a subscription that has ended.
func (f *Feeds) stale(e *ecs.Envelope) {
	f.world.Refuse(e, ecs.DroppedStale)
	feed, _, _ := unblock(f.world.Payload(e))
	x := f.figures.Edit(int(feed))
	x.Delivered--
	x.Dropped[ecs.DroppedStale]++
}

// Kept returns the bytes that a value's subscription keeps, for reading until
// the next are kept or sent.
func (f *Feeds) Kept(v *Value) []byte { return f.world.Kept(f.kept.At(int(v.row)).At) }
