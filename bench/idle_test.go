package bench

import (
	"testing"
	"time"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// BenchmarkHop compares a hop among a million idle nodes with one among a
// thousand.
func BenchmarkHop(b *testing.B) {
	small, large := Ring(1000), Ring(1_000_000)
	hops := func(run *scheduler.Run) float64 {
		before := run.World.Counts().Delivered
		start := time.Now()
		if err := run.RunUntil(run.World.Tick() + 60_000); err != nil {
			b.Fatal(err)
		}
		return float64(time.Since(start).Nanoseconds()) / float64(run.World.Counts().Delivered-before)
	}
	hops(small)
	hops(large)
	var ratios, smalls, larges []float64
	for b.Loop() {
		s, l := hops(small), hops(large)
		ratios, smalls, larges = append(ratios, l/s), append(smalls, s), append(larges, l)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(smalls), "ns/hop-1k")
	b.ReportMetric(median(larges), "ns/hop-1M")
	b.ReportMetric(median(ratios), "ratio")
}

// bareHandler is called, not inlined, as a program's handler is.
var bareHandler = tickBeat

// BenchmarkRecurring compares a million nodes with a recurring timer each, in
// both styles, with a bare loop that calls the same handler over a slice.
func BenchmarkRecurring(b *testing.B) {
	const n = 1_000_000
	for _, style := range []string{"columns", "calls"} {
		b.Run(style, func(b *testing.B) {
			run := Beats(n)
			if style == "calls" {
				run = BeatCalls(n)
			}
			if err := run.RunUntil(4); err != nil {
				b.Fatal(err)
			}
			bare := make([]beat, n)
			var ratios, bares, runs []float64
			for b.Loop() {
				start := time.Now()
				for k := range 8 {
					for i := range bare {
						bareHandler(&bare[i], ecs.Tick(k))
					}
				}
				mid := time.Now()
				if err := run.RunUntil(run.World.Tick() + 8); err != nil {
					b.Fatal(err)
				}
				x, y := float64(mid.Sub(start).Nanoseconds())/8/n, float64(time.Since(mid).Nanoseconds())/8/n
				ratios, bares, runs = append(ratios, y/x), append(bares, x), append(runs, y)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(bares), "bare-ns")
			b.ReportMetric(median(runs), "ns/timer")
			b.ReportMetric(median(ratios), "ratio")
		})
	}
}

type wide struct{ A, B, C, D, E, F, G, H uint64 }

// snapshotRun is a million nodes of 64 bytes with an envelope each in flight.
func snapshotRun(n int) *scheduler.Run {
	run := scheduler.New(ecs.Config{Envelopes: n})
	kind := run.World.Kind("event", 16)
	id := run.Programs.Add(systems.Program{Schema: ecs.Schema{Name: "wide", State: wide{}}, Act: func(*ecs.Batch) {}})
	for i, x := range run.World.Nodes(id, "n", n) {
		run.World.SetStatus(x, ecs.Up, 0)
		e := run.World.Outside(x, kind, uint64(i), 0, "event")
		run.World.Post(&e, ecs.Tick(1+i%5000))
	}
	return run
}

// BenchmarkSnapshot compares snapshot, restore and fork with a copy of the
// same bytes into memory that is there already.
func BenchmarkSnapshot(b *testing.B) {
	run := snapshotRun(1_000_000)
	var snap ecs.Snapshot
	run.Snapshot(&snap)
	from, to := make([]byte, snap.Bytes()), make([]byte, snap.Bytes())
	for i := range from {
		from[i] = byte(i)
	}
	copy(to, from)
	what := map[string]func(){
		"snapshot": func() { run.Snapshot(&snap) },
		"restore": func() {
			if err := run.Restore(&snap); err != nil {
				b.Fatal(err)
			}
		},
		"fork": func() {
			if _, err := run.Fork(&snap); err != nil {
				b.Fatal(err)
			}
		},
	}
	for _, name := range []string{"snapshot", "restore", "fork"} {
		b.Run(name, func(b *testing.B) {
			what[name]()
			var ratios, copies, ours []float64
			for b.Loop() {
				start := time.Now()
				copy(to, from)
				mid := time.Now()
				what[name]()
				x, y := mid.Sub(start).Seconds(), time.Since(mid).Seconds()
				ratios, copies, ours = append(ratios, y/x), append(copies, x), append(ours, y)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(snap.Bytes()), "bytes")
			b.ReportMetric(median(copies)*1e3, "memcpy-ms")
			b.ReportMetric(median(ours)*1e3, "ms")
			b.ReportMetric(median(ratios), "ratio")
		})
	}
}
