// Proves that what is added to a world shifts nothing for those in it: on random
// worlds, an extra node, link, program, fault, observer, series or check leaves
// each other node with the same events, in the same order, and the same draws.
// And that envelopes of one tick come in the order in which they were sent,
// whatever levels of the wheel they passed, and across a restore.
package scheduler_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// extra is what a random world is built with beside its plan. The node comes
// before node `at`, so that the numbers of those after it differ; -1: no node.
type extra struct {
	at, atInput int
	program     int
	linked      bool // to everyone, and in the network
	observed    bool // by observer, series and check
	declared    bool // a program, a kind and a stream come before the plan's
	crashed     bool
	node        *ecs.Node
}

var nothing = extra{at: -1, atInput: -1}

const extraName = "extra"

func drawExtra(t *rapid.T, p *plan) extra {
	return extra{
		at: rapid.IntRange(0, len(p.nodes)-1).Draw(t, "extra at"), atInput: rapid.IntRange(0, len(p.inputs)-1).Draw(t, "extra at input"),
		program: rapid.IntRange(0, planPrograms-1).Draw(t, "extra program"), linked: rapid.Bool().Draw(t, "extra linked"),
		observed: rapid.Bool().Draw(t, "observed"), declared: rapid.Bool().Draw(t, "extra declared"),
		crashed: rapid.Bool().Draw(t, "extra crashed"), node: new(ecs.Node),
	}
}

func (x extra) declare(run *scheduler.Run) {
	if x.declared {
		run.World.Kind("unused", 8)
		run.World.Stream("unused")
		run.Programs.Add(systems.Program{Schema: ecs.Schema{Name: "unused", State: busy{}}})
	}
}

func (x extra) bear(b *built) { *x.node = b.World.Node(b.programs[x.program], extraName) }

// link joins the extra node to others, which do not know it; it starts.
func (x extra) link(b *built, nodes, net []ecs.Node) []ecs.Node {
	if x.at < 0 {
		return net
	}
	b.Start(*x.node)
	if x.observed {
		b.Observe(&reader{})
		b.Measures.Series("extra", 7001*ms, func(w *ecs.World) float64 { return float64(w.InFlight()) })
		b.Checks.Add(systems.Check{Name: "extra", Kind: systems.EventuallyHolds, After: 77 * ms, Within: 8888 * ms, Holds: func(*ecs.World) bool { return false }})
	}
	if !x.linked {
		return net
	}
	for _, n := range nodes {
		b.Links.Connect(n, *x.node, systems.Link{Latency: 3 * ms})
	}
	return append([]ecs.Node{*x.node}, net...)
}

// disturb does things to the extra node alone.
func (x extra) disturb(b *built, tick ecs.Tick) {
	b.At(tick, systems.Action{Verb: systems.Message, Target: *x.node, Kind: b.work, A: 3})
	if x.crashed {
		b.At(tick, systems.Action{Verb: systems.Crash, Target: *x.node, Down: 5 * ms})
	}
}

func TestExtrasShiftNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		plain, more := p.build(nothing), p.build(drawExtra(t, &p))
		for _, b := range []*built{plain, more} {
			if err := b.RunUntil(planUntil); errors.As(err, new(*ecs.LimitError)) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
		}
		delete(more.logs, extraName)
		if diff := gocmp.Diff(plain.logs, more.logs); diff != "" {
			t.Fatal(diff)
		}
		for _, n := range p.nodes {
			if a, b := plain.state(n.name), more.state(n.name); a != b {
				t.Fatalf("%s: %+v alone, %+v with the extra", n.name, a, b)
			}
		}
	})
}

// TestMeasuringShiftsNothing adds what only looks: the digest stays the same to
// the end, and checks are asked in the same ticks.
func TestMeasuringShiftsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		plain, measured := p.build(nothing), p.build(nothing)
		measured.Observe(&reader{})
		measured.Measures.Series("extra", spans(t, "every")+999*ms, func(w *ecs.World) float64 { return float64(w.LiveNodes()) })
		var asked [2][]ecs.Tick
		for i, b := range []*built{plain, measured} {
			b.Checks.Add(systems.Check{Name: "asked", Kind: systems.AlwaysHolds, Every: 30_000 * ms, Holds: func(w *ecs.World) bool {
				asked[i] = append(asked[i], w.Tick())
				return true
			}})
			must(t, b.RunUntil(planUntil))
		}
		if diff := gocmp.Diff(plain.logs, measured.logs); diff != "" {
			t.Fatal(diff)
		}
		if diff := gocmp.Diff(asked[0], asked[1]); diff != "" {
			t.Fatalf("the check was asked in other ticks:\n%s", diff)
		}
		if a, b := plain.End().Digest, measured.End().Digest; a != b {
			t.Fatalf("digest %x alone, %x measured", a, b)
		}
	})
}

func (b *built) state(name string) busy {
	n, ok := b.World.NodeNamed(name)
	if !ok {
		panic(name)
	}
	return *ecs.State[busy](b.World, n)
}

