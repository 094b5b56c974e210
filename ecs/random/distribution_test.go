// Proves the shapes of the continuous and the Zipf draws against their exact
// distribution functions, and the ziggurat's rare paths one by one.
package random

import (
	"math"
	"math/big"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

const unit = 1.0 / (1 << exponentialBits)

func TestExponentialFitsItsDistribution(t *testing.T) {
	s := testSource(t)
	const n = 4_000_000
	sum, squares := 0.0, 0.0
	uniform(t, "Exponential", n, 4096, func() float64 {
		x := float64(s.Exponential()) * unit
		sum += x
		squares += x * x
		return -math.Expm1(-x)
	})
	near(t, "the mean", sum/n, 1, 1, n)
	near(t, "the mean square", squares/n, 2, math.Sqrt(20), n)
}

// TestTail: e^-r of all draws exceed the ziggurat's end r, and what they exceed
// it by is exponential again.
func TestTail(t *testing.T) {
	s := testSource(t)
	tail := exponentialWidth[255]
	const n = 4_000_000
	var beyond []float64
	for range n {
		if x := s.Exponential(); x > tail {
			beyond = append(beyond, float64(x-tail)*unit)
		}
	}
	p := math.Exp(-float64(tail) * unit)
	near(t, "the part in the tail", float64(len(beyond))/n, p, math.Sqrt(p), n)
	uniform(t, "the tail", len(beyond), 20, func() float64 {
		x := beyond[0]
		beyond = beyond[1:]
		return -math.Expm1(-x)
	})
}

// TestTailAddsUp: a draw that lands in the lowest layer beyond r is r and a new
// draw, again and again.
func TestTailAddsUp(t *testing.T) {
	const beyond = math.MaxUint64 &^ 255 // layer 0, the farthest place
	tail := exponentialWidth[255]
	s := about(0x1234567890abcd80)
	copy := s
	if got, want := s.exponentialRest(beyond), tail+copy.Exponential(); got != want {
		t.Errorf("a draw in the tail is %d, want %d", got, want)
	}
	twice := about(beyond)
	copy = twice
	copy.Uint64()
	if got, want := twice.exponentialRest(beyond), 2*tail+copy.Exponential(); got != want {
		t.Errorf("a draw in the tail's tail is %d, want %d", got, want)
	}
	if got := addSaturating(math.MaxUint64-1, 2); got != math.MaxUint64 {
		t.Errorf("beyond 64 a variate is %d", got)
	}
}

// TestFastPath: it takes what doc comments say it takes, and lies under the
// curve wherever it does.
func TestFastPath(t *testing.T) {
	part := 0.0
	for _, accept := range exponentialAccept {
		part += float64(accept) * 0x1p-64 / 256
	}
	t.Logf("%.4f of draws", part)
	if part < 0.977 || part > 0.979 {
		t.Errorf("the fast path takes %v of draws, the doc says 0.978", part)
	}
	for layer := 2; layer < 256; layer++ {
		u := exponentialAccept[layer]&^255 - 256 | uint64(layer)
		if x, ok := exponentialFast(u); !ok || x > exponentialWidth[layer-1] {
			t.Errorf("layer %d: the last place accepted is %d, beyond the layer above", layer, x)
		}
		if _, ok := exponentialFast(u + 512); ok {
			t.Errorf("layer %d accepts what must be tested", layer)
		}
	}
}

func TestExponentialOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		mean := rapid.Uint64().Draw(t, "mean")
		copy := s
		want := new(big.Int).SetUint64(mean)
		want.Mul(want, new(big.Int).SetUint64(copy.Exponential()))
		want.Rsh(want, exponentialBits)
		if !want.IsUint64() {
			want.SetUint64(math.MaxUint64)
		}
		if got := s.ExponentialOf(mean); got != want.Uint64() {
			t.Fatalf("mean %d gives %d, want %v", mean, got, want)
		}
		if s != copy {
			t.Fatal("ExponentialOf takes other draws than Exponential")
		}
	})
}

func TestNormalFitsItsDistribution(t *testing.T) {
	s := testSource(t)
	const n = 1_000_000
	sum, squares, cubes := 0.0, 0.0, 0.0
	uniform(t, "Normal", n, 1024, func() float64 {
		x := s.Normal()
		sum += x
		squares += x * x
		cubes += x * x * x
		return 0.5 * math.Erfc(-x/math.Sqrt2)
	})
	near(t, "the mean", sum/n, 0, 1, n)
	near(t, "the variance", squares/n, 1, math.Sqrt2, n)
	near(t, "the third moment", cubes/n, 0, math.Sqrt(15), n)
}

