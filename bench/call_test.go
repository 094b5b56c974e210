package bench

import (
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/systems"

	"orrery/scheduler"
)

// calling is a run in which each node has one call under way: to another
// node, as its reply comes, for ever.
func calling(nodes int, latency ecs.Nanoseconds) *scheduler.Run {
	type state struct{ Replies uint64 }
	run := scheduler.New(ecs.Config{Seed: 1, Envelopes: nodes})
	echo := run.Services.Declare("echo")
	ask := func(me *systems.Me) {
		other := me.Self()&0xffffff*7919%ecs.Node(nodes) + 1 + 1<<24
		me.Call(systems.Call{Service: echo, To: other, A: 1, Timeout: 1_000_000_000, Then: 1})
	}
	id := systems.AddNode(run.Set, systems.Node[state]{
		Name: "p", Direct: latency == 0,
		Start:    func(me *systems.Me, _ *state) { ask(me) },
		Provides: []systems.Provide[state]{{Service: echo, Do: func(_ *systems.Me, _ *state, a uint64) uint64 { return a }}},
		Replies: []func(*systems.Me, *state, *systems.Reply){func(me *systems.Me, s *state, r *systems.Reply) {
			s.Replies += r.A
			ask(me)
		}},
	})
	all := run.World.Nodes(id, "n", nodes)
	if latency > 0 {
		run.Links.Network(all, systems.Link{Latency: latency})
	}
	run.Start(all...)
	return run
}

// BenchmarkCallRatio reports a call with its reply in events of PHOLD for
// columns, and of PHOLD a node at a time: without links, as PHOLD is, and over a
// network.
func BenchmarkCallRatio(b *testing.B) {
	for _, over := range []ecs.Nanoseconds{0, 5_000_000} {
		for _, n := range []int{1000, 100_000} {
			b.Run(fmt.Sprintf("latency=%dms/nodes=%d", over/1_000_000, n), func(b *testing.B) {
				run := calling(n, over)
				columns, single := styleRacer(b, Coarse(n), "columns"), styleRacer(b, Coarse(n), "calls")
				calls := func(ticks ecs.Tick) uint64 {
					before := run.World.Counts().Delivered
					if err := run.RunUntil(run.World.Tick() + ticks); err != nil {
						b.Fatal(err)
					}
					return (run.World.Counts().Delivered - before) / 2
				}
				columns(300)
				single(300)
				calls(1200)
				var ratios, singles, own []float64
				ticks := ecs.Tick(max(10, 200_000/n))
				for b.Loop() {
					p, c, q := nsPerEvent(columns, 10*ticks), nsPerEvent(calls, ticks), nsPerEvent(single, 10*ticks)
					ratios, singles, own = append(ratios, c/p), append(singles, c/q), append(own, c)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(singles), "ratio-single")
				b.ReportMetric(median(own), "ns/call")
			})
		}
	}
}
