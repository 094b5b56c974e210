// Proves the plain draws: ranges by properties, uniformity by statistics, and
// the places where a rejection must happen by a Source made for it.
package random

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// sources draws Sources of any state.
var sources = rapid.Custom(func(t *rapid.T) Source { return Source{rapid.Uint64().Draw(t, "state")} })

func TestMixIsABijection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64().Draw(t, "x")
		if back := unmix(Mix(x)); back != x {
			t.Fatalf("Mix(%#x) comes from %#x too", x, back)
		}
	})
}

// TestSplitmix64 compares with the published first values of splitmix64 for the
// seed 1234567.
func TestSplitmix64(t *testing.T) {
	s := Source{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973,
		9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := s.Uint64(); got != want {
			t.Errorf("draw %d is %d, want %d", i, got, want)
		}
	}
}

func TestDrawsAreInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sources.Draw(t, "source")
		n := rapid.Uint64Min(1).Draw(t, "n")
		if x := s.Below(n); x >= n {
			t.Fatalf("%d is not below %d", x, n)
		}
		lo := rapid.Int64().Draw(t, "lo")
		hi := rapid.Int64Min(lo).Draw(t, "hi")
		if x := s.Between(lo, hi); x < lo || x > hi {
			t.Fatalf("%d is not between %d and %d", x, lo, hi)
		}
		if x := s.Unit(); x < 0 || x >= 1 {
			t.Fatalf("%v is not in [0, 1)", x)
		}
	})
}

func TestEndsOfRangesAreReached(t *testing.T) {
	lowest, highest := about(0), about(math.MaxUint64)
	if x := lowest.Between(math.MinInt64, math.MaxInt64); x != 0 {
		t.Errorf("the whole range shifts 0 bits to %d", x)
	}
	if x := highest.Between(-5, 5); x != 5 {
		t.Errorf("the highest draw between -5 and 5 is %d", x)
	}
	if highest = about(math.MaxUint64); highest.Unit() != 1-0x1p-53 {
		t.Error("the highest draw of Unit is not the last float below 1")
	}
	if lowest = about(0); lowest.Unit() != 0 {
		t.Error("the lowest draw of Unit is not 0")
	}
}

// TestBelowRejects: for n = 2^63+1 the first 2^63-1 products must be rejected,
// 0 among them; for a power of two none.
func TestBelowRejects(t *testing.T) {
	s := about(0)
	after := s
	after.Uint64()
	if s.Below(1<<63 + 1); s.state == after.state {
		t.Error("a product that favours low values was taken")
	}
	s = about(0)
	if s.Below(1 << 63); s.state != after.state {
		t.Error("a draw below a power of two was rejected")
	}
}

func TestBelowIsUniform(t *testing.T) {
	s := testSource(t)
	const n = 100_000
	for _, bound := range []uint64{2, 3, 7, 100, 1000} {
		counts := make([]int, bound)
		for range n {
			counts[s.Below(bound)]++
		}
		chiSquare(t, "Below", counts, func(int) float64 { return n / float64(bound) })
	}
	// Of 2^64 products three quarters are values; without a rejection those
	// divisible by 3 come twice as often.
	counts := make([]int, 3)
	for range n {
		counts[s.Below(3<<62)%3]++
	}
	chiSquare(t, "Below(3·2^62) modulo 3", counts, func(int) float64 { return n / 3.0 })
}

func TestUnitIsUniform(t *testing.T) {
	s := testSource(t)
	uniform(t, "Unit", 1_000_000, 4096, s.Unit)
}

func TestRatioIsExact(t *testing.T) {
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Uint64Min(1).Draw(t, "denominator")
		n := rapid.Uint64Max(d).Draw(t, "numerator")
		p, err := Ratio(n, d)
		want := new(big.Int).Mul(two64, new(big.Int).SetUint64(n))
		want.Div(want, new(big.Int).SetUint64(d))
		switch {
		case err != nil:
			t.Fatal(err)
		case (p == Always) != (n == d), (p == Never) != (n == 0):
			t.Fatalf("%d in %d is %#x", n, d, p)
		case n < d && want.Uint64() != uint64(p):
			t.Fatalf("%d in %d is %#x, want %#x", n, d, p, want)
		}
	})
}

func TestFractionIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(0, 1).Draw(t, "f")
		p, err := Fraction(f)
		switch {
		case err != nil:
			t.Fatal(err)
		case (p == Always) != (f == 1), (p == Never) != (f == 0):
			t.Fatalf("%v is %#x", f, p)
		case f < 1 && f > 0x1p-11 && float64(p)*0x1p-64 != f: // all of f's bits are there
			t.Fatalf("%v is %#x", f, p)
		}
	})
}

func TestBadProbabilities(t *testing.T) {
	for _, f := range []float64{-0.1, 1.0000001, math.NaN(), math.Inf(1)} {
		if _, err := Fraction(f); err == nil {
			t.Errorf("%v is taken for a probability", f)
		}
	}
	for _, r := range [][2]uint64{{0, 0}, {1, 0}, {2, 1}} {
		if _, err := Ratio(r[0], r[1]); err == nil {
			t.Errorf("%d in %d is taken for a probability", r[0], r[1])
		}
	}
}

func TestChance(t *testing.T) {
	s := testSource(t)
	third, _ := Ratio(1, 3)
	const n = 200_000
	happened := 0
	for range n {
		if s.Chance(third) {
			happened++
		}
	}
	near(t, "a chance of 1 in 3", float64(happened)/n, 1.0/3, math.Sqrt(2.0/9), n)

	for _, u := range []uint64{0, 1, math.MaxUint64 - 1, math.MaxUint64} {
		never, always := about(u), about(u)
		if never.Chance(Never) || !always.Chance(Always) {
			t.Errorf("at %#x Never happens or Always does not", u)
		}
		if never != always {
			t.Error("a draw depends on the probability")
		}
	}
}

func TestBugsPanic(t *testing.T) {
	var s Source
	for name, bug := range map[string]func(){
		"Below(0)":        func() { s.Below(0) },
		"Between(1, 0)":   func() { s.Between(1, 0) },
		"Shuffle(-1)":     func() { s.Shuffle(-1, nil) },
		"Sample(1, 2)":    func() { s.Sample(1, 2, nil) },
		"Sample(1, -1)":   func() { s.Sample(1, -1, nil) },
		"Zipf(0, 1)":      func() { s.Zipf(0, 1) },
		"Zipf(1, NaN)":    func() { s.Zipf(1, math.NaN()) },
		"Zipf(1<<54, 1)":  func() { s.Zipf(1<<54, 1) },
		"Zipf(10, -0.01)": func() { s.Zipf(10, -0.01) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			bug()
		}()
	}
}
