// Proves what who is outside can do through channels, and what comes of it: calls
// of nobody and as a node, in every way in which they end, values, params and
// items. That acts are the same for any split into batches, restored and forked
// TestDeterminismOfActs of package scenario shows.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

// stall is a world that is acted on, and what who acts is told.
type stall struct {
	*rig
	nodes           []ecs.Node // 0 and 1 provide, 2 does not
	add, slow, none Service
	request         ecs.EnvelopeID // that was deferred
	sources         []ecs.Node
	came            []string // values and items
	told            []string
}

func newStall() *stall {
	x := &stall{rig: newRig(ecs.Config{})}
	x.add, x.slow, x.none = x.Services.Declare("add"), x.Services.Declare("slow"), x.Services.Declare("none")
	answer := x.World.TimerKind("answer")
	x.Feeds.Way("kept/*", Way{Latency: 3 * ms, Latched: true})
	if err := x.Epidemic.Open(Gossip{}); err != nil {
		panic(err)
	}
	x.Params.Declare("speed", []byte("slow"), Eventual)
	pipe := x.Pipes.Declare("items")
	provider := AddNode(x.Set, Node[word]{
		Name: "provider",
		Provides: []Provide[word]{
			{Service: x.add, Do: func(me *Me, _ *word, a uint64) uint64 {
				if x.sources = append(x.sources, me.Source()); a == 13 {
					me.Refuse(99)
				}
				return a + 1
			}},
			{Service: x.slow, Do: func(me *Me, _ *word, a uint64) uint64 {
				x.request = me.Defer()
				me.After(ecs.Nanoseconds(a)*ms, answer, 0)
				return 0
			}},
		},
		On:         []On[word]{{answer, func(me *Me, _ *word, _ *ecs.Envelope) { me.Reply(x.request, 7) }}},
		Subscribes: []Subscribe[word]{{Name: "kept/*", Do: func(me *Me, _ *word, v *Value) { x.came = append(x.came, fmt.Sprint(me.Name(), v.A, v.From)) }}},
		Pulls:      []Pull[word]{{Pipe: pipe, Do: func(me *Me, _ *word, it *Item) { x.came = append(x.came, fmt.Sprint(me.Name(), it.A)) }}},
	})
	x.nodes = append(x.World.Nodes(provider, "p", 2), x.World.Node(AddNode(x.Set, Node[word]{Name: "client"}), "c"))
	x.Links.Mesh(x.nodes, Link{Latency: 5 * ms})
	x.Pipes.Join(pipe, PipeConfig{Sources: x.nodes[2:], Targets: x.nodes[:1], Capacity: 2})
	x.World.Group("both", x.nodes[:2])
	x.start(x.nodes...)
	x.Outside.Tell(func(o *Upshot) {
		text := fmt.Sprintf("%d at %d: %s", o.Label, x.World.Tick(), o.Refused)
		if r := o.Reply; r != nil {
			text += fmt.Sprintf("%s %d by %s in %d", r.Why, r.A, x.World.NodeName(r.Provider), r.Took/ms)
			for _, a := range r.Answers {
				text += fmt.Sprintf(" %s=%d", x.World.NodeName(a.Provider), a.A)
			}
		}
		if o.Of > 0 {
			text += fmt.Sprintf("of %d", o.Of)
		}
		if o.Value != nil {
			text += fmt.Sprintf("%s %d", o.Value, o.Version.Counter)
		}
		x.told = append(x.told, text)
	})
	return x
}

func (x *stall) call(label uint64, s Service, a uint64, more ...func(*Action)) Action {
	c := Action{Verb: CallService, Name: x.World.KindName(s.Kind), Kind: s.Kind, A: a, Timeout: 20 * ms, Label: label}
	for _, f := range more {
		f(&c)
	}
	return c
}

