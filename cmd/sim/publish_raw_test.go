// Proves that docs/protocol.md is enough without a library of ZeroMQ: its client
// by sockets alone, with Python's standard library, follows a run to the end, and
// asks.
package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"orrery/cmd/sim/internal/publish"
)

// fromPage writes a file that a page of documentation shows.
func fromPage(t *testing.T, page, name, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(house, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```python "+name+"\n")
	source, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatalf("docs/%s has no %s", page, name)
	}
	if err := os.WriteFile(filepath.Join(to, name), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
}

const walked = `
def step(me):
    me.x += 1
    me.after("10ms", step)
n = node("n", program(state = {"x": 0}, on = {"step": lambda me, m: step(me)}))
at("0s", send(n, "step"))
export("x", of = [n])
run(until = "300ms")
`

// askRaw prints what requests without a library get, one of them in a frame with a
// long length, what is said to a socket of a wrong type, and the frame by which a
// viewer of several topics knows that the run has ended.
const askRaw = `
import sys, json
sys.path.insert(0, sys.argv[1])
from watch import Wire
ask = Wire((sys.argv[2], int(sys.argv[4])), b"DEALER")
ask.send(json.dumps({"v": 1, "id": 7, "do": "hello", "client": "x" * 250}).encode())
print(ask.receive()[0].decode())
rep = Wire((sys.argv[2], int(sys.argv[4])), b"REQ")
rep.send(b"", b'{"v":1,"id":8,"do":"schema"}')
empty, reply = rep.receive()
print(len(empty), json.loads(reply)["id"])
try:
    Wire((sys.argv[2], int(sys.argv[3])), b"ROUTER")
except ConnectionError as error:
    print(error)
frames = Wire((sys.argv[2], int(sys.argv[3])), b"SUB")
for prefix in b"clock", b"columns/", b"measures", b"events/":
    frames.send(b"\x01" + prefix)
last = None
while not last or not last[1].get("ended"):
    topic, header, body = frames.receive()
    last = topic.decode(), json.loads(body) if topic == b"clock" else {}
print(last[0], last[1]["tick"])
`

func TestClientWithoutALibrary(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("this needs python3: ", err)
	}
	dir := t.TempDir()
	fromPage(t, "protocol.md", "watch.py", dir)
	if err := os.WriteFile(filepath.Join(dir, "walk.star"), []byte(walked), 0o644); err != nil {
		t.Fatal(err)
	}
	r := startSim(t, filepath.Join(dir, "walk.star"), "--seed", "1", "--publish", "tcp://127.0.0.1:0", "--wait", "2", "--pace", "1")
	port := func(endpoint string) string {
		_, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
	watched := make(chan string)
	go func() {
		out, err := exec.Command(python, "-B", filepath.Join(dir, "watch.py"), "127.0.0.1", port(r.frames)).CombinedOutput()
		if err != nil {
			out = append(out, err.Error()...)
		}
		watched <- string(out)
	}()
	asked, err := exec.Command(python, "-B", "-c", askRaw, dir, "127.0.0.1", port(r.frames), port(r.requests)).CombinedOutput()
	lines := strings.Split(string(asked), "\n")
	var reply struct {
		ID uint64
		OK publish.Clock `json:"ok"`
	}
	if err != nil || len(lines) != 5 || json.Unmarshal([]byte(lines[0]), &reply) != nil || reply.ID != 7 || reply.OK.TickNS != 1e6 ||
		strings.Join(lines[1:], "\n") != "0 8\nrefused: b'\\x05ERROR\\x10Invalid metadata'\nclock 300\n" {
		t.Errorf("%v\n%s", err, asked)
	}
	if out := <-watched; !strings.HasPrefix(out, "0 of 300 \n") || !strings.HasSuffix(out, "\n300 of 300 ended\n") {
		t.Errorf("it saw\n%s", out)
	}
	r.wait()
}
