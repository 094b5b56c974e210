// Proves that params converge and never go back: the versions that a node sees
// of one only get later, whatever is lost, doubled, cut off or crashes
// meanwhile, and when all is mended all nodes have the last version that was
// set, and say no more about it. And that params are the same for any split into
// batches, straight, restored and forked.
package systems

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// town is a world of nodes that set params, and the story of what they saw.
type town struct {
	*rig
	tape
	nodes  []ecs.Node
	params []ParamID
	local  ParamID
	seen   map[string]Version // by node and param; looked up only
	set    map[ParamID][]Version
	values map[string]uint64
	wrong  []string
	woken  int
}

// mayor is what a node keeps: what it was told last of the param it watches.
type mayor struct{ Told, Value uint64 }

// joined are ways to join nodes: all reach all, if not at once.
var joined = map[string]func(l *Links, n []ecs.Node, link Link){
	"mesh":    func(l *Links, n []ecs.Node, link Link) { l.Mesh(n, link) },
	"network": func(l *Links, n []ecs.Node, link Link) { l.Network(n, link) },
	"ring":    func(l *Links, n []ecs.Node, link Link) { l.Ring(n, link) },
	"one way": func(l *Links, n []ecs.Node, link Link) {
		link.OneWay = true
		l.Ring(n, link)
	},
	"star and network": func(l *Links, n []ecs.Node, link Link) {
		l.Network(n[1:], link)
		l.Connect(n[0], n[1], link)
	},
}

func newTown(c ecs.Config, how string, link Link) *town {
	o := &town{rig: newRig(c), seen: map[string]Version{}, set: map[ParamID][]Version{}, values: map[string]uint64{}}
	if err := o.Epidemic.Open(Gossip{Every: 10 * ms, Fanout: 2}); err != nil {
		panic(err)
	}
	for _, name := range []string{"a", "b"} {
		o.params = append(o.params, o.Params.Declare(name, make([]byte, 8), Eventual))
	}
	o.local = o.Params.Declare("own", make([]byte, 8), Local)
	id := AddNode(o.Set, o.mayor())
	o.nodes = append(o.World.Nodes(id, "n", 5), o.World.Node(AddNode(o.Set, Node[word]{Name: "relay"}), "relay"))
	joined[how](o.Links, o.nodes, link)
	o.start(o.nodes...)
	return o
}

func (o *town) mayor() Node[mayor] {
	draws := o.World.Stream("mayor")
	return Node[mayor]{
		Name: "mayor",
		Watches: []Watch[mayor]{{o.params[0], func(me *Me, s *mayor) {
			v, version := me.Param(o.params[0])
			s.Told, s.Value = version.Counter, binary.LittleEndian.Uint64(v)
			o.woken++
			o.note("%d %s told %d %d", me.Tick(), me.Name(), s.Told, s.Value)
		}}},
		Every: []EveryNode[mayor]{{Name: "work", Period: 2 * ms, Do: func(me *Me, _ *mayor) {
			d := me.Draws(draws)
			if me.Tick() > quiet || d.Below(12) > 0 {
				return
			}
			id, v := o.params[d.Below(2)], d.Uint64()
			if d.Below(5) == 0 {
				id = o.local
			}
			version := me.SetParam(id, binary.LittleEndian.AppendUint64(nil, v))
			o.set[id] = append(o.set[id], version)
			o.values[fmt.Sprint(id, version)] = v
			o.note("%d %s sets %d to %d, %v", me.Tick(), me.Name(), id, v, version)
		}}},
	}
}

// look compares what all nodes see with what they saw.
func (o *town) look() {
	for _, n := range o.nodes {
		for _, id := range append(slices.Clone(o.params), o.local) {
			_, v := o.Params.Get(n, id)
			key := fmt.Sprint(n, id)
			if was := o.seen[key]; was != v && !o.Epidemic.later(v, was) {
				o.wrong = append(o.wrong, fmt.Sprintf("%d: %s had %v of %d, and has %v", o.World.Tick(), o.World.NodeName(n), was, id, v))
			}
			o.seen[key] = v
		}
	}
}

type townPlan struct {
	officePlan
	how string
}

func drawTown(t *rapid.T) townPlan {
	p := townPlan{officePlan: drawOffice(t)}
	p.how = rapid.SampledFrom([]string{"mesh", "network", "ring", "one way", "star and network"}).Draw(t, "joined")
	return p
}

func (p townPlan) build(batch int) *town {
	o := newTown(ecs.Config{Seed: p.seed, BatchLength: batch}, p.how, p.link)
	o.inputs = slices.Clone(p.faults)
	for _, at := range p.splits {
		o.at(at, Action{Verb: Partition, Lists: [][]ecs.Node{o.nodes[:2], o.nodes[2:]}})
		o.at(at+60, Action{Verb: Heal})
	}
	o.at(quiet+1, Action{Verb: Heal})
	for _, n := range o.nodes {
		o.at(quiet+1, Action{Verb: Resume, Target: n}, Action{Verb: Start, Target: n})
	}
	return o
}

