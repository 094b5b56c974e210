package random

import "math/bits"

// Normal draws a standard normal variate, of mean 0 and deviation 1, a multiple
// of 2^-58 but for the rounding to a float.
//
// Source: von Neumann (1951), in Devroye (1986), chapter IV.2: an exponential
// variate x is kept with probability e^(-(x-1)²/2), that is, if a second one
// exceeds (x-1)²/2; it is then the absolute value of a normal one. No logarithm
// and no root is taken. It takes 3.7 draws of Uint64 on average.
func (s *Source) Normal() float64 {
	for {
		x, threshold := s.Exponential(), s.Exponential()
		if !exceedsHalfSquare(threshold, x) {
			continue
		}
		magnitude := float64(float64(x) * (1.0 / (1 << exponentialBits)))
		if s.Uint64()>>63 == 1 {
			return -magnitude
		}
		return magnitude
	}
}

// exceedsHalfSquare reports whether threshold > (x-1)²/2, all in Q6.58, without
// rounding.
func exceedsHalfSquare(threshold, x uint64) bool {
	const one = 1 << exponentialBits
	distance := max(x, one) - min(x, one)
	high, low := bits.Mul64(distance, distance)
	boundHigh, boundLow := bits.Mul64(threshold, 2*one)
	return boundHigh > high || boundHigh == high && boundLow > low
}
