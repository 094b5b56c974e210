// Package hostile is for tests: clients that mean ill, each bounded in count and
// time. It knows ZMTP by itself, and nothing of the endpoints it attacks but
// their addresses, so that one suite serves netsync/zmq and the program.
package hostile

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Attack does its worst until it is done, or the time is over.
type Attack struct {
	Name string
	Run  func(a *Arena)
}

// An Arena is what is attacked: addresses of TCP, and until when.
type Arena struct {
	Publisher string
	Requests  string
	Over      time.Time
}

// Each runs n of them side by side, at most 50 at once.
func (a *Arena) Each(n int, f func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, 50)
	for i := range n {
		if time.Now().After(a.Over) {
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

// Raw sends bytes to an address, pausing between pieces, and reads what comes
// until it is cut or patience is over.
func (a *Arena) Raw(address string, patience time.Duration, pieces ...[]byte) {
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

// Greeting is a ZMTP 3.1 greeting.
func Greeting(mechanism string, server bool) []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10], g[11] = 0xff, 0x7f, 3, 1
	copy(g[12:32], mechanism)
	if server {
		g[32] = 1
	}
	return g
}

// Flags of a frame.
const (
	long    = 2
	command = 4
)

// Frame is one, in its long form.
func Frame(flags byte, body []byte) []byte {
	return append(Announce(flags, uint64(len(body))), body...)
}

// Command is one, with its name.
func Command(name string, body []byte) []byte {
	return Frame(command, append(append([]byte{byte(len(name))}, name...), body...))
}

// Begin is the begin of a good NULL connection.
func Begin(socketType string) []byte {
	b := append([]byte("\x0bSocket-Type\x00\x00\x00"), byte(len(socketType)))
	b = append(b, socketType...)
	return append(Greeting("NULL", false), Command("READY", b)...)
}

// Announce is the header of a frame of so many bytes.
func Announce(flags byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | long}, n)
}

// Named is one of Attacks.
func Named(name string) Attack {
	return Attacks[slices.IndexFunc(Attacks, func(a Attack) bool { return a.Name == name })]
}

