// Proves the definitions at the edges of each domain: those of package math,
// with one NaN.
package detmath

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// float draws floats of any bits, the edges often.
var float = rapid.OneOf(
	rapid.Custom(func(t *rapid.T) float64 { return math.Float64frombits(rapid.Uint64().Draw(t, "bits")) }),
	rapid.Custom(func(t *rapid.T) float64 { // NaN of any sign and payload, and infinities
		return math.Float64frombits(0x7ff<<52 | rapid.Uint64().Draw(t, "bits"))
	}),
	rapid.SampledFrom(edges),
)

// classOf reduces a float to what must be the same in every implementation:
// exactly, if it is NaN, zero or infinite; by its sign, if not.
func classOf(f float64) uint64 {
	if f == 0 || f-f != 0 {
		return Bits(f)
	}
	return math.Float64bits(math.Copysign(2, f))
}

// skipForeign skips the comparisons with package math where it has edges of its
// own: on s390x math.Log10 of some NaN is -Inf, on arm64 math.Exp gives 0 for the
// last argument of a denormal. TestGolden covers our edges everywhere.
func skipForeign(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("package math differs at the edges on", runtime.GOARCH)
	}
}

func TestEdgesAreThoseOfMath(t *testing.T) {
	skipForeign(t)
	for _, test := range []struct {
		name      string
		got, want func(float64) float64
	}{
		{"Sqrt", Sqrt, math.Sqrt}, {"Floor", Floor, math.Floor}, {"Ceil", Ceil, math.Ceil},
		{"Trunc", Trunc, math.Trunc}, {"Round", Round, math.Round},
		{"Log", Log, math.Log}, {"Log2", Log2, math.Log2}, {"Log10", Log10, math.Log10},
		{"Log1p", Log1p, math.Log1p}, {"Exp", Exp, math.Exp}, {"Expm1", Expm1, math.Expm1},
		{"Sin", Sin, math.Sin}, {"Cos", Cos, math.Cos}, {"Tan", Tan, math.Tan},
	} {
		for _, x := range edges {
			if got, want := test.got(x), test.want(x); classOf(got) != classOf(want) {
				t.Errorf("%s(%v) = %v (%#x), math has %v", test.name, x, got, math.Float64bits(got), want)
			}
		}
	}
}

func TestEdgesOfTwoAreThoseOfMath(t *testing.T) {
	skipForeign(t)
	for _, test := range []struct {
		name      string
		got, want func(x, y float64) float64
	}{
		{"Pow", Pow, math.Pow}, {"Mod", Mod, math.Mod}, {"Hypot", Hypot, math.Hypot},
	} {
		for _, x := range edges {
			for _, y := range edges {
				if got, want := test.got(x, y), test.want(x, y); classOf(got) != classOf(want) {
					t.Errorf("%s(%v, %v) = %v, math has %v", test.name, x, y, got, want)
				}
			}
		}
	}
}

// TestOneNaN: whatever NaN goes in and however one comes about, NaNBits come
// out.
func TestOneNaN(t *testing.T) {
	all := []func(float64) float64{Sqrt, Floor, Ceil, Trunc, Round, Log, Log2, Log10, Log1p,
		Exp, Expm1, Sin, Cos, Tan, CanonicalNaN}
	pairs := []func(x, y float64) float64{Pow, Mod, Hypot}
	rapid.Check(t, func(t *rapid.T) {
		x, y := float.Draw(t, "x"), float.Draw(t, "y")
		check := func(f float64) {
			if f != f && math.Float64bits(f) != NaNBits {
				t.Fatalf("a NaN of bits %#x", math.Float64bits(f))
			}
		}
		for _, f := range all {
			check(f(x))
		}
		for _, f := range pairs {
			check(f(x, y))
		}
		if x == x && (Bits(x) != math.Float64bits(x) || Bits(CanonicalNaN(x)) != Bits(x)) {
			t.Fatalf("the bits of %v changed", x)
		}
	})
}

// TestInt64 saturates outside of the range and truncates inside.
func TestInt64(t *testing.T) {
	check := func(f float64) error {
		i, ok := Int64(f)
		switch inside := -0x1p63 <= f && f < 0x1p63; {
		case ok != inside:
			return fmt.Errorf("Int64(%v) is ok: %v", f, ok)
		case inside && float64(i) != math.Trunc(f):
			return fmt.Errorf("Int64(%v) = %d", f, i)
		case f >= 0x1p63 && i != math.MaxInt64, f < -0x1p63 && i != math.MinInt64, f != f && i != 0:
			return fmt.Errorf("Int64(%v) = %d does not saturate", f, i)
		}
		return nil
	}
	for _, f := range edges {
		if err := check(f); err != nil {
			t.Error(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if err := check(float.Draw(t, "f")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOnes are the results that must be 1 (or its neighbour the largest float)
// to the last bit.
func TestOnes(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		name string
		got  float64
	}{
		{"Exp(0)", Exp(0)}, {"Exp(-0)", Exp(math.Copysign(0, -1))}, {"Cos(0)", Cos(0)},
		{"Log(e)", Log(math.E)}, {"Log10(10)", Log10(10)}, {"-Expm1(-Inf)", -Expm1(-inf)},
		{"Pow(NaN, 0)", Pow(nan, 0)}, {"Pow(1, NaN)", Pow(1, nan)}, {"Pow(1, Inf)", Pow(1, inf)},
		{"Pow(-1, Inf)", Pow(-1, inf)}, {"Pow(-1, -Inf)", Pow(-1, -inf)},
		{"Pow(-1, 1e300)", Pow(-1, 1e300)}, {"-Pow(-1, 2^53-1)", -Pow(-1, 1<<53-1)},
	} {
		if test.got != 1 {
			t.Errorf("%s = %v", test.name, test.got)
		}
	}
	if got := ulps(Exp(expOverflow), oracleExp(bigOf(expOverflow))); got > 1 {
		t.Errorf("Exp at its last finite argument is off by %v ulp", got)
	}
}

// TestExactPowers: powers of two have exact logarithms.
func TestExactPowers(t *testing.T) {
	for k := -1074; k < 1024; k++ {
		if got := Log2(math.Ldexp(1, k)); got != float64(k) {
			t.Errorf("Log2(2^%d) = %v", k, got)
		}
		if got := Pow(2, float64(k)); got != math.Ldexp(1, k) {
			t.Errorf("Pow(2, %d) = %v", k, got)
		}
	}
}
