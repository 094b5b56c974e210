// Proves that what a node's links have room for goes to its pipes in an order that a
// restore does not change, after one of their targets has died too; and that what has
// waited for room when its source crashed was not sent.
package systems

import (
	"testing"

	"orrery/ecs"
)

// newBereaved is a source of three pipes: two share a link to one target, and the
// target of the first dies.
func newBereaved(seed uint64) *rig {
	o := newRig(ecs.Config{Seed: seed})
	pipes := []Pipe{o.Pipes.Declare("to who dies"), o.Pipes.Declare("p"), o.Pipes.Declare("q")}
	payload := make([]byte, 100)
	push := func(me *Me, p Pipe) {
		for me.PushItem(Push{Pipe: p, Payload: payload}) {
		}
	}
	var drains []Drain[word]
	var pulls []Pull[word]
	for _, p := range pipes {
		drains = append(drains, Drain[word]{p, func(me *Me, _ *word) { push(me, p) }})
		pulls = append(pulls, Pull[word]{Pipe: p, Do: func(*Me, *word, *Item) {}})
	}
	source := AddNode(o.Set, Node[word]{Name: "source", Drains: drains, Start: func(me *Me, _ *word) {
		for _, p := range pipes {
			push(me, p)
		}
	}})
	lasting := AddNode(o.Set, Node[word]{Name: "lasting", Pulls: pulls})
	mortal := AddNode(o.Set, Node[word]{Name: "mortal", Pulls: pulls, Every: []EveryNode[word]{
		{Name: "die", Period: 100 * ms, Do: func(me *Me, _ *word) { me.Die(0) }},
	}})
	ends := []ecs.Node{o.World.Node(source, "a"), o.World.Node(lasting, "b"), o.World.Node(mortal, "c")}
	for at, p := range pipes {
		target := ends[1:2]
		if at == 0 {
			target = ends[2:]
		}
		o.Links.Connect(ends[0], target[0], Link{Latency: 5 * ms, Bandwidth: 1_000_000, Queue: 20 * ms})
		o.Pipes.Join(p, PipeConfig{Sources: ends[:1], Targets: target, Capacity: 200})
	}
	o.start(ends...)
	return o
}

func TestTheDeadDoNotTurnPipes(t *testing.T) {
	for seed := range uint64(3) {
		straight, other := newBereaved(seed), newBereaved(seed)
		straight.run(1000)
		other.run(300)
		other.restore(t, other.snapshot())
		if other.run(1000); other.sum() != straight.sum() {
			t.Errorf("seed %d: restored %s, straight %s", seed, other.sum(), straight.sum())
		}
	}
}

// What had waited for room when its source crashed is sent once: it counts as sent
// again no more than without the crash.
func TestWhatWaitsForRoomIsNotSentAgain(t *testing.T) {
	o := newPaced(1, 200, Link{Latency: 5 * ms, Bandwidth: 1_000_000, Queue: 20 * ms}, 1000, false)
	o.at(10, Action{Verb: Crash, Target: o.ends[0]})
	o.at(12, Action{Verb: Start, Target: o.ends[0]})
	o.run(1000)
	if again := o.Pipes.Figures(1).Resent + o.Pipes.Figures(2).Resent; again == 0 || again > 10 {
		t.Errorf("%d items were sent again, of few that had been sent", again)
	}
}
