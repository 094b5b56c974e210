// These tests let people who mean ill at both endpoints, each bounded in count
// and time, while a good viewer and a good client go on. The viewer must get
// every frame, at its rate; memory must stay under the bound that doc.go
// states; no goroutine (TestMain) and no descriptor may be left.
package zmq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orrery/netsync/zmq/hostile"
)

// hostileLimits are small enough to be hit within seconds.
var hostileLimits = Limits{Connections: 40, Handshakes: 30, HandshakeTime: time.Second, StallTime: time.Second, Heartbeat: 5 * time.Second}

// hostileBound is doc.go's bound for both endpoints together under these
// limits, and what the test itself and the runtime take: heap that is garbage
// counts until it is collected, so all of it twice.
const hostileBound = 2 * (2*(30*20<<10+40*(64<<10+64<<10+64*64)) + 40*hostileQueue + 32<<20)

const hostileQueue = 1 << 20

// A bout is both endpoints with good people at them.
type bout struct {
	t         *testing.T
	publisher *stand
	requests  *Requests
	client    *ClientKeys
	stop      chan struct{}
	group     sync.WaitGroup

	good    atomic.Uint64 // the good viewer's ID
	frames  atomic.Int64  // published
	arrived atomic.Int64
	longest atomic.Int64 // gap in time between two arrivals, ns
	answers atomic.Int64
	heap    atomic.Uint64

	mu    sync.Mutex
	given map[ID]int64 // the last frame of each viewer
	ended bool
}

const hostileRate = 200 // frames a second; a rate at which a pause shows

func newBout(t *testing.T, keys *ServerKeys, client *ClientKeys) *bout {
	b := &bout{t: t, client: client, stop: make(chan struct{}), given: map[ID]int64{}}
	b.publisher = publisher(t, PublisherConfig{Next: b.next, Keys: keys, Limits: hostileLimits})
	b.requests = requests(t, RequestsConfig{Keys: keys, Limits: hostileLimits, ReplyBytes: hostileQueue, QueueBytes: hostileQueue})
	viewer := dial(t, DialConfig{Endpoint: b.publisher.Endpoint(), Type: "SUB", Keys: client})
	viewer.Subscribe("frames")
	b.good.Store(uint64(until(t, b.publisher.events, Subscribed).Viewer))
	asker := dial(t, DialConfig{Endpoint: b.requests.Endpoint(), Type: "REQ", Keys: client})
	b.run(b.world)
	b.run(func() { b.watch(viewer) })
	b.run(func() { b.ask(asker) })
	b.run(b.weigh)
	return b
}

func (b *bout) run(f func()) {
	b.group.Add(1)
	go func() { defer b.group.Done(); f() }()
}

func (b *bout) stopped() bool {
	select {
	case <-b.stop:
		return true
	default:
		return false
	}
}

var hostileBody = bytes.Repeat([]byte("x"), 2<<10)

// next gives the good viewer every frame, and others the newest.
func (b *bout) next(viewer ID) ([][]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.frames.Load()
	switch at, good := b.given[viewer], uint64(viewer) == b.good.Load(); {
	case at == n && good && b.ended:
		b.given[viewer]++
		return message("frames", "end"), true
	case at >= n:
		return nil, false
	case good:
		n = at + 1
	}
	b.given[viewer] = n
	return [][]byte{[]byte("frames"), fmt.Append(nil, n), hostileBody}, true
}

// world is a simulation: it publishes at its rate, and drains.
func (b *bout) world() {
	tick := time.NewTicker(time.Second / hostileRate)
	defer tick.Stop()
	for !b.stopped() {
		<-tick.C
		b.frames.Add(1)
		b.publisher.Wake()
		b.publisher.Events()
		b.requests.Events()
		for _, q := range b.requests.Take() {
			b.requests.Reply(q, q.Parts)
		}
	}
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.publisher.Wake()
}

func (b *bout) watch(k *Client) {
	want, last := int64(1), time.Now()
	for {
		parts, err := k.Receive()
		if err != nil {
			b.t.Errorf("the good viewer was cut: %v", err)
			return
		}
		if string(parts[1]) == "end" {
			return
		}
		if string(parts[1]) != fmt.Sprint(want) {
			b.t.Errorf("the good viewer got frame %s and wanted %d", parts[1], want)
			return
		}
		want++
		b.arrived.Add(1)
		b.longest.Store(max(b.longest.Load(), int64(time.Since(last))))
		last = time.Now()
	}
}

