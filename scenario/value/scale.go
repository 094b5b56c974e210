package value

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"go.starlark.net/starlark"
)

// times returns d·y, exactly and then rounded once, half away from zero.
func (d Duration) times(y starlark.Value) (Duration, error) {
	var hi, lo uint64
	negative, fits := d < 0, true
	switch y := y.(type) {
	case starlark.Int:
		n, small := y.Int64()
		hi, lo = bits.Mul64(d.magnitude(), Duration(n).magnitude())
		negative = negative != (y.Sign() < 0)
		fits = small || d == 0
	case starlark.Float:
		significand, exponent, err := parts(d, "*", float64(y))
		if err != nil {
			return 0, err
		}
		hi, lo = bits.Mul64(d.magnitude(), significand)
		hi, lo, fits = shift(hi, lo, exponent)
		negative = negative != (y < 0)
	}
	product, ok := durationOf(hi, lo, negative)
	if !ok || !fits {
		return 0, tooLong("%s * %s", d, y)
	}
	return product, nil
}

// parts takes a finite float apart: |f| = significand·2^exponent.
func parts(d Duration, op string, f float64) (significand uint64, exponent int, err error) {
	b := math.Float64bits(f)
	exponent = int(b >> 52 & 0x7ff)
	significand = b & (1<<52 - 1)
	switch exponent {
	case 0x7ff:
		return 0, 0, fmt.Errorf("%s %s %s: the number must be finite", d, op, starlark.Float(f))
	case 0:
		exponent = 1
	default:
		significand |= 1 << 52
	}
	return significand, exponent - 1075, nil
}

// shift returns hi:lo·2^exponent, hi:lo being below 2^117 as a product of 64
// and 53 bits is. A half is rounded up, which is away from zero, as signs are
// kept apart.
func shift(hi, lo uint64, exponent int) (_, _ uint64, fits bool) {
	switch {
	case hi == 0 && lo == 0:
		return 0, 0, true
	case exponent >= 0:
		if hi != 0 || exponent >= bits.LeadingZeros64(lo)+1 {
			return 0, 0, false
		}
		return 0, lo << exponent, true
	}
	s := uint(-exponent)
	var carry uint64
	if s-1 < 64 {
		lo, carry = bits.Add64(lo, 1<<(s-1), 0)
		hi += carry
	} else {
		hi += 1 << (s - 1 - 64)
	}
	// Shifts by 64 and more give 0 in Go, so that what is too small does too.
	return hi >> s, lo>>s | hi<<(64-s) | hi>>(s-64), true
}

// over returns d/y, rounded half away from zero. Divisions are rare, so they
// are done in big integers.
func (d Duration) over(y starlark.Value) (Duration, error) {
	numerator := new(big.Int).SetUint64(d.magnitude())
	denominator := new(big.Int)
	negative := d < 0
	switch y := y.(type) {
	case starlark.Int:
		negative = negative != (y.Sign() < 0)
		denominator.Abs(y.BigInt())
	case starlark.Float:
		significand, exponent, err := parts(d, "/", float64(y))
		if err != nil {
			return 0, err
		}
		negative = negative != (y < 0)
		denominator.SetUint64(significand)
		if exponent >= 0 {
			denominator.Lsh(denominator, uint(exponent))
		} else {
			numerator.Lsh(numerator, uint(-exponent))
		}
	}
	if denominator.Sign() == 0 {
		return 0, divisionByZero(d)
	}
	numerator.Lsh(numerator, 1).Add(numerator, denominator)
	numerator.Quo(numerator, denominator.Lsh(denominator, 1))
	quotient, ok := durationOf(0, numerator.Uint64(), negative)
	if !ok || !numerator.IsUint64() {
		return 0, tooLong("%s / %s", d, y)
	}
	return quotient, nil
}
