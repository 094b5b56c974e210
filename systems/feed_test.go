// Proves of feeds what feed_model_test.go does not: that splits, restores, forks
// and unrelated nodes show nowhere; the order of deliveries; values of bytes,
// doubled and corrupted ones; names, patterns and misuse.
package systems

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// newsroom is a world whose handlers publish, subscribe, unsubscribe and exit by
// draws.
type newsroom struct {
	*rig
	tape
	events []delivery // values that handlers were given
}

// delivery is whom an envelope of an identity comes to.
type delivery struct {
	to ecs.Node
	id ecs.EnvelopeID
}

type newsroomPlan struct {
	seed   uint64
	link   Link
	way    Way
	faults []input
	extra  bool
}

func drawNewsroom(t *rapid.T) newsroomPlan {
	p := newsroomPlan{seed: rapid.Uint64().Draw(t, "seed")}
	p.link = Link{Latency: ecs.Nanoseconds(rapid.IntRange(0, 4).Draw(t, "latency")) * ms, Jitter: 3 * ms, Loss: ratio(1, 10), Duplicate: ratio(1, 10), Corrupt: ratio(1, 10)}
	p.way = Way{Latency: ecs.Nanoseconds(rapid.IntRange(0, 4).Draw(t, "way")) * ms, Jitter: ecs.Nanoseconds(rapid.IntRange(0, 2).Draw(t, "jitter")) * ms, Loss: ratio(1, 20), Latched: rapid.Bool().Draw(t, "latched")}
	for i := range rapid.IntRange(0, 6).Draw(t, "faults") {
		at, n := ecs.Tick(rapid.IntRange(2, 90).Draw(t, "at")), studioNode(rapid.IntRange(0, 5).Draw(t, "node"))
		verb := rapid.SampledFrom([]Verb{Crash, Pause, CutOff}).Draw(t, "verb")
		back := map[Verb]Verb{Crash: Restart, Pause: Resume, CutOff: Heal}[verb]
		p.faults = append(p.faults, input{at, Action{Verb: verb, Target: n, Other: studioNode((i + 1) % 6), InFlight: i%2 == 0}}, input{at + ecs.Tick(5*i) + 1, Action{Verb: back, Target: n}})
	}
	p.faults = slices.DeleteFunc(p.faults, func(in input) bool {
		return in.action.Verb == CutOff && in.action.Other == in.action.Target
	})
	return p
}

var newsroomSubs = []Subscribe[word]{{Name: "n/*", Keep: 2}, {Name: "n/1", Every: 3 * ms, Keep: 3}, {Name: "**", Every: 4 * ms}, {Name: "n/2", Later: true, Every: 2 * ms}}

