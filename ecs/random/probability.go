package random

import (
	"fmt"
	"math"
	"math/bits"
)

// Probability is a chance in units of 2^-64, but that the highest value is
// exactly 1: p < Always is p/2^64.
type Probability uint64

const (
	Never  Probability = 0
	Always Probability = math.MaxUint64
)

// Ratio returns numerator/denominator, cut to a multiple of 2^-64. It is Always
// and Never only for ratios of 1 and 0.
func Ratio(numerator, denominator uint64) (Probability, error) {
	switch {
	case denominator == 0:
		return Never, fmt.Errorf("random: a probability of %d in 0", numerator)
	case numerator > denominator:
		return Never, fmt.Errorf("random: a probability of %d in %d is above 1", numerator, denominator)
	case numerator == denominator:
		return Always, nil
	}
	quotient, _ := bits.Div64(numerator, 0, denominator)
	return Probability(quotient), nil
}

// Fraction returns f, which must be in [0, 1]: exactly, but that what is below
// 2^-64 and not 0 becomes 2^-64.
func Fraction(f float64) (Probability, error) {
	switch {
	case !(0 <= f && f <= 1):
		return Never, fmt.Errorf("random: a probability of %v is not in 0 to 1", f)
	case f == 1:
		return Always, nil
	case f == 0:
		return Never, nil
	}
	return max(1, Probability(math.Ldexp(f, 64))), nil
}

// Chance draws whether something of probability p happens. It takes one draw
// whatever p is, so that a changed p shifts no later draw of the event.
func (s *Source) Chance(p Probability) bool {
	return s.Uint64() < uint64(p) || p == Always
}
