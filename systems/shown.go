package systems

import "orrery/ecs"

// Singles calls do with what each subscriber will be given of an envelope of
// feeds that somebody who watches the world is shown: a fan is how values travel.
// Such an envelope has the identity that its subscriber's handler has as an event,
// so that what that sends is known to be caused by it. Its A is the value if that
// is no bytes, and B the feed. Whose subscription has ended is left out. It returns
// false if the envelope is no value of a feed on its way.
func (f *Feeds) Singles(e *ecs.Envelope, do func(one *ecs.Envelope, payload []byte)) bool {
	if !f.opened || e.Kind() != f.value || e.To == ecs.Everyone {
		return false
	}
	block := f.world.Payload(e)
	topic, count, p := unblock(block)
	if !e.IsFan() {
		one := ecs.MakeEnvelope(e.To, e.From, e.ID(), e.Kind())
		one.A, one.B = p.a, uint64(topic)
		do(&one, p.bytes)
		return true
	}
	for i := range count {
		row, serial := splitEntry(addressee(block, i))
		if !f.lasts(row, serial) {
			continue
		}
		ear := &f.ears[row]
		given := e.Fanned(ear.node, ear.own, 0)
		one := ecs.MakeEnvelope(ear.node, e.From, given.ID(), e.Kind())
		one.A, one.B = p.a, uint64(topic)
		do(&one, p.bytes)
	}
	return true
}
