// Proves how a run fails: with an error that names node, tick and seed, after
// which it does not go on, but can be restored, and is then as if it had never
// failed.
package scheduler_test

import (
	"errors"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// failing is a world whose node panics when it is told 13.
func failing() *logged { return fragile(func(a uint64) bool { return a == 13 }) }

// fragile is a world with nodes that are told 11 to 14 and panic at what is
// bad.
func fragile(bad func(uint64) bool) *logged {
	var l *logged
	boom := func(me *systems.Me, s *busy, m *ecs.Envelope) {
		if bad(m.A) {
			me.Send(me.Self(), l.tell, 1, 0)
			me.Exit(1)
			panic("thirteen")
		}
	}
	run := scheduler.New(ecs.Config{Seed: 3})
	kind := run.World.Kind("boom", 8)
	l = &logged{Run: run, tell: kind}
	program := systems.AddNode(run.Set, systems.Node[busy]{Name: "fragile", On: []systems.On[busy]{{Kind: kind, Do: boom}}})
	nodes := run.World.Nodes(program, "f", 4)
	l.node = nodes[2]
	run.Start(nodes...)
	for i, n := range nodes {
		run.At(20, systems.Action{Verb: systems.Message, Target: n, Kind: kind, A: uint64(11 + i)})
	}
	return l
}

func TestFailureNamesWhere(t *testing.T) {
	err := failing().RunUntil(100)
	if want := "run ended at tick 21 (21000000 ns) in f[2], seed 3: thirteen"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	var f *scheduler.Failure
	if !errors.As(err, &f) || f.Phase != "act" || f.Program != "fragile" || f.Cause != "thirteen" {
		t.Errorf("%+v", f)
	}
}

// A batch of several has no node to name; what is no program's has its phase.
func TestFailureNamesWhatItCan(t *testing.T) {
	for _, tc := range []struct {
		name  string
		plant func(l *logged)
		want  string
	}{
		{"columns", func(l *logged) {
			id := l.Programs.Add(systems.Program{Schema: ecs.Schema{Name: "fast", State: busy{}}, Act: func(b *ecs.Batch) { panic("fast") }})
			for _, n := range l.World.Nodes(id, "q", 3) {
				l.Start(n)
				l.At(5, systems.Action{Verb: systems.Message, Target: n, Kind: l.tell})
			}
		}, `run ended at tick 6 (6000000 ns) in a batch of program "fast", seed 3: fast`},
		{"check", func(l *logged) {
			l.Checks.Add(systems.Check{Name: "c", Holds: func(w *ecs.World) bool {
				if ecs.State[busy](w, l.node).Sum > 0 { // just now: a batch of its program was in hand
					panic("a check's")
				}
				return true
			}})
			l.At(4, l.message(1))
		}, `run ended at tick 5 (5000000 ns) in phase "check", seed 3: a check's`},
		{"series", func(l *logged) {
			l.Measures.Series("s", 5*ms, func(w *ecs.World) float64 { panic("a series'") })
		}, `run ended at tick 0 (0 ns) in phase "observe", seed 3: a series'`},
		{"start", func(l *logged) {
			id := systems.AddNode(l.Set, systems.Node[busy]{Name: "p", Start: func(*systems.Me, *busy) { panic("at once") }})
			l.At(4, systems.Action{Verb: systems.Start, Target: l.World.Node(id, "new")})
		}, `run ended at tick 4 (4000000 ns) in new, seed 3: at once`},
		{"no link", func(l *logged) {
			id := systems.AddNode(l.Set, systems.Node[busy]{Name: "p", On: []systems.On[busy]{{Kind: l.tell, Do: func(me *systems.Me, s *busy, m *ecs.Envelope) {
				if me.Name() == "lost[0]" {
					me.Send(l.node, l.tell, 0, 0)
				}
			}}}})
			for _, n := range l.World.Nodes(id, "lost", 2) {
				l.Start(n)
				l.At(4, systems.Action{Verb: systems.Message, Target: n, Kind: l.tell})
			}
		}, `in a batch of program "p", seed 3: systems: lost[0] sent "tell" to log, and no link joins them`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLogged()
			tc.plant(l)
			if err := l.RunUntil(50); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v\nwant %s", err, tc.want)
			}
		})
	}
}

// rabbits sends two for each it gets.
func rabbits(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	kind := run.World.Kind("rabbit", 0)
	twice := func(me *systems.Me, s *busy, m *ecs.Envelope) {
		me.Send(me.Self(), kind, 0, 0)
		me.Send(me.Self(), kind, 0, 0)
	}
	n := run.World.Node(systems.AddNode(run.Set, systems.Node[busy]{Name: "rabbit", On: []systems.On[busy]{{Kind: kind, Do: twice}}}), "n")
	run.Start(n)
	run.At(1, systems.Action{Verb: systems.Message, Target: n, Kind: kind})
	return run
}

func TestLimitIsAnError(t *testing.T) {
	l := newLogged()
	most := l.World.Config().MaxPayload
	l.At(5, systems.Action{Verb: systems.Message, Target: l.node, Kind: l.tell, Payload: make([]byte, most+1)})
	few := rabbits(ecs.Config{MaxEnvelopes: 100})
	for _, tc := range []struct {
		run   *scheduler.Run
		limit string
		most  int
	}{{l.Run, "payload", most}, {few, "envelopes in flight", 100}} {
		err := tc.run.RunUntil(10)
		var limit *ecs.LimitError
		if !errors.As(err, &limit) || limit.Limit != tc.limit || limit.Max != int64(tc.most) {
			t.Errorf("%v: %+v", err, limit)
		}
	}
}

func TestNothingAfterAFailure(t *testing.T) {
	l := failing()
	first := l.RunUntil(100)
	tick, digest := l.World.Tick(), l.World.Digest()
	_, step := l.Step()
	_, quiet := l.RunUntilQuiet(100)
	for _, err := range []error{l.RunUntil(100), step, quiet} {
		var f *scheduler.Failure
		if !errors.As(err, &f) || f.Error() != first.Error() || !strings.Contains(err.Error(), "restore a snapshot") {
			t.Errorf("%v", err)
		}
	}
	if l.World.Tick() != tick || l.World.Digest() != digest {
		t.Error("the run went on")
	}
}

func TestRestoreAfterFailure(t *testing.T) {
	l, other := failing(), failing()
	var s ecs.Snapshot
	runUntil(t, l.Run, 19)
	l.Snapshot(&s)
	for range 2 {
		if err := l.RunUntil(100); err == nil {
			t.Fatal("it did not fail")
		}
		if err := l.Restore(&s); err != nil {
			t.Fatal(err)
		}
	}
	runUntil(t, other.Run, 19)
	// In what is to come nobody fails: the one who would is held.
	for _, run := range []*scheduler.Run{l.Run, other.Run} {
		run.At(20, systems.Action{Verb: systems.Pause, Target: l.node})
	}
	alike(t, l.Run, other.Run, 100)
	if status := l.World.Life(l.node).Status; status != ecs.Paused {
		t.Errorf("the node is %v", status)
	}
}

func TestPanicLetThrough(t *testing.T) {
	defer func() {
		if cause := recover(); cause != "thirteen" {
			t.Errorf("recovered %v", cause)
		}
	}()
	l := failing()
	l.LetPanic = true
	t.Error("no panic: ", l.RunUntil(100))
}
