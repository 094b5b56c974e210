// Proves that bad use by a Go caller panics at once, with a text that says what
// is wrong, where, and what to do.
package systems

import (
	"testing"

	"orrery/ecs"
)

func TestMisuseOfLinks(t *testing.T) {
	r := newRig(ecs.Config{})
	k, timer := r.World.Kind("ping", 8), r.World.TimerKind("timer")
	p := AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{{Kind: k, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Send(ecs.Node(e.A), ecs.Kind(e.B), 0, 0) }}}})
	a, b := r.World.Node(p, "a"), r.World.Node(p, "b")
	g := r.World.Group("g", []ecs.Node{a})
	connect := func(l Link, parts ...string) {
		t.Helper()
		mustPanic(t, func() { r.Links.Connect(a, b, l) }, append(parts, "link from a to b")...)
		mustPanic(t, func() { r.Links.Network([]ecs.Node{a, b}, l) }, append(parts, "network of 2 nodes")...)
	}
	connect(Link{Latency: -1}, "latency -1 ns", "none may be negative")
	connect(Link{Jitter: -2}, "jitter -2 ns", "none may be negative")
	connect(Link{Bandwidth: 1, Queue: -3}, "queue -3 ns", "none may be negative")
	connect(Link{Latency: 1 << 61}, "at most")
	connect(Link{Queue: 5}, "queue of 5 ns", "without a bandwidth", "set Bandwidth")
	connect(Link{FIFO: true, Reorder: 1}, "FIFO", "reorder", "leave out one")
	mustPanic(t, func() { r.Links.Network([]ecs.Node{a}, Link{OneWay: true}) }, "OneWay", "use Connect")
	mustPanic(t, func() { r.Links.Network([]ecs.Node{a, 0}, Link{}) }, "a network joins nodes", "is none")
	mustPanic(t, func() { r.Groups.AskJoin(b, a) }, "a was to join or leave b, which is no group", "World.Group")
	mustPanic(t, func() { r.Faults.Apply(&Action{Verb: Join, Target: a, Other: b}) }, "join of a: b is no group")
	mustPanic(t, func() { r.Groups.Join(g, g) }, "cannot be in itself")
	for _, ends := range [][2]ecs.Node{{a, a}, {g, 0}, {a, 0}, {0, b}} {
		mustPanic(t, func() { r.Links.Connect(ends[0], ends[1], Link{}) }, "a link joins two nodes, not ", r.World.NodeName(ends[0]), r.World.NodeName(ends[1]))
	}
	if r.Links.Len() != 0 {
		t.Errorf("%d links came of it", r.Links.Len())
	}
	r.start(a, b)
	r.run(0)
	send := func(to ecs.Node, kind ecs.Kind) func() {
		return func() {
			r.at(r.World.Tick()+1, Action{Verb: Message, Target: a, Kind: k, A: uint64(to), B: uint64(kind)})
			r.run(r.World.Tick() + 2)
		}
	}
	mustPanic(t, send(b, k), `a sent "ping" to b`, "no link joins them", "connect them", "network")
	mustPanic(t, send(b, timer), `a sent "timer" to b`, "timer's", "declare a message's with Kind")
}

// A failure is not blamed on the node that was handled last.
func TestSenderOfABadSendIsNotGuessed(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	p := AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{{Kind: k, Do: func(me *Me, _ *word, e *ecs.Envelope) {
		if e.A != 0 {
			me.Send(ecs.Node(e.A), k, 0, 0)
		}
	}}}})
	n := r.World.Nodes(p, "n", 2)
	r.start(n...)
	r.run(0)
	r.at(1, Action{Verb: Message, Target: n[0], Kind: k, A: uint64(n[1])}, Action{Verb: Message, Target: n[1], Kind: k})
	mustPanic(t, func() { r.run(3) }, `n[0] sent "k" to n[1]`)
	if program, node := r.World.Current(); program != "p" || node == n[1] {
		t.Errorf("the failure is blamed on %s of program %q", r.World.NodeName(node), program)
	}
}

