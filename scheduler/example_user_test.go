package scheduler_test

import (
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// This is a test as a user would write one for a program of their own: Counter
// counts what it gets, and tells the next node while there is something left.

type Counter struct{ Count uint64 }

func NewCounter(run *scheduler.Run, tell ecs.Kind) ecs.ProgramID {
	return systems.AddNode(run.Set, systems.Node[Counter]{
		Name: "counter",
		On: []systems.On[Counter]{{Kind: tell, Do: func(me *systems.Me, s *Counter, m *ecs.Envelope) {
			s.Count++
			if m.A > 1 {
				me.Send(me.Neighbours()[0], tell, m.A-1, 0)
			}
		}}},
	})
}

func TestCounter(t *testing.T) {
	run := scheduler.New(ecs.Config{Seed: 1})
	tell := run.World.Kind("tell", 8)
	nodes := run.World.Nodes(NewCounter(run, tell), "n", 3)
	run.Links.Ring(nodes, systems.Link{Jitter: 5_000_000, OneWay: true})
	run.Start(nodes...)
	run.At(1, systems.Action{Verb: systems.Message, Target: nodes[0], Kind: tell, A: 100})
	if quiet, err := run.RunUntilQuiet(10_000); !quiet || err != nil {
		t.Fatal(quiet, err)
	}
	if got := ecs.State[Counter](run.World, nodes[0]).Count; got != 34 {
		t.Errorf("the first node counted %d, want 34", got)
	}
	if got, want := run.End().Digest, ecs.Digest(0x1fe3f787bbd8f229); got != want {
		t.Errorf("digest %#x, want %#x: the run has changed", got, want)
	}
}
