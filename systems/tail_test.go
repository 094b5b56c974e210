// Proves that pipes do not wait long for what links lose, and that they do wait for
// what they do not: how long ten items take over links of 10 ms, over many seeds,
// and that nothing is sent again over links that lose nothing, however long they
// take, whatever a tick is, though they reorder, and soon after they have become
// longer.
package systems

import (
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

// tail is a pipe from one node to another.
type tail struct {
	*rig
	ends []ecs.Node
	left int      // items to push
	had  int      // items pulled,
	last ecs.Tick // the last one then
}

func newTail(c ecs.Config, items, capacity int, link Link) *tail {
	o := &tail{rig: newRig(c), left: items}
	p := o.Pipes.Declare("p")
	push := func(me *Me) {
		for ; o.left > 0 && me.Push(p, uint64(o.left)); o.left-- {
		}
	}
	a := AddNode(o.Set, Node[word]{
		Name: "a", Start: func(me *Me, _ *word) { push(me) },
		Drains: []Drain[word]{{p, func(me *Me, _ *word) { push(me) }}},
		Every:  []EveryNode[word]{{Name: "push", Period: max(10*ms, link.Latency), Do: func(me *Me, _ *word) { push(me) }}},
	})
	b := AddNode(o.Set, Node[word]{Name: "b", Pulls: []Pull[word]{{Pipe: p, Do: func(me *Me, _ *word, _ *Item) { o.had, o.last = o.had+1, me.Tick() }}}})
	o.ends = []ecs.Node{o.World.Node(a, "a"), o.World.Node(b, "b")}
	o.Links.Connect(o.ends[0], o.ends[1], link)
	o.Pipes.Join(p, PipeConfig{Sources: o.ends[:1], Targets: o.ends[1:], Capacity: capacity})
	o.start(o.ends...)
	return o
}

// tails runs a pipe for many seeds, and returns the mean tick of the last pull,
// and how many items were sent again.
func tails(seeds, items, capacity int, link Link) (mean float64, resent uint64) {
	sum := ecs.Tick(0)
	for seed := range seeds {
		o := newTail(ecs.Config{Seed: uint64(seed)}, items, capacity, link)
		for o.had < items {
			o.run(o.World.Tick() + 100)
		}
		o.run(o.World.Tick() + 100)
		sum += o.last
		resent += o.Pipes.Figures(1).Resent
	}
	return float64(sum) / float64(seeds), resent
}

func TestTailsAreShort(t *testing.T) {
	for _, x := range []struct {
		capacity int
		loss     uint64 // in hundredths
		most     float64
	}{{10, 0, 10}, {10, 5, 30}, {10, 20, 110}, {64, 0, 10}, {64, 5, 30}, {64, 20, 130}, {4, 0, 50}, {4, 5, 75}, {4, 20, 170}} {
		mean, resent := tails(500, 10, x.capacity, Link{Latency: 10 * ms, Loss: ratio(x.loss, 100)})
		if mean > x.most || (resent > 0) != (x.loss > 0) {
			t.Errorf("capacity %d, loss %d%%: ten items take %.1f ms, may take %.1f; %d were sent again", x.capacity, x.loss, mean, x.most, resent)
		}
	}
	if mean, _ := tails(20, 1000, 64, Link{Latency: 10 * ms, Loss: ratio(5, 100)}); mean > 1500 {
		t.Errorf("a thousand items take %.1f ms over a link that loses 5%%", mean)
	}
}

// Links that jitter reorder, but lose nothing: hardly anything is sent again.
func TestWhatIsOvertakenIsNotLost(t *testing.T) {
	for _, link := range []Link{
		{Latency: 10 * ms, Jitter: 20 * ms}, {Latency: 2 * ms, Jitter: 6 * ms}, {Jitter: 3 * ms}, {Latency: 10 * ms, Reorder: ratio(1, 5)}, {Latency: 10 * ms, Jitter: 9 * ms, FIFO: true},
	} {
		if _, resent := tails(200, 30, 16, link); resent > 30 {
			t.Errorf("%d of %d items were sent again over %+v", resent, 30*200, link)
		}
	}
}

// Whatever a tick and a way are, nothing is sent again that was not lost: the
// estimate of the way holds any of them.
func TestLongWaysAreWaitedFor(t *testing.T) {
	for _, x := range []struct{ tick, latency ecs.Nanoseconds }{
		{1, 50 * ms}, {1, 5 * ms}, {1, 900 * ms}, {1, 40_000 * ms}, {1, 100}, {1000, 50 * ms}, {1000, 60_000 * ms}, {ms, 50 * ms}, {ms, 3_000 * ms}, {ms, 86_400_000 * ms},
	} {
		o := newTail(ecs.Config{Seed: 1, TickLength: x.tick}, 40, 4, Link{Latency: x.latency})
		o.run(o.World.TicksCeil(40*x.latency + 2_000*ms))
		f := o.Pipes.Figures(1)
		if f.Pulled != 40 || f.Resent > 0 || f.Doubled > 0 {
			t.Errorf("ticks of %d ns, %d ns on the way: %+v", x.tick, x.latency, f)
		}
		if rtt, variation := o.Pipes.way(o.Pipes.flows.At(0)); o.World.Time(rtt) < 2*x.latency*9/10 || o.World.Time(rtt) > 2*x.latency*11/10+2*x.tick+30*ms || rtt == 0 || variation < 0 {
			t.Errorf("ticks of %d ns, %d ns on the way: estimated as %d ns, and varying by %d ticks", x.tick, x.latency, o.World.Time(rtt), variation)
		}
	}
}

// A way that has become longer than the waits is found out, and waited for.
func TestWaysBecomeLonger(t *testing.T) {
	for _, factor := range []uint64{3, 10, 30} {
		o := newTail(ecs.Config{Seed: 1}, 1, 4, Link{Latency: 10 * ms})
		o.run(100)
		for range 50 {
			o.left++
			o.run(o.World.Tick() + 20)
		}
		if n := o.Pipes.Figures(1).Resent; n > 0 {
			t.Fatalf("%d items were sent again before", n)
		}
		o.at(o.World.Tick()+1, Action{Verb: Slow, Target: o.ends[0], A: factor * 1000})
		for range 50 {
			o.left++
			o.run(o.World.Tick() + 20*ecs.Tick(factor))
		}
		first := o.Pipes.Figures(1).Resent
		for range 200 {
			o.left++
			o.run(o.World.Tick() + 20*ecs.Tick(factor))
		}
		if then := o.Pipes.Figures(1).Resent - first; first > 40 || then > 10 {
			t.Errorf("%d times as long: of 50 items %d were sent again, of the next 200 %d", factor, first, then)
		}
	}
}

// Acknowledgements that are lost make no way longer. What is told of late, as an item
// was sent again, is no sample; and an item that comes twice, because nobody heard of
// it the first time, says nothing of the waits.
func TestLostAnswersMakeNoWayLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.IntRange(1, 60).Draw(t, "items")
		o := newTail(ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}, items, items, Link{Latency: 10 * ms})
		cut := Action{Verb: CutOff, Target: o.ends[1], Other: o.ends[0], Label: 1, OneWay: true, InFlight: true}
		o.at(2, cut)
		heal := ecs.Tick(rapid.IntRange(400, 5000).Draw(t, "heal"))
		o.at(heal, Action{Verb: Heal, Label: 1})
		o.run(heal + 1100)
		f := o.Pipes.flows.At(0)
		if o.had < items || f.Kept > 0 || f.RTT>>3 > 50 || f.Doubts&early != 0 {
			t.Fatalf("%d of %d items; %+v", o.had, items, *f)
		}
	})
}

// Where a link loses much of what is answered, and nothing else, waits hardly ever go
// beyond a second: an item that comes twice is no sign that they are too short.
func TestLostAnswersAreAskedForEachSecond(t *testing.T) {
	long, all := 0, 0
	for seed := range 400 {
		latency := ecs.Nanoseconds(seed%10*10) * ms
		o := newTail(ecs.Config{Seed: uint64(seed)}, 300, 1+seed*7%60, Link{Latency: latency})
		o.Links.Connect(o.ends[1], o.ends[0], Link{Latency: latency, Loss: ratio(uint64(1+seed%80), 100), OneWay: true})
		for o.run(1); o.World.Tick() < 20_000; o.run(o.World.Tick() + 100) {
			if all++; o.Pipes.patience(o.Pipes.flows.At(0)) > 1000 {
				long++
			}
		}
	}
	if long > all/100 {
		t.Errorf("at %d of %d moments waits were beyond a second", long, all)
	}
}
