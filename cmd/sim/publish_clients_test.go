// Holds the clients of this repository against worlds that restart, fork, lose
// frames and send what is no frame: each goes on where it can, says what is
// wrong where it cannot, never waits for what does not come, and ends when it
// is interrupted. The frames are those of docs/protocol.md, changed.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

// wire reads an example of docs/protocol.md.
func wire(t *testing.T, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(house, "netsync", "testdata", "wire", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for line := range strings.Lines(string(text)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, b)
	}
	return parts
}

// A visit is what a client is sent when it subscribes to a topic of the visit's
// name, what it gets if it asks for a keyframe, and what comes of it.
type visit struct {
	name   string
	frames [][][]byte
	asked  [][]byte // nil: refused
	want   []string
}

// changed replaces something in a frame's header.
func changed(frame [][]byte, pairs ...string) [][]byte {
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(frame[1]), pairs[i]) {
			panic(pairs[i] + " is not there")
		}
	}
	header := strings.NewReplacer(pairs...).Replace(string(frame[1]))
	return [][]byte{frame[0], []byte(header), frame[2]}
}

// saw is what is to be seen of a frame: tick, digest, and frames missed so far.
func saw(t *testing.T, frame [][]byte, missed int) string {
	t.Helper()
	var h struct {
		Tick int
		CRC  uint32
	}
	if err := json.Unmarshal(frame[1], &h); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%08x:%d", h.Tick, h.CRC, missed)
}

