// Measures the codec against what nobody can do without: a memcpy of the
// columns for a keyframe, a pass that compares them for a delta. Both are run
// in turn in one process, and reported as ratios of medians.
package netsync

import (
	"math"
	"slices"
	"testing"
	"time"

	"orrery/ecs"
)

// A shape is what the benchmarks encode: 100k nodes × 4 fields.
type shape struct {
	name    string
	columns []Column
	step    func(row, round int) uint64 // the value of a row that changes
}

var shapes = []shape{
	{"int64_small", four(ecs.Int64), func(row, round int) uint64 { return uint64(row%1000 + round) }},
	{"int64_counter", four(ecs.Int64), func(row, round int) uint64 { return uint64(row*1000003 + round) }},
	{"int64_wide", four(ecs.Int64), func(row, round int) uint64 { return uint64(row+1) * uint64(round+1) * 0x9e3779b97f4a7c15 }},
	{"float64", four(ecs.Float64), func(row, round int) uint64 { return math.Float64bits(float64(row)*1.1 + float64(round)) }},
}

func four(t ecs.Type) []Column {
	return []Column{{"a", t, "", nil}, {"b", t, "", nil}, {"c", t, "", nil}, {"d", t, "", nil}}
}

const nodes = 100_000

// images are two in a row: 10% of rows, drawn evenly, changed in every column.
func (s shape) images() (was, is *Image) {
	was, is = imageOf(s.columns, nodes), imageOf(s.columns, nodes)
	for c := range s.columns {
		for row := range nodes {
			put(was, s.columns, c, row, s.step(row, 0))
			round := 0
			if uint32(row)*2654435761>>16%10 == 0 {
				round = 1
			}
			put(is, s.columns, c, row, s.step(row, round))
		}
	}
	return was, is
}

// medianOf runs things in turn and returns the median time of each.
func medianOf(b *testing.B, things ...func()) []time.Duration {
	times := make([][]time.Duration, len(things))
	for range max(5, b.N) {
		for i, f := range things {
			began := time.Now()
			f()
			times[i] = append(times[i], time.Since(began))
		}
	}
	var medians []time.Duration
	for _, t := range times {
		slices.Sort(t)
		medians = append(medians, t[len(t)/2])
	}
	return medians
}

func BenchmarkKeyframe(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			_, is := s.images()
			e := NewEncoder(s.columns)
			e.Next(is)
			h := Header{Version: Version, Run: "r", Epoch: 1, Seq: 1, Layout: 1}
			body, head := e.Keyframe(&h, nil), []byte{}
			size := len(body)
			to := make([]byte, is.bytes())
			b.ReportAllocs()
			m := medianOf(b, func() {
				at := 0
				for _, c := range is.Columns {
					at += copy(to[at:], c)
				}
			}, func() {
				body = e.Keyframe(&h, body[:0])
				head = appendHeader(head[:0], &h)
			}, func() {
				var sum uint32
				body = appendKeyframe(body[:0], &h, s.columns, is, h.Columns[:0], &sum)
				head = appendHeader(head[:0], &h)
			}, func() { is.Digest() })
			b.ReportMetric(float64(m[1])/float64(m[0]), "x-memcpy")
			b.ReportMetric(float64(m[2])/float64(m[0]), "x-memcpy-with-digest")
			b.ReportMetric(float64(m[1]+m[3])/float64(m[0]), "x-memcpy-digest-apart")
			b.ReportMetric(float64(size)/nodes, "B/node")
			b.ReportMetric(float64(m[1].Nanoseconds())/nodes, "ns/node")
		})
	}
}

func BenchmarkDelta(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			was, is := s.images()
			e := NewEncoder(s.columns)
			e.Next(was)
			e.Next(is)
			h := Header{Version: Version, Run: "r", Epoch: 1, Seq: 2, Base: 1, Layout: 1}
			body, head := e.Delta(&h, nil), []byte{}
			size := len(body)
			changed := 0
			b.ReportAllocs()
			m := medianOf(b, func() {
				changed = 0
				for c := range is.Columns {
					changed += differing(was.Columns[c], is.Columns[c])
				}
			}, func() {
				body = e.Delta(&h, body[:0])
				head = appendHeader(head[:0], &h)
			})
			b.ReportMetric(float64(m[1])/float64(m[0]), "x-compare")
			b.ReportMetric(float64(size)/nodes, "B/node")
			b.ReportMetric(float64(changed)/4/nodes*100, "%changed")
			b.ReportMetric(float64(m[1].Nanoseconds())/nodes, "ns/node")
		})
	}
}

// differing is the pass that a delta cannot do without.
func differing(was, is []byte) (n int) {
	for len(was) >= 8 && len(is) >= 8 {
		if little.Uint64(was) != little.Uint64(is) {
			n++
		}
		was, is = was[8:], is[8:]
	}
	return n
}

func BenchmarkApply(b *testing.B) {
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			was, is := s.images()
			src := newSource(s.columns)
			src.next(was)
			key := src.keyframe()
			delta, _ := src.next(is)
			b.SetBytes(is.bytes())
			for b.Loop() {
				r := NewReplica(key.Topic)
				mustApply(b, r, key)
				mustApply(b, r, delta)
			}
		})
	}
}

// Nothing is allocated once buffers are as long as they get.
func TestEncodeAllocatesNothing(t *testing.T) {
	for _, s := range shapes {
		was, is := s.images()
		e := NewEncoder(s.columns)
		e.Next(was)
		var body, head []byte
		h := Header{Version: Version, Run: "r", Epoch: 1, Seq: 2, Base: 1, Layout: 1}
		round := func() {
			was, is = is, e.Next(is)
			if was == is {
				t.Fatal("an image in use came back as free")
			}
			body = e.Delta(&h, body[:0])
			head = appendHeader(head[:0], &h)
			body = e.Keyframe(&h, body[:0])
			head = appendHeader(head[:0], &h)
			for i := range is.Columns {
				if len(is.Columns[i]) == 0 {
					is.Resize(s.columns, nodes)
				}
				copy(is.Columns[i], was.Columns[i])
			}
			is.Rows = was.Rows
		}
		round()
		round()
		round()
		if n := testing.AllocsPerRun(10, round); n != 0 {
			t.Errorf("%s: %v allocations a pair of frames", s.name, n)
		}
	}
}
