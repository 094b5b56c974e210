package detmath

import "math"

// Expm1 returns e^x - 1, accurate for x near 0.
// Expm1(±0) = ±0, Expm1(-Inf) = -1, Expm1(x) = +Inf for x > 709.78….
//
// Source: s_expm1.c of FreeBSD's msun (Sun Microsystems 1993), as in Go's
// math.Expm1.
func Expm1(x float64) float64 {
	const (
		tiny = 1.0 / (1 << 54)            // below it e^x-1 rounds to x
		low  = -3.88162424821777243600e+1 // -56·ln2: below it the result rounds to -1
	)
	switch {
	case x != x:
		return NaN()
	case x > expOverflow:
		return math.Inf(1)
	case x < low:
		return -1
	case math.Abs(x) < tiny:
		return x
	}
	r, c, k := reduceExpm1(x)
	e, half := expm1Series(r)
	if k == 0 {
		return r - (float64(r*e) - half)
	}
	e = float64(r*(e-c)) - c
	return expm1Scale(r, e-half, k)
}

// reduceExpm1 splits x = k·ln2 + r + c, |r| ≤ ln2/2 and c what r lost.
func reduceExpm1(x float64) (r, c float64, k int) {
	if math.Abs(x) <= 0.5*math.Ln2 {
		return x, 0, 0
	}
	high, low, k := reduceLn2(x)
	r = high - low
	return r, (high - r) - low, k
}

// expm1Series returns e and half = r²/2 such that e^r - 1 = r - (r·e - half).
func expm1Series(r float64) (e, half float64) {
	const (
		q1 = -3.33333333333331316428e-02 // 0xbfa11111111110f4
		q2 = 1.58730158725481460165e-03  // 0x3f5a01a019fe5585
		q3 = -7.93650757867487942473e-05 // 0xbf14ce199eaadbb7
		q4 = 4.00821782732936239552e-06  // 0x3ed0cfca86e65239
		q5 = -2.01099218183624371326e-07 // 0xbe8afdb76e09c32d
	)
	halfR := float64(0.5 * r)
	half = float64(r * halfR)
	r1 := 1 + float64(half*(q1+float64(half*(q2+float64(half*(q3+float64(half*(q4+float64(half*q5)))))))))
	t := 3 - float64(r1*halfR)
	return float64(half * ((r1 - t) / (6 - float64(r*t)))), half
}

// expm1Scale returns 2^k·(1 + r - e) - 1 for k ≠ 0, in the order of additions
// that loses least for that k.
func expm1Scale(r, e float64, k int) float64 {
	switch {
	case k == -1:
		return float64(0.5*(r-e)) - 0.5
	case k == 1 && r < -0.25:
		return float64(-2 * (e - (r + 0.5)))
	case k == 1:
		return 1 + float64(2*(r-e))
	case k <= -2:
		return math.Ldexp(1-(e-r), k) - 1
	}
	t := 1 - math.Ldexp(1, -k)
	return math.Ldexp(t-(e-r), k)
}
