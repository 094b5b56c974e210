package random

import (
	"math"
	"testing"
)

// The statistics of the tests. Seeds are fixed, so a test that passes passes for
// ever; the bounds are 4 standard deviations, so that another seed would do.
const deviations = 4

// testSource starts the draws of a test; each test has a stream of its own.
func testSource(t *testing.T) Source { return NewKey(1, t.Name()).At(0, 0) }

// chiSquare fails if counts do not fit the expectations, or fit them better than
// chance does. The bound is Wilson and Hilferty's (1931).
func chiSquare(t *testing.T, name string, counts []int, expected func(i int) float64) {
	t.Helper()
	sum := 0.0
	for i, n := range counts {
		d := float64(n) - expected(i)
		sum += d * d / expected(i)
	}
	free := float64(len(counts) - 1)
	z := (math.Cbrt(sum/free) - 1 + 2/(9*free)) / math.Sqrt(2/(9*free))
	t.Logf("%s: χ² %.1f of %v, %+.2f deviations", name, sum, free, z)
	if math.Abs(z) > deviations {
		t.Errorf("%s: χ² is %.1f with %v degrees of freedom: %+.1f deviations", name, sum, free, z)
	}
}

// uniform fails if the values, expected to be uniform in [0, 1), are not: by
// bins, for local faults, and by Kolmogorov and Smirnov's distance over them, for
// drifts.
func uniform(t *testing.T, name string, n, bins int, draw func() float64) {
	t.Helper()
	counts := make([]int, bins)
	for range n {
		counts[min(int(draw()*float64(bins)), bins-1)]++
	}
	each := float64(n) / float64(bins)
	chiSquare(t, name, counts, func(int) float64 { return each })
	below, distance := 0.0, 0.0
	for i, count := range counts {
		below += float64(count)
		distance = max(distance, math.Abs(below/float64(n)-float64(i+1)/float64(bins)))
	}
	// The distance exceeds 2/√n once in 1,500 times.
	if scaled := distance * math.Sqrt(float64(n)); scaled > 2 {
		t.Errorf("%s: Kolmogorov-Smirnov distance %.2g, %.2f of 1/√n", name, distance, scaled)
	}
}

// near fails if an average over n draws, each of deviation sigma, is not near
// want.
func near(t *testing.T, name string, got, want, sigma float64, n int) {
	t.Helper()
	if off := (got - want) / sigma * math.Sqrt(float64(n)); math.Abs(off) > deviations {
		t.Errorf("%s is %v, want %v: %+.1f deviations", name, got, want, off)
	}
}

// unmix is Mix backwards.
func unmix(x uint64) uint64 {
	x = (x ^ x>>31 ^ x>>62) * inverse(0x94d049bb133111eb)
	x = (x ^ x>>27 ^ x>>54) * inverse(0xbf58476d1ce4e5b9)
	return x ^ x>>30 ^ x>>60
}

// inverse returns the inverse of an odd number modulo 2^64, by Newton's method.
func inverse(odd uint64) uint64 {
	x := odd // right in the lowest 3 bits
	for range 5 {
		x *= 2 - odd*x
	}
	return x
}

// about returns a Source whose next Uint64 is u.
func about(u uint64) Source { return Source{unmix(u) - golden} }
