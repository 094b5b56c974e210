// These tests let people who mean ill at both endpoints, each bounded in count
// and time, while a good viewer and a good client go on. The viewer must get
// every frame, at its rate; memory must stay under the bound that doc.go
// states; no goroutine (TestMain) and no descriptor may be left.
package zmq

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hostileLimits are small enough to be hit within seconds.
var hostileLimits = Limits{Connections: 40, Handshakes: 30, HandshakeTime: time.Second, StallTime: time.Second, Heartbeat: 5 * time.Second}

// hostileBound is doc.go's bound for both endpoints together under these
// limits, and what the test itself and the runtime take: heap that is garbage
// counts until it is collected, so all of it twice.
const hostileBound = 2 * (2*(30*20<<10+40*(64<<10+64<<10+64*64)) + 40*hostileQueue + 32<<20)

const hostileQueue = 1 << 20

// An attack does its worst until it is done, or the time is over.
type attack struct {
	name string
	run  func(a *arena)
}

type arena struct {
	t         testing.TB
	publisher string // addresses
	requests  string
	keys      *ServerKeys
	over      time.Time
}

// each runs n of them side by side, at most 50 at once.
func (a *arena) each(n int, f func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, 50)
	for i := range n {
		if time.Now().After(a.over) {
			break
		}
		slots <- struct{}{}
		group.Add(1)
		go func() {
			defer group.Done()
			f(i)
			<-slots
		}()
	}
	group.Wait()
}

// raw sends bytes to an address, pausing between pieces, and reads what comes
// until it is cut or patience is over.
func (a *arena) raw(address string, patience time.Duration, pieces ...[]byte) {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	for _, p := range pieces {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
	io.Copy(io.Discard, c)
}

// in is the begin of a good NULL connection.
func in(socketType string) []byte {
	return appendCommand(appendGreeting(nil, mechanismNULL, false), "READY", metadata{socketType: socketType}.append(nil))
}

func lengthFrame(flags byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, n)
}

