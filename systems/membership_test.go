// Proves, against a simple model, that joins and leaves at run time take effect
// between two ticks, for all nodes at once; that who joins a group has its links
// by then; and that a snapshot in between changes nothing.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// club is a world of six nodes and three groups, of which the last is in the
// second at first. A hub is linked with the groups alone.
type club struct {
	*rig
	hub              ecs.Node
	nodes, groups    []ecs.Node
	join, leave, ask ecs.Kind
	got              []string // by whom, and in which tick
}

func newClub() *club {
	c := &club{rig: newRig(ecs.Config{Seed: 3})}
	w := c.World
	c.join, c.leave, c.ask = w.Kind("join", 8), w.Kind("leave", 8), w.Kind("ask", 8)
	hi := w.Kind("hi", 8)
	p := AddNode(c.Set, Node[word]{Name: "p", On: []On[word]{
		{Kind: c.join, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Join(ecs.Node(e.A)) }},
		{Kind: c.leave, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Leave(ecs.Node(e.A)) }},
		{Kind: c.ask, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Send(ecs.Node(e.A), hi, e.A, 0) }},
		{Kind: hi, Do: func(me *Me, s *word, e *ecs.Envelope) {
			s.V = s.V*31 + e.A
			c.got = append(c.got, fmt.Sprint(me.Tick(), " ", me.World().NodeName(ecs.Node(e.A)), " ", me.Name()))
		}},
	}})
	c.hub, c.nodes = w.Node(p, "hub"), w.Nodes(p, "n", 6)
	for i := range 3 {
		c.groups = append(c.groups, w.Group(fmt.Sprint("g", i), c.nodes[i:i+1]))
	}
	c.Groups.Join(c.groups[1], c.groups[2])
	c.Links.Connect(c.hub, c.groups[0], Link{})
	c.Links.Network([]ecs.Node{c.hub, c.groups[1]}, Link{Latency: 2 * ms})
	c.Links.Connect(c.groups[2], c.hub, Link{Latency: 3 * ms})
	c.start(append(c.nodes, c.hub)...)
	return c
}

// lists are who was given to each group, in order, as the model has it.
type lists [3][]ecs.Node

func (l *lists) members(c *club, g int) []ecs.Node {
	var all []ecs.Node
	for _, n := range l[g] {
		inner := []ecs.Node{n}
		if i := slices.Index(c.groups, n); i >= 0 {
			inner = l.members(c, i)
		}
		for _, x := range inner {
			if !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	return all
}

func (l *lists) change(g int, n ecs.Node, leaves bool) {
	at := slices.Index(l[g], n)
	switch {
	case leaves && at >= 0:
		l[g] = slices.Delete(slices.Clone(l[g]), at, at+1)
	case !leaves && at < 0:
		l[g] = append(slices.Clone(l[g]), n)
	}
}

func TestMembershipAtRunTime(t *testing.T) {
	changed, sent := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := newClub()
		model := lists{{c.nodes[0]}, {c.nodes[1], c.groups[2]}, {c.nodes[2]}}
		var want []string
		c.run(0)
		for range rapid.IntRange(1, 12).Draw(t, "ticks") {
			now, next := c.World.Tick(), model
			var actions []Action
			for range rapid.IntRange(0, 4).Draw(t, "ops") {
				g, n := rapid.IntRange(0, 2).Draw(t, "group"), rapid.SampledFrom(c.nodes).Draw(t, "node")
				switch rapid.IntRange(0, 2).Draw(t, "op") {
				case 0:
					actions = append(actions, Action{Verb: Message, Target: n, Kind: c.join, A: uint64(c.groups[g])})
					next.change(g, n, false)
				case 1:
					actions = append(actions, Action{Verb: Message, Target: n, Kind: c.leave, A: uint64(c.groups[g])})
					next.change(g, n, true)
				case 2:
					actions = append(actions, Action{Verb: Message, Target: c.hub, Kind: c.ask, A: uint64(c.groups[g])})
					for _, m := range model.members(c, g) {
						want = append(want, fmt.Sprint(now+2+c.World.TicksCeil(linked(c, m)), " ", c.World.NodeName(c.groups[g]), " ", c.World.NodeName(m)))
						sent++
					}
				}
			}
			c.at(now+1, actions...)
			c.run(now + 1)
			if rapid.Bool().Draw(t, "restored") {
				c.restore(t, c.snapshot())
			}
			c.run(now + 2)
			model = next
			changed++
			for g := range c.groups {
				got, want := c.World.Members(c.groups[g]), model.members(c, g)
				if diff := cmp.Diff(want, got); len(want)+len(got) > 0 && diff != "" {
					t.Fatalf("members of g%d (-want +got):\n%s", g, diff)
				}
				for _, n := range c.nodes {
					if in := c.World.In(n, c.groups[g]); in != slices.Contains(want, n) {
						t.Fatalf("In(%v, g%d) is %v", n, g, in)
					}
				}
			}
		}
		c.run(c.World.Tick() + 10)
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(c.got))); len(want)+len(c.got) > 0 && diff != "" {
			t.Fatalf("who was reached, and when (-want +got):\n%s", diff)
		}
	})
	if changed == 0 || sent == 0 {
		t.Errorf("nothing was tried: %d changes, %d sends", changed, sent)
	}
}

// linked is the latency from the hub to a node by link, a millisecond for none,
// and 2 ms if only the network joins them.
func linked(c *club, n ecs.Node) ecs.Nanoseconds {
	if i := c.Links.index.find(uint64(c.hub), uint64(n)); i >= 0 {
		return max(ms, c.Links.wires.At(i).Latency)
	}
	return 2 * ms
}

