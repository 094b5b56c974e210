// Proves that spans are rounded up to ticks exactly, with and without a
// division.
package ecs

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestTicksCeil(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.OneOf(rapid.Int64Range(1, 1<<40), rapid.Custom(func(t *rapid.T) int64 {
			return 1<<rapid.IntRange(1, 39).Draw(t, "power") + rapid.Int64Range(-1, 1).Draw(t, "off")
		})).Draw(t, "length")
		w := NewWorld(Config{TickLength: Nanoseconds(max(length, 1))})
		length = int64(w.Config().TickLength)
		ticks := rapid.Int64Range(-1<<20, (1<<62)/length).Draw(t, "ticks")
		span := ticks*length + rapid.Int64Range(-1, 1).Draw(t, "more")
		want := new(big.Int).Add(big.NewInt(span), big.NewInt(length-1))
		want.Quo(want, big.NewInt(length)) // towards zero
		if got := w.TicksCeil(Nanoseconds(span)); int64(got) != want.Int64() {
			t.Fatalf("%d ns are %d ticks of %d ns, want %v", span, got, length, want)
		}
	})
}
