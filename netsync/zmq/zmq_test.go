// These tests hold both endpoints against our own client: what is sent
// arrives, nothing is asked for ahead of who is slow, what is over a limit is
// said, and nothing is left behind. Other files hold them against RFCs, other people's sockets, and
// people who mean ill.
package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is no measure of speed: a loaded machine may take long.
const patience = 2 * time.Minute

// A stand is a publisher that gives each viewer what a test has laid out for
// it, in order.
type stand struct {
	*Publisher
	mu   sync.Mutex
	laid map[ID][][][]byte
}

// publisher opens a stand, unless c says what is next.
func publisher(t testing.TB, c PublisherConfig) *stand {
	t.Helper()
	s := &stand{laid: map[ID][][][]byte{}}
	if c.Endpoint == "" {
		c.Endpoint = "tcp://127.0.0.1:0"
	}
	if c.Next == nil {
		c.Next = s.next
	}
	var err error
	if s.Publisher, err = ListenPublisher(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *stand) next(viewer ID) ([][]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.laid[viewer]
	if len(list) == 0 {
		return nil, false
	}
	s.laid[viewer] = list[1:]
	return list[0], true
}

// lay does not wake the viewer.
func (s *stand) lay(viewer ID, messages ...[][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.laid[viewer] = append(s.laid[viewer], messages...)
}

func (s *stand) give(viewer ID, messages ...[][]byte) {
	s.lay(viewer, messages...)
	s.Wake(viewer)
}

func requests(t testing.TB, c RequestsConfig) *Requests {
	t.Helper()
	if c.Endpoint == "" {
		c.Endpoint = "tcp://127.0.0.1:0"
	}
	r, err := ListenRequests(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func dial(t testing.TB, c DialConfig) *Client {
	t.Helper()
	k, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// until passes over events until there is one of some kinds.
func until(t testing.TB, e *events, kinds ...EventKind) Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		list := e.drain()
		for i, v := range list {
			if slices.Contains(kinds, v.Kind) {
				e.mu.Lock()
				e.list = append(list[i+1:], e.list...) // for the next call
				clear(e.sums)
				e.mu.Unlock()
				return v
			}
		}
		select {
		case <-e.ready:
		case <-deadline:
			t.Fatalf("no event %v in %s", kinds, patience)
		}
	}
}

func receive(t testing.TB, k *Client) []string {
	t.Helper()
	k.conn.guard.Conn.SetReadDeadline(time.Now().Add(patience))
	parts, err := k.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return texts(parts)
}

// take waits for the next request.
func take(t testing.TB, r *Requests) Request {
	t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		if len(r.list) > 0 {
			q := r.list[0]
			r.list = r.list[1:]
			r.mu.Unlock()
			return q
		}
		r.mu.Unlock()
		select {
		case <-r.Ready():
		case <-deadline:
			t.Fatalf("no request in %s", patience)
		}
	}
}

func texts(parts [][]byte) []string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = string(p)
	}
	return list
}

func message(parts ...string) [][]byte { return bytesOf(parts) }

func bytesOf(parts []string) [][]byte {
	list := make([][]byte, len(parts))
	for i, p := range parts {
		list[i] = []byte(p)
	}
	return list
}

// ways are the transports and mechanisms that all must work alike over.
func ways(t *testing.T, run func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys)) {
	server, client := NewKeyPair(), NewKeyPair()
	keys := &ServerKeys{KeyPair: server, Clients: []Key{client.Public}}
	for _, transport := range []string{"tcp", "ipc"} {
		endpoint := "tcp://127.0.0.1:0"
		if transport == "ipc" {
			endpoint = "ipc://" + filepath.Join(t.TempDir(), "sub", "world")
		}
		t.Run(transport+" NULL", func(t *testing.T) { run(t, endpoint, nil, nil) })
		t.Run(transport+" CURVE", func(t *testing.T) { run(t, endpoint, keys, &ClientKeys{client, server.Public}) })
	}
}

