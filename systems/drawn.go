package systems

import (
	"math/bits"
	"slices"

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

// draw decides about subscribers who are reached alike; it appends to gone the
// places of those that the value is lost for. Tried, and no faster: all losses of
// a block first, then delays, then ticks.
func (x *fan) draw(all []subscriber, way odds, gone []int32) []int32 {
	w, d := x.feeds.world, x.dice
	list, k := x.bounds.room(len(all)), len(gone)
	n := len(list)
	list = list[:n+len(all)]
	gone = slices.Grow(gone, len(all))[:k+len(all)]
	due := d.now + max(w.TicksCeil(way.Latency), 1)
	for i := range all {
		m := &all[i]
		key := d.id ^ m.name
		lost := uint64(0)
		if way.Loss != 0 {
			draws := d.loss.At(0, key)
			// Without a branch, which would be mispredicted: 1 if it is lost.
			_, lost = bits.Sub64(draws.Uint64(), uint64(way.Loss), 0)
			if way.Loss == random.Always {
				lost = 1
			}
		}
		if way.Jitter > 0 {
			draws := d.jitter.At(0, key)
			due = d.now + max(w.TicksCeil(way.Latency+ecs.Nanoseconds(draws.Below(uint64(way.Jitter)+1))), 1)
		}
		list[n], gone[k] = bound{m.entry, due}, int32(i)
		n += 1 - int(lost)
		k += int(lost)
	}
	x.bounds.list = list[:n]
	return gone[:k]
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
