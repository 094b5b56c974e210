// Holds the labels of what viewers do to a run that goes on from another apart
// from those of what is under way in it.
package main

import (
	"testing"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scenario"
	"orrery/scheduler"
	"orrery/systems"
)

// publishedAt is a run that goes on from a state, without the inputs that led to
// it, as a fork with other flags and a branch do.
func publishedAt(t *testing.T, from *ecs.Snapshot) (*live, *scheduler.Run) {
	t.Helper()
	s, err := scenario.Load(kept{"acts.star": []byte(actedOn)}, "acts.star", scenario.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if from != nil {
		if err := s.Run.Restore(from); err != nil {
			t.Fatal(err)
		}
	}
	p := play(t)
	l, err := (&publishFlags{endpoint: ipcAt(t)}).begin(&p.edge, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.waits = nil; l.end(&p.edge, false) })
	l.until = s.Until
	return l, s.Run
}

// callAndCut has who is outside make a call that is never answered, and cut.
func callAndCut(t *testing.T, l *live, timeout, lasting ecs.Nanoseconds) {
	t.Helper()
	call := netsync.Request{Do: netsync.DoCall, Service: "never", Timeout: int64(timeout)}
	if _, _, failed := l.act(&publish.Command{Request: call}); failed != nil {
		t.Fatal(failed)
	}
	cut := netsync.Request{Do: netsync.DoFault, Fault: "cut", Nodes: []string{"store"}, Others: []string{"client"}, Lasting: int64(lasting)}
	if _, failed := l.fault(&cut); failed != nil {
		t.Fatal(failed)
	}
}

const millisecond ecs.Nanoseconds = 1e6

func TestLabelsStartAboveWhatIsUnderWay(t *testing.T) {
	l, run := publishedAt(t, nil)
	callAndCut(t, l, 100*millisecond, 0)
	if err := run.RunUntil(run.Ticks(10 * millisecond)); err != nil {
		t.Fatal(err)
	}
	var then ecs.Snapshot
	run.Snapshot(&then)

	l, run = publishedAt(t, &then)
	callAndCut(t, l, 300*millisecond, 50*millisecond)
	told := map[uint64]ecs.Tick{}
	run.Outside.Tell(func(x *systems.Upshot) { told[x.Label] = run.World.Tick() })
	if err := run.RunUntil(run.Ticks(200 * millisecond)); err != nil {
		t.Fatal(err)
	}
	label := l.waits[0].label
	if at, ok := told[label]; ok || len(told) != 1 {
		t.Errorf("the call of label %d is told of at tick %d, when that from before ends; told: %v", label, at, told)
	}
	cut := uint64(0)
	for _, in := range run.Inputs() {
		if in.Action.Verb == systems.CutOff {
			cut = in.Action.Label
		}
	}
	if left := run.Faults.LatestLabel(); cut == left || left != cutLabel|1 {
		t.Errorf("the cut of label %x is healed, and %x is left, not only that from before", cut, left)
	}
}
