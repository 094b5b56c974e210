// Proves that Compare finds the first place in which two runs differ, whatever
// it is. One run is changed on purpose in one thing; the canary tests do so by
// faults in programs.
package scheduler_test

import (
	"math"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

func TestCompareFinds(t *testing.T) {
	for _, tc := range []struct {
		name  string
		plant func(run *scheduler.Run)
		want  string
	}{
		{"state", func(run *scheduler.Run) { ecs.Edit[cell](run.World, named(run, "cell[4]")).Heat = math.Inf(1) }, "tick 100: cell.state of cell[4]: Heat: "},
		{"life", func(run *scheduler.Run) { run.World.SetStatus(named(run, "cell[4]"), ecs.Paused, 3) }, "tick 100: cell.life of cell[4]: Status: 2, and 3"},
		{"envelope", func(run *scheduler.Run) {
			e := run.World.Outside(named(run, "cell[4]"), 0, 5, 6, "planted")
			run.World.Post(&e, 150)
		}, `tick 100: envelope of outside: none, and "none" from outside to cell[4], due at 150, with 5 6`},
		{"link", func(run *scheduler.Run) {
			run.Links.Connect(named(run, "cell[4]"), named(run, "cell[5]"), systems.Link{Latency: 2 * ms, OneWay: true})
		}, "tick 100: link of cell[4]: Jitter: 2000000, and 0"},
		{"new link", func(run *scheduler.Run) {
			run.Links.Connect(named(run, "probe[0]"), named(run, "cell[77]"), systems.Link{OneWay: true})
		}, "tick 100: link of probe[0]: 306 rows, and 307 rows"},
		{"node", func(run *scheduler.Run) { run.World.Node(named(run, "cell[0]").Program(), "new") }, "tick 100: cell.life of new: no such node, and alive"},
		{"history", func(run *scheduler.Run) { run.World.Fold(1) }, "tick 100: history: digest "},
		{"input", func(run *scheduler.Run) {
			run.At(200, systems.Action{Verb: systems.Crash, Target: named(run, "probe[1]")})
		}, "tick 200: probe.state of probe[1]: Mean: "},
		{"check", func(run *scheduler.Run) {
			run.Checks.Add(systems.Check{Name: "planted", Kind: systems.EventuallyHolds, After: 180 * ms, Within: 1 * ms, Holds: func(*ecs.World) bool { panic("planted") }})
		}, "tick 100: check: 0 rows, and 1 rows"},
		{"nothing", func(*scheduler.Run) {}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := mixed(ecs.Config{}), mixed(ecs.Config{})
			runUntil(t, a, 100)
			runUntil(t, b, 100)
			tc.plant(b)
			for _, runs := range [][2]*scheduler.Run{{a, b}, {forked(t, b), forked(t, a)}} {
				d, err := scheduler.Compare(runs[0], runs[1], 300)
				if err != nil {
					t.Fatal(err)
				}
				if runs[0] != a && d != nil {
					d.A, d.B = d.B, d.A // the same in the other order
				}
				if got := text(d); !strings.HasPrefix(got, tc.want) || tc.want == "" && d != nil {
					t.Errorf("%s\nwant %s", got, tc.want)
				}
			}
		})
	}
}

func text(d *scheduler.Divergence) string {
	if d == nil {
		return ""
	}
	return d.String()
}

func named(run *scheduler.Run, name string) ecs.Node {
	n, ok := run.World.NodeNamed(name)
	if !ok {
		panic(name)
	}
	return n
}

// Runs that fail alike end alike; one that fails alone differs in that, unless
// they differ before.
func TestCompareFailures(t *testing.T) {
	if d, err := scheduler.Compare(failing().Run, failing().Run, 100); d != nil || err == nil || !strings.Contains(err.Error(), "thirteen") {
		t.Errorf("%v, %v", d, err)
	}
	a, b := failing(), failing()
	b.At(19, systems.Action{Verb: systems.Message, Target: b.node, Kind: b.tell, A: 13})
	a.At(19, systems.Action{Verb: systems.Message, Target: a.node, Kind: a.tell, A: 12})
	d, err := scheduler.Compare(a.Run, b.Run, 100)
	if err != nil || d == nil || d.Tick != 19 || d.Table != "envelope" || d.Node != "outside" {
		t.Errorf("%v, %v: want the message that one of them gets in tick 19", d, err)
	}
	d, err = scheduler.Compare(failing().Run, fragile(func(uint64) bool { return false }).Run, 100)
	if err != nil || d == nil || d.Tick != 21 || d.Table != "failure" || !strings.Contains(d.A, "thirteen") || d.B != "no failure" {
		t.Errorf("%v, %v: want the failure of one", d, err)
	}
}

func TestCompareWantsOneTick(t *testing.T) {
	a, b := ring(ecs.Config{}), ring(ecs.Config{})
	runUntil(t, b, 10)
	if _, err := scheduler.Compare(a, b, 100); err == nil || !strings.Contains(err.Error(), "tick -1, the other at tick 10") {
		t.Error(err)
	}
}
