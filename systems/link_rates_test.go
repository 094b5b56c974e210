// Proves that verdicts happen as often as a link says, over fixed seeds: each
// count of 20000 sends must lie within five standard deviations (one true
// engine in 1.7 million would fail, and fixed seeds never fail twice), and
// chances of 0 and 1 are exact. And that a verdict of one kind, or a seed where
// nothing is left to chance, shifts no other verdict.
package systems

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

const rateSends = 20_000

// outcome counts what became of sends over a link.
type outcome struct{ lost, twice, corrupted, late int }

// try sends on a link of a seed and counts.
func try(seed uint64, l Link) outcome {
	r := newLinkRig(ecs.Config{Seed: seed}, l)
	r.World.Begin(0)
	e := r.envelope(sending{Size: 16}, 0)
	sent := map[ecs.EnvelopeID]bool{}
	for i := range rateSends {
		e = r.envelope(sending{Size: 16}, i)
		e.A, e.B = 0, 0
		sent[e.ID()] = true
		r.Links.send(&e, 0)
	}
	o := outcome{lost: int(r.World.Counts().Dropped[ecs.DroppedLoss])}
	o.twice = r.World.InFlight() - (rateSends - o.lost)
	r.World.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) {
		if e.A|e.B != 0 {
			o.corrupted++
		}
		if due > r.World.TicksCeil(l.Latency+l.Jitter) {
			o.late++
		}
	})
	return o
}

func TestVerdictsComeAtTheirRates(t *testing.T) {
	late := float64(99) / 100 // of those that reorder: a hundredth is drawn within the tick
	for seed := range uint64(3) {
		for _, chance := range [][2]uint64{{0, 1}, {1, 1}, {1, 2}, {1, 100}, {999, 1000}} {
			p := ratio(chance[0], chance[1])
			q := float64(chance[0]) / float64(chance[1])
			within(t, fmt.Sprintf("seed %d: loss of %v", seed, chance), try(seed, Link{Loss: p}).lost, q)
			within(t, fmt.Sprintf("seed %d: duplicate of %v", seed, chance), try(seed, Link{Duplicate: p}).twice, q)
			within(t, fmt.Sprintf("seed %d: corrupt of %v", seed, chance), try(seed, Link{Corrupt: p}).corrupted, q)
			got := try(seed, Link{Latency: 100 * ms, Reorder: p}).late
			within(t, fmt.Sprintf("seed %d: reorder of %v", seed, chance), got, q*late, 0.01*q)
		}
	}
}

func within(t *testing.T, what string, got int, p float64, slack ...float64) {
	t.Helper()
	bound := 5 * math.Sqrt(rateSends*p*(1-p))
	for _, s := range slack {
		bound += s * rateSends
	}
	if d := math.Abs(float64(got) - rateSends*p); d > bound {
		t.Errorf("%s: %d of %d, want %.0f ± %.0f", what, got, rateSends, rateSends*p, bound)
	}
}

// Jitter takes every value from 0 to J, all alike, and nothing else.
func TestJitterIsEven(t *testing.T) {
	r := newLinkRig(ecs.Config{Seed: 5, TickLength: 1}, Link{Latency: 10, Jitter: 9})
	r.World.Begin(0)
	for i := range rateSends {
		e := r.envelope(sending{Size: 8}, i)
		r.Links.send(&e, 0)
	}
	counts := map[ecs.Tick]int{}
	r.World.EachInFlight(func(_ *ecs.Envelope, due ecs.Tick) { counts[due]++ })
	for due := ecs.Tick(10); due <= 19; due++ {
		within(t, fmt.Sprint("due at ", due), counts[due], 0.1)
		delete(counts, due)
	}
	if len(counts) > 0 {
		t.Errorf("due elsewhere: %v", counts)
	}
}

// Corruption flips each bit of the payload, and none beside it, alike.
func TestCorruptionIsEven(t *testing.T) {
	r := newLinkRig(ecs.Config{Seed: 6}, Link{Corrupt: random.Always})
	r.World.Begin(0)
	for i := range rateSends {
		e := r.envelope(sending{Size: 9}, i)
		e.A, e.B = 0, 0
		r.Links.send(&e, 0)
	}
	counts := map[[2]uint64]int{}
	r.World.EachInFlight(func(e *ecs.Envelope, _ ecs.Tick) { counts[[2]uint64{e.A, e.B}]++ })
	for bit := range 72 {
		flipped := [2]uint64{1 << bit, 0}
		if bit >= 64 {
			flipped = [2]uint64{0, 1 << (bit - 64)}
		}
		within(t, fmt.Sprint("bit ", bit), counts[flipped], 1.0/72)
		delete(counts, flipped)
	}
	if len(counts) > 0 {
		t.Errorf("flipped elsewhere: %x", counts)
	}
}

