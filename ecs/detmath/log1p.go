package detmath

import "math"

// Log1p returns log(1+x), accurate for x near 0.
// Log1p(±0) = ±0, Log1p(+Inf) = +Inf, Log1p(-1) = -Inf, Log1p(x < -1) = NaN.
//
// Source: s_log1p.c of FreeBSD's msun, with the polynomial of e_log.c: what
// 1+x loses in rounding is added back as a first-order correction.
func Log1p(x float64) float64 {
	const tiny = 1.0 / (1 << 54) // below it log(1+x) rounds to x
	switch {
	case x != x || x < -1:
		return NaN()
	case x == -1:
		return math.Inf(-1)
	case x > math.MaxFloat64 || math.Abs(x) < tiny:
		return x
	case math.Sqrt2/2-1 < x && x < math.Sqrt2-1:
		half, sr := logSeries(x)
		return x - (half - sr)
	}
	u := 1 + x
	m, k := mantissa(u)
	f := m - 1
	half, sr := logSeries(f)
	low := float64(k*ln2Low) + lost(x, u)/u
	return float64(k*ln2High) - ((half - (sr + low)) - f)
}

// lost returns what rounding took from 1+x to give u.
func lost(x, u float64) float64 {
	if x > 1 {
		return 1 - (u - x)
	}
	return x - (u - 1)
}
