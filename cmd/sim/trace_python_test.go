// Proves that the reader of docs/trace.md reads what sim writes, with Python's
// standard library alone: what it prints of a series is what sim says of it.
package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPythonReader(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	page, err := os.ReadFile(house + "/docs/trace.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"walk.star", "reader.py"} {
		_, after, found := strings.Cut(string(page), "```python "+name+"\n")
		text, _, closed := strings.Cut(after, "```\n")
		if !found || !closed {
			t.Fatalf("docs/trace.md has no %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "walk.mcap")
	var stderr bytes.Buffer
	if code := run([]string{"run", filepath.Join(dir, "walk.star"), "--seed", "3", "--quiet", "--trace", file, "--trace-compression", "none"}, nil, &bytes.Buffer{}, &stderr); code != exitFine {
		t.Fatal(code, stderr.String())
	}
	script := `
import sys
sys.path.insert(0, sys.argv[2])
from reader import messages, frame
for topic, time, data in messages(sys.argv[1]):
    if topic.startswith("columns/"):
        head, columns = frame(data)
        print(head["kind"], head["tick"], *sorted(columns))
`
	plotted, err := exec.Command(python, filepath.Join(dir, "reader.py"), file, "farthest").CombinedOutput()
	if err != nil || strings.Count(string(plotted), "\n") != 9 || !strings.Contains(string(plotted), strings.Repeat("#", 50)+"\n") || !strings.Contains(string(plotted), "\n   0.400 s ") {
		t.Errorf("%v\n%s", err, plotted)
	}
	frames, err := exec.Command(python, "-B", "-c", script, file, dir).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(frames), "keyframe 0 far most\ndelta 100 far most row\n") {
		t.Errorf("%v\n%s", err, frames)
	}
}
