package random_test

import (
	"fmt"
	"strings"

	"orrery/ecs/random"
)

// A key is made once a run and stream, a source once an event.
func Example() {
	loss := random.NewKey(42, "link.loss")
	oneIn100, err := random.Ratio(1, 100)
	if err != nil {
		fmt.Println(err)
	}
	lost := 0
	for envelope := range uint64(10_000) {
		source := loss.At(7, envelope)
		if source.Chance(oneIn100) {
			lost++
		}
	}
	fmt.Println(lost, "of 10000 envelopes are lost")
	// Output: 107 of 10000 envelopes are lost
}

// The draws of an event are its own: those of others do not shift them.
func ExampleKey_At() {
	key := random.NewKey(42, "link.jitter")
	alone := key.At(7, 1)
	first := alone.Below(1000)

	other := key.At(7, 2)
	other.Below(1000)
	again := key.At(7, 1)
	fmt.Println(first == again.Below(1000))
	// Output: true
}

// Waits are integers of the caller's unit: here nanoseconds, of 10 ms on average.
func ExampleSource_ExponentialOf() {
	source := random.NewKey(42, "arrivals").At(0, 0)
	for range 3 {
		fmt.Println(source.ExponentialOf(10_000_000))
	}
	// Output:
	// 3598075
	// 1525653
	// 2448831
}

func ExampleSource_Sample() {
	nodes := strings.Fields("ada bob cyd dan eve")
	source := random.NewKey(42, "gossip").At(7, 1)
	source.Sample(len(nodes), 2, func(i int) { fmt.Println(nodes[i]) })
	// Output:
	// eve
	// cyd
}

func ExampleNewZipf() {
	law, err := random.NewZipf(1000, 1.2)
	if err != nil {
		fmt.Println(err)
	}
	source := random.NewKey(42, "keys").At(0, 0)
	most := 0
	for range 1000 {
		if law.Draw(&source) == 0 {
			most++
		}
	}
	fmt.Println(most, "of 1000 draws are of the most popular key")
	// Output: 229 of 1000 draws are of the most popular key
}

func ExampleFraction() {
	_, err := random.Fraction(1.5)
	fmt.Println(err)
	// Output: random: a probability of 1.5 is not in 0 to 1
}
