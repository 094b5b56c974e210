package publish

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"orrery/bench"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scenario"
	"orrery/scheduler"
)

// BenchmarkSample is what a run takes while somebody takes a sample of its
// messages, over what it takes alone: PHOLD for columns, the fastest there is,
// and PHOLD in script.
func BenchmarkSample(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	worlds := map[string]func() *scheduler.Run{
		"columns": func() *scheduler.Run { return bench.Uniform(100_000).Columns(ecs.Config{Envelopes: 100_000}) },
		"script": func() *scheduler.Run {
			s, err := scenario.Load(os.DirFS("../../../../testdata/scenarios"), "phold.star", scenario.Options{Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			return s.Run
		},
	}
	for _, of := range []string{"columns", "script"} {
		for _, what := range []string{"other kinds", "two nodes", "all"} {
			b.Run(of+"/"+what, func(b *testing.B) {
				var ratios []float64
				for range 5 {
					ratios = append(ratios, pholdTime(b, worlds[of](), what)/pholdTime(b, worlds[of](), ""))
				}
				for b.Loop() {
				}
				slices.Sort(ratios)
				b.ReportMetric(ratios[2], "of-alone")
			})
		}
	}
}

// pholdTime is what a run's next half a second takes.
func pholdTime(b *testing.B, run *scheduler.Run, what string) float64 {
	w := World{Run: run}
	run.World.Kind("other", 8)
	want := map[string]*netsync.MessageSelection{
		"other kinds": {Kinds: []string{"other"}}, "all": {},
		"two nodes": {Nodes: []string{run.World.NodeName(1<<24 + 7), run.World.NodeName(1<<24 + 8)}},
	}[what]
	if want != nil {
		f, failed := newFilter(&w, want)
		if failed != nil {
			b.Fatal(failed)
		}
		newSample(&w, f, 100)
	}
	if err := run.RunUntil(10); err != nil {
		b.Fatal(err)
	}
	began := threadTime(b)
	if err := run.RunUntil(600); err != nil {
		b.Fatal(err)
	}
	return float64(threadTime(b) - began)
}