func TestActsOfNobody(t *testing.T) {
	x := newStall()
	to := func(n ecs.Node) func(*Action) { return func(a *Action) { a.Other = n } }
	both, _ := x.World.NodeNamed("both")
	x.at(10, x.call(1, x.add, 5, to(x.nodes[1])))
	x.at(20, x.call(2, x.add, 13, to(x.nodes[0])))
	x.at(30, x.call(3, x.slow, 15, to(x.nodes[0])))
	x.at(60, x.call(4, x.slow, 25, to(x.nodes[0]))) // too slow
	x.at(100, x.call(5, x.none, 0))
	x.at(110, x.call(6, x.none, 0, to(x.nodes[0])))
	x.at(120, x.call(7, x.add, 1, to(both), func(a *Action) { a.Need = 2 }))
	for i := range uint64(3) {
		x.at(130+ecs.Tick(i), x.call(8+i, x.add, i, func(a *Action) { a.Policy = RoundRobin }))
	}
	x.at(140, Action{Verb: Crash, Target: x.nodes[1]})
	x.at(141, x.call(11, x.add, 1, to(x.nodes[1])))
	x.at(150, x.call(12, x.slow, 50, to(x.nodes[0])))
	x.at(155, Action{Verb: Crash, Target: x.nodes[0]})
	x.run(300)
	want := []string{
		"1 at 11:  6 by p[1] in 1", "2 at 21: failed 99 by p[0] in 1", "3 at 46:  7 by p[0] in 16", "4 at 80: timeout 0 by p[0] in 20",
		"5 at 101: no provider 0 by outside in 1", "6 at 111: unknown service 4 by p[0] in 1", "7 at 121:  0 by outside in 1 p[0]=2 p[1]=2",
		"8 at 131:  1 by p[0] in 1", "9 at 132:  2 by p[1] in 1", "10 at 133:  3 by p[0] in 1",
		"11 at 142: crashed 5 by p[1] in 1", "12 at 155: crashed 5 by p[0] in 5",
	}
	if d := cmp.Diff(want, x.told); d != "" {
		t.Error(d)
	}
	for _, n := range x.sources {
		if n != 0 {
			t.Errorf("%s is said to have called", x.World.NodeName(n))
		}
	}
	c := x.World.Counts()
	if late := c.Dropped[ecs.DroppedLate]; late != 1 {
		t.Errorf("%d replies came late, and not 1", late)
	}
	if x.Services.InFlight(0) != 0 {
		t.Errorf("%d calls of nobody are under way", x.Services.InFlight(0))
	}
	if n := x.World.InFlight(); c.Sent != c.Delivered+c.Lost()+uint64(n) {
		t.Errorf("of %d sent %d were delivered, %d dropped, and %d are under way", c.Sent, c.Delivered, c.Lost(), n)
	}
}

func TestActsOfAllProviders(t *testing.T) {
	x := newStall()
	all := func(a *Action) { a.All = true }
	as := func(a *Action) { a.Target = x.nodes[2] }
	both, _ := x.World.NodeNamed("both")
	x.at(10, x.call(1, x.add, 5, all))
	x.at(20, x.call(2, x.add, 13, all, as))
	x.at(40, x.call(3, x.add, 5, all, func(a *Action) { a.Need = 2 }))
	x.at(41, x.call(4, x.add, 5, all, func(a *Action) { a.Need = 3 }))
	x.at(42, x.call(5, x.add, 5, all, as, func(a *Action) { a.Need, a.Other = 1, both }))
	x.at(50, x.call(6, x.none, 0, all))
	x.at(60, Action{Verb: Crash, Target: x.nodes[1]})
	x.at(61, x.call(7, x.add, 7, all))
	x.at(70, x.call(8, x.slow, 50, all, as))
	x.at(75, Action{Verb: Crash, Target: x.nodes[2]})
	x.run(200)
	want := []string{
		"1 at 10: of 2", "1 at 11:  6 by p[0] in 1", "1 at 11:  6 by p[1] in 1",
		"2 at 20: of 2", "2 at 30: failed 99 by p[0] in 10", "2 at 30: failed 99 by p[1] in 10",
		"3 at 41:  0 by outside in 1 p[0]=6 p[1]=6", "4 at 42: no provider 0 by outside in 1", "6 at 50: of 1", "6 at 51: no provider 0 by outside in 1",
		"5 at 52:  0 by outside in 10 p[0]=6", "7 at 61: of 1", "7 at 62:  8 by p[0] in 1",
		"8 at 70: of 1", "8 at 75: c has ended",
	}
	if d := cmp.Diff(want, x.told); d != "" {
		t.Error(d)
	}
}

// What is asked for is in the digest, whether or not it comes to the same.
func TestDigestHasWhomACallAsks(t *testing.T) {
	var digests []ecs.Digest
	for _, all := range []bool{false, true} {
		x := newStall()
		one := x.World.Group("one", x.nodes[:1])
		x.at(10, x.call(1, x.add, 5, func(a *Action) { a.All, a.Other = all, one }))
		x.run(20)
		digests = append(digests, x.World.Digest())
	}
	if digests[0] == digests[1] {
		t.Error("to call all of one and any of one is the same")
	}
}

// A call that is cancelled ends at once, whoever made it and whatever it waits
// for, and is told of once; of its replies nothing is told.
func TestActsThatAreCancelled(t *testing.T) {
	x := newStall()
	as := func(a *Action) { a.Target = x.nodes[2] }
	both, _ := x.World.NodeNamed("both")
	cancel := func(label uint64, n ecs.Node) Action {
		return Action{Verb: CancelCall, Name: "slow", Label: label, Target: n}
	}
	x.at(10, x.call(1, x.slow, 15, func(a *Action) { a.All = true }), x.call(2, x.slow, 15, func(a *Action) { a.Other, a.Need = both, 1 }))
	x.at(10, x.call(3, x.slow, 15, as, func(a *Action) { a.Other = x.nodes[0] }), x.call(4, x.add, 1, as, func(a *Action) { a.Other = x.nodes[0] }))
	x.at(12, Action{Verb: Pause, Target: x.nodes[2]}, cancel(1, 0), cancel(2, 0), cancel(3, x.nodes[2]), cancel(7, 0))
	x.at(14, Action{Verb: Resume, Target: x.nodes[2]})
	x.run(200)
	want := []string{
		"1 at 10: of 2", "1 at 12: cancelled 0 by p[0] in 2", "1 at 12: cancelled 0 by p[1] in 2",
		"2 at 12: cancelled 0 by outside in 2", "3 at 12: cancelled 0 by p[0] in 2", "4 at 20:  2 by p[0] in 10",
	}
	if d := cmp.Diff(want, x.told); d != "" {
		t.Error(d)
	}
	if n := x.Services.InFlight(0) + x.Services.InFlight(x.nodes[2]); n != 0 {
		t.Errorf("%d calls are under way", n)
	}
}