var attacks = []attack{
	{"200 silent connections", func(a *arena) {
		var open []net.Conn
		for range 200 {
			if c, err := net.DialTimeout("tcp", a.publisher, time.Second); err == nil {
				open = append(open, c)
			}
		}
		time.Sleep(500 * time.Millisecond)
		for _, c := range open {
			c.Close()
		}
	}},
	{"frame lengths from 1 MiB to 2^63", func(a *arena) {
		a.each(44*2, func(i int) {
			n := uint64(1) << (20 + i/2)
			body := bytes.Repeat([]byte("x"), 1000)
			for _, prefix := range [][]byte{nil, appendGreeting(nil, mechanismNULL, false), in("SUB"), in("DEALER")} {
				address := a.publisher
				if bytes.Contains(prefix, []byte("DEALER")) {
					address = a.requests
				}
				a.raw(address, 200*time.Millisecond, prefix, lengthFrame(byte(i%2)*flagCommand, n), body)
			}
		})
	}},
	{"endless MORE", func(a *arena) {
		a.each(20, func(int) {
			a.raw(a.requests, time.Second, in("DEALER"), bytes.Repeat([]byte("\x01\x00"), 1<<20))
			a.raw(a.requests, time.Second, in("DEALER"), bytes.Repeat(append([]byte("\x01\xff"), make([]byte, 255)...), 10000))
		})
	}},
	{"malformed greetings and READY", func(a *arena) {
		r := rand.New(rand.NewPCG(1, 2))
		var all [][]byte
		for range 300 {
			b := in("SUB")
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			all = append(all, b[:1+r.IntN(len(b))])
		}
		a.each(len(all), func(i int) { a.raw(a.publisher, 100*time.Millisecond, all[i]) })
	}},
	{"wrong mechanism", func(a *arena) {
		a.each(60, func(i int) {
			mechanism := []string{"PLAIN", "CURVE", "GSSAPI", "null", "", "NULLNULLNULLNULLNULL"}[i%6]
			a.raw(a.publisher, 100*time.Millisecond, appendGreeting(nil, mechanism, i%2 == 0), appendCommand(nil, "HELLO", make([]byte, helloBytes)))
		})
	}},
	{"garbage", func(a *arena) {
		r := rand.New(rand.NewPCG(3, 4))
		var all [][]byte
		for range 100 {
			b := make([]byte, 1000)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			all = append(all, b)
		}
		a.each(len(all), func(i int) {
			a.raw(a.publisher, 100*time.Millisecond, all[i])
			a.raw(a.publisher, 100*time.Millisecond, in("SUB"), all[i])
			a.raw(a.requests, 100*time.Millisecond, in("DEALER"), all[i])
		})
	}},
	{"half-open", func(a *arena) {
		a.each(100, func(i int) {
			b := append(in("SUB"), "\x00\x05\x01abcd"...)
			c, err := net.DialTimeout("tcp", a.publisher, time.Second)
			if err != nil {
				return
			}
			c.Write(b[:1+i*len(b)/100])
			c.(*net.TCPConn).CloseWrite()
			time.Sleep(50 * time.Millisecond)
			c.(*net.TCPConn).SetLinger(0) // a reset
			c.Close()
		})
	}},
	{"10,000 connect and close", func(a *arena) {
		a.each(10000, func(i int) {
			if c, err := net.DialTimeout("tcp", a.publisher, time.Second); err == nil {
				if i%2 == 0 {
					c.(*net.TCPConn).SetLinger(0)
				}
				c.Close()
			}
		})
	}},
	{"readers that stop", func(a *arena) {
		a.each(20, func(int) { a.still(append(in("SUB"), "\x00\x01\x01"...), 2*time.Second) })
	}},
	{"subscription floods", func(a *arena) {
		a.each(10, func(i int) {
			var b []byte
			for j := range 20000 {
				b = append(appendHeader(b, 0, 9), 1)
				b = binary.BigEndian.AppendUint64(b, uint64(j))
			}
			a.raw(a.publisher, time.Second, in("SUB"), b)
			on := []byte("\x00\x02\x01x\x00\x02\x00x")
			a.raw(a.publisher, time.Second, in("SUB"), bytes.Repeat(on, 20000))
			a.raw(a.publisher, time.Second, in("SUB"), bytes.Repeat(appendCommand(nil, "SUBSCRIBE", bytes.Repeat([]byte("p"), 3000)), 100))
		})
	}},
	{"request floods", func(a *arena) {
		a.each(10, func(int) {
			a.still(append(in("DEALER"), bytes.Repeat([]byte("\x00\x04ping"), 100000)...), 500*time.Millisecond)
			a.raw(a.requests, time.Second, in("DEALER"), bytes.Repeat(append([]byte("\x01\x00"), "\x02\x00\x00\x00\x00\x00\x00\xf0\x00"+strings.Repeat("x", 0xf000)...), 20))
		})
	}},
	{"PING floods", func(a *arena) {
		a.each(10, func(int) {
			a.raw(a.publisher, time.Second, in("SUB"), bytes.Repeat(appendCommand(nil, "PING", []byte{0, 0}), 100000))
		})
	}},
}

// still sends and never reads.
func (a *arena) still(b []byte, d time.Duration) {
	address := a.publisher
	if bytes.Contains(b, []byte("DEALER")) {
		address = a.requests
	}
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	c.(*net.TCPConn).SetReadBuffer(4096)
	c.SetDeadline(time.Now().Add(d))
	c.Write(b)
	time.Sleep(d)
}

