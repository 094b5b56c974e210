package systems

import (
	"cmp"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// MaxLatched is of how many publishers a latched feed keeps the last value: of
// more, of those who published last.
const MaxLatched = 4096

// latchedRow is the last value of a publisher of a latched feed, if another has
// published since. The latest of all is in the feed's own row.
type latchedRow struct {
	ID    ecs.EnvelopeID
	A     uint64 // or a hash of bytes
	Stamp uint64 // a later one is greater, of one feed
	From  ecs.Node
	Topic int32
	Bytes int32
	slot
}

func (r *latchedRow) place() (*slot, ecs.Node) { return &r.slot, r.From }

// keepLast keeps a value of a latched feed for who subscribes late, in place of
// what its publisher published before.
func (f *Feeds) keepLast(e *ecs.Envelope, p *parcel) {
	if f.topics.At(int(p.topic)).Latched == 0 {
		return
	}
	if life := f.world.Life(e.From); e.From != 0 && life.Status != ecs.Up {
		return // it has ended in this tick
	}
	if t := f.topics.At(int(p.topic)); t.LastID != 0 && t.LastFrom != e.From {
		f.retire(int(p.topic), e.From)
	}
	f.forgetLast(int(p.topic))
	t := f.topics.Edit(int(p.topic))
	t.LastID, t.LastFrom, t.LastA = e.ID(), e.From, p.a
	if p.bytes != nil {
		t.Bytes = 1
		f.texts.Edit(int(p.topic)).Last, t.LastA = f.world.Keep(p.bytes)
	}
}

// retire makes the latest value of a feed one of the older, as a node publishes
// whose own older one goes.
func (f *Feeds) retire(feed int, by ecs.Node) {
	d := &f.derived[feed]
	for _, row := range d.older {
		if f.older.rows.At(int(row)).From == by {
			f.dropOlder(int(row))
			break
		}
	}
	if len(d.older) >= MaxLatched-1 {
		f.dropOlder(int(d.older[0]))
	}
	row := f.older.take()
	if row == f.olderTexts.Len() {
		f.olderTexts.Add(functionRow{})
	}
	t, x, r := f.topics.Edit(feed), f.texts.Edit(feed), f.older.rows.Edit(row)
	r.ID, r.A, r.From, r.Topic, r.Bytes = t.LastID, t.LastA, t.LastFrom, int32(feed), int32(t.Bytes)
	if n := len(d.older); n > 0 {
		r.Stamp = f.older.rows.At(int(d.older[n-1])).Stamp + 1
	}
	f.olderTexts.Edit(row).At, x.Last = x.Last, 0
	f.older.own(row)
	d.older = append(d.older, int32(row))
}

// dropOlder forgets one of a feed's older values.
func (f *Feeds) dropOlder(row int) {
	d, x := &f.derived[f.older.rows.At(row).Topic], f.olderTexts.Edit(row)
	f.world.Unkeep(x.At)
	*x = functionRow{}
	k := slices.Index(d.older, int32(row))
	d.older = slices.Delete(d.older, k, k+1)
	f.older.drop(row)
}

// forgetPublisher forgets what a node that has ended published last. Of what is
// left of a feed the latest is its last value.
func (f *Feeds) forgetPublisher(n ecs.Node) {
	for row := f.older.first(n); row >= 0; row = f.older.first(n) {
		f.dropOlder(row)
	}
	for i := range f.derived {
		if t := f.topics.At(i); t.LastID == 0 || t.LastFrom != n {
			continue
		}
		f.forgetLast(i)
		older := f.derived[i].older
		if len(older) == 0 {
			continue
		}
		row := int(older[len(older)-1])
		r, x := f.older.rows.At(row), f.olderTexts.Edit(row)
		t := f.topics.Edit(i)
		t.LastID, t.LastFrom, t.LastA, t.Bytes = r.ID, r.From, r.A, uint8(r.Bytes)
		f.texts.Edit(i).Last, x.At = x.At, 0
		f.dropOlder(row)
	}
}

// rebuildOlder makes what is derived of older values again.
func (f *Feeds) rebuildOlder() {
	f.older.rebuild()
	for i := range f.older.rows.Len() {
		if r := f.older.rows.At(i); r.Used != 0 {
			d := &f.derived[r.Topic]
			d.older = append(d.older, int32(i))
		}
	}
	for i := range f.derived {
		slices.SortStableFunc(f.derived[i].older, func(a, b int32) int {
			return cmp.Compare(f.older.rows.At(int(a)).Stamp, f.older.rows.At(int(b)).Stamp)
		})
	}
}

func (f *Feeds) forgetLast(feed int) {
	t, x := f.topics.Edit(feed), f.texts.Edit(feed)
	f.world.Unkeep(x.Last)
	x.Last = 0
	t.LastID, t.LastFrom, t.LastA, t.Bytes = 0, 0, 0, 0
}

func (f *Feeds) anyLatched() bool {
	return slices.ContainsFunc(f.ways.All(), func(w wayRow) bool { return w.Latched != 0 })
}

// sendLate sends who has joined the last value of each publisher of each latched
// feed that it subscribes to, from there, in the order in which they were
// published.
func (f *Feeds) sendLate(topic int32, to subscriber) {
	if !f.anyLatched() {
		return
	}
	for i := range f.derived {
		t := f.topics.At(i)
		if t.LastID == 0 || !slices.Contains(f.derived[i].sources, topic) {
			continue
		}
		for _, row := range f.derived[i].older {
			f.sendLast(f.older.rows.At(int(row)), f.olderTexts.At(int(row)).At, to)
		}
		f.sendLast(&latchedRow{ID: t.LastID, A: t.LastA, From: t.LastFrom, Topic: int32(i), Bytes: int32(t.Bytes)}, f.texts.At(i).Last, to)
	}
}

func (f *Feeds) sendLast(r *latchedRow, at ecs.Kept, to subscriber) {
	id := ecs.EnvelopeID(random.Mix(uint64(r.ID)^uint64(f.world.Tick())) >> 12)
	e := ecs.MakeEnvelope(ecs.Everyone, r.From, id, f.value)
	e.A, e.B = r.A, uint64(r.Topic)
	p := parcel{topic: r.Topic, a: r.A}
	if r.Bytes != 0 {
		f.fan.value = append(f.fan.value[:0], f.world.Kept(at)...)
		p.a, p.bytes = 0, f.fan.value
		f.world.WithBytes(&e, f.fan.value)
		e.B = uint64(r.Topic)
	}
	f.fan.single[0], f.listed = to, 0
	f.fan.send(&e, &p, f.fan.single[:])
	f.world.Unshare(&e)
}
