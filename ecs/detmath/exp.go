package detmath

import "math"

const (
	expOverflow  = 7.09782712893383973096e+02  // above it e^x exceeds every float
	expUnderflow = -7.45133219101941108420e+02 // below it e^x rounds to 0
)

// Exp returns e to the x.
// Exp(x) = +Inf for x > 709.78…, Exp(x) = 0 for x < -745.13…; between -708.4
// and there results are denormal.
//
// Source: e_exp.c of FreeBSD's msun (Sun Microsystems 2004), as in Go's
// math.Exp.
func Exp(x float64) float64 {
	const nearZero = 1.0 / (1 << 28) // below it e^x = 1+x to the last place
	switch {
	case x != x:
		return NaN()
	case x > expOverflow:
		return math.Inf(1)
	case x < expUnderflow:
		return 0
	case -nearZero < x && x < nearZero:
		return 1 + x
	}
	high, low, k := reduceLn2(x)
	return math.Ldexp(expSeries(high, low), k)
}

// reduceLn2 splits x = k·ln2 + (high - low) with |high - low| ≤ ln2/2.
func reduceLn2(x float64) (high, low float64, k int) {
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	return x - float64(n*ln2High), float64(n * ln2Low), int(n)
}

// expSeries returns e^(high-low), by a rational function of degree 10 (Remez).
func expSeries(high, low float64) float64 {
	r := high - low
	c := expCorrection(r)
	return 1 - ((low - float64(r*c)/(2-c)) - high)
}

// expCorrection returns r - r²·P(r²), with which e^r = 1 + r + r·c/(2-c).
func expCorrection(r float64) float64 {
	const (
		p1 = 1.66666666666666657415e-01  // 0x3fc5555555555555
		p2 = -2.77777777770155933842e-03 // 0xbf66c16c16bebd93
		p3 = 6.61375632143793436117e-05  // 0x3f11566aaf25de2c
		p4 = -1.65339022054652515390e-06 // 0xbebbbd41c5d26bf1
		p5 = 4.13813679705723846039e-08  // 0x3e66376972bea4d0
	)
	t := float64(r * r)
	return r - float64(t*(p1+float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))))
}
