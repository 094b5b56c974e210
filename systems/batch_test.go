// Proves that splits into batches show nowhere: a program that does all a
// program may do, over links and under faults that rapid draws, gives one digest
// and one state for batches of 1, 7 and 126, straight or restored or forked,
// written a node at a time or for columns.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// walk is a state that any difference in what came, or in which order, changes
// for good.
type walk struct {
	Sum, Count uint64
	Told       int64 // last tick in which a timer was cancelled
}

// actor is what the behaviour may do, in both styles.
type actor struct {
	*actors
	b  *ecs.Batch
	i  int
	me *Me // nil: for columns
}

// actors is the world of a test.
type actors struct {
	*rig
	nodes        []ecs.Node
	group        ecs.Node
	say, blob    ecs.Kind
	timer, keyed ecs.Kind
	stream       ecs.Stream
	link         Link
	exits        bool
}

func (a *actor) send(to ecs.Node, x uint64) {
	if a.me != nil {
		a.me.Send(to, a.say, x, x)
		return
	}
	a.b.Out = append(a.b.Out, ecs.Send{To: to, Cause: uint16(a.i), Kind: a.say, A: x, B: x})
}

func (a *actor) exit(dies bool) {
	switch {
	case a.me != nil && dies:
		a.me.Die(1)
	case a.me != nil:
		a.me.Exit(2)
	case dies:
		a.Lifecycle.Die(a.b.Node(a.i), 1)
	default:
		a.Lifecycle.Exit(a.b.Node(a.i), 2)
	}
}

// act is the behaviour: what is done is drawn, and changes the state.
func (a *actor) act(s *walk, x uint64) {
	draws := a.b.Draws(a.stream, a.i)
	r := draws.Uint64()
	s.Sum = (s.Sum ^ x ^ r) * 0x9E3779B97F4A7C15
	s.Count++
	to := a.nodes[draws.Below(uint64(len(a.nodes)))]
	wait := ecs.Nanoseconds(draws.Below(uint64(4 * ms)))
	key := draws.Below(2)
	switch r % 16 {
	case 0, 1:
		a.send(to, s.Sum)
	case 2:
		a.send(to, s.Count)
		a.Timers.AfterKeyed(a.b, a.i, key, wait, a.keyed, s.Sum)
		a.send(to, s.Sum)
	case 3:
		a.send(a.group, s.Sum)
	case 4:
		a.b.SendBytes(a.i, to, a.blob, 0, fmt.Appendf(nil, "%d bytes of %s", s.Sum, a.World.NodeName(to)))
	case 5:
		a.Timers.After(a.b, a.i, wait, a.timer, s.Sum)
	case 6, 7:
		a.Timers.AfterKeyed(a.b, a.i, key, wait, a.keyed, s.Sum)
	case 8:
		if a.Timers.Cancel(a.b.Node(a.i), key) {
			s.Told = int64(a.b.Tick)
		}
	case 9:
		a.send(to, 1)
		if a.exits && draws.Below(4) == 0 {
			a.exit(draws.Below(3) == 0)
		}
	case 10:
		if a.exits && a.World.LiveNodes() < 12 {
			a.bear(fmt.Sprint("child of ", s.Sum))
		}
	}
}

// bear has a node born, as Me.Bear does, and links it to all.
func (a *actor) bear(name string) {
	var n ecs.Node
	if a.me != nil {
		n = a.me.Bear(1, name)
	} else {
		n = a.World.Bear(1, name)
		a.b.Out = append(a.b.Out, ecs.Send{To: n, Cause: uint16(a.i), Kind: ecs.KindStart})
	}
	for _, m := range a.nodes {
		a.Links.Connect(n, m, a.link)
	}
}

func (a *actors) envelope(b *ecs.Batch, i int, me *Me, s *walk) {
	e := &b.Envelopes[i]
	x := e.A ^ e.B
	if e.HasBytes() {
		x = 0
		for _, c := range a.World.Payload(e) {
			x = x*31 + uint64(c)
		}
	} else if e.IsTimer() {
		x = e.A
	}
	(&actor{a, b, i, me}).act(s, x+uint64(e.ID()))
}

// declare adds a program of the behaviour, in either style.
func (a *actors) declare(name, style string) ecs.ProgramID {
	every := []ecs.Nanoseconds{3 * ms, 5 * ms}
	if style == "columns" {
		each := func(b *ecs.Batch) {
			for i, row := range b.Rows {
				(&actor{a, b, i, nil}).act(&ecs.States[walk](b)[row], 0)
			}
		}
		p := Program{Schema: ecs.Schema{Name: name, State: walk{}, Durable: []string{"Count"}}, Start: each, Stop: each}
		for k, d := range every {
			p.Every = append(p.Every, Every{Name: fmt.Sprint(k), Period: d, Act: each})
		}
		p.Act = func(b *ecs.Batch) {
			for i := range b.Envelopes {
				if b.Envelopes[i].IsTimer() && !a.Timers.Fires(b, i) {
					continue
				}
				a.envelope(b, i, nil, &ecs.States[walk](b)[b.Rows[i]])
			}
		}
		return a.Programs.Add(p)
	}
	each := func(me *Me, s *walk) { (&actor{a, me.b, me.b.At, me}).act(s, 0) }
	n := Node[walk]{Name: name, Durable: []string{"Count"}, Start: each, Stop: each}
	for k, d := range every {
		n.Every = append(n.Every, EveryNode[walk]{Name: fmt.Sprint(k), Period: d, Do: each})
	}
	for _, k := range []ecs.Kind{a.say, a.blob, a.timer, a.keyed} {
		n.On = append(n.On, On[walk]{Kind: k, Do: func(me *Me, s *walk, _ *ecs.Envelope) { a.envelope(me.b, me.b.At, me, s) }})
	}
	return AddNode(a.Set, n)
}

