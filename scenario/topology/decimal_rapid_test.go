// Proves that decimals are exact: against rationals for what is scaled, against
// strconv for floats, over numbers as any program writes them.
package topology

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var numbers = rapid.Custom(func(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign") +
		rapid.StringMatching(`[0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20}`).Draw(t, "mantissa") +
		rapid.StringMatching(`([eE][+-]?[0-9]{1,2})?`).Draw(t, "exponent")
})

func TestScaledIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := numbers.Draw(t, "number")
		factor := rapid.Int64Range(1, 2_000_000_000).Draw(t, "factor")
		divisor := rapid.Int64Range(1, 3).Draw(t, "divisor")
		d, ok := parseDecimal(text)
		if !ok {
			t.Fatalf("%s is not taken for a number", text)
		}
		got, fits := d.scaled(factor, divisor)

		exact, _ := new(big.Rat).SetString(text)
		exact.Mul(exact, big.NewRat(factor, divisor))
		// Halves away from zero: floor(|x| + 1/2) with the sign of x.
		want := new(big.Rat).Add(new(big.Rat).Abs(exact), big.NewRat(1, 2))
		whole := new(big.Int).Quo(want.Num(), want.Denom())
		if exact.Sign() < 0 {
			whole.Neg(whole)
		}
		if fits != whole.IsInt64() || fits && got != whole.Int64() {
			t.Fatalf("%s · %d / %d = %d %v, want %v", text, factor, divisor, got, fits, whole)
		}
	})
}

func TestFloatIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := numbers.Draw(t, "number")
		d, _ := parseDecimal(text)
		want, _ := strconv.ParseFloat(text, 64)
		if got := d.float(0); got != want || got == 0 && math.Signbit(got) {
			t.Fatalf("%s is %v, want %v", text, got, want)
		}
	})
}

func TestFloatShifts(t *testing.T) {
	d, _ := parseDecimal("1500.1")
	if got := d.float(-3); got != 1.5001 {
		t.Errorf("1500.1 m is %v km", got)
	}
	d, _ = parseDecimal("-1e-400")
	if got := d.float(0); math.Signbit(got) {
		t.Error("a number too small for a float is -0")
	}
}

// The short way round has edges that random numbers miss.
func TestScaledAtEdges(t *testing.T) {
	for _, test := range []struct {
		text            string
		factor, divisor int64
		want            int64
		fits            bool
	}{
		{"999999999", 1e9, 2, 499_999_999_500_000_000, true},
		{"9999999999", 1e9, 1, 0, false},
		{"999999999999", 1e9, 1, 0, false},
		{"999999999", 1e11, 1, 0, false},
		{"9223372036854775807", 1, 1, 9_223_372_036_854_775_807, true},
		{"9223372036854775807.5", 1, 1, 0, false},
		{"0.000000001", 500_000_000, 1, 1, true},
		{"0.000000001", 499_999_999, 1, 0, true},
		{"-0.5", 1, 1, -1, true},
		{"1e400", 1, 1, 0, false},
		{"1e-400", 1e9, 1, 0, true},
	} {
		d, _ := parseDecimal(test.text)
		if got, fits := d.scaled(test.factor, test.divisor); fits != test.fits || fits && got != test.want {
			t.Errorf("%s · %d / %d = %d %v", test.text, test.factor, test.divisor, got, fits)
		}
	}
}

func TestNotDecimal(t *testing.T) {
	for _, text := range []string{
		"", "-", ".", "+.", "--1", "1-", "0x10", "1_000", "Inf", "NaN", "1e", "1e+", "e5", "1.2.3", "1,5", "1 2", "١",
		"1e99999999999999999999", "1e401", "1e-401", strings.Repeat("1", maxNumber+1),
	} {
		if d, ok := parseDecimal(text); ok {
			t.Errorf("%q is %v", text, d)
		}
	}
}
