// Proves the contract of determinism: the same world, seed and inputs give the
// same digest at every tick, whatever the batches' length, whether or not the
// run was restored, forked or observed on the way, and however its ticks were
// asked for. Each test runs every test world beside one that ran straight, and
// compares digest and all state at the end of each tick.
package scheduler_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scheduler"
)

func TestDeterminismTwice(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		a, b := w.start(), w.start()
		if diff := cmp.Diff(history(t, a, w.until), history(t, b, w.until)); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(a.End(), b.End()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestDeterminismOfState finds what digests of ticks would show too late.
func TestDeterminismOfState(t *testing.T) {
	each(t, func(t *testing.T, w world) { alike(t, w.start(), w.start(), w.until) })
}

func TestDeterminismOfBatches(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for _, length := range []int{1, 7} {
			alike(t, w.start(), w.build(ecs.Config{Seed: 7, BatchLength: length}), w.until)
		}
	})
}

// TestDeterminismOfSteps asks for ticks in steps of random length, on which
// nothing may depend.
func TestDeterminismOfSteps(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		a, b := w.start(), w.start()
		draws := random.NewKey(1, w.name).At(0, 0)
		for at := ecs.Tick(0); at < w.until; {
			at = min(w.until, at+1+ecs.Tick(draws.Below(uint64(w.until)/20)))
			runUntil(t, b, at)
		}
		runUntil(t, a, w.until)
		if diff := cmp.Diff(a.End(), b.End()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestDeterminismObserved has an observer read all there is to read.
func TestDeterminismObserved(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		a, b := w.start(), w.start()
		seen := &reader{}
		b.Observe(seen)
		plain, observed := history(t, a, w.until), history(t, b, w.until)
		if diff := cmp.Diff(plain, observed); diff != "" {
			t.Fatal(diff)
		}
		if seen.ticks != len(plain) {
			t.Errorf("the observer saw %d ticks of %d", seen.ticks, len(plain))
		}
	})
}

// reader reads everything: state, envelopes, a snapshot.
type reader struct {
	ticks    int
	snapshot ecs.Snapshot
}

func (r *reader) Observe(w *ecs.World) {
	r.ticks++
	w.StateHash()
	w.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) { w.Payload(e) })
	w.Snapshot(&r.snapshot)
}

// TestDeterminismRestored goes back to a random tick from a later one.
func TestDeterminismRestored(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		restored := w.start()
		var s ecs.Snapshot
		for _, tick := range w.ticksOf("restore", 3) {
			runUntil(t, restored, max(tick, restored.World.Tick()))
			restored.Snapshot(&s)
			runUntil(t, restored, s.Tick()+w.until/3)
			if err := restored.Restore(&s); err != nil {
				t.Fatal(err)
			}
			straight := w.start()
			runUntil(t, straight, s.Tick())
			alike(t, straight, restored, min(w.until, s.Tick()+w.until/3))
		}
	})
}

// TestDeterminismForked continues from a random tick in a run of its own, while
// the first one goes on.
func TestDeterminismForked(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		tick := w.ticksOf("fork", 1)[0]
		first, straight := w.start(), w.start()
		runUntil(t, first, tick)
		fork := forked(t, first)
		runUntil(t, first, w.until)
		runUntil(t, straight, tick)
		alike(t, straight, fork, w.until)
	})
}

func forked(t *testing.T, run *scheduler.Run) *scheduler.Run {
	t.Helper()
	var s ecs.Snapshot
	run.Snapshot(&s)
	fork, err := run.Fork(&s)
	if err != nil {
		t.Fatal(err)
	}
	return fork
}

// TestDeterminismRestoredIntoFork takes a fork to a snapshot of the run it came
// from, later and earlier than where it began.
func TestDeterminismRestoredIntoFork(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		first := w.start()
		var early, late ecs.Snapshot
		runUntil(t, first, w.until/4)
		first.Snapshot(&early)
		runUntil(t, first, w.until/2)
		fork := forked(t, first)
		runUntil(t, first, w.until/3*2)
		first.Snapshot(&late)
		runUntil(t, fork, w.until)
		for _, s := range []*ecs.Snapshot{&late, &early} {
			if err := fork.Restore(s); err != nil {
				t.Fatal(err)
			}
			straight := w.start()
			runUntil(t, straight, s.Tick())
			alike(t, straight, fork, min(w.until, s.Tick()+w.until/3))
		}
	})
}