func TestPublishReachesSubscribers(t *testing.T) {
	ways(t, func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys) {
		p := publisher(t, PublisherConfig{Endpoint: endpoint, Keys: server})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: client})
		k.Subscribe("a/")
		if joined := until(t, p.events, Joined); client != nil && joined.Key != client.Public {
			t.Errorf("joined by %s, want the key %s", joined.Key, client.Public)
		}
		if e := until(t, p.events, Subscribed); e.Topic != "a/" {
			t.Errorf("subscribed to %q", e.Topic)
		}
		messages := [][][]byte{message("a/1", "", "all"), message("a/1", strings.Repeat("x", 3<<20)), message("a/2"), message("a/3", "")}
		p.give(2, message("a/3", "to nobody"))
		p.give(1, messages...)
		for _, m := range messages {
			if diff := cmp.Diff(texts(m), receive(t, k)); diff != "" {
				t.Errorf("%.200s", diff)
			}
		}
		k.Unsubscribe("a/")
		if e := until(t, p.events, Unsubscribed); e.Topic != "a/" || e.Viewer != 1 {
			t.Errorf("got %+v", e)
		}
		k.Close()
		if e := until(t, p.events, Left); e.Err != nil || e.Viewer != 1 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestRequestsAreAnswered(t *testing.T) {
	ways(t, func(t *testing.T, endpoint string, server *ServerKeys, client *ClientKeys) {
		r := requests(t, RequestsConfig{Endpoint: endpoint, Keys: server})
		for _, socket := range []string{"DEALER", "REQ"} {
			k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: socket, Keys: client, Identity: "me"})
			for i := range 3 {
				if err := k.Send(bytesOf([]string{"get", fmt.Sprint(i)})); err != nil {
					t.Fatal(err)
				}
				<-r.Ready()
				for _, q := range r.Take() {
					r.Reply(q, append(q.Parts, []byte("ok")))
				}
				if got := strings.Join(receive(t, k), " "); got != fmt.Sprintf("get %d ok", i) {
					t.Errorf("%s got %q", socket, got)
				}
			}
		}
	})
}

// A DEALER may talk like a REQ, and is answered in kind.
func TestDelimiterIsMirrored(t *testing.T) {
	r := requests(t, RequestsConfig{})
	k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
	k.Send(bytesOf([]string{"", "get"}))
	<-r.Ready()
	for _, q := range r.Take() {
		if len(q.Parts) != 1 {
			t.Errorf("got %q", q.Parts)
		}
		r.Reply(q, bytesOf([]string{"ok"}))
	}
	if got := receive(t, k); len(got) != 2 || got[0] != "" || got[1] != "ok" {
		t.Errorf("got %q", got)
	}
}

func TestClosingGivesWhatNextStillHas(t *testing.T) {
	p := publisher(t, PublisherConfig{Linger: patience})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	large := strings.Repeat("x", 8<<20)
	p.lay(1, message("t", large), message("t", "last")) // nobody is woken but by Close
	closed := make(chan struct{})
	go func() { p.Close(); close(closed) }()
	if got := receive(t, k); len(got[1]) != len(large) {
		t.Errorf("got %d bytes", len(got[1]))
	}
	if got := receive(t, k); got[1] != "last" {
		t.Errorf("got %.20q", got)
	}
	if _, err := k.Receive(); err == nil {
		t.Error("no end")
	}
	k.Close()
	<-closed
}

// What Linger leaves no time for is not waited for.
func TestClosingDoesNotWaitForWhoIsSlow(t *testing.T) {
	endless := func(ID) ([][]byte, bool) { return [][]byte{[]byte("t"), make([]byte, 1<<20)}, true }
	p := publisher(t, PublisherConfig{Next: endless, Linger: 50 * time.Millisecond, Limits: Limits{StallTime: time.Hour}})
	dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	until(t, p.events, Joined)
	p.Close() // or the test's time is over
}

