// Proves that what a provider said that has died is forgotten, and stays so: in a
// world where providers are born and die all the time, over links that lose,
// double and delay, with partitions, crashes and pauses, nobody sees one again
// whose entry has been forgotten, though rumours of it are under way; entries are
// left of those only that live, or that somebody remembers who is down; and views
// come to be true. And that such a world is the same for any split into batches,
// restored and forked.
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

// fair is a market to which come who sell for a while and die.
type fair struct {
	*rig
	service Service
	nodes   []ecs.Node // that stay
	sellers ecs.ProgramID
	gone    map[ecs.Node]bool // whose entry was forgotten; looked up only
	forgot  int
}

func (p townPlan) fair(batch int) *fair {
	o := &fair{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: batch}), gone: map[ecs.Node]bool{}}
	o.service = o.Services.Declare("sell")
	provides := []Provide[word]{{Service: o.service, Do: func(*Me, *word, uint64) uint64 { return 0 }}}
	draws := o.World.Stream("fair")
	o.sellers = AddNode(o.Set, Node[word]{
		Name: "seller", Provides: provides,
		Start: func(me *Me, _ *word) {
			crowd, _ := me.World().NodeNamed("crowd")
			me.Join(crowd)
		},
		Every: []EveryNode[word]{{Name: "work", Period: 7 * ms, Do: func(me *Me, _ *word) {
			switch d := me.Draws(draws); d.Below(14) + 14*uint64(me.Tick()/(quiet+1)) {
			case 0, 1:
				me.Die(0)
			case 2:
				me.Withhold(o.service)
			case 3:
				me.Provide(o.service)
			case 4:
				me.Exit(0)
			}
		}}},
	})
	visitor := AddNode(o.Set, Node[word]{Name: "visitor", Provides: provides, Every: []EveryNode[word]{{Name: "open", Period: 11 * ms, Do: func(me *Me, s *word) {
		if d := me.Draws(draws); me.Tick() <= quiet && d.Below(3) > 0 {
			s.V++
			me.Bear(o.sellers, fmt.Sprintf("%s's %d of %d", me.Name(), s.V, me.Tick()))
		}
	}}}})
	if err := o.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
		panic(err)
	}
	o.Services.Gossip(o.Epidemic)
	o.nodes = o.World.Nodes(visitor, "n", 4)
	crowd := o.World.Group("crowd", nil)
	o.Links.Network(append(slices.Clone(o.nodes), crowd), p.link)
	o.start(o.nodes...)
	for _, in := range p.faults { // of clerks: here of those who stay, and of the fifth, of some who come
		if i := int(in.action.Target - 1<<24 - 1); i < 4 {
			in.action.Target = o.nodes[i]
		} else {
			in.action.Target = ecs.Node(o.sellers)<<24 + ecs.Node(in.tick/20) + 1
		}
		o.inputs = append(o.inputs, in)
	}
	for _, at := range p.splits {
		o.at(at, Action{Verb: Partition, Lists: [][]ecs.Node{o.nodes[:2], o.nodes[2:]}})
		o.at(at+60, Action{Verb: Heal})
	}
	o.at(quiet+1, Action{Verb: Heal})
	for _, n := range o.nodes {
		o.at(quiet+1, Action{Verb: Resume, Target: n}, Action{Verb: Start, Target: n})
	}
	for ordinal := range ecs.Node(20) {
		o.at(quiet+1, Action{Verb: Resume, Target: ecs.Node(o.sellers)<<24 + ordinal + 1})
	}
	return o
}

// everybody is all nodes that live, in order.
func (o *fair) everybody() (all []ecs.Node) {
	for _, p := range []ecs.ProgramID{o.sellers, o.nodes[0].Program()} {
		for row := range o.World.ProgramRows(p) {
			if n := o.World.NodeAt(p, row); n != 0 {
				all = append(all, n)
			}
		}
	}
	slices.Sort(all)
	return all
}

// look fails if somebody is seen again who was forgotten, or what is derived is
// not what the rows say.
func (o *fair) look(t *rapid.T) {
	e := o.Epidemic
	for ordinal := range ecs.Node(o.World.ProgramRows(o.sellers) * 40) {
		n := ecs.Node(o.sellers)<<24 + ordinal + 1
		if strings.HasPrefix(o.World.NodeName(n), "node ") {
			break // nobody has had that number yet
		}
		if o.World.Life(n).Status == ecs.Absent && e.key(uint64(n), providerTopic) < 0 {
			if !o.gone[n] {
				o.forgot++
			}
			o.gone[n] = true
		} else if o.gone[n] && o.World.Life(n).Status == ecs.Absent {
			t.Fatalf("at %d what %s provided is known again", o.World.Tick(), o.World.NodeName(n))
		}
	}
	for _, viewer := range o.everybody() {
		for _, n := range o.Services.Providers(viewer, o.service.Key) {
			if o.gone[n] && o.World.Life(n).Status == ecs.Absent {
				t.Fatalf("at %d %s sees %s, who was forgotten", o.World.Tick(), o.World.NodeName(viewer), o.World.NodeName(n))
			}
		}
	}
	was := e.entries
	e.entries = entries{}
	e.rebuildEntries()
	defer func() { e.entries = was }() // as it would be without a look
	text := func(x *entries) string { return fmt.Sprint(x.order, x.free, x.dead, x.held) }
	if diff := cmp.Diff(text(&was), text(&e.entries)); diff != "" {
		t.Fatalf("at %d what is derived: (- was, + made anew)\n%s", o.World.Tick(), diff)
	}
}

