package random

import (
	"math/bits"
	"testing"
)

var (
	sink      uint64
	sinkFloat float64
	sinkBool  bool
)

// The draws of one Source in a row: throughput.

func BenchmarkUint64(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		sum += s.Uint64()
	}
	sink = sum
}

func BenchmarkBelow(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		sum += s.Below(1000)
	}
	sink = sum
}

func BenchmarkBetween(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		sum += uint64(s.Between(-500, 499))
	}
	sink = sum
}

func BenchmarkUnit(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum float64
	for b.Loop() {
		sum += s.Unit()
	}
	sinkFloat = sum
}

func BenchmarkChance(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	p, _ := Ratio(1, 100)
	for b.Loop() {
		sinkBool = s.Chance(p)
	}
}

func BenchmarkExponential(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		sum += s.Exponential()
	}
	sink = sum
}

func BenchmarkExponentialOf(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		sum += s.ExponentialOf(1_000_000)
	}
	sink = sum
}

func BenchmarkExponentialByHand(b *testing.B) {
	accept, width := ExponentialTables()
	s := NewKey(1, "bench").At(0, 0)
	var sum uint64
	for b.Loop() {
		before := s
		if u := s.Uint64(); u < accept[u&255] {
			x, _ := bits.Mul64(u, width[u&255])
			sum += x
			continue
		}
		s = before
		sum += s.Exponential()
	}
	sink = sum
}

func BenchmarkNormal(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	var sum float64
	for b.Loop() {
		sum += s.Normal()
	}
	sinkFloat = sum
}

func BenchmarkZipf(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	b.Run("at once", func(b *testing.B) {
		for b.Loop() {
			sink += s.Zipf(1000, 1.1)
		}
	})
	b.Run("law kept", func(b *testing.B) {
		law, _ := NewZipf(1000, 1.1)
		for b.Loop() {
			sink += law.Draw(&s)
		}
	})
}

func BenchmarkSample(b *testing.B) {
	s := NewKey(1, "bench").At(0, 0)
	pick := func(i int) { sink += uint64(i) }
	b.Run("3 of 1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Sample(1000, 3, pick)
		}
	})
	b.Run("1000 of 1e9", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Sample(1e9, 1000, pick)
		}
	})
}

// One draw an event: what a simulation pays.

func BenchmarkAtUint64(b *testing.B) {
	k := NewKey(1, "bench")
	var id uint64
	var sum uint64
	for b.Loop() {
		s := k.At(7, id)
		sum += s.Uint64()
		id++
	}
	sink = sum
}

func BenchmarkAtExponentialOf(b *testing.B) {
	k := NewKey(1, "bench")
	var id uint64
	var sum uint64
	for b.Loop() {
		s := k.At(7, id)
		sum += s.ExponentialOf(1_000_000)
		id++
	}
	sink = sum
}

func BenchmarkNewKey(b *testing.B) {
	var sum uint64
	for b.Loop() {
		sum += uint64(NewKey(1, "link.loss"))
	}
	sink = sum
}
