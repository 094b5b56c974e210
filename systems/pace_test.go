// Proves that pipes lose nothing at the queues of their own links, however short those
// are and however large the capacity, that they use such a link as well as one without
// a queue, share it, and leave room in it to others.
package systems

import (
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// twoPaced is two pipes from one node to another, over one link, and messages beside.
type twoPaced struct {
	*rig
	ends []ecs.Node
	had  [2]int
	beat int
}

func newPaced(seed uint64, capacity int, link Link, bytes int, beats bool) *twoPaced {
	o := &twoPaced{rig: newRig(ecs.Config{Seed: seed})}
	kind := o.World.Kind("beat", 16)
	pipes := []Pipe{o.Pipes.Declare("p"), o.Pipes.Declare("q")}
	payload := make([]byte, bytes)
	push := func(me *Me, p Pipe) {
		for me.PushItem(Push{Pipe: p, Payload: payload}) {
		}
	}
	var drains []Drain[word]
	var pulls []Pull[word]
	for at, p := range pipes {
		drains = append(drains, Drain[word]{p, func(me *Me, _ *word) { push(me, p) }})
		pulls = append(pulls, Pull[word]{Pipe: p, Do: func(*Me, *word, *Item) { o.had[at]++ }})
	}
	a := AddNode(o.Set, Node[word]{
		Name: "a", Drains: drains,
		Start: func(me *Me, _ *word) { push(me, pipes[0]); push(me, pipes[1]) },
		Every: []EveryNode[word]{{Name: "beat", Period: 2000 * ms, Do: func(me *Me, _ *word) {
			if beats {
				me.Send(o.ends[1], kind, 0, 0)
			}
		}}},
	})
	b := AddNode(o.Set, Node[word]{Name: "b", Pulls: pulls, On: []On[word]{{kind, func(*Me, *word, *ecs.Envelope) { o.beat++ }}}})
	o.ends = []ecs.Node{o.World.Node(a, "a"), o.World.Node(b, "b")}
	o.Links.Connect(o.ends[0], o.ends[1], link)
	for _, p := range pipes {
		o.Pipes.Join(p, PipeConfig{Sources: o.ends[:1], Targets: o.ends[1:], Capacity: capacity})
	}
	o.start(o.ends...)
	return o
}

func TestQueuesOfLinksAreSpared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.IntRange(1, 2000).Draw(t, "bytes")
		air := rapid.IntRange(2, 40).Draw(t, "ms each item")
		link := Link{
			Latency: ecs.Nanoseconds(rapid.IntRange(0, 100).Draw(t, "latency")) * ms, Bandwidth: uint64((bytes + 8 + ecs.HeaderSize) * 8 * 1000 / air),
			Queue: ecs.Nanoseconds(rapid.IntRange(4*air, 400).Draw(t, "queue")) * ms,
		}
		beats := rapid.Bool().Draw(t, "beats")
		o := newPaced(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(250, 500).Draw(t, "capacity"), link, bytes, beats)
		crash := rapid.Bool().Draw(t, "crash")
		if crash {
			o.at(3000, Action{Verb: Crash, Target: o.ends[rapid.IntRange(0, 1).Draw(t, "who")]})
			o.at(3100, Action{Verb: Start, Target: o.ends[0]}, Action{Verb: Start, Target: o.ends[1]})
		}
		o.run(10_000)
		x := o.Links.wires.At(0)
		if x.Dropped > 0 && !crash || x.Dropped > x.Sent/10 { // all is sent again, some of it at once
			t.Fatalf("of %d envelopes %d found no room", x.Sent, x.Dropped)
		}
		all, most := o.had[0]+o.had[1], 10_000/air
		if !crash && (all < most*17/20 || min(o.had[0], o.had[1]) < all/5) || beats && !crash && o.beat < 4 {
			t.Fatalf("%d items pulled, of %d that the link could carry; %d messages", o.had, most, o.beat)
		}
	})
}
