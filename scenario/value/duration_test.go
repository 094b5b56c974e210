// Proves durations: what is read and what is refused with which cure, that
// printing is exact and the shortest, and arithmetic against exact fractions.
package value

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]Duration{
		"10ms": 10e6, "1.5s": 1.5e9, "2m": 120e9, "1h": 3600e9, "3d": 3 * 86400e9, "100us": 100e3, "5ns": 5,
		"0s": 0, "-0s": 0, "-1.5s": -1.5e9, "007ms": 7e6, "1.50s": 1.5e9, "0.000001ms": 1,
		"0.0000152587890625d": 1318359375, "2.50000000000000000000000s": 2.5e9,
		"9223372036854775807ns": math.MaxInt64, "-9223372036854775808ns": math.MinInt64,
		"9223372036.854775807s": math.MaxInt64,
	} {
		if got, err := ParseDuration(s); got != want || err != nil {
			t.Errorf("%s is %d ns, %v, want %d", s, got, err, want)
		}
	}
}

const form = `; write a number and one of ns us ms s m h d, as in "10ms"`

func TestDurationsAreRefused(t *testing.T) {
	for s, want := range map[string]string{
		"10 ms":                               `"10 ms" is not a duration; write "10ms"`,
		"1h30m":                               `"1h30m" is not a duration; write "90m"`,
		"1h 30m":                              `"1h 30m" is not a duration; write "90m"`,
		"10ms10ms10ms":                        `"10ms10ms10ms" is not a duration; write "30ms"`,
		"10":                                  `"10" is not a duration: its unit is missing; write "10ms"`,
		"10sec":                               `"10sec" is not a duration; write "10s"`,
		"10S":                                 `"10S" is not a duration; write "10s"`,
		"5µs":                                 `"5µs" is not a duration; write "5us"`,
		".5s":                                 `".5s" is not a duration; write "0.5s"`,
		"5.s":                                 `"5.s" is not a duration; write "5s"`,
		"+5s":                                 `"+5s" is not a duration; write "5s"`,
		"- 5 s":                               `"- 5 s" is not a duration; write "-5s"`,
		"":                                    `"" is not a duration` + form + `; a text times a number repeats the text: write duration("10ms") * n`,
		"-":                                   `"-" is not a duration` + form,
		"ms":                                  `"ms" is not a duration` + form,
		"soon":                                `"soon" is not a duration` + form,
		"1.2.3s":                              `"1.2.3s" is not a duration` + form,
		"1e3s":                                `"1e3s" is not a duration` + form,
		"1.5ns":                               `"1.5ns" is finer than 1ns, the shortest duration`,
		"0.00000000000000001d":                `"0.00000000000000001d" is finer than 1ns, the shortest duration`,
		"9223372036854775808ns":               `"9223372036854775808ns" is over 292 years, the longest duration`,
		"-9223372036854775809ns":              `"-9223372036854775809ns" is over 292 years, the longest duration`,
		"300000d":                             `"300000d" is over 292 years, the longest duration`,
		"99999999999999999999s":               `"99999999999999999999s" is over 292 years, the longest duration`,
		"18446744073.709551616s":              `"18446744073.709551616s" is over 292 years, the longest duration`,
		"18446744073709551617ns":              `"18446744073709551617ns" is over 292 years, the longest duration`,
		"106751d106751d":                      `"106751d106751d" is not a duration` + form,
		"0." + strings.Repeat("0", 70) + "1s": `"0.00000000000000000000000000000000000000…" is finer than 1ns, the shortest duration`,
		strings.Repeat("0", 70):               `"0000000000000000000000000000000000000000…" is not a duration` + form,
		strings.Repeat("9", 70):               `"9999999999999999999999999999999999999999…" is not a duration` + form,
	} {
		if got, err := ParseDuration(s); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v\nwant %s", s, got, err, want)
		}
	}
	for _, v := range []starlark.Value{starlark.MakeInt(10), starlark.Float(1)} {
		if _, err := AsDuration(v); err == nil || err.Error() != `a duration needs a unit: "10ms"` {
			t.Errorf("%s: %v", v, err)
		}
	}
	if _, err := AsDuration(starlark.None); err == nil || err.Error() != `a duration is wanted, as in "10ms", not None` {
		t.Error(err)
	}
}

func TestDurationString(t *testing.T) {
	for want, d := range map[string]Duration{
		"1.203s": 1203e6, "10ms": 10e6, "0s": 0, "100us": 100e3, "1.5ms": 1500e3, "1m": 60e9, "90s": 90e9, "90m": 5400e9,
		"36h": 36 * 3600e9, "1d": 86400e9, "-10ms": -10e6, "100s": 100e9, "5.5m": 330e9, "1.000000001s": 1e9 + 1,
		"-9223372036.854775808s": math.MinInt64, "9223372036.854775807s": math.MaxInt64,
	} {
		if got := d.String(); got != want {
			t.Errorf("%d ns print as %s, want %s", int64(d), got, want)
		}
	}
}

