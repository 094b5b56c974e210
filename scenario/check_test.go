// What comes of checks, at which tick, and what they may not do.
package scenario

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

// counting has a node that counts up every 10 ms: at 10 ms it comes to 1.
const counting = `
def beat(me):
    me.n += 1
    me.list.append(me.n)
    me.dict["n"] = [me.n]
    note("beat", n = me.n, odd = me.n % 2 == 1)
    if me.n < 0:
        note("none")
    LINE
a = nodes("a", 2, program(state = {"n": 0, "list": [], "dict": {}, "set": set([1]), "deep": struct(l = [[]])}, every = {"10ms": beat}))
run(until = "100ms")
`

func TestOutcomes(t *testing.T) {
	for _, tc := range []struct{ check, want string }{
		{`always("c", lambda: a[0].n < 20)`, "c held@100"},
		{`always("c", lambda: a[0].n < 4)`, "c broken@40"},
		{`always("c", lambda: a[0].n < 4, every = "15ms")`, "c broken@40"}, // looks at 0, 20, 40, 60 …
		{`always("c", lambda: a[0].n < 3, every = "15ms")`, "c broken@40"},
		{`never("c", lambda: a[0].n == 3)`, "c broken@30"},
		{`never("c", lambda: a[0].n == 3, every = "15ms")`, "c held@100"},
		{`never("c", lambda: a[0].n == 11)`, "c held@100"},
		{`sometimes("c", lambda: a[1].n == 3)`, "c held@30"},
		{`sometimes("c", lambda: a[1].n == 30)`, "c unmet@100"},
		{`eventually("c", lambda: a[0].n == 3, within = "50ms")`, "c held@30"},
		{`eventually("c", lambda: a[0].n == 2, after = "35ms", within = "50ms")`, "c unmet@85"},
		{`eventually("c", lambda: a[0].n == 2, after = "35ms", within = "65ms")`, "c unmet@100"},
		{`eventually("c", lambda: a[0].n >= 3, after = "35ms", within = "5ms")`, "c held@35"},
		{`eventually("c", lambda: a[0].n == 4, after = "35ms", within = "5ms")`, "c held@40"},
		{`eventually("c", lambda: a[0].n == 5, after = "35ms", within = "14ms")`, "c unmet@49"},
		// After the last fault or heal, though that is too late for the run to tell.
		{"at(\"60ms\", crash(a[1]))\neventually(\"c\", lambda: a[0].n == 6, within = \"1s\")", "c held@60"},
		{"at(\"60ms\", crash(a[1], down = \"15ms\"))\neventually(\"c\", lambda: a[0].n in (6, 7), within = \"1s\")", "c held@75"},
		{"at(\"61ms\", crash(a[1], down = \"20ms\"))\neventually(\"c\", lambda: a[0].n in (6, 7), within = \"1s\")", "c undecided@0"},
		{"between(\"10ms\", \"70ms\", pause(a[1]))\neventually(\"c\", lambda: a[0].n >= 2, within = \"20ms\")", "c held@70"},
		{`always("c", lambda e, past: len(past) < 4, on = "beat", by = "odd")`, "c broken@50"},
		{`always("c", lambda e, past: len(past) < 6, on = "beat", by = "odd")`, "c broken@70"},
		{`always("c", lambda e, past: len(past) < 20, on = "beat")`, "c held@100"},
		{`always("c", lambda e, past: len(past) < 19, on = "beat")`, "c broken@100"},
		{`always("c", lambda e, past: [p.node for p in past] == [a[0]][:e.node.index], on = "beat", by = "n")`, "c held@100"},
		{`always("c", lambda e, past: e.time == now() and all([p.time <= e.time for p in past]), on = "beat")`, "c held@100"},
		{`never("c", lambda e, past: e.n == 7 and e.node == a[1], on = "beat")`, "c broken@70"},
		{`never("c", lambda e, past: True, on = "none")`, "c undecided@0"}, // it was never asked
	} {
		s := ran(t, replaced(counting, "pass")+tc.check)
		if got := outcomes(s)[0]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.check, got, tc.want)
		}
	}
}

