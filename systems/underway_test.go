// Proves the figures of links and networks by a model that writes down what is
// sent: how many envelopes, of how many bytes, and which have not come yet; also
// after a restore, and in a fork. And that bytes, which every run counts, show
// in no digest.
package systems

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// figures are those of links and networks, by place.
type figures struct{ Sent, Bytes, UnderWay []uint64 }

func (r *rig) figures() figures {
	f := figures{UnderWay: make([]uint64, r.Links.Len()+r.Links.Networks())}
	r.UnderWay(f.UnderWay[:r.Links.Len()], f.UnderWay[r.Links.Len():])
	for i := range r.Links.Len() {
		x := r.Links.wires.At(i)
		f.Sent, f.Bytes = append(f.Sent, x.Sent), append(f.Bytes, x.Bytes)
	}
	for i := range r.Links.Networks() {
		x := r.Links.NetworkFigures(i)
		f.Sent, f.Bytes = append(f.Sent, x.Sent), append(f.Bytes, x.Bytes)
	}
	return f
}

// flightModel is what was sent over each link and network of five nodes: links
// from 0 to 1 and back, networks of 1 to 3, and of all from 1 on.
type flightModel struct {
	figures
	dues [4][]ecs.Tick
}

func (m *flightModel) place(from, to int) int {
	switch {
	case from == 0 && to == 1:
		return 0
	case from == 1 && to == 0:
		return 1
	case from == 0 || to == 0 || from == to:
		return -1
	case from < 4 && to < 4:
		return 2
	}
	return 3
}

func (m *flightModel) count(now ecs.Tick) figures {
	m.UnderWay = make([]uint64, 4)
	for i, dues := range m.dues {
		for _, due := range dues {
			if due > now {
				m.UnderWay[i]++
			}
		}
	}
	return m.figures
}

func TestFiguresOfLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := links.Draw(t, "link")
		l.Latency, l.Jitter, l.Corrupt, l.Queue = l.Latency%(20*ms), l.Jitter%(20*ms), 0, l.Queue/10
		r := newLinkRig(ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}, l)
		nodes := append([]ecs.Node{r.a, r.b}, r.World.Nodes(r.a.Program(), "n", 3)...)
		r.Links.Network(nodes[1:4], l)
		r.Links.Network(nodes[1:], l)
		m := flightModel{figures: figures{Sent: make([]uint64, 4), Bytes: make([]uint64, 4)}}
		place := 0
		watching := true
		watch := func(s ecs.Sent) {
			if s.Due > 0 && watching {
				m.dues[place] = append(m.dues[place], s.Due)
			}
		}
		r.World.Watch(watch)
		r.run(0)
		for i, s := range sendings.Draw(t, "sends") {
			from, to := rapid.IntRange(0, 4).Draw(t, "from"), rapid.IntRange(0, 4).Draw(t, "to")
			if place = m.place(from, to); place < 0 {
				continue
			}
			if s.After > 0 {
				watching = false // what comes to nodes that are down is dropped
				r.run(r.World.Tick() + s.After)
				watching = true
			}
			switch rapid.IntRange(0, 9).Draw(t, "moment") {
			case 0:
				r.restore(t, r.snapshot())
			case 1:
				r.rig = r.fork(t, r.snapshot())
				r.World.Watch(watch)
			}
			e := r.envelope(s, i)
			e.From, e.To = nodes[from], nodes[to]
			r.Links.send(&e, s.Delay)
			m.Sent[place]++
			m.Bytes[place] += uint64(s.Size + ecs.HeaderSize)
			if diff := cmp.Diff(m.count(r.World.Tick()), r.figures()); diff != "" {
				t.Fatalf("after send %d (-model +links): %s", i, diff)
			}
		}
	})
}

// A value of a feed is under way to each subscriber whom it reaches over a link,
// once, however often that one subscribes; timers and what a node sends itself
// are on no link.
func TestValuesOfFeedsAreUnderWay(t *testing.T) {
	r := newRig(ecs.Config{})
	feed := r.Feeds.Declare("x/y")
	tick := r.World.TimerKind("t")
	source := r.World.Node(AddNode(r.Set, Node[word]{
		Name: "s", On: []On[word]{{tick, func(*Me, *word, *ecs.Envelope) {}}},
		Every: []EveryNode[word]{{Name: "e", Period: 20 * ms, Do: func(me *Me, _ *word) { me.Publish(feed, 7); me.After(9*ms, tick, 0) }}},
	}), "s")
	hears := func(*Me, *word, *Value) {}
	nodes := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "l", Subscribes: []Subscribe[word]{{Name: "x/*", Do: hears}, {Name: "**", Do: hears}}}), "l", 3)
	r.Links.Connect(source, nodes[0], Link{Latency: 5 * ms, OneWay: true})
	r.Links.Network([]ecs.Node{source, nodes[1], nodes[2]}, Link{Latency: 8 * ms})
	r.start(append(nodes, source)...)
	for _, at := range []struct {
		tick ecs.Tick
		want figures
	}{
		{19, figures{[]uint64{0, 0}, []uint64{0, 0}, []uint64{0, 0}}},
		{22, figures{[]uint64{1, 2}, []uint64{40, 80}, []uint64{1, 2}}},
		{26, figures{[]uint64{1, 2}, []uint64{40, 80}, []uint64{0, 2}}},
		{30, figures{[]uint64{1, 2}, []uint64{40, 80}, []uint64{0, 0}}},
	} {
		r.run(at.tick)
		if diff := cmp.Diff(at.want, r.figures()); diff != "" {
			t.Errorf("at tick %d (-want +got): %s", at.tick, diff)
		}
	}
}

// Bytes are in no digest: worlds that differ in them alone are equal.
func TestBytesOfLinksAreOutsideTheDigest(t *testing.T) {
	r := newLinkRig(ecs.Config{}, Link{Latency: ms})
	r.Links.Network([]ecs.Node{r.a, r.b}, Link{})
	r.Links.Connect(r.World.Group("g", []ecs.Node{r.a}), r.b, Link{})
	before := r.World.StateHash()
	r.Links.wires.Edit(0).Bytes = 7
	r.Links.networks.nets.Edit(0).Bytes = 7
	r.Links.groups.wires.Edit(0).Bytes = 7
	if now := r.World.StateHash(); now != before {
		t.Errorf("the state is %x, and was %x before bytes were counted", now, before)
	}
	if r.Links.wires.Edit(0).Sent = 7; r.World.StateHash() == before {
		t.Error("the state does not know what was sent")
	}
}
