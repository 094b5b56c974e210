package systems

import "orrery/ecs"

// touching is what reading ahead needs: rows of flows, and a sum of what was
// read, so that it is read.
type touching struct {
	pushed, acked []int32 // flows that are likely pushed to; acknowledged
	sum           uint64
}

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
	t, flows, sum := &p.touching, p.flows.All(), uint64(0)
	t.pushed, t.acked = t.pushed[:0], t.acked[:0]
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		switch k := e.Kind(); {
		case k == p.item && !e.HasBytes() && e.B>>32 < uint64(len(flows)):
			sum += flows[e.B>>32].Received
			if last := p.latest.find(e.To); last >= 0 {
				t.pushed = append(t.pushed, int32(last))
			}
		case k == p.ack && e.A>>32 < uint64(len(flows)):
			f := &flows[e.A>>32]
			sum += f.Next + f.Acked
			t.acked = append(t.acked, int32(e.A>>32))
		}
	}
	for _, k := range t.pushed {
		sum += flows[k].Next
	}
	rings := p.rings.All()
	for _, k := range t.pushed {
		if f := &flows[k]; f.Ring != 0 {
			sum += rings[f.slot(f.Next+1)].A
		}
	}
	for _, k := range t.acked {
		f := &flows[k]
		sum += uint64(p.ends.At(int(f.FromEnd)).Armed)
	}
	t.sum += sum
}