// Next is asked when the connection takes more, and not before: so a viewer
// that was slow goes on with what is the newest then, and what it was given is
// all there.
func TestSlowViewerIsGivenNoMoreThanItTakes(t *testing.T) {
	const size, most = 256 << 10, 64 << 20 // sockets' buffers take less
	var mu sync.Mutex
	asked, newest := 0, "old"
	body := make([]byte, size)
	p := publisher(t, PublisherConfig{Next: func(ID) ([][]byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return [][]byte{[]byte("t"), fmt.Append(nil, asked), []byte(newest), body}, true
	}, Linger: time.Millisecond})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	until(t, p.events, Joined)
	before := -1
	for stalled := false; !stalled; time.Sleep(200 * time.Millisecond) {
		mu.Lock()
		stalled = asked > 0 && asked == before
		before = asked
		if asked > most/size {
			t.Fatalf("who takes nothing was given %d messages", asked)
		}
		mu.Unlock()
	}
	mu.Lock()
	newest, before = "new", asked
	mu.Unlock()
	for i := 1; ; i++ {
		got := receive(t, k)
		if got[1] != fmt.Sprint(i) || (got[2] == "new") != (i > before) {
			t.Fatalf("message %d is number %s, %s; %d were given before", i, got[1], got[2], before)
		}
		if got[2] == "new" {
			return
		}
	}
}

// Who is not woken is not asked for, as long as it has nothing to send.
func TestWakeIsForThoseNamed(t *testing.T) {
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: time.Hour}})
	var clients []*Client
	for i := range 2 {
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		until(t, p.events, Joined)
		clients = append(clients, k)
		p.give(ID(i+1), message("t", "begun")) // its writer waits now, or will ask once more
		receive(t, k)
	}
	time.Sleep(50 * time.Millisecond)
	p.lay(1, message("t", "one"))
	p.lay(2, message("t", "two"))
	p.Wake(2, 77)
	if got := receive(t, clients[1]); got[1] != "two" {
		t.Errorf("got %q", got)
	}
	p.lay(1, message("t", "more"))
	p.Wake()
	if got := receive(t, clients[0])[1] + receive(t, clients[0])[1]; got != "onemore" {
		t.Errorf("got %q", got)
	}
}

