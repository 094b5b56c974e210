package detmath

import "math"

// Pow returns x to the y. Edges, in this order:
//
//	Pow(x, ±0) = 1 and Pow(1, y) = 1, even for NaN
//	Pow(x, NaN) = Pow(NaN, y) = NaN
//	Pow(±0, y) = ±Inf for y an odd integer < 0, +Inf for other y < 0
//	Pow(±0, y) = ±0 for y an odd integer > 0, +0 for other y > 0
//	Pow(-1, ±Inf) = 1
//	Pow(x, +Inf) = +Inf and Pow(x, -Inf) = 0 for |x| > 1, the reverse for |x| < 1
//	Pow(-Inf, y) = Pow(-0, -y); Pow(+Inf, y) = Pow(+0, -y)
//	Pow(x, y) = NaN for finite x < 0 and finite y not an integer
//
// Source: e_pow.c of FreeBSD's msun (Sun Microsystems 2004), which carries
// log2(x) and y·log2(x) in two floats. Go's math.Pow multiplies by squaring and
// loses bits as y grows, eight decimal digits at y = 1e8.
func Pow(x, y float64) float64 {
	if edge, is := powEdge(x, y); is {
		return edge
	}
	sign := 1.0
	if x < 0 {
		if y != math.Trunc(y) {
			return NaN()
		}
		if isOdd(y) {
			sign = -1
		}
	}
	return float64(sign * powPositive(math.Abs(x), y))
}

// powEdge answers for zeros, ones, infinities and NaN.
func powEdge(x, y float64) (value float64, is bool) {
	switch {
	case y == 0 || x == 1:
		return 1, true
	case x != x || y != y:
		return NaN(), true
	case y == 1:
		return x, true
	case x == 0:
		return powOfZero(x, y), true
	case math.IsInf(x, 0):
		return powOfZero(1/x, -y), true
	case math.IsInf(y, 0):
		return powToInfinity(x, y), true
	}
	return 0, false
}

// powOfZero returns x^y for x = ±0 and y not 0.
func powOfZero(x, y float64) float64 {
	if !isOdd(y) {
		x = math.Abs(x)
	}
	if y < 0 {
		return 1 / x
	}
	return x
}

// powToInfinity returns x^y for finite x, neither 0 nor 1, and y = ±Inf.
func powToInfinity(x, y float64) float64 {
	switch {
	case x == -1:
		return 1
	case (math.Abs(x) < 1) == (y > 0):
		return 0
	}
	return math.Inf(1)
}

// isOdd reports whether y is an odd integer. Above 2^53 all floats are even.
func isOdd(y float64) bool {
	if math.Abs(y) >= 1<<53 {
		return false
	}
	return y == math.Trunc(y) && int64(y)&1 == 1
}

// powPositive returns x^y for finite x > 0 and finite y, not 0.
func powPositive(x, y float64) float64 {
	switch {
	case x == 1: // of Pow(-1, y)
		return 1
	case math.Abs(y) > 1<<64: // |y·log2(x)| is over 1075 for any other x
		return powToInfinity(x, y)
	}
	logHigh, logLow := log2Double(x)
	yHigh := head(y)
	low := float64((y-yHigh)*logHigh) + float64(y*logLow)
	high := float64(yHigh * logHigh)
	switch z := low + high; {
	case z > 1024.5:
		return math.Inf(1)
	case z < -1076:
		return 0
	}
	return exp2Double(high, low)
}

// head returns x with the lower 32 bits of its significand cut off: a product
// of two heads is exact.
func head(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) &^ (1<<32 - 1))
}
