package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scheduler"
	"orrery/testdata"
)

var selftestCommand = command{
	name:  "selftest",
	brief: "does this machine compute as others do?",
	about: `Scenarios that are built in run twice, in one go and in parts. Each must come to
the same digests both times, and to those it came to everywhere else. It takes
seconds.
Exit: 0 all do, 5 one does not, which is a fault of sim or of this machine.`,
	examples: []example{{"sim selftest", "after an upgrade, or on a new kind of machine"}},
	flags: func(*pflag.FlagSet) action {
		return func(e *edge, args []string) error {
			if err := noArguments("selftest", args); err != nil {
				return err
			}
			return e.selftest(testdata.FS)
		}
	},
}

// selftestSeed is the seed of the goldens.
const selftestSeed = 1

// selftest tests the scenarios of a file system that is like testdata.
func (e *edge) selftest(fsys fs.FS) error {
	names, err := scenarioNames(fsys)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range names {
		if e.interrupted() {
			return errors.New("interrupted")
		}
		stem, golden := goldenOf(name)
		digest, err := selftestOne(fsys, name, golden)
		if err != nil {
			e.print("%-24s FAILED\n", stem)
			failed = append(failed, fmt.Errorf("%s: %w", stem, err))
			continue
		}
		e.print("%-24s %016x\n", stem, uint64(digest))
		e.out.Flush()
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	e.print("%s ran twice, as on every other machine\n", many(len(names), "scenario"))
	return nil
}

// scenarioNames are the scenarios of a file system that is like testdata: those
// in the folder itself, then those in folders within it.
func scenarioNames(fsys fs.FS) ([]string, error) {
	names, err := fs.Glob(fsys, "scenarios/*.star")
	if err != nil {
		return nil, err
	}
	within, err := fs.Glob(fsys, "scenarios/*/*.star")
	return append(names, within...), err
}

// goldenOf is what a scenario is called, and where its golden lies.
func goldenOf(name string) (stem, golden string) {
	stem = strings.TrimSuffix(strings.TrimPrefix(name, "scenarios/"), ".star")
	return stem, path.Join("golden", stem+".txt")
}

// selftestOne runs a scenario twice, the second time in parts.
func selftestOne(fsys fs.FS, name, golden string) (ecs.Digest, error) {
	want, err := fs.ReadFile(fsys, golden)
	if err != nil {
		return 0, err
	}
	once, err := digests(fsys, name, 1)
	if err != nil {
		return 0, err
	}
	twice, err := digests(fsys, name, 7)
	if err != nil {
		return 0, err
	}
	if err := once.same(twice, "the second time"); err != nil {
		return 0, &ending{exitDiverged, fmt.Errorf("%w%s", err, where(fsys, name))}
	}
	if err := once.compare(string(want)); err != nil {
		return 0, err
	}
	return once[len(once)-1].digest, nil
}

// history is the digests of a run at some ticks, and at its end with all state.
type history []moment

type moment struct {
	tick   ecs.Tick
	digest ecs.Digest
}

// moments are how many digests a golden has, without the last.
const moments = 10

// digests runs a scenario, the way from moment to moment in some parts.
func digests(fsys fs.FS, name string, parts ecs.Tick) (history, error) {
	s, err := selftestScenario(fsys, name)
	if err != nil {
		return nil, err
	}
	var all history
	var from ecs.Tick
	for i := range ecs.Tick(moments) {
		to := s.Until * (i + 1) / moments
		for k := range parts {
			if err := s.Run.RunUntil(from + (to-from)*(k+1)/parts); err != nil {
				return nil, err
			}
		}
		all = append(all, moment{to, s.Run.World.Digest()})
		from = to
	}
	return append(all, moment{from, s.Run.End().Digest}), nil
}

func selftestScenario(fsys fs.FS, name string) (*scenario.Scenario, error) {
	s, err := scenario.Load(fsys, name, scenario.Options{Seed: selftestSeed})
	if err == nil && s.Until == 0 {
		err = fmt.Errorf("%s does not say when it ends", name)
	}
	return s, err
}

func (h history) same(other history, when string) error {
	for i := range min(len(h), len(other)) {
		if h[i] != other[i] {
			return fmt.Errorf("at tick %d the digest was %016x, and %s it was %016x at tick %d",
				h[i].tick, uint64(h[i].digest), when, uint64(other[i].digest), other[i].tick)
		}
	}
	return nil
}

// text is a golden file: the revision of the engine, then a line a moment.
func (h history) text() string {
	var b strings.Builder
	fmt.Fprintln(&b, "revision", scheduler.Revision)
	for _, m := range h {
		fmt.Fprintf(&b, "%d %016x\n", m.tick, uint64(m.digest))
	}
	return b.String()
}

// compare compares with a golden file.
func (h history) compare(golden string) error {
	lines := strings.Split(strings.TrimSpace(golden), "\n")
	if own := fmt.Sprint("revision ", scheduler.Revision); lines[0] != own {
		return fmt.Errorf("its golden is of %s, and this is %s", lines[0], own)
	}
	for i, line := range strings.Split(strings.TrimSpace(h.text()), "\n") {
		if i >= len(lines) || line != lines[i] {
			return &ending{exitDiverged, fmt.Errorf("this machine differs from others: it has %q, they have %q (tick and digest)", line, atMost(lines, i))}
		}
	}
	return nil
}

func atMost(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// where says in what two runs of a scenario part.
func where(fsys fs.FS, name string) string {
	a, err := selftestScenario(fsys, name)
	if err != nil {
		return ""
	}
	b, err := selftestScenario(fsys, name)
	if err != nil {
		return ""
	}
	d, err := scheduler.Compare(a.Run, b.Run, a.Until)
	if d == nil || err != nil {
		return "; side by side no difference shows"
	}
	return "; side by side they part at " + d.String()
}