func TestStalledViewerIsCut(t *testing.T) {
	p := publisher(t, PublisherConfig{Limits: Limits{StallTime: 300 * time.Millisecond}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	body := strings.Repeat("x", 1<<20)
	for range 40 { // more than any socket buffer takes
		p.give(1, message("t", body))
	}
	if e := until(t, p.events, Left); !errors.Is(e.Err, errStalled) {
		t.Errorf("left because of %v", e.Err)
	}
}

func TestSilentViewerIsCut(t *testing.T) {
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: 50 * time.Millisecond}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	// Its reader does not run, so nobody answers PING.
	if e := until(t, p.events, Left); !errors.Is(e.Err, errSilent) {
		t.Errorf("left because of %v", e.Err)
	}
}

func TestHeartbeatsKeepAnIdleViewer(t *testing.T) {
	t.Parallel()
	const beat = time.Second
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: beat}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Limits: Limits{Heartbeat: beat}})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	got := make(chan error, 1)
	go func() {
		_, err := k.Receive()
		got <- err
	}()
	time.Sleep((silentBeats + 1) * beat)
	p.give(1, message("t"))
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestLimitsAreSaid(t *testing.T) {
	t.Run("subscriptions", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Subscriptions: 3})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		until(t, p.events, Joined)
		for i := range 4 {
			k.Subscribe(fmt.Sprint(i))
		}
		if e := until(t, p.events, Left); !errors.Is(e.Err, errLimit) || !strings.Contains(e.Err.Error(), "3 subscriptions") {
			t.Errorf("left because of %v", e.Err)
		}
	})
	t.Run("before anyone knew the viewer", func(t *testing.T) {
		p := publisher(t, PublisherConfig{PrefixBytes: 10})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		k.Subscribe(strings.Repeat("x", 11))
		if _, err := k.Receive(); err == nil {
			t.Error("not cut")
		}
		<-p.Ready()
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			p.events.mu.Lock()
			first := p.events.list[0]
			p.events.mu.Unlock()
			if first.Kind == Refused && first.Count == 1 && errors.Is(first.Err, errLimit) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("got %+v", first)
			}
		}
	})
	t.Run("prefix", func(t *testing.T) {
		p := publisher(t, PublisherConfig{PrefixBytes: 10})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		until(t, p.events, Joined)
		k.Subscribe(strings.Repeat("x", 11))
		if e := until(t, p.events, Left); !errors.Is(e.Err, errLimit) {
			t.Errorf("left because of %v", e.Err)
		}
	})
	t.Run("connections", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Limits: Limits{Connections: 1}})
		first := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		if _, err := k.Receive(); err == nil || errors.Is(err, errSilent) {
			t.Errorf("a second one was let in, or is left hanging: %v", err)
		}
		if e := until(t, p.events, Refused); !strings.Contains(e.Err.Error(), "1 connections") {
			t.Errorf("refused because of %v", e.Err)
		}
		first.Close()
		until(t, p.events, Left)
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // its place is free then
			dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
			e := until(t, p.events, Joined, Refused)
			if e.Kind == Joined {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("still refused: %v", e.Err)
			}
		}
	})
	t.Run("handshakes", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Limits: Limits{Handshakes: 2, HandshakeTime: time.Hour}})
		address := strings.TrimPrefix(p.Endpoint(), "tcp://")
		var silent []net.Conn
		for i := range 3 {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			silent = append(silent, c)
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := c.Read(make([]byte, greetingBytes)); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		}
		if _, err := silent[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the oldest is still there: %v", err)
		}
		if e := until(t, p.events, Refused); !errors.Is(e.Err, errLimit) || !strings.Contains(e.Err.Error(), "the oldest") {
			t.Errorf("refused because of %v", e.Err)
		}
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"}) // silence holds up nobody
		k.Close()
	})
	t.Run("time of a handshake", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Limits: Limits{HandshakeTime: 50 * time.Millisecond}})
		c, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write(appendGreeting(nil, mechanismNULL, false)) // and no READY
		if e := until(t, p.events, Refused); !errors.Is(e.Err, os.ErrDeadlineExceeded) {
			t.Errorf("refused because of %v", e.Err)
		}
	})
	t.Run("events nobody takes", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Subscriptions: 1000})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		for i := range 500 {
			k.Subscribe(fmt.Sprint(i))
		}
		time.Sleep(100 * time.Millisecond)
		total := 0
		for deadline := time.Now().Add(patience); total < 501; {
			list := p.Events()
			if len(list) > undrained {
				t.Fatalf("%d events waited", len(list))
			}
			if total += len(list); time.Now().After(deadline) {
				t.Fatalf("%d events in all", total)
			}
		}
	})
	t.Run("requests that wait", func(t *testing.T) {
		r := requests(t, RequestsConfig{QueueBytes: 1000})
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		for range 2 {
			k.Send([][]byte{make([]byte, 800)})
		}
		if got := receive(t, k); !strings.Contains(got[0], "bytes of requests wait") {
			t.Errorf("got %q", got)
		}
		if len(r.Take()) != 1 {
			t.Error("the first did not wait")
		}
	})
	t.Run("requests a second", func(t *testing.T) {
		r := requests(t, RequestsConfig{PerSecond: 2})
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		for range 3 {
			k.Send(bytesOf([]string{"get"}))
		}
		if got := receive(t, k); !strings.Contains(got[0], "2 requests a second") {
			t.Errorf("got %q", got)
		}
		if e := until(t, r.events, Limited); e.Count != 1 || !errors.Is(e.Err, errLimit) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("requests not answered", func(t *testing.T) {
		r := requests(t, RequestsConfig{Waiting: 2})
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		for range 3 {
			k.Send(bytesOf([]string{"get"}))
		}
		if got := receive(t, k); !strings.Contains(got[0], "2 requests not answered") {
			t.Errorf("got %q", got)
		}
		for _, q := range r.Take() {
			r.Reply(q, q.Parts)
		}
		receive(t, k)
		receive(t, k)
		k.Send(bytesOf([]string{"get"}))
		<-r.Ready()
	})
	t.Run("replies", func(t *testing.T) {
		r := requests(t, RequestsConfig{ReplyBytes: 1000})
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		k.Send(bytesOf([]string{"get"}))
		until(t, r.events, Joined)
		<-r.Ready()
		q := r.Take()[0]
		for range 100 {
			r.Reply(q, [][]byte{make([]byte, 1<<20)})
		}
		if e := until(t, r.events, Left); !errors.Is(e.Err, errLimit) {
			t.Errorf("left because of %v", e.Err)
		}
	})
}

// Replies that nobody takes are bounded for all together too: who has left most
// is cut, and who takes its own is not.
func TestRepliesOfAllAreBounded(t *testing.T) {
	r := requests(t, RequestsConfig{ReplyBytes: 64 << 20, OwedBytes: 48 << 20})
	ask := func(name string) (*Client, Request) {
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		k.Send(bytesOf([]string{name}))
		return k, take(t, r)
	}
	good, mine := ask("good")
	_, greedy := ask("greedy")
	_, lazy := ask("lazy")
	large := make([]byte, 1<<20)
	for range 40 { // the first of which are in sockets' buffers
		r.Reply(greedy, [][]byte{large})
	}
	for range 30 {
		r.Reply(lazy, [][]byte{large})
	}
	for e := until(t, r.events, Left); ; e = until(t, r.events, Left) {
		if !errors.Is(e.Err, errLimit) || !strings.Contains(e.Err.Error(), "all clients") {
			t.Errorf("left because of %v", e.Err)
		}
		if e.Viewer == greedy.Client {
			break
		}
		t.Errorf("%d was cut, and %d had more", e.Viewer, greedy.Client)
	}
	r.Reply(mine, bytesOf([]string{"still here"}))
	if got := receive(t, good); got[0] != "still here" {
		t.Errorf("got %q", got)
	}
	for deadline := time.Now().Add(patience); r.owed.Load() > 30<<20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are still owed", r.owed.Load())
		}
	}
	r.Close()
	if n := r.owed.Load(); n != 0 {
		t.Errorf("%d bytes are owed to nobody", n)
	}
}

