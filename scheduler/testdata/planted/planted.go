// Package planted holds programs with a fault each that makes runs differ. The
// canary tests run them and lint them: each fault must be caught.
package planted

import (
	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// State is what a planted node holds.
type State struct {
	Got  uint64
	Heat float64
}

// Fault is a handler with a fault in it, which may send to its neighbours.
type Fault func(me *systems.Me, s *State, kind ecs.Kind)

// World has nodes without fault in a ring, which pass tokens on, and one, the
// culprit, that runs a fault when a token comes.
func World(fault Fault) *scheduler.Run {
	run := scheduler.New(ecs.Config{})
	kind := run.World.Kind("token", 8)
	pass := func(me *systems.Me, s *State, m *ecs.Envelope) {
		s.Got++
		me.Send(me.Neighbours()[0], kind, m.A, 0)
	}
	good := systems.AddNode(run.Set, systems.Node[State]{Name: "good", On: []systems.On[State]{{Kind: kind, Do: pass}}})
	bad := systems.AddNode(run.Set, systems.Node[State]{Name: "bad", On: []systems.On[State]{{Kind: kind, Do: func(me *systems.Me, s *State, m *ecs.Envelope) {
		pass(me, s, m)
		fault(me, s, kind)
	}}}})
	nodes := append(run.World.Nodes(good, "good", 8), run.World.Node(bad, "culprit"))
	run.Links.Ring(nodes, systems.Link{OneWay: true})
	hub := run.World.Nodes(good, "spoke", 12)
	for _, n := range hub {
		run.Links.Connect(nodes[8], n, systems.Link{OneWay: true})
		run.Links.Connect(n, nodes[0], systems.Link{OneWay: true})
	}
	run.Start(nodes...)
	run.Start(hub...)
	run.At(2, systems.Action{Verb: systems.Message, Target: nodes[5], Kind: kind, A: 1})
	return run
}
