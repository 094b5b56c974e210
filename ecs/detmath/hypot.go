package detmath

import "math"

// Hypot returns the square root of p²+q², overflowing only if the result does.
// An infinite argument gives +Inf even beside a NaN.
//
// Source: Go's math.Hypot, with the product kept from fusing.
func Hypot(p, q float64) float64 {
	p, q = math.Abs(p), math.Abs(q)
	switch {
	case p > math.MaxFloat64 || q > math.MaxFloat64:
		return math.Inf(1)
	case p != p || q != q:
		return NaN()
	}
	if p < q {
		p, q = q, p
	}
	if p == 0 {
		return 0
	}
	q /= p
	return float64(p * math.Sqrt(1+float64(q*q)))
}
