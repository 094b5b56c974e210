// Proves that cuts separate exactly whom they should: a rapid state machine cuts,
// partitions, heals and restores, and after each step every pair of nodes is
// compared with a model that keeps each cut as two sets. A partition with a node
// on two sides is refused.
package systems

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// cutModel is a cut as sets: nobody in near reaches anybody in far.
type cutModel struct {
	cut   Cut
	sides []oneWayModel
}

type oneWayModel struct{ near, far map[ecs.Node]bool }

func (m *cutModel) bits() int {
	n := 0
	for _, s := range m.sides {
		if len(s.near) > 0 && len(s.far) > 0 {
			n++
		}
	}
	return n
}

func setOf(list []ecs.Node) map[ecs.Node]bool {
	set := map[ecs.Node]bool{}
	for _, n := range list {
		set[n] = true
	}
	return set
}

type cutMachine struct {
	*rig
	nodes []ecs.Node
	sides []ecs.Node // groups, and nodes by themselves
	model []cutModel

	refused, parted int
}

func newCutMachine(t *rapid.T) *cutMachine {
	m := &cutMachine{rig: newRig(ecs.Config{})}
	m.nodes = m.World.Nodes(m.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 7)
	for i := range 4 {
		members := rapid.SliceOfNDistinct(rapid.SampledFrom(m.nodes), 0, 5, rapid.ID).Draw(t, "members")
		m.sides = append(m.sides, m.World.Group(fmt.Sprint("g", i), members))
	}
	m.sides = append(m.sides, m.nodes[:3]...)
	m.World.Begin(0)
	return m
}

func (m *cutMachine) bits() int {
	n := 0
	for i := range m.model {
		n += m.model[i].bits()
	}
	return n
}

func (m *cutMachine) between(t *rapid.T) {
	a, b := rapid.SampledFrom(m.sides).Draw(t, "a"), rapid.SampledFrom(m.sides).Draw(t, "b")
	oneWay := rapid.Bool().Draw(t, "one way")
	near, far := setOf(m.World.Members(a)), setOf(m.World.Members(b))
	made := cutModel{sides: []oneWayModel{{near, far}}}
	if !oneWay {
		made.sides = append(made.sides, oneWayModel{far, near})
	}
	if m.bits()+made.bits() > MaxCuts {
		return
	}
	made.cut = m.Cuts.Between(a, b, oneWay)
	m.model = append(m.model, made)
}

func (m *cutMachine) partition(t *rapid.T) {
	sides := rapid.SliceOfNDistinct(rapid.SampledFrom(m.sides), 1, 4, rapid.ID).Draw(t, "sides")
	for i, a := range sides {
		for _, b := range sides[:i] {
			for n := range setOf(m.World.Members(a)) {
				if setOf(m.World.Members(b))[n] {
					m.refuses(t, sides)
					return
				}
			}
		}
	}
	var made cutModel
	for i, near := range sides {
		far := map[ecs.Node]bool{}
		for j, side := range sides {
			if j != i {
				maps.Copy(far, setOf(m.World.Members(side)))
			}
		}
		made.sides = append(made.sides, oneWayModel{setOf(m.World.Members(near)), far})
	}
	if m.bits()+made.bits() > MaxCuts {
		return
	}
	made.cut = m.Cuts.Partition(sides...)
	m.parted++
	m.model = append(m.model, made)
}

// refuses fails unless a partition is refused that has a node on two sides, and
// says which node.
func (m *cutMachine) refuses(t *rapid.T, sides []ecs.Node) {
	m.refused++
	defer func() {
		said := fmt.Sprint(recover())
		if !strings.Contains(said, "a partition has n[") || !strings.Contains(said, "have it on one") {
			t.Fatalf("sides %v have a node in common, and the partition says %s", sides, said)
		}
	}()
	m.Faults.Apply(&Action{Verb: Partition, Sides: sides, InFlight: true})
}

func (m *cutMachine) heal(t *rapid.T) {
	if len(m.model) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.model)-1).Draw(t, "cut")
	m.Cuts.Heal(m.model[i].cut)
	m.model = slices.Delete(m.model, i, i+1)
}

