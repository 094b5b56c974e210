package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// README's first screen shows a run: the command must print just that, but for
// the wall time.
func TestReadmeShowsARun(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(readme), "$ go run ./cmd/sim ")
	if !found {
		t.Fatal("README.md shows no run")
	}
	line, rest, _ := strings.Cut(block, "\n")
	want, _, _ := strings.Cut(rest, "```")
	t.Chdir("../..")
	var out, errs bytes.Buffer
	if code := run(strings.Fields(line), strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	wall := regexp.MustCompile(`\) in [0-9.]+(ns|us|ms|s)`)
	clean := func(s string) string { return wall.ReplaceAllString(s, ") in …") }
	if diff := cmp.Diff(clean(want), clean(out.String())); diff != "" {
		t.Errorf("README.md differs from what the command prints (-README +command):\n%s", diff)
	}
}
