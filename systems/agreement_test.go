// Proves that nodes which no link joins shift nothing for each other, however
// far: what some set, provide, or do by being down changes neither what others
// know nor when, nor what they say. And that all that a link leads to counts,
// one that only hears too.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// suburb is a town, and some who have nothing to do with it: they set the same
// params, and one of them never agrees with anybody, as it cannot hear.
func suburb(p townPlan, strangers bool) *town {
	o := p.build(126)
	if !strangers {
		return o
	}
	id, _ := o.World.ProgramNamed("mayor")
	others := o.World.Nodes(id, "stranger", 4)
	o.Links.Ring(others[:3], Link{Latency: ms, Loss: ratio(1, 3)})
	o.Links.Connect(others[3], others[0], Link{Latency: 3 * ms, OneWay: true})
	o.start(others...)
	o.at(60, Action{Verb: Crash, Target: others[1]})
	return o
}

func TestStrangersShiftNoGossip(t *testing.T) {
	apart := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawTown(t)
		alone, beside := suburb(p, false), suburb(p, true)
		for tick := ecs.Tick(1); tick < quiet+200; tick += 7 {
			alone.run(tick)
			beside.run(tick)
			if beside.Epidemic.current().apart > alone.Epidemic.current().apart {
				apart++
			}
			for _, n := range alone.nodes {
				for _, id := range append(slices.Clone(alone.params), alone.local) {
					want, at := alone.Params.Get(n, id)
					got, is := beside.Params.Get(n, id)
					if at != is || !slices.Equal(want, got) {
						t.Fatalf("at %d %s has %v of %d alone, and %v beside strangers", tick, alone.World.NodeName(n), at, id, is)
					}
				}
			}
			if diff := cmp.Diff(said(alone), said(beside)); diff != "" {
				t.Fatalf("at %d, under way: (- alone, + beside strangers)\n%s", tick, diff)
			}
		}
	})
	if apart == 0 {
		t.Error("strangers agreed whenever the others did: the test tests little")
	}
}

// said is what is under way between the nodes of a town.
func said(o *town) (all []posted) {
	for _, x := range o.inFlight() {
		if slices.Contains(o.nodes, x.From) && slices.Contains(o.nodes, x.To) {
			all = append(all, x)
		}
	}
	return all
}

// A node that hears and cannot answer is told all the same, again and again
// until it knows: whether it does is seen, as if it said so.
func TestWhoOnlyHearsComesToKnow(t *testing.T) {
	for seed := range uint64(20) {
		r := newRig(ecs.Config{Seed: seed})
		if err := r.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
			t.Fatal(err)
		}
		id := r.Params.Declare("p", make([]byte, 8), Eventual)
		set := r.World.TimerKind("set")
		nodes := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{{set, func(me *Me, _ *word, _ *ecs.Envelope) {
			me.SetParam(id, []byte("12345678"))
		}}}}), "n", 3)
		r.Links.Connect(nodes[0], nodes[1], Link{Latency: ms})
		r.Links.Connect(nodes[1], nodes[2], Link{Latency: ms, Loss: ratio(9, 10), OneWay: true})
		r.start(nodes...)
		r.run(0)
		e := r.World.Outside(nodes[0], set, 0, 1<<32, "set")
		r.World.Post(&e, 1)
		r.run(3000)
		if v, at := r.Params.Get(nodes[2], id); at.Counter != 1 || string(v) != "12345678" {
			t.Errorf("seed %d: who only hears has %q, %v", seed, v, at)
		}
		if r.Epidemic.Next() != ecs.Never {
			t.Errorf("seed %d: all know, and rounds go on", seed)
		}
	}
}

// Parts are what a search along links finds.
func TestPartsAreWhatLinksJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(ecs.Config{})
		nodes := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "n"}), "n", 12)
		group := r.World.Group("g", nodes[:2])
		joined := map[[2]ecs.Node]bool{}
		both := func(a, b ecs.Node) { joined[[2]ecs.Node{a, b}], joined[[2]ecs.Node{b, a}] = true, true }
		one := rapid.SampledFrom(nodes)
		var x parts
		t.Repeat(map[string]func(*rapid.T){
			"link": func(t *rapid.T) {
				a, b := one.Draw(t, "a"), one.Draw(t, "b")
				if a != b {
					r.Links.Connect(a, b, Link{OneWay: rapid.Bool().Draw(t, "one way")})
					both(a, b)
				}
			},
			"network": func(t *rapid.T) {
				list := rapid.SliceOfNDistinct(one, 0, 4, rapid.ID[ecs.Node]).Draw(t, "nodes")
				r.Links.Network(list, Link{})
				for _, a := range list {
					both(list[0], a)
				}
			},
			"join": func(t *rapid.T) {
				if n := one.Draw(t, "n"); !r.World.In(n, group) {
					r.Groups.Join(group, n)
				}
			},
			"": func(t *rapid.T) {
				x.build(r.Links)
				for _, a := range nodes {
					reached := map[ecs.Node]bool{}
					reach(joined, nodes, a, reached)
					var want []ecs.Node
					for _, b := range nodes {
						if reached[b] && len(reached) > 1 {
							want = append(want, b)
						}
					}
					var got []ecs.Node
					if part := x.find(a); part >= 0 {
						got = slices.Sorted(slices.Values(x.nodes(part)))
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatal(fmt.Sprintf("with %s: (- searched, + found)\n%s", r.World.NodeName(a), diff))
					}
				}
			},
		})
	})
}

func reach(joined map[[2]ecs.Node]bool, nodes []ecs.Node, from ecs.Node, reached map[ecs.Node]bool) {
	reached[from] = true
	for _, n := range nodes {
		if joined[[2]ecs.Node{from, n}] && !reached[n] {
			reach(joined, nodes, n, reached)
		}
	}
}
