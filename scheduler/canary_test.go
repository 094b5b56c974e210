// Proves that the harness can fail. Programs with a fault planted in each, in
// testdata/planted, are run twice: Compare must say in which tick, table, node
// and field the runs part. The same sources are linted, which must name each
// fault, and that of fused products which only the matrix of architectures
// could show.
package scheduler_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/scheduler/testdata/planted"
	"orrery/systems"
)

func TestCanaryRuns(t *testing.T) {
	for _, tc := range []struct {
		name         string
		fault        planted.Fault
		table, field string
	}{
		{"map order", planted.MapOrder, "envelope", "To"},
		{"wall clock", planted.Clock, "bad.state", "Got"},
		{"shared random source", planted.Random, "envelope", "Payload"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := scheduler.Compare(planted.World(tc.fault), planted.World(tc.fault), 1000)
			if err != nil {
				t.Fatal(err)
			}
			if d == nil {
				t.Fatal("the fault was not caught")
			}
			t.Log(d)
			got := scheduler.Divergence{Tick: d.Tick, Table: d.Table, Node: d.Node, Field: d.Field, A: d.A, B: d.B}
			// The token is with the culprit in tick 6 for the first time: the
			// fault shows there, or, if two runs chanced to agree, a turn on.
			if d.Tick < 6 || got.Table != tc.table || got.Node != "culprit" || got.Field != tc.field || got.A == got.B {
				t.Errorf("caught as %+v, want %s of culprit: %s", got, tc.table, tc.field)
			}
		})
	}
}

// Without a fault in it, the same world must not be called divergent, or the
// test above proves nothing.
func TestCanarySilent(t *testing.T) {
	for _, fault := range []planted.Fault{planted.Fused, func(*systems.Me, *planted.State, ecs.Kind) {}} {
		alike(t, planted.World(fault), planted.World(fault), 1000)
	}
}

func TestCanaryLint(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "detlint")
	if out, err := exec.Command("go", "build", "-o", tool, "orrery/cmd/detlint").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	// The go command of 1.26 keeps what vet said of a package as a dependency,
	// which is nothing, and says it again when the package itself is vetted; a
	// flag that is never the same twice prevents it.
	pkgs := fmt.Sprintf("-detlint.pkgs=orrery/scheduler/testdata,never/%d", time.Now().UnixNano())
	out, err := exec.Command("go", "vet", "-vettool="+tool, pkgs, "./testdata/planted").CombinedOutput()
	if err == nil {
		t.Fatal("the lint passed what is planted")
	}
	for _, want := range []string{
		"maporder.go:14:2: range over a map: map order is random in every run",
		"clock.go:13:22: time.Now: wall time differs in every run",
		"random.go:12:41: math/rand/v2.Uint64: the shared source is seeded by the process",
		"fused.go:11:15: float product: it may be fused into the sum",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(string(out), "testdata/planted/"); n != 4 {
		t.Errorf("%d findings of 4 in\n%s", n, out)
	}
}
