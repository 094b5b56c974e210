package detmath

import "math"

// Sin returns the sine of x radians. Sin(±0) = ±0, Sin(±Inf) = NaN.
//
// Source: sin.c of the Cephes library (Moshier 1984), as in Go's math.Sin, with
// the angle reduced in two floats.
func Sin(x float64) float64 {
	if edge, is := trigEdge(x); is {
		return edge
	}
	octant, z := reducePi4(math.Abs(x))
	y := sineOf(octant, z)
	if x < 0 {
		return -y
	}
	return y
}

// Cos returns the cosine of x radians. Cos(±Inf) = NaN.
//
// Source: as [Sin]: a cosine is the sine a quarter turn, two octants, on.
func Cos(x float64) float64 {
	if x-x != 0 {
		return NaN()
	}
	octant, z := reducePi4(math.Abs(x))
	return sineOf(octant+2, z)
}

// Tan returns the tangent of x radians. Tan(±0) = ±0, Tan(±Inf) = NaN. No float
// is a pole, so results stay finite.
//
// Source: tan.c of the Cephes library, as in Go's math.Tan.
func Tan(x float64) float64 {
	if edge, is := trigEdge(x); is {
		return edge
	}
	octant, z := reducePi4(math.Abs(x))
	y := tanSeries(z)
	if octant&2 == 2 {
		y = -1 / y
	}
	if x < 0 {
		return -y
	}
	return y
}

// trigEdge answers for zeros, infinities and NaN.
func trigEdge(x float64) (value float64, is bool) {
	switch {
	case x == 0:
		return x, true
	case x-x != 0: // infinite or NaN
		return NaN(), true
	}
	return 0, false
}

// sineOf returns sin(octant·π/4 + z) for an even octant and |z| ≤ π/4.
func sineOf(octant uint64, z angle) float64 {
	y := sinSeries(z)
	if octant&2 == 2 {
		y = cosSeries(z)
	}
	if octant&4 == 4 {
		return -y
	}
	return y
}

// sinSeries returns sin(z) for |z| ≤ π/4, cutting z.low's effect at first order.
func sinSeries(z angle) float64 {
	const (
		s0 = 1.58962301576546568060e-10 // 0x3de5d8fd1fd19ccd
		s1 = -2.50507477628578072866e-8 // 0xbe5ae5e5a9291f5d
		s2 = 2.75573136213857245213e-6  // 0x3ec71de3567d48a1
		s3 = -1.98412698295895385996e-4 // 0xbf2a01a019bfdf03
		s4 = 8.33333333332211858878e-3  // 0x3f8111111110f7d0
		s5 = -1.66666666666666307295e-1 // 0xbfc5555555555548
	)
	q := float64(z.high * z.high)
	p := float64(q*(s4+float64(q*(s3+float64(q*(s2+float64(q*(s1+float64(q*s0))))))))) + s5
	cube := float64(float64(z.high*q) * p)
	return z.high + (cube + float64(z.low*(1-float64(0.5*q))))
}

// cosSeries returns cos(z) for |z| ≤ π/4.
func cosSeries(z angle) float64 {
	const (
		c0 = -1.13585365213876817300e-11 // 0xbda8fa49a0861a9b
		c1 = 2.08757008419747316778e-9   // 0x3e21ee9d7b4e3f05
		c2 = -2.75573141792967388112e-7  // 0xbe927e4f7eac4bc6
		c3 = 2.48015872888517045348e-5   // 0x3efa01a019c844f5
		c4 = -1.38888888888730564116e-3  // 0xbf56c16c16c14f91
		c5 = 4.16666666666665929218e-2   // 0x3fa555555555554b
	)
	q := float64(z.high * z.high)
	p := float64(q*(c4+float64(q*(c3+float64(q*(c2+float64(q*(c1+float64(q*c0))))))))) + c5
	// 1-q/2 rounds; what it lost goes with the small terms.
	half := float64(0.5 * q)
	whole := 1 - half
	lost := (1 - whole) - half
	return whole + (lost + (float64(float64(q*q)*p) - float64(z.high*z.low)))
}

// tanSeries returns tan(z) for |z| ≤ π/4.
func tanSeries(z angle) float64 {
	const (
		p0 = -1.30936939181383777646e4 // 0xc0c992d8d24f3f38
		p1 = 1.15351664838587416140e6  // 0x413199eca5fc9ddd
		p2 = -1.79565251976484877988e7 // 0xc1711fead3299176
		q1 = 1.36812963470692954678e4  // 0x40cab8a5eeb36572
		q2 = -1.32089234440210967447e6 // 0xc13427bc582abc96
		q3 = 2.50083801823357915839e7  // 0x4177d98fc2ead8ef
		q4 = -5.38695755929454629881e7 // 0xc189afe03cbe5a31
	)
	q := float64(z.high * z.high)
	if q <= 1e-14 {
		return z.high
	}
	p := float64(q * (p2 + float64(q*(p1+float64(q*p0)))))
	d := q4 + float64(q*(q3+float64(q*(q2+float64(q*(q1+q))))))
	return z.high + (float64(z.high*(p/d)) + float64(z.low*(1+q)))
}