// A link on which nothing is left to chance draws nothing: seeds change
// nothing.
func TestSureLinksDoNotDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := links.Draw(t, "link")
		l.Jitter, l.Loss, l.Duplicate, l.Reorder, l.Corrupt = 0, 0, 0, 0, 0
		sends := sendings.Draw(t, "sends")
		if diff := cmp.Diff(sendAll(1, l, sends), sendAll(2, l, sends)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A stream a kind of verdict: a link that also corrupts, or duplicates,
// delivers what it delivered before at the same ticks.
func TestVerdictsDoNotShiftEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		l := links.Draw(t, "link")
		l.FIFO, l.Duplicate, l.Corrupt = false, 0, 0
		sends := sendings.Draw(t, "sends")
		base := sendAll(seed, l, sends)
		l.Duplicate, l.Corrupt = ratio(1, 2), ratio(1, 2)
		more := sendAll(seed, l, sends)
		l.Loss = 0
		unlost := sendAll(seed, l, sends)
		for _, p := range base {
			same := func(q posted) bool { return q.ID == p.ID && q.Due == p.Due }
			if !slices.ContainsFunc(more, same) || !slices.ContainsFunc(unlost, same) {
				t.Fatalf("%+v is missing in %+v or in %+v", p, more, unlost)
			}
		}
	})
}

// sendAll sends everything at tick 0 and returns what is under way.
func sendAll(seed uint64, l Link, sends []sending) []posted {
	l.Latency %= 1000 * ms
	l.Jitter %= 1000 * ms
	if l.Bandwidth > 0 {
		l.Bandwidth = max(l.Bandwidth, 1e6)
	}
	r := newLinkRig(ecs.Config{Seed: seed}, l)
	r.World.Begin(0)
	for i, s := range sends {
		e := r.envelope(s, i)
		r.Links.send(&e, s.Delay)
	}
	return r.inFlight()
}

// Draws go by names: another node, link or message shifts none, and neither
// does the order in which things are declared.
func TestVerdictsGoByNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}
		l := links.Draw(t, "link")
		l.Bandwidth, l.Queue, l.Latency, l.Jitter = 0, 0, 5*ms, 7*ms
		make := func(extra bool) []posted {
			r := &linkRig{rig: newRig(c)}
			k := r.World.Kind("k", 16)
			p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}})
			if extra {
				x := r.World.Node(p, "x")
				r.b, r.a = r.World.Node(p, "b"), r.World.Node(p, "a")
				r.Links.Connect(x, r.a, l)
			} else {
				r.a, r.b = r.World.Node(p, "a"), r.World.Node(p, "b")
			}
			r.Links.Connect(r.a, r.b, l)
			r.World.Begin(0)
			for i := range 5 {
				e := r.from(r.a, r.b, k, fmt.Sprint(i))
				r.Links.send(&e, 0)
			}
			all := r.inFlight()
			for i := range all {
				all[i].From, all[i].To = 0, 0
			}
			return all
		}
		if diff := cmp.Diff(make(false), make(true)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The time on the wire is exact for every bandwidth, where sums of 64 bits
// would overflow too.
func TestAirtimeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, 1<<31-1)).Draw(t, "size")
		bandwidth := rapid.OneOf(rapid.Uint64Min(1), rapid.Uint64Min(math.MaxUint64-1000), rapid.Uint64Range(1, 1000)).Draw(t, "bandwidth")
		b := new(big.Int).SetUint64(bandwidth)
		want := new(big.Int).Mul(big.NewInt(int64(size)), big.NewInt(8_000_000_000))
		want.Add(want, b).Sub(want, big.NewInt(1)).Div(want, b)
		if want.IsInt64() && int64(airtime(size, bandwidth)) != want.Int64() {
			t.Fatalf("%d bytes at %d bit/s take %d ns, want %d", size, bandwidth, airtime(size, bandwidth), want)
		}
	})
}
