// These tests hold both endpoints against our own client: what is sent
// arrives, who lags is told, what is over a limit is said, and nothing is left
// behind. Other files hold them against RFCs, other people's sockets, and
// people who mean ill.
package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func publisher(t testing.TB, c PublisherConfig) *Publisher {
	t.Helper()
	if c.Endpoint == "" {
		c.Endpoint = "tcp://127.0.0.1:0"
	}
	p, err := ListenPublisher(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
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

// until passes over events until there is one of a kind.
func until(t testing.TB, e *events, kind EventKind) Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		list := e.drain()
		for i, v := range list {
			if v.Kind == kind {
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
			t.Fatalf("no event %s in %s", kind, patience)
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

func texts(parts [][]byte) []string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = string(p)
	}
	return list
}

func whole(parts ...string) Message { return Message{Parts: bytesOf(parts), Whole: true} }
func delta(parts ...string) Message { return Message{Parts: bytesOf(parts)} }

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
		large := strings.Repeat("x", 3<<20)
		p.Publish(whole("b/1", "not wanted"), delta("a/1", "nothing before"), whole("a/1", "", "all"), delta("a/1", large), whole("a/2"))
		p.Send(1, whole("a/3", "to one"))
		p.Send(2, whole("a/3", "to nobody"))
		got := map[string]string{}
		for range 4 {
			parts := receive(t, k)
			got[parts[0]] += "|" + strings.Join(parts[1:], ",")
		}
		if len(got) != 3 || got["a/1"] != "|,all|"+large || got["a/3"] != "|to one" {
			t.Errorf("got %.200q", got)
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

func TestClosingGivesWhatIsPending(t *testing.T) {
	p := publisher(t, PublisherConfig{Linger: patience})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	large := strings.Repeat("x", 8<<20)
	p.Publish(whole("t", large), delta("t", "last"))
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

func TestSlowViewerGetsTheNewest(t *testing.T) {
	p := publisher(t, PublisherConfig{QueueBytes: 1 << 20, TopicMessages: 8})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	body := strings.Repeat("x", 256<<10)
	const count = 300
	p.Publish(whole("deltas", "0"))
	for i := range count {
		p.Publish(whole("state", fmt.Sprint(i), body), delta("deltas", fmt.Sprint(i), body), whole("small", fmt.Sprint(i)))
		time.Sleep(100 * time.Microsecond)
	}
	last, received, missed := map[string]string{}, 0, uint64(0)
	needed := false
	deadline := time.Now().Add(patience)
	for last["state"] != fmt.Sprint(count-1) || last["small"] != fmt.Sprint(count-1) || last["deltas"] != "whole again" {
		if time.Now().After(deadline) {
			t.Fatalf("last is %v", last)
		}
		for _, e := range p.Events() {
			if e.Kind == Lagged {
				missed += e.Count
				if e.Topic == "deltas" && e.Whole {
					needed = true
					p.Send(e.Viewer, whole("deltas", "whole again"))
				}
			}
		}
		k.conn.guard.Conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		for len(k.conn.guard.pending) == 0 {
			if _, err := k.conn.guard.in.Peek(1); err != nil {
				break
			}
			parts := receive(t, k)
			last[parts[0]] = parts[1]
			received++
			k.conn.guard.Conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		}
	}
	for _, e := range p.Events() {
		if e.Kind == Lagged {
			missed += e.Count
		}
	}
	if !needed {
		t.Error("a broken topic was not told")
	}
	if want := uint64(3*count + 2); uint64(received)+missed != want {
		t.Errorf("received %d and missed %d, of %d", received, missed, want)
	}
}

func TestStalledViewerIsCut(t *testing.T) {
	p := publisher(t, PublisherConfig{Limits: Limits{StallTime: 300 * time.Millisecond}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	body := strings.Repeat("x", 1<<20)
	for range 40 { // more than any socket buffer takes
		p.Publish(whole("t", body))
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
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: 20 * time.Millisecond}})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Limits: Limits{Heartbeat: 30 * time.Millisecond}})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	got := make(chan error, 1)
	go func() {
		_, err := k.Receive()
		got <- err
	}()
	time.Sleep(500 * time.Millisecond)
	p.Publish(whole("t"))
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
		dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
		if _, err := k.Receive(); err == nil {
			t.Error("a second one was let in")
		}
		if e := until(t, p.events, Refused); !strings.Contains(e.Err.Error(), "1 connections") {
			t.Errorf("refused because of %v", e.Err)
		}
	})
	t.Run("handshakes", func(t *testing.T) {
		p := publisher(t, PublisherConfig{Limits: Limits{Handshakes: 2, HandshakeTime: time.Hour}})
		address := strings.TrimPrefix(p.Endpoint(), "tcp://")
		for i := range 3 {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := c.Read(make([]byte, greetingBytes)); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
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

// A handover that is full tells each viewer what it lost.
func TestFullHandoverIsToldAsLag(t *testing.T) {
	var b inbox
	b.init(1000)
	for range 20 {
		b.put(0, whole("t", strings.Repeat("x", 100)))
	}
	b.put(3, whole("u"))
	list, lost, _ := b.take()
	if n := uint64(len(list)); n == 0 || n == 21 || lost[inboxKey{0, "t"}]+n != 21 || lost[inboxKey{3, "u"}] != 0 {
		t.Errorf("took %d, lost %v", n, lost)
	}
	if b.put(0, whole("t")); len(b.list) != 1 {
		t.Error("an emptied inbox takes nothing")
	}
}

func TestDialGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, DialConfig{Endpoint: format(l.Addr()), Type: "SUB"}); err == nil {
		t.Error("connected to who says nothing")
	}
}

// Who gives only what a viewer takes loses nothing, however slow the viewer.
func TestGiveLosesNothing(t *testing.T) {
	p := publisher(t, PublisherConfig{QueueBytes: 1 << 20})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	id := until(t, p.events, Subscribed).Viewer
	const count = 500
	body := strings.Repeat("x", 100<<10)
	received := make(chan int)
	go func() {
		for i := range count {
			if got := receive(t, k); got[1] != fmt.Sprint(i) {
				t.Errorf("got %s, want %d", got[1], i)
			}
		}
		close(received)
	}()
	paused := 0
	for i := range count {
		if !p.Give(id, Message{Parts: bytesOf([]string{"t", fmt.Sprint(i), body}), Whole: i == 0}) {
			paused++
			until(t, p.events, Drained)
		}
	}
	<-received
	if paused == 0 {
		t.Error("never told to wait")
	}
	if p.Give(id+1, whole("t")) {
		t.Error("a viewer that is not there takes more")
	}
}

// Publishing faster than anything can go out loses much, and tells all of it.
func TestPublishingTooFastIsToldInFull(t *testing.T) {
	p := publisher(t, PublisherConfig{HandoverBytes: 1 << 16})
	k := dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB"})
	k.Subscribe("")
	until(t, p.events, Subscribed)
	const count = 20000
	received := make(chan uint64)
	go func() {
		n := uint64(0)
		for receive(t, k)[1] != "end" {
			n++
		}
		received <- n
	}()
	for range count {
		p.Publish(whole("t", "x"))
	}
	missed := uint64(0)
	for {
		select {
		case n := <-received:
			for _, e := range p.Events() {
				missed += e.Count
			}
			if n+missed < count || n+missed > count+50 {
				t.Errorf("received %d, missed %d, of %d and a few ends", n, missed, count)
			}
			return
		case <-time.After(20 * time.Millisecond):
			p.Publish(whole("t", "end")) // until one gets through
		}
	}
}
