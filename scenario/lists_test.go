// Proves that a node can list what it sees: services that somebody provides,
// under names of the file or made up in the run, also in a load of its own that
// goes on from a snapshot; params; and the feeds that it has met.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

const listing = `
def begin(me):
    if me.index == 1:
        me.provide("made up by " + me.name, look)
def look(me):
    if me.index == 0:
        print(me.services(), me.params())
p = program(on_start = begin, provides = {"put": look, "get": look}, every = {"10ms": look})
a = nodes("a", 2, p)
none = node("none", program(provides = {"unused": look}), started = False)
link(a[0], a[1])
param("width", 1)
param("depth", 2)
at("15ms", stop(a[1]))
at("25ms", start(none), crash(a[0], down = "1ms"))
run(until = "40ms")`

func TestWhatANodeSeesIsListed(t *testing.T) {
	want := `
		10 a[0] ["get", "made up by a[1]", "put"] ["depth", "width"]
		20 a[0] ["get", "put"] ["depth", "width"]
		36 a[0] ["get", "put", "unused"] ["depth", "width"]`
	tells(t, listing, want)
	s := lab(t, listing)
	to(t, s, 5)
	var snap ecs.Snapshot
	s.Run.Snapshot(&snap)
	f, err := s.Fork(&snap)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(want), story(to(t, f, 40))); diff != "" {
		t.Error(diff)
	}
	failsToRun(t, "p = program(on_start = lambda me: me.services(1))\nnode(\"a\", p)\nrun(until = \"1ms\")", "me.services: got 1 arguments, want at most 0")
}

// What is listed is this node's own view: with a directory that gossips a node
// that is cut off hears of a service when the cut has healed.
func TestListsAreOfTheNodesOwnView(t *testing.T) {
	tells(t, `
directory("gossip")
def look(me):
    if me.index == 0 and me.group.name == "a":
        print(me.services())
p = program(provides = {"get": look}, every = {"200ms": look})
a = nodes("a", 3, p)
late = node("late", program(provides = {"late": look}), started = False)
network(a + late, latency = "1ms")
at("150ms", start(late))
between("140ms", "450ms", partition(a[:1], a[1:] + late))
run(until = "800ms")`, `
		200 a[0] ["get"]
		400 a[0] ["get"]
		600 a[0] ["get", "late"]
		800 a[0] ["get", "late"]`)
}

const feedListing = `
def speak(me):
    me.publish("a/%d" % me.index, now())
    print(me.feeds())
def hear(me, value):
    pass
def look(me):
    print(me.feeds())
p = program(every = {"10ms": speak})
a = nodes("a", 2, p)
ear = node("ear", program(subscribes = {"a/*": hear, "b": hear}, every = {"10ms": look}))
deaf = node("deaf", program(every = {"30ms": look}))
link(a[0], ear, latency = "4ms")
link(a[1], ear, latency = "4ms")
between("1ms", "15ms", cut(a[1], ear))
at("25ms", crash(ear, down = "3ms"))
between("26ms", "39ms", cut(a[1], ear))
run(until = "40ms")`

// A node knows of a feed by what it has published or was given, in this life of
// it: neither a cut nor a crash is passed by.
func TestFeedsThatANodeHasMetAreListed(t *testing.T) {
	want := `
		10 a[0] ["a/0"]
		10 a[1] ["a/1"]
		10 ear []
		20 a[0] ["a/0"]
		20 a[1] ["a/1"]
		20 ear ["a/0"]
		30 a[0] ["a/0"]
		30 a[1] ["a/1"]
		30 deaf []
		38 ear ["a/0"]
		40 a[0] ["a/0"]
		40 a[1] ["a/1"]`
	s := tells(t, feedListing, want)
	for _, at := range []ecs.Tick{5, 22, 26, 39} {
		from := lab(t, feedListing)
		to(t, from, at)
		var snap ecs.Snapshot
		from.Run.Snapshot(&snap)
		f, err := from.Fork(&snap)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := to(t, f, 40).Run.World.StateHash(), s.Run.World.StateHash(); got != want {
			t.Errorf("forked at %d the state ends as %x, not %x", at, got, want)
		}
	}
	failsToRun(t, "p = program(on_start = lambda me: me.feeds(1))\nnode(\"a\", p)\nrun(until = \"1ms\")", "me.feeds: got 1 arguments, want at most 0")
	failsToRun(t, "p = program(on_start = lambda me: getattr(me, \"fee\" + \"ds\")())\nnode(\"a\", p)\nrun(until = \"1ms\")", "write it out as me.feeds()")
	failsToLoad(t, "p = program(state = {\"feeds\": 0})", `a field may not be named "feeds"`)
}
