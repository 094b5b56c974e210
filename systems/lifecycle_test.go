// Proves what starts, ends, pauses and deaths do, each in a dialogue of inputs
// and the notes that nodes take. What holds for all histories of them is proven
// with the timers (timer_test.go, recurring_test.go) and the splits into batches
// (batch_test.go).
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

// lifeRig is two nodes, a and b, that note what comes to them.
type lifeRig struct {
	*rig
	notes tape
	kind  ecs.Kind
	a, b  ecs.Node
}

func newLifeRig() *lifeRig {
	r := &lifeRig{rig: newRig(ecs.Config{})}
	r.kind = r.World.Kind("k", 8)
	p := r.listener("p", &r.notes, r.kind)
	r.a, r.b = r.World.Node(p, "a"), r.World.Node(p, "b")
	r.start(r.a, r.b)
	return r
}

// send has messages for a come due at a tick.
func (r *lifeRig) send(due ecs.Tick, numbers ...uint64) {
	for _, x := range numbers {
		r.at(due-1, Action{Verb: Message, Target: r.a, Kind: r.kind, A: x})
	}
}

func (r *lifeRig) to(verb Verb) Action { return Action{Verb: verb, Target: r.a} }

func (r *lifeRig) want(t *testing.T, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{"0 a start", "0 b start"}, lines...), r.notes.lines); diff != "" {
		t.Error(diff)
	}
}

func (r *lifeRig) life(t *testing.T, want ecs.Life) {
	t.Helper()
	got := r.World.Life(r.a)
	got.Name = 0
	if got != want {
		t.Errorf("life is %+v, want %+v", got, want)
	}
}