var durations = rapid.Custom(func(t *rapid.T) Duration {
	unit := rapid.SampledFrom(units[:]).Draw(t, "unit")
	if rapid.Bool().Draw(t, "whole") {
		return Duration(rapid.Int64Range(-100000, 100000).Draw(t, "n") * int64(unit.nanoseconds))
	}
	return Duration(rapid.Int64().Draw(t, "n"))
})

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := durations.Draw(t, "d")
		s := d.String()
		if back, err := ParseDuration(s); back != d || err != nil {
			t.Fatalf("%d ns print as %s, which is %d, %v", int64(d), s, int64(back), err)
		}
		for _, u := range units {
			n := new(big.Rat).SetFrac(big.NewInt(int64(d)), new(big.Int).SetUint64(u.nanoseconds))
			digits, exact := n.FloatPrec()
			if exact && n.Num().CmpAbs(n.Denom()) >= 0 && len(n.FloatString(digits)+u.name) < len(s) {
				t.Fatalf("%s is shorter as %s%s", s, n.FloatString(digits), u.name)
			}
		}
	})
}

// rational is a duration or a number as an exact fraction.
func rational(v starlark.Value) *big.Rat {
	switch v := v.(type) {
	case Duration:
		return new(big.Rat).SetInt64(int64(v))
	case starlark.Int:
		return new(big.Rat).SetInt(v.BigInt())
	}
	return new(big.Rat).SetFloat64(float64(v.(starlark.Float)))
}

// nearest rounds half away from zero.
func nearest(r *big.Rat) *big.Int {
	n := new(big.Int).Abs(r.Num())
	n.Lsh(n, 1).Add(n, r.Denom())
	n.Quo(n, new(big.Int).Lsh(r.Denom(), 1))
	if r.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

func TestScaling(t *testing.T) {
	number := rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) starlark.Value { return starlark.MakeInt64(n) }),
		rapid.Map(rapid.Uint64(), func(n uint64) starlark.Value { return starlark.MakeUint64(n) }),
		rapid.Map(rapid.IntRange(-50, 50), func(n int) starlark.Value { return starlark.MakeInt(n) }),
		rapid.Map(rapid.IntRange(-50, 50), func(n int) starlark.Value { return starlark.Float(n) / 8 }),
		rapid.Map(rapid.Float64Range(-2, 2), func(x float64) starlark.Value { return starlark.Float(x) }),
		rapid.Map(rapid.Float64(), func(x float64) starlark.Value { return starlark.Float(x) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		d, y := durations.Draw(t, "d"), number.Draw(t, "y")
		r := new(big.Rat)
		op := rapid.SampledFrom([]syntax.Token{syntax.STAR, syntax.SLASH}).Draw(t, "op")
		if op == syntax.STAR {
			r.Mul(rational(d), rational(y))
		} else {
			if rational(y).Sign() == 0 {
				return
			}
			r.Quo(rational(d), rational(y))
		}
		want := nearest(r)
		got, err := starlark.Binary(op, d, y)
		if !want.IsInt64() {
			if err == nil || !strings.Contains(err.Error(), "over 292 years") {
				t.Fatalf("%s %s %s is %v, %v, want that it is too long", d, op, y, got, err)
			}
			return
		}
		if err != nil || got != Duration(want.Int64()) {
			t.Fatalf("%s %s %s is %v, %v, want %s", d, op, y, got, err, Duration(want.Int64()))
		}
		if other, _ := starlark.Binary(op, y, d); op == syntax.STAR && other != got {
			t.Fatalf("%s * %s is %v, the other way round %v", d, y, got, other)
		}
	})
}

func TestSumsAndRemainders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, e := durations.Draw(t, "d"), durations.Draw(t, "e")
		x, y := big.NewInt(int64(d)), big.NewInt(int64(e))
		for op, want := range map[syntax.Token]*big.Int{syntax.PLUS: new(big.Int).Add(x, y), syntax.MINUS: new(big.Int).Sub(x, y)} {
			got, err := starlark.Binary(op, d, e)
			if want.IsInt64() != (err == nil) || err == nil && got != Duration(want.Int64()) {
				t.Fatalf("%s %s %s is %v, %v", d, op, e, got, err)
			}
		}
		if e == 0 {
			return
		}
		q, err := starlark.Binary(syntax.SLASHSLASH, d, e)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := starlark.Binary(syntax.PERCENT, d, e)
		if err != nil {
			t.Fatal(err)
		}
		r := rest.(Duration)
		back := new(big.Int).Mul(q.(starlark.Int).BigInt(), y)
		if back.Add(back, big.NewInt(int64(r))).Cmp(x) != 0 || r != 0 && (r < 0) != (e < 0) {
			t.Fatalf("%s // %s is %s, the rest %s", d, e, q, r)
		}
	})
}
