// Proves that what is added to a scenario shifts nothing for those in it: a
// node, a log line, a check, a series, an export, a measure, a note leave each
// node with the state that it had. And that what only looks leaves the digest.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

// shifting has a place before its nodes, one within a handler, and one after
// all, at which something may be added.
func shifting(before, within, after string) string {
	return before + `
def begin(me):
    me.after(me.random.uniform("1ms", "9ms"), beat, key = "beat")

def beat(me):
    me.sum += me.random.int(1, 100)
    for n in me.random.sample(me.neighbours, 2):
        me.send(n, "hello", sum = me.sum)
    me.after(me.random.exponential("6ms"), beat, key = "beat")

def hear(me, m):
    ` + within + `
    me.heard.append((m.source.name, m.sum, now()))
    me.heard = me.heard[-6:]

p = program(state = {"sum": 0, "heard": []}, shows = ["sum"], durable = ["sum"], on_start = begin, on = {"hello": hear}, every = {"20ms": beat})
n = nodes("n", 5, p)
network(n, latency = "4ms", jitter = "6ms", loss = 0.1, duplicate = 0.1, reorder = 0.1)
def lowest():
    return min(n, key = lambda x: x.sum)
at("40ms", crash(lowest, down = "20ms"))
when(lambda: n[2].sum > 400, pause(n[2]))
at("120ms", resume(n))
chaos([crash, pause, isolate, partition], on = n, mean_between = "20ms", lasting = "10ms", until = "150ms")
` + after + `
run(until = "200ms")
`
}

func TestExtrasShiftNothing(t *testing.T) {
	plain := ran(t, shifting("", "pass", ""))
	want, digest := states(t, plain), plain.Run.End().Digest
	for _, tc := range []struct {
		what                  string
		before, within, after string
		looks                 bool // only, so that the digest stays
	}{
		{what: "nothing", looks: true},
		{what: "a node before", before: `node("extra", program(state = {"x": 0}))`},
		{what: "a busy node after", after: "def tick_(me):\n    me.x += me.random.int(0, 9)\nnode(\"extra\", program(state = {\"x\": 0}, every = {\"3ms\": tick_}))"},
		{what: "one more of a kind, in a network of its own", after: `e = node("extra", p)` + "\n" + `g = nodes("extras", 2, p)` + "\n" + `network(g + e)`},
		{what: "a kind of message", before: `unused = program(on = {"aaa": print})`},
		{what: "a print", within: `print("heard", m.sum, me.heard)`, looks: true},
		{what: "a note", within: `note("heard", sum = m.sum)`, looks: true},
		{what: "a measure", within: `measure("sum", m.sum)`, looks: true},
		{what: "a count", within: `count("heard")`, looks: true},
		{what: "a series", after: `series("s", lambda: sum(n.sum) + len(n[0].heard), every = "7ms")`, looks: true},
		{what: "an export", after: `export("sum", of = n, every = "3ms")`, looks: true},
		{what: "checks", after: "always(\"a\", lambda: [x.heard for x in n] != 1)\nnever(\"b\", lambda: n[0].sum < 0)\n" +
			"sometimes(\"c\", lambda: False)\neventually(\"d\", lambda: False, after = \"31ms\", within = \"77ms\")"},
		{what: "a check of events", within: `note("heard", sum = m.sum)`, after: `always("a", lambda e, past: len(past) >= 0, on = "heard", by = "sum")`},
		{what: "a fault of others", before: `e = node("extra", program())`, after: `at("33ms", crash(e, down = "9ms"))`},
		{what: "a group, a struct and a load-time draw", before: `print(random.int(1, 9))`, after: `g = group("g", n[1:3])`, looks: true},
		{what: "chaos of others", before: `e = nodes("extra", 3, program())`, after: `chaos([crash, pause], on = e, mean_between = "9ms", lasting = "5ms", until = "90ms")`},
	} {
		t.Run(tc.what, func(t *testing.T) {
			within := tc.within
			if within == "" {
				within = "pass"
			}
			s := ran(t, shifting(tc.before, within, tc.after))
			if diff := cmp.Diff(want, states(t, s, "extra", "extras[0]", "extras[1]", "extra[0]", "extra[1]", "extra[2]")); diff != "" {
				t.Errorf("(- without, + with)\n%s", diff)
			}
			if got := s.Run.End().Digest; tc.looks && got != digest {
				t.Errorf("digest %x without, %x with", digest, got)
			}
		})
	}
}

// A trigger is asked when something acts, and not when a figure is taken: else
// a series would bring it forward.
func TestSeriesDoNotTrigger(t *testing.T) {
	const text = `
def beat(me):
    me.n += 1
p = program(state = {"n": 0}, every = {"40ms": beat})
a = nodes("a", 2, p)
when(lambda: now() >= duration("45ms"), crash(a[0]))
always("up until 81ms", lambda: a[0].up or now() >= duration("81ms"))
eventually("down", lambda: not a[0].up, after = "0s", within = "100ms")
run(until = "100ms")
`
	want := outcomes(ran(t, text))
	if diff := cmp.Diff(want, outcomes(ran(t, text+`series("s", lambda: 1, every = "10ms")`))); diff != "" {
		t.Errorf("(- without, + with a series)\n%s", diff)
	}
}

// What a handler puts into its state by changing a list in place is copied in
// as if it were set: else what a message brought would be frozen in a straight
// run, and not in one that was restored.
func TestRestoredStateCanBeChangedAlike(t *testing.T) {
	const text = `
def keep(me, m):
    me.kept.append(m.list)
    me.after("20ms", change)
def change(me):
    me.kept[0].append(4)
    print(me.kept)
a = node("a", program(state = {"kept": []}, on = {"keep": keep}))
at("5ms", send(a, "keep", list = [1, 2, 3]))
run(until = "40ms")
`
	finish := func(s *Scenario) string {
		err := s.Run.RunUntil(s.Until)
		if err != nil {
			return err.Error()
		}
		return story(s)[0]
	}
	straight, there := lab(t, text), lab(t, text)
	var snap ecs.Snapshot
	to(t, there, 15).Run.Snapshot(&snap)
	if err := there.Run.Restore(&snap); err != nil {
		t.Fatal(err)
	}
	equal(t, "restored", finish(straight), finish(there))
}