func TestMisuseOfPrograms(t *testing.T) {
	r := newRig(ecs.Config{})
	k, timer := r.World.Kind("ping", 8), r.World.TimerKind("timer")
	on := func(list ...On[word]) func() {
		return func() { AddNode(r.Set, Node[word]{Name: "p", On: list}) }
	}
	do := func(*Me, *word, *ecs.Envelope) {}
	mustPanic(t, on(On[word]{Kind: k, Do: do}, On[word]{Kind: k, Do: do}), `program "p"`, `kind "ping" twice`)
	mustPanic(t, on(On[word]{Kind: k}), `program "p"`, `no function in On for kind "ping"`)
	mustPanic(t, on(On[word]{Kind: ecs.KindStart, Do: do}), `"start"`, "engine's own", "use Start and Stop")
	every := func(list ...EveryNode[word]) func() {
		return func() { AddNode(r.Set, Node[word]{Name: "p", Every: list}) }
	}
	beat := func(*Me, *word) {}
	mustPanic(t, every(EveryNode[word]{Name: "e", Do: beat}), `program "p"`, `"e"`, "period of 0 ns", "must be positive")
	mustPanic(t, every(EveryNode[word]{Name: "e", Period: 1}), `program "p"`, `"e"`, "no function")
	mustPanic(t, every(EveryNode[word]{Name: "e", Period: 1, Do: beat}, EveryNode[word]{Name: "e", Period: 2, Do: beat}), `two recurring timers named "e"`)
	if r.Programs.Len() != 1 || r.World.Programs() != 1 {
		t.Errorf("%d programs came of it", r.Programs.Len()-1)
	}
	p := AddNode(r.Set, Node[word]{Name: "q", Start: func(me *Me, _ *word) { me.After(1, k, 0) }})
	r.start(r.World.Node(p, "a"))
	mustPanic(t, func() { r.run(0) }, "a arms a timer", `kind "ping"`, "declare it with TimerKind")

	r = newRig(ecs.Config{})
	k, timer = r.World.Kind("ping", 8), r.World.TimerKind("timer")
	p = AddNode(r.Set, Node[word]{Name: "q"})
	a := r.World.Node(p, "a")
	r.start(a)
	r.at(0, Action{Verb: Message, Target: a, Kind: k})
	mustPanic(t, func() { r.run(1) }, `program "q"`, `no handler for kind "ping"`, "outside sent to a", "add one to On")
	mustPanic(t, func() { r.Faults.Apply(&Action{Verb: Message, Target: a, Kind: timer}) }, "send to a", `"timer"`, "declare a message's with Kind")
}

func TestMisuseOfActions(t *testing.T) {
	r, n, _ := faultRig()
	r.World.Begin(0)
	apply := func(a Action, parts ...string) {
		t.Helper()
		mustPanic(t, func() { r.Faults.Apply(&a) }, parts...)
	}
	for verb := Start; verb <= Message; verb++ {
		if verb != Heal && verb != Partition {
			apply(Action{Verb: verb}, "action "+verb.String()+" has no target", "set Target")
		}
	}
	apply(Action{Verb: CutOff, Target: n[0]}, "cut of n[0]", "set Other")
	apply(Action{Verb: Partition, Sides: n[:1]}, "partition", "two nodes or groups at least")
	apply(Action{Verb: Partition, Sides: []ecs.Node{n[0], 0}}, "partition", "two nodes or groups at least")
	apply(Action{Verb: Partition, Sides: []ecs.Node{n[2], n[0], n[4]}}, "a partition has n[0] on sides 2 and 3", "have it on one")
	apply(Action{Verb: Partition, Lists: [][]ecs.Node{n[:3], n[2:4]}}, "a partition has n[2] on sides 1 and 2", "have it on one")
	apply(Action{Verb: 77}, "no action 77", "cancel")
}

func TestMisuseOfGathers(t *testing.T) {
	r := newRig(ecs.Config{})
	add := r.Services.Declare("add")
	r.start(r.World.Nodes(AddNode(r.Set, Node[word]{Name: "p", Start: func(me *Me, _ *word) { me.Gather(Call{Service: add}, nil, 0) }}), "n", 1)...)
	mustPanic(t, func() { r.run(0) }, "n[0] calls 0 nodes of which 0 must answer", "1 at least")
}

func TestMisuseOfChecks(t *testing.T) {
	r := newRig(ecs.Config{})
	yes := func(*ecs.World) bool { return true }
	add := func(k Check, parts ...string) {
		t.Helper()
		k.Name = "safe"
		mustPanic(t, func() { r.Checks.Add(k) }, append(parts, `"safe"`)...)
	}
	add(Check{Kind: AlwaysHolds}, "always", "no predicate", "set Holds")
	add(Check{Kind: EventuallyHolds, Holds: yes}, "eventually", "needs Within")
	add(Check{Kind: EventuallyHolds, Holds: yes, Within: 1, After: -1}, "After -1 ns", "negative")
	add(Check{Kind: NeverHolds, Holds: yes, Every: -1}, "Every is -1 ns", "negative")
	add(Check{Kind: SometimesHolds, Holds: yes, Within: 1}, "sometimes", "which only eventually has")
	add(Check{Kind: 9, Holds: yes}, "kind 9", "always, never, eventually and sometimes")
	if r.Checks.Len() != 0 {
		t.Errorf("%d checks came of it", r.Checks.Len())
	}
	mustPanic(t, func() { r.Measures.Series("s", 0, nil) }, `series "s"`, "every 0 ns", "must be positive")
	mustPanic(t, func() { r.Measures.Series("s", 1, nil) }, `series "s"`, "no function")
}
