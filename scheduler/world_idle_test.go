package scheduler_test

import (
	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type sleeper struct{ Woken, Told uint64 }

// idle is a world in which next to nothing happens: messages from outside, and
// timers of very different lengths, some longer than 2^31 ticks.
func idle(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	tell, wake := run.World.Kind("tell", 16), run.World.TimerKind("wake")
	length := run.World.Stream("length")
	program := systems.AddNode(run.Set, systems.Node[sleeper]{
		Name: "sleeper", Direct: true,
		Every: []systems.EveryNode[sleeper]{{Name: "turn", Period: 3_000_000_000 * ms, Do: func(me *systems.Me, s *sleeper) { s.Woken += 1000 }}},
		On: []systems.On[sleeper]{
			{Kind: tell, Do: func(me *systems.Me, s *sleeper, m *ecs.Envelope) {
				s.Told += m.A
				draws := me.Draws(length)
				me.AfterKeyed(m.B, ecs.Nanoseconds(1+draws.Below(1<<(m.A%33)))*ms, wake, m.B)
			}},
			{Kind: wake, Do: func(me *systems.Me, s *sleeper, m *ecs.Envelope) { s.Woken++ }},
		},
	})
	nodes := run.World.Nodes(program, "s", 4)
	run.Start(nodes[:3]...)
	run.At(2_500_000_000, systems.Action{Verb: systems.Start, Target: nodes[3]})
	for i := range ecs.Tick(60) {
		at := 1 + i*i*i*18_000
		run.At(at,
			systems.Action{Verb: systems.Message, Target: nodes[i%4], Kind: tell, A: uint64(i), B: uint64(i % 3)},
			systems.Action{Verb: systems.Message, Target: nodes[i%4], Kind: tell, A: uint64(i), B: uint64(i % 5)})
	}
	return run
}
