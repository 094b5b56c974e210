package scheduler_test

import (
	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scheduler"
	"orrery/systems"
)

type pholdState struct{ Count, Sum uint64 }

const pholdNodes = 200

// hop draws where an event goes and after how many ticks: one in 32 goes far.
func hop(s random.Source) (to uint64, delay ecs.Tick) {
	to, delay = s.Below(pholdNodes), 1+ecs.Tick(s.ExponentialOf(12))
	if s.Below(32) == 0 {
		delay = 1 + ecs.Tick(s.Below(100_000))
	}
	return to, delay
}

// phold is PHOLD (Fujimoto 1990) as a program for columns, over no links, with
// some delays that take the wheel's upper levels.
func phold(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	event, stream := run.World.Kind("event", 8), run.World.Stream("phold")
	var first ecs.Node
	program := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "phold", State: pholdState{}}, Direct: true,
		Act: func(b *ecs.Batch) {
			states := ecs.States[pholdState](b)
			out := b.Room(b.Len())
			for i := range b.Envelopes {
				s := &states[b.Rows[i]]
				s.Count++
				s.Sum += b.Envelopes[i].A
				to, delay := hop(b.Draws(stream, i))
				out[i] = ecs.Send{To: first + ecs.Node(to), Cause: uint16(i), Kind: event, Delay: delay, A: s.Sum}
			}
		},
	})
	nodes := run.World.Nodes(program, "n", pholdNodes)
	first = nodes[0]
	for i, n := range nodes {
		run.World.SetStatus(n, ecs.Up, 0)
		e := run.World.Outside(n, event, uint64(i), 0, "event")
		run.World.Post(&e, ecs.Tick(i%5))
	}
	return run
}