func (b *bout) ask(k *Client) {
	for i := 0; !b.stopped(); i++ {
		if err := k.Send(bytesOf([]string{"ask", fmt.Sprint(i)})); err != nil {
			b.t.Errorf("the good client was cut: %v", err)
			return
		}
		parts, err := k.Receive()
		if err == nil && len(parts) == 1 && strings.Contains(string(parts[0]), "requests wait") {
			continue // others have filled the queue, which it is told
		}
		if err != nil || len(parts) != 2 || string(parts[1]) != fmt.Sprint(i) {
			b.t.Errorf("the good client got %q, %v", parts, err)
			return
		}
		b.answers.Add(1)
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *bout) weigh() {
	for !b.stopped() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.heap.Store(max(b.heap.Load(), m.HeapInuse))
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *bout) attack(a hostile.Attack, d time.Duration) {
	address := func(endpoint string) string { return strings.TrimPrefix(endpoint, "tcp://") }
	b.t.Run(a.Name, func(t *testing.T) {
		began, frames, answers := time.Now(), b.arrived.Load(), b.answers.Load()
		b.longest.Store(0)
		joined := make(chan int, 1)
		go func() { joined <- b.newcomer(began.Add(patience)) }()
		a.Run(&hostile.Arena{Publisher: address(b.publisher.Endpoint()), Requests: address(b.requests.Endpoint()), Over: began.Add(d)})
		tries := <-joined
		for time.Since(began) < 200*time.Millisecond {
			time.Sleep(10 * time.Millisecond)
		}
		took := time.Since(began).Seconds()
		t.Logf("%.1f s: %.0f frames a second, %s between two at most, %.0f answers a second, a newcomer in after %d tries",
			took, float64(b.arrived.Load()-frames)/took, time.Duration(b.longest.Load()).Round(time.Millisecond), float64(b.answers.Load()-answers)/took, tries)
		if b.arrived.Load() == frames || b.answers.Load() == answers {
			t.Error("the good ones were held up")
		}
		if tries == 0 {
			t.Errorf("a newcomer did not get in within %s", patience)
		}
		if _, err := os.Stat("/proc/self/fd"); err == nil && descriptors() > 400 {
			t.Errorf("%d descriptors are open", descriptors())
		}
	})
}

// newcomer is good, and comes while others mean ill: it tries until it has a
// frame, as all clients do, and says how often; 0 is in vain.
func (b *bout) newcomer(until time.Time) (tries int) {
	for time.Now().Before(until) {
		tries++
		k, err := Dial(b.t.Context(), DialConfig{Endpoint: b.publisher.Endpoint(), Type: "SUB", Keys: b.client})
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		k.Subscribe("frames")
		_, err = k.Receive()
		k.Close()
		if err == nil {
			return tries
		}
	}
	return 0
}

func (b *bout) end() {
	close(b.stop)
	b.group.Wait()
	if b.arrived.Load() != b.frames.Load() {
		b.t.Errorf("of %d frames %d arrived", b.frames.Load(), b.arrived.Load())
	}
	if b.heap.Load() > hostileBound {
		b.t.Errorf("the heap took %d MiB, over the bound of %d MiB", b.heap.Load()>>20, hostileBound>>20)
	}
	b.t.Logf("%d frames, %d answers, heap %d MiB at most, bound %d MiB", b.arrived.Load(), b.answers.Load(), b.heap.Load()>>20, hostileBound>>20)
}

func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

func TestHostileClients(t *testing.T) {
	before := descriptors()
	t.Run("NULL", func(t *testing.T) {
		b := newBout(t, nil, nil)
		for _, a := range hostile.Attacks {
			b.attack(a, 5*time.Second)
		}
		b.end()
	})
	t.Run("CURVE", func(t *testing.T) {
		server, client, greedy := NewKeyPair(), NewKeyPair(), NewKeyPair()
		keys := &ServerKeys{KeyPair: server, Clients: []Key{client.Public, greedy.Public}}
		b := newBout(t, keys, &ClientKeys{client, server.Public})
		for _, a := range append(curveAttacks(t, keys.Public), b.takesAll(&ClientKeys{greedy, server.Public})) {
			b.attack(a, 5*time.Second)
		}
		b.end()
	})
	for deadline := time.Now().Add(patience); descriptors() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors are left open", descriptors()-before)
		}
	}
}

func curveAttacks(t *testing.T, server Key) []hostile.Attack {
	return []hostile.Attack{
		{Name: "wrong keys", Run: func(a *hostile.Arena) {
			a.Each(50, func(i int) {
				keys := &ClientKeys{NewKeyPair(), server}
				if i%2 == 0 {
					keys.Server = NewKeyPair().Public
				}
				if k, err := Dial(t.Context(), DialConfig{Endpoint: "tcp://" + a.Publisher, Type: "SUB", Keys: keys}); err == nil {
					t.Error("a stranger got in")
					k.Close()
				}
			})
		}},
		{Name: "HELLO floods", Run: func(a *hostile.Arena) {
			a.Each(500, func(int) {
				k := curveClient{pair: NewKeyPair(), server: server}
				a.Raw(a.Publisher, 50*time.Millisecond, appendGreeting(nil, mechanismCURVE, false), appendCommand(nil, "HELLO", k.hello()))
			})
		}},
		{Name: "garbage for INITIATE", Run: func(a *hostile.Arena) {
			a.Each(100, func(int) {
				k := curveClient{pair: NewKeyPair(), server: server}
				a.Raw(a.Publisher, 100*time.Millisecond, appendGreeting(nil, mechanismCURVE, false),
					appendCommand(nil, "HELLO", k.hello()), appendCommand(nil, "INITIATE", randomBytes(400)))
			})
		}},
		{Name: "downgrade to NULL", Run: func(a *hostile.Arena) {
			a.Each(50, func(int) { a.Raw(a.Publisher, 100*time.Millisecond, hostile.Begin("SUB"), []byte("\x00\x01\x01")) })
		}},
		hostile.Named("10,000 connect and close"),
	}
}

