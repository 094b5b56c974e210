// Measures what systems add to a message, a timer and a recurring timer. It
// proves nothing; alloc_test.go proves that none of it allocates.
package systems

import (
	"fmt"
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

// caller is a program that calls one service once a period, and provides it.
func caller(r *rig, next func(*Me) ecs.Node, period ecs.Nanoseconds) Node[word] {
	service := r.Services.Declare("echo")
	return Node[word]{
		Name:     "p",
		Provides: []Provide[word]{{Service: service, Do: func(_ *Me, _ *word, a uint64) uint64 { return a }}},
		Replies:  []func(*Me, *word, *Reply){func(_ *Me, s *word, r *Reply) { s.V += r.A }},
		Every: []EveryNode[word]{{Name: "e", Period: period, Do: func(me *Me, _ *word) {
			me.Call(Call{Service: service, To: next(me), A: 1, Timeout: 50 * ms, Then: 1})
		}}},
	}
}

// BenchmarkCall is a call with its reply, over a link of 5 ms.
func BenchmarkCall(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			r := newRig(ecs.Config{})
			k := AddNode(r.Set, caller(r, func(me *Me) ecs.Node { return 1<<24 + (me.Self()&0xffffff*7919)%ecs.Node(n) + 1 }, 4*ms))
			nodes := r.World.Nodes(k, "n", n)
			r.Links.Network(nodes, Link{Latency: 5 * ms})
			r.start(nodes...)
			r.run(100)
			before := r.World.Counts().Delivered
			for b.Loop() {
				r.run(r.World.Tick() + 1)
			}
			calls := float64(r.World.Counts().Delivered-before) / 2
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/calls, "ns/call")
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

// BenchmarkParam is a param that one node sets until all have it, per node that
// learns it; the first part is a message on the same links, for comparison. What
// nodes keep is in bytes a node and param.
func BenchmarkParam(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		build := func() (*rig, ParamID, ecs.Kind, []ecs.Node) {
			r := newRig(ecs.Config{})
			if err := r.Epidemic.Open(Gossip{}); err != nil {
				b.Fatal(err)
			}
			id := r.Params.Declare("p", make([]byte, 8), Eventual)
			set, pass := r.World.TimerKind("set"), r.World.Kind("pass", 8)
			nodes := r.World.Nodes(AddNode(r.Set, Node[word]{
				Name: "p", On: []On[word]{
					{set, func(me *Me, s *word, e *ecs.Envelope) { me.SetParam(id, make([]byte, 8)) }},
					{pass, func(me *Me, s *word, e *ecs.Envelope) {
						me.Send(1<<24+(me.Self()&0xffffff)%ecs.Node(n)+1, pass, 0, 0)
					}},
				}}), "n", n)
			r.Links.Network(nodes, Link{Latency: 5 * ms, Jitter: 5 * ms})
			r.start(nodes...)
			r.run(0)
			return r, id, set, nodes
		}
		b.Run(fmt.Sprintf("nodes=%d/message", n), func(b *testing.B) {
			r, _, _, nodes := build()
			pass := ecs.Kind(r.Params.Woken().Index() + 2)
			for i, x := range nodes {
				e := r.World.Outside(x, pass, 0, 0, fmt.Sprint(i))
				r.World.Post(&e, 1)
			}
			r.run(100)
			before := r.World.Counts().Delivered
			for b.Loop() {
				r.run(r.World.Tick() + 10)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(r.World.Counts().Delivered-before), "ns/message")
		})
		b.Run(fmt.Sprintf("nodes=%d/set", n), func(b *testing.B) {
			r, _, set, nodes := build()
			i := 0
			for b.Loop() {
				e := r.World.Outside(nodes[i%n], set, 0, 1<<32, fmt.Sprint(i))
				r.World.Post(&e, r.World.Tick()+1)
				r.run(r.World.Tick() + 2000)
				i++
			}
			if !r.Epidemic.settled() {
				b.Fatal("nodes do not agree after 2 s")
			}
			sent, _ := r.Epidemic.Traffic()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/node")
			b.ReportMetric(float64(sent)/float64(b.N)/float64(n), "messages/node")
			e := r.Epidemic
			kept := e.views.Table().Rows()*e.views.Table().Stride() + e.members.rows.Len()*e.members.rows.Table().Stride()
			b.ReportMetric(float64(kept)/float64(n), "bytes/node")
		})
	}
}

// BenchmarkViews is who provides what spread by gossip from nothing, all nodes
// starting at once, a tenth of them as providers; per pair of a node and a
// provider.
func BenchmarkViews(b *testing.B) {
	for _, n := range []int{1000} {
		build := func() (*rig, []ecs.Node) {
			r := newRig(ecs.Config{})
			service := r.Services.Declare("echo")
			if err := r.Epidemic.Open(Gossip{}); err != nil {
				b.Fatal(err)
			}
			r.Services.Gossip(r.Epidemic)
			p := AddNode(r.Set, Node[word]{Name: "p", Provides: []Provide[word]{{Service: service, Do: func(_ *Me, _ *word, a uint64) uint64 { return a }}}})
			c := AddNode(r.Set, Node[word]{Name: "c", Replies: []func(*Me, *word, *Reply){nil}})
			nodes := append(r.World.Nodes(p, "p", n/10), r.World.Nodes(c, "c", n-n/10)...)
			r.Links.Network(nodes, Link{Latency: 5 * ms, Jitter: 5 * ms})
			r.start(nodes...)
			return r, nodes
		}
		b.Run(fmt.Sprintf("nodes=%d/spread", n), func(b *testing.B) {
			var sent, kept uint64
			for b.Loop() {
				r, _ := build()
				r.run(2000)
				if !r.Epidemic.settled() {
					b.Fatal("nodes do not agree after 2 s")
				}
				sent, _ = r.Epidemic.Traffic()
				e := r.Epidemic
				kept = uint64(e.views.Table().Rows()*e.views.Table().Stride() + 4*n*n/10)
			}
			pairs := float64(n) * float64(n/10)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pairs, "ns/pair")
			b.ReportMetric(float64(sent)/float64(n), "messages/node")
			b.ReportMetric(float64(kept)/pairs, "bytes/pair")
		})
	}
}
