// Proves the small things of text: what a shell reads back, which word is
// nearest, and that a file is written whole or not at all.
package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"ring.star": "ring.star", "../a/b-c_d.star": "../a/b-c_d.star", "loss=0.1": "loss=0.1",
		"": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "~": "'~'", "New York": "'New York'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%q is quoted %s, want %s", word, got, want)
		}
	}
}

// A shell must read back what was quoted.
func TestQuoteInShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Log("there is no sh here")
		return
	}
	words := rapid.SliceOfN(rapid.StringMatching(`[ -~äß\t\n]*`), 50, 50).Example(1)
	line := "printf '%s\\0'"
	var want bytes.Buffer
	for _, w := range words {
		line += " " + quote(w)
		want.WriteString(w + "\x00")
	}
	got, err := exec.Command(sh, "-c", line).Output()
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want.Bytes())
	}
}

func TestNearest(t *testing.T) {
	known := []string{"run", "check", "new", "selftest", "bench", "version", "help", "completion", "replay"}
	for word, want := range map[string]string{
		"rnu": "run", "chek": "check", "self-test": "selftest", "slftest": "selftest", "vers": "version", "comp": "completion",
		"reply": "replay", "x": "", "frobnicate": "", "": "", "Run": "run",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
	if got := nearest("--untl", []string{"--set", "--until"}); got != "--until" {
		t.Errorf("nearest to --untl is %s", got)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.svg")
	for _, text := range []string{"one", "another"} {
		if err := writeFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if err := writeFile(filepath.Join(dir, "none", "a.svg"), nil); err == nil {
		t.Error("a file was written to a directory that is not there")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v: one file was wanted", left, err)
	}
}

// A link or a device is written through, and not replaced.
func TestWriteFileThroughLink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Log("no links here:", err)
		return
	}
	if err := writeFile(link, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().IsRegular() {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}
