// Proves that the goldens of selftest are met, that every scenario has one,
// and that selftest tells a machine that computes otherwise. -update writes the
// goldens of scenarios that have none, or of an earlier revision.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"orrery/scheduler"
	"orrery/testdata"
)

func TestSelftestGolden(t *testing.T) {
	disk := os.DirFS(filepath.Join("..", "..", "testdata"))
	names, err := scenarioNames(disk)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		stem, golden := goldenOf(name)
		t.Run(stem, func(t *testing.T) {
			h, err := digests(disk, name, 1)
			if err != nil {
				t.Fatal(err)
			}
			want, err := fs.ReadFile(disk, golden)
			if *update && mayUpdate(string(want), h.text()) {
				err = os.WriteFile(filepath.Join("..", "..", "testdata", filepath.FromSlash(golden)), []byte(h.text()), 0o644)
				want = []byte(h.text())
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := h.compare(string(want)); err != nil {
				t.Errorf("%v; if it should, raise scheduler.Revision and use -update", err)
			}
		})
	}
}

// mayUpdate lets a golden change with the revision only.
func mayUpdate(old, text string) bool {
	before, _, _ := strings.Cut(old, "\n")
	after, _, _ := strings.Cut(text, "\n")
	return old == "" || before != after
}

func TestSelftest(t *testing.T) {
	p := play(t)
	if code := p.run([]string{"selftest"}); code != exitFine {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	goldens, err := scenarioNames(testdata.FS)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(p.stdout.String(), "\n"); n != len(goldens)+1 {
		t.Errorf("%d lines for %d goldens:\n%s", n, len(goldens), p.stdout.String())
	}
}

func TestSelftestCanFail(t *testing.T) {
	disk := os.DirFS(filepath.Join("..", "..", "testdata"))
	scenario, err := fs.ReadFile(disk, "scenarios/ring.star")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := fs.ReadFile(disk, "golden/ring.txt")
	if err != nil {
		t.Fatal(err)
	}
	revision := fmt.Sprint("revision ", scheduler.Revision)
	for _, tc := range []struct {
		name, scenario, golden, says string
		code                         int
	}{
		{"as it is", string(scenario), string(golden), "", exitFine},
		{"another seed", string(scenario), strings.Replace(string(golden), "0", "1", 1), "differs from others", exitDiverged},
		{"another tick", string(scenario), strings.Replace(string(golden), "\n", "\n1", 1), "differs from others", exitDiverged},
		{"a line short", string(scenario), revision, "differs from others", exitDiverged},
		{"another revision", string(scenario), strings.Replace(string(golden), revision, "revision 0", 1), "is of revision 0", exitFailed},
		{"no golden", string(scenario), "", "golden/ring.txt", exitFailed},
		{"no end", "node('a', program())", string(golden), "does not say when it ends", exitFailed},
		{"an error", "nodse()", string(golden), "scenarios/ring.star:1:1: ", exitUsage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := fstest.MapFS{"scenarios/ring.star": {Data: []byte(tc.scenario)}}
			if tc.golden != "" {
				files["golden/ring.txt"] = &fstest.MapFile{Data: []byte(tc.golden)}
			}
			p := play(t)
			err := p.selftest(files)
			p.report(err)
			if code := exitCode(err); code != tc.code || !strings.Contains(p.stderr.String(), tc.says) {
				t.Errorf("exit code %d, want %d: %s", code, tc.code, p.stderr.String())
			}
		})
	}
}

// Two runs of one scenario that part are told by tick and digest.
func TestHistoriesDiffer(t *testing.T) {
	a := history{{1, 10}, {2, 20}, {2, 30}}
	if err := a.same(history{{1, 10}, {2, 20}, {2, 30}}, "again"); err != nil {
		t.Error(err)
	}
	err := a.same(history{{1, 10}, {2, 21}, {2, 31}}, "the second time")
	want := "at tick 2 the digest was 0000000000000014, and the second time it was 0000000000000015 at tick 2"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if code := exitCode(errors.Join(errors.New("a"), &ending{exitDiverged, err})); code != exitDiverged {
		t.Errorf("exit code %d", code)
	}
}
