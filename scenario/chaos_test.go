package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/systems"
)

const chaotic = `
EXTRA
p = program(state = {"n": 0})
a = nodes("a", 5, p)
mesh(a)
chaos([crash, pause, isolate, partition], on = a, mean_between = "20ms", lasting = "50ms", until = "4s", down = 2)
always("two at a time", lambda: len([x for x in a if not x.up]) <= 2)
run(until = "5s")
`

// planned is what a scenario plans, with names for nodes: their numbers are
// others if more are declared.
func planned(s *Scenario) []string {
	var all []string
	for _, in := range s.Run.Inputs() {
		a := in.Action
		line := fmt.Sprintf("%d %s label %d", in.Tick, a.Verb, a.Label)
		for _, list := range append([][]ecs.Node{a.Nodes}, a.Lists...) {
			for _, n := range list {
				line += " " + s.script.NodeName(n)
			}
			line += ";"
		}
		all = append(all, line)
	}
	return all
}

func TestChaosIsTheSeeds(t *testing.T) {
	text := func(extra string) string { return with(chaotic, "EXTRA", extra) }
	want := planned(lab(t, text("")))
	if diff := cmp.Diff(want, planned(lab(t, text("")))); diff != "" {
		t.Error(diff)
	}
	other := text("q = program()\nb = nodes(\"b\", 3, q)\nmesh(b, jitter = \"5ms\", loss = 0.5)\nprint(random.int(0, 99))")
	if diff := cmp.Diff(want, planned(lab(t, other))); diff != "" {
		t.Errorf("other nodes shift it:\n%s", diff)
	}
	if cmp.Equal(want, planned(labSeeded(t, 2, text("")))) {
		t.Error("another seed plans the same")
	}
}

// Each fault ends after lasting, or when chaos does; they come as often as is
// said, less those left out because too many nodes are at one already.
func TestChaosKeepsItsWord(t *testing.T) {
	s := lab(t, with(chaotic, "EXTRA", ""))
	began, total := map[string]ecs.Tick{}, map[systems.Verb]int{}
	ends := map[systems.Verb]systems.Verb{systems.Start: systems.Crash, systems.Resume: systems.Pause, systems.Heal: systems.CutOff}
	for _, in := range s.Run.Inputs() {
		a := in.Action
		total[a.Verb]++
		key := fmt.Sprint(a.Label, a.Nodes)
		if _, isEnd := ends[a.Verb]; !isEnd {
			began[key] = in.Tick
			continue
		}
		if lasted := in.Tick - began[key]; lasted != 50 && lasted != 51 && in.Tick != 4000 || in.Tick > 4000 {
			t.Errorf("%s of %s ends at %d, after %d ms", a.Verb, key, in.Tick, lasted)
		}
		delete(began, key)
	}
	if len(began) > 0 {
		t.Errorf("not ended: %v", began)
	}
	// 200 are expected; a quarter are partitions, of which none is left out.
	if n := total[systems.Partition]; n < 30 || n > 75 {
		t.Errorf("%d partitions", n)
	}
	for _, v := range []systems.Verb{systems.Crash, systems.Pause, systems.CutOff} {
		if total[v] < 5 {
			t.Errorf("%d of %s", total[v], v)
		}
	}
	if got := outcomes(ran(t, with(chaotic, "EXTRA", ""))); got[0] != "two at a time held@5000" {
		t.Error(got)
	}
}

// Whatever is said, nothing begins or ends after until, and down is kept to.
func TestChaosWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		until, down := rapid.IntRange(1, 300).Draw(t, "until"), rapid.IntRange(0, 4).Draw(t, "down")
		text := fmt.Sprintf("a = nodes(\"a\", 4, program())\nchaos([%s], on = a, mean_between = \"%dus\", lasting = \"%dms\", until = \"%dms\", down = %d)\n"+
			"always(\"down\", lambda: len([x for x in a if not x.up]) <= %d)\nrun(until = \"400ms\")\n",
			rapid.SampledFrom([]string{"crash", "crash, pause", "crash, isolate, partition", "partition"}).Draw(t, "kinds"),
			rapid.IntRange(4_000, 90_000).Draw(t, "between"), rapid.IntRange(1, 40).Draw(t, "lasting"), until, down, down)
		s, err := Load(labFS(text, nil), labFile, Options{Seed: rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range s.Run.Inputs() {
			if in.Tick > ecs.Tick(until) {
				t.Fatalf("%s at %d, until %d", in.Action.Verb, in.Tick, until)
			}
		}
		if err := s.Run.RunUntil(s.Until); err != nil {
			t.Fatal(err)
		}
		if got := s.Run.End(); got.Worst() != systems.Held {
			t.Fatalf("%+v\nin\n%s", got.Checks, text)
		}
	})
}

// Chaos isolates from nodes that are declared below it too.
func TestChaosIsolatesFromAll(t *testing.T) {
	ran(t, `
def hear(me, m):
    fail("heard")
def say(me):
    me.send(late, "hear")
a = node("a", program(every = {"10ms": say}))
chaos([isolate], on = a, mean_between = "100us", lasting = "1s", until = "100ms")
late = node("late", program(on = {"hear": hear}))
link(a, late)
run(until = "99ms")`)
}

// A node or a kind less leaves every fault that it has no part in; so does
// another chaos before.
func TestChaosOfFewer(t *testing.T) {
	const text = `
p = program()
a = nodes("a", 6, p)
EARLIER
chaos(KINDS, on = ON, mean_between = "20ms", lasting = "1ms", until = "4s")
run(until = "5s")
`
	plan := func(kinds, on, earlier string) map[string]bool {
		all := map[string]bool{}
		for _, line := range planned(lab(t, with(with(with(text, "EARLIER", earlier), "KINDS", kinds), "ON", on))) {
			all[line] = true
		}
		return all
	}
	whole := plan("[crash, pause]", "a", "")
	kept, gone := 0, 0
	fewer := plan("[crash, pause]", "a[:5]", "")
	for line := range whole {
		switch {
		case strings.Contains(line, "a[5]"):
			gone++
		case fewer[line]:
			kept++
		default:
			t.Errorf("without a[5] there is no %s", line)
		}
	}
	if kept < 100 || gone < 10 {
		t.Errorf("%d kept, %d gone: too few to say", kept, gone)
	}
	after := plan("[crash, pause]", "a", `chaos([isolate], on = a[:2], mean_between = "50ms", lasting = "1ms", until = "4s")`)
	for line := range whole {
		if !after[line] {
			t.Errorf("after another chaos there is no %s", line)
		}
	}
}
