package systems

import (
	"fmt"
	"testing"

	"orrery/ecs"
)

// BenchmarkUnderWay is what counting takes for each envelope in flight.
func BenchmarkUnderWay(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		for _, what := range []string{"links", "network"} {
			b.Run(fmt.Sprintf("%s/%d", what, n), func(b *testing.B) {
				r := newRig(ecs.Config{})
				k := r.World.Kind("k", 8)
				nodes := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", n/4)
				if what == "links" {
					for d := 1; d <= 4; d++ {
						for i, from := range nodes {
							r.Links.Connect(from, nodes[(i+d*d)%len(nodes)], Link{Latency: 50 * ms, OneWay: true})
						}
					}
				} else {
					r.Links.Network(nodes, Link{Latency: 50 * ms})
				}
				r.run(0)
				for d := 1; d <= 4; d++ {
					for i, from := range nodes {
						e := r.from(from, nodes[(i*7919+d*d)%len(nodes)], k, "x")
						if what == "links" {
							e.To = nodes[(i+d*d)%len(nodes)]
						}
						if e.From != e.To {
							r.Links.send(&e, 0)
						}
					}
				}
				links, networks := make([]uint64, r.Links.Len()), make([]uint64, r.Links.Networks())
				for b.Loop() {
					r.UnderWay(links, networks)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.World.InFlight()), "ns/envelope")
			})
		}
	}
}