// takesAll is by somebody who may connect, and wants all places for himself,
// until somebody else is in.
func (b *bout) takesAll(keys *ClientKeys) hostile.Attack {
	return hostile.Attack{Name: "one client takes all places", Run: func(a *hostile.Arena) {
		ctx, over := context.WithTimeout(b.t.Context(), patience)
		defer over()
		a.Each(hostileLimits.Connections+10, func(i int) {
			if i == 0 {
				defer over()
				time.Sleep(500 * time.Millisecond) // by now they are taken
				if b.newcomer(time.Now().Add(patience)) == 0 {
					b.t.Error("another client does not get in")
				}
				return
			}
			for ctx.Err() == nil {
				k, err := Dial(ctx, DialConfig{Endpoint: "tcp://" + a.Publisher, Type: "SUB", Keys: keys})
				if err != nil {
					time.Sleep(300 * time.Millisecond)
					continue
				}
				stop := context.AfterFunc(ctx, func() { k.Close() })
				for err == nil {
					_, err = k.Receive()
				}
				stop()
				k.Close()
				time.Sleep(300 * time.Millisecond) // handshakes take all of a processor under the race detector
			}
		})
	}}
}

// The suite's honesty: what begins well gets in, or nothing that follows is
// attacked with.
func TestAttackersGetIn(t *testing.T) {
	p, r := publisher(t, PublisherConfig{}), requests(t, RequestsConfig{})
	send := func(endpoint string, b []byte) {
		c, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.Write(b)
	}
	send(p.Endpoint(), append(hostile.Begin("SUB"), "\x00\x02\x01x"...))
	if e := until(t, p.events, Subscribed); e.Topic != "x" {
		t.Errorf("subscribed to %q", e.Topic)
	}
	send(r.Endpoint(), append(hostile.Begin("DEALER"), hostile.Frame(0, []byte("ask"))...))
	until(t, r.events, Joined)
	select {
	case <-r.Ready():
	case <-time.After(patience):
		t.Error("no request")
	}
}

// A server may be hostile too: a client gets an error and no more.
func TestHostileServers(t *testing.T) {
	good := hostile.Begin("PUB")
	for name, c := range map[string]struct {
		answer []byte
		want   error
	}{
		"silent":            {nil, errSilent},
		"garbage":           {bytes.Repeat([]byte("HTTP/1.1 400\r\n"), 10), errProtocol},
		"wrong type":        {hostile.Begin("SUB"), errProtocol},
		"error":             {appendError(appendGreeting(nil, mechanismNULL, false), "go\x1b[2Jaway"), ErrRefused},
		"huge READY":        {append(appendGreeting(nil, mechanismNULL, false), hostile.Announce(flagCommand, 1<<62)...), errLimit},
		"huge frame":        {append(bytes.Clone(good), hostile.Announce(0, 1<<62)...), errLimit},
		"frame too large":   {append(bytes.Clone(good), hostile.Announce(0, dialFrameBytes+1)...), errLimit},
		"endless MORE":      {append(bytes.Clone(good), bytes.Repeat([]byte("\x01\x00"), 1000)...), errLimit},
		"cut short":         {append(bytes.Clone(good), "\x00\x05a"...), io.ErrUnexpectedEOF},
		"SUBSCRIBE":         {appendCommand(bytes.Clone(good), "SUBSCRIBE", []byte("x")), errProtocol},
		"CURVE, and we not": {appendGreeting(nil, mechanismCURVE, true), errProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			group.Add(1)
			go func() {
				defer group.Done()
				theirs, err := l.Accept()
				if err != nil {
					return
				}
				defer theirs.Close()
				theirs.SetDeadline(time.Now().Add(300 * time.Millisecond))
				theirs.Write(c.answer)
				io.Copy(io.Discard, theirs)
			}()
			defer group.Wait()
			defer l.Close()
			k, err := Dial(t.Context(), DialConfig{Endpoint: format(l.Addr()), Type: "SUB", Limits: Limits{HandshakeTime: 200 * time.Millisecond}})
			if err == nil {
				_, err = k.Receive()
				k.Close()
			}
			if !errors.Is(err, c.want) || strings.ContainsAny(err.Error(), "\x1b\r\n") {
				t.Errorf("got error %q, want %v", err, c.want)
			}
		})
	}
}
