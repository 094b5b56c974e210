// Measures what systems add to a message, a timer and a recurring timer. It
// proves nothing; alloc_test.go proves that none of it allocates.
package systems

import (
	"testing"

	"orrery/ecs"
)

func BenchmarkTransmit(b *testing.B) {
	const n = 1000
	for _, c := range []struct {
		name string
		join func(*Links, []ecs.Node)
	}{
		{"plain", func(l *Links, n []ecs.Node) { l.Ring(n, Link{}) }},
		{"latency", func(l *Links, n []ecs.Node) { l.Ring(n, Link{Latency: 5 * ms, Bandwidth: 1e9}) }},
		{"jitter and loss", func(l *Links, n []ecs.Node) {
			l.Ring(n, Link{Latency: 5 * ms, Jitter: 5 * ms, Loss: ratio(1, 100)})
		}},
		{"network", func(l *Links, n []ecs.Node) { l.Network(n, Link{Latency: 5 * ms, Jitter: 5 * ms}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(ecs.Config{})
			k := r.World.Kind("k", 8)
			nodes := r.World.Nodes(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", n)
			c.join(r.Links, nodes)
			r.start(nodes...)
			r.run(0)
			var all [n]ecs.Envelope
			for i := range all {
				all[i] = r.from(nodes[i], nodes[(i+1)%n], k, "m")
			}
			t := r.World.Tick()
			for b.Loop() {
				for i := range all {
					r.Links.send(&all[i], 0)
				}
				t++
				r.World.Begin(t)
				r.Deliver.Act()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/message")
		})
	}
}

func BenchmarkTimers(b *testing.B) {
	const n = 1000
	t := NewTimers(ecs.NewWorld(ecs.Config{}))
	id := ecs.EnvelopeID(0)
	for b.Loop() {
		for i := range ecs.Node(n) {
			id++
			t.arm(1+i, 7, id)
			t.arm(1+i, 7, id+1) // again
			t.Cancel(1+i, 7)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/timer")
}

func BenchmarkRecurring(b *testing.B) {
	const n = 1_000_000
	r := newRig(ecs.Config{})
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p", State: word{}}, Every: []Every{{Name: "e", Period: ms, Act: func(b *ecs.Batch) {
		states := ecs.States[word](b)
		for _, row := range b.Rows {
			states[row].V++
		}
	}}}})
	r.start(r.World.Nodes(p, "n", n)...)
	r.run(0)
	for b.Loop() {
		r.World.Begin(r.World.Tick() + 1)
		r.Recurring.Act(r.Deliver)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/beat")
}