func visits(t *testing.T) []visit {
	whole, delta := wire(t, "keyframe"), wire(t, "delta")
	lagged, forked := wire(t, "lagged"), wire(t, "forked")
	rows := wire(t, "rows-changed")
	bad := `"crc":1`
	sawKeyframe, sawDelta, sawLagged, sawForked := saw(t, whole, 0), saw(t, delta, 0), saw(t, lagged, 2), saw(t, forked, 0)
	return []visit{
		{"follows", [][][]byte{whole, delta, lagged}, nil, []string{sawKeyframe, sawDelta, sawLagged}},
		{"repeated", [][][]byte{whole, whole, delta, whole, delta, lagged}, nil, []string{sawKeyframe, sawDelta, sawLagged}},
		{"restarted", [][][]byte{whole, delta, changed(whole, "kv.star-1", "kv.star-2"), changed(delta, "kv.star-1", "kv.star-2")}, nil, []string{sawKeyframe, sawDelta, sawKeyframe, sawDelta}},
		{"forked", [][][]byte{whole, delta, forked, lagged, changed(forked, `"seq":1`, `"seq":2`, `"tick":100`, `"tick":101`)}, nil, []string{sawKeyframe, sawDelta, sawForked, "101" + sawForked[3:]}},
		{"delta of another run", [][][]byte{whole, changed(delta, "kv.star-1", "kv.star-2")}, changed(whole, "kv.star-1", "kv.star-2"), []string{sawKeyframe, sawKeyframe}},
		{"gap", [][][]byte{whole, changed(delta, `"base":1`, `"base":2`, `"seq":2`, `"seq":3`)}, lagged, []string{sawKeyframe, sawLagged}},
		{"gap from the first on", [][][]byte{delta}, lagged, []string{sawLagged}},
		{"gap, and then late", [][][]byte{whole, changed(delta, `"base":1`, `"base":2`, `"seq":2`, `"seq":3`), delta, changed(lagged, `"seq":5`, `"seq":6`)}, lagged, []string{sawKeyframe, sawLagged, saw(t, lagged, 4)}},
		{"other rows", [][][]byte{whole, changed(delta, `"layout":1`, `"layout":2`)}, lagged, []string{sawKeyframe, sawLagged}},
		{"other number of rows", [][][]byte{whole, changed(delta, `"n":5`, `"n":6`)}, lagged, []string{sawKeyframe, sawLagged}},
		{"digest of something else", [][][]byte{whole, changed(delta, `"crc":3649715963`, bad)}, lagged, []string{sawKeyframe, sawLagged}},
		{"gap that is not mended", [][][]byte{whole, changed(delta, `"crc":3649715963`, bad)}, changed(lagged, `"crc":1688580477`, bad), []string{sawKeyframe, "Gap"}},
		{"gap, and refused", [][][]byte{changed(delta, `"base":1`, `"base":7`)}, nil, []string{"Refused"}},
		{"another revision", [][][]byte{changed(whole, `"v":1`, `"v":2`)}, nil, []string{"Malformed"}},
		{"two parts", [][][]byte{whole[:2]}, nil, []string{"Malformed"}},
		{"one part", [][][]byte{whole[:1]}, nil, []string{"Malformed"}},
		{"header that is cut short", [][][]byte{{whole[0], whole[1][:50], whole[2]}}, nil, []string{"Malformed"}},
		{"header that is no object", [][][]byte{{whole[0], []byte(`[1,2]`), whole[2]}}, nil, []string{"Malformed"}},
		{"header that is null", [][][]byte{{whole[0], []byte(`null`), whole[2]}}, nil, []string{"Malformed"}},
		{"header that is deep", [][][]byte{{whole[0], []byte(strings.Repeat("[", 200000)), whole[2]}}, nil, []string{"Malformed"}},
		{"type that is unknown", [][][]byte{changed(whole, `"float64"`, `"float80"`)}, nil, []string{"Malformed"}},
		{"column beyond the body", [][][]byte{changed(whole, `"off":96`, `"off":104`)}, nil, []string{"Malformed"}},
		{"column before the body", [][][]byte{changed(whole, `"off":0`, `"off":-8`)}, nil, []string{"Malformed"}},
		{"body cut short", [][][]byte{{whole[0], whole[1], whole[2][:90]}}, nil, []string{"Malformed"}},
		{"half a value", [][][]byte{changed(whole, `"len":40`, `"len":37`)}, nil, []string{"Malformed"}},
		{"more rows than values", [][][]byte{changed(whole, `"n":5`, `"n":6`)}, nil, []string{"Malformed"}},
		{"a billion rows", [][][]byte{changed(whole, `"n":5`, `"n":1000000000`)}, nil, []string{"Malformed"}},
		{"set that is not there", [][][]byte{whole, changed(delta, `"set":1`, `"set":2`)}, nil, []string{sawKeyframe, "Malformed"}},
		{"column that is not there", [][][]byte{whole, changed(delta, `"leader"`, `"leaders"`)}, nil, []string{sawKeyframe, "Malformed"}},
		{"row that is not there", [][][]byte{whole, changed(rows, `"layout":2`, `"layout":1`, `"n":100`, `"n":5`, `"status"`, `"leader"`, `,"crc":780668152`, "")}, nil, []string{sawKeyframe, "Malformed"}},
		{"one value for two rows", [][][]byte{whole, changed(delta, `"off":32,"len":2`, `"off":32,"len":1`)}, nil, []string{sawKeyframe, "Malformed"}},
		{"follows again", [][][]byte{whole, delta}, nil, []string{sawKeyframe, sawDelta}},
	}
}

// A theatre publishes visits to whoever subscribes to them.
type theatre struct {
	publisher *zmq.Publisher
	requests  *zmq.Requests
	visits    map[string]visit
	mu        sync.Mutex
	laid      map[zmq.ID][][][]byte
	stop      chan struct{}
	group     sync.WaitGroup
}

func (h *theatre) next(id zmq.ID) ([][]byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.laid[id]
	if len(list) == 0 {
		return nil, false
	}
	h.laid[id] = list[1:]
	return list[0], true
}

func openTheatre(t *testing.T, list []visit) *theatre {
	h := &theatre{visits: map[string]visit{}, laid: map[zmq.ID][][][]byte{}, stop: make(chan struct{})}
	for _, v := range list {
		h.visits[topicOf(v)] = v
	}
	at := ipcAt(t)
	var err error
	if h.publisher, err = zmq.ListenPublisher(zmq.PublisherConfig{Endpoint: at, Next: h.next}); err != nil {
		t.Fatal(err)
	}
	if h.requests, err = zmq.ListenRequests(zmq.RequestsConfig{Endpoint: at + ".requests"}); err != nil {
		t.Fatal(err)
	}
	h.group.Add(1)
	go h.play()
	t.Cleanup(func() {
		close(h.stop)
		h.group.Wait()
		h.publisher.Close()
		h.requests.Close()
	})
	return h
}

