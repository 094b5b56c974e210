// Proves that the lines of code in the tables of docs/from-pyzmp-and-pyros.md are
// lines of the scenarios on that page, which TestDocs runs, or of its program
// outside of one, which is run here.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinesOfTablesAreRun(t *testing.T) {
	text, err := os.ReadFile(house + "/docs/from-pyzmp-and-pyros.md")
	if err != nil {
		t.Fatal(err)
	}
	run, rows := 0, 0
	for _, row := range unrunRows(string(text), &rows) {
		t.Errorf("%s\nshows a line that is in no scenario of the page", row)
	}
	if rows < 30 {
		t.Errorf("the tables have %d rows with code", rows)
	}
	changed := strings.Replace(string(text), "`me.exit(0)` |", "`me.exit(1)` |", 1)
	if got := unrunRows(changed, &run); len(got) != 1 {
		t.Errorf("of a line that is nowhere it is said: %q", got)
	}
}

// unrunRows returns the rows of tables whose last cell is code and no line of any
// fence, and counts those with code.
func unrunRows(text string, rows *int) (unrun []string) {
	var code []string
	fenced := false
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "```") {
			fenced = !fenced
		} else if fenced {
			code = append(code, line)
		}
	}
	for line := range strings.Lines(text) {
		_, cell, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), "` |"), " | `")
		if !ok || !strings.HasPrefix(line, "|") {
			continue
		}
		*rows++
		if at := strings.LastIndex(cell, " | `"); at >= 0 {
			cell = cell[at+len(" | `"):]
		}
		if !slices.Contains(code, cell) {
			unrun = append(unrun, strings.TrimSpace(line))
		}
	}
	return unrun
}

func TestOutsideOfLineageActs(t *testing.T) {
	text, err := os.ReadFile(house + "/docs/from-pyzmp-and-pyros.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"robot.star", "outside.py"} {
		_, after, _ := strings.Cut(string(text), "```python "+name+"\n")
		code, _, closed := strings.Cut(after, "```\n")
		if !closed {
			t.Fatalf("the page has no %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sim := startSim(t, filepath.Join(dir, "robot.star"), "--seed", "1", "--publish", ipcAt(t), "--pace", "0.1", "--quiet")
	client := exec.Command("/usr/bin/python3", "-B", filepath.Join(dir, "outside.py"), sim.frames)
	python, err := filepath.Abs(house + "/clients/python")
	if err != nil {
		t.Fatal(err)
	}
	client.Env, client.Stderr = append(os.Environ(), "PYTHONPATH="+python), os.Stderr
	out, err := client.Output()
	if want := "['turn'] {'angle': 90, 'of': 'robot'}\n7 ['position', 'velocity']\nnone\n"; err != nil || string(out) != want {
		t.Errorf("%v: %s, and not %s", err, out, want)
	}
}
