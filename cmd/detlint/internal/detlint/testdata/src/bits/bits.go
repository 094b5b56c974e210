// Package bits calls functions whose last bits are the architecture's.
package bits

import (
	"math"
	"math/cmplx"
)

func functions(x float64) {
	_ = math.Exp(x)       // want `math.Exp: its last bits differ by architecture; use orrery/ecs/detmath`
	_ = math.Log(x)       // want `math.Log:`
	_ = math.Pow(x, x)    // want `math.Pow:`
	_, _ = math.Sincos(x) // want `math.Sincos:`
	_ = math.Hypot(x, x)  // want `math.Hypot:`
	_ = math.FMA(x, x, x) // want `math.FMA: it rounds once where .*; write float64\(a\*b\) \+ c`
	f := math.Tanh        // want `math.Tanh:`
	_ = cmplx.Abs(0)      // want `math/cmplx.Abs: complex arithmetic may fuse`
	_ = f
}
