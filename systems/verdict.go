package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// route asks cuts and links about each subscriber: a node with several
// subscriptions is asked about once.
func (x *fan) route(e *ecs.Envelope, p *parcel, all []subscriber, linked bool) {
	f, l := x.feeds, x.feeds.links
	now := f.world.Tick()
	x.from, x.bounds, x.apart, x.lost = e, x.bounds[:0], x.apart[:0], [ecs.Causes]int{}
	if !linked && l.slow.rows.Len() == 0 {
		x.draw(l, all)
		all = nil
	}
	l.fan = x
	for n := 0; len(all) > 0; all = all[n:] {
		node := all[0].node
		for n = 1; n < len(all) && all[n].node == node; {
			n++
		}
		x.group = all[:n]
		switch {
		case node == e.From:
			x.arrive(now + 1)
		case l.cuts.cuts(e.From, node):
			x.lost[ecs.DroppedCut] += n
		default:
			x.transmit(l, node, linked)
		}
	}
	l.fan = nil
	for why, n := range x.lost {
		if n > 0 {
			f.figures.Edit(int(p.topic)).Dropped[why] += uint64(n)
			f.world.LoseFanned(e, ecs.Cause(why), n)
		}
	}
	x.emit(e, p, x.bounds)
	x.sendApart()
}

// draw decides about all subscribers where no link is, as a link with the way's
// options would.
func (x *fan) draw(l *Links, all []subscriber) {
	w, way := l.world, &x.way
	now := w.Tick()
	free, tick, id := w.Time(now)+way.Latency, int64(now), uint64(x.from.ID())
	loss, jitter := w.Key(l.streams.loss), w.Key(l.streams.jitter)
	near := w.Life(x.from.From).Name
	plain := max(w.TicksCeil(free), now+1)
	for i := range all {
		m := &all[i]
		due := plain
		if m.node == x.from.From {
			due = now + 1
		} else if l.cuts.cuts(x.from.From, m.node) {
			x.lost[ecs.DroppedCut]++
			continue
		} else if way.Loss != 0 || way.Jitter > 0 {
			key := id ^ near ^ random.Mix(w.NameHash(m.node))
			if draws := loss.At(tick, key); way.Loss != 0 && draws.Chance(way.Loss) {
				x.lost[ecs.DroppedLoss]++
				continue
			}
			if way.Jitter > 0 {
				draws := jitter.At(tick, key)
				due = max(w.TicksCeil(free+ecs.Nanoseconds(draws.Below(uint64(way.Jitter)+1))), now+1)
			}
		}
		x.bounds = append(x.bounds, bound{m.node, due, uint32(m.row), m.serial})
	}
}

// transmit puts a value on the wire to one node.
func (x *fan) transmit(l *Links, to ecs.Node, linked bool) {
	x.sending = *x.from
	x.sending.To = to
	l.world.Share(&x.sending)
	if linked {
		if i := x.wire(l, to); i >= 0 {
			l.transmit(l.wires.Edit(i), &x.sending, 0)
			return
		}
		if wire, ok := l.networks.find(x.from.From, to); ok {
			l.transmit(wire, &x.sending, 0)
			l.networks.keep(wire)
			return
		}
	}
	l.transmit(&x.way, &x.sending, 0)
}

// wire finds the link to a node, first where it lies if links were made in the
// order of nodes.
func (x *fan) wire(l *Links, to ecs.Node) int {
	if i := x.last + x.stride; i >= 0 && i < l.wires.Len() {
		if w := l.wires.At(i); w.From == x.from.From && w.To == to {
			x.last = i
			return i
		}
	}
	i := l.index.find(uint64(x.from.From), uint64(to))
	if i >= 0 {
		x.last, x.stride = i, i-x.last
	}
	return i
}

// arrive notes when the group is given the value.
func (x *fan) arrive(due ecs.Tick) {
	for _, m := range x.group {
		x.bounds = append(x.bounds, bound{m.node, due, uint32(m.row), m.serial})
	}
}

// arrives takes what a wire carries to its far end.
func (x *fan) arrives(e *ecs.Envelope, due ecs.Tick) {
	if e.ID() == x.from.ID() && e.A == x.from.A {
		x.arrive(due)
		x.feeds.world.Unshare(e)
		return
	}
	x.apart = append(x.apart, apart{*e, x.group, due})
}

// lose takes what a wire does not carry.
func (x *fan) lose(e *ecs.Envelope, why ecs.Cause) {
	x.lost[why] += len(x.group)
	x.feeds.world.Unshare(e)
}

// sendApart sends what comes to one node only, after the others.
func (x *fan) sendApart() {
	w := x.feeds.world
	for i := range x.apart {
		a := &x.apart[i]
		p := parcel{topic: int32(x.from.B), a: a.envelope.A}
		if a.envelope.HasBytes() {
			x.copied = append(x.copied[:0], w.Payload(&a.envelope)...)
			p.a, p.bytes = 0, x.copied
		}
		x.bulk(&a.envelope, &p, a.group, a.due)
		w.Unshare(&a.envelope)
	}
	x.apart = x.apart[:0]
}
