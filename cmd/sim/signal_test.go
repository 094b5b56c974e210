//go:build unix

// Proves with a process of its own that an interrupt ends a run with a summary.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestInterruptProcess(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program)
	cmd.Args = []string{"sim", "run", written(t, token), "--pace", "0.001"} // TestMain goes by the name
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	if line, err := said.ReadString('\n'); err != nil || !strings.HasSuffix(line, ", drawn\n") {
		t.Fatalf("it begins with %q, %v", line, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
		t.Errorf("it ends with %v, want exit code %d", err, exitFailed)
	}
	if !strings.Contains(string(rest), "sim: interrupted at ") || !strings.Contains(out.String(), "\ndigest    ") {
		t.Errorf("stderr: %s\nstdout: %s", rest, out.String())
	}
}
