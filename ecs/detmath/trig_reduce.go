package detmath

import (
	"math"
	"math/bits"
)

// An angle of at most π/4 in two floats, high the nearest but for its last
// place.
type angle struct{ high, low float64 }

// reducePi4 splits x = (8t + octant)·π/4 + z for finite x ≥ 0 and some whole t:
// octant is even and below 8, |z| ≤ π/4 and right to 2^-62 of itself.
//
// Source: Payne and Hanek (1983), as in Go's math.trigReduce, here for all x and
// with the fraction kept as an integer to the end: near a multiple of π/2 no bit
// is lost.
func reducePi4(x float64) (octant uint64, z angle) {
	if x < math.Pi/4 {
		return 0, angle{x, 0}
	}
	high, low := timesFourOverPi(x)
	octant = high >> 61
	high, low = high<<3|low>>61, low<<3
	if octant&1 == 0 {
		return octant, timesQuarterPi(high, low)
	}
	// The fraction less 1: its two's complement, and negative.
	low, borrow := bits.Sub64(0, low, 0)
	high, _ = bits.Sub64(0, high, borrow)
	z = timesQuarterPi(high, low)
	return (octant + 1) & 7, angle{-z.high, -z.low}
}

// timesFourOverPi returns x·4/π modulo 8 in units of 2^-125, for finite
// x ≥ π/4: the significand by the three words of 4/π that reach these bits.
func timesFourOverPi(x float64) (high, low uint64) {
	const shift, bias = 52, 1023
	b := math.Float64bits(x)
	significand := b&(1<<shift-1) | 1<<shift
	at := b>>shift + 61 - bias - shift
	digit, by := at/64, at%64
	word := func(i uint64) uint64 {
		return fourOverPi[digit+i]<<by | fourOverPi[digit+i+1]>>(64-by)
	}
	high2, _ := bits.Mul64(word(2), significand)
	high1, low1 := bits.Mul64(word(1), significand)
	low, carry := bits.Add64(low1, high2, 0)
	_, low0 := bits.Mul64(word(0), significand)
	high, _ = bits.Add64(low0, high1, carry)
	return high, low
}

// timesQuarterPi returns the fraction (high·2^64 + low)/2^128 times π/4.
func timesQuarterPi(high, low uint64) angle {
	const (
		quarterPi = 0xc90fdaa22168c235 // π/4·2^64
		tail      = 1<<11 - 1          // of 64 bits, what a float has no room for
	)
	zeros := bits.LeadingZeros64(high)
	high = high<<zeros | low>>(64-zeros)
	product, _ := bits.Mul64(high, quarterPi)
	return angle{
		math.Ldexp(float64(product&^tail), -64-zeros),
		math.Ldexp(float64(product&tail), -64-zeros),
	}
}

// fourOverPi holds the bits of 4/π: the integer part, then 1,216 of the
// fraction.
var fourOverPi = [20]uint64{
	0x0000000000000001,
	0x45f306dc9c882a53,
	0xf84eafa3ea69bb81,
	0xb6c52b3278872083,
	0xfca2c757bd778ac3,
	0x6e48dc74849ba5c0,
	0x0c925dd413a32439,
	0xfc3bd63962534e7d,
	0xd1046bea5d768909,
	0xd338e04d68befc82,
	0x7323ac7306a673e9,
	0x3908bf177bf25076,
	0x3ff12fffbc0b301f,
	0xde5e2316b414da3e,
	0xda6cfd9e4f96136e,
	0x9e8c7ecd3cbfd45a,
	0xea4f758fd7cbe2f6,
	0x7a0e73ef14a525d4,
	0xd7f6bf623f1aba10,
	0xac06608df8f6d757,
}
