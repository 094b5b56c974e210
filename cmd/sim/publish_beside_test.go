// Holds the client for node, which has several requests under way, to give each
// its own reply: in whatever order they come, and beside some that never do.
package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

// hello is what the counter's clients ask.
type hello struct {
	ID     uint64
	Client string
}

// answerBackwards takes as many requests as are asked at once, and replies to the
// last of them first; to one never, to one with an error.
func answerBackwards(requests *zmq.Requests, together []int, done chan struct{}) {
	defer close(done)
	for _, n := range together {
		var all []zmq.Request
		for deadline := time.Now().Add(time.Minute); len(all) < n && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			requests.Events()
			all = append(all, requests.Take()...)
		}
		for i := len(all) - 1; i >= 0; i-- {
			var asked hello
			if err := json.Unmarshal(all[i].Parts[0], &asked); err != nil || asked.Client == "never" {
				continue
			}
			r := netsync.Reply{Version: netsync.Version, ID: asked.ID}
			if asked.Client == "refused" {
				r.Error = tooMuch
			} else {
				r.OK, _ = json.Marshal(map[string]string{"client": asked.Client})
			}
			requests.Reply(all[i], r.Parts())
		}
	}
}

var tooMuch = &netsync.Error{Code: netsync.CodeLimit, Text: "too much"}

func TestNodeHasRequestsUnderWay(t *testing.T) {
	at := ipcAt(t)
	requests, err := zmq.ListenRequests(zmq.RequestsConfig{Endpoint: at + ".requests"})
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	done := make(chan struct{})
	go answerBackwards(requests, []int{5, 3, 3}, done)
	c := exec.Command("node", "testdata/peers/beside.js", filepath.Join(house, "clients", "js"), at)
	c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	<-done
	want := "c: c\nrefused: too much\nb: b\na: a\nnever: no reply to hello in 2000 ms\nf: f\ne: e\nd: d\nnever: no reply to hello in 2000 ms\nafter: after\nlate: late\nleft\n"
	if d := cmp.Diff(want, string(out)); d != "" {
		t.Error("(-wanted +came)", d)
	}
}
