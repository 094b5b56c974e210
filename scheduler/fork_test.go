// Proves that a fork is a run of its own: nothing that happens in it shows in
// the run it came from, and it takes its own way where its inputs or seed
// differ.
package scheduler_test

import (
	"testing"

	"orrery/ecs"
	"orrery/systems"
)

func TestForkChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		first, alone := w.start(), w.start()
		runUntil(t, first, w.until/2)
		runUntil(t, alone, w.until/2)
		fork := forked(t, first)
		fork.World.Reseed(99)
		for id := 1; id < fork.World.Programs(); id++ {
			for row := range fork.World.ProgramRows(ecs.ProgramID(id)) {
				if n := fork.World.NodeAt(ecs.ProgramID(id), row); n != 0 && row%3 == 0 {
					fork.At(fork.World.Tick()+5, systems.Action{Verb: systems.Crash, Target: n, Down: 20 * ms})
				}
			}
		}
		runUntil(t, fork, w.until)
		alike(t, first, alone, w.until)
		if fork.World.Digest() == first.World.Digest() {
			t.Error("the fork went the same way, so that nothing was tried")
		}
	})
}

// TestForkIsSeeded: draws come from another seed from the fork on.
func TestForkIsSeeded(t *testing.T) {
	first := election(ecs.Config{Seed: 7})
	runUntil(t, first, 100)
	a, b, c := forked(t, first), forked(t, first), forked(t, first)
	a.World.Reseed(1)
	b.World.Reseed(1)
	c.World.Reseed(2)
	for _, run := range []*ecs.World{a.World, c.World} {
		if seeds := run.Seeds(); len(seeds) != 2 || seeds[0] != (ecs.SeedAt{From: 0, Seed: 7}) || seeds[1].From != 101 {
			t.Errorf("seeds %v", seeds)
		}
	}
	alike(t, a, b, 1000)
	runUntil(t, c, 1000)
	if a.World.StateHash() == c.World.StateHash() {
		t.Error("another seed made no difference")
	}
}

func TestForkNeedsASnapshot(t *testing.T) {
	run := ring(ecs.Config{})
	if _, err := run.Fork(&ecs.Snapshot{}); err == nil {
		t.Error("a fork from nothing was made")
	}
}
