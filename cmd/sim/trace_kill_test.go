// Proves that a run that is killed leaves all but about the last second of its
// trace, under the name that says so, and that it is verified and made whole.
package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestKilledRunLeavesItsTrace(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "run.mcap")
	cmd := exec.Command(program)
	cmd.Args = []string{"sim", "run", written(t, token), "--pace", "0.1", "--until", "100s", "--trace", file}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stderr).ReadString('\n'); err != nil { // the seed
		t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if part, err := openTrace(file + partSuffix); err == nil {
			found := part.Chunks()
			part.file.Close()
			if found > 0 {
				break
			}
		}
		if time.Since(began) > 20*time.Second {
			cmd.Process.Kill()
			t.Fatal("nothing of the trace was flushed in 20 s")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // killed
	for _, args := range [][]string{{"replay", file + partSuffix}, {"log", "recover", file + partSuffix, file}, {"replay", file}} {
		var out, said bytes.Buffer
		if code := run(args, nil, &out, &said); code != exitFine || args[0] == "replay" && !strings.Contains(out.String(), "digests verified") {
			t.Errorf("sim %s: %d, %s%s", strings.Join(args, " "), code, &out, &said)
		}
	}
}