func (p newsroomPlan) build(batch int) *newsroom {
	o := &newsroom{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: batch})}
	draws := o.World.Stream("newsroom")
	o.Feeds.Remember()
	o.Feeds.Way("n/*", p.way)
	feeds := []Feed{o.Feeds.Declare("n/1"), o.Feeds.Declare("n/2"), o.Feeds.Declare("news")}
	act := func(me *Me, d *random.Source, often uint64) {
		feed := feeds[d.Below(3)]
		name := newsroomSubs[d.Below(4)].Name
		switch x := d.Below(often); {
		case me.Tick() > 80:
		case x < 3:
			me.Publish(feed, d.Below(1000))
		case x < 6:
			me.PublishBytes(feed, []byte(strings.Repeat("x", int(d.Below(50)))))
		case x == 6:
			me.Unsubscribe(name)
		case x == 7:
			me.Subscribe(name)
		case x == 8 && d.Below(10) == 0:
			me.Exit(1)
		}
	}
	for i, name := range []string{"p", "q"} {
		n := Node[word]{Name: name, Subscribes: slices.Clone(newsroomSubs)}
		for k := range n.Subscribes {
			n.Subscribes[k].Do = func(me *Me, w *word, v *Value) {
				d := me.Draws(draws)
				o.events = append(o.events, delivery{me.Self(), me.b.ID(me.b.At)})
				w.V = w.V*31 + v.A + uint64(len(v.Payload)) + d.Uint64()
				o.note("%s, subscribed to %s: %d %s %d %q of %s: %x %v", me.Name(), newsroomSubs[v.Then].Name, me.Tick(), o.Feeds.Name(v.Feed), v.A, v.Payload, me.World().NodeName(v.From), w.V, o.Feeds.Known(me.Self()))
				act(me, &d, 40)
			}
		}
		n.Every = []EveryNode[word]{{Name: "e", Period: 2 * ms, Do: func(me *Me, _ *word) {
			d := me.Draws(draws)
			act(me, &d, 10)
		}}}
		o.World.Nodes(AddNode(o.Set, n), name, []int{4, 2}[i])
	}
	o.Links.Connect(studioNode(0), studioNode(1), p.link)
	o.Links.Connect(studioNode(4), studioNode(1), p.link)
	if p.extra {
		n := Node[word]{Name: "zzz", Subscribes: slices.Clone(newsroomSubs)}
		for k := range n.Subscribes {
			n.Subscribes[k].Do = func(*Me, *word, *Value) {}
		}
		z := o.World.Node(AddNode(o.Set, n), "zzz")
		o.Links.Connect(studioNode(0), z, p.link)
		o.start(z)
	}
	for i := range 6 {
		o.start(studioNode(i))
	}
	o.inputs = slices.Clone(p.faults)
	return o
}

const newsroomEnd = 130

func TestFeedsAreInvisiblySplitRestoredAndForked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawNewsroom(t)
		at := ecs.Tick(rapid.IntRange(0, 100).Draw(t, "snapshot"))
		straight := p.build(126)
		straight.run(at)
		done := len(straight.lines)
		straight.run(newsroomEnd)
		for _, batch := range []int{1, 7} {
			o := p.build(batch)
			o.run(at)
			o.run(newsroomEnd)
			if diff := cmp.Diff(append(straight.lines, straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		there, other := p.build(126), p.build(126)
		there.run(at)
		snap := there.snapshot()
		bytes := snap.Append(nil)
		var read ecs.Snapshot
		if err := other.World.DecodeSnapshot(bytes, &read); err != nil {
			t.Fatal(err)
		}
		there.run(at + 20)
		there.restore(t, snap)
		other.restore(t, &read)
		fork := there.fork(t, snap)
		for _, o := range []*newsroom{there, other} {
			o.take()
			o.run(newsroomEnd)
			if diff := cmp.Diff(append(straight.lines[done:], straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("(- straight, + restored at %d)\n%s", at, diff)
			}
		}
		fork.run(newsroomEnd)
		if diff := cmp.Diff(straight.sum(), fork.sum()); diff != "" {
			t.Fatalf("(- straight, + forked at %d)\n%s", at, diff)
		}
	})
}

// What who watches is shown of feeds parts into one envelope for each subscriber,
// with the identity and the target of what its handler is given; and watching
// changes nothing.
func TestFeedsAreShownOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawNewsroom(t)
		alone, o := p.build(126), p.build(7)
		sent := map[delivery]int{}
		o.World.Watch(func(s ecs.Sent) {
			if v, _, ok := o.Feeds.Watched(s.Envelope); ok && !slices.Contains([]string{"n/1", "n/2", "news"}, o.Feeds.Name(v.Feed)) {
				t.Fatalf("a value to %s, %s, is said to be of %q, to which nobody publishes", o.World.NodeName(s.Envelope.To), s.Why, o.Feeds.Name(v.Feed))
			}
			o.Feeds.Singles(s.Envelope, func(one *ecs.Envelope, _ []byte) {
				if !s.Dropped {
					sent[delivery{one.To, one.ID()}]++
				}
			})
		})
		alone.run(newsroomEnd)
		o.run(newsroomEnd)
		if diff := cmp.Diff(alone.lines, o.lines); diff != "" || alone.sum() != o.sum() {
			t.Fatalf("watching changes: %s, not %s; (- alone, + watched)\n%s", o.sum(), alone.sum(), diff)
		}
		for _, d := range o.events {
			if sent[d] != 1 {
				t.Fatalf("%s was given a value with the identity %x, shown %d times", o.World.NodeName(d.to), d.id, sent[d])
			}
		}
	})
}

func TestFeedsAreNotShiftedByOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawNewsroom(t)
		o := p.build(126)
		p.extra = true
		x := p.build(126)
		o.run(newsroomEnd)
		x.run(newsroomEnd)
		if diff := cmp.Diff(o.lines, x.lines); diff != "" {
			t.Fatalf("(- without, + with one more subscriber)\n%s", diff)
		}
	})
}

// What is given out in a tick is in program order, within a program in the order
// of publishing, and what was published at once in the order of nodes.
func TestOrderOfFeeds(t *testing.T) {
	for _, batch := range []int{1, 7, 126} {
		r := newRig(ecs.Config{BatchLength: batch})
		var got []string
		feed := r.Feeds.Declare("f")
		ping := r.World.Kind("ping", 8)
		note := func(me *Me, what uint64) { got = append(got, fmt.Sprint(me.Name(), " ", what)) }
		for _, name := range []string{"p", "q"} {
			r.World.Nodes(AddNode(r.Set, Node[word]{
				Name:       name,
				Subscribes: []Subscribe[word]{{Name: "f", Do: func(me *Me, _ *word, v *Value) { note(me, v.A) }}},
				On:         []On[word]{{ping, func(me *Me, _ *word, e *ecs.Envelope) { note(me, e.A) }}},
			}), name, 2)
		}
		p0, q1 := ecs.Node(1<<24+1), ecs.Node(2<<24+2)
		source := r.World.Node(AddNode(r.Set, Node[word]{Name: "s", Every: []EveryNode[word]{{Name: "e", Period: 5 * ms, Do: func(me *Me, _ *word) {
			if me.Tick() == 5 {
				me.Publish(feed, 1)
				me.Send(q1, ping, 2, 0)
				me.Send(p0, ping, 3, 0)
				me.Publish(feed, 4)
			}
		}}}}), "s")
		r.Links.Network([]ecs.Node{source, p0, q1}, Link{})
		r.start(q1, source, 2<<24+1, 1<<24+2, p0) // in whatever order they start
		r.run(10)
		want := []string{"p[0] 1", "p[1] 1", "p[0] 3", "p[0] 4", "p[1] 4", "q[0] 1", "q[1] 1", "q[1] 2", "q[0] 4", "q[1] 4"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("batches of %d: (- want, + got)\n%s", batch, diff)
		}
	}
}

// A link with the options of a way gives the same verdicts.
func TestWayDrawsAsALink(t *testing.T) {
	heard := func(linked bool) []string {
		r := newRig(ecs.Config{Seed: 9})
		var got []string
		way := Way{Latency: 3 * ms, Jitter: 9 * ms, Loss: ratio(1, 4)}
		if !linked {
			r.Feeds.Way("f", way)
		}
		feed := r.Feeds.Declare("f")
		nodes := r.World.Nodes(AddNode(r.Set, Node[word]{
			Name:       "p",
			Subscribes: []Subscribe[word]{{Name: "f", Do: func(me *Me, _ *word, v *Value) { got = append(got, fmt.Sprint(me.Tick(), me.Name(), v.A)) }}},
		}), "n", 300)
		source := r.World.Node(AddNode(r.Set, Node[word]{Name: "s", Every: []EveryNode[word]{{Name: "e", Period: 5 * ms, Do: func(me *Me, _ *word) { me.Publish(feed, uint64(me.Tick())) }}}}), "s")
		if linked {
			for _, n := range nodes {
				r.Links.Connect(source, n, Link{Latency: way.Latency, Jitter: way.Jitter, Loss: way.Loss})
			}
		}
		r.start(append(nodes, source)...)
		r.run(40)
		return got
	}
	way, link := heard(false), heard(true)
	if diff := cmp.Diff(link, way); diff != "" || len(way) < 500 {
		t.Errorf("%d values; (- by a link, + by a way)\n%s", len(way), diff)
	}
}

