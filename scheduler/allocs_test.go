// Proves that a run in its steady state allocates nothing: neither a message,
// nor a tick, nor a timer, in any style of program. Each world here does one
// thing at a steady rate; it is run until all it keeps has grown.
package scheduler_test

import (
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// steady declares a program, of which a world gets 64 nodes, and links them if
// links is set.
type steady struct {
	name    string
	links   *systems.Link
	network *systems.Link
	program func(run *scheduler.Run, s *steadyKinds) ecs.ProgramID
}

type steadyKinds struct {
	msg, timer ecs.Kind
	stream     ecs.Stream
	nodes      []ecs.Node
}

// other draws a node.
func (k *steadyKinds) other(r uint64) ecs.Node { return k.nodes[r%uint64(len(k.nodes))] }

var steadies = []steady{
	{name: "columns", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		return run.Programs.Add(systems.Program{Schema: ecs.Schema{Name: "p", State: busy{}}, Direct: true, Act: func(b *ecs.Batch) {
			out := b.Room(b.Len())
			for i := range b.Envelopes {
				draws := b.Draws(k.stream, i)
				r := draws.Uint64()
				out[i] = ecs.Send{To: k.other(r), Cause: uint16(i), Kind: k.msg, Delay: ecs.Tick(1 + r>>40%100)}
			}
		}})
	}},
	{name: "node by node", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID { return k.node(run, true, nil) }},
	{name: "over links", links: &systems.Link{Latency: 2 * ms, Jitter: 5 * ms, Bandwidth: 1e9}, program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		return k.node(run, false, nil)
	}},
	{name: "over faulty links", links: &systems.Link{Jitter: 5 * ms, Duplicate: chance(1, 3), Loss: chance(1, 5), Corrupt: chance(1, 4), Reorder: chance(1, 8)},
		program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
			send := func(me *systems.Me, s *busy) { me.Send(k.other(uint64(me.Tick()+1)+s.Events), k.msg, 1, 2) }
			ignore := func(*systems.Me, uint64) {}
			return systems.AddNode(run.Set, systems.Node[busy]{Name: "p", Every: []systems.EveryNode[busy]{{Name: "a", Period: 3 * ms, Do: send}}, On: k.on(ignore)})
		}},
	{name: "over a network", network: &systems.Link{Latency: 2 * ms, Jitter: 5 * ms, FIFO: true}, program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		return k.node(run, false, nil)
	}},
	{name: "bytes", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		payload := make([]byte, 100)
		return k.node(run, true, func(me *systems.Me, r uint64) { me.SendBytes(k.other(r), k.msg, payload[:r%100]) })
	}},
	{name: "keyed timers", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		return k.node(run, true, func(me *systems.Me, r uint64) {
			if r%4 == 0 {
				me.Cancel(r >> 3 % 3)
			}
			me.AfterKeyed(r>>8%3, ecs.Nanoseconds(r>>20%90)*ms, k.timer, 1)
			me.AfterKeyed(4, 10*ms, k.timer, 0)
		})
	}},
	{name: "recurring timers", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		beat := func(me *systems.Me, s *busy) { s.Events++ }
		return systems.AddNode(run.Set, systems.Node[busy]{Name: "p", Direct: true, Every: []systems.EveryNode[busy]{{Name: "a", Period: 1 * ms, Do: beat}, {Name: "b", Period: 7 * ms, Do: beat}}, On: k.on(nil)})
	}},
	{name: "recurring timers in columns", program: func(run *scheduler.Run, k *steadyKinds) ecs.ProgramID {
		return run.Programs.Add(systems.Program{Schema: ecs.Schema{Name: "p", State: busy{}}, Direct: true, Act: func(*ecs.Batch) {}, Every: []systems.Every{{Name: "a", Period: 2 * ms, Act: func(b *ecs.Batch) {
			states, out := ecs.States[busy](b), b.Room(b.Len())
			for i, row := range b.Rows {
				states[row].Events++
				out[i] = ecs.Send{To: k.other(uint64(i)), Cause: uint16(i), Kind: k.msg}
			}
		}}}})
	}},
}

// on handles a message, or a timer that carries 0, by doing one more of it.
func (k *steadyKinds) on(do func(me *systems.Me, r uint64)) []systems.On[busy] {
	again := func(me *systems.Me, s *busy, m *ecs.Envelope) {
		draws := me.Draws(k.stream)
		r := draws.Uint64()
		if s.Events++; do != nil {
			if !m.IsTimer() || m.A == 0 {
				do(me, r)
			}
			return
		}
		me.Send(k.other(r), k.msg, 0, 0)
	}
	return []systems.On[busy]{{Kind: k.msg, Do: again}, {Kind: k.timer, Do: again}}
}

func (k *steadyKinds) node(run *scheduler.Run, direct bool, do func(me *systems.Me, r uint64)) ecs.ProgramID {
	return systems.AddNode(run.Set, systems.Node[busy]{Name: "p", Direct: direct, On: k.on(do)})
}

func (s *steady) build() *scheduler.Run {
	run := scheduler.New(ecs.Config{})
	k := &steadyKinds{msg: run.World.Kind("msg", 16), timer: run.World.TimerKind("timer"), stream: run.World.Stream("steady")}
	k.nodes = run.World.Nodes(s.program(run, k), "n", 64)
	if s.links != nil {
		run.Links.Mesh(k.nodes, *s.links)
	}
	if s.network != nil {
		run.Links.Network(k.nodes, *s.network)
	}
	run.Start(k.nodes...)
	for _, n := range k.nodes {
		run.At(2, systems.Action{Verb: systems.Message, Target: n, Kind: k.msg})
	}
	return run
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, s := range steadies {
		t.Run(s.name, func(t *testing.T) {
			run := s.build()
			runUntil(t, run, 3000)
			before := *run.World.Counts()
			allocated := testing.AllocsPerRun(5, func() { runUntil(t, run, run.World.Tick()+200) })
			after := run.World.Counts()
			if allocated != 0 {
				t.Errorf("%v allocations in 200 ticks", allocated)
			}
			if after.Ticks-before.Ticks < 1000 && after.Sent-before.Sent < 1000 {
				t.Errorf("only %d ticks and %d envelopes: the world is not busy", after.Ticks-before.Ticks, after.Sent-before.Sent)
			}
		})
	}
}
