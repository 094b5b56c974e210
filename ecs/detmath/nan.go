package detmath

import "math"

// NaNBits is the one NaN of a run: the bits of Go's math.NaN(). It is quiet,
// positive and carries the payload 1, so that it differs from the
// 0x7ff8000000000000 (and 0xfff8000000000000) machines produce by themselves:
// bits that were never made canonical are recognised in a dump.
const NaNBits = 0x7ff8000000000001

// NaN returns the canonical NaN.
func NaN() float64 { return math.Float64frombits(NaNBits) }

// CanonicalNaN returns f, or the canonical NaN if f is any NaN.
func CanonicalNaN(f float64) float64 {
	if f != f {
		return NaN()
	}
	return f
}

// Bits returns the IEEE 754 bits of f, those of the canonical NaN if f is any
// NaN. Zeros keep their sign: -0 and +0 have different bits.
func Bits(f float64) uint64 {
	if f != f {
		return NaNBits
	}
	return math.Float64bits(f)
}