func (m *cutMachine) check(t *rapid.T) {
	for _, a := range m.nodes {
		for _, b := range m.nodes {
			want := false
			for _, c := range m.model {
				for _, s := range c.sides {
					want = want || a != b && s.near[a] && s.far[b]
				}
			}
			if got := m.Cuts.cuts(a, b); got != want {
				t.Fatalf("%s to %s is cut: %v, want %v, by %+v", m.World.NodeName(a), m.World.NodeName(b), got, want, m.model)
			}
		}
	}
}

func TestCutsAreSets(t *testing.T) {
	refused, parted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		m := newCutMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"between":   m.between,
			"partition": m.partition,
			"heal":      m.heal,
			"heal all": func(t *rapid.T) {
				m.Cuts.HealAll()
				m.model = nil
			},
			"restore": func(t *rapid.T) {
				used := m.Cuts.used
				m.restore(t, m.snapshot())
				if m.Cuts.used != used {
					t.Fatalf("cuts in use are %b after a restore, were %b", m.Cuts.used, used)
				}
			},
			"": m.check,
		})
		refused, parted = refused+m.refused, parted+m.parted
	})
	if refused == 0 || parted == 0 {
		t.Errorf("%d partitions were made, and %d refused: the test tests little", parted, refused)
	}
}

func TestCutsAreLimited(t *testing.T) {
	r := newRig(ecs.Config{})
	n := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 65)
	last := r.Cuts.Partition(n[:64]...)
	mustPanic(t, func() { r.Cuts.Between(n[0], n[64], true) }, "cuts at a time", "64", "heal some first")
	r.Cuts.Heal(last)
	for range MaxCuts / 2 {
		last = r.Cuts.Between(n[0], n[64], false)
	}
	mustPanic(t, func() { r.Cuts.Between(n[0], n[64], true) }, "cuts at a time")
	r.Cuts.Heal(last)
	r.Cuts.Between(n[1], n[2], true)
	if !r.Cuts.cuts(n[1], n[2]) || r.Cuts.cuts(n[2], n[1]) {
		t.Error("a one-way cut is not one way")
	}
}

// A cut judges at sending. In flight, it takes what is under way across it, and
// nothing else: not across an older cut that spared it, nor a timer of a node
// that is on both sides.
func TestCutInFlight(t *testing.T) {
	var notes tape
	r := newRig(ecs.Config{})
	k, timer := r.World.Kind("k", 8), r.World.TimerKind("timer")
	p := r.listener("p", &notes, k, timer)
	n := r.World.Nodes(p, "n", 4)
	both := []ecs.Node{r.World.Group("left", n[:2]), r.World.Group("right", n[1:3])}
	r.Links.Network(n, Link{Latency: 10 * ms})
	r.start(n...)
	r.run(0)
	notes.take()
	for i, hop := range [][2]int{{0, 2}, {0, 3}, {3, 0}, {2, 0}} {
		e := r.from(n[hop[0]], n[hop[1]], k, fmt.Sprint(i))
		e.A = uint64(hop[0])
		r.Links.send(&e, 0)
	}
	self := r.from(n[1], n[1], timer, "timer")
	self.B = 1 << 32 // of the first incarnation
	r.Links.send(&self, 5)
	r.at(2, Action{Verb: CutOff, Target: n[0], Other: n[3], OneWay: true})
	r.at(3, Action{Verb: CutOff, Target: both[0], Other: both[1], InFlight: true})
	r.run(30)
	// 0 to 3 was under way before a cut that spares it, 3 to 0 crosses none.
	if want := []string{"5 n[1] timer 0", "10 n[3] k 0", "10 n[0] k 3"}; !slices.Equal(notes.lines, want) {
		t.Errorf("came %q, want %q", notes.lines, want)
	}
	if got := r.World.Counts().Dropped[ecs.DroppedCut]; got != 2 {
		t.Errorf("%d cut, want 2", got)
	}
}
