// Proves that what is sent to a group reaches each member once, over the
// member's own link, and that a member's copy is its own: who else is in the
// group changes neither its identity nor its verdicts.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// sendToGroup builds a world of six nodes, named and linked always alike, and has
// the first send to a group of the given; it returns what is under way.
func sendToGroup(t *rapid.T, seed uint64, l Link, payload bool, group func(w *ecs.World, nodes []ecs.Node) ecs.Node) []posted {
	r := newRig(ecs.Config{Seed: seed})
	k, blobs, tell := r.World.Kind("k", 8), r.World.Kind("blob", 0), r.World.Kind("tell", 8)
	p := AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{
		{Kind: tell, Do: func(me *Me, _ *word, e *ecs.Envelope) {
			to := ecs.Node(e.A)
			me.Send(to, k, 7, 0)
			if payload {
				me.SendBytes(to, blobs, blob)
			}
			me.Send(to, k, 8, 0)
		}},
		{Kind: k, Do: func(*Me, *word, *ecs.Envelope) {}},
		{Kind: blobs, Do: func(*Me, *word, *ecs.Envelope) {}},
	}})
	n := r.World.Nodes(p, "n", 6)
	r.Links.Network(n, l)
	g := group(r.World, n)
	r.start(n...)
	r.at(0, Action{Verb: Message, Target: n[0], Kind: tell, A: uint64(g)})
	r.run(1)
	return r.inFlight()
}

func TestCopiesAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, payload := rapid.Uint64().Draw(t, "seed"), rapid.Bool().Draw(t, "payload")
		l := links.Draw(t, "link")
		l.Latency, l.Jitter = l.Latency%(9*ms), l.Jitter%(9*ms)
		l.Bandwidth, l.Queue = 0, 0 // a way out that is shared would make them wait for each other
		members := rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 1, 6, rapid.ID).Draw(t, "members")
		pick := func(n []ecs.Node) (list []ecs.Node) {
			for _, i := range members {
				list = append(list, n[i])
			}
			return list
		}
		all := sendToGroup(t, seed, l, payload, func(w *ecs.World, n []ecs.Node) ecs.Node {
			return w.Group("g", pick(n))
		})
		nested := sendToGroup(t, seed, l, payload, func(w *ecs.World, n []ecs.Node) ecs.Node {
			half := w.Group("half", pick(n)[len(members)/2:])
			return w.Group("g", append(pick(n)[:len(members)/2:len(members)/2], half, pick(n)[0]))
		})
		if diff := cmp.Diff(all, nested); diff != "" {
			t.Fatalf("members of a group in the group: %s", diff)
		}
		for _, i := range members {
			alone := sendToGroup(t, seed, l, payload, func(w *ecs.World, n []ecs.Node) ecs.Node {
				return w.Group("g", n[i:i+1])
			})
			own := slices.DeleteFunc(slices.Clone(all), func(p posted) bool { return p.To != ecs.Node(1<<24|i+1) })
			if diff := cmp.Diff(alone, own); len(alone)+len(own) > 0 && diff != "" {
				t.Fatalf("n[%d] by itself, and with others: %s", i, diff)
			}
		}
	})
}

func TestGroupsReachEachMemberOnce(t *testing.T) {
	all := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 10).Draw(t, "members")
		got := sendToGroup(t, 1, Link{}, true, func(w *ecs.World, n []ecs.Node) ecs.Node {
			g := w.Group("g", nil)
			for _, i := range members {
				w.Join(g, n[i])
			}
			return w.Group("outer", []ecs.Node{g, w.Group("again", w.Members(g))})
		})
		count := map[ecs.Node]int{}
		for _, p := range got {
			count[p.To]++
		}
		for i := range 6 {
			want := 0
			if slices.Contains(members, i) {
				want = 3 // two messages and a blob
			}
			if c := count[ecs.Node(1<<24|i+1)]; c != want {
				t.Fatalf("n[%d] got %d envelopes, want %d", i, c, want)
			}
		}
		all[fmt.Sprint(len(got))]++
	})
	if len(all) < 3 {
		t.Errorf("groups had few sizes: %v", all)
	}
}

// A fault on a group is one on each member.
func TestFaultsOnGroups(t *testing.T) {
	r := newRig(ecs.Config{})
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 4)
	inner := r.World.Group("inner", n[2:])
	g := r.World.Group("g", []ecs.Node{n[1], inner})
	r.start(n...)
	r.at(1, Action{Verb: Crash, Target: g, Down: 3 * ms})
	r.run(1)
	status := func() (s []ecs.Status) {
		for _, x := range n {
			s = append(s, r.World.Life(x).Status)
		}
		return s
	}
	if diff := cmp.Diff([]ecs.Status{ecs.Up, ecs.Crashed, ecs.Crashed, ecs.Crashed}, status()); diff != "" {
		t.Error(diff)
	}
	r.run(4)
	if diff := cmp.Diff([]ecs.Status{ecs.Up, ecs.Up, ecs.Up, ecs.Up}, status()); diff != "" {
		t.Error(diff)
	}
}

// Who dies is in no group any more: what is sent to one is for those who are left,
// and joining does nothing. Links and networks stay as they are: what is sent to
// who has died is dropped as gone.
func TestTheDeadLeaveGroups(t *testing.T) {
	r, heard := newRig(ecs.Config{}), []string{}
	ask, k := r.World.Kind("ask", 8), r.World.Kind("k", 8)
	p := AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{
		{Kind: ask, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Send(ecs.Node(e.A), k, 0, 0) }},
		{Kind: k, Do: func(me *Me, _ *word, _ *ecs.Envelope) {
			heard = append(heard, fmt.Sprint(me.Tick(), " ", me.Name()))
		}},
	}})
	n := r.World.Nodes(p, "n", 4)
	r.Links.Network(n, Link{})
	inner := r.World.Group("inner", n[1:3])
	outer := r.World.Group("outer", []ecs.Node{n[1], inner, n[3]})
	r.start(n...)
	send := func(to ecs.Node) Action { return Action{Verb: Message, Target: n[0], Kind: ask, A: uint64(to)} }
	r.at(4, send(outer), Action{Verb: Heal, Resolve: func(*Action) { r.Lifecycle.Bury(n[1]) }})
	r.at(5, Action{Verb: Join, Target: n[1], Other: outer}, send(outer))
	r.at(6, send(n[1]))
	r.run(5)
	want := []ecs.Node{n[2], n[3]}
	if diff := cmp.Diff(want, r.World.Members(outer)); diff != "" {
		t.Error(diff)
	}
	r.restore(t, r.snapshot())
	if diff := cmp.Diff(want, r.World.Members(outer)); diff != "" {
		t.Error(diff)
	}
	r.run(12)
	if diff := cmp.Diff([]string{"6 n[2]", "6 n[3]", "7 n[2]", "7 n[3]"}, heard); diff != "" {
		t.Error(diff)
	}
	if gone := r.World.Counts().Dropped[ecs.DroppedGone]; gone != 1 {
		t.Errorf("%d dropped as gone, want the one that was sent to who has died", gone)
	}
}