// A bout is both endpoints with good people at them.
type bout struct {
	t         *testing.T
	publisher *stand
	requests  *Requests
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
	b := &bout{t: t, stop: make(chan struct{}), given: map[ID]int64{}}
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
		if err != nil || string(parts[1]) != fmt.Sprint(i) {
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

func (b *bout) attack(a attack, keys *ServerKeys, d time.Duration) {
	address := func(endpoint string) string { return strings.TrimPrefix(endpoint, "tcp://") }
	b.t.Run(a.name, func(t *testing.T) {
		began, frames, answers := time.Now(), b.arrived.Load(), b.answers.Load()
		b.longest.Store(0)
		a.run(&arena{t, address(b.publisher.Endpoint()), address(b.requests.Endpoint()), keys, began.Add(d)})
		for time.Since(began) < 200*time.Millisecond {
			time.Sleep(10 * time.Millisecond)
		}
		took := time.Since(began).Seconds()
		t.Logf("%.1f s: %.0f frames a second, %s between two at most, %.0f answers a second",
			took, float64(b.arrived.Load()-frames)/took, time.Duration(b.longest.Load()).Round(time.Millisecond), float64(b.answers.Load()-answers)/took)
		if b.arrived.Load() == frames || b.answers.Load() == answers {
			t.Error("the good ones were held up")
		}
		if _, err := os.Stat("/proc/self/fd"); err == nil && descriptors() > 400 {
			t.Errorf("%d descriptors are open", descriptors())
		}
	})
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
		for _, a := range attacks {
			b.attack(a, nil, 5*time.Second)
		}
		b.end()
	})
	t.Run("CURVE", func(t *testing.T) {
		server, client := NewKeyPair(), NewKeyPair()
		keys := &ServerKeys{KeyPair: server, Clients: []Key{client.Public}}
		b := newBout(t, keys, &ClientKeys{client, server.Public})
		for _, a := range curveAttacks {
			b.attack(a, keys, 5*time.Second)
		}
		b.end()
	})
	for deadline := time.Now().Add(patience); descriptors() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors are left open", descriptors()-before)
		}
	}
}

var curveAttacks = []attack{
	{"wrong keys", func(a *arena) {
		a.each(50, func(i int) {
			keys := &ClientKeys{NewKeyPair(), a.keys.Public}
			if i%2 == 0 {
				keys.Server = NewKeyPair().Public
			}
			if k, err := Dial(a.t.Context(), DialConfig{Endpoint: "tcp://" + a.publisher, Type: "SUB", Keys: keys}); err == nil {
				a.t.Error("a stranger got in")
				k.Close()
			}
		})
	}},
	{"HELLO floods", func(a *arena) {
		a.each(500, func(int) {
			k := curveClient{pair: NewKeyPair(), server: a.keys.Public}
			a.raw(a.publisher, 50*time.Millisecond, appendGreeting(nil, mechanismCURVE, false), appendCommand(nil, "HELLO", k.hello()))
		})
	}},
	{"garbage for INITIATE", func(a *arena) {
		a.each(100, func(int) {
			k := curveClient{pair: NewKeyPair(), server: a.keys.Public}
			a.raw(a.publisher, 100*time.Millisecond, appendGreeting(nil, mechanismCURVE, false),
				appendCommand(nil, "HELLO", k.hello()), appendCommand(nil, "INITIATE", randomBytes(400)))
		})
	}},
	{"downgrade to NULL", func(a *arena) {
		a.each(50, func(int) { a.raw(a.publisher, 100*time.Millisecond, in("SUB"), []byte("\x00\x01\x01")) })
	}},
	{"10,000 connect and close", attacks[7].run},
}

// A server may be hostile too: a client gets an error and no more.
func TestHostileServers(t *testing.T) {
	good := in("PUB")
	for name, answer := range map[string][]byte{
		"silent":            nil,
		"garbage":           bytes.Repeat([]byte("HTTP/1.1 400\r\n"), 10),
		"wrong type":        in("SUB"),
		"error":             appendError(appendGreeting(nil, mechanismNULL, false), "go\x1b[2Jaway"),
		"huge READY":        append(appendGreeting(nil, mechanismNULL, false), lengthFrame(flagCommand, 1<<62)...),
		"huge frame":        append(bytes.Clone(good), lengthFrame(0, 1<<62)...),
		"endless MORE":      append(bytes.Clone(good), bytes.Repeat([]byte("\x01\x00"), 1000)...),
		"cut short":         append(bytes.Clone(good), "\x00\x05a"...),
		"SUBSCRIBE":         appendCommand(bytes.Clone(good), "SUBSCRIBE", []byte("x")),
		"CURVE, and we not": appendGreeting(nil, mechanismCURVE, true),
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
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(300 * time.Millisecond))
				c.Write(answer)
				io.Copy(io.Discard, c)
			}()
			defer group.Wait()
			defer l.Close()
			k, err := Dial(t.Context(), DialConfig{Endpoint: format(l.Addr()), Type: "SUB", Limits: Limits{HandshakeTime: 200 * time.Millisecond}})
			if err == nil {
				_, err = k.Receive()
				k.Close()
			}
			if err == nil || strings.ContainsAny(err.Error(), "\x1b\r\n") {
				t.Errorf("got error %q", err)
			}
		})
	}
}
