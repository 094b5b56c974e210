// The worlds that the tests of this package run: small ones, which between
// them use everything the engine has. A world is made anew for each run, so
// that two runs share nothing but code.
package scheduler_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scheduler"
)

// world is one of the test worlds, and how long it is worth running.
type world struct {
	name  string
	until ecs.Tick
	build func(c ecs.Config) *scheduler.Run
}

var worlds = []world{
	{"ring", 1500, ring},
	{"pingpong", 300, pingpong},
	{"election", 1200, election},
	{"life", 500, life},
	{"phold", 300, phold},
	{"mixed", 400, mixed},
	{"idle", 4_000_000_000, idle},
}

func (w world) start() *scheduler.Run { return w.build(ecs.Config{Seed: 7}) }

const ms ecs.Nanoseconds = 1_000_000

// chance is a probability that is a plain ratio.
func chance(numerator, denominator uint64) random.Probability {
	p, err := random.Ratio(numerator, denominator)
	if err != nil {
		panic(err)
	}
	return p
}

// moment is a tick and the digest at its end.
type moment struct {
	Tick   ecs.Tick
	Digest ecs.Digest
}

// history runs until a tick and returns the digest of every tick that was not
// skipped.
func history(t *testing.T, run *scheduler.Run, until ecs.Tick) []moment {
	t.Helper()
	var all []moment
	for run.Next() <= until {
		if _, err := run.Step(); err != nil {
			t.Fatal(err)
		}
		all = append(all, moment{run.World.Tick(), run.World.Digest()})
	}
	return all
}

func runUntil(t *testing.T, run *scheduler.Run, tick ecs.Tick) {
	t.Helper()
	if err := run.RunUntil(tick); err != nil {
		t.Fatal(err)
	}
}

// alike fails unless two runs at the same tick go on alike, and says where they
// part.
func alike(t *testing.T, a, b *scheduler.Run, until ecs.Tick) {
	t.Helper()
	d, err := scheduler.Compare(a, b, until)
	if err != nil {
		t.Fatal(err)
	}
	if d != nil {
		t.Fatalf("the runs part at %v", d)
	}
	if diff := cmp.Diff(a.Summary(), b.Summary()); diff != "" {
		t.Fatalf("the runs come to different sums:\n%s", diff)
	}
}

// each runs a test for every world.
func each(t *testing.T, test func(t *testing.T, w world)) {
	t.Helper()
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) { test(t, w) })
	}
}

// ticksOf returns some ticks of a world at which to do something, the same in
// every run of the test.
func (w world) ticksOf(purpose string, n int) []ecs.Tick {
	draws := random.NewKey(1, w.name+"/"+purpose).At(0, 0)
	all := make([]ecs.Tick, n)
	for i := range all {
		all[i] = ecs.Tick(draws.Below(uint64(w.until)))
	}
	return all
}
