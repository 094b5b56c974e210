// Proves that verdicts made for many subscribers at once are those made for one
// after the other: drawn worlds are run twice, once with a node in the table of
// slow ones that takes as long as usual, which has each node asked about alone.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// airPlan is a drawn world of publishers whose values come over links, networks
// and ways to listeners of two programs.
type airPlan struct {
	seed     uint64
	length   ecs.Nanoseconds // of a tick
	nodes    [2]int
	way      Way
	doubled  bool // some have two subscriptions
	only     bool // the first node publishes
	links    []airLink
	later    []airLink // that are made while it runs,
	undone   []airLink // and that a restore takes back
	networks []Link
	members  [][]int
	cut      [2]int
}

type airLink struct {
	from, to int
	link     Link
}

func drawAir(t *rapid.T) airPlan {
	p := airPlan{
		seed: rapid.Uint64().Draw(t, "seed"), length: rapid.SampledFrom([]ecs.Nanoseconds{1, 7, 1000, ms, 700_001, 1 << 40}).Draw(t, "length"),
		nodes: [2]int{rapid.IntRange(1, 10).Draw(t, "p"), rapid.IntRange(0, 10).Draw(t, "q")}, doubled: rapid.Bool().Draw(t, "doubled"),
	}
	span := func(what string) ecs.Nanoseconds {
		return ecs.Nanoseconds(rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 12_000_000), rapid.IntRange(0, 1<<40)).Draw(t, what))
	}
	chance := rapid.SampledFrom([]random.Probability{0, 0, ratio(1, 5), ratio(9, 10), random.Always})
	link := func() Link {
		l := Link{OneWay: true, Latency: span("latency"), Jitter: span("jitter"), Loss: chance.Draw(t, "loss")}
		switch rapid.IntRange(0, 5).Draw(t, "sort") {
		case 0:
			l.FIFO = true
		case 1:
			l.Bandwidth, l.Queue = 1e6, 500*ms
		case 2:
			l.Duplicate, l.Corrupt, l.Reorder = ratio(1, 3), ratio(1, 3), ratio(1, 3)
		}
		return l
	}
	if rapid.Bool().Draw(t, "way") {
		p.way = Way{Latency: span("way"), Jitter: span("way's jitter"), Loss: chance.Draw(t, "way's loss")}
	}
	n := p.nodes[0] + p.nodes[1]
	if p.only = rapid.Bool().Draw(t, "only"); p.only { // to all, over links alike but for those drawn below
		l := link()
		for to := 1; to < n; to++ {
			p.links = append(p.links, airLink{0, to, l})
		}
	}
	draw := func(list []airLink, often int) []airLink {
		for range often {
			from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
			if from != to {
				list = append(list, airLink{from, to, link()})
			}
		}
		return list
	}
	p.links = draw(p.links, rapid.SampledFrom([]int{0, 0, 5, 40}).Draw(t, "links"))
	p.later = draw(nil, rapid.IntRange(0, 2).Draw(t, "later"))
	p.undone = draw(nil, rapid.IntRange(0, 2).Draw(t, "undone"))
	for range rapid.IntRange(0, 2).Draw(t, "networks") {
		l := link()
		l.OneWay = false
		p.networks = append(p.networks, l)
		members := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 2*n).Draw(t, "members")
		if rapid.Bool().Draw(t, "in order") { // they lie together then
			slices.Sort(members)
			members = slices.Compact(members)
		}
		p.members = append(p.members, members)
	}
	if len(p.links)+len(p.networks) == 0 && p.way.Jitter == 0 {
		p.way.Loss = ratio(1, 3) // else nothing is asked
	}
	if rapid.IntRange(0, 3).Draw(t, "cuts") == 0 {
		p.cut = [2]int{rapid.IntRange(0, n-1).Draw(t, "near"), rapid.IntRange(0, n-1).Draw(t, "far")}
	}
	return p
}

func (p airPlan) node(i int) ecs.Node {
	if i < p.nodes[0] {
		return ecs.Node(1<<24 + 1 + i)
	}
	return ecs.Node(2<<24 + 1 + i - p.nodes[0])
}

func (p airPlan) connect(r *rig, links []airLink) {
	for _, x := range links {
		r.Links.Connect(p.node(x.from), p.node(x.to), x.link)
	}
}

// heard runs the world and says what came of it, tick by tick.
func (p airPlan) heard(t *rapid.T, alone bool) []string {
	r := newRig(ecs.Config{Seed: p.seed, TickLength: p.length})
	r.Feeds.Way("f/*", p.way)
	feeds := []Feed{r.Feeds.Declare("f/0"), r.Feeds.Declare("f/1")}
	for k, name := range []string{"p", "q"} {
		n := Node[word]{Name: name, Every: []EveryNode[word]{{Name: "e", Period: p.length, Do: func(me *Me, _ *word) {
			switch {
			case me.Tick() > 9 || p.only && me.Self() != p.node(0) || !p.only && uint64(me.Self()+ecs.Node(me.Tick()))%3 != 0:
			case me.Tick()%2 == 0:
				me.Publish(feeds[me.Self()%2], uint64(me.Tick())<<8)
			default:
				me.PublishBytes(feeds[me.Self()%2], make([]byte, me.Tick()))
			}
		}}}}
		n.Subscribes = []Subscribe[word]{{Name: "f/0"}, {Name: "f/1"}}
		if p.doubled {
			n.Subscribes = append(n.Subscribes, Subscribe[word]{Name: "**"})
		}
		for i := range n.Subscribes {
			n.Subscribes[i].Do = func(_ *Me, w *word, v *Value) { w.V = w.V*31 + v.A }
		}
		r.World.Nodes(AddNode(r.Set, n), name, p.nodes[k])
	}
	p.connect(r, p.links)
	for i, l := range p.networks {
		var members []ecs.Node
		for _, m := range p.members[i] {
			members = append(members, p.node(m))
		}
		r.Links.Network(members, l)
	}
	for i := range p.nodes[0] + p.nodes[1] {
		r.start(p.node(i))
	}
	if p.cut[0] != p.cut[1] {
		r.at(4, Action{Verb: CutOff, Target: p.node(p.cut[0]), Other: p.node(p.cut[1])})
	}
	if alone {
		r.Links.slow.set(p.node(0), usual)
	}
	var all []string
	for i := range 30 {
		if !alone && i == 9 { // and again
			s := r.snapshot()
			p.connect(r, p.undone)
			r.tick(r.next())
			r.tick(r.next())
			r.restore(t, s)
		}
		if i == 6 {
			p.connect(r, p.later)
		}
		r.tick(r.next())
		all = append(all, fmt.Sprintf("tick %d digest %x", r.World.Tick(), r.World.Digest()))
	}
	for i := range feeds {
		all = append(all, fmt.Sprintf("%s: %+v", r.Feeds.Name(feeds[i]), r.Feeds.Figures(feeds[i])))
	}
	r.Links.wires.Table().Bytes() // tells them what is owed
	for _, w := range append(r.Links.wires.All(), r.Links.networks.nets.All()...) {
		all = append(all, fmt.Sprintf("%+v", w))
	}
	return append(all, fmt.Sprintf("%+v", *r.World.Counts()))
}

func TestVerdictsAtOnceAreThoseOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawAir(t)
		if diff := cmp.Diff(p.heard(t, true), p.heard(t, false)); diff != "" {
			t.Fatalf("(- one by one, + at once)\n%s", diff)
		}
	})
}