// TestRandomWorldsRestored takes random worlds back from random ticks, in the
// run itself and in a fork.
func TestRandomWorldsRestored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		straight, there := p.build(nothing), p.build(nothing)
		at := ecs.Tick(rapid.IntRange(0, int(planUntil)).Draw(t, "snapshot"))
		on := ecs.Tick(rapid.IntRange(0, int(planUntil)).Draw(t, "run on"))
		var s ecs.Snapshot
		must(t, straight.RunUntil(at))
		must(t, there.RunUntil(at))
		there.Snapshot(&s)
		fork, err := there.Fork(&s)
		must(t, err)
		must(t, there.RunUntil(at+on))
		must(t, there.Restore(&s))
		parallel(t, straight.Run, there.Run)
		must(t, straight.Restore(&s))
		parallel(t, straight.Run, fork)
	})
}

func must(t *rapid.T, err error) {
	t.Helper()
	var limit *ecs.LimitError
	if errors.As(err, &limit) {
		t.Skip(err) // the world breeds
	}
	if err != nil {
		t.Fatal(err)
	}
}

func parallel(t *rapid.T, a, b *scheduler.Run) {
	t.Helper()
	d, err := scheduler.Compare(a, b, planUntil)
	must(t, err)
	if d != nil {
		t.Fatalf("they part at %v", d)
	}
}

// sending is a burst of numbered messages, each to come at a tick of its own.
type sending struct {
	tick ecs.Tick // of the input that sets it off; messages leave in the next
	due  []ecs.Tick
}

type arrival struct {
	tick   ecs.Tick
	number uint64
}

// drawSendings draws bursts whose messages often meet in one tick, near the
// bounds between the levels of the wheel, from 1 tick to 10^6 away.
func drawSendings(t *rapid.T) []sending {
	meeting := rapid.Custom(func(t *rapid.T) ecs.Tick {
		block := ecs.Tick(1) << (6 * rapid.IntRange(0, 3).Draw(t, "level"))
		return max(2, block*ecs.Tick(rapid.IntRange(1, 4).Draw(t, "blocks"))+ecs.Tick(rapid.IntRange(-2, 2).Draw(t, "off")))
	})
	meetings := rapid.SliceOfN(meeting, 1, 8).Draw(t, "meetings")
	all := make([]sending, rapid.IntRange(1, 25).Draw(t, "bursts"))
	for i := range all {
		target := rapid.SampledFrom(meetings)
		all[i].tick = max(0, target.Draw(t, "burst near")-ecs.Tick(rapid.IntRange(0, 200).Draw(t, "before"))-1)
		for range rapid.IntRange(1, 6).Draw(t, "messages") {
			all[i].due = append(all[i].due, max(all[i].tick+2, target.Draw(t, "due")))
		}
	}
	slices.SortStableFunc(all, func(a, b sending) int { return cmp.Compare(a.tick, b.tick) })
	return all
}

// bursts builds a run that sends what is drawn, and the log of what came.
func bursts(all []sending) (run *scheduler.Run, got *[]arrival, want []arrival) {
	run, got = scheduler.New(ecs.Config{}), new([]arrival)
	set, item := run.World.Kind("set off", 8), run.World.Kind("item", 8)
	first := make([]uint64, len(all))
	for i, s := range all {
		first[i] = uint64(len(want))
		for k, due := range s.due {
			want = append(want, arrival{due, first[i] + uint64(k)})
		}
	}
	var target ecs.Node
	program := systems.AddNode(run.Set, systems.Node[busy]{Name: "burst", Direct: true, On: []systems.On[busy]{
		{Kind: set, Do: func(me *systems.Me, s *busy, m *ecs.Envelope) {
			for k, due := range all[m.A].due {
				me.SendAfter(due-me.Tick(), target, item, first[m.A]+uint64(k), 0)
			}
		}},
		{Kind: item, Do: func(me *systems.Me, s *busy, m *ecs.Envelope) { *got = append(*got, arrival{me.Tick(), m.A}) }},
	}})
	nodes := run.World.Nodes(program, "n", 2)
	target = nodes[1]
	run.Start(nodes...)
	for i, s := range all {
		run.At(s.tick, systems.Action{Verb: systems.Message, Target: nodes[0], Kind: set, A: uint64(i)})
	}
	slices.SortStableFunc(want, func(a, b arrival) int { return cmp.Compare(a.tick, b.tick) })
	return run, got, want
}

func TestSendOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, got, want := bursts(drawSendings(t))
		must(t, run.RunUntil(ecs.Never))
		if !slices.Equal(*got, want) {
			t.Fatalf("got %v\nwant %v", *got, want)
		}
	})
}

func TestSendOrderRestored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, got, want := bursts(drawSendings(t))
		var s ecs.Snapshot
		for range 4 {
			must(t, run.RunUntil(run.World.Tick()+ecs.Tick(rapid.IntRange(0, 1<<rapid.IntRange(0, 19).Draw(t, "bits")).Draw(t, "on"))))
			run.Snapshot(&s)
			came := len(*got)
			must(t, run.RunUntil(run.World.Tick()+ecs.Tick(rapid.IntRange(0, 1<<rapid.IntRange(0, 20).Draw(t, "bits")).Draw(t, "lost"))))
			must(t, run.Restore(&s))
			*got = (*got)[:came]
		}
		must(t, run.RunUntil(ecs.Never))
		if !slices.Equal(*got, want) {
			t.Fatalf("got %v\nwant %v", *got, want)
		}
	})
}
