// Proves that events, ticks and streams have draws of their own: no collisions
// in patterns that runs are made of, no correlation between neighbours, and
// every bit of the key matters to every bit of the draw.
package random

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestDrawsDoNotDependOnOrder is the contract: whatever else is drawn, and in
// whatever order, an event's draws are its own.
func TestDrawsDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := NewKey(rapid.Uint64().Draw(t, "seed"), rapid.String().Draw(t, "stream"))
		order := rapid.Permutation(indices(8)).Draw(t, "order")
		var inOrder, permuted [8]uint64
		for i := range 8 {
			s := key.At(int64(i/3), uint64(i))
			s.Normal()
			inOrder[i] = s.Exponential()
		}
		for _, i := range order {
			s := key.At(int64(i/3), uint64(i))
			s.Normal()
			permuted[i] = s.Exponential()
		}
		if inOrder != permuted {
			t.Fatalf("draws %v became %v", inOrder, permuted)
		}
	})
}

// steps are by how much a tick and an ID move the state of a Source, before the
// finaliser hides it.
func steps() (tick, id uint64) { return 0xd1342543de82ef95, 0xaef17502108ef2d9 }

func TestStepsAreThoseOfAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, tick, id := rapid.Uint64().Draw(t, "key"), rapid.Int64().Draw(t, "tick"), rapid.Uint64().Draw(t, "id")
		tickStep, idStep := steps()
		if got, want := unmix(Key(key).At(tick, id).state), key+uint64(tick)*tickStep+id*idStep; got != want {
			t.Fatalf("the state is the finaliser of %#x, want %#x", got, want)
		}
	})
}

// TestNoSmallStepsCancel: ticks dt apart collide with IDs apart by the solution
// of dt·tickStep + di·idStep = 0; there is none with a small di.
func TestNoSmallStepsCancel(t *testing.T) {
	tickStep, idStep := steps()
	ratio := tickStep * inverse(idStep)
	nearest := uint64(math.MaxUint64)
	for dt := uint64(1); dt <= 1<<20; dt++ {
		di := dt * ratio
		nearest = min(nearest, di, -di)
	}
	t.Logf("the nearest collision within 2^20 ticks is %d IDs away, 2^%d", nearest, bits.Len64(nearest)-1)
	if nearest < 1<<32 {
		t.Errorf("within 2^20 ticks, IDs %d apart have the same draws", nearest)
	}
}

// TestSourcesDoNotOverlap: the counters of two events do not meet where their
// steps would without the finaliser in At, one event's second draw being the
// other's first.
func TestSourcesDoNotOverlap(t *testing.T) {
	_, idStep := steps()
	rapid.Check(t, func(t *rapid.T) {
		key, id := Key(rapid.Uint64().Draw(t, "key")), rapid.Uint64().Draw(t, "id")
		s, ahead := key.At(0, id), key.At(0, id+golden*inverse(idStep))
		s.Uint64()
		if s == ahead {
			t.Fatalf("the event %#x continues as another one", id)
		}
	})
}

func TestFirstDrawsAreDistinct(t *testing.T) {
	var draws []uint64
	for _, stream := range []string{"a", "b", "link.loss", "link.jitter"} {
		key := NewKey(0, stream)
		for tick := range int64(128) {
			for id := range uint64(128) {
				s := key.At(tick-64, id-64)
				for range 4 {
					draws = append(draws, s.Uint64())
				}
			}
		}
	}
	slices.Sort(draws)
	for i := 1; i < len(draws); i++ {
		if draws[i] == draws[i-1] {
			t.Fatalf("%#x is drawn twice", draws[i])
		}
	}
}

// TestNeighboursAreUncorrelated draws at events and at their neighbours in every
// direction.
func TestNeighboursAreUncorrelated(t *testing.T) {
	key, other, seed := NewKey(1, "link.loss"), NewKey(1, "link.jitter"), NewKey(2, "link.loss")
	type event struct {
		tick int64
		id   uint64
	}
	at := func(k Key, tick int64, id uint64) float64 { s := k.At(tick, id); return s.Unit() }
	for name, neighbour := range map[string]func(event) float64{
		"the next tick":         func(e event) float64 { return at(key, e.tick+1, e.id) },
		"the next ID":           func(e event) float64 { return at(key, e.tick, e.id+1) },
		"tick up, ID down":      func(e event) float64 { return at(key, e.tick+1, e.id-1) },
		"tick and ID exchanged": func(e event) float64 { return at(key, int64(e.id)+1000, uint64(e.tick)) },
		"another stream":        func(e event) float64 { return at(other, e.tick, e.id) },
		"another seed":          func(e event) float64 { return at(seed, e.tick, e.id) },
		"the second draw": func(e event) float64 {
			s := key.At(e.tick, e.id)
			s.Uint64()
			return s.Unit()
		},
	} {
		const side = 300
		product := 0.0
		for tick := range int64(side) {
			for id := range uint64(side) {
				product += (at(key, tick, id) - 0.5) * (neighbour(event{tick, id}) - 0.5)
			}
		}
		near(t, "the covariance with "+name, product/(side*side), 0, 1.0/12, side*side)
	}
}

// TestAvalanche flips every bit of key, tick and ID, about points small as those
// of real runs: each bit of the first draw flips half of the time.
func TestAvalanche(t *testing.T) {
	const points, tolerance = 3000, 0.05 // 5.5 deviations, of 12,288 pairs of bits
	first := func(words [3]uint64) uint64 {
		s := Key(words[0]).At(int64(words[1]), words[2])
		return s.Uint64()
	}
	s := testSource(t)
	worst := 0.0
	for word := range 3 {
		for bit := range 64 {
			var flips [64]int
			for range points {
				words := [3]uint64{s.Below(16), s.Below(1000), s.Below(1000)}
				before := first(words)
				words[word] ^= 1 << bit
				for changed := before ^ first(words); changed != 0; changed &= changed - 1 {
					flips[bits.TrailingZeros64(changed)]++
				}
			}
			for _, n := range flips {
				worst = max(worst, math.Abs(float64(n)/points-0.5))
			}
		}
	}
	t.Logf("at worst a bit flips in a part of 0.5 ± %.3f", worst)
	if worst > tolerance {
		t.Errorf("a bit of the draw flips in a part of 0.5 ± %.3f", worst)
	}
}

func TestKeyInATick(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, tick, id := Key(rapid.Uint64().Draw(t, "key")), rapid.Int64().Draw(t, "tick"), rapid.Uint64().Draw(t, "id")
		if key.In(tick).At(0, id) != key.At(tick, id) {
			t.Fatal("the draws of an event depend on how they are asked for")
		}
	})
}
