// Proves, against a simple model, that a send over no link is dropped, and
// counted as such, where one of both has joined or left a group in the run, and
// is missing by mistake else; and that a snapshot in between changes nothing.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// yard is a hub, some nodes of which it has links to some, and a group of those.
type yard struct {
	*rig
	hub    ecs.Node
	nodes  []ecs.Node
	group  ecs.Node
	linked map[ecs.Node]bool
	ask    ecs.Kind
	got    []string
}

func newYard(linked []int) *yard {
	y := &yard{rig: newRig(ecs.Config{Seed: 5}), linked: map[ecs.Node]bool{}}
	hi := y.World.Kind("hi", 8)
	y.ask = y.World.Kind("ask", 8)
	p := AddNode(y.Set, Node[word]{Name: "p", On: []On[word]{
		{Kind: y.ask, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Send(ecs.Node(e.A), hi, 0, 0) }},
		{Kind: hi, Do: func(me *Me, _ *word, _ *ecs.Envelope) {
			y.got = append(y.got, fmt.Sprint(me.Tick(), " ", me.Name()))
		}},
	}})
	y.hub, y.nodes = y.World.Node(p, "hub"), y.World.Nodes(p, "n", 5)
	for _, i := range linked {
		y.Links.Connect(y.hub, y.nodes[i], Link{})
		y.linked[y.nodes[i]] = true
	}
	y.group = y.World.Group("g", nil)
	for _, i := range linked {
		y.Groups.Join(y.group, y.nodes[i])
	}
	y.start(append(y.nodes, y.hub)...)
	return y
}

func TestSendsToMoversAreDropped(t *testing.T) {
	dropped, mistakes := uint64(0), 0
	rapid.Check(t, func(t *rapid.T) {
		y := newYard(rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 1, 4, rapid.ID).Draw(t, "linked"))
		moved, members := map[ecs.Node]bool{}, slices.Clone(y.World.Members(y.group))
		var want []string
		lost := uint64(0)
		y.run(0)
		for range rapid.IntRange(1, 10).Draw(t, "ticks") {
			now := y.World.Tick()
			for range rapid.IntRange(0, 3).Draw(t, "moves") {
				n, verb := rapid.SampledFrom(append(y.nodes, y.hub)).Draw(t, "who"), rapid.SampledFrom([]Verb{Join, Leave}).Draw(t, "verb")
				y.at(now+1, Action{Verb: verb, Target: n, Other: y.group})
				moved[n] = true
				members = slices.DeleteFunc(members, func(m ecs.Node) bool { return m == n })
				if verb == Join {
					members = append(members, n)
				}
			}
			y.run(now + 1)
			y.World.Begin(now + 1)
			if rapid.Bool().Draw(t, "restored") {
				y.restore(t, y.snapshot())
			}
			var asked []ecs.Node
			for _, n := range y.nodes {
				mistake := !y.linked[n] && !moved[n] && !moved[y.hub]
				if y.Links.Missing(y.hub, n) != mistake || y.Links.Missing(n, y.hub) != mistake {
					t.Fatalf("Missing of %s is %v, want %v", y.World.NodeName(n), !mistake, mistake)
				}
				if mistake {
					mistakes++
				} else if rapid.Bool().Draw(t, "asked") {
					asked = append(asked, n)
				}
			}
			if rapid.Bool().Draw(t, "group") {
				asked = append(asked, y.group)
			}
			for _, n := range asked {
				y.at(now+2, Action{Verb: Message, Target: y.hub, Kind: y.ask, A: uint64(n)})
				reached := []ecs.Node{n}
				if n == y.group {
					reached = members
				}
				for _, m := range reached {
					if y.linked[m] || m == y.hub {
						want = append(want, fmt.Sprint(now+4, " ", y.World.NodeName(m)))
					} else {
						lost++
					}
				}
			}
			y.run(now + 4)
		}
		y.run(y.World.Tick() + 3)
		slices.Sort(want)
		slices.Sort(y.got)
		if diff := cmp.Diff(want, y.got); diff != "" && len(want)+len(y.got) > 0 {
			t.Fatalf("who was reached, and when (-want +got):\n%s", diff)
		}
		if n := y.World.Counts().Dropped[ecs.DroppedUnlinked]; n != lost {
			t.Fatalf("%d dropped for lack of a link, want %d", n, lost)
		}
		dropped += lost
	})
	if dropped == 0 || mistakes == 0 {
		t.Errorf("nothing was tried: %d dropped, %d mistakes", dropped, mistakes)
	}
}