func (r *lifeRig) dropped(t *testing.T, want map[ecs.Cause]uint64) {
	t.Helper()
	got := map[ecs.Cause]uint64{}
	for c, n := range r.World.Counts().Dropped {
		if n > 0 {
			got[ecs.Cause(c)] = n
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drops: %s", diff)
	}
}

func TestStartTwiceIsOnce(t *testing.T) {
	r := newLifeRig()
	r.at(3, r.to(Start), r.to(Start))
	r.at(4, r.to(Pause), r.to(Start))
	r.run(9)
	r.want(t)
	r.life(t, ecs.Life{Started: 0, Incarnation: 1, Status: ecs.Paused})
}

func TestStopAsksAndKeepsTheCode(t *testing.T) {
	r := newLifeRig()
	r.at(3, Action{Verb: Stop, Target: r.a, Code: 7}, Action{Verb: Stop, Target: r.a, Code: 8})
	r.at(5, Action{Verb: Stop, Target: r.a, Code: 9}, r.to(Crash))
	r.send(6, 1)
	r.run(9)
	r.want(t, "3 a stop")
	r.life(t, ecs.Life{Incarnation: 1, Status: ecs.Down, Exit: 7})
	r.dropped(t, map[ecs.Cause]uint64{ecs.DroppedDown: 1})
}

// Messages outlive a crash, and are delivered if the node is up again when they
// come due. That of tick 8 was sent before the crash, and so comes before the
// restart.
func TestCrashAsksNothing(t *testing.T) {
	r := newLifeRig()
	r.at(3, Action{Verb: Crash, Target: r.a, Down: 4*ms + 1})
	r.at(5, r.to(LoseDisk)) // of what is down the disk alone
	for due := ecs.Tick(3); due < 12; due++ {
		e := r.World.Outside(r.a, r.kind, uint64(due), 0, fmt.Sprint(due))
		r.World.Post(&e, due)
	}
	r.run(12)
	r.want(t, "8 a start", "9 a k 9", "10 a k 10", "11 a k 11")
	r.life(t, ecs.Life{Started: 8, Incarnation: 2, Status: ecs.Up})
	r.dropped(t, map[ecs.Cause]uint64{ecs.DroppedDown: 6})
}

// A restart is for the crash that asked for it: not for a later one, nor for a
// node that was not up, nor one that has ended by itself since.
func TestRestartIsForItsCrash(t *testing.T) {
	r := newLifeRig()
	r.at(2, Action{Verb: Crash, Target: r.a, Down: 10 * ms}) // would be up at 12
	r.at(4, r.to(Start))
	r.at(6, Action{Verb: Crash, Target: r.a, Down: 20 * ms}) // up at 26
	r.at(7, Action{Verb: Crash, Target: r.a, Down: 1 * ms})  // it is down: nothing
	r.at(30, Action{Verb: Crash, Target: r.a, Down: 10 * ms})
	r.at(32, r.to(Start))
	r.at(34, Action{Verb: Stop, Target: r.a, Code: 1})
	r.at(36, Action{Verb: Crash, Target: r.a, Down: 1 * ms}) // it has ended: nothing
	r.run(60)
	r.want(t, "4 a start", "26 a start", "32 a start", "34 a stop")
	r.life(t, ecs.Life{Started: 32, Incarnation: 4, Status: ecs.Down, Exit: 1})
	r.dropped(t, map[ecs.Cause]uint64{}) // the starts that came to nothing are no messages
}

func TestRestartOfAnyNode(t *testing.T) {
	r := newLifeRig()
	r.at(2, r.to(Restart))              // up
	r.at(4, r.to(Pause), r.to(Restart)) // paused
	r.at(6, r.to(Crash), r.to(Restart)) // down
	r.run(9)
	r.want(t, "2 a start", "4 a start", "6 a start")
	r.life(t, ecs.Life{Started: 6, Incarnation: 4, Status: ecs.Up})
}

// state for TestCrashKeepsDurableFields.
type diary struct{ Kept, Lost, Born uint64 }

func TestCrashKeepsDurableFields(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	p := AddNode(r.Set, Node[diary]{Name: "p", Initial: diary{Kept: 1, Lost: 2, Born: 3}, Durable: []string{"Kept"}, On: []On[diary]{
		{Kind: k, Do: func(_ *Me, s *diary, _ *ecs.Envelope) { s.Kept, s.Lost, s.Born = s.Kept+10, s.Lost+10, s.Born+10 }},
	}})
	n := r.World.Nodes(p, "n", 2)
	*ecs.Edit[diary](r.World, n[1]) = diary{4, 5, 6}
	r.World.SetBirthState(n[1])
	r.start(n...)
	want := func(when string, states ...diary) {
		t.Helper()
		for i, s := range states {
			if got := *ecs.State[diary](r.World, n[i]); got != s {
				t.Errorf("%s: node %d has %+v, want %+v", when, i, got, s)
			}
		}
	}
	for i := range n {
		r.at(1, Action{Verb: Message, Target: n[i], Kind: k})
		r.at(3, Action{Verb: Crash, Target: n[i], Down: ms})
		r.at(5, Action{Verb: Message, Target: n[i], Kind: k})
		r.at(7, Action{Verb: Stop, Target: n[i]})
		r.at(8, Action{Verb: Start, Target: n[i]})
	}
	r.run(2)
	want("after a message", diary{11, 12, 13}, diary{14, 15, 16})
	r.run(3)
	want("after a crash", diary{11, 2, 3}, diary{14, 5, 6})
	r.run(8)
	want("after a message and a stop, which keeps all", diary{21, 12, 13}, diary{24, 15, 16})
	r.at(9, Action{Verb: LoseDisk, Target: n[0], Down: 2 * ms}, Action{Verb: Stop, Target: n[1]}, Action{Verb: LoseDisk, Target: n[1], Down: ms})
	r.run(12)
	want("after the loss of a disk", diary{1, 2, 3}, diary{4, 5, 6})
	for i, up := range []ecs.Status{ecs.Up, ecs.Down} {
		if got := r.World.Life(n[i]).Status; got != up {
			t.Errorf("node %d is %v, want %v: one that was down stays so", i, got, up)
		}
	}
}

// What waits goes first, in the order in which it came due.
func TestPauseHoldsAndResumeReleases(t *testing.T) {
	r := newLifeRig()
	r.at(3, r.to(Pause), r.to(Pause))
	r.send(3, 30, 31)
	r.send(4, 40)
	r.send(6, 60, 61)
	r.at(6, r.to(Resume))
	r.send(7, 70)
	r.at(8, r.to(Resume), r.to(Pause), r.to(Resume))
	r.send(8, 80)
	r.run(9)
	r.want(t, "6 a k 30", "6 a k 31", "6 a k 40", "6 a k 60", "6 a k 61", "7 a k 70", "8 a k 80")
	r.life(t, ecs.Life{Incarnation: 1, Status: ecs.Up})
	r.dropped(t, map[ecs.Cause]uint64{})
}

func TestPausedAgainGoesOnWaiting(t *testing.T) {
	r := newLifeRig()
	r.at(3, r.to(Pause))
	r.send(4, 1, 2)
	r.at(5, r.to(Resume), r.to(Pause))
	r.send(6, 3)
	r.run(6)
	r.restore(t, r.snapshot())
	r.want(t)
	r.at(7, r.to(Resume))
	r.run(7)
	r.want(t, "7 a k 1", "7 a k 2", "7 a k 3")
}

func TestWaitingIsBounded(t *testing.T) {
	r := newLifeRig()
	r.Waiting.Limit(3)
	r.at(3, r.to(Pause))
	r.send(4, 1, 2)
	r.send(5, 3, 4, 5)
	r.at(6, r.to(Resume))
	r.run(9)
	r.want(t, "6 a k 1", "6 a k 2", "6 a k 3")
	r.dropped(t, map[ecs.Cause]uint64{ecs.DroppedHeld: 2})
	mustPanic(t, func() { r.Waiting.Limit(-1) }, "limit of -1", "0 to 1048576")
}

// What waits dies with the incarnation it waits for, even if the next one is
// up, or paused, in the same tick.
func TestCrashWhilePausedDropsWhatWaits(t *testing.T) {
	for name, after := range map[string][]Verb{"crash": {Crash}, "restart": {Restart}, "restart and pause": {Restart, Pause}, "resume and crash": {Resume, Crash}} {
		r := newLifeRig()
		r.at(3, r.to(Pause))
		r.send(4, 1, 2)
		for _, verb := range after {
			r.at(5, r.to(verb))
		}
		r.run(5)
		if r.Waiting.Len() != 0 {
			t.Errorf("%s: %d wait", name, r.Waiting.Len())
		}
		r.at(6, r.to(Resume))
		r.run(9)
		if after[0] == Restart {
			r.want(t, "5 a start")
		} else {
			r.want(t)
		}
		r.dropped(t, map[ecs.Cause]uint64{ecs.DroppedDown: 2})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// A resume between two ticks is in a snapshot taken there, and the bound is the
// fork's too.
func TestWaitingIsForked(t *testing.T) {
	r := newLifeRig()
	r.Waiting.Limit(2)
	r.at(3, r.to(Pause))
	r.send(4, 1, 2, 3)
	r.run(4)
	paused := r.snapshot()
	r.Lifecycle.Resume(r.a)
	resumed := r.snapshot()
	r.send(6, 4)
	r.run(9)
	r.want(t, "5 a k 1", "5 a k 2", "6 a k 4")
	r.restore(t, resumed)
	r.notes.lines = []string{"0 a start", "0 b start"}
	r.run(9)
	r.want(t, "5 a k 1", "5 a k 2", "6 a k 4")
	f := r.fork(t, paused)
	f.at(5, Action{Verb: Message, Target: r.a, Kind: r.kind, A: 9})
	f.run(9)
	if n := f.Waiting.Len(); n != 2 {
		t.Errorf("%d wait in the fork, want 2", n)
	}
}

// What waits for others keeps its order when some is taken.
func TestWaitingKeepsTheOrderOfOthers(t *testing.T) {
	r := newLifeRig()
	pause := func(n ecs.Node, verb Verb, t ecs.Tick) { r.at(t, Action{Verb: verb, Target: n}) }
	pause(r.a, Pause, 1)
	pause(r.b, Pause, 1)
	for x := range uint64(6) {
		n := r.a
		if x%2 == 1 {
			n = r.b
		}
		r.at(ecs.Tick(1+x/3), Action{Verb: Message, Target: n, Kind: r.kind, A: x})
	}
	pause(r.a, Resume, 5)
	pause(r.b, Resume, 7)
	r.run(9)
	r.want(t, "5 a k 0", "5 a k 2", "5 a k 4", "7 b k 1", "7 b k 3", "7 b k 5")
}

// A node that exits from inside hears nothing more, not even of the same tick;
// one for columns hears the rest of the tick, and ends with it.
func TestExit(t *testing.T) {
	for _, style := range []string{"node", "columns"} {
		r := newRig(ecs.Config{})
		var notes tape
		k := r.World.Kind("k", 8)
		p := exiting(r, style, k, &notes)
		n := r.World.Nodes(p, "n", 2)
		r.start(n...)
		for x := range uint64(4) {
			r.at(1, Action{Verb: Message, Target: n[x%2], Kind: k, A: x})
		}
		r.at(5, Action{Verb: Start, Target: n[1]})
		r.run(9)
		want := []string{"0 start", "1 start", "0 k", "1 k", "stop", "2 k", "1 start"}
		down := uint64(1)
		if style == "columns" {
			want, down = []string{"0 start", "1 start", "0 k", "1 k", "2 k", "3 k", "stop", "1 start"}, 0
		}
		if diff := cmp.Diff(want, notes.lines); diff != "" {
			t.Errorf("%s: %s", style, diff)
		}
		if got := *r.World.Counts(); got.Dropped[ecs.DroppedDown] != down || got.Delivered != 4-down {
			t.Errorf("%s: %+v", style, got)
		}
		if l := r.World.Life(n[1]); l.Incarnation != 2 || l.Status != ecs.Up {
			t.Errorf("%s: %+v", style, l)
		}
	}
}

// exiting is a program whose nodes exit at message 1 with code 5, in Stop with
// code 6, which counts for nothing.
func exiting(r *rig, style string, k ecs.Kind, notes *tape) ecs.ProgramID {
	if style == "node" {
		return AddNode(r.Set, Node[word]{
			Name:  "p",
			Start: func(me *Me, s *word) { notes.note("%s start", me.Name()[2:3]) },
			Stop:  func(me *Me, s *word) { notes.note("stop"); me.Exit(6) },
			On: []On[word]{{Kind: k, Do: func(me *Me, s *word, e *ecs.Envelope) {
				if notes.note("%d k", e.A); e.A == 1 {
					me.Exit(5)
				}
			}}},
		})
	}
	return r.Programs.Add(Program{
		Schema: ecs.Schema{Name: "p"},
		Start: func(b *ecs.Batch) {
			for i := range b.Rows {
				notes.note("%s start", r.World.NodeName(b.Node(i))[2:3])
			}
		},
		Stop: func(b *ecs.Batch) { notes.note("stop"); r.Lifecycle.Exit(b.Node(0), 6) },
		Act: func(b *ecs.Batch) {
			for _, e := range b.Envelopes {
				if notes.note("%d k", e.A); e.A == 1 {
					r.Lifecycle.Exit(e.To, 5)
					r.Lifecycle.Exit(e.To, 7)
				}
			}
		},
	})
}

// An exit is of the incarnation that asked for it, though another may be up
// before the end of the tick.
func TestExitIsOfItsIncarnation(t *testing.T) {
	var notes tape
	r := newRig(ecs.Config{})
	n := r.World.Node(exiting(r, "columns", r.World.Kind("k", 8), &notes), "a b")
	r.start(n)
	r.at(2, Action{Verb: Stop, Target: n}, Action{Verb: Start, Target: n}) // Stop asks for an exit
	r.run(5)
	if l := r.World.Life(n); l.Status != ecs.Up || l.Incarnation != 2 {
		t.Errorf("%+v", l)
	}
}

// Two starts in one tick are two events: what they send and draw differs.
func TestStartsOfATickDiffer(t *testing.T) {
	r := newRig(ecs.Config{})
	k, stream := r.World.Kind("k", 8), r.World.Stream("s")
	var drawn []uint64
	p := AddNode(r.Set, Node[word]{Name: "p", Start: func(me *Me, _ *word) {
		draws := me.Draws(stream)
		drawn = append(drawn, draws.Uint64())
		me.Send(me.Self(), k, 0, 0)
	}})
	n := r.World.Node(p, "a")
	r.World.Begin(0)
	r.Lifecycle.Start(n)
	r.Lifecycle.Crash(n)
	r.Lifecycle.Start(n)
	if all := r.inFlight(); len(all) != 2 || all[0].ID == all[1].ID || drawn[0] == drawn[1] {
		t.Errorf("sent %+v, drawn %x", all, drawn)
	}
}

// Stop is asked once, whoever asks for the end, and the code is of the first.
func TestStopIsAskedOnce(t *testing.T) {
	for _, how := range []string{"exit", "stop"} {
		var notes tape
		r := newRig(ecs.Config{})
		k := r.World.Kind("k", 8)
		n := r.World.Node(exiting(r, "node", k, &notes), "a b")
		r.start(n)
		if how == "exit" {
			r.at(2, Action{Verb: Message, Target: n, Kind: k, A: 1})
		}
		r.at(3, Action{Verb: Stop, Target: n, Code: 5})
		r.run(4)
		if diff := cmp.Diff("stop", notes.lines[len(notes.lines)-1]); diff != "" || len(notes.lines) > 3 {
			t.Errorf("%s: %q", how, notes.lines)
		}
		if l := r.World.Life(n); l.Exit != 5 || l.Status != ecs.Down {
			t.Errorf("%s: %+v", how, l)
		}
	}
}

// A handler that fails after it asked for an exit has asked for nothing, once
// the world is restored.
func TestRestoreForgetsWhatAFailedTickAsked(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	fails := true
	p := AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{{Kind: k, Do: func(me *Me, _ *word, _ *ecs.Envelope) {
		if fails {
			me.Exit(3)
			r.Lifecycle.Exit(me.Self(), 4)
			panic("planted")
		}
	}}}})
	n := r.World.Node(p, "a")
	r.start(n)
	r.run(0)
	r.at(1, Action{Verb: Message, Target: n, Kind: k})
	s := r.snapshot()
	mustPanic(t, func() { r.run(5) }, "planted")
	fails = false
	r.restore(t, s)
	r.run(5)
	if l := r.World.Life(n); l.Status != ecs.Up {
		t.Errorf("the node is %v", l.Status)
	}
}

// Start envelopes for a group are for its members, at the tick asked for.
func TestGroupsStart(t *testing.T) {
	var notes tape
	r := newRig(ecs.Config{})
	n := r.World.Nodes(r.listener("p", &notes), "n", 3)
	inner := r.World.Group("inner", n[1:])
	r.Lifecycle.StartAt(4, r.World.Group("outer", []ecs.Node{n[0], inner, n[1]}))
	r.run(5)
	if diff := cmp.Diff([]string{"4 n[0] start", "4 n[1] start", "4 n[2] start"}, notes.lines); diff != "" {
		t.Error(diff)
	}
}