// Attacks are those that need no keys.
var Attacks = []Attack{
	{"200 silent connections", func(a *Arena) {
		var open []net.Conn
		for range 200 {
			if c, err := net.DialTimeout("tcp", a.Publisher, time.Second); err == nil {
				open = append(open, c)
			}
		}
		time.Sleep(500 * time.Millisecond)
		for _, c := range open {
			c.Close()
		}
	}},
	{"frame lengths from 1 MiB to 2^63", func(a *Arena) {
		a.Each(44*2, func(i int) {
			n := uint64(1) << (20 + i/2)
			body := bytes.Repeat([]byte("x"), 1000)
			for _, prefix := range [][]byte{nil, Greeting("NULL", false), Begin("SUB"), Begin("DEALER")} {
				address := a.Publisher
				if bytes.Contains(prefix, []byte("DEALER")) {
					address = a.Requests
				}
				a.Raw(address, 200*time.Millisecond, prefix, Announce(byte(i%2)*command, n), body)
			}
		})
	}},
	{"endless MORE", func(a *Arena) {
		a.Each(20, func(int) {
			a.Raw(a.Requests, time.Second, Begin("DEALER"), bytes.Repeat([]byte("\x01\x00"), 1<<20))
			a.Raw(a.Requests, time.Second, Begin("DEALER"), bytes.Repeat(append([]byte("\x01\xff"), make([]byte, 255)...), 10000))
		})
	}},
	{"malformed greetings and READY", func(a *Arena) {
		r := rand.New(rand.NewPCG(1, 2))
		var all [][]byte
		for range 300 {
			b := Begin("SUB")
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			all = append(all, b[:1+r.IntN(len(b))])
		}
		a.Each(len(all), func(i int) { a.Raw(a.Publisher, 100*time.Millisecond, all[i]) })
	}},
	{"wrong mechanism", func(a *Arena) {
		a.Each(60, func(i int) {
			mechanism := []string{"PLAIN", "CURVE", "GSSAPI", "null", "", "NULLNULLNULLNULLNULL"}[i%6]
			a.Raw(a.Publisher, 100*time.Millisecond, Greeting(mechanism, i%2 == 0), Command("HELLO", make([]byte, 194)))
		})
	}},
	{"garbage", func(a *Arena) {
		r := rand.New(rand.NewPCG(3, 4))
		var all [][]byte
		for range 100 {
			b := make([]byte, 1000)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			all = append(all, b)
		}
		a.Each(len(all), func(i int) {
			a.Raw(a.Publisher, 100*time.Millisecond, all[i])
			a.Raw(a.Publisher, 100*time.Millisecond, Begin("SUB"), all[i])
			a.Raw(a.Requests, 100*time.Millisecond, Begin("DEALER"), all[i])
		})
	}},
	{"half-open", func(a *Arena) {
		a.Each(100, func(i int) {
			b := append(Begin("SUB"), "\x00\x05\x01abcd"...)
			c, err := net.DialTimeout("tcp", a.Publisher, time.Second)
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
	{"10,000 connect and close", func(a *Arena) {
		a.Each(10000, func(i int) {
			if c, err := net.DialTimeout("tcp", a.Publisher, time.Second); err == nil {
				if i%2 == 0 {
					c.(*net.TCPConn).SetLinger(0)
				}
				c.Close()
			}
		})
	}},
	{"readers that stop", func(a *Arena) {
		a.Each(20, func(int) { a.still(append(Begin("SUB"), "\x00\x01\x01"...), 2*time.Second) })
	}},
	{"subscription floods", func(a *Arena) {
		a.Each(10, func(i int) {
			var b []byte
			for j := range 20000 {
				b = append(b, 0, 9, 1)
				b = binary.BigEndian.AppendUint64(b, uint64(j))
			}
			a.Raw(a.Publisher, time.Second, Begin("SUB"), b)
			on := []byte("\x00\x02\x01x\x00\x02\x00x")
			a.Raw(a.Publisher, time.Second, Begin("SUB"), bytes.Repeat(on, 20000))
			a.Raw(a.Publisher, time.Second, Begin("SUB"), bytes.Repeat(Command("SUBSCRIBE", bytes.Repeat([]byte("p"), 3000)), 100))
		})
	}},
	{"request floods", func(a *Arena) {
		a.Each(10, func(int) {
			a.still(append(Begin("DEALER"), bytes.Repeat([]byte("\x00\x04ping"), 100000)...), 500*time.Millisecond)
			a.Raw(a.Requests, time.Second, Begin("DEALER"), bytes.Repeat(append([]byte("\x01\x00"), "\x02\x00\x00\x00\x00\x00\x00\xf0\x00"+strings.Repeat("x", 0xf000)...), 20))
		})
	}},
	{"deeply nested JSON", func(a *Arena) {
		a.Each(20, func(i int) {
			open := []string{"[", `{"a":`, `{"v":1,"id":1,"do":"get","topics":[`, `{"v":1,"id":1,"do":`}[i%4]
			deep := strings.Repeat(open, 60000/len(open))
			a.Raw(a.Requests, 500*time.Millisecond, Begin("DEALER"), bytes.Repeat(Frame(0, []byte(deep)), 10))
		})
	}},
	{"a byte at a time", func(a *Arena) {
		a.Each(50, func(i int) {
			begin := [][]byte{Begin("SUB"), Begin("DEALER")}[i%2]
			a.drip([]string{a.Publisher, a.Requests}[i%2], append(begin, Announce(0, 1000)...), 20*time.Millisecond, 2*time.Second)
		})
	}},
	{"breaches by who is in", func(a *Arena) {
		long := strings.Repeat("x", 300)
		for _, as := range []string{"SUB", "DEALER", "REQ"} {
			address := a.Requests
			if as == "SUB" {
				address = a.Publisher
			}
			breaches := [][]byte{
				Command("PING", nil), Command("PING", []byte("\x00\x00"+long)), Command("PONG", []byte(long)), Command("JOIN", []byte("x")),
				Command("READY", nil), Command("ERROR", []byte("\x03400")), Command("MESSAGE", make([]byte, 40)), Command("CANCEL", []byte(long)),
				Frame(1, nil), Frame(command|1, []byte("\x04PING\x00\x00")), Frame(0x80, nil), Frame(0, []byte("\x01"+long)), Frame(0, nil), []byte("\x04\x00"),
				append(Frame(1, []byte("\x01a")), Command("SUBSCRIBE", []byte("b"))...),
			}
			a.Each(len(breaches), func(i int) { a.Raw(address, 50*time.Millisecond, Begin(as), breaches[i]) })
		}
		a.Each(20, func(i int) { // what a handshake may not say
			said := [][]byte{
				[]byte("\x08Identity\x00\x00\x01\x2c" + long), []byte("\x08Identity\x00\x00\x00\x01\x00"), []byte("\x0bSocket-Type\xff\xff\xff\xffSUB"),
				bytes.Repeat([]byte("\x01a\x00\x00\x00\x00"), 1000), []byte("\xff" + long[:20]),
			}[i%5]
			a.Raw(a.Requests, 50*time.Millisecond, Greeting("NULL", false), Command("READY", said))
		})
	}},
	{"replies not taken", func(a *Arena) {
		ask := Frame(0, []byte(`{"v":1,"id":1,"do":"schema"}`))
		a.Each(30, func(int) { a.still(append(Begin("DEALER"), bytes.Repeat(ask, 2000)...), time.Second) })
	}},
	{"PING floods", func(a *Arena) {
		a.Each(10, func(int) {
			a.Raw(a.Publisher, time.Second, Begin("SUB"), bytes.Repeat(Command("PING", []byte{0, 0}), 100000))
		})
	}},
}

// drip sends a byte at a time, until it is cut or patience is over.
func (a *Arena) drip(address string, b []byte, every, patience time.Duration) {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	defer c.Close()
	for over := time.Now().Add(patience); len(b) > 0 && time.Now().Before(over); b = b[1:] {
		if _, err := c.Write(b[:1]); err != nil {
			return
		}
		time.Sleep(every)
	}
}

// still sends and never reads.
func (a *Arena) still(b []byte, d time.Duration) {
	address := a.Publisher
	if bytes.Contains(b, []byte("DEALER")) {
		address = a.Requests
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
