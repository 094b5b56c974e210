// Holds the messages that the clients in Python and node are shown against a
// list of what was sent, in a run, and in a replay; and the run is what it is
// without them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/scenario"
)

// shownMessage is what of a message the test looks at.
type shownMessage struct {
	Tick, Due                   ecs.Tick
	ID, From, To, Kind, Verdict string
	Payload                     json.RawMessage
	Left                        int // of the last line
}

func (m *shownMessage) line() string {
	return fmt.Sprint(m.Tick, " ", m.ID, " ", m.Kind, " ", m.From, " ", m.To, " ", m.Due, " ", m.Verdict, " ", string(m.Payload))
}

// hopsOf are all hops of a run from or to a member[1*], and where each stands.
func hopsOf(t *testing.T, name string) map[string]int {
	s, err := scenario.Load(os.DirFS(filepath.Dir(name)), filepath.Base(name), scenario.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	all, w := map[string]int{}, s.Run.World
	w.Watch(func(x ecs.Sent) {
		e := x.Envelope
		m := shownMessage{Tick: max(0, w.Tick()), ID: fmt.Sprintf("%013x", uint64(e.ID())), From: w.NodeName(e.From), To: w.NodeName(e.To), Kind: w.KindName(e.Kind()), Due: x.Due, Verdict: "sent", Payload: json.RawMessage("{}")}
		if x.Dropped {
			m.Verdict = x.Why.String()
		}
		if m.Kind == "hop" && (netsync.Match("member[1*]", m.From) || netsync.Match("member[1*]", m.To)) {
			all[m.line()] = len(all)
		}
	})
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	return all
}

// listen has a client of a published run or replay print messages.
func listen(t *testing.T, sim *running, kind string, want map[string]int) {
	python, javascript := filepath.Join(house, "clients", "python"), filepath.Join(house, "clients", "js")
	client := exec.Command("/usr/bin/python3", "-B", "testdata/peers/messages.py", python, sim.frames, "20")
	if kind == "node" {
		client = exec.Command("node", "testdata/peers/messages.js", javascript, sim.frames, "20")
		client.Env = append(os.Environ(), "NODE_PATH="+nodePath())
	}
	client.Stderr = os.Stderr
	text, err := client.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := -1
	for i, line := range lines {
		var m shownMessage
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if i == len(lines)-1 {
			if i < 20 || m.Left == 0 {
				t.Errorf("%d messages are shown, and %d left out", i, m.Left)
			}
			break
		}
		at, ok := want[m.line()]
		if !ok || at <= last {
			t.Errorf("message %d is %s, which was not sent, or not after the one before it", i, line)
		}
		last = at
	}
}

func TestClientsAreShownMessages(t *testing.T) {
	name := written(t, published)
	want := hopsOf(t, name)
	trace := filepath.Join(t.TempDir(), "a.mcap")
	alone := play(t)
	alone.run([]string{"run", name, "--seed", "1", "--quiet", "--trace", trace})
	for _, kind := range []string{"python", "node"} {
		t.Run(kind+" in a run", func(t *testing.T) {
			t.Parallel()
			sim := startSim(t, name, "--seed", "1", "--publish", ipcAt(t), "--pace", "0.5", "--wait", "1", "--quiet")
			listen(t, sim, kind, want)
			if out, _ := sim.wait(); lineOf(out, "digest") != lineOf(alone.stdout.String(), "digest") {
				t.Errorf("watched: %s; alone: %s", lineOf(out, "digest"), lineOf(alone.stdout.String(), "digest"))
			}
		})
		t.Run(kind+" in a replay", func(t *testing.T) {
			t.Parallel()
			sim := startCommand(t, "replay", trace, "--publish", ipcAt(t), "--pace", "0.5", "--wait", "1")
			listen(t, sim, kind, want)
			if out, _ := sim.wait(); !strings.Contains(out, ": the same: ") {
				t.Errorf("watched the replay says %s", out)
			}
		})
	}
}
