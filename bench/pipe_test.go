package bench

import (
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// piping is a run in which each node pushes each item that it pulls on to
// another node, always the same, with some items in each of these flows.
func piping(nodes, items int, latency ecs.Nanoseconds) *scheduler.Run {
	type state struct{ Sum uint64 }
	run := scheduler.New(ecs.Config{Seed: 1, Envelopes: 4 * nodes})
	belt := run.Pipes.Declare("belt")
	push := func(me *systems.Me, a uint64) {
		other := me.Self()&0xffffff*7919%ecs.Node(nodes) + 1 + 1<<24
		me.PushItem(systems.Push{Pipe: belt, To: other, A: a})
	}
	id := systems.AddNode(run.Set, systems.Node[state]{
		Name: "p", Direct: latency == 0,
		Start: func(me *systems.Me, _ *state) {
			for i := range items {
				push(me, uint64(i))
			}
		},
		Pulls: []systems.Pull[state]{{Pipe: belt, Do: func(me *systems.Me, s *state, it *systems.Item) {
			s.Sum += it.A
			push(me, it.A)
		}}},
	})
	all := run.World.Nodes(id, "n", nodes)
	if latency > 0 {
		run.Links.Network(all, systems.Link{Latency: latency})
	}
	run.Pipes.Join(belt, systems.PipeConfig{Sources: all, Targets: all, Capacity: 64})
	run.Start(all...)
	return run
}

// BenchmarkPipeRatio reports an item of a pipe, from push to pull and with all
// that is acknowledged of it, in events of PHOLD for columns.
func BenchmarkPipeRatio(b *testing.B) {
	for _, over := range []ecs.Nanoseconds{0, 5_000_000} {
		for _, items := range []int{1, 4} {
			for _, n := range []int{1000, 100_000} {
				b.Run(fmt.Sprintf("latency=%dms/items=%d/nodes=%d", over/1_000_000, items, n), func(b *testing.B) {
					run := piping(n, items, over)
					phold := styleRacer(b, Coarse(n), "columns")
					pulls := func(ticks ecs.Tick) uint64 {
						before := run.Pipes.Figures(1).Pulled
						if err := run.RunUntil(run.World.Tick() + ticks); err != nil {
							b.Fatal(err)
						}
						return run.Pipes.Figures(1).Pulled - before
					}
					ticks := ecs.Tick(max(10, 200_000/n))
					phold(300)
					pulls(6 * ticks)
					var ratios, own []float64
					for b.Loop() {
						p, c := nsPerEvent(phold, 10*ticks), nsPerEvent(pulls, ticks)
						ratios, own = append(ratios, c/p), append(own, c)
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(median(ratios), "ratio")
					b.ReportMetric(median(own), "ns/item")
				})
			}
		}
	}
}