// TestExceedsHalfSquare compares what decides on a normal variate with big
// integers: five deviations, 6 in 10^7 draws, are too rare to wait for.
func TestExceedsHalfSquare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Near mean 1 the low words of the products decide.
		x := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(1<<58-1<<32, 1<<58+1<<32)).Draw(t, "x")
		threshold := rapid.OneOf(rapid.Uint64(), rapid.Uint64Max(32)).Draw(t, "threshold")
		one := big.NewInt(1 << exponentialBits)
		d := new(big.Int).Sub(new(big.Int).SetUint64(x), one)
		d.Mul(d, d)
		bound := new(big.Int).SetUint64(threshold)
		bound.Mul(bound, one).Lsh(bound, 1)
		if got, want := exceedsHalfSquare(threshold, x), bound.Cmp(d) > 0; got != want {
			t.Fatalf("%d exceeds half the square of %d-1: %v", threshold, x, got)
		}
	})
}

func TestZipfFitsItsLaw(t *testing.T) {
	s := testSource(t)
	for _, law := range []struct {
		n        uint64
		exponent float64
	}{{2, 0}, {10, 0}, {10, 0.3}, {1000, 0.5}, {10, 1}, {1000, 1}, {1000, 1 + 1e-9}, {1000, 1.1}, {100, 3}, {50, 20}} {
		z, err := NewZipf(law.n, law.exponent)
		if err != nil {
			t.Fatal(err)
		}
		fitsZipf(t, z, &s)
	}
}

// fitsZipf compares counts with 1/(i+1)^exponent, indices expected less than 20
// times taken together.
func fitsZipf(t *testing.T, z Zipf, s *Source) {
	const n, least = 100_000, 20
	total := 0.0
	for i := range z.n {
		total += math.Pow(float64(i+1), -z.exponent)
	}
	binOf := make([]int, z.n)
	expected := []float64{0}
	for i := range z.n {
		if last := len(expected) - 1; expected[last] >= least {
			expected = append(expected, 0)
		}
		binOf[i] = len(expected) - 1
		expected[len(expected)-1] += n * math.Pow(float64(i+1), -z.exponent) / total
	}
	if last := len(expected) - 1; last > 0 && expected[last] < least {
		expected[last-1] += expected[last]
		expected = expected[:last]
	}
	counts := make([]int, len(expected))
	for range n {
		counts[min(binOf[z.Draw(s)], len(counts)-1)]++
	}
	if len(counts) > 1 {
		chiSquare(t, "Zipf", counts, func(i int) float64 { return expected[i] })
	}
}

// TestZipfIsBelow: every law that can be made ends, with an index of its things.
func TestZipfIsBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		n := rapid.Uint64Range(1, maxZipfThings).Draw(t, "n")
		exponent := rapid.OneOf(rapid.Float64Range(0, 3), rapid.Float64Range(0, maxZipfExponent),
			rapid.SampledFrom([]float64{0, 1, 2, maxZipfExponent})).Draw(t, "exponent")
		law, err := NewZipf(n, exponent)
		if err != nil {
			t.Fatal(err)
		}
		copy := s
		i := s.Zipf(n, exponent)
		if i >= n {
			t.Fatalf("%d of %d things", i, n)
		}
		if kept := law.Draw(&copy); kept != i || copy != s {
			t.Fatalf("a law kept draws %d, one made at once %d", kept, i)
		}
	})
}

// TestExponentialByHand: the fast path inlined as ExponentialTables says is
// Exponential, in its value and in what it takes from the Source.
func TestExponentialByHand(t *testing.T) {
	accept, width := ExponentialTables()
	key := NewKey(1, t.Name())
	for event := range uint64(10_000) {
		s := key.At(0, event)
		method, before := s, s
		u := s.Uint64()
		x, _ := bits.Mul64(u, width[u&255])
		if u >= accept[u&255] {
			s = before
			x = s.Exponential()
		}
		if want := method.Exponential(); x != want || s != method {
			t.Fatalf("event %d: by hand %d, by the method %d", event, x, want)
		}
	}
}
