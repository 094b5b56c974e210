package topology

import (
	"math/big"
	"strconv"
	"strings"
)

// A decimal is a number as written, digits · 10^exponent, so that arithmetic on
// it is exact. A float would be rounded once when read and again when scaled,
// and 0.1 ms would depend on how.
type decimal struct {
	negative bool
	digits   string // without leading zeros; empty for zero
	exponent int
}

// parseDecimal reads a decimal number, with or without sign, point and exponent.
// It takes less than strconv does: no hexadecimal, no underscores, no infinity.
func parseDecimal(text string) (d decimal, ok bool) {
	if len(text) > maxNumber {
		return d, false
	}
	mantissa := text
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e < -maxExponent || e > maxExponent {
			return d, false
		}
		mantissa, d.exponent = text[:i], e
	}
	switch {
	case strings.HasPrefix(mantissa, "-"):
		d.negative, mantissa = true, mantissa[1:]
	case strings.HasPrefix(mantissa, "+"):
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits = whole + fraction
	if d.digits == "" || strings.Trim(d.digits, "0123456789") != "" {
		return d, false
	}
	d.exponent -= len(fraction)
	d.digits = strings.TrimLeft(d.digits, "0")
	return d, true
}

// scaled returns the number times factor/divisor, both positive, rounded to the
// nearest integer, halves away from zero; and whether an int64 holds it.
func (d decimal) scaled(factor, divisor int64) (int64, bool) {
	switch {
	case d.digits == "":
		return 0, true
	case len(d.digits) <= 9 && -9 <= d.exponent && d.exponent <= 0 && factor <= 1e9 && divisor <= 2:
		return d.scaledSmall(factor, divisor), true
	}
	value, ok := new(big.Int).SetString(d.digits, 10)
	if !ok {
		panic("topology: a decimal of other than digits")
	}
	value.Mul(value, big.NewInt(factor))
	under := big.NewInt(divisor)
	if d.exponent >= 0 {
		value.Mul(value, powerOfTen(d.exponent))
	} else {
		under.Mul(under, powerOfTen(-d.exponent))
	}
	// Halves go up by adding half a divisor before the cut.
	value.Lsh(value, 1).Add(value, under)
	value.Quo(value, under.Lsh(under, 1))
	if d.negative {
		value.Neg(value)
	}
	return value.Int64(), value.IsInt64()
}

// scaledSmall is scaled for the numbers people write, of nine digits at most and
// as many behind the point, where an int64 holds everything: under 2e18 + 2e9
// above the line, 4e9 below. It saves ten allocations a number.
func (d decimal) scaledSmall(factor, divisor int64) int64 {
	value, under := int64(0), divisor
	for _, digit := range []byte(d.digits) {
		value = 10*value + int64(digit-'0')
	}
	for range -d.exponent {
		under *= 10
	}
	value = (2*value*factor + under) / (2 * under)
	if d.negative {
		return -value
	}
	return value
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// float returns the nearest float64 to the number times 10^shift, infinite if
// there is none. strconv rounds correctly, so it is the same everywhere.
func (d decimal) float(shift int) float64 {
	if d.digits == "" {
		return 0
	}
	f, _ := strconv.ParseFloat(d.digits+"e"+strconv.Itoa(d.exponent+shift), 64)
	if d.negative {
		return 0 - f // never -0, which would be a place of other bits
	}
	return f
}
