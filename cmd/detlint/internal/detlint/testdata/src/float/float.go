// Package float lets products into sums unrounded, in every form.
package float

import "math"

type metres float64

type state struct{ area, ratio float64 }

func sums(a, b, c, d float64) float64 {
	x := a*b + c      // want `float product: it may be fused into the sum and not rounded, differently by architecture; write float64\(a \* b\)`
	x = c - a*b       // want `float product: it may be fused`
	x = a*b - c*d     // want `float product: it may be fused` `float product: it may be fused`
	x = -(a * b) + c  // want `float product: it may be fused`
	x = (a + b*c) / d // want `write float64\(b \* c\)`
	x += a * b        // want `float product: it may be fused`
	x -= (a * b)      // want `float product: it may be fused`
	x += a * b * c    // want `write float64\(a \* b \* c\)`
	return x
}

func later(a, b, c float64, s *state, xs []float64, m map[string]float64) float64 {
	t := a * b                            // want `float product: a later sum may fuse it and not round it, differently by architecture; write float64\(a \* b\)`
	var u = a * b                         // want `float product: a later sum`
	u, v := a*b, c                        // want `float product: a later sum`
	s.area = a * b                        // want `float product: a later sum`
	xs[0] = a * b                         // want `float product: a later sum`
	*s = state{area: a * b, ratio: a / b} // want `float product: a later sum`
	_ = []float64{a * b}                  // want `float product: a later sum`
	t *= a                                // want `float product: a later sum .*; write t = float64\(t \* a\)`
	t *= a + b                            // want `write t = float64\(t \* \(a \+ b\)\)`
	t = shift(a * b)                      // want `float product: a later sum`
	t = max(a*b, c)                       // want `float product: a later sum`
	t = math.Floor(a * b)                 // want `float product: a later sum`
	t = sum(1, a*b)                       // want `float product: a later sum`
	func() { t = -(a * b) }()             // want `float product: a later sum`
	return t + u + v
}

func area(a, b float64) float64 { return a * b } // want `float product: a later sum`

func shift(x float64) float64 { return x + 1 }

func sum(xs ...float64) (s float64) {
	for _, x := range xs {
		s += x
	}
	return s
}

func narrow(a, b, c float32) float32 {
	x := a*b + c // want `write float32\(a \* b\)`
	x += a * b   // want `write float32\(a \* b\)`
	x *= a       // want `write x = float32\(x \* a\)`
	return x
}

func named(a, b, c metres) metres { return a*b + c } // want `write metres\(a \* b\)`

func generic[T ~float32 | ~float64](a, b, c T) T { return a*b + c } // want `write T\(a \* b\)`

type number interface{ ~int | float }

type float interface{ ~float32 | ~float64 }

func nested[T number](a, b, c T) T { return a*b + c } // want `write T\(a \* b\)`

func complexes(a, b complex128) complex128 {
	a *= b       // want `complex \*=: complex arithmetic may fuse its products, differently by architecture; keep real`
	a = a + a*b  // want `complex \*: complex`
	return a / b // want `complex /: complex`
}
