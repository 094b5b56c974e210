// Proves that who looks at a trace may interrupt that, and sees on a terminal how
// far it has come; and that neither shows elsewhere.
package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWayOfAReplay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token.mcap")
	p := play(t)
	if code := p.run([]string{"run", written(t, token), "--seed", "1", "--trace", file}); code != exitFine {
		t.Fatalf("exit code %d: %s", code, p.stderr.String())
	}
	for _, tc := range []struct {
		args string
		bar  bool
	}{{"replay FILE", true}, {"replay FILE --at 900ms", true}, {"replay FILE --until 500ms", true}, {"run --from FILE --at 900ms --reseed 3 --until 901ms", true}, {"run --from FILE --at 900ms --quiet --until 901ms", false}} {
		args := strings.Fields(strings.ReplaceAll(tc.args, "FILE", file))
		for _, terminal := range []bool{false, true} {
			p := play(t)
			p.terminal = terminal
			p.onAsk = func(p *played) { p.clock += time.Second }
			if code := p.run(args); code != exitFine {
				t.Fatalf("%s: exit code %d: %s", tc.args, code, p.stderr.String())
			}
			if got := strings.Contains(p.stderr.String(), "#..."); got != (terminal && tc.bar) || got && !strings.HasSuffix(strings.TrimRight(p.stderr.String(), " "), "\r") {
				t.Errorf("%s, terminal %t: stderr %q", tc.args, terminal, p.stderr.String())
			}
		}
	}
	for _, args := range []string{"replay FILE", "replay FILE --at 1s", "diff FILE FILE", "diff FILE SCENARIO", "run --from FILE --at 900ms"} {
		p := play(t)
		p.interrupt()
		code := p.run(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(args, "FILE", file), "SCENARIO", written(t, token))))
		if code != exitFailed || !strings.Contains(p.stderr.String(), "interrupted") || strings.Contains(p.stdout.String(), "the same") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", args, code, p.stdout.String(), p.stderr.String())
		}
	}
}
