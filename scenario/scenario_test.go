package scenario

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/systems"
)

// Every scenario that comes with Orrery loads, runs to its end, keeps its
// invariants, and gives the same digest twice.
func TestScenariosOfTestdata(t *testing.T) {
	for _, name := range []string{"ring", "pingpong", "gossip", "world", "quorum", "phold", "sir", "services", "params", "directory", "groups", "pipes", "raft", "two_phase_commit"} {
		t.Run(name, func(t *testing.T) {
			a, b := runTestdata(t, name), runTestdata(t, name)
			x, y := a.Run.End(), b.Run.End()
			if x.Digest != y.Digest {
				t.Errorf("digests %x and %x of two runs", x.Digest, y.Digest)
			}
			if worst := x.Worst(); worst != systems.Held && (worst != systems.Undecided || name != "raft") {
				t.Errorf("checks: %+v", x.Checks)
			}
			t.Logf("digest %016x, %d delivered, spreads %+v", x.Digest, x.Counts.Delivered, x.Spreads)
		})
	}
}

// What PyZMP's tests of nodes and services check is so here: in each scenario of
// that folder every check holds, and something is checked.
func TestPyZMPsBehaviours(t *testing.T) {
	names, err := fs.Glob(os.DirFS("../testdata"), "scenarios/pyzmp/*.star")
	if err != nil || len(names) < 18 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "scenarios/"), ".star")
		t.Run(name, func(t *testing.T) {
			end := runTestdata(t, name).Run.End()
			for _, c := range end.Checks {
				if c.Outcome != systems.Held {
					t.Errorf("%+v", c)
				}
			}
			if !slices.ContainsFunc(end.Checks, func(c systems.Result) bool { return c.Kind == systems.EventuallyHolds }) {
				t.Error("nothing says that anything happens")
			}
		})
	}
}

func loadTestdata(t *testing.T, name string) *Scenario {
	t.Helper()
	s, err := Load(os.DirFS("../testdata"), "scenarios/"+name+".star", Options{Seed: 1})
	must(t, err)
	return s
}

func runTestdata(t *testing.T, name string) *Scenario {
	t.Helper()
	s := loadTestdata(t, name)
	must(t, s.Run.RunUntil(s.Until))
	return s
}

// Script state is in snapshots: a run that goes back, and a run loaded anew and
// restored, go on as the straight one did, from any moment to the end. Not of
// the matrix of targets, on which TestDeterminismOfRestores takes shorter runs.
func TestRestoredToTheEnd(t *testing.T) {
	for _, name := range []string{"pingpong", "gossip", "quorum", "sir", "services", "params", "directory", "pipes", "feeds", "serving", "factory", "fleet", "two_phase_commit"} {
		t.Run(name, func(t *testing.T) {
			want := runTestdata(t, name).Run.End().Digest
			for _, part := range []ecs.Tick{1, 3, 7} {
				s := loadTestdata(t, name)
				var snap ecs.Snapshot
				must(t, s.Run.RunUntil(s.Until*part/10))
				s.Run.Snapshot(&snap)
				must(t, s.Run.RunUntil(s.Until))
				must(t, s.Run.Restore(&snap))
				must(t, s.Run.RunUntil(s.Until))
				if got := s.Run.End().Digest; got != want {
					t.Errorf("gone back to %d/10: digest %x, want %x", part, got, want)
				}
				other := loadTestdata(t, name)
				must(t, other.Run.Restore(&snap))
				must(t, other.Run.RunUntil(other.Until))
				if got := other.Run.End().Digest; got != want {
					t.Errorf("restored at %d/10 into another: digest %x, want %x", part, got, want)
				}
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
