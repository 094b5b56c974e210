package bench

import (
	"fmt"
	"slices"
	"testing"

	"orrery/ecs"
)

// Ratios are taken in one run, program against limit in turn, so that a
// machine that changes its speed changes both: the median of the ratios of
// rounds that follow each other is what bench/README.md quotes.

// racer runs a program on by some ticks and says how many events it handled.
type racer func(ticks ecs.Tick) (events uint64)

func limitRacer(m PHOLD) racer {
	l := m.Limit()
	return func(ticks ecs.Tick) uint64 {
		before := l.Events
		l.RunUntil(l.Tick + ticks)
		return l.Events - before
	}
}

func styleRacer(b *testing.B, m PHOLD, style string) racer {
	run := m.Columns(ecs.Config{Envelopes: m.Nodes})
	if style == "calls" {
		run = m.Calls(ecs.Config{Envelopes: m.Nodes})
	}
	return func(ticks ecs.Tick) uint64 {
		before := run.World.Counts().Delivered
		if err := run.RunUntil(run.World.Tick() + ticks); err != nil {
			b.Fatal(err)
		}
		return run.World.Counts().Delivered - before
	}
}

// nsPerEvent times one round.
func nsPerEvent(r racer, ticks ecs.Tick) float64 {
	start := elapsed()
	events := r(ticks)
	return float64((elapsed() - start).Nanoseconds()) / float64(events)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkRatio reports, for each model, size and style, the limit's time an
// event over the style's: 1 is as fast as the limit.
func BenchmarkRatio(b *testing.B) {
	models := []struct {
		name  string
		make  func(int) PHOLD
		ticks ecs.Tick // about a million events at 1M nodes
	}{{"coarse", Coarse, 36}, {"fine", Fine, 1100}, {"uniform", Uniform, 33}}
	for _, m := range models {
		for _, n := range []int{1000, 100_000, 1_000_000} {
			for _, style := range []string{"columns", "calls"} {
				b.Run(fmt.Sprintf("%s/%s/%d", m.name, style, n), func(b *testing.B) {
					ticks := m.ticks * ecs.Tick(max(1, 1_000_000/n/2))
					limit, program := limitRacer(m.make(n)), styleRacer(b, m.make(n), style)
					limit(8 * m.ticks)
					program(8 * m.ticks)
					var ratios, limits, programs []float64
					for b.Loop() {
						l, p := nsPerEvent(limit, ticks), nsPerEvent(program, ticks)
						ratios, limits, programs = append(ratios, l/p), append(limits, l), append(programs, p)
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(median(ratios), "ratio")
					b.ReportMetric(median(limits), "limit-ns/event")
					b.ReportMetric(median(programs), "ns/event")
				})
			}
		}
	}
}
