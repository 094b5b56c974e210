// Proves that a network is a mesh without stored edges: the same sends over
// both are due in the same ticks with the same verdicts, FIFO or not, as long
// as no bandwidth is shared; with one, a network's is the sender's way out. And
// that neighbours are what a naive search of links and networks finds.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

type hop struct {
	From, To, Count int
	After           ecs.Tick
}

func TestNetworkIsAMesh(t *testing.T) {
	hops := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) hop {
		return hop{rapid.IntRange(0, 3).Draw(t, "from"), rapid.IntRange(0, 3).Draw(t, "to"), rapid.IntRange(1, 4).Draw(t, "count"), ticks(t, "after") % 30}
	}), 1, 20)
	rapid.Check(t, func(t *rapid.T) {
		l := links.Draw(t, "link")
		l.Bandwidth, l.Queue = 0, 0
		l.Latency, l.Jitter = l.Latency%(20*ms), l.Jitter%(20*ms)
		c := ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}
		list := hops.Draw(t, "hops")
		mesh := sendHops(t, c, list, func(r *rig, nodes []ecs.Node) { r.Links.Mesh(nodes, l) })
		network := sendHops(t, c, list, func(r *rig, nodes []ecs.Node) { r.Links.Network(nodes, l) })
		if diff := cmp.Diff(mesh, network); diff != "" {
			t.Fatalf("mesh and network differ: %s", diff)
		}
	})
}

// sendHops returns all that was sent, when it was due, and why the rest was
// dropped. Halfway the world is restored from a snapshot of itself.
func sendHops(t *rapid.T, c ecs.Config, list []hop, join func(*rig, []ecs.Node)) []string {
	r := newRig(c)
	k := r.World.Kind("k", 8)
	nodes := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 4)
	join(r, nodes)
	r.run(0)
	var all []string
	for i, h := range list {
		if h.From == h.To {
			continue
		}
		r.run(r.World.Tick() + h.After)
		if i == len(list)/2 {
			r.restore(t, r.snapshot())
		}
		for n := range h.Count {
			e := r.from(nodes[h.From], nodes[h.To], k, fmt.Sprint(i, n))
			r.Links.send(&e, 0)
		}
		all = append(all, fmt.Sprint(r.inFlight(), r.World.Counts().Dropped))
	}
	return all
}

func TestNetworkSharesTheWayOut(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 3)
	// 40 bytes take 1 ms.
	r.Links.Network(n, Link{Bandwidth: 320_000, Queue: 2 * ms})
	r.World.Begin(0)
	for i, to := range []ecs.Node{n[1], n[2], n[1], n[2]} {
		e := r.from(n[0], to, k, fmt.Sprint(i))
		r.Links.send(&e, 0)
	}
	e := r.from(n[1], n[2], k, "another")
	r.Links.send(&e, 0)
	var dues []ecs.Tick
	for _, p := range r.inFlight() {
		dues = append(dues, p.Due)
	}
	if want := []ecs.Tick{1, 1, 2, 3}; !slices.Equal(dues, want) {
		t.Errorf("due at %v, want %v", dues, want)
	}
	if got := r.World.Counts().Dropped[ecs.DroppedQueue]; got != 1 {
		t.Errorf("%d dropped by the queue, want 1", got)
	}
}

// The first that joins two nodes counts: a link, then networks in the order of
// declaration.
func TestLinksGoBeforeNetworks(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 4)
	r.Links.Network(n[:3], Link{Latency: 2 * ms})
	r.Links.Network(n, Link{Latency: 3 * ms})
	r.Links.Connect(n[0], n[1], Link{Latency: 4 * ms})
	r.World.Begin(0)
	for i, want := range map[int]ecs.Tick{1: 4, 2: 2, 3: 3} {
		e := r.from(n[0], n[i], k, "m")
		r.Links.send(&e, 0)
		if all := r.inFlight(); !slices.ContainsFunc(all, func(p posted) bool { return p.To == n[i] && p.Due == want }) {
			t.Errorf("to %d: %v, want it due at %d", i, all, want)
		}
	}
}

func TestNeighboursAreWhatASearchFinds(t *testing.T) {
	type edge struct{ A, B, Way int }
	edges := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) edge {
		return edge{rapid.IntRange(0, 5).Draw(t, "a"), rapid.IntRange(0, 5).Draw(t, "b"), rapid.IntRange(0, 2).Draw(t, "way")}
	}), 0, 25)
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(ecs.Config{})
		n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 6)
		var linked [6][]ecs.Node
		add := func(a, b int) {
			if !slices.Contains(linked[a], n[b]) {
				linked[a] = append(linked[a], n[b])
			}
		}
		var nets [][]ecs.Node
		for _, e := range edges.Draw(t, "edges") {
			switch {
			case e.Way == 2:
				nets = append(nets, n[min(e.A, e.B):max(e.A, e.B)])
				r.Links.Network(nets[len(nets)-1], Link{})
				continue
			case e.A == e.B:
				continue
			}
			r.Links.Connect(n[e.A], n[e.B], Link{OneWay: e.Way == 1})
			if add(e.A, e.B); e.Way == 0 {
				add(e.B, e.A)
			}
			if got := r.Links.Neighbours(n[e.A]); len(got) == 0 {
				t.Fatalf("no neighbours after a link")
			}
		}
		if rapid.Bool().Draw(t, "restored") {
			r.World.Begin(0)
			r.restore(t, r.snapshot())
		}
		for i := range n {
			want := slices.Clone(linked[i])
			for _, net := range nets {
				for _, m := range net {
					if slices.Contains(net, n[i]) && m != n[i] && !slices.Contains(want, m) {
						want = append(want, m)
					}
				}
			}
			if got := r.Links.Neighbours(n[i]); !slices.Equal(got, want) {
				t.Fatalf("neighbours of %d are %v, want %v", i, got, want)
			}
		}
	})
}

// A link that is replaced finds the wire as the one before left it: what it
// sends does not overtake.
func TestReplacedLinkKeepsTheWire(t *testing.T) {
	r := newLinkRig(ecs.Config{}, Link{Latency: 50 * ms, Bandwidth: 80, FIFO: true})
	r.World.Begin(0)
	first := r.envelope(sending{Size: 8}, 0)
	r.Links.send(&first, 0)
	r.Links.Connect(r.a, r.b, Link{Bandwidth: 80_000, FIFO: true})
	second := r.envelope(sending{Size: 8}, 1)
	r.Links.send(&second, 0)
	all := r.inFlight()
	if len(all) != 2 || all[0].ID != first.ID() || all[0].Due != 4050 || all[1].Due != 4050 {
		t.Errorf("under way are %+v, want the first and then the second at 4050", all)
	}
}
