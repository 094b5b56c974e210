package scheduler_test

import (
	"math"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type cell struct {
	Heat  float64
	Worst float64 // NaN until something came
	Drift float32
	Got   uint32
}

type probe struct {
	Mean float64
	Seen uint64
}

// mixed has a program for columns, whose cells exchange heat, beside one a
// node at a time, which probes them; all over links, with float columns.
func mixed(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	m := &mixing{heat: run.World.Kind("heat", 8), probe: run.World.Kind("probe", 0), wind: run.World.Stream("wind")}
	cells := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "cell", State: cell{Worst: math.NaN()}},
		Act:    m.exchange,
		Start:  m.warm,
		Every:  []systems.Every{{Name: "spread", Period: 4 * ms, Act: m.spread}, {Name: "cool", Period: 9 * ms, Act: m.cool}},
	})
	probes := systems.AddNode(run.Set, systems.Node[probe]{
		Name: "probe",
		On: []systems.On[probe]{{Kind: m.heat, Do: func(me *systems.Me, s *probe, e *ecs.Envelope) {
			s.Seen++
			s.Mean += (math.Float64frombits(e.A) - s.Mean) / float64(s.Seen)
		}}},
		Every: []systems.EveryNode[probe]{{Name: "ask", Period: 6 * ms, Do: func(me *systems.Me, s *probe) {
			near := me.Neighbours()
			me.Send(near[s.Seen%uint64(len(near))], m.probe, 0, 0)
		}}},
	})
	m.nodes = run.World.Nodes(cells, "cell", 150)
	run.Links.Ring(m.nodes, systems.Link{Latency: 2 * ms, Jitter: 2 * ms})
	asking := run.World.Nodes(probes, "probe", 2)
	run.Links.Connect(asking[0], m.nodes[3], systems.Link{Latency: 1 * ms})
	run.Links.Connect(asking[1], m.nodes[3], systems.Link{Latency: 2 * ms})
	run.Links.Connect(asking[1], m.nodes[80], systems.Link{Latency: 3 * ms, Loss: chance(1, 8)})
	run.Start(m.nodes[:100]...)
	run.Start(asking...)
	for i, n := range m.nodes[100:] {
		run.At(ecs.Tick(20+i%7), systems.Action{Verb: systems.Start, Target: n})
	}
	return run
}

type mixing struct {
	heat, probe ecs.Kind
	wind        ecs.Stream
	nodes       []ecs.Node
}

func (m *mixing) warm(b *ecs.Batch) {
	states := ecs.States[cell](b)
	for i, row := range b.Rows {
		draws := b.Draws(m.wind, i)
		states[row].Heat = 20 + float64(5*draws.Normal())
		states[row].Drift = float32(draws.Unit())
	}
}

func (m *mixing) exchange(b *ecs.Batch) {
	states := ecs.States[cell](b)
	for i := range b.Envelopes {
		e, s := &b.Envelopes[i], &states[b.Rows[i]]
		if e.Kind() == m.probe {
			b.Out = append(b.Out, ecs.Send{To: e.From, Cause: uint16(i), Kind: m.heat, A: math.Float64bits(s.Heat)})
			continue
		}
		heat := math.Float64frombits(e.A)
		s.Got++
		s.Heat += float64(0.25 * (heat - s.Heat))
		if math.IsNaN(s.Worst) || heat > s.Worst {
			s.Worst = heat
		}
	}
}

func (m *mixing) spread(b *ecs.Batch) {
	states := ecs.States[cell](b)
	for i, row := range b.Rows {
		next := m.nodes[(int(row)+1)%len(m.nodes)]
		b.Out = append(b.Out, ecs.Send{To: next, Cause: uint16(i), Kind: m.heat, A: math.Float64bits(states[row].Heat)})
	}
}

func (m *mixing) cool(b *ecs.Batch) {
	states := ecs.States[cell](b)
	for i, row := range b.Rows {
		draws := b.Draws(m.wind, i)
		s := &states[row]
		s.Drift = float32(float64(s.Drift)*0.5) + float32(draws.Unit())
		s.Heat -= float64(0.01*s.Heat) + float64(s.Drift)
	}
}
