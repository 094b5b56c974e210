package scheduler_test

import (
	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type ringState struct {
	Hops uint64
	Seen ecs.Tick
}

// ring passes a token on, which counts its hops, over plain links of different
// latencies.
func ring(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	token := run.World.Kind("token", 8)
	gap := run.Measures.Distribution("ticks between visits")
	hops := run.Measures.Counter("hops")
	pass := func(me *systems.Me, hops uint64) { me.Send(me.Neighbours()[0], token, hops, 0) }
	program := systems.AddNode(run.Set, systems.Node[ringState]{
		Name: "ring",
		Start: func(me *systems.Me, s *ringState) {
			if me.Name() == "ring[0]" {
				pass(me, 1)
			}
		},
		On: []systems.On[ringState]{{Kind: token, Do: func(me *systems.Me, s *ringState, m *ecs.Envelope) {
			me.Measure(gap, int64(me.Tick()-s.Seen))
			me.Count(hops, 1)
			s.Hops, s.Seen = m.A, me.Tick()
			pass(me, m.A+1)
		}}},
	})
	nodes := run.World.Nodes(program, "ring", 9)
	for i, n := range nodes {
		run.Links.Connect(n, nodes[(i+1)%len(nodes)], systems.Link{Latency: ecs.Nanoseconds(i) * 700_000, OneWay: true})
	}
	run.Measures.Series("hops so far", 50*ms, func(w *ecs.World) float64 {
		return float64(ecs.State[ringState](w, nodes[0]).Hops)
	})
	run.Start(nodes...)
	return run
}
