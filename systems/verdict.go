package systems

import (
	"sort"

	"orrery/ecs"
)

// route asks cuts and links about each subscriber. What only loss and jitter
// decide is decided for many at once (see drawn.go), the rest for one after the
// other; the verdicts are the same.
func (x *fan) route(e *ecs.Envelope, p *parcel, all []subscriber, linked bool) {
	f, l := x.feeds, x.feeds.links
	x.from, x.linked, x.apart, x.lost = e, linked, x.apart[:0], [ecs.Causes]int{}
	x.alone = l.slow.rows.Len() > 0 || linked && x.twice(all)
	x.bounds.clear()
	if l.cuts.used != 0 {
		all, f.listed = x.uncut(l, all), 0
	}
	l.fan = x
	x.cast()
	if c := x.course(l, all); c != nil {
		x.follow(l, c, all)
	} else {
		x.find(l, all)
	}
	l.fan = nil
	for why, n := range x.lost {
		if n > 0 {
			f.figures.Edit(int(p.topic)).Dropped[why] += uint64(n)
			f.world.LoseFanned(e, ecs.Cause(why), n)
		}
	}
	x.emit(e, p, &x.bounds)
	x.sendApart()
}

// find finds how each of some subscribers is reached, and decides.
func (x *fan) find(l *Links, all []subscriber) {
	for len(all) > 0 {
		n := stretch(all)
		first, end := own(all[:n], x.from.From)
		x.reach(l, all[:first])
		for i := first; i < end; i++ {
			x.bounds.add(all[i].entry, x.dice.now+1)
		}
		x.reach(l, all[end:n])
		x.bounds.end(all[0].node.Program())
		all = all[n:]
	}
}

// twice reports whether a node has two subscriptions to what is published: it
// is asked about once.
func (x *fan) twice(all []subscriber) bool {
	for i := 1; i < len(all) && len(x.feeds.lists) > 1; i++ {
		if all[i].node == all[i-1].node {
			return true
		}
	}
	return false
}

// uncut leaves out those whom a cut separates from the sender.
func (x *fan) uncut(l *Links, all []subscriber) []subscriber {
	x.left = x.left[:0]
	for i := range all {
		if l.cuts.cuts(x.from.From, all[i].node) {
			x.lost[ecs.DroppedCut]++
		} else {
			x.left = append(x.left, all[i])
		}
	}
	return x.left
}

// stretch returns how many subscribers are of the first one's program.
func stretch(all []subscriber) int {
	program := all[0].node.Program()
	if all[len(all)-1].node.Program() == program {
		return len(all)
	}
	return sort.Search(len(all), func(i int) bool { return all[i].node.Program() != program })
}

// reach decides about subscribers of a program, of which none is the sender.
func (x *fan) reach(l *Links, all []subscriber) {
	switch {
	case len(all) == 0:
	case x.alone:
		x.each(l, all)
	case !x.linked:
		x.lost[ecs.DroppedLoss] += x.drawn(all, &x.way)
	case !l.senders.has(x.from.From):
		x.unlinked(l, all)
	default:
		for len(all) > 0 {
			all = all[x.carry(l, all):]
			n := 0
			for n < len(all) && x.wire(l, &all[n]) < 0 {
				n++
			}
			x.unlinked(l, all[:n])
			all = all[n:]
		}
	}
}

// unlinked decides about subscribers to whom the sender has no link.
func (x *fan) unlinked(l *Links, all []subscriber) {
	for len(all) > 0 {
		net, n := l.networks.stretch(x.from.From, all)
		switch {
		case net < 0:
			x.lost[ecs.DroppedLoss] += x.drawn(all[:n], &x.way)
		case !l.networks.nets.At(net).plain():
			x.each(l, all[:n])
		default:
			lost := x.drawn(all[:n], l.networks.nets.At(net))
			w := l.networks.nets.Edit(net)
			w.Sent += uint64(n)
			w.Bytes += uint64(n) * x.dice.size
			w.Dropped += uint64(lost)
			x.lost[ecs.DroppedLoss] += lost
		}
		all = all[n:]
	}
}

// drawn decides about subscribers who are reached alike; it returns how many the
// value is lost for.
func (x *fan) drawn(all []subscriber, way *wire) int {
	x.gone = x.draw(all, way.odds(), x.gone[:0])
	return len(x.gone)
}

// each decides about one node after the other.
func (x *fan) each(l *Links, all []subscriber) {
	for n := 0; len(all) > 0; all = all[n:] {
		node := all[0].node
		for n = 1; n < len(all) && all[n].node == node; {
			n++
		}
		x.group = all[:n]
		x.transmit(l, &all[0])
	}
}

// transmit puts a value on the wire to one node.
func (x *fan) transmit(l *Links, to *subscriber) {
	x.sending = *x.from
	x.sending.To = to.node
	l.world.Share(&x.sending)
	if x.linked {
		if i := x.wire(l, to); i >= 0 {
			l.transmit(l.wires.Edit(i), &x.sending, 0)
			return
		}
		if wire, ok := l.networks.find(x.from.From, to.node); ok {
			l.transmit(wire, &x.sending, 0)
			l.networks.keep(wire)
			return
		}
	}
	l.transmit(&x.way, &x.sending, 0)
}

// wire finds the link to a node, or -1: first where it was last, then where it
// lies if links were made in the order of nodes.
func (x *fan) wire(l *Links, to *subscriber) int {
	if i := int(to.wire) - 1; x.isWire(l, i, to.node) {
		x.stride, x.last = i-x.last, i
		return i
	}
	i := x.last + x.stride
	if !x.isWire(l, i, to.node) {
		i = l.index.find(uint64(x.from.From), uint64(to.node))
	}
	if to.wire = int32(i) + 1; i >= 0 {
		x.stride, x.last = i-x.last, i
	}
	return i
}

func (x *fan) isWire(l *Links, i int, to ecs.Node) bool {
	if uint(i) >= uint(l.wires.Len()) {
		return false
	}
	w := l.wires.At(i)
	return w.To == to && w.From == x.from.From
}

// arrive notes when the group is given the value.
func (x *fan) arrive(due ecs.Tick) {
	for i := range x.group {
		x.bounds.add(x.group[i].entry, due)
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
