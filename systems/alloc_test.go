// Proves that what happens once a message, a tick or a timer allocates nothing
// once memory has grown to what is in use.
package systems

import (
	"testing"

	"orrery/ecs"
	"orrery/ecs/random"
)

// steady is a world of nodes that do one thing for ever.
func steady(n int, join func(r *rig, nodes []ecs.Node), make func(r *rig, k, timer ecs.Kind) Node[word]) *rig {
	r := newRig(ecs.Config{})
	k, timer := r.World.Kind("k", 16), r.World.TimerKind("timer")
	nodes := r.World.Nodes(AddNode(r.Set, make(r, k, timer)), "n", n)
	join(r, nodes)
	r.start(nodes...)
	r.seen = append(r.seen, ecs.Never)[:0]
	r.run(600) // twice around the wheel
	return r
}

// belt is a program that pushes each item that it pulls on, over links, and
// begins with some; every other one is bytes.
func belt(next func(*Me) ecs.Node) func(r *rig, k, timer ecs.Kind) Node[word] {
	bytes := []byte("an item")
	return func(r *rig, _, _ ecs.Kind) Node[word] {
		pipe := r.Pipes.Declare("belt")
		push := func(me *Me, s *word) {
			x := Push{Pipe: pipe, To: next(me), A: s.V}
			if s.V++; s.V%2 == 0 {
				x.A, x.Payload = 0, bytes
			}
			me.PushItem(x)
		}
		return Node[word]{
			Name:  "p",
			Start: func(me *Me, s *word) { push(me, s); push(me, s); push(me, s) },
			Pulls: []Pull[word]{{Pipe: pipe, Do: func(me *Me, s *word, _ *Item) { push(me, s) }}},
		}
	}
}

func joinBelt(r *rig, nodes []ecs.Node) {
	r.Links.Network(nodes, Link{Latency: 2 * ms, Jitter: 3 * ms})
	pipe, _ := r.Pipes.Named("belt")
	r.Pipes.Join(pipe, PipeConfig{Sources: nodes, Targets: nodes, Capacity: 12})
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	chance := Link{Latency: 2 * ms, Jitter: 3 * ms, Loss: ratio(1, 100), Duplicate: ratio(1, 100), Reorder: ratio(1, 10), Corrupt: random.Never, Bandwidth: 1e9, Queue: ms}
	next := func(me *Me) ecs.Node { return 1<<24 + (me.Self()&0xffffff)%20 + 1 }
	pass := func(r *rig, k, _ ecs.Kind) Node[word] {
		return Node[word]{
			Name:  "p",
			Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, s *word) { me.Send(next(me), k, 1, 2) }}},
			On:    []On[word]{{Kind: k, Do: func(_ *Me, s *word, e *ecs.Envelope) { s.V += e.A }}},
		}
	}
	arm := func(r *rig, _, timer ecs.Kind) Node[word] {
		do := func(me *Me, s *word) {
			s.V++
			me.After(2*ms, timer, 1)
			me.AfterKeyed(s.V%3, 3*ms, timer, 0)
			me.Cancel((s.V + 1) % 3)
		}
		return Node[word]{Name: "p", Every: []EveryNode[word]{{Name: "e", Period: ms, Do: do}}, On: []On[word]{{Kind: timer, Do: func(*Me, *word, *ecs.Envelope) {}}}}
	}
	look := func(r *rig, k, timer ecs.Kind) Node[word] {
		n := pass(r, k, timer)
		n.Every[0].Do = func(me *Me, s *word) { s.V += uint64(len(me.Neighbours())) }
		return n
	}
	none := func(*rig, []ecs.Node) {}
	call := func(r *rig, _, _ ecs.Kind) Node[word] { return caller(r, next, ms) }
	for name, r := range map[string]*rig{
		"pipe": steady(20, joinBelt, belt(next)),
		"call": steady(20, func(r *rig, n []ecs.Node) { r.Links.Mesh(n, chance) }, call),
		"refused": steady(20, func(r *rig, n []ecs.Node) {
			r.Links.Mesh(n, chance)
			for i := range 10 {
				r.at(20, Action{Verb: Crash, Target: n[2*i]})
			}
		}, call),
		"link":       steady(20, func(r *rig, n []ecs.Node) { r.Links.Mesh(n, chance) }, pass),
		"network":    steady(20, func(r *rig, n []ecs.Node) { r.Links.Network(n, chance) }, pass),
		"timers":     steady(20, none, arm),
		"neighbours": steady(20, func(r *rig, n []ecs.Node) { r.Links.Network(n, chance) }, look),
	} {
		r.Checks.Add(Check{Name: "c", Kind: AlwaysHolds, Holds: func(*ecs.World) bool { return true }})
		tick := func() {
			r.seen = r.seen[:0]
			r.tick(r.World.Tick() + 1)
		}
		for range 50 {
			tick()
		}
		if n := testing.AllocsPerRun(100, tick); n != 0 {
			t.Errorf("%s: %v allocations a tick of 20 nodes", name, n)
		}
	}
}

// A crash and a restart, a pause and a resume with what waits, allocate nothing
// but the names in their envelopes' identities.
func TestFaultsHardlyAllocate(t *testing.T) {
	r := steady(4, func(*rig, []ecs.Node) {}, func(r *rig, k, timer ecs.Kind) Node[word] {
		return Node[word]{
			Name:  "p",
			Start: func(me *Me, _ *word) { me.AfterKeyed(1, 9*ms, timer, 0) },
			Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) { me.Send(me.Self(), k, 0, 0) }}},
			On:    []On[word]{{Kind: k, Do: func(*Me, *word, *ecs.Envelope) {}}, {Kind: timer, Do: func(*Me, *word, *ecs.Envelope) {}}},
		}
	})
	n := ecs.Node(1<<24 + 1)
	tick := func(faults ...func()) {
		r.seen = r.seen[:0]
		r.World.Begin(r.World.Tick() + 1)
		for _, f := range faults {
			f()
		}
		r.Deliver.Act()
		r.Recurring.Act(r.Deliver)
		r.Lifecycle.Settle()
		r.Recurring.Settle()
	}
	round := func() {
		tick(func() { r.Lifecycle.Pause(n) })
		tick()
		tick(func() { r.Lifecycle.Resume(n) })
		tick(func() { r.Lifecycle.Crash(n) }, func() { r.Lifecycle.Start(n) })
	}
	for range 100 {
		round()
	}
	if got := testing.AllocsPerRun(100, round); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
