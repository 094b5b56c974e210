package random

import (
	"math"
	"math/bits"

	"orrery/ecs/detmath"
)

// The exponential distribution by the ziggurat: the area under e^-x is covered
// by 256 layers of equal area. All but the lowest are rectangles [0, width] wide,
// whose part [0, width of the layer above] lies wholly under the curve: a point
// there is a draw, at one multiplication and one comparison. The lowest layer is
// a rectangle and the tail beyond it.
//
// Source: Marsaglia and Tsang (2000), "The Ziggurat Method for Generating Random
// Variables", in integers.

// exponentialBits is the number of fraction bits of a variate: Q6.58.
const exponentialBits = 58

// Exponential draws a standard exponential variate, of mean 1, in units of
// 2^-58 (Q6.58). It takes one draw of Uint64 in 97.8% of cases, 1.034 on
// average. Variates of 64 and more, one in 6·10^27, come out as the highest
// uint64.
func (s *Source) Exponential() uint64 {
	u := s.Uint64()
	if x, ok := exponentialFast(u); ok {
		return x
	}
	return s.exponentialRest(u)
}

// ExponentialOf draws an exponential variate of the given mean, rounded down,
// in the mean's unit: floor(mean·[Source.Exponential]). A result over the
// highest uint64 comes out as that.
func (s *Source) ExponentialOf(mean uint64) uint64 {
	u := s.Uint64()
	x, ok := exponentialFast(u)
	if !ok {
		x = s.exponentialRest(u)
	}
	high, low := bits.Mul64(mean, x)
	if high>>exponentialBits != 0 {
		return math.MaxUint64
	}
	return high<<(64-exponentialBits) | low>>exponentialBits
}

// ExponentialTables returns the tables of the fast path, for code that inlines
// it by hand; nobody may write to them. With u drawn by Uint64 and i = u&255, u
// < accept[i] (97.8%) makes the high word of u·width[i] the variate. If it is
// not, take a copy of the Source from before u and call Exponential.
func ExponentialTables() (accept, width *[256]uint64) {
	return &exponentialAccept, &exponentialWidth
}

// exponentialFast returns the variate if u falls into the part of its layer that
// is wholly under the curve. The lowest 8 bits of u choose the layer and all of u
// the place in it: given the layer, places are 2^-56 of it apart.
func exponentialFast(u uint64) (x uint64, ok bool) {
	layer := uint8(u)
	x, _ = bits.Mul64(u, exponentialWidth[layer])
	return x, u < exponentialAccept[layer]
}

// exponentialRest finishes a draw that the fast path did not. A point in the
// tail starts again beyond the ziggurat, the distribution having no memory; a
// point above the curve starts again where it is.
func (s *Source) exponentialRest(u uint64) uint64 {
	var base uint64
	for {
		x, ok := exponentialFast(u)
		layer := uint8(u)
		switch {
		case ok, layer != 0 && s.underCurve(layer, x):
			return addSaturating(base, x)
		case layer == 0:
			base = addSaturating(base, exponentialWidth[255])
		}
		u = s.Uint64()
	}
}

// underCurve draws the height of a point at x in the layer and reports whether
// it is under e^-x.
func (s *Source) underCurve(layer uint8, x uint64) bool {
	bottom, top := exponentialDensity[layer], exponentialDensity[layer-1]
	height, _ := bits.Mul64(s.Uint64(), top-bottom)
	curve := detmath.Exp(-float64(float64(x) * (1.0 / (1 << exponentialBits))))
	return bottom+height < uint64(float64(curve*(1<<63)))
}

func addSaturating(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}
