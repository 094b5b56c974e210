package bench

import (
	"fmt"
	"testing"

	"orrery/ecs"
)

// PHOLD's three styles and the limit must see the same events, or their ratio
// says nothing.
func TestStylesAgree(t *testing.T) {
	for _, m := range []PHOLD{Coarse(500), Fine(300), Uniform(500)} {
		until := ecs.Tick(3000)
		limit := m.Limit()
		limit.RunUntil(until)
		columns, calls := m.Columns(ecs.Config{}), m.Calls(ecs.Config{})
		if err := columns.RunUntil(until); err != nil {
			t.Fatal(err)
		}
		if err := calls.RunUntil(until); err != nil {
			t.Fatal(err)
		}
		states := ecs.Column[State](columns.World, 1)
		others := ecs.Column[State](calls.World, 1)
		for i := range states {
			a, b, c := states[i], limit.States[i], others[i]
			a.Last, b.Last = a.Last>>32, b.Last>>32 // the sender's number differs
			if a != b || states[i] != c {
				t.Fatalf("%+v: node %d: columns %v, limit %v, calls %v", m, i, states[i], limit.States[i], c)
			}
		}
		if got := columns.World.Counts().Delivered; got != limit.Events {
			t.Errorf("%+v: columns delivered %d, the limit %d", m, got, limit.Events)
		}
		if a, b := columns.World.Digest(), calls.World.Digest(); a != b {
			t.Errorf("%+v: digests: columns %x, calls %x", m, a, b)
		}
	}
}

func BenchmarkPHOLD(b *testing.B) {
	models := []struct {
		name string
		make func(int) PHOLD
	}{{"coarse", Coarse}, {"fine", Fine}, {"uniform", Uniform}}
	for _, m := range models {
		for _, n := range []int{1000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d/limit", m.name, n), func(b *testing.B) {
				l := m.make(n).Limit()
				l.RunUntil(256)
				start, t := l.Events, l.Tick
				for b.Loop() {
					t += 16
					l.RunUntil(t)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(l.Events-start), "ns/event")
			})
			for _, style := range []string{"columns", "calls"} {
				b.Run(fmt.Sprintf("%s/%d/%s", m.name, n, style), func(b *testing.B) {
					run := m.make(n).Columns(ecs.Config{Envelopes: n})
					if style == "calls" {
						run = m.make(n).Calls(ecs.Config{Envelopes: n})
					}
					if err := run.RunUntil(256); err != nil {
						b.Fatal(err)
					}
					start, t := run.World.Counts().Delivered, run.World.Tick()
					for b.Loop() {
						t += 16
						if err := run.RunUntil(t); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(run.World.Counts().Delivered-start), "ns/event")
				})
			}
		}
	}
}
