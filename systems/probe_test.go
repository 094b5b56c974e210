// Proves that a source that waits in vain probes, and does not flood: over links
// whose bandwidth makes the way longer than any wait, with a target that is paused,
// and after a cut. A link that loses nothing carries little but what is new, and the
// whole of a window comes through once some of it has.
package systems

import (
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// perItem is how many bytes an item takes of a wire, with its header.
const perItem = 48

// Whatever the capacity, a link that is slow is as fast as it can be: its queue
// makes a way that is as long as the capacity, and what is on it is not lost.
func TestSlowLinksAreNotFlooded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(20, 400).Draw(t, "capacity")
		each := rapid.IntRange(2, 100).Draw(t, "ms each item")
		latency := ecs.Nanoseconds(rapid.IntRange(1, 1500).Draw(t, "latency")) * ms
		items := max(300, 2*capacity)
		link := Link{Latency: latency, Bandwidth: uint64(perItem * 8 * 1000 / each)}
		o := newTail(ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}, items, capacity, link)
		round := 2*o.World.TicksCeil(latency) + ecs.Tick(18*each) + 50
		fair := max(ecs.Tick(items*each), ecs.Tick(items/capacity+1)*round)
		o.run(fair*13/10 + 2*round)
		if f := o.Pipes.Figures(1); o.had < items || f.Resent > 40 || f.Resent > f.Pulled/5 {
			t.Fatalf("%d of %d items after %d ticks; %+v", o.had, items, fair*13/10+2*round, f)
		}
	})
}

// A target that is paused, or that a cut keeps from its source, is sent two items a
// wait, not all that it does not answer; and then all, within a wait and two ways.
func TestSilenceIsProbed(t *testing.T) {
	for _, x := range []struct {
		name        string
		begin, end  Verb
		most, after ecs.Tick
	}{{"paused", Pause, Resume, 170, 200}, {"cut", CutOff, Heal, 5000 + 170, 1200}} {
		o := newTail(ecs.Config{Seed: 1}, 5000, 5000, Link{Latency: 5 * ms})
		o.at(2, Action{Verb: x.begin, Target: o.ends[1], Other: o.ends[0], Label: 1, InFlight: true})
		o.at(80_000, Action{Verb: x.end, Target: o.ends[1], Label: 1})
		o.run(79_999)
		silent := o.Pipes.Figures(1).Resent
		o.run(80_000 + x.after)
		if f := o.Pipes.Figures(1); o.had != 5000 || silent < 100 || silent > 170 || f.Resent > uint64(x.most) {
			t.Errorf("%s: %d of 5000 pulled; in silence %d were sent again; %+v", x.name, o.had, silent, f)
		}
	}
}

// A source whose target has all, and is slow to pull, goes on to ask each second: it
// would learn late of a crash of the target's.
func TestSlowPullsAreAskedFor(t *testing.T) {
	o := newRig(ecs.Config{Seed: 1})
	p := o.Pipes.Declare("p")
	a := AddNode(o.Set, Node[word]{Name: "a", Start: func(me *Me, _ *word) { me.Push(p, 1) }})
	b := AddNode(o.Set, Node[word]{Name: "b", Pulls: []Pull[word]{{
		Pipe: p, Do: func(*Me, *word, *Item) {}, Time: func(*Me, *word) ecs.Nanoseconds { return 60_000 * ms },
	}}})
	ends := []ecs.Node{o.World.Node(a, "a"), o.World.Node(b, "b")}
	o.Links.Connect(ends[0], ends[1], Link{Latency: 5 * ms})
	o.Pipes.Join(p, PipeConfig{Sources: ends[:1], Targets: ends[1:], Capacity: 4})
	o.start(ends...)
	o.run(50_000)
	if f := o.Pipes.flows.At(0); f.Kept != 1 || f.Resend-o.World.Tick() > 1000 {
		t.Errorf("asks next at %d: %+v", f.Resend, *f)
	}
}

// What is lost behind a puller that takes long, or to a target that was silent before,
// is sent again as soon as what is lost at a pipe's begin.
func TestLossesBehindSlowPullsAreToldSoon(t *testing.T) {
	pushing := ecs.Tick(0)
	for _, x := range []struct {
		name     string
		each     ecs.Nanoseconds
		lost, by ecs.Tick
		faults   []input
	}{
		{"waits behind another", 60_000 * ms, 5000, 5100, nil},
		{"comes after it", 3000 * ms, 4000, 4100, nil},
		{"is sent to who is up again", 0, 5000, 5150, []input{{30, Action{Verb: Crash}}, {4990, Action{Verb: Start}}}},
	} {
		o := newRig(ecs.Config{Seed: 1})
		p := o.Pipes.Declare("p")
		a := AddNode(o.Set, Node[word]{Name: "a", Every: []EveryNode[word]{{Name: "push", Period: ms, Do: func(me *Me, _ *word) {
			if me.Tick() == 1 || me.Tick() == 40 && x.each == 0 || me.Tick() == pushing {
				me.Push(p, 1)
			}
		}}}})
		b := AddNode(o.Set, Node[word]{Name: "b", Pulls: []Pull[word]{{
			Pipe: p, Do: func(*Me, *word, *Item) {}, Time: func(*Me, *word) ecs.Nanoseconds { return x.each },
		}}})
		ends := []ecs.Node{o.World.Node(a, "a"), o.World.Node(b, "b")}
		o.Links.Connect(ends[0], ends[1], Link{Latency: 10 * ms})
		o.Pipes.Join(p, PipeConfig{Sources: ends[:1], Targets: ends[1:], Capacity: 4})
		o.start(ends...)
		for _, f := range x.faults {
			f.action.Target = ends[1]
			o.inputs = append(o.inputs, f)
		}
		pushing = x.lost
		o.at(x.lost-5, Action{Verb: CutOff, Target: ends[0], Other: ends[1], Label: 1, OneWay: true})
		o.at(x.lost+5, Action{Verb: Heal, Label: 1})
		o.run(x.by)
		if f := o.Pipes.flows.At(0); f.Received != f.Next || f.Next < 2 {
			t.Errorf("what %s has not come by %d: %+v", x.name, x.by, *f)
		}
	}
}