func TestActsAsNodes(t *testing.T) {
	x := newStall()
	as := func(a *Action) { a.Target = x.nodes[2] }
	x.at(10, x.call(1, x.add, 5, as))
	x.at(40, x.call(2, x.slow, 50, as))
	x.at(45, Action{Verb: Crash, Target: x.nodes[2], Down: 10 * ms})
	x.at(50, x.call(3, x.add, 5, as))
	x.at(70, Action{Verb: CutOff, Target: x.nodes[2], Other: x.nodes[0]}, Action{Verb: CutOff, Target: x.nodes[2], Other: x.nodes[1]})
	x.at(75, x.call(4, x.add, 5, as), x.call(5, x.add, 6))
	x.run(200)
	for i, want := range []string{"1 at 20:  6 by p[", "2 at 45: c has ended", "3 at 50: c is crashed", "5 at 76:  7 by p[", "4 at 95: timeout 0 by p["} {
		if i >= len(x.told) || x.told[i][:min(len(want), len(x.told[i]))] != want {
			t.Errorf("told %q, and of them %q", x.told, want)
		}
	}
	if x.sources[0] != x.nodes[2] || x.sources[len(x.sources)-1] != 0 {
		t.Errorf("callers are %v", x.sources)
	}
}

func TestActsOfOtherChannels(t *testing.T) {
	x := newStall()
	x.at(10, Action{Verb: PublishValue, Name: "kept/a", A: 5, Label: 1})
	x.at(20, Action{Verb: Restart, Target: x.nodes[1]}) // who comes late is given the last value
	x.at(30, Action{Verb: PublishValue, Name: "kept/a", A: 6, Target: x.nodes[2], Label: 2})
	set := Action{Verb: SetParam, Name: "speed", Payload: []byte("fast"), Target: x.nodes[0], Label: 3}
	x.at(40, set)
	set.Label, set.If = 4, &Version{5, x.nodes[0]}
	x.at(41, set)
	set.Label, set.If, set.Payload = 5, &Version{1, x.nodes[0]}, []byte("faster")
	x.at(42, set)
	for i := range uint64(3) {
		x.at(60, Action{Verb: PushItem, Name: "items", A: 70 + i, Target: x.nodes[2], Label: 6 + i})
	}
	x.run(400)
	want := []string{"1 at 10: ", "2 at 30: ", "3 at 40: fast 1", "4 at 41: version conflictfast 1", "5 at 42: faster 2", "6 at 60: ", "7 at 60: ", "8 at 60: the pipe is full"}
	if d := cmp.Diff(want, x.told); d != "" {
		t.Error(d)
	}
	came := []string{"p[0]5 0", "p[1]5 0", "p[1]5 0", fmt.Sprint("p[0]6 ", x.nodes[2]), fmt.Sprint("p[1]6 ", x.nodes[2]), "p[0]70", "p[0]71"}
	if d := cmp.Diff(came, x.came); d != "" {
		t.Error(d)
	}
	if v, _ := x.Params.Get(x.nodes[1], 0); string(v) != "faster" {
		t.Errorf("the other has %s", v)
	}
}

func TestMisuseOfActs(t *testing.T) {
	x := newStall()
	for _, tc := range []struct {
		a    Action
		want string
	}{
		{Action{Verb: CallService}, "action call has no name"},
		{Action{Verb: SetParam, Name: "speed"}, `set of "speed" is done by outside; set Target`},
		{Action{Verb: PushItem, Name: "items"}, `push of "items" is done by outside`},
		{Action{Verb: CallService, Name: "add"}, `call of "add": kind 0`},
		{Action{Verb: CallService, Name: "add", Kind: x.add.Kind, Need: 1}, "1 of outside must answer"},
		{Action{Verb: SetParam, Name: "x", Target: x.nodes[0]}, `there is no param "x"`},
		{Action{Verb: PushItem, Name: "x", Target: x.nodes[0]}, `there is no pipe "x"`},
		{Action{Verb: PublishValue, Name: "a/*"}, "is a pattern"},
		{Action{Verb: CancelCall, Name: "add"}, `cancel of "add" has no label`},
	} {
		y := newStall()
		y.at(5, tc.a)
		mustPanic(t, func() { y.run(6) }, tc.want)
	}
}
