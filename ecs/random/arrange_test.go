// Proves that shuffles and samples are what they say, and all alike.
package random

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestShuffleLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		things := indices(rapid.IntRange(0, 50).Draw(t, "n"))
		s.Shuffle(len(things), func(i, j int) { things[i], things[j] = things[j], things[i] })
		slices.Sort(things)
		if diff := cmp.Diff(indices(len(things)), things); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSampleIsDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 1<<31-1)).Draw(t, "n")
		k := rapid.IntRange(0, min(n, 300)).Draw(t, "k")
		var picked []int
		s.Sample(n, k, func(i int) { picked = append(picked, i) })
		slices.Sort(picked)
		if len(picked) != k || len(slices.Compact(slices.Clone(picked))) != k {
			t.Fatalf("%d of %d are %v", k, n, picked)
		}
		if k > 0 && (picked[0] < 0 || picked[k-1] >= n) {
			t.Fatalf("picked %v of %d", picked, n)
		}
	})
}

// TestSampleIsAShuffle: it picks what the first steps of a shuffle kept in full
// would, whatever the size of its table.
func TestSampleIsAShuffle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		n := rapid.IntRange(1, 200).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		full, want := s, indices(n)
		for i := range k {
			j := i + int(full.Below(uint64(n-i)))
			want[i], want[j] = want[j], want[i]
		}
		got := []int{}
		s.Sample(n, k, func(i int) { got = append(got, i) })
		if diff := cmp.Diff(want[:k], got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestOrdersAreAlike(t *testing.T) {
	s := testSource(t)
	const n = 100_000
	shuffled, sampled := make([]int, 256), make([]int, 216)
	for range n {
		order := [4]int{0, 1, 2, 3}
		s.Shuffle(4, func(i, j int) { order[i], order[j] = order[j], order[i] })
		shuffled[order[0]<<6|order[1]<<4|order[2]<<2|order[3]]++
		code := 0
		s.Sample(6, 3, func(i int) { code = 6*code + i })
		sampled[code]++
	}
	happened := func(counts []int) []int {
		return slices.DeleteFunc(counts, func(n int) bool { return n == 0 })
	}
	shuffled, sampled = happened(shuffled), happened(sampled)
	if len(shuffled) != 24 || len(sampled) != 120 {
		t.Fatalf("%d orders of 24, %d samples of 120", len(shuffled), len(sampled))
	}
	chiSquare(t, "Shuffle", shuffled, func(int) float64 { return n / 24.0 })
	chiSquare(t, "Sample", sampled, func(int) float64 { return n / 120.0 })
}

func TestSmallSamplesDoNotAllocate(t *testing.T) {
	s := testSource(t)
	sum := 0
	if n := testing.AllocsPerRun(10, func() { s.Sample(1e9, 32, func(i int) { sum += i }) }); n != 0 {
		t.Errorf("a sample of 32 makes %v allocations", n)
	}
}
