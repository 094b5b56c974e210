// Proves that what came to a run from outside is in all that is made of its
// trace: replays, forks from before it, with other flags too, and comparisons
// with the scenario.
package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/scenario"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// commandedTrace keeps a run of the token's ring in which a node is crashed from
// outside.
func commandedTrace(t *testing.T, name, file string) {
	p := play(t)
	s, err := scenario.Load(disk{p.in}, name, scenario.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Recording()
	c.About = append(c.About, [2]string{"language", "1"})
	var b bytes.Buffer
	r, err := trace.NewRecorder(&b, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run.RunUntil(400); err != nil {
		t.Fatal(err)
	}
	member, _ := s.Run.World.NodeNamed("member[2]")
	s.Run.Command(systems.Action{Verb: systems.Crash, Target: member})
	s.Run.CommandAt(600, systems.Action{Verb: systems.Start, Target: member})
	if err := s.Run.RunUntil(1000); err != nil {
		t.Fatal(err)
	}
	end := s.Run.End()
	if err := r.Close(&end); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCommandsInForks(t *testing.T) {
	text, _, _ := strings.Cut(token, "always(") // the crash would break it
	name := written(t, text+"flag(\"spare\", 0)\nrun(until = \"1s\")\n")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	commandedTrace(t, name, in("a"))
	for _, tc := range []struct {
		line, want string
		code       int
	}{
		{"replay A", "the same: ", exitFine},
		{"log cat A inputs", `"verb":"crash","nodes":["member[2]"]`, exitFine},
		{"diff A " + name, "the same, up to 1s", exitFine},
		{"run --from A --at 200ms --quiet --trace B", "", exitFine},
		{"replay B", "the same: ", exitFine},
		{"diff A B", "the same, up to 1s", exitFine},
		{"log cat B inputs", `"tick":600,"time_s":0.6,"verb":"start","nodes":["member[2]"]`, exitFine},
		{"run --from A --at 200ms --set spare=1 --quiet --trace C", "", exitFine},
		{"replay C", "the same: ", exitFine},
		{"replay C --at 500ms", "5 nodes, 1 not up", exitFine},
		{"run --from C --at 450ms --quiet --trace D", "", exitFine},
		{"replay D --at 900ms", "5 nodes, 0 not up", exitFine},
	} {
		args := strings.Fields(tc.line)
		for i, a := range args {
			if len(a) == 1 {
				args[i] = in(strings.ToLower(a))
			}
		}
		var out, said bytes.Buffer
		if code := run(args, nil, &out, &said); code != tc.code || !strings.Contains(out.String(), tc.want) || said.Len() > 0 {
			t.Errorf("sim %s: %d, %s%s", tc.line, code, &out, &said)
		}
	}
}
