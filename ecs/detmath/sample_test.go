package detmath

import "math"

// A sampler draws the tests' arguments: splitmix64, so that a sample is the
// same everywhere and for ever.
type sampler uint64

func (s *sampler) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// within returns a float of [low, high).
func (s *sampler) within(low, high float64) float64 {
	u := float64(s.next()>>11) * (1.0 / (1 << 53))
	return low + float64((high-low)*u)
}

// anyBits returns a float of any bits: every exponent alike, denormals, and one
// in 1,024 a NaN or an infinity.
func (s *sampler) anyBits() float64 { return math.Float64frombits(s.next()) }

// magnitude returns a float of [2^low, 2^high), every exponent alike.
func (s *sampler) magnitude(low, high int) float64 {
	exponent := low + int(s.next()%uint64(high-low))
	return math.Ldexp(s.within(1, 2), exponent)
}

// edges are the arguments at which definitions change.
var edges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2, -2, 3, -3, 1e-300, -1e-300,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 0x1p-1022, 0x1.fffffffffffffp-1023,
	math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
	math.Float64frombits(0xfff8000000000000), math.Float64frombits(0x7ff0000000000001),
	1 << 53, 1<<53 + 2, -(1 << 53), 1 << 29, 1<<29 - 1, 1 << 62, 1 << 63, -(1 << 63), 1 << 64,
	math.Nextafter(1<<63, 0), math.Nextafter(-(1 << 63), math.Inf(-1)),
	math.Nextafter(1, 0), math.Nextafter(1, 2), -math.Nextafter(1, 0),
	math.Pi, math.Pi / 2, math.Pi / 4, 3 * math.Pi / 4, -math.Pi, math.E, math.Ln2, math.Ln2 / 2,
	math.Nextafter(expOverflow, 1000), expUnderflow, math.Nextafter(expUnderflow, -1000),
	-708.4, -1075, 1024, -1074, -56 * math.Ln2, math.Sqrt2, math.Sqrt2 / 2, math.Sqrt2 - 1, math.Sqrt2/2 - 1,
}