func topicOf(v visit) string { return "columns/" + strings.ReplaceAll(v.name, " ", "_") }

// as gives a frame the visit's topic, and a run of its own.
func as(v visit, frame [][]byte) [][]byte {
	parts := append([][]byte{[]byte(topicOf(v))}, frame[1:]...)
	if len(parts) > 1 {
		parts[1] = []byte(strings.Replace(string(parts[1]), "kv.star", v.name, 1))
	}
	return parts
}

func (h *theatre) play() {
	defer h.group.Done()
	for {
		for _, e := range h.publisher.Events() {
			v, ok := h.visits[e.Topic]
			if e.Kind != zmq.Subscribed || !ok {
				continue
			}
			h.mu.Lock()
			for _, f := range v.frames {
				h.laid[e.Viewer] = append(h.laid[e.Viewer], as(v, f))
			}
			h.mu.Unlock()
			h.publisher.Wake(e.Viewer)
		}
		h.requests.Events()
		for _, q := range h.requests.Take() {
			h.answer(q)
		}
		select {
		case <-h.stop:
			return
		case <-h.publisher.Ready():
		case <-h.requests.Ready():
		}
	}
}

func (h *theatre) answer(q zmq.Request) {
	var r struct {
		ID        uint64
		Do, Topic string
	}
	if err := json.Unmarshal(q.Parts[0], &r); err != nil || r.Do != netsync.DoKeyframe {
		return // it waits for ever
	}
	reply := netsync.Reply{Version: netsync.Version, ID: r.ID, OK: json.RawMessage("{}")}
	v := h.visits[r.Topic]
	if v.asked == nil {
		reply.OK, reply.Error = nil, &netsync.Error{Code: netsync.CodeNone, Text: "there is none", Cure: "look elsewhere"}
		h.requests.Reply(q, reply.Parts())
		return
	}
	// One of a request that was given up comes first.
	before := netsync.Reply{Version: netsync.Version, ID: r.ID + 1000, OK: json.RawMessage("{}")}
	h.requests.Reply(q, before.Parts())
	h.requests.Reply(q, append(reply.Parts(), as(v, v.asked)...))
}

func TestClientsMeetWorldsOfAllKinds(t *testing.T) {
	for _, kind := range []string{"python", "plain python", "node", "old node"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			list := visits(t)
			h := openTheatre(t, list)
			c, lines := outcomes(t, kind, h.publisher.Endpoint(), list)
			for _, v := range list {
				var got struct{ Came []string }
				line := lines()
				if err := json.Unmarshal([]byte(line), &got); err != nil {
					t.Fatalf("%s: %q, %v", v.name, line, err)
				}
				if diff := cmp.Diff(v.want, got.Came); diff != "" {
					t.Errorf("%s: %s", v.name, diff)
				}
			}
			for _, want := range []string{"nothing came of columns/absent", "no reply to silence"} {
				if line := lines(); !strings.Contains(line, want) {
					t.Errorf("got %s, want %q", line, want)
				}
			}
			time.Sleep(100 * time.Millisecond) // it waits, or will not be asked to
			c.Process.Signal(os.Interrupt)
			if line := lines(); line != "" {
				t.Errorf("interrupted, it says %s", line)
			}
		})
	}
}

// outcomes starts a client that visits all, and gives its lines; the empty one
// is its end.
func outcomes(t *testing.T, kind, endpoint string, list []visit) (*exec.Cmd, func() string) {
	t.Helper()
	var c *exec.Cmd
	if strings.HasSuffix(kind, "node") {
		c = exec.Command("node", "testdata/peers/outcomes.js", filepath.Join(house, "clients", "js"), endpoint, strings.Fields(kind)[0])
		c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
	} else {
		c = exec.Command("/usr/bin/python3", "-B", "testdata/peers/outcomes.py", filepath.Join(house, "clients", "python"), endpoint, strings.Fields(kind)[0])
	}
	for _, v := range list {
		c.Args = append(c.Args, topicOf(v)+"="+strconv.Itoa(len(v.want)))
	}
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		c.Wait()
		close(lines)
	}()
	t.Cleanup(func() {
		c.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("it said: %s", said.String())
		}
	})
	return c, func() string {
		select {
		case line := <-lines:
			return line
		case <-time.After(time.Minute):
			t.Fatal("it says nothing for a minute")
			return ""
		}
	}
}