// plan is a world and its faults, drawn once and built several times.
type plan struct {
	seed   uint64
	link   Link
	exits  bool
	inputs []input
}

var plans = rapid.Custom(func(t *rapid.T) plan {
	p := plan{seed: rapid.Uint64().Draw(t, "seed"), link: links.Draw(t, "link"), exits: rapid.Bool().Draw(t, "exits")}
	p.link.Latency, p.link.Jitter = p.link.Latency%(4*ms), p.link.Jitter%(4*ms)
	// Neither may all be lost, nor more and more be under way.
	p.link.Loss /= 4
	p.link.Duplicate /= 16
	if p.link.Bandwidth > 0 {
		p.link.Bandwidth = max(p.link.Bandwidth, 100_000)
	}
	verbs := []Verb{Start, Start, Stop, Crash, Restart, Pause, Pause, Resume, Resume, CutOff, Partition, Heal, Message}
	for range rapid.IntRange(0, 25).Draw(t, "faults") {
		p.inputs = append(p.inputs, input{
			tick: ecs.Tick(rapid.IntRange(1, 60).Draw(t, "at")),
			action: Action{
				Verb: rapid.SampledFrom(verbs).Draw(t, "verb"), OneWay: rapid.Bool().Draw(t, "one way"), InFlight: rapid.Bool().Draw(t, "in flight"),
				Target: ecs.Node(rapid.IntRange(0, 5).Draw(t, "target")), Other: ecs.Node(rapid.IntRange(0, 5).Draw(t, "other")),
				Down: ecs.Nanoseconds(rapid.Int64Range(0, 5*int64(ms)).Draw(t, "down")),
			},
		})
	}
	return p
})

func (p *plan) build(batch int, styles ...string) *actors {
	a := &actors{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: batch}), link: p.link, exits: p.exits}
	a.say, a.blob = a.World.Kind("say", 16), a.World.Kind("blob", 0)
	a.timer, a.keyed = a.World.TimerKind("timer"), a.World.TimerKind("keyed")
	a.stream = a.World.Stream("walk")
	a.Waiting.Limit(8)
	for i, style := range styles {
		id := a.declare(fmt.Sprint("p", i), style)
		a.nodes = append(a.nodes, a.World.Nodes(id, fmt.Sprint("p", i, "n"), 3)...)
	}
	a.group = a.World.Group("g", a.nodes[1:5])
	a.Links.Network(a.nodes, p.link)
	a.start(a.nodes...)
	for _, in := range p.inputs {
		in.action.Kind = a.say
		in.action.Target, in.action.Other = a.nodes[in.action.Target], a.nodes[in.action.Other]
		in.action.Sides = []ecs.Node{in.action.Target, a.nodes[5]}
		if !a.World.In(in.action.Target, a.group) {
			in.action.Sides = []ecs.Node{in.action.Target, a.group}
		}
		a.inputs = append(a.inputs, in)
	}
	return a
}

// story runs to the end and returns what can be told at several ticks.
func (a *actors) story(t *rapid.T, between func(*actors)) []string {
	var lines []string
	for _, until := range []ecs.Tick{0, 7, 20, 41, 70} {
		a.run(until)
		lines = append(lines, a.sum())
		if between != nil {
			between(a)
		}
	}
	a.World.Checkpoint()
	return append(lines, a.sum())
}

func TestBatchesAreInvisible(t *testing.T) {
	delivered, fates := uint64(0), ecs.Counts{}
	rapid.Check(t, func(t *rapid.T) {
		p := plans.Draw(t, "plan")
		for _, styles := range [][]string{{"node", "node"}, {"columns", "columns"}, {"node", "columns"}} {
			a := p.build(126, styles...)
			want := a.story(t, nil)
			delivered += a.World.Counts().Delivered
			for c, n := range a.World.Counts().Dropped {
				fates.Dropped[c] += n
			}
			for _, batch := range []int{1, 7} {
				if diff := cmp.Diff(want, p.build(batch, styles...).story(t, nil)); diff != "" {
					t.Fatalf("%v: batches of %d differ from those of 126: %s", styles, batch, diff)
				}
			}
		}
	})
	if delivered < 10_000 {
		t.Errorf("%d envelopes in all: the test tests little", delivered)
	}
	for c, n := range fates.Dropped {
		if n == 0 && ecs.Cause(c) != ecs.DroppedLate && ecs.Cause(c) != ecs.DroppedUnlinked { // of which other tests tell
			t.Errorf("none was dropped as %v: the test tests little", ecs.Cause(c))
		}
	}
}

// But for exits, which are at once in one style and at the end of the phase in
// the other, styles are as one.
func TestStylesAreOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plans.Draw(t, "plan")
		p.exits = false
		want := p.build(126, "node", "node").story(t, nil)
		for _, styles := range [][]string{{"columns", "node"}, {"columns", "columns"}} {
			if diff := cmp.Diff(want, p.build(7, styles...).story(t, nil)); diff != "" {
				t.Fatalf("%v: %s", styles, diff)
			}
		}
	})
}

func TestRestoredIsStraight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plans.Draw(t, "plan")
		style := rapid.SampledFrom([]string{"node", "columns"}).Draw(t, "style")
		want := p.build(126, style, style).story(t, nil)
		got := p.build(126, style, style).story(t, func(a *actors) {
			s := a.snapshot()
			a.run(a.World.Tick() + 5)
			a.restore(t, s)
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