// A node that leaves keeps its links, one that joins again finds the wire as it
// was, and a later link of the two goes before that of the group.
func TestLinksOfThoseWhoJoin(t *testing.T) {
	r := newRig(ecs.Config{})
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 5)
	g, h := r.World.Group("g", n[:2]), r.World.Group("h", n[2:3])
	outer := r.World.Group("outer", []ecs.Node{g})
	r.Links.Connect(outer, h, Link{Latency: 2 * ms, OneWay: true})
	r.Links.Connect(g, g, Link{Latency: 5 * ms})
	count := func(want int, after string) {
		t.Helper()
		if got := r.Links.Len(); got != want {
			t.Errorf("after %s there are %d links, want %d", after, got, want)
		}
	}
	count(4, "the begin") // two to n[2], and two between n[0] and n[1]
	r.Groups.Join(g, n[3])
	count(9, "a join of a group in the group") // to n[2], and both ways with n[0] and n[1]
	if a, b := r.Links.latency(n[3], n[2]), r.Links.latency(n[0], n[3]); a != 2*ms || b != 5*ms {
		t.Errorf("latencies %d and %d", a, b)
	}
	r.Groups.Leave(g, n[3])
	r.Groups.Join(g, n[3])
	count(9, "leaving and joining")
	r.Links.Connect(n[4], n[2], Link{Latency: 9 * ms, OneWay: true})
	r.Groups.Join(g, n[4])
	if got := r.Links.latency(n[4], n[2]); got != 9*ms {
		t.Errorf("a link of its own was replaced by one of the group, of %d ns", got)
	}
	if r.Links.Joins(n[2], n[4]) {
		t.Error("a one-way link of a group leads back")
	}
	r.Links.Connect(g, g, Link{Latency: 1 * ms})
	if got := r.Links.latency(n[0], n[4]); got != 1*ms {
		t.Errorf("a second link of a group leaves %d ns", got)
	}
	if got := r.Links.groups.wires.Len(); got != 2 {
		t.Errorf("%d links of groups are kept", got)
	}
}

// What is asked to join or leave from outside may be a group, and is undone by
// the other verb; a cut takes the members there are when it is due.
func TestActionsOnGroups(t *testing.T) {
	r := newRig(ecs.Config{})
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 4)
	g, h := r.World.Group("g", n[:1]), r.World.Group("h", n[1:3])
	r.Links.Network(n, Link{})
	r.start(n...)
	r.at(1, Action{Verb: Join, Target: h, Other: g})
	r.at(2, Action{Verb: Join, Nodes: n[3:], Other: h})
	r.at(3, Action{Verb: CutOff, Lists: [][]ecs.Node{{g}, n[3:]}})
	r.at(4, Action{Verb: Leave, Target: h, Other: g})
	r.run(3)
	if diff := cmp.Diff(n, r.World.Members(g)); diff != "" {
		t.Error(diff)
	}
	if !r.Cuts.cuts(n[1], n[3]) || r.Cuts.cuts(n[0], n[1]) {
		t.Error("the cut is not between the group's members and the other side")
	}
	r.run(4)
	if diff := cmp.Diff(n[:1], r.World.Members(g)); diff != "" {
		t.Error(diff)
	}
}

// Who joins the group of one network moves those of later ones, and nobody is
// lost.
func TestNetworksOfThoseWhoJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(ecs.Config{})
		n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 7)
		var groups []ecs.Node
		var in [3][]ecs.Node // in order of joining
		for i := range in {
			in[i] = rapid.SliceOfNDistinct(rapid.SampledFrom(n), 0, 4, rapid.ID).Draw(t, "members")
			groups = append(groups, r.World.Group(fmt.Sprint("g", i), in[i]))
			r.Links.Network(groups[i:i+1], Link{Latency: ecs.Nanoseconds(i+1) * ms})
		}
		for range rapid.IntRange(0, 12).Draw(t, "joins") {
			i, x := rapid.IntRange(0, 2).Draw(t, "group"), rapid.SampledFrom(n).Draw(t, "node")
			r.Groups.Join(groups[i], x)
			if !slices.Contains(in[i], x) {
				in[i] = append(in[i], x)
			}
		}
		if rapid.Bool().Draw(t, "restored") {
			r.restore(t, r.snapshot())
		}
		for _, a := range n {
			var reached []ecs.Node
			for i := range r.Links.Reach(a) {
				reached = append(reached, r.Links.Reached(a, i))
			}
			var want []ecs.Node
			for i := range in {
				if slices.Contains(in[i], a) {
					want = append(want, slices.DeleteFunc(slices.Clone(in[i]), func(x ecs.Node) bool { return x == a })...)
				}
			}
			if diff := cmp.Diff(want, reached); len(want)+len(reached) > 0 && diff != "" {
				t.Fatalf("%v reaches (-want +got):\n%s", a, diff)
			}
			for _, b := range n {
				first := slices.IndexFunc(in[:], func(l []ecs.Node) bool { return slices.Contains(l, a) && slices.Contains(l, b) })
				if a != b && (r.Links.Joins(a, b) != (first >= 0) || r.Links.latency(a, b) != ecs.Nanoseconds(first+1)*ms) {
					t.Fatalf("%v to %v: %d ns, want network %d", a, b, r.Links.latency(a, b), first)
				}
			}
		}
	})
}