func TestMust(t *testing.T) {
	s := ran(t, replaced(counting, `must("few", me.n < 4 or me.index == 0, n = me.n)`)+`always("c", lambda: True)`)
	if diff := cmp.Diff([]string{"few broken@40", "c held@100"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
	if got := story(s); got[8] != "40 a[1] must few n=4" {
		t.Errorf("%v", got[8])
	}
	failsToRun(t, replaced(counting, `must("a" + "b", True)`), `must: its name must be written out as text`)
	failsToLoad(t, `must("x", False)`, `must "x": only a handler says so; outside, write always`)
}

// A check, a series and a fault's target are asked about the world, and leave
// it as it is.
func TestChecksChangeNothing(t *testing.T) {
	for _, line := range []string{
		`a[0].list.append(1)`, `a[0].list.clear()`, `a[0].dict["x"] = 1`, `a[0].dict["n"].append(1)`, `a[0].dict.pop("n", None)`, `a[0].set.add(7)`,
		`a[0].deep.l[0].append(1)`, `a.list[1].append(1)`, `a[0].n = 1`, `a[0].list = []`, `a[0].list += [1]`,
		`a[0].send(a[1], "x")`, `a[0].random.int(0, 1)`, `random.int(0, 1)`, `note("x", n = 1)`, `must("x", False)`, `a[0].exit()`,
	} {
		run := func(s *Scenario) (changed bool, err error) {
			to(t, s, 0)
			err = s.Run.RunUntil(s.Until)
			return s.Run.World.Tick() > 25, err
		}
		look := replaced(counting, "pass") + "def look():\n    if now() > duration(\"20ms\"):\n        " + line + "\n    return True\n"
		for _, where := range []string{`always("c", look)`, `sometimes("c", lambda: not look())`, `series("c", look, every = "5ms")`, `at("25ms", crash(look))`, `when(lambda: not look(), crash(a))`} {
			late, err := run(lab(t, look+where))
			if err == nil || late && where[:2] != "al" && where[:2] != "so" && where[:2] != "wh" {
				t.Errorf("%s in %s: %v", line, where, err)
			}
		}
	}
	failsToRun(t, replaced(counting, "pass")+`always("c", lambda e, past: past.append(1) == None, on = "beat")`, "tuple has no")
	failsToRun(t, replaced(counting, "pass")+`always("c", lambda e, past: not past or past.pop() == None, on = "beat")`, "tuple has no")
}

// What a check is shown is what a handler left, in each tick, after a crash,
// and after a restore; and the same as long as no handler had it in hand.
func TestViewsAreUpToDate(t *testing.T) {
	const text = `
def beat(me):
    me.outer[0].append(len(me.outer[0]))
    me.inner = me.outer[0]
    me.outer.append(me.pair)
    me.pair.append(1)
def poke(me):
    me.pair.append(2)          # through the one field, seen through the other
p = program(state = {"outer": [[]], "inner": None, "pair": [], "n": 0}, durable = ["inner"], every = {"10ms": beat, "15ms": poke})
a = nodes("a", 2, p, n = lambda i: i)
at("42ms", crash(a[0], down = "3ms"))
def shown():
    print(a[0].outer, a[0].inner, a[0].pair, a[0].n, a[1].pair)
    return True
always("c", shown)
run(until = "60ms")
`
	want := story(ran(t, text))
	if got := want[3]; got != "20 outside [[0, 1], [1, 2, 1], [1, 2, 1]] [0, 1] [1, 2, 1] 0 [1, 2, 1]" {
		t.Error(got)
	}
	if got := want[slices.IndexFunc(want, func(l string) bool { return strings.HasPrefix(l, "45 ") })]; got != "45 outside [[]] [0, 1, 2, 3] [] 0 [1, 2, 1, 1, 2, 1, 2]" {
		t.Error(got)
	}
	for _, at := range []ecs.Tick{5, 17, 31, 43, 55} {
		s := lab(t, text)
		var snap ecs.Snapshot
		to(t, s, at).Run.Snapshot(&snap)
		to(t, s, 60)
		if err := s.Run.Restore(&snap); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, story(to(t, s, 60))); diff != "" {
			t.Errorf("restored at %d:\n%s", at, diff)
		}
	}
}

// A run that goes back and takes another way has other events: a check sees
// them, and none of those it saw before.
func TestPastOfAnotherWay(t *testing.T) {
	const text = `
def beat(me):
    for _ in range(me.random.int(0, 3)):
        note("drawn", n = me.random.int(0, 5))
a = nodes("a", 3, program(every = {"10ms": beat}))
def look(e, past):
    print(e.n, [(p.time, p.node) for p in past])
    return True
always("c", look, on = "drawn", by = "n")
run(until = "200ms")
`
	var snap ecs.Snapshot
	to(t, lab(t, text), 50).Run.World.Snapshot(&snap)
	other := func(s *Scenario) []string {
		if err := s.Run.Restore(&snap); err != nil {
			t.Fatal(err)
		}
		s.Run.World.Reseed(9)
		return story(to(t, s, 200))
	}
	want := other(lab(t, text))
	for _, been := range []ecs.Tick{50, 60, 90, 200} {
		if diff := cmp.Diff(want, other(to(t, lab(t, text), been))); diff != "" {
			t.Errorf("been at %d: (- not been, + been)\n%s", been, diff)
		}
	}
}

func TestErrorsOfChecks(t *testing.T) {
	const nodes = "def beat(me):\n    note(\"n\", n = 1)\na = nodes(\"a\", 2, program(state = {\"n\": 0}, every = {\"10ms\": beat}))\nrun(until = \"20ms\")\n"
	for _, tc := range []struct{ check, want string }{
		{`always("c", lambda: True, within = "1s")`, `always "c": after and within are eventually's`},
		{`always("c", lambda: True, by = "n")`, `always "c": by is a field of the events that on names`},
		{`always("c", lambda e, past: True, on = "n", every = "1s")`, `it looks at each event "n", when it comes; leave out every`},
		{`sometimes("c", lambda e, past: True, on = "n")`, `sometimes "c": only always and never look at events`},
		{`eventually("c", lambda: True, after = "10ms", within = "11ms")`, `its window (10ms to 21ms) ends after the run (20ms)`},
		{`always("c", True)`, `always: for parameter fn: got bool, want callable`},
	} {
		failsToLoad(t, nodes+tc.check, tc.want)
	}
	for _, tc := range []struct{ check, want string }{
		{`always("c", lambda: None)`, `always "c": the predicate returned None; does it return at all? return True or False`},
		{`never("c", lambda: 1)`, `never "c": the predicate returned 1, an int; return True or False`},
		{`always("c", lambda: a[0].m == 1)`, `a declares no state "m"`},
		{`always("c", lambda e, past: True, on = "n", by = "x")`, `an event "n" has no field "x"`},
	} {
		failsToRun(t, nodes+tc.check, tc.want)
	}
	failsToRun(t, replaced(counting, `note("x", node = 1)`), "note: every event has a node already")
}

// A check that breaks at one of several events of a tick breaks there again if
// the run goes back: by then the events are the same, and seen before.
func TestBrokenAgain(t *testing.T) {
	s := lab(t, replaced(counting, "pass")+`always("c", lambda e, past: len(past) != 4, on = "beat", by = "odd")`)
	var snap ecs.Snapshot
	to(t, s, 45).Run.Snapshot(&snap)
	want := outcomes(to(t, s, 100))
	for _, been := range []ecs.Tick{50, 60, 100} {
		if err := s.Run.Restore(&snap); err != nil {
			t.Fatal(err)
		}
		to(t, s, been)
		if err := s.Run.Restore(&snap); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, outcomes(to(t, s, 100))); diff != "" {
			t.Errorf("been at %d:\n%s", been, diff)
		}
	}
}
