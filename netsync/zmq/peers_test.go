// These tests hold the endpoints against other people's sockets: libzmq by
// pyzmq (Debian's python3-zmq) and by node's zeromq (npm install -g), plain
// and CURVE, with heartbeats on. The peers are testdata/peer.py and peer.js.
package zmq

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A foreign is a kind of peer.
type foreign struct {
	name    string
	command func(plan string) *exec.Cmd
}

var nodePath = sync.OnceValue(func() string {
	out, _ := exec.Command("npm", "root", "-g").Output()
	return strings.TrimSpace(string(out))
})

var foreigners = []foreign{
	{"pyzmq", func(plan string) *exec.Cmd { return exec.Command("/usr/bin/python3", "testdata/peer.py", plan) }},
	{"node", func(plan string) *exec.Cmd {
		c := exec.Command("node", "testdata/peer.js", plan)
		c.Env = append(os.Environ(), "NODE_PATH="+nodePath())
		return c
	}},
}

// A process is a peer that runs, and what it says.
type process struct {
	t     testing.TB
	lines chan map[string]any
}

func (f foreign) start(t testing.TB, plan map[string]any, keys *ClientKeys) *process {
	t.Helper()
	if keys != nil {
		plan["server"], plan["public"], plan["secret"] = keys.Server.String(), keys.Public.String(), keys.Secret.String()
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	command := f.command(string(text))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%v: it must be installed: .ci/run packages does", err)
	}
	p := &process{t, make(chan map[string]any, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			var line map[string]any
			if json.Unmarshal(s.Bytes(), &line) != nil {
				line = map[string]any{"error": s.Text()}
			}
			p.lines <- line
		}
		command.Wait()
	}()
	t.Cleanup(func() { command.Process.Kill(); <-ended })
	return p
}

func (p *process) line() map[string]any {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the peer has ended")
		}
		return line
	case <-time.After(patience):
		p.t.Fatalf("the peer says nothing in %s", patience)
	}
	return nil
}

func digestOf(parts [][]byte) string {
	h := sha256.New()
	for _, p := range parts[1:] {
		h.Write(p)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func (f foreign) everyWay(t *testing.T, run func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys)) {
	t.Run(f.name, func(t *testing.T) { ways(t, run) })
}

func TestPeersGetWhatIsPublished(t *testing.T) {
	for _, f := range foreigners {
		f.everyWay(t, func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys) {
			p := publisher(t, PublisherConfig{Endpoint: endpoint, Keys: server})
			plan := map[string]any{"do": "sub", "endpoint": p.Endpoint(), "prefixes": []string{"a/", "end"}}
			messages := [][][]byte{
				message("a/1", "small"), message("a/2", "", "empty", ""), message("a/3", strings.Repeat("y", 255)),
				message("a/4", strings.Repeat("z", 256)), message("a/5", "huge", strings.Repeat("w", 5<<20)), message("end", "now"),
			}
			for range 2 { // the second comes late
				peer := f.start(t, plan, client)
				until(t, p.events, Subscribed)
				id := until(t, p.events, Subscribed).Viewer
				p.give(id, messages...)
				compare(t, peer, messages)
				if e := until(t, p.events, Left); e.Err != nil {
					t.Errorf("left because of %v", e.Err)
				}
			}
		})
	}
}

// Both sides keep who is idle for longer than either allows silence: they
// answer each other's heartbeats. All are idle at once, as that takes time.
func TestPeersStayWhileIdle(t *testing.T) {
	t.Parallel()
	const beat = 2 * time.Second
	last := message("end", "still here")
	type idler struct {
		peer *process
		at   *stand
		id   ID
	}
	var idlers []idler
	server, client := NewKeyPair(), NewKeyPair()
	for _, keys := range []*ServerKeys{nil, {KeyPair: server, Clients: []Key{client.Public}}} {
		p := publisher(t, PublisherConfig{Keys: keys, Limits: Limits{Heartbeat: beat}})
		for _, f := range foreigners {
			plan := map[string]any{"do": "sub", "endpoint": p.Endpoint(), "prefixes": []string{""}, "silence_ms": silentBeats * beat.Milliseconds()}
			mine := &ClientKeys{client, server.Public}
			if keys == nil {
				mine = nil
			}
			peer := f.start(t, plan, mine)
			idlers = append(idlers, idler{peer, p, until(t, p.events, Subscribed).Viewer})
		}
	}
	time.Sleep((silentBeats + 1) * beat)
	for _, i := range idlers {
		i.at.give(i.id, last)
		compare(t, i.peer, [][][]byte{last})
	}
}

