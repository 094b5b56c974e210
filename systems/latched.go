package systems

import (
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// keepLast keeps a value of a latched feed for who subscribes late.
func (f *Feeds) keepLast(e *ecs.Envelope, p *parcel) {
	if f.topics.At(int(p.topic)).Latched == 0 {
		return
	}
	f.forgetLast(int(p.topic))
	if life := f.world.Life(e.From); e.From != 0 && life.Status != ecs.Up {
		return // it has ended in this tick
	}
	t := f.topics.Edit(int(p.topic))
	t.LastID, t.LastFrom, t.LastA = e.ID(), e.From, p.a
	if p.bytes != nil {
		t.Bytes = 1
		f.texts.Edit(int(p.topic)).Last, t.LastA = f.world.Keep(p.bytes)
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

// sendLate sends who has joined the last value of each latched feed that it
// subscribes to, from who published it.
func (f *Feeds) sendLate(topic int32, to subscriber) {
	if !f.anyLatched() {
		return
	}
	for i := range f.derived {
		t := f.topics.At(i)
		if t.LastID == 0 || !slices.Contains(f.derived[i].sources, topic) {
			continue
		}
		id := ecs.EnvelopeID(random.Mix(uint64(t.LastID)^uint64(f.world.Tick())) >> 12)
		e := ecs.MakeEnvelope(ecs.Everyone, t.LastFrom, id, f.value)
		e.A, e.B = t.LastA, uint64(i)
		p := parcel{topic: int32(i), a: t.LastA}
		if t.Bytes != 0 {
			f.fan.value = append(f.fan.value[:0], f.world.Kept(f.texts.At(i).Last)...)
			p.a, p.bytes = 0, f.fan.value
			f.world.WithBytes(&e, f.fan.value)
			e.B = uint64(i)
		}
		f.fan.single[0], f.listed = to, 0
		f.fan.send(&e, &p, f.fan.single[:])
		f.world.Unshare(&e)
	}
}
