// Proves that views that spread by gossip are what nodes can know: a change is
// not seen across a partition, and is when that has healed; and that whatever
// happened, when all is mended but what is down for good, all views come to
// equal the truth. And that a world of such views is the same for any split into
// batches, straight, restored and forked, calls and discoveries included.
package systems

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// market is a world of nodes that provide and withhold, by draws.
type market struct {
	*rig
	nodes    []ecs.Node
	services [2]Service
}

func newMarket(c ecs.Config, how string, link Link) *market {
	o := &market{rig: newRig(c)}
	o.services = [2]Service{o.Services.Declare("a"), o.Services.Declare("b")}
	draws := o.World.Stream("stall")
	stall := Node[word]{Name: "stall", Every: []EveryNode[word]{{Name: "work", Period: 3 * ms, Do: func(me *Me, _ *word) {
		d := me.Draws(draws)
		switch service := o.services[d.Below(2)]; {
		case me.Tick() > quiet:
		case d.Below(100) == 0:
			me.Exit(0)
		case d.Below(8) == 0:
			me.Provide(service)
		case d.Below(8) == 0:
			me.Withhold(service)
		}
	}}}}
	for _, s := range o.services {
		stall.Provides = append(stall.Provides, Provide[word]{Service: s, Do: func(*Me, *word, uint64) uint64 { return 0 }})
	}
	if err := o.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
		panic(err)
	}
	o.Services.Gossip(o.Epidemic)
	o.nodes = append(o.World.Nodes(AddNode(o.Set, stall), "n", 5), o.World.Node(AddNode(o.Set, Node[word]{Name: "relay"}), "relay"))
	joined[how](o.Links, o.nodes, link)
	o.start(o.nodes...)
	return o
}

// view is what a node sees, truth what is.
func (o *market) view(n ecs.Node) (all []string) {
	for _, s := range o.services {
		for _, p := range o.Services.Providers(n, s.Key) {
			all = append(all, fmt.Sprintf("%d %s", s.Kind, o.World.NodeName(p)))
		}
	}
	return all
}

func (o *market) truth() (all []string) {
	for _, s := range o.services {
		for _, n := range o.nodes {
			if _, ok := o.Services.Provided(n, s.Key); ok {
				all = append(all, fmt.Sprintf("%d %s", s.Kind, o.World.NodeName(n)))
			}
		}
	}
	return all
}

func TestViewsComeToEqualTheTruth(t *testing.T) {
	stale, gone := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawTown(t)
		o := newMarket(ecs.Config{Seed: p.seed}, p.how, p.link)
		o.inputs = slices.Clone(p.faults)
		for _, at := range p.splits {
			o.at(at, Action{Verb: Partition, Lists: [][]ecs.Node{o.nodes[:2], o.nodes[2:]}})
			o.at(at+60, Action{Verb: Heal})
		}
		o.at(quiet+1, Action{Verb: Heal})
		for i, n := range o.nodes {
			everybodyReaches := p.how == "mesh" || p.how == "network"
			switch rapid.IntRange(0, 8).Draw(t, "end") {
			case 0:
				if everybodyReaches && i != 3 { // somebody is left to see
					o.at(quiet+1, Action{Verb: Crash, Target: n})
					continue
				}
			case 1:
				o.at(quiet+1, Action{Verb: Restart, Target: n})
			}
			o.at(quiet+1, Action{Verb: Resume, Target: n}, Action{Verb: Start, Target: n})
		}
		o.run(quiet)
		for _, n := range o.nodes {
			if !slices.Equal(o.view(n), o.truth()) {
				stale++
			}
		}
		o.run(quiet + 3000)
		for _, n := range o.nodes {
			if o.World.Life(n).Status != ecs.Up {
				gone++
				continue
			}
			if diff := cmp.Diff(o.truth(), o.view(n)); diff != "" {
				t.Fatalf("%s: (- truth, + what it sees)\n%s", o.World.NodeName(n), diff)
			}
		}
		if o.Epidemic.Next() != ecs.Never {
			t.Fatal("all views are right, and rounds go on")
		}
	})
	if stale == 0 || gone == 0 {
		t.Errorf("%d views were stale at the end of the faults, %d nodes were down for good: the test tests little", stale, gone)
	}
}

// bazaar is an office whose clerks see by gossip who provides what.
func (p officePlan) bazaar(batch int) *office {
	o := &office{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: batch}), pending: map[string]ecs.Node{}, single: map[string]bool{}, ends: map[string]Reason{}}
	o.add, o.slow, o.desk = o.Services.Declare("add"), o.Services.Declare("slow"), o.Services.Declare("desk")
	if err := o.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
		panic(err)
	}
	o.Services.Gossip(o.Epidemic)
	nodes := o.World.Nodes(AddNode(o.Set, o.clerk()), "n", 5)
	o.World.Group("all", nodes)
	o.Links.Network(nodes, p.link)
	o.start(nodes...)
	p.plan(o.rig, nodes)
	return o
}

func TestViewsAnyWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawOffice(t)
		at := ecs.Tick(rapid.IntRange(0, int(quiet)).Draw(t, "at"))
		straight := p.bazaar(126)
		straight.run(at)
		done := len(straight.lines)
		straight.run(quiet + 100)
		if len(straight.wrong) > 0 {
			t.Fatal(strings.Join(straight.wrong, "\n"))
		}
		want := append(slices.Clone(straight.lines[done:]), straight.sum())
		for _, batch := range []int{1, 7} {
			o := p.bazaar(batch)
			o.run(at)
			o.take()
			o.run(quiet + 100)
			if diff := cmp.Diff(want, append(o.lines, o.sum())); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		there, other := p.bazaar(126), p.bazaar(126)
		there.run(at)
		snap := there.snapshot()
		there.run(at + 40)
		there.restore(t, snap)
		other.restore(t, snap)
		for _, o := range []*office{there, other} {
			o.take()
			o.run(quiet + 100)
			if diff := cmp.Diff(want, append(o.lines, o.sum())); diff != "" {
				t.Fatalf("(- straight, + restored at %d)\n%s", at, diff)
			}
		}
		f := there.fork(t, snap)
		f.run(quiet + 100)
		if diff := cmp.Diff(straight.sum(), f.sum()); diff != "" {
			t.Fatalf("(- straight, + forked at %d)\n%s", at, diff)
		}
	})
}

// A partition keeps a change from those behind it; when it has healed they see
// it, though nothing else happens.
func TestViewsArePartitioned(t *testing.T) {
	o := newMarket(ecs.Config{Seed: 1}, "mesh", Link{Latency: ms})
	o.run(quiet + 500)
	near, far := o.nodes[0], o.nodes[5] // which do not exit
	before := o.view(far)
	o.at(800, Action{Verb: Partition, Lists: [][]ecs.Node{o.nodes[:3], o.nodes[3:]}}, Action{Verb: Restart, Target: near})
	o.at(1000, Action{Verb: Crash, Target: o.nodes[1]})
	o.at(1200, Action{Verb: Heal})
	o.run(1100)
	if slices.Equal(o.view(near), before) {
		t.Fatal("nothing has changed; the test tests little")
	}
	if diff := cmp.Diff(before, o.view(far)); diff != "" {
		t.Errorf("seen across a partition: (- before, + now)\n%s", diff)
	}
	o.run(1500)
	for _, n := range []ecs.Node{near, far} {
		if diff := cmp.Diff(o.truth(), o.view(n)); diff != "" {
			t.Errorf("%s: (- truth, + what it sees)\n%s", o.World.NodeName(n), diff)
		}
	}
}

// What a node knew goes with it when it dies: rows are free for others.
func TestTheDeadKnowNothing(t *testing.T) {
	o := newTown(ecs.Config{Seed: 5}, "mesh", Link{Latency: ms})
	o.run(quiet + 100)
	o.World.Begin(quiet + 101)
	for _, n := range o.nodes[:4] {
		o.Lifecycle.Bury(n)
	}
	o.Deliver.Act()
	o.Lifecycle.Settle()
	o.Epidemic.Act(o.Deliver)
	o.World.Structure()
	used := 0
	for i := range o.Epidemic.members.rows.Len() {
		used += int(o.Epidemic.members.rows.At(i).Used)
	}
	if used != len(o.nodes)-4 {
		t.Errorf("%d rows of members for %d nodes that live", used, len(o.nodes)-4)
	}
	o.run(quiet + 500)
	if !o.Epidemic.settled() {
		t.Error("those that live do not agree")
	}
}

// Who crashes tells nobody: others think that it is there until one asks it, in a
// round that is held for this alone. Who stops says so, at once.
func TestACrashIsFoundOut(t *testing.T) {
	for _, tc := range []struct {
		verb Verb
		soon bool
	}{{Stop, true}, {Crash, false}} {
		r := newRig(ecs.Config{Seed: 3})
		service := r.Services.Declare("s")
		if err := r.Epidemic.Open(Gossip{Every: 50 * ms}); err != nil {
			t.Fatal(err)
		}
		r.Services.Gossip(r.Epidemic)
		nodes := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "n", Provides: []Provide[word]{{Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 }}}}), "n", 4)
		r.Links.Mesh(nodes, Link{Latency: ms})
		r.start(nodes...)
		r.at(1001, Action{Verb: tc.verb, Target: nodes[3]})
		r.run(1000)
		if n := len(r.Services.Providers(nodes[0], service.Key)); n != 4 {
			t.Fatalf("%d of 4 are seen", n)
		}
		r.run(1010)
		if soon := len(r.Services.Providers(nodes[0], service.Key)) == 3; soon != tc.soon {
			t.Errorf("%v is seen at once: %v", tc.verb, soon)
		}
		r.run(3000)
		for _, n := range nodes[:3] {
			if seen := r.Services.Providers(n, service.Key); !slices.Equal(seen, nodes[:3]) {
				t.Errorf("%v: 2 s later %d of 3 are seen", tc.verb, len(seen))
			}
		}
		if r.Epidemic.Next() != ecs.Never {
			t.Errorf("%v: all have found out, and rounds go on", tc.verb)
		}
	}
	mustPanic(t, func() { r := newRig(ecs.Config{}); r.Services.Gossip(r.Epidemic) }, "call Epidemic.Open first")
}
