package detmath

import "math"

// The functions of this file are exact or correctly rounded in package math on
// every architecture. What they add is the canonical NaN.

// Sqrt returns the square root of x, correctly rounded.
// Sqrt(±0) = ±0, Sqrt(+Inf) = +Inf, Sqrt(x < 0) = NaN.
func Sqrt(x float64) float64 { return CanonicalNaN(math.Sqrt(x)) }

// Floor returns the greatest integer not above x. Zeros and infinities are
// returned as they are.
func Floor(x float64) float64 { return CanonicalNaN(math.Floor(x)) }

// Ceil returns the least integer not below x. Zeros and infinities are
// returned as they are; Ceil of (-1, 0) is -0.
func Ceil(x float64) float64 { return CanonicalNaN(math.Ceil(x)) }

// Trunc returns x with its fraction cut off. Zeros and infinities are returned
// as they are; the sign stays.
func Trunc(x float64) float64 { return CanonicalNaN(math.Trunc(x)) }

// Round returns the integer nearest to x, halves away from zero. Zeros and
// infinities are returned as they are; the sign stays.
func Round(x float64) float64 { return CanonicalNaN(math.Round(x)) }
