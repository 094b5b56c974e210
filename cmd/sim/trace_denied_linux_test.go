// Proves that who may not write where a trace is to be is told so before the
// run, and that nothing is left there; root, who may, takes another's identity
// for it.
package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestTraceWithoutPermission(t *testing.T) {
	above := t.TempDir()
	dir := filepath.Join(above, "closed")
	if err := errors.Join(os.Chmod(filepath.Dir(above), 0o755), os.Mkdir(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	p := play(t)
	p.in = strings.NewReader(token)
	root := os.Geteuid() == 0
	if root {
		runtime.LockOSThread() // the identity is the thread's
		defer runtime.UnlockOSThread()
		syscall.Setfsuid(65534)
	}
	code := p.run([]string{"run", "-", "--seed", "1", "--trace", filepath.Join(dir, "run.mcap")})
	if root {
		syscall.Setfsuid(0)
	}
	if want := "run.mcap: permission denied"; code != exitFailed || !strings.Contains(p.stderr.String(), want) || p.stdout.Len() > 0 {
		t.Errorf("exit code %d, %s%s; want %s", code, &p.stdout, &p.stderr, want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}