func TestParamsConvergeAndNeverGoBack(t *testing.T) {
	woken, messages, later := 0, uint64(0), 0
	rapid.Check(t, func(t *rapid.T) {
		o := drawTown(t).build(126)
		for tick := ecs.Tick(0); tick < quiet; tick++ {
			o.run(tick)
			o.look()
		}
		for range 40 {
			o.run(o.World.Tick() + 50)
			o.look()
		}
		if len(o.wrong) > 0 {
			t.Fatal(o.wrong)
		}
		if !o.Epidemic.settled() || o.Epidemic.Next() != ecs.Never {
			t.Fatal("nodes that are joined and up have not come to agree in 1.8 s")
		}
		for _, id := range o.params {
			last := Version{}
			for _, v := range o.set[id] {
				if o.Epidemic.later(v, last) {
					last = v
				}
			}
			for _, n := range o.nodes {
				value, v := o.Params.Get(n, id)
				if want := o.values[fmt.Sprint(id, last)]; v != last || binary.LittleEndian.Uint64(value) != want {
					t.Fatalf("%s has %v, value %x, and the last that was set is %v, value %x", o.World.NodeName(n), v, value, last, want)
				}
				if s := ecs.State[mayor](o.World, o.nodes[0]); id == o.params[0] && s.Told != 0 && s.Told > v.Counter {
					t.Fatalf("told of version %d, of %d", s.Told, v.Counter)
				}
			}
			if len(o.set[id]) > 1 {
				later++
			}
		}
		sent, _ := o.Epidemic.Traffic()
		woken, messages = woken+o.woken, messages+sent
	})
	if woken == 0 || messages == 0 || later == 0 {
		t.Errorf("woken %d times, %d messages, %d params set again: the test tests little", woken, messages, later)
	}
}

func TestParamsAnyWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawTown(t)
		at := ecs.Tick(rapid.IntRange(0, int(quiet)).Draw(t, "at"))
		straight := p.build(126)
		straight.run(at)
		done := len(straight.lines)
		straight.run(quiet + 100)
		want := append(straight.lines[done:], straight.sum())
		for _, batch := range []int{1, 7} {
			o := p.build(batch)
			o.run(at)
			o.run(quiet + 100)
			if diff := cmp.Diff(append(straight.lines, straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		there, other := p.build(126), p.build(126)
		there.run(at)
		snap := there.snapshot()
		there.run(at + 40)
		there.restore(t, snap)
		other.restore(t, snap)
		for _, o := range []*town{there, other} {
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

// Versions and values that nobody has take no room; those that many have take it
// once.
func TestValuesLieOnce(t *testing.T) {
	o := newTown(ecs.Config{Seed: 5}, "mesh", Link{Latency: ms})
	o.run(quiet + 200)
	used := 0
	for i := range o.Epidemic.versions.rows.Len() {
		if o.Epidemic.versions.rows.At(i).Used != 0 {
			used++
		}
	}
	if want := len(o.params) + 5; used > want || used < len(o.params) {
		t.Errorf("%d values are kept; there are %d that spread, and 5 of nodes' own", used, len(o.params))
	}
	if rows := o.Epidemic.versions.rows.Len(); rows > 40 {
		t.Errorf("%d rows of versions for what %d sets left", rows, len(o.values))
	}
}

// A world whose nodes agree has nothing to do; one that has no params has no
// rows, and so the digest it had.
func TestAgreementIsQuiet(t *testing.T) {
	o := newTown(ecs.Config{Seed: 5}, "network", Link{Latency: ms, Loss: ratio(1, 3)})
	o.run(quiet + 500)
	before, _ := o.Epidemic.Traffic()
	o.run(quiet + 5000)
	if after, _ := o.Epidemic.Traffic(); after != before {
		t.Errorf("%d messages while all agree", after-before)
	}
	r := newRig(ecs.Config{})
	for _, table := range r.World.Tables() {
		if table.Rows() > 0 {
			t.Errorf("an empty world has %d rows of %s", table.Rows(), table.Name())
		}
	}
}

func TestMisuseOfParams(t *testing.T) {
	r := newRig(ecs.Config{})
	mustPanic(t, func() { r.Params.Declare("a", nil, Eventual) }, `param "a"`, "Epidemic.Open")
	r.Params.Declare("a", nil, Local)
	mustPanic(t, func() { r.Params.Declare("a", nil, Local) }, `param "a" is declared twice`)
	mustPanic(t, func() { AddNode(r.Set, Node[word]{Name: "p", Watches: []Watch[word]{{}}}) }, `"p" watches param "a" without a function`)
	for _, g := range []Gossip{{Every: -1}, {Fanout: -1}, {Fanout: MaxFanout + 1}} {
		if err := r.Epidemic.Open(g); err == nil {
			t.Errorf("%+v is taken", g)
		}
	}
}
