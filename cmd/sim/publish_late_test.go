// Holds clients in Python and node to what is theirs while a request of theirs has
// no reply in time: their exports stay, a reply that comes late is no other's, and
// what nobody was there to take is not done later.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

const answersLate = `
def late(me):
    request = me.defer()
    me.after("6s", bind(give, request))

def give(me, request):
    me.reply(request, "late")

def soon(me):
    return "soon"

def count(me):
    me.n += 1

store = program(state = {"n": 0}, provides = {"late": late, "soon": soon}, every = {"10ms": count})
nodes("store", 2, store)
run(until = "1h")
`

func TestClientsKeepExportsWhenRequestsTimeOut(t *testing.T) {
	name := written(t, answersLate)
	for _, kind := range []string{"python", "node"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			sim := startSim(t, name, "--seed", "1", "--publish", ipcAt(t), "--pace", "1", "--quiet")
			c, within := exec.Command("/usr/bin/python3", "-B", "testdata/peers/late.py", filepath.Join(house, "clients", "python"), sim.frames), "1 s"
			if kind == "node" {
				c, within = exec.Command("node", "testdata/peers/late.js", filepath.Join(house, "clients", "js"), sim.frames), "3000 ms"
			}
			c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
			c.Stderr = os.Stderr
			out, err := c.Output()
			want := `"no reply to call in ` + within + `"` + "\n" + `"soon"
["columns/.ask1/store"]
["columns/.ask1/store","columns/.ask1/store","columns/.ask1/store"]
`
			if diff := cmp.Diff(want, string(out)); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestClientsDropWhatTheyGaveUp(t *testing.T) {
	for _, kind := range []string{"python", "node"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := ipcAt(t)
			c := exec.Command("/usr/bin/python3", "-B", "testdata/peers/again.py", filepath.Join(house, "clients", "python"), at)
			if kind == "node" {
				c = exec.Command("node", "testdata/peers/again.js", filepath.Join(house, "clients", "js"), at)
			}
			c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
			c.Stderr = os.Stderr
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Process.Kill(); c.Wait() })
			lines := bufio.NewScanner(out)
			if !lines.Scan() {
				t.Fatal("it does not give up")
			}
			requests, err := zmq.ListenRequests(zmq.RequestsConfig{Endpoint: at + ".requests"})
			if err != nil {
				t.Fatal(err)
			}
			defer requests.Close()
			left := make(chan struct{})
			go func() {
				defer close(left)
				for lines.Scan() { // until its end
				}
			}()
			if asked := publishedTo(t, requests, left); len(asked) == 0 || asked["given up"] > 0 {
				t.Errorf("it asked for %v", asked)
			}
		})
	}
}

// publishedTo counts what a client publishes until it has left, by value.
func publishedTo(t *testing.T, requests *zmq.Requests, left <-chan struct{}) map[string]int {
	asked := map[string]int{}
	for {
		select {
		case <-left:
			return asked
		case <-requests.Ready():
		}
		for _, q := range requests.Take() {
			var r struct {
				ID    uint64
				Value string
			}
			if err := json.Unmarshal(q.Parts[0], &r); err != nil {
				t.Error(err)
			}
			asked[r.Value]++
			requests.Reply(q, netsync.Reply{Version: netsync.Version, ID: r.ID, OK: json.RawMessage(`{"ok":true}`)}.Parts())
		}
	}
}