// compare expects messages in their order.
func compare(t *testing.T, p *process, messages [][][]byte) {
	t.Helper()
	for _, m := range messages {
		line := p.line()
		if line["topic"] != string(m[0]) || line["sha256"] != digestOf(m) || line["parts"] != float64(len(m)) {
			t.Errorf("%s arrived as %v", m[0], line)
		}
	}
}

func TestPeersRequestsAreAnswered(t *testing.T) {
	for _, f := range foreigners {
		f.everyWay(t, func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys) {
			r := requests(t, RequestsConfig{Endpoint: endpoint, Keys: server})
			for _, socket := range []string{"DEALER", "REQ"} {
				asks := f.start(t, map[string]any{"do": "ask", "socket": socket, "count": 5, "endpoint": r.Endpoint(), "identity": "me"}, client)
				for i := range 5 {
					select {
					case <-r.Ready():
					case <-time.After(patience):
						t.Fatal("no request")
					}
					for _, q := range r.Take() {
						r.Reply(q, append(q.Parts, []byte("ok"), nil))
					}
					want := fmt.Sprint([]any{"get", fmt.Sprint(i), "ok", ""})
					if got := fmt.Sprint(asks.line()["reply"]); got != want {
						t.Errorf("%s got %s, want %s", socket, got, want)
					}
				}
			}
		})
	}
}

// A viewer finds a publisher that was started anew, by itself.
func TestPeersComeBackAfterARestart(t *testing.T) {
	for _, f := range foreigners {
		f.everyWay(t, func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys) {
			p := publisher(t, PublisherConfig{Endpoint: endpoint, Keys: server})
			same := p.Endpoint()
			sub := f.start(t, map[string]any{"do": "sub", "endpoint": same, "prefixes": []string{""}}, client)
			p.give(until(t, p.events, Subscribed).Viewer, message("a", "first"))
			sub.line()
			p.Close()
			p = publisher(t, PublisherConfig{Endpoint: same, Keys: server})
			p.give(until(t, p.events, Subscribed).Viewer, message("end", "second"))
			if line := sub.line(); line["text"] != "second" {
				t.Errorf("got %v", line)
			}
		})
	}
}

func TestPeersWithWrongKeysAreRefused(t *testing.T) {
	server, client, stranger := NewKeyPair(), NewKeyPair(), NewKeyPair()
	for _, c := range []struct {
		name string
		keys *ClientKeys
		// What pyzmq sees, and what we say: libzmq closes in the midst of
		// its greeting once it has seen that ours is of another mechanism.
		event, says string
	}{
		{"not allowed", &ClientKeys{stranger, server.Public}, "HANDSHAKE_FAILED_AUTH", "not allowed"},
		{"wrong server", &ClientKeys{client, stranger.Public}, "HANDSHAKE_FAILED_NO_DETAIL", "another server key"},
		{"no keys", nil, "HANDSHAKE_FAILED_PROTOCOL", "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := publisher(t, PublisherConfig{Keys: &ServerKeys{KeyPair: server, Clients: []Key{client.Public}}})
			peer := foreigners[0].start(t, map[string]any{"do": "refused", "endpoint": p.Endpoint()}, c.keys)
			if line := peer.line(); line["event"] != c.event {
				t.Errorf("got %v, want %s", line, c.event)
			}
			if e := until(t, p.events, Refused); !strings.Contains(e.Err.Error(), c.says) {
				t.Errorf("refused because of %v", e.Err)
			}
		})
	}
}

// On a slow line a large frame takes longer than silence may be kept, on either
// side: who took that for the other's end would never get one over.
func TestPeersOnASlowLine(t *testing.T) {
	for _, f := range foreigners {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: 300 * time.Millisecond}})
			line := slowLine(t, strings.TrimPrefix(p.Endpoint(), "tcp://"), 200<<10)
			// Answers to heartbeats of its own would be signs of life too.
			plan := map[string]any{"do": "sub", "endpoint": "tcp://" + line, "prefixes": []string{""}, "beat_ms": 0}
			peer := f.start(t, plan, nil)
			id := until(t, p.events, Subscribed).Viewer
			time.Sleep(time.Second) // it has been pinged
			large := message("end", strings.Repeat("x", 600<<10))
			p.give(id, large)
			compare(t, peer, [][][]byte{large})
		})
	}
}

// slowLine lets through one connection, what is sent to the one who dials at
// so many bytes a second.
func slowLine(t *testing.T, to string, rate int) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		near, err := l.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer far.Close()
		go func() {
			io.Copy(far, near)
			far.Close()
		}()
		near.(*net.TCPConn).SetWriteBuffer(16 << 10)
		for b := make([]byte, rate/50); ; time.Sleep(20 * time.Millisecond) {
			n, err := far.Read(b)
			if _, failed := near.Write(b[:n]); err != nil || failed != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}
