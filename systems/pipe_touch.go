package systems

import "orrery/ecs"

// touching is what reading ahead needs: rows of flows, and a sum of what was
// read, so that it is read.
type touching struct {
	pulled []touched
	pushed []int32 // flows that are likely pushed to
	rest   []int32 // flows of which the second half is needed
	sum    uint64
}

// touched is the flow of an event.
type touched struct{ flow, event int32 }

// Touch reads the rows that the items and acknowledgements of a batch are about
// to need, and those of the flow that each of their nodes has pushed to last.
// Among many nodes each is a miss of the cache, and a handler would wait for one
// after another; in loops of nothing else the processor waits for many at once.
// Nothing is changed.
func (p *Pipes) Touch(b *ecs.Batch) {
	if p.opened && len(b.Envelopes) > 1 {
		p.touch(b)
	}
}

func (p *Pipes) touch(b *ecs.Batch) {
	p.touchHeads(b)
	p.touchFlows(b)
}

// touchHeads reads the first half of flows.
func (p *Pipes) touchHeads(b *ecs.Batch) {
	t, flows, sum := &p.touching, p.flows.All(), uint64(0)
	t.pulled, t.pushed, t.rest = t.pulled[:0], t.pushed[:0], t.rest[:0]
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		item, ack := e.B&^sentAgain>>32, e.A&^sentAgain>>32 // flows
		switch k := e.Kind(); {
		case k == p.item && !e.HasBytes() && item < uint64(len(flows)):
			sum += flows[item].Received
			t.pulled = append(t.pulled, touched{int32(item), int32(i)})
			if last := p.latest.find(e.To); last >= 0 {
				t.pushed = append(t.pushed, int32(last))
			}
		case k == p.ack && ack < uint64(len(flows)):
			sum += flows[ack].Next
			t.rest = append(t.rest, int32(ack))
		case k == p.wake:
			if end := p.byNode.find(e.To); end >= 0 {
				t.rest = append(append(t.rest, p.lists[end].in...), p.lists[end].out...)
			}
		}
	}
	for _, k := range t.pushed {
		sum += flows[k].Next
	}
	t.sum += sum
}

// touchFlows reads what the first half of flows says will be needed: where in a
// ring the next item lies, and the second half where one is acknowledged, begins
// to be timed, or has a timer armed.
func (p *Pipes) touchFlows(b *ecs.Batch) {
	t, flows, rings, sum := &p.touching, p.flows.All(), p.rings.All(), uint64(0)
	for _, x := range t.pulled {
		f := &flows[x.flow]
		if f.Owed == 0 {
			t.rest = append(t.rest, x.flow)
		} else if f.Pipe != 0 && f.Owed+1 >= p.list[f.Pipe-1].every {
			t.rest = append(t.rest, x.flow)
			sum += uint64(b.Life(int(x.event)).Incarnation)
		}
	}
	for _, k := range t.pushed {
		f := &flows[k]
		if f.Ring != 0 {
			sum += rings[f.slot(f.Next+1)].A
		}
		if !f.Timing || f.Kept == 0 {
			t.rest = append(t.rest, k)
		}
	}
	for _, k := range t.rest {
		sum += flows[k].Acked
	}
	ends := p.ends.All()
	for _, k := range t.rest {
		f := &flows[k]
		sum += uint64(ends[f.FromEnd].Armed + ends[f.ToEnd].Armed)
	}
	t.sum += sum
}
