package systems

import (
	"math/bits"

	"orrery/ecs"
)

// spreads are distributions of integers.
type spreads struct {
	rows    *ecs.Rows[spreadRow]
	buckets *ecs.Rows[bucketRow] // spreadBuckets for each
}

type spreadRow struct {
	Count    uint64
	Min, Max int64
	Sum      int64
	Unit     Unit
	_        [7]byte
}

// Unit is what a distribution's values are.
type Unit uint8

const (
	Number   Unit = iota
	Duration      // in nanoseconds
)

type bucketRow struct{ Count uint64 }

// A distribution keeps values in buckets whose width is at most 1/64 of the
// value: log-linear, as HdrHistogram (Tene, 2012). Negative values count as 0
// in the buckets, and exactly in min, max and mean.
const (
	subBits       = 6
	spreadBuckets = (64 - subBits + 1) << subBits
)

func (u Unit) String() string { return [...]string{"number", "duration"}[u] }

func newSpreads(w *ecs.World, name string) spreads {
	s := spreads{ecs.NewRows[spreadRow](w, name), ecs.NewRows[bucketRow](w, name+".bucket")}
	s.rows.Table().OutsideDigest()
	s.buckets.Table().OutsideDigest()
	return s
}

func (s *spreads) add() int {
	for range spreadBuckets {
		s.buckets.Add(bucketRow{})
	}
	return s.rows.Add(spreadRow{})
}

func (s *spreads) record(i int, v int64) {
	r := s.rows.At(i) // outside the digest
	if r.Count == 0 {
		r.Min, r.Max = v, v
	}
	r.Count++
	r.Sum += v
	r.Min, r.Max = min(r.Min, v), max(r.Max, v)
	s.buckets.At(i*spreadBuckets+bucketOf(uint64(max(v, 0)))).Count++
}

// bucketOf returns the bucket of a value: exact below 64, then 64 buckets for
// each doubling.
func bucketOf(v uint64) int {
	if v < 1<<subBits {
		return int(v)
	}
	shift := (bits.Len64(v) - 1 - subBits) & 63 // as it is, and the compiler knows
	return (shift+1)<<subBits | int(v>>shift)&(1<<subBits-1)
}

// bucketTop returns the greatest value of a bucket.
func bucketTop(i int) uint64 {
	if i < 1<<subBits {
		return uint64(i)
	}
	shift := i>>subBits - 1
	return (uint64(i&(1<<subBits-1)|1<<subBits)+1)<<shift - 1
}

func (s *spreads) summary(i int) Spread {
	r := s.rows.At(i)
	out := Spread{Unit: r.Unit, Count: r.Count, Min: r.Min, Max: r.Max}
	if r.Count > 0 {
		out.Mean = float64(r.Sum) / float64(r.Count)
		out.P50, out.P90, out.P99 = s.quantile(i, 50), s.quantile(i, 90), s.quantile(i, 99)
	}
	return out
}

// quantile returns the least bucket's top at or below which a percentage of
// the values lie.
func (s *spreads) quantile(i int, percent uint64) int64 {
	r := s.rows.At(i)
	rank := (r.Count*percent + 99) / 100
	var seen uint64
	for b := range spreadBuckets {
		if seen += s.buckets.At(i*spreadBuckets + b).Count; seen >= rank {
			return max(r.Min, min(r.Max, int64(min(bucketTop(b), 1<<63-1))))
		}
	}
	return r.Max
}
