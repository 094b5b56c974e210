package systems

import (
	"math/bits"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Verdicts on a publish for many subscribers at once: of wires that do nothing
// but lose and delay, and keep nothing but counts. The draws are those of
// [Links.transmit].

// plain reports whether a wire decides by nothing but loss, latency and jitter.
func (x *wire) plain() bool {
	return x.Duplicate|x.Reorder|x.Corrupt|random.Probability(x.Bandwidth) == 0 && !x.FIFO
}

// dice are what all verdicts on a publish have in common.
type dice struct {
	loss, jitter random.Key
	id           uint64 // of the publish, and its sender's name
	now          ecs.Tick
	size         uint64 // of the value, in bytes
}

// cast makes the dice of a publish.
func (x *fan) cast() {
	w, l := x.feeds.world, x.feeds.links
	now := w.Tick()
	x.dice = dice{
		loss: w.Key(l.streams.loss).In(int64(now)), jitter: w.Key(l.streams.jitter).In(int64(now)),
		id: uint64(x.from.ID()) ^ w.Life(x.from.From).Name, now: now,
		size: uint64(w.Size(x.from)),
	}
}

// draw decides about subscribers who are reached alike; it returns how many the
// value is lost for.
func (x *fan) draw(all []subscriber, way *wire) (lost int) {
	if way.Loss == random.Always {
		return len(all)
	}
	w, d := x.feeds.world, x.dice
	list := x.bounds.room(len(all))
	from := len(list)
	list = list[:from+len(all)]
	n := from
	due := max(d.now+w.TicksCeil(way.Latency), d.now+1)
	for i := range all {
		m := &all[i]
		key := d.id ^ m.name
		gone := uint64(0)
		if way.Loss != 0 {
			draws := d.loss.At(0, key)
			_, gone = bits.Sub64(draws.Uint64(), uint64(way.Loss), 0) // 1 if it is lost: a branch would be mispredicted
		}
		if way.Jitter > 0 {
			draws := d.jitter.At(0, key)
			due = max(d.now+w.TicksCeil(way.Latency+ecs.Nanoseconds(draws.Below(uint64(way.Jitter)+1))), d.now+1)
		}
		list[n] = bound{m.entry, due}
		n += 1 - int(gone)
	}
	x.bounds.list = list[:n]
	return from + len(all) - n
}

// carry decides about subscribers up to the first to whom the sender has no
// link; it returns how many that are.
func (x *fan) carry(l *Links, all []subscriber) int {
	w, d := x.feeds.world, x.dice
	x.bounds.room(len(all))
	for i := range all {
		m := &all[i]
		k := x.wire(l, m)
		if k < 0 {
			return i
		}
		way := l.wires.Edit(k)
		if !way.plain() {
			x.each(l, all[i:i+1])
			continue
		}
		way.Sent++
		way.Bytes += d.size
		key := d.id ^ m.name
		if way.Loss != 0 {
			if draws := d.loss.At(0, key); draws.Chance(way.Loss) {
				way.Dropped++
				x.lost[ecs.DroppedLoss]++
				continue
			}
		}
		span := way.Latency
		if way.Jitter > 0 {
			draws := d.jitter.At(0, key)
			span += ecs.Nanoseconds(draws.Below(uint64(way.Jitter) + 1))
		}
		x.bounds.add(m.entry, d.now+max(w.TicksCeil(span), 1))
	}
	return len(all)
}
