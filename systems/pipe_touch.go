package systems

import "orrery/ecs"

// touching is what reading ahead needs: rows, and a sum of what was read, so
// that it is read.
type touching struct {
	flows []int32
	sum   uint64
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
	t.flows = t.flows[:0]
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		switch k := e.Kind(); {
		case k == p.item && !e.HasBytes() && e.B>>32 < uint64(len(flows)):
			sum += flows[e.B>>32].Received
		case k == p.ack && e.A>>32 < uint64(len(flows)):
			f := &flows[e.A>>32]
			sum += f.Next + f.Taken
		}
	}
	rings := p.rings.All()
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		switch k := e.Kind(); {
		case k == p.item && !e.HasBytes() && e.B>>32 < uint64(len(flows)):
			f := &flows[e.B>>32]
			if f.From == 0 {
				continue
			}
			if f.Ring != 0 {
				sum += uint64(rings[f.slot(e.B)].Pushed)
			}
			if f.AckDue == 0 {
				sum += uint64(p.ends.At(int(f.ToEnd)).Armed)
			}
			if f.Owed+1 >= p.list[f.Pipe-1].every {
				sum += uint64(b.Life(i).Incarnation)
			}
			if last := p.latest[f.ToEnd]; last != 0 {
				t.flows = append(t.flows, last-1)
			}
		case k == p.ack && e.A>>32 < uint64(len(flows)):
			f := &flows[e.A>>32]
			if f.Ring != 0 {
				sum += uint64(rings[f.slot(e.A+e.B>>32&0xffff+1)].Sent)
			}
			sum += uint64(p.ends.At(int(f.FromEnd)).Armed)
		}
	}
	for _, k := range t.flows {
		f := &flows[k]
		sum += f.Next + f.Taken
	}
	for _, k := range t.flows {
		if f := &flows[k]; f.Ring != 0 {
			sum += rings[f.slot(f.Next+1)].A
		}
	}
	t.sum += sum
}