func TestFeedNames(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a", "a/b", false}, {"a/b", "a", false},
		{"*", "a", true}, {"*", "a/b", false}, {"a/*", "a/b", true}, {"a/*", "a", false}, {"a/*", "a/b/c", false},
		{"*/b", "a/b", true}, {"*/b", "a/c", false}, {"a/*/c", "a/b/c", true}, {"a/*/c", "a/b/d", false},
		{"**", "a", true}, {"**", "a/b/c", true}, {"a/**", "a", false}, {"a/**", "a/b/c", true}, {"a/**", "b/c", false}, {"*/**", "a", false},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q stands for %q: %v", c.pattern, c.name, got)
		}
	}
	for _, bad := range []string{"", "/a", "a//b", "a/", "a*", "**/a", "a/b*/c", strings.Repeat("x", 256)} {
		if CheckFeedPattern(bad) == nil {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
	if err := CheckFeedName("a/*"); err == nil || !strings.Contains(err.Error(), "is for who subscribes") {
		t.Errorf("a pattern is taken for a name: %v", err)
	}
}

// What nobody has asked about for long does not pile up, and rows are used
// again.
func TestSubscriptionsLeaveNothing(t *testing.T) {
	r := newRig(ecs.Config{})
	n := r.World.Node(AddNode(r.Set, Node[word]{
		Name:       "p",
		Subscribes: []Subscribe[word]{{Name: "f", Later: true, Do: func(*Me, *word, *Value) {}}},
		Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) {
			if !me.Unsubscribe("f") {
				me.Subscribe("f")
			}
		}}},
	}), "n")
	r.start(n)
	r.run(5000)
	if rows, d := r.Feeds.subs.rows.Len(), &r.Feeds.derived[0]; rows != 1 || len(d.joined)+len(d.gone)+len(d.members) > 2000 {
		t.Errorf("%d rows, %d joined, %d gone of %d", rows, len(d.joined), len(d.gone), len(d.members))
	}
	r.Lifecycle.Crash(n)
	if r.Feeds.subs.rows.At(0).Used != 0 || r.Feeds.faces.At(0).Serial != 0 {
		t.Error("a node that crashed has left a subscription")
	}
}

func TestFeedsDoNotAllocate(t *testing.T) {
	r := newRig(ecs.Config{})
	feed := r.Feeds.Declare("f")
	r.Feeds.Way("f", Way{Latency: ms, Jitter: 5 * ms, Loss: ratio(1, 10)})
	nodes := r.World.Nodes(AddNode(r.Set, Node[word]{
		Name:       "p",
		Subscribes: []Subscribe[word]{{Name: "f", Do: func(_ *Me, s *word, v *Value) { s.V += v.A }}, {Name: "*", Every: 3 * ms, Do: func(_ *Me, s *word, v *Value) { s.V += v.A }}},
		Every: []EveryNode[word]{{Name: "e", Period: 4 * ms, Do: func(me *Me, _ *word) {
			if me.Self().Ordinal() == 1 {
				me.Publish(feed, 1)
			}
		}}},
	}), "n", 1000)
	r.start(nodes...)
	r.run(400)
	if n := testing.AllocsPerRun(100, func() { r.run(r.World.Tick() + 4) }); n > 0 {
		t.Errorf("a publish to 1000 allocates %.1f times", n)
	}
}
