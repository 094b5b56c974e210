// Proves that runs are the same on every architecture and for ever: digests
// kept in testdata/golden, to be met wherever the tests run. A file names the
// revision of the engine it is of; -update changes a digest only if that was
// raised, so that no change of a run goes by unnoticed.
package scheduler_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/scheduler"
)

var update = flag.Bool("update", false, "write the golden files that are missing, or of an earlier revision")

func TestGolden(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		checkGolden(t, filepath.Join("testdata", "golden", w.name+".txt"), goldenText(scheduler.Revision, w.digests(t)))
	})
}

// digests are those at some ticks, and with all state at the end.
func (w world) digests(t *testing.T) []moment {
	const parts = 10
	run := w.start()
	var all []moment
	for i := range ecs.Tick(parts) {
		runUntil(t, run, w.until*(i+1)/parts)
		all = append(all, moment{run.World.Tick(), run.World.Digest()})
	}
	return append(all, moment{run.World.Tick(), run.End().Digest})
}

// goldenText is a golden file: the revision, then a line a tick.
func goldenText(revision int, digests []moment) string {
	var b strings.Builder
	fmt.Fprintln(&b, "revision", revision)
	for _, m := range digests {
		fmt.Fprintf(&b, "%d %016x\n", m.Tick, m.Digest)
	}
	return b.String()
}

func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	text, err := os.ReadFile(file)
	want := string(text)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		t.Fatal(err)
	case *update:
		if err := mayUpdate(want, got); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	case err != nil:
		t.Fatalf("%v; write it with -update", err)
	case want != got:
		t.Fatalf("%s: runs have changed; if they should have, raise scheduler.Revision and use -update\n%s", file, cmp.Diff(want, got))
	}
}

var errSameRevision = errors.New("the digests have changed and the revision has not; raise scheduler.Revision first")

// mayUpdate refuses to let digests change within a revision.
func mayUpdate(old, text string) error {
	before, _, _ := strings.Cut(old, "\n")
	after, _, _ := strings.Cut(text, "\n")
	if old == "" || old == text {
		return nil
	}
	var was, is int
	if _, err := fmt.Sscanf(before, "revision %d", &was); err != nil {
		return fmt.Errorf("its first line is %q: %w", before, err)
	}
	if _, err := fmt.Sscanf(after, "revision %d", &is); err != nil {
		return err
	}
	if is <= was {
		return fmt.Errorf("%w (it is %d)", errSameRevision, was)
	}
	return nil
}

// The guard of the golden files must be able to refuse.
func TestGoldenNeedsRevision(t *testing.T) {
	old := goldenText(3, []moment{{10, 0xabc}})
	for _, tc := range []struct {
		name, old, text string
		refused         bool
	}{
		{"new file", "", goldenText(3, []moment{{10, 1}}), false},
		{"nothing changed", old, old, false},
		{"digest changed", old, goldenText(3, []moment{{10, 1}}), true},
		{"tick added", old, goldenText(3, []moment{{10, 0xabc}, {11, 1}}), true},
		{"digest changed, revision lowered", old, goldenText(2, []moment{{10, 1}}), true},
		{"digest changed, revision raised", old, goldenText(4, []moment{{10, 1}}), false},
		{"revision raised alone", old, goldenText(4, []moment{{10, 0xabc}}), false},
		{"no revision", "10 abc\n", old, true},
	} {
		if err := mayUpdate(tc.old, tc.text); (err != nil) != tc.refused {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
