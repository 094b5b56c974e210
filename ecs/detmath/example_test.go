package detmath_test

import (
	"fmt"
	"math"

	"orrery/ecs/detmath"
)

// The bits, not only the digits, are those of every architecture.
func Example() {
	fmt.Printf("%x\n", detmath.Bits(detmath.Exp(1)))
	fmt.Printf("%x\n", detmath.Bits(detmath.Sin(math.Pi)))
	fmt.Printf("%x\n", detmath.Bits(detmath.Pow(1.0000001, 1e8)))
	// Output:
	// 4005bf0a8b145769
	// 3ca1a62633145c07
	// 40d5829d1d3f9926
}

// A product that feeds a sum is rounded by an explicit conversion.
func Example_float64() {
	smooth := func(old, sample float64) float64 {
		return float64(old*0.9) + float64(sample*0.1)
	}
	fmt.Println(smooth(1, 2))
	// Output: 1.1
}

func ExampleLog() {
	fmt.Println(detmath.Log(math.E), detmath.Log(0), detmath.Log(-1))
	// Output: 1 -Inf NaN
}

func ExampleBits() {
	zero := 0.0
	fmt.Printf("%x %x\n", detmath.Bits(zero/zero), detmath.Bits(math.Inf(1)-math.Inf(1)))
	// Output: 7ff8000000000001 7ff8000000000001
}

func ExampleInt64() {
	fmt.Println(detmath.Int64(-2.7))
	fmt.Println(detmath.Int64(1e30))
	fmt.Println(detmath.Int64(math.NaN()))
	// Output:
	// -2 true
	// 9223372036854775807 false
	// 0 false
}