// remembered are the entries of the dead, and of them those that nobody has a
// reason to remember.
func (o *fair) remembered() (dead, idle int) {
	e := o.Epidemic
	for _, key := range e.entries.order {
		if o.World.Life(ecs.Node(e.keys.At(int(key)).Name)).Status != ecs.Absent {
			continue
		}
		dead++
		reason := false
		for m := range e.members.rows.Len() {
			if r := e.members.rows.At(m); r.Used != 0 && o.World.Life(r.Node).Status != ecs.Up && len(e.value(e.known(m, int(key)))) > 0 {
				reason = true
			}
		}
		if !reason {
			idle++
		}
	}
	return dead, idle
}

func TestTheDeadAreForgotten(t *testing.T) {
	forgot, remembered := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		o := drawTown(t).fair(126)
		for tick := ecs.Tick(1); tick <= quiet; tick += 3 {
			o.run(tick)
			o.look(t)
			dead, _ := o.remembered()
			remembered += dead
		}
		o.run(quiet + 2000)
		o.look(t)
		if dead, idle := o.remembered(); idle > 0 {
			t.Fatalf("%d entries of %d dead are there for nobody", idle, dead)
		}
		var truth []string
		for _, n := range o.everybody() {
			if _, ok := o.Services.Provided(n, o.service.Key); ok {
				truth = append(truth, o.World.NodeName(n))
			}
		}
		for _, viewer := range o.everybody() {
			var seen []string
			for _, n := range o.Services.Providers(viewer, o.service.Key) {
				seen = append(seen, o.World.NodeName(n))
			}
			if diff := cmp.Diff(truth, seen); diff != "" && o.World.Life(viewer).Status == ecs.Up {
				t.Fatalf("%s: (- truth, + what it sees)\n%s", o.World.NodeName(viewer), diff)
			}
		}
		forgot += o.forgot
	})
	if forgot == 0 || remembered == 0 {
		t.Errorf("%d entries of the dead were forgotten, %d seen before: the test tests little", forgot, remembered)
	}
}

func TestFairsAnyWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawTown(t)
		at := ecs.Tick(rapid.IntRange(0, int(quiet)).Draw(t, "at"))
		straight := p.fair(126)
		straight.run(at)
		snap := straight.snapshot()
		straight.run(quiet + 100)
		want := straight.sum()
		for _, batch := range []int{1, 7} {
			o := p.fair(batch)
			o.run(at)
			o.run(quiet + 100)
			if diff := cmp.Diff(want, o.sum()); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		other := p.fair(126)
		for _, o := range []*rig{straight.rig, other.rig, straight.fork(t, snap)} {
			if o == straight.rig || o == other.rig {
				o.restore(t, snap)
			}
			o.run(quiet + 100)
			if diff := cmp.Diff(want, o.sum()); diff != "" {
				t.Fatalf("(- straight, + from %d)\n%s", at, diff)
			}
		}
	})
}

// A node that is buried twice in a tick, or asks twice to die, dies once: what
// others provide stays known.
func TestWhoDiesTwiceDiesOnce(t *testing.T) {
	for _, how := range []string{"bury", "die"} {
		o := newRig(ecs.Config{Seed: 1})
		sell := o.Services.Declare("sell")
		provides := []Provide[word]{{Service: sell, Do: func(*Me, *word, uint64) uint64 { return 0 }}}
		var second ecs.Node
		id := AddNode(o.Set, Node[word]{Name: "seller", Provides: provides, Every: []EveryNode[word]{{Name: "work", Period: 10 * ms, Do: func(me *Me, _ *word) {
			if how == "die" && me.Self() == second && me.Tick() == 50 {
				o.Lifecycle.Die(second, 0)
				o.Lifecycle.Die(second, 0)
			}
		}}}})
		if err := o.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
			t.Fatal(err)
		}
		o.Services.Gossip(o.Epidemic)
		s := o.World.Nodes(id, "s", 4)
		second = s[1]
		o.Links.Network(s, Link{Latency: ms})
		o.start(s...)
		if how == "bury" {
			o.at(50, Action{Verb: Resume, Target: s[0], Resolve: func(*Action) { o.Lifecycle.Bury(second); o.Lifecycle.Bury(second) }})
		}
		o.run(300)
		if got := o.Services.Providers(s[0], sell.Key); !slices.Equal(got, []ecs.Node{s[0], s[2], s[3]}) {
			t.Errorf("%s: providers are %v", how, got)
		}
		if x := &o.Epidemic.entries; len(x.order) != 3 || len(x.free) != 1 || len(x.dead) != 0 {
			t.Errorf("%s: entries are %+v", how, x)
		}
	}
}
