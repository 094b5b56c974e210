// Proves how a run goes from tick to tick: which are skipped, where it stops,
// and in what order inputs take effect.
package scheduler_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// logged is a world with one node, which logs the numbers it is told.
type logged struct {
	*scheduler.Run
	node ecs.Node
	tell ecs.Kind
	got  []arrival
}

func newLogged(more ...systems.On[busy]) *logged {
	l := &logged{Run: scheduler.New(ecs.Config{Seed: 3})}
	l.tell = l.World.Kind("tell", 8)
	on := append(more, systems.On[busy]{Kind: l.tell, Do: func(me *systems.Me, s *busy, m *ecs.Envelope) {
		s.Sum += m.A
		l.got = append(l.got, arrival{me.Tick(), m.A})
	}})
	l.node = l.World.Node(systems.AddNode(l.Set, systems.Node[busy]{Name: "log", On: on}), "log")
	l.Start(l.node)
	return l
}

func (l *logged) message(a uint64) systems.Action {
	return systems.Action{Verb: systems.Message, Target: l.node, Kind: l.tell, A: a}
}

// TestInputsInOrder adds inputs in any order, some while the run is under way:
// they take effect by tick, and within one as they were added.
func TestInputsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLogged()
		must(t, l.RunUntil(0))
		var want []arrival
		for i := range uint64(rapid.IntRange(1, 30).Draw(t, "inputs")) {
			at := ecs.Tick(rapid.Int64Range(-3, 1<<rapid.IntRange(1, 33).Draw(t, "bits")).Draw(t, "tick"))
			l.At(at, l.message(i))
			want = append(want, arrival{max(at, l.World.Tick()+1) + 1, i})
			if rapid.IntRange(0, 4).Draw(t, "go on") == 0 {
				must(t, l.RunUntil(l.World.Tick()+ecs.Tick(rapid.IntRange(0, 1000).Draw(t, "ticks"))))
			}
		}
		must(t, l.RunUntil(ecs.Never))
		slices.SortStableFunc(want, func(a, b arrival) int { return int(min(1, max(-1, a.tick-b.tick))) })
		if diff := cmp.Diff(want, l.got, cmp.AllowUnexported(arrival{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestInputsAreMetAgain: what has taken effect stays for a run that goes back,
// and a command is an input of the tick it is told.
func TestInputsAreMetAgain(t *testing.T) {
	l := newLogged()
	runUntil(t, l.Run, 10)
	var s ecs.Snapshot
	l.Snapshot(&s)
	runUntil(t, l.Run, 20)
	if got := l.Command(l.message(7)); got != 21 {
		t.Errorf("a command at tick 20 takes effect at %d, want 21", got)
	}
	l.At(25, l.message(8), l.message(9))
	runUntil(t, l.Run, 30)
	if err := l.Restore(&s); err != nil {
		t.Fatal(err)
	}
	runUntil(t, l.Run, 30)
	once := []arrival{{22, 7}, {26, 8}, {26, 9}}
	if diff := cmp.Diff(slices.Concat(once, once), l.got, cmp.AllowUnexported(arrival{})); diff != "" {
		t.Error(diff)
	}
	want := []scheduler.Input{{Tick: 21, Action: l.message(7), Command: true}, {Tick: 25, Action: l.message(8)}, {Tick: 25, Action: l.message(9)}}
	if diff := cmp.Diff(want, l.Inputs()); diff != "" {
		t.Error(diff)
	}
}

// TestIdleTicksAreSkipped: a billion of them take no time, and are not counted.
func TestIdleTicksAreSkipped(t *testing.T) {
	l := newLogged()
	began := time.Now()
	l.At(900_000_000, l.message(1))
	runUntil(t, l.Run, 1_000_000_000)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("idle ticks took %v", took)
	}
	if got, want := l.World.Tick(), ecs.Tick(1_000_000_000); got != want {
		t.Errorf("the run is at %d, want %d", got, want)
	}
	if got := l.World.Counts().Ticks; got != 3 {
		t.Errorf("%d ticks were counted, want 3: the start, the input, the message", got)
	}
}

func TestRunUntilNever(t *testing.T) {
	l := newLogged()
	l.At(10, l.message(1))
	runUntil(t, l.Run, ecs.Never)
	if got := l.World.Tick(); got != 11 {
		t.Errorf("the run ended at %d, want 11", got)
	}
	if acted, err := l.Step(); acted || err != nil {
		t.Errorf("a step with nothing due: %v, %v", acted, err)
	}
}

func TestRunUntilQuiet(t *testing.T) {
	l := newLogged()
	l.At(10, l.message(1))
	l.At(50, l.message(2))
	for _, tc := range []struct {
		limit, tick ecs.Tick
		quiet       bool
	}{{30, 11, false}, {50, 50, false}, {1000, 51, true}, {2000, 51, true}} {
		quiet, err := l.RunUntilQuiet(tc.limit)
		if err != nil || quiet != tc.quiet || l.World.Tick() != tc.tick {
			t.Errorf("to %d: quiet %v at %d, %v; want %v at %d", tc.limit, quiet, l.World.Tick(), err, tc.quiet, tc.tick)
		}
	}
}

// Recurring timers alone are quiet, or a world that has them never would be.
func TestRecurringTimersAreQuiet(t *testing.T) {
	run := scheduler.New(ecs.Config{})
	run.Start(run.World.Node(systems.AddNode(run.Set, systems.Node[busy]{
		Name: "beat", Every: []systems.EveryNode[busy]{{Name: "beat", Period: 1 * ms, Do: func(me *systems.Me, s *busy) { s.Events++ }}},
	}), "n"))
	if quiet, err := run.RunUntilQuiet(100); !quiet || err != nil || run.World.Tick() != 0 {
		t.Errorf("quiet %v at %d, %v", quiet, run.World.Tick(), err)
	}
}

// TestStopWhenBroken: the run ends with the tick in which a check breaks, and
// stays there; restored to before, it goes on, and to after, it does not.
func TestStopWhenBroken(t *testing.T) {
	l := newLogged()
	l.StopWhenBroken = true
	l.Checks.Add(systems.Check{Name: "below 3", Kind: systems.AlwaysHolds, Holds: func(w *ecs.World) bool { return ecs.State[busy](w, l.node).Sum < 3 }})
	for i := range ecs.Tick(9) {
		l.At(10*(i+1), l.message(1))
	}
	var before, after ecs.Snapshot
	runUntil(t, l.Run, 25)
	l.Snapshot(&before)
	stop := func() {
		t.Helper()
		runUntil(t, l.Run, 80)
		if quiet, err := l.RunUntilQuiet(80); quiet || err != nil || l.World.Tick() != 31 {
			t.Fatalf("the run is at %d (quiet: %v, %v), want 31", l.World.Tick(), quiet, err)
		}
	}
	stop()
	l.Snapshot(&after)
	for _, s := range []*ecs.Snapshot{&before, &after} {
		if err := l.Restore(s); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	l.StopWhenBroken = false
	runUntil(t, l.Run, 80)
	if got := l.World.Tick(); got != 80 {
		t.Errorf("a run that is not to stop is at %d", got)
	}
	sum := l.End()
	if worst := sum.Worst(); worst != systems.Broken {
		t.Errorf("the worst outcome is %v", worst)
	}
}
