// Proves that a node can list what it sees: services that somebody provides,
// under names of the file or made up in the run, also in a load of its own that
// goes on from a snapshot; and params.
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
