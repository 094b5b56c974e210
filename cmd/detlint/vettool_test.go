// These tests build the tool and run it as users do, through go vet, on a
// module of its own in a temporary directory: flags, test variants and exit
// codes are the go command's business and cannot be seen in-process.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const hazard = `// Package nodes reads the clock.
package nodes

import "time"

func Now() time.Time { return time.Now() }
`

const clean = `// Package nodes does nothing wrong.
package nodes

func Area(a, b float64) float64 { return float64(a * b) }
`

const inPackageTest = `package nodes

import (
	"testing"
	"time"
)

func TestNothing(t *testing.T) { _ = time.Now() }
`

func TestThroughGoVet(t *testing.T) {
	tool := build(t)
	for _, tc := range []struct {
		name  string
		files map[string]string
		flags []string
		want  string // in the output; empty: vet passes
	}{
		{"hazard", map[string]string{"nodes/nodes.go": hazard}, nil, "nodes.go:6:36: time.Now: wall time"},
		{"clean", map[string]string{"nodes/nodes.go": clean}, nil, ""},
		{"hazard beside a test", map[string]string{"nodes/nodes.go": hazard, "nodes/nodes_test.go": inPackageTest},
			[]string{"-detlint.pkgs=mine/nodes"}, "nodes.go:6:36: time.Now"},
		{"clean beside a test", map[string]string{"nodes/nodes.go": clean, "nodes/nodes_test.go": inPackageTest}, nil, ""},
		{"named", map[string]string{"nodes/nodes.go": hazard}, []string{"-detlint.pkgs=other,mine"}, "time.Now"},
		{"not named", map[string]string{"nodes/nodes.go": hazard}, []string{"-detlint.pkgs=other,mine/node"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, err := vet(t, tool, tc.files, tc.flags)
			if tc.want == "" && err != nil {
				t.Errorf("go vet: %v\n%s", err, out)
			}
			if tc.want != "" && (err == nil || !strings.Contains(out, tc.want)) {
				t.Errorf("go vet: %v, no %q in\n%s", err, tc.want, out)
			}
		})
	}
}

func build(t *testing.T) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "detlint")
	if out, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return tool
}

func vet(t *testing.T, tool string, files map[string]string, flags []string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module mine\n\ngo 1.26\n")
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	args := append([]string{"vet", "-vettool=" + tool}, flags...)
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
