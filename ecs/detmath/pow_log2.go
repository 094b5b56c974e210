package detmath

import "math"

// log2Double returns log2(x) = high + low for finite x > 0, to about 70 bits;
// high is a [head].
//
// Source: e_pow.c of FreeBSD's msun. x = 2^n·m with m nearest to 1 or 3/2;
// s = (m-b)/(m+b), log(m/b) = 2s + 2/3·s³ + …
func log2Double(x float64) (high, low float64) {
	const ( // 2/(3·ln2), whole and in two parts
		cp     = 9.61796693925975554329e-01  // 0x3feec709dc3a03fd
		cpHigh = 9.61796700954437255859e-01  // 0x3feec709e0000000
		cpLow  = -7.02846165095275826516e-09 // 0xbe3e2fe0145b01f5
	)
	m, n, centre := log2Centre(x)
	pHigh, pLow := log2Series(m, centre.at)
	zHigh := float64(cpHigh * pHigh)
	zLow := float64(cpLow*pHigh) + float64(pLow*cp) + centre.logLow
	high = head(((zHigh + zLow) + centre.logHigh) + n)
	low = zLow - (((high - n) - centre.logHigh) - zHigh)
	return high, low
}

// A log2Point is a place about which the logarithm is developed, and log2 of
// it in two parts.
type log2Point struct{ at, logHigh, logLow float64 }

// log2Centre returns x = m·2^n with m in [√¾, √3) and the point nearest to m:
// 1 below √1.5, else 1.5.
func log2Centre(x float64) (m, n float64, centre log2Point) {
	one := log2Point{1, 0, 0}
	half := log2Point{
		1.5,
		5.84962487220764160156e-01, // 0x3fe2b80340000000
		1.35003920212974897128e-08, // 0x3e4cfdeb43cfd006
	}
	m, exponent := math.Frexp(x)
	m, n = float64(2*m), float64(exponent-1)
	switch {
	case m < 1.2247448713915890: // √1.5
		return m, n, one
	case m < 1.7320508075688772: // √3
		return m, n, half
	}
	return m / 2, n + 1, one
}

// log2Series returns 3/2·log(m/b) in two parts, the higher a [head].
func log2Series(m, b float64) (high, low float64) {
	u := m - b
	v := 1 / (m + b)
	s := float64(u * v)
	sHigh := head(s)
	// m+b in two parts; sHigh times the higher is exact.
	tHigh := head(m + b)
	tLow := m - (tHigh - b)
	sLow := float64(v * ((u - float64(sHigh*tHigh)) - float64(sHigh*tLow)))

	r := log2Tail(float64(s*s)) + float64(sLow*(sHigh+s))
	s2 := float64(sHigh * sHigh)
	tHigh = head(3 + s2 + r)
	tLow = r - ((tHigh - 3) - s2)
	u = float64(sHigh * tHigh)
	v = float64(sLow*tHigh) + float64(tLow*s)
	high = head(u + v)
	return high, v - (high - u)
}

// log2Tail returns the terms of 3/2·log(m/b)/s above 3 + s², given s².
func log2Tail(s2 float64) float64 {
	const (
		l1 = 5.99999999999994648725e-01 // 0x3fe3333333333303
		l2 = 4.28571428578550184252e-01 // 0x3fdb6db6db6fabff
		l3 = 3.33333329818377432918e-01 // 0x3fd55555518f264d
		l4 = 2.72728123808534006489e-01 // 0x3fd17460a91d4101
		l5 = 2.30660745775561754067e-01 // 0x3fcd864a93c9db65
		l6 = 2.06975017800338417784e-01 // 0x3fca7e284a454eef
	)
	sum := l1 + float64(s2*(l2+float64(s2*(l3+float64(s2*(l4+float64(s2*(l5+float64(s2*l6)))))))))
	return float64(float64(s2*s2) * sum)
}
