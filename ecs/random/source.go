package random

import "math/bits"

// Source is the draws of one event: a counter and its finaliser. Get one from
// [Key.At]. The zero Source is usable, and always the same.
type Source struct{ state uint64 }

// Uint64 draws 64 bits.
//
// Source: splitmix64 (Steele, Lea, Flood 2014): period 2^64, each value once.
func (s *Source) Uint64() uint64 {
	s.state += golden
	return Mix(s.state)
}

// Below draws from [0, n), all alike. It panics if n is 0: it divides by it.
//
// Source: Lemire (2019), multiplication and rejection. The division is made in
// n of 2^64 draws, a second draw in fewer. It is a loop rather than a fast path
// and a call because that inlines.
func (s *Source) Below(n uint64) uint64 {
	for {
		high, low := bits.Mul64(s.Uint64(), n)
		// 2^64 mod n, which is below n, products would favour some values.
		if low > n-1 || low >= -n%n {
			return high
		}
	}
}

// Between draws from [lo, hi], both included, all alike; the whole range of
// int64 will do. It panics if lo > hi.
func (s *Source) Between(lo, hi int64) int64 {
	if lo > hi {
		panic("random: a draw between bounds in the wrong order")
	}
	width := uint64(hi) - uint64(lo) + 1
	if width == 0 { // all of int64
		return int64(s.Uint64())
	}
	return int64(uint64(lo) + s.Below(width))
}

// Unit draws from [0, 1): a multiple of 2^-53, all alike.
func (s *Source) Unit() float64 {
	return float64(float64(s.Uint64()>>11) * (1.0 / (1 << 53)))
}
