// Holds acts on a published run, by the clients of this repository in Python and
// in node, plain and with CURVE, to what they say, and the run's trace to be
// replayed without them.
package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/netsync/zmq"
)

const actedOn = `
def put(me, key, value, ttl = 0):
    me.data[key] = value
    return [len(me.data), ttl]
def get(me, key):
    if key not in me.data:
        fail("no", key)
    return me.data[key]
def never(me):
    me.defer()
def late(me, key):
    me.waits.append(me.defer())
    me.after("30ms", answer)
def answer(me):
    me.reply(me.waits.pop(), "late")
def who(me):
    return me.source
def seen(me):
    return me.seen + [me.by]
def news(me, value):
    me.seen.extend([me.feed, value, me.source])
def order(me, item):
    me.seen.append(item)
def reset(me, m):
    me.by = m.by
PROVIDES = {"put": put, "get": get, "never": never, "late": late, "who": who, "seen": seen}
store = node("store", program(state = {"data": {}, "waits": [], "seen": [], "by": None}, provides = PROVIDES, subscribes = {"news/*": news}, pulls = {"orders": order}, on = {"reset": reset}))
client = node("client", program(provides = {"who": who}))
group("all", [store, client])
link(store, client, latency = "2ms")
param("fanout", 3)
pipe("orders", client, store, capacity = 4)
run(until = "30s")
`

const cameOfIt = `None the run is paused
True
True [1, 3] store 0.001
[1, 2.5, None]
[1, 2.5, None] [1, 4]
key is what the policy "hash" chooses by; an argument of that name goes into named
"10" is not a duration; write a number and one of ns us ms s m h d, as in "10ms"
limit
0.011
late 0.034
True timeout
[['store', None], ['client', None]]
True
True True
True 5 [1, 'store']
False version conflict 5
True 6
True True
none range none
['news/a', {'wind': 7}, None, 'news/b', 'store', 'client', 'o', 'me']
[['store', None], ['client', None]]
False ['store'] None
None the run is paused True True
True 8 True none
None the run is paused True
timeout
`

func TestClientsAct(t *testing.T) {
	for _, kind := range []string{"python", "node"} {
		for _, secure := range []bool{false, true} {
			name := kind
			if secure {
				name += "/curve"
			}
			t.Run(name, func(t *testing.T) { acts(t, kind, secure) })
		}
	}
}

// Threads share a client: none waits for what another one waits for, and each has
// its own replies.
func TestPythonActsFromThreads(t *testing.T) {
	sim := startSim(t, written(t, actedOn), "--seed", "1", "--publish", ipcAt(t), "--pace", "0.1", "--quiet")
	command := exec.Command("/usr/bin/python3", "-B", "-W", "error", "testdata/peers/threads.py", filepath.Join(house, "clients", "python"), sim.frames)
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := "60 [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]\n3 [False, False, False]\n['timeout', 'timeout', 'timeout']\n"
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error("(-wanted +came)", d)
	}
	sim.wait()
}

func acts(t *testing.T, kind string, secure bool) {
	name := written(t, actedOn)
	kept := filepath.Join(t.TempDir(), "kept.mcap")
	args := []string{name, "--seed", "1", "--publish", ipcAt(t), "--pace", "0.1", "--trace", kept, "--quiet"}
	directory := filepath.Join(house, "clients", map[string]string{"python": "python", "node": "js"}[kind])
	client := []string{directory, ""}
	if secure {
		dir := filepath.Join(t.TempDir(), "keys")
		if _, err := zmq.Keygen(dir, "ada"); err != nil {
			t.Fatal(err)
		}
		keys, err := zmq.LoadClientKeys(dir, "ada")
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--curve-keys", dir)
		client = append(client, keys.Server.String()+","+keys.Public.String()+","+keys.Secret.String())
	}
	sim := startSim(t, args...)
	client[1] = sim.frames
	command := exec.Command("/usr/bin/python3", append([]string{"-B", "testdata/peers/act.py"}, client...)...)
	if kind == "node" {
		command = exec.Command("node", append([]string{"testdata/peers/act.js"}, client...)...)
		command.Env = append(os.Environ(), "NODE_PATH="+nodePath())
	}
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(cameOfIt, string(text)); d != "" {
		t.Error("(-wanted +came)", d)
	}
	out, said := sim.wait()
	if said != "" {
		t.Errorf("it said %s", said)
	}
	if again := strings.TrimSpace(lineOf(out, "again")); again != "again     sim replay "+kept {
		t.Errorf("it says %s", again)
	}
	replayed := play(t)
	if code := replayed.run([]string{"replay", kept}); code != exitFine || !strings.Contains(replayed.stdout.String(), "the same: ") {
		t.Errorf("a replay ends with %d: %s%s", code, &replayed.stdout, &replayed.stderr)
	}
}
