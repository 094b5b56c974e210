package bench

import (
	"io"
	"testing"
	"time"

	"orrery/ecs"
	"orrery/scheduler/trace"
)

// BenchmarkTrace reports the time of PHOLD for columns at 1M nodes with a
// trace, over that without, round by round in turn: snapshots fall in some
// rounds and not in others, so the times are summed.
func BenchmarkTrace(b *testing.B) {
	plain, traced := Coarse(1_000_000).Columns(ecs.Config{Envelopes: 1_000_000}), Coarse(1_000_000).Columns(ecs.Config{Envelopes: 1_000_000})
	recorder, err := trace.NewRecorder(io.Discard, trace.Config{Run: traced})
	if err != nil {
		b.Fatal(err)
	}
	var own, base time.Duration
	const ticks = 200
	for b.Loop() {
		for i, run := range []interface{ RunUntil(ecs.Tick) error }{plain, traced} {
			began := time.Now()
			if err := run.RunUntil([]ecs.Tick{plain.World.Tick(), traced.World.Tick()}[i] + ticks); err != nil {
				b.Fatal(err)
			}
			if i == 0 {
				base += time.Since(began)
			} else {
				own += time.Since(began)
			}
		}
	}
	b.StopTimer()
	began := time.Now()
	summary := traced.End()
	if err := recorder.Close(&summary); err != nil {
		b.Fatal(err)
	}
	own += time.Since(began)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(own)/float64(base), "ratio")
}
