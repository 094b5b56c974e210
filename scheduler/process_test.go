// Proves that digests do not depend on the process: neither on addresses and
// hash seeds, which differ in each, nor on the garbage collector's and the
// scheduler's settings. The test binary runs itself again for that; where it
// cannot, because an emulator runs it, it disturbs its own memory instead.
package scheduler_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// printHistories in the environment makes the test binary print what the
// worlds come to, and nothing else.
const printHistories = "ORRERY_PRINT_HISTORIES"

func TestMain(m *testing.M) {
	if os.Getenv(printHistories) != "" {
		text, err := histories(worlds)
		fmt.Print(text)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// histories writes a line for every tick of every world.
func histories(of []world) (string, error) {
	var b strings.Builder
	for _, w := range of {
		run := w.start()
		for run.Next() <= w.until {
			if _, err := run.Step(); err != nil {
				return b.String(), fmt.Errorf("%s: %w", w.name, err)
			}
			fmt.Fprintf(&b, "%s %d %016x\n", w.name, run.World.Tick(), run.World.Digest())
		}
		fmt.Fprintf(&b, "%s end %016x\n", w.name, run.End().Digest)
	}
	return b.String(), nil
}

func TestDeterminismOfProcesses(t *testing.T) {
	here, err := histories(worlds)
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range [][]string{nil, {"GOMAXPROCS=1", "GOGC=5"}, {"GOMAXPROCS=4", "GOGC=off"}} {
		there, err := disturbed()
		if !emulated() {
			there, err = elsewhere(env)
		}
		if err != nil {
			t.Fatal(env, err)
		}
		if diff := cmp.Diff(here, there); diff != "" {
			t.Fatalf("with %v:\n%s", env, diff)
		}
	}
}

// emulated reports whether a user-mode emulator runs this process: its binary is
// none that the kernel could start.
func emulated() bool {
	name, err := os.ReadFile("/proc/self/comm") // of the emulator; it shows its guest everything else
	return err == nil && strings.HasPrefix(string(name), "qemu-")
}

// elsewhere returns what another process makes of the worlds.
func elsewhere(env []string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), env...), printHistories+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// disturbed makes the worlds' histories with memory that lies elsewhere: a
// world at a time in the opposite order, among garbage.
func disturbed() (string, error) {
	var text string
	for i := range worlds {
		ballast := make([][]byte, 100)
		for k := range ballast {
			ballast[k] = make([]byte, 1+k*97*(i+1))
		}
		last := len(worlds) - 1 - i
		part, err := histories(worlds[last : last+1])
		if err != nil {
			return "", err
		}
		text = part + text
		runtime.KeepAlive(ballast)
		runtime.GC()
	}
	return text, nil
}

// TestDeterminismDisturbed runs, everywhere, what stands in for a process where
// there can be none.
func TestDeterminismDisturbed(t *testing.T) {
	here, err := histories(worlds)
	if err != nil {
		t.Fatal(err)
	}
	there, err := disturbed()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(here, there); diff != "" {
		t.Fatal(diff)
	}
}
