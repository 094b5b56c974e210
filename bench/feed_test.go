package bench

import (
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// feeding is a run in which one of n nodes publishes every millisecond what all
// others subscribe to, for columns: over what is said of the feed itself, a
// network of all, or a link to each.
func feeding(n int, way systems.Way, over string) *scheduler.Run {
	type state struct{ Sum, Heard uint64 }
	run := scheduler.New(ecs.Config{Seed: 1})
	feeds := run.Feeds
	feeds.Way("f", way)
	feed := feeds.Declare("f")
	listener := run.Programs.Add(systems.Program{
		Schema:     ecs.Schema{Name: "listener", State: state{}},
		Subscribes: []systems.Subscription{{Name: "f"}},
		Act: func(b *ecs.Batch) {
			states := ecs.States[state](b)
			for i := range b.Envelopes {
				if v := feeds.Read(b, i); v != nil {
					s := &states[b.Rows[i]]
					s.Sum += v.A
					s.Heard++
				}
			}
		},
	})
	source := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "source"},
		Act:    func(*ecs.Batch) {},
		Every: []systems.Every{{Name: "e", Period: ms, Act: func(b *ecs.Batch) {
			feeds.Publish(b, 0, feed, uint64(b.Tick))
		}}},
	})
	all := run.World.Nodes(listener, "n", n)
	from := run.World.Node(source, "source")
	link := systems.Link{Latency: way.Latency, Jitter: way.Jitter, Loss: way.Loss}
	switch over {
	case "network":
		run.Links.Network(append(all, from), link)
	case "links":
		link.OneWay = true
		for _, x := range all {
			run.Links.Connect(from, x, link)
		}
	}
	run.Start(append(all, from)...)
	return run
}

// BenchmarkFeedRatio reports a delivery of a feed to one of its subscribers in
// events of PHOLD for columns of as many nodes.
func BenchmarkFeedRatio(b *testing.B) {
	drawn := systems.Way{Latency: 5 * ms, Jitter: 10 * ms, Loss: 1 << 57}
	for _, c := range []struct {
		name string
		way  systems.Way
		over string
	}{{"next tick", systems.Way{}, ""}, {"5 ms", systems.Way{Latency: 5 * ms}, ""}, {"jitter and loss", drawn, ""}, {"network", drawn, "network"}, {"links", drawn, "links"}} {
		for _, n := range []int{1000, 100_000} {
			b.Run(fmt.Sprintf("%s/nodes=%d", c.name, n), func(b *testing.B) {
				run := feeding(n, c.way, c.over)
				phold := styleRacer(b, Coarse(n), "columns")
				feed := func(ticks ecs.Tick) uint64 {
					before := run.World.Counts().Delivered
					if err := run.RunUntil(run.World.Tick() + ticks); err != nil {
						b.Fatal(err)
					}
					return run.World.Counts().Delivered - before
				}
				phold(300)
				feed(40)
				var ratios, own []float64
				ticks := ecs.Tick(max(10, 200_000/n))
				for b.Loop() {
					p, c := nsPerEvent(phold, 20*ticks), nsPerEvent(feed, ticks)
					ratios, own = append(ratios, c/p), append(own, c)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(own), "ns/delivery")
			})
		}
	}
}
