// Holds clients in Python and node to what is theirs while a request of theirs has
// no reply in time: their exports stay, and a reply that comes late is no other's.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const answersLate = `
def late(me):
    request = me.defer()
    me.after("2s", bind(give, request))

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
				c, within = exec.Command("node", "testdata/peers/late.js", filepath.Join(house, "clients", "js"), sim.frames), "1000 ms"
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
