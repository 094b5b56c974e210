package bench

import (
	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type hopState struct{ Hops uint64 }

// ms is a millisecond: the length of a tick.
const ms = 1_000_000

// Ring is a token that goes round a ring of up to 1000 of n nodes, over
// links; the others are idle.
func Ring(n int) *scheduler.Run {
	run := scheduler.New(ecs.Config{})
	token := run.World.Kind("token", 8)
	id := systems.AddNode(run.Set, systems.Node[hopState]{
		Name: "ring",
		On: []systems.On[hopState]{{Kind: token, Do: func(me *systems.Me, s *hopState, e *ecs.Envelope) {
			s.Hops++
			me.Send(me.Neighbours()[0], token, e.A+1, 0)
		}}},
	})
	nodes := run.World.Nodes(id, "n", n)
	for _, x := range nodes {
		run.World.SetStatus(x, ecs.Up, 0)
	}
	active := make([]ecs.Node, min(n, 1000))
	for i := range active {
		active[i] = nodes[i*(n/len(active))]
	}
	for i, x := range active {
		run.Links.Connect(x, active[(i+1)%len(active)], systems.Link{Latency: 3 * ms, OneWay: true})
	}
	run.At(0, systems.Action{Verb: systems.Message, Target: active[0], Kind: token})
	return run
}

type beat struct{ Beats, Sum uint64 }

func tickBeat(s *beat, now ecs.Tick) {
	s.Beats++
	s.Sum += uint64(now) * s.Beats
}

// Beats is n nodes with a recurring timer each, for columns.
func Beats(n int) *scheduler.Run {
	run := scheduler.New(ecs.Config{})
	id := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "beat", State: beat{}},
		Every: []systems.Every{{Name: "beat", Period: ms, Act: func(b *ecs.Batch) {
			states := ecs.States[beat](b)
			for _, row := range b.Rows {
				tickBeat(&states[row], b.Tick)
			}
		}}},
	})
	run.Start(run.World.Nodes(id, "n", n)...)
	return run
}

// BeatCalls is Beats a node at a time.
func BeatCalls(n int) *scheduler.Run {
	run := scheduler.New(ecs.Config{})
	id := systems.AddNode(run.Set, systems.Node[beat]{
		Name:  "beat",
		Every: []systems.EveryNode[beat]{{Name: "beat", Period: ms, Do: func(me *systems.Me, s *beat) { tickBeat(s, me.Tick()) }}},
	})
	run.Start(run.World.Nodes(id, "n", n)...)
	return run
}
