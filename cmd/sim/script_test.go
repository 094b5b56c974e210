// Proves what users see: each file of testdata/script is a session with the
// real command, its exit codes and its error text. -update writes down what the
// command says now.
package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sim": main})
}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("TERM", "xterm")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			root, err := os.Getwd()
			env.Setenv("SCENARIOS", root+"/../../testdata/scenarios")
			env.Setenv("CLIENTS", root+"/../../clients")
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "steady": steady},
	})
}

// code is `code N program args…`: the program must end with an exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// What differs from run to run is wall time and drawn seeds; and digests are
// compared elsewhere, so that a change of the engine does not show here.
var unsteady = []struct {
	found *regexp.Regexp
	put   string
}{
	{regexp.MustCompile(`\) in [0-9.]+(ns|us|ms|s|m)`), ") in WALL"},
	{regexp.MustCompile(`"wall_s":[-+0-9.e]+`), `"wall_s":WALL`},
	{regexp.MustCompile(`seed [0-9]+, drawn`), "seed SEED, drawn"},
	{regexp.MustCompile(`(digest  +|"digest":")[0-9a-f]{16}`), "${1}DIGEST"},
}

// steady is `steady from to`: it copies a file, or stdout or stderr, without
// what differs from run to run.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: steady from to")
	}
	text := ts.ReadFile(args[0])
	for _, u := range unsteady {
		text = u.found.ReplaceAllString(text, u.put)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// Every command is in some script, and so is every one that is still to come.
func TestScriptsCoverCommands(t *testing.T) {
	files, err := os.ReadDir("testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile("testdata/script/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, c := range commands() {
		if !strings.Contains(all.String(), "exec sim "+c.name) {
			t.Errorf("no script runs sim %s", c.name)
		}
		f, _ := c.flagSet()
		for _, name := range strings.Fields(flagNames(f, " ")) {
			if !strings.Contains(all.String(), name) {
				t.Errorf("no script uses %s of sim %s", name, c.name)
			}
		}
	}
	for _, name := range later {
		if !strings.Contains(all.String(), "sim: "+name+" is not built yet") {
			t.Errorf("no script shows how %s is refused", name)
		}
	}
}
