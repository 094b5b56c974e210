package detmath

import "math"

// ln 2 in two parts, the higher with 20 trailing zero bits so that its product
// with any exponent is exact.
const (
	ln2High = 6.93147180369123816490e-01 // 0x3fe62e42fee00000
	ln2Low  = 1.90821492927058770002e-10 // 0x3dea39ef35793c76
)

// Log returns the natural logarithm of x.
// Log(+Inf) = +Inf, Log(±0) = -Inf, Log(x < 0) = NaN.
//
// Source: e_log.c of FreeBSD's msun (Sun Microsystems 1993), as in Go's
// math.Log.
func Log(x float64) float64 {
	if edge, is := logEdge(x); is {
		return edge
	}
	m, k := mantissa(x)
	f := m - 1
	half, sr := logSeries(f)
	return float64(k*ln2High) - ((half - (sr + float64(k*ln2Low))) - f)
}

// Log2 returns the binary logarithm of x, exact for powers of two.
// Edges as [Log].
func Log2(x float64) float64 {
	if edge, is := logEdge(x); is {
		return edge
	}
	m, k := mantissa(x)
	return k + float64(Log(m)*(1/math.Ln2))
}

// Log10 returns the decimal logarithm of x. Edges as [Log]. For a power of ten it
// may be one place off the integer.
func Log10(x float64) float64 { return CanonicalNaN(float64(Log(x) * (1 / math.Ln10))) }

// logEdge answers for the arguments at which no logarithm is computed.
func logEdge(x float64) (value float64, is bool) {
	switch {
	case x != x || x < 0:
		return NaN(), true
	case x == 0:
		return math.Inf(-1), true
	case x > math.MaxFloat64:
		return x, true
	}
	return 0, false
}

// mantissa takes a positive finite x apart: x = m·2^k with m in [√½, √2). The
// interval is centred on 1 so that a logarithm near 0 is no difference of two
// larger numbers.
func mantissa(x float64) (m, k float64) {
	m, exponent := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m = float64(2 * m)
		exponent--
	}
	return m, float64(exponent)
}

// logSeries returns half = f²/2 and sr such that log(1+f) = f - (half - sr),
// for f in [√½-1, √2-1): s = f/(2+f) and an odd polynomial in s of degree 15.
func logSeries(f float64) (half, sr float64) {
	const (
		l1 = 6.666666666666735130e-01 // 0x3fe5555555555593
		l2 = 3.999999999940941908e-01 // 0x3fd999999997fa04
		l3 = 2.857142874366239149e-01 // 0x3fd2492494229359
		l4 = 2.222219843214978396e-01 // 0x3fcc71c51d8e78af
		l5 = 1.818357216161805012e-01 // 0x3fc7466496cb03de
		l6 = 1.531383769920937332e-01 // 0x3fc39a09d078c69f
		l7 = 1.479819860511658591e-01 // 0x3fc2f112df3e5244
	)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	odd := float64(s2 * (l1 + float64(s4*(l3+float64(s4*(l5+float64(s4*l7)))))))
	even := float64(s4 * (l2 + float64(s4*(l4+float64(s4*l6)))))
	half = float64(float64(0.5*f) * f)
	return half, float64(s * (half + (odd + even)))
}