// What a REQ sends is held to its envelope. That it asks before it was answered
// is its own affair: it gets replies in the order in which they are given.
func TestEnvelopesOfRequests(t *testing.T) {
	r := requests(t, RequestsConfig{})
	req := func() *Client {
		k := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "REQ"})
		k.delimited = false // by hand
		return k
	}
	for _, parts := range [][][]byte{message("get"), message(""), message("get", "", "it"), message("x", "")} {
		k := req()
		until(t, r.events, Joined)
		k.Send(parts)
		if e := until(t, r.events, Left); !errors.Is(e.Err, errProtocol) {
			t.Errorf("%q: left because of %v", parts, e.Err)
		}
	}
	k := req()
	for i := range 5 {
		k.Send(message("", fmt.Sprint(i)))
	}
	for range 5 {
		q := take(t, r)
		r.Reply(q, q.Parts)
		r.Reply(Request{Client: 99}, q.Parts) // who is not here gets nothing
	}
	for i := range 5 {
		if got := receive(t, k); len(got) != 2 || got[0] != "" || got[1] != fmt.Sprint(i) {
			t.Errorf("reply %d is %q", i, got)
		}
	}
	// A DEALER's only part may be empty, and its envelope may have more parts.
	for _, c := range []struct{ sent, parts, reply [][]byte }{
		{message(""), message(""), message("ok")},
		{message("", ""), message(""), message("", "ok")},
		{message("", "get", ""), message("get", ""), message("", "ok")},
		{message("id", "", "get"), message("id", "", "get"), message("ok")},
	} {
		d := dial(t, DialConfig{Endpoint: r.Endpoint(), Type: "DEALER"})
		d.Send(c.sent)
		q := take(t, r)
		if diff := cmp.Diff(texts(c.parts), texts(q.Parts)); diff != "" {
			t.Error(diff)
		}
		r.Reply(q, message("ok"))
		if diff := cmp.Diff(texts(c.reply), receive(t, d)); diff != "" {
			t.Error(diff)
		}
	}
}

