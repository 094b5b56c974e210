// These tests hold endpoints to telling who is slow from who is dead: whoever
// takes what it is sent lives, however late it comes to a PING, and who only
// lets the network's buffers fill does not.
package zmq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/netsync/zmq/hostile"
)

// A reader is a viewer of which nothing runs but what the test does.
type reader struct {
	*net.TCPConn
	t testing.TB
}

// newReader connects one that has subscribed to all, with a small buffer.
func newReader(t testing.TB, p *stand) *reader {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	r := &reader{c.(*net.TCPConn), t}
	r.SetReadBuffer(16 << 10)
	r.say(append(hostile.Begin("SUB"), hostile.Command("SUBSCRIBE", nil)...))
	until(t, p.events, Subscribed)
	return r
}

func (r *reader) say(b []byte) {
	r.t.Helper()
	if _, err := r.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// find reads until some bytes have come.
func (r *reader) find(want []byte) {
	r.t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	var kept []byte
	for b := make([]byte, 64<<10); !bytes.Contains(kept, want); {
		n, err := r.Read(b)
		if err != nil {
			r.t.Fatalf("%q does not come: %v", want, err)
		}
		kept = append(kept[max(0, len(kept)-len(want)):], b[:n]...)
	}
}

// expectNobodyLeft looks at what has happened so far.
func expectNobodyLeft(t testing.TB, p *stand) {
	t.Helper()
	for _, e := range p.Events() {
		if e.Kind == Left {
			t.Fatalf("it was cut: %v", e.Err)
		}
	}
}

// A frame that takes long keeps its reader from PING, and so from an answer,
// wherever the rest of it is: PING is only sent when all is with the network.
func TestWhoReadsSlowlyIsNotSilent(t *testing.T) {
	for name, size := range map[string]int{"the rest is on its way": 512 << 10, "the rest is with us": 32 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var once sync.Once
			p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: 50 * time.Millisecond, StallTime: 30 * time.Second}, Next: func(ID) (parts [][]byte, ok bool) {
				once.Do(func() { parts, ok = [][]byte{[]byte("t"), make([]byte, size)}, true }) // ahead of any PING
				return parts, ok
			}})
			r := newReader(t, p)
			b := make([]byte, 1<<10)
			for began := time.Now(); time.Since(began) < time.Second; time.Sleep(20 * time.Millisecond) {
				if _, err := io.ReadFull(r, b); err != nil {
					t.Fatal(err)
				}
				expectNobodyLeft(t, p)
			}
			r.find([]byte("\x04PING"))
			r.say(hostile.Command("PONG", nil))
			r.find([]byte("\x04PING"))
			r.Close()
			if e := until(t, p.events, Left); e.Err != nil {
				t.Errorf("left because of %v", e.Err)
			}
		})
	}
}

// What is sent is no sign of life of who does not read: it is dead long before
// the network's buffers are full.
func TestWhoReadsNothingIsSilent(t *testing.T) {
	t.Parallel()
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: 50 * time.Millisecond, StallTime: time.Second}})
	newReader(t, p)
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		p.give(1, message("t", strings.Repeat("x", 1<<10)))
		for _, e := range p.Events() {
			if e.Kind != Left {
				continue
			}
			if !errors.Is(e.Err, errSilent) {
				t.Errorf("left because of %v", e.Err)
			}
			return
		}
	}
	t.Error("it was not cut")
}

// Who pings while it is sent a large frame is heard at once, though the answer
// has to wait: what it says later is not taken for a flood.
func TestPingsAreHeardWhileAFrameIsWritten(t *testing.T) {
	t.Parallel()
	p := publisher(t, PublisherConfig{Limits: Limits{Heartbeat: time.Hour, StallTime: time.Minute}})
	r := newReader(t, p)
	p.give(1, [][]byte{[]byte("t"), make([]byte, 32<<20)})
	r.find([]byte("\x01t"))
	for i := range 3 {
		if i > 0 {
			time.Sleep(time.Second)
		}
		r.say(bytes.Repeat(hostile.Command("PING", []byte("\x00\x00")), pingsPerSecond*4/5))
	}
	r.say(hostile.Command("PING", []byte("\x00\x00last")))
	r.say(hostile.Command("SUBSCRIBE", []byte("more"))) // comes through meanwhile
	if e := until(t, p.events, Subscribed, Left); e.Kind == Left {
		t.Fatalf("left because of %v", e.Err)
	}
	r.find([]byte("\x04PONGlast"))
	r.Close()
	if e := until(t, p.events, Left); e.Err != nil {
		t.Errorf("left because of %v", e.Err)
	}
}

// A PONG is of the PING whose context it has, or one that is older.
func TestAnswersAreOfTheirPings(t *testing.T) {
	at := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	for name, c := range map[string]struct {
		context []byte
		want    int64 // answered
	}{
		"its own":   {at(1000), 1000},
		"none":      {nil, 1000},
		"a later":   {at(2000), 1000}, // one answer to several
		"an older":  {at(999), 0},
		"of nobody": {at(1<<63 + 5), 0},
	} {
		var p pulse
		p.answer(at(0)) // nobody asked
		if !p.ask(1000) || p.ask(2000) {
			t.Fatal("not the oldest is waited for")
		}
		p.answer(c.context)
		if p.answered != c.want || p.asked != (c.want == 0) {
			t.Errorf("%s: %d are answered, asked %t", name, p.answered, p.asked)
		}
	}
}

func TestTenthsOfATTL(t *testing.T) {
	for ttl, want := range map[time.Duration]uint16{30 * time.Second: 300, 65500 * time.Millisecond: 655, 65600 * time.Millisecond: 0, time.Hour: 0} {
		if got := tenths(ttl); got != want {
			t.Errorf("%s: %d, want %d", ttl, got, want)
		}
	}
}
