package detmath

import (
	"math"
	"math/bits"
)

// Mod returns the remainder of x/y with the sign of x, exactly: x - n·y for
// whole n, |x - n·y| < |y|.
// Mod(±Inf, y) and Mod(x, 0) are NaN, Mod(x, ±Inf) = x for finite x.
//
// It is integer long division of the significands, 64 bits a step. (Go's
// math.Mod gives other bits on GO386=softfloat.)
func Mod(x, y float64) float64 {
	switch {
	case x-x != 0 || y != y || y == 0:
		return NaN()
	case math.Abs(x) < math.Abs(y):
		return x
	}
	dividend, xExponent := significand(x)
	divisor, exponent := significand(y)
	remainder := dividend % divisor
	for shift := xExponent - exponent; shift > 0; shift -= 64 {
		by := min(shift, 64)
		remainder = bits.Rem64(remainder>>(64-by), remainder<<by, divisor)
	}
	return math.Copysign(math.Ldexp(float64(remainder), exponent), x)
}

// significand takes a finite x apart: |x| = s·2^exponent, s below 2^53 and, but
// for denormals, at least 2^52. For |x| ≥ |y| the exponent of x is not below
// that of y.
func significand(x float64) (s uint64, exponent int) {
	const shift, bias, lowest = 52, 1023, -1074
	b := math.Float64bits(x)
	s, biased := b&(1<<shift-1), int(b>>shift&0x7ff)
	if biased == 0 {
		return s, lowest
	}
	return s | 1<<shift, biased - bias - shift
}
