// Proves figures: quantiles against a sort of all values, the buckets against
// their definition, series against the ticks they are to be taken in, and that
// nothing of it shows in the digest, but all of it in a snapshot.
package systems

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

var samples = rapid.OneOf(
	rapid.Int64Range(0, 100), rapid.Int64Range(-10, 1000), rapid.Int64Range(0, 1<<40), rapid.Int64(),
	rapid.Map(rapid.IntRange(0, 62), func(bit int) int64 { return 1 << bit }),
	rapid.Map(rapid.IntRange(0, 62), func(bit int) int64 { return 1<<bit - 1 }),
)

// A bucket's top is its greatest value, and buckets follow each other.
func TestBucketsAreALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := uint64(max(0, samples.Draw(t, "value")))
		i := bucketOf(v)
		top := bucketTop(i)
		if i < 0 || i >= spreadBuckets || top < v || bucketOf(top) != i {
			t.Fatalf("%d is in bucket %d, whose top is %d", v, i, top)
		}
		if i > 0 && bucketTop(i-1) >= v {
			t.Fatalf("%d is in bucket %d, but %d tops the one before", v, i, bucketTop(i-1))
		}
		if top < 1<<63 && bucketOf(top+1) != i+1 {
			t.Fatalf("%d is the top of bucket %d, and %d is in %d", top, i, top+1, bucketOf(top+1))
		}
		if float64(top-v) > float64(v)/64 {
			t.Fatalf("%d is in a bucket up to %d: more than 1/64 above", v, top)
		}
	})
}

func TestQuantilesAreNearExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newRig(ecs.Config{}).Measures
		m.Distribution("another")
		d := m.Distribution("d")
		values := rapid.SliceOfN(rapid.Map(samples, func(v int64) int64 { return v >> 8 }), 1, 200).Draw(t, "values")
		sum := 0.0
		for _, v := range values {
			m.Add(d, v)
			sum += float64(v)
		}
		slices.Sort(values)
		got := m.Spread(d)
		if got.Min != values[0] || got.Max != values[len(values)-1] || got.Count != uint64(len(values)) || got.Name != "d" {
			t.Fatalf("%+v of %v", got, values)
		}
		if mean := sum / float64(len(values)); math.Abs(got.Mean-mean) > 1e-6*math.Abs(mean)+1e-6*float64(got.Max) {
			t.Fatalf("mean %v, want %v", got.Mean, mean)
		}
		for percent, q := range map[int]int64{50: got.P50, 90: got.P90, 99: got.P99} {
			exact := values[(len(values)*percent+99)/100-1]
			low, high := exact, exact+max(exact, 0)/64
			if exact < 0 {
				high = 0 // negative values count as 0
			}
			if q < low || q > high {
				t.Fatalf("%d%% is %d, want %d to %d, of %v", percent, q, low, high, values)
			}
		}
		if diff := cmp.Diff([]Spread{{Name: "another"}, got}, m.Spreads()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFiguresAreFoundByName(t *testing.T) {
	m := newRig(ecs.Config{}).Measures
	a, b := m.Counter("a"), m.Counter("b")
	m.Count(a, 2)
	m.Count(b, -5)
	m.Count(m.Counter("a"), 1)
	if diff := cmp.Diff([]Tally{{"a", 3}, {"b", -5}}, m.Tallies()); diff != "" {
		t.Error(diff)
	}
	d := m.Distribution("d")
	m.Add(m.Distribution("d"), 4)
	if got := m.Spread(d); got.Count != 1 || got.P50 != 4 {
		t.Errorf("%+v", got)
	}
}

// Series are taken in their ticks, though nothing acts, and not twice.
func TestSeriesAreTakenInIdleTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(ecs.Config{})
		every := ecs.Nanoseconds(rapid.Int64Range(1, 20*int64(ms)).Draw(t, "every"))
		id := r.Measures.Series("s", every, func(w *ecs.World) float64 { return float64(w.Tick()) * 2 })
		other := r.Measures.Series("t", 7*ms, func(*ecs.World) float64 { return 1 })
		r.at(ecs.Tick(rapid.IntRange(0, 50).Draw(t, "act")), Action{Verb: Heal})
		until := ecs.Tick(rapid.IntRange(0, 60).Draw(t, "until"))
		r.run(until / 2)
		r.restore(t, r.snapshot())
		r.run(until)
		var want, others []Point
		for tick := ecs.Tick(0); tick <= until; tick++ {
			if tick%((ecs.Tick(every)+ecs.Tick(ms)-1)/ecs.Tick(ms)) == 0 {
				want = append(want, Point{Tick: tick, Value: float64(tick) * 2, Series: uint32(id)})
			}
			if tick%7 == 0 {
				others = append(others, Point{Tick: tick, Value: 1, Series: uint32(other)})
			}
		}
		if diff := cmp.Diff([][]Point{want, others}, [][]Point{r.Measures.Points(id), r.Measures.Points(other)}, cmp.AllowUnexported(Point{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// measured is a world whose nodes beat, and measure if told to.
func measured(measure bool) *rig {
	r := newRig(ecs.Config{Seed: 4})
	k := r.World.Kind("k", 8)
	if measure {
		r.Measures.Series("s", 3*ms, func(*ecs.World) float64 { return 1 })
	}
	p := AddNode(r.Set, Node[word]{
		Name: "p",
		On:   []On[word]{{Kind: k, Do: func(_ *Me, s *word, e *ecs.Envelope) { s.V += e.A }}},
		Every: []EveryNode[word]{{Name: "e", Period: 5 * ms, Do: func(me *Me, s *word) {
			s.V++
			me.Send(me.Self(), k, s.V, 0)
			if measure {
				me.Count(me.set.Measures.Counter("beats"), 1)
				me.Measure(me.set.Measures.Distribution("values"), int64(s.V))
			}
		}}},
	})
	r.start(r.World.Nodes(p, "n", 3)...)
	return r
}

func TestFiguresAreOutsideTheDigest(t *testing.T) {
	a, b := measured(true), measured(false)
	a.run(52)
	b.run(52)
	for _, r := range []*rig{a, b} {
		r.World.Checkpoint()
		r.World.Counts().Ticks = 0 // a series has ticks of its own
	}
	if a.sum() != b.sum() {
		t.Errorf("with figures: %s\nwithout:      %s", a.sum(), b.sum())
	}
	if got := a.Measures.Tallies(); len(got) != 1 || got[0].Value != 30 {
		t.Errorf("counted %v", got)
	}
}

// A run that goes back forgets what it had not measured then, and finds a
// figure that it had not declared then.
func TestFiguresGoBack(t *testing.T) {
	r := measured(true)
	r.run(3)
	s := r.snapshot()
	r.run(50)
	want := []any{r.Measures.Tallies(), r.Measures.Spreads(), r.Measures.Points(0)}
	r.restore(t, s)
	if got := r.Measures.Tallies(); got[0].Value != 0 || r.Measures.Spreads()[0].Count != 0 || len(r.Measures.Points(0)) != 2 {
		t.Errorf("after the restore: %v, %v, %v", got, r.Measures.Spreads(), r.Measures.Points(0))
	}
	f := r.fork(t, s)
	for _, x := range []*rig{r, f} {
		x.run(50)
		got := []any{x.Measures.Tallies(), x.Measures.Spreads(), x.Measures.Points(0)}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Point{})); diff != "" {
			t.Error(diff)
		}
	}
}