// What a viewer sends must be a subscription. One taken back that never was is
// none of our business, as with libzmq.
func TestWhatViewersMaySend(t *testing.T) {
	p := publisher(t, PublisherConfig{})
	for _, parts := range [][][]byte{message(""), message("\x02x"), message("hello"), message("\x01a", "b")} {
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		until(t, p.events, Joined)
		k.Send(parts)
		if e := until(t, p.events, Left); !errors.Is(e.Err, errProtocol) {
			t.Errorf("%q: left because of %v", parts, e.Err)
		}
	}
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Unsubscribe("never")
	k.Subscribe("a")
	k.Subscribe("a")
	k.Unsubscribe("a")
	k.Unsubscribe("b")
	k.Send(message("\x01\xff\x00")) // a prefix is bytes, and a message says it too
	if e := until(t, p.events, Subscribed); e.Topic != "a" {
		t.Errorf("subscribed to %q", e.Topic)
	}
	if e := until(t, p.events, Subscribed); e.Topic != "\xff\x00" {
		t.Errorf("subscribed to %q", e.Topic)
	}
	k.Unsubscribe("a")
	if e := until(t, p.events, Unsubscribed); e.Topic != "a" {
		t.Errorf("unsubscribed from %q", e.Topic)
	}
}

// Who dials is told that nobody answers, or that it was itself who gave up.
func TestDialGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	short := Limits{HandshakeTime: 50 * time.Millisecond}
	_, err = Dial(t.Context(), DialConfig{Endpoint: format(l.Addr()), Type: "SUB", Limits: short})
	if timeout := net.Error(nil); !errors.Is(err, errSilent) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("connected to who says nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Dial(ctx, DialConfig{Endpoint: format(l.Addr()), Type: "SUB"}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestEventsAreBounded(t *testing.T) {
	e := newEvents()
	for i := range 1000 {
		id := ID(i + 1)
		e.put(Event{Kind: Joined, Viewer: id})
		e.put(Event{Kind: Subscribed, Viewer: id})
		e.put(Event{Kind: Limited, Viewer: id, Count: 1})
		e.put(Event{Kind: Left, Viewer: id})
		e.put(Event{Kind: Refused, Count: 1})
	}
	list := e.drain()
	if len(list) != 1 || list[0].Kind != Refused || list[0].Count != 1000 {
		t.Errorf("got %d events, %v", len(list), list[0])
	}
	e.put(Event{Kind: Joined, Viewer: 7})
	e.put(Event{Kind: Limited, Viewer: 7, Count: 1})
	e.put(Event{Kind: Limited, Viewer: 7, Count: 2})
	if list := e.drain(); len(list) != 2 || list[1].Count != 3 {
		t.Errorf("got %v", list)
	}
	e.put(Event{Kind: Left, Viewer: 7})
	if list := e.drain(); len(list) != 1 || list[0].Kind != Left {
		t.Errorf("got %v", list)
	}
}