// slowly takes one frame, says so, and reads no more.
var slowly = map[string]string{
	"python": `
import sys
sys.path.insert(0, sys.argv[1])
import orrery
world = orrery.attach(sys.argv[2], timeout=60)
print(next(world.frames("columns/large")).rows, flush=True)
sys.stdin.read()
`,
	"node": `
const { attach } = require(require("node:path").resolve(process.argv[1], "orrery.js"))
async function main() {
  const { value } = await attach(process.argv[2], { timeout: 60000 }).frames("columns/large").next()
  console.log(value.rows)
  process.stdin.resume()
}
main()
`,
}

// A client that is slow makes its publisher wait, so that it is given what is
// newest when it goes on, and its memory does not grow with what is old.
func TestClientsTakeNoMoreThanTheyRead(t *testing.T) {
	const rows, most = 1 << 20, 64 // frames of 1 MiB; sockets' buffers take a few
	for kind, program := range slowly {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			body := make([]byte, rows)
			p, err := zmq.ListenPublisher(zmq.PublisherConfig{
				Endpoint: ipcAt(t), Linger: time.Millisecond, Limits: zmq.Limits{StallTime: time.Hour, Heartbeat: time.Hour},
				Next: func(zmq.ID) ([][]byte, bool) {
					n := asked.Add(1)
					header := fmt.Sprintf(`{"v":1,"run":"r","epoch":1,"seq":%d,"tick":%[1]d,"kind":"keyframe","n":%d,"layout":1,"cols":[{"name":"x","type":"bool","off":0,"len":%[2]d}]}`, n, rows)
					return [][]byte{[]byte("columns/large"), []byte(header), body}, true
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			c := exec.Command("/usr/bin/python3", "-B", "-c", program, filepath.Join(house, "clients", "python"), p.Endpoint())
			if kind == "node" {
				c = exec.Command("node", "-e", program, filepath.Join(house, "clients", "js"), p.Endpoint())
				c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
			}
			c.Stderr = os.Stderr
			stdin, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { stdin.Close(); c.Process.Kill(); c.Wait() }()
			if line, err := bufio.NewReader(out).ReadString('\n'); line != fmt.Sprintln(rows) {
				t.Fatalf("it says %q, %v", line, err)
			}
			for before := int64(-1); asked.Load() != before; time.Sleep(300 * time.Millisecond) {
				if before = asked.Load(); before > most {
					t.Fatalf("it was given %d frames, and reads none", before)
				}
			}
		})
	}
}

// The examples beside the clients run as their READMEs have it, to the end of
// the run, and end by themselves.
func TestExamplesOfClientsRun(t *testing.T) {
	name := written(t, published)
	stub, err := filepath.Abs("testdata/peers/stub")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		client  []string
		variant string
		want    string // the last line
	}{
		{[]string{"/usr/bin/python3", "-B", "python/plot.py"}, "PYTHONPATH=" + stub, "member seen 500 2.0 True"},
		{[]string{"node", "js/watch.js"}, "NODE_PATH=" + nodePath(), "2000 member"},
	} {
		t.Run(c.client[len(c.client)-1], func(t *testing.T) {
			t.Parallel()
			sim := startSim(t, name, "--seed", "1", "--publish", ipcAt(t), "--pace", "1", "--wait", "1", "--quiet")
			args := append(slices.Clone(c.client[1:]), sim.frames, "member")
			if c.client[0] != "node" {
				args = append(args, "seen")
			}
			client := exec.Command(c.client[0], args...)
			client.Dir = filepath.Join(house, "clients")
			client.Env = append(os.Environ(), c.variant)
			var said strings.Builder
			client.Stderr = &said
			out, err := client.Output()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if err != nil || said.String() != "" || !strings.HasPrefix(lines[len(lines)-1], c.want) {
				t.Errorf("ends with %q, %v; %s", lines[len(lines)-1], err, said.String())
			}
		})
	}
}
