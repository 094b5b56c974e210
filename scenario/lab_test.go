// The small laboratory that the tests of the language share: a scenario from
// its text, the story that its handlers printed, and the state of its nodes.
package scenario

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

const labFile = "lab.star"

func labFS(text string, files map[string]string) fs.FS {
	all := fstest.MapFS{labFile: {Data: []byte(text)}}
	for name, data := range files {
		all[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return all
}

// lab loads a scenario from its text.
func lab(t testing.TB, text string) *Scenario {
	t.Helper()
	return labSeeded(t, 1, text)
}

func labSeeded(t testing.TB, seed uint64, text string) *Scenario {
	t.Helper()
	s, err := Load(labFS(text, nil), labFile, Options{Seed: seed})
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return s
}

// ran loads a scenario and runs it to its end.
func ran(t testing.TB, text string) *Scenario {
	t.Helper()
	s := lab(t, text)
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	return s
}

// story is what handlers printed and noted: "tick node text", and the fields of
// a note after its kind.
func story(s *Scenario) []string {
	var lines []string
	for _, e := range s.Events() {
		what := e.Kind
		for _, name := range e.Fields.AttrNames() {
			v, _ := e.Fields.Attr(name)
			if e.Kind == "print" {
				what = plain(v)
				continue
			}
			what += fmt.Sprintf(" %s=%s", name, plain(v))
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", e.Tick, s.Run.World.NodeName(e.Node), what))
	}
	return lines
}

// tells fails unless a scenario prints a story, a line an event.
func tells(t *testing.T, text, want string) *Scenario {
	t.Helper()
	s := ran(t, text)
	if diff := cmp.Diff(lines(want), story(s)); diff != "" {
		t.Errorf("the story differs (- wanted, + told):\n%s", diff)
	}
	return s
}

func lines(text string) []string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// outcomes are what came of the checks: "name outcome@tick".
func outcomes(s *Scenario) []string {
	var all []string
	for _, c := range s.Run.End().Checks {
		all = append(all, fmt.Sprintf("%s %s@%d", c.Name, c.Outcome, c.At))
	}
	return all
}

// states are the fields and lives of all nodes but some, by name, as a check
// would see them.
func states(t testing.TB, s *Scenario, but ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, p := range s.script.programs {
		if p == nil {
			continue
		}
		for _, h := range p.homes {
			for _, n := range h.group.nodes {
				all[s.script.NodeName(n)] = stateOf(t, s, n)
			}
		}
	}
	for _, name := range but {
		delete(all, name)
	}
	return all
}

func stateOf(t testing.TB, s *Scenario, n ecs.Node) string {
	t.Helper()
	var b strings.Builder
	for _, name := range append(s.script.programs[n.Program()].schema.names(), "up", "incarnation", "exit") {
		v, err := s.script.view(n, name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s=%s ", name, v)
	}
	return b.String()
}

// seen returns what a check would see of a node's field.
func seen(t testing.TB, s *Scenario, node, field string) starlark.Value {
	t.Helper()
	n, ok := s.Run.World.NodeNamed(node)
	if !ok {
		t.Fatalf("no node %q", node)
	}
	v, err := s.script.view(n, field)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// failsToLoad fails unless loading says what is wrong, and does not panic.
func failsToLoad(t *testing.T, text, want string) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			t.Errorf("%s:\nloading panics: %v\nwant %s", text, cause, want)
		}
	}()
	_, err := Load(labFS(text, nil), labFile, Options{Seed: 1})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s:\n got %v\nwant %s", text, err, want)
	}
}

// failsToRun fails unless the run, or what is looked at before it, ends with an
// error of the script's that says what is wrong.
func failsToRun(t *testing.T, text, want string) {
	t.Helper()
	s, err := Load(labFS(text, nil), labFile, Options{Seed: 1})
	if err == nil {
		err = s.Run.RunUntil(s.Until)
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s:\n got %v\nwant %s", text, err, want)
	}
}

// replaced puts a line in its place in a scenario.
func replaced(text, line string) string { return with(text, "LINE", line) }

func sortedLines(all []string) []string { return slices.Sorted(slices.Values(all)) }

// with puts something in place of a word of a scenario.
func with(text, word, something string) string { return strings.Replace(text, word, something, 1) }

func attr(e Event, name string) starlark.Value {
	v, _ := e.Fields.Attr(name)
	return v
}

func duration(t testing.TB, v starlark.Value) ecs.Nanoseconds {
	t.Helper()
	d, err := value.AsDuration(v)
	if err != nil {
		t.Fatal(err)
	}
	return ecs.Nanoseconds(d)
}
