// Holds a published run against the clients of this repository, in Python with
// and without numpy and in node, plain and with CURVE: what they have of each
// frame is what the world had at that tick, and the run is what it is without
// them.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"orrery/ecs"
	"orrery/netsync/zmq"
	"orrery/scenario"
)

const published = `
def hop(me, m):
    me.seen += 1
    me.heat += me.random.uniform(-1.0, 1.0)
    me.hot = me.heat > 0.0
    me.send(me.random.choice(me.neighbours), "hop")

member = program(state = {"seen": 0, "heat": 0.0, "hot": False}, on = {"hop": hop})
members = nodes("member", 500, member)
random_graph(members, 4, latency = "10ms", jitter = "5ms")
for i in range(100):
    at("0s", send(members[i], "hop"))
export("seen", "heat", "hot", of = members)
always("fine", lambda: True)
run(until = "2s")
`

// running is a sim that was started as a process.
type running struct {
	t        *testing.T
	command  *exec.Cmd
	said     *bufio.Reader
	frames   string
	requests string
	out      output
}

// output is what a program prints, while it does.
type output struct {
	mu      sync.Mutex
	text    strings.Builder
	printed chan struct{} // closed with the first of it
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() == 0 && len(b) > 0 {
		close(o.printed)
	}
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// startSim starts sim run --publish.
func startSim(t *testing.T, args ...string) *running {
	t.Helper()
	return startCommand(t, "run", args...)
}

// startCommand starts a command that publishes, and waits until it says where.
func startCommand(t *testing.T, name string, args ...string) *running {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, command: exec.Command(program), out: output{printed: make(chan struct{})}}
	r.command.Args = append([]string{"sim", name}, args...) // TestMain goes by the name
	r.command.Stdout = &r.out
	stderr, err := r.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	r.said = bufio.NewReader(stderr)
	line, err := r.said.ReadString('\n')
	if _, scanned := fmt.Sscanf(line, "sim: published at %s requests at %s", &r.frames, &r.requests); err != nil || scanned != nil {
		t.Fatalf("it begins with %q, %v", line, err)
	}
	r.frames = strings.TrimSuffix(r.frames, ",")
	t.Cleanup(func() { r.command.Process.Kill() })
	return r
}

// wait waits for the end, and returns stdout and the rest of stderr.
func (r *running) wait() (out, said string) {
	r.t.Helper()
	rest, err := io.ReadAll(r.said)
	if failed := r.command.Wait(); err != nil || failed != nil {
		r.t.Errorf("it ends with %v, %v: %s", err, failed, rest)
	}
	return r.out.String(), string(rest)
}

// ipcAt is an endpoint in a directory that only we may enter.
func ipcAt(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sim") // a path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "ipc://" + filepath.Join(dir, "w")
}

var nodePath = sync.OnceValue(func() string {
	out, _ := exec.Command("npm", "root", "-g").Output()
	return strings.TrimSpace(string(out))
})

// clientCommand follows a world with one of the clients.
func clientCommand(kind, endpoint string, frames int, keys *zmq.ClientKeys) *exec.Cmd {
	python, javascript := filepath.Join(house, "clients", "python"), filepath.Join(house, "clients", "js")
	args := []string{endpoint, fmt.Sprint(frames)}
	if kind == "plain python" {
		args = append(args, "plain")
	} else if keys != nil {
		args = append(args, keys.Server.String()+","+keys.Public.String()+","+keys.Secret.String())
	}
	if kind == "node" {
		c := exec.Command("node", append([]string{"testdata/peers/follow.js", javascript}, args...)...)
		c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
		return c
	}
	return exec.Command("/usr/bin/python3", append([]string{"-B", "testdata/peers/follow.py", python}, args...)...)
}

type followed struct {
	Tick   ecs.Tick
	CRC    uint32
	Missed uint64
	Seq    uint64
}

func TestClientsFollow(t *testing.T) {
	name := written(t, published)
	want := columnDigests(t, name)
	for _, secure := range []bool{false, true} {
		for _, kind := range []string{"python", "plain python", "node"} {
			if secure && kind == "plain python" {
				continue
			}
			t.Run(fmt.Sprintf("%s/curve=%v", kind, secure), func(t *testing.T) {
				t.Parallel()
				follow(t, name, kind, secure, want)
			})
		}
	}
}

func follow(t *testing.T, name, kind string, secure bool, want map[ecs.Tick]uint32) {
	args := []string{name, "--seed", "1", "--publish", ipcAt(t), "--pace", "1", "--wait", "1", "--quiet"}
	var keys *zmq.ClientKeys
	if secure {
		dir := filepath.Join(t.TempDir(), "keys")
		if _, err := zmq.Keygen(dir, "ada"); err != nil {
			t.Fatal(err)
		}
		var err error
		if keys, err = zmq.LoadClientKeys(dir, "ada"); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--curve-keys", dir)
	}
	sim := startSim(t, args...)
	client := clientCommand(kind, sim.frames, 20, keys)
	client.Stderr = os.Stderr
	text, err := client.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 21 || lines[0] != `{"rows": ["member[0]", "member[1]"], "topics": 15}` && lines[0] != `{"rows":["member[0]","member[1]"],"topics":15}` {
		t.Fatalf("%d lines, the first %s", len(lines), lines[0])
	}
	last := followed{Tick: -1}
	for _, line := range lines[1:] {
		var f followed
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if sum, ok := want[f.Tick]; !ok || sum != f.CRC {
			t.Errorf("frame %d at tick %d has digest %08x, and the world had %08x", f.Seq, f.Tick, f.CRC, sum)
		}
		if f.Tick <= last.Tick || f.Seq != last.Seq+1+f.Missed-last.Missed && last.Seq > 0 {
			t.Errorf("after %+v comes %+v: a gap that was not announced", last, f)
		}
		last = f
	}
	out, said := sim.wait()
	if said != "" {
		t.Errorf("it said %s", said)
	}
	alone := play(t)
	if alone.run([]string{"run", name, "--seed", "1", "--quiet"}); lineOf(out, "digest") != lineOf(alone.stdout.String(), "digest") {
		t.Errorf("watched: %s; alone: %s", lineOf(out, "digest"), lineOf(alone.stdout.String(), "digest"))
	}
}

// columnDigests are those of what is exported, at every tick.
func columnDigests(t *testing.T, name string) map[ecs.Tick]uint32 {
	s, err := scenario.Load(os.DirFS(filepath.Dir(name)), filepath.Base(name), scenario.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	all := map[ecs.Tick]uint32{}
	for tick := ecs.Tick(0); tick <= s.Until; tick++ {
		if err := s.Run.RunUntil(tick); err != nil {
			t.Fatal(err)
		}
		all[tick] = columnDigest(s)
	}
	return all
}

func columnDigest(s *scenario.Scenario) (sum uint32) {
	c := s.Recording().Columns[0]
	table := s.Run.World.StateTable(c.Program)
	for _, f := range c.Fields {
		var column []byte
		for row := range c.Nodes {
			switch f.Type {
			case ecs.Bool:
				column = append(column, map[bool]byte{true: 1}[table.BoolAt(row, f.Offset)])
			case ecs.Int64:
				column = binary.LittleEndian.AppendUint64(column, uint64(table.Int64At(row, f.Offset)))
			case ecs.Float64:
				column = binary.LittleEndian.AppendUint64(column, math.Float64bits(table.Float64At(row, f.Offset)))
			}
		}
		sum = crc32.Update(sum, crc32.IEEETable, column)
	}
	return sum
}
