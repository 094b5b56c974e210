package detmath

import "math"

// exp2Double returns 2^(high+low) for a sum in [-1076, 1024.5]; it overflows to
// +Inf and underflows to 0 through denormals.
//
// Source: e_pow.c of FreeBSD's msun.
func exp2Double(high, low float64) float64 {
	const (
		ln2     = 6.93147180559945286227e-01  // 0x3fe62e42fefa39ef
		headLn2 = 6.93147182464599609375e-01  // 0x3fe62e4300000000
		tailLn2 = -1.90465429995776804525e-09 // 0xbe205c610ca86c39
	)
	n := math.Floor(high + low + 0.5)
	high -= n
	t := head(low + high)
	u := float64(t * headLn2)
	v := float64((low-(t-high))*ln2) + float64(t*tailLn2)
	z := u + v
	w := v - (z - u)
	c := expCorrection(z)
	r := float64(z*c)/(c-2) - (w + float64(z*w))
	return math.Ldexp(1-(r-z), int(n))
}
