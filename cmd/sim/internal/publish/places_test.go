// Holds a station to having the places that it says it has, at both endpoints,
// and to saying which limit somebody has hit.
package publish

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/netsync/zmq/hostile"
)

// A log is what a station has said.
type log struct {
	mu   sync.Mutex
	said []string
}

func (l *log) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf(format, args...))
}

// await waits for a line that has all of some texts.
func (l *log) await(t *testing.T, texts ...string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		for _, line := range l.said {
			has := true
			for _, text := range texts {
				has = has && strings.Contains(line, text)
			}
			if has {
				l.mu.Unlock()
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q in what was said: %q", texts, l.said)
		}
		l.mu.Unlock()
	}
}

func spoken(t *testing.T) (*meadow, *log) {
	dir, err := os.MkdirTemp("", "publish") // a path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &log{}
	at := "ipc://" + filepath.Join(dir, "w")
	m := newMeadowOf(t, 10, Config{Frames: at, Requests: at + ".requests", Say: l.say})
	t.Cleanup(m.close)
	return m, l
}

// Who of those that connect at about the same time is refused is nobody's to say:
// a place is taken when the handshake is over at the other end.
func TestAllPlacesOfViewersAreReal(t *testing.T) {
	m, l := spoken(t)
	frames, _ := m.station.Endpoints()
	shown := make(chan error, places+1)
	for range places + 1 {
		k, err := zmq.Dial(t.Context(), zmq.DialConfig{Endpoint: frames, Type: "SUB"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { k.Close() })
		go func() {
			err := k.Subscribe(netsync.TopicClock)
			if err == nil {
				_, _, err = next(k)
			}
			shown <- err
		}()
	}
	l.await(t, "connections refused: 1, ", "256 connections, the most of them (256) from this machine")
	refused := 0
	for n := 0; n < places+1; {
		m.step()
		select {
		case err := <-shown:
			if err != nil {
				refused++
			}
			n++
		default:
		}
	}
	if refused != 1 {
		t.Errorf("%d of %d viewers are shown nothing, want 1", refused, places+1)
	}
}

func TestAllPlacesOfClientsAreReal(t *testing.T) {
	m, l := spoken(t)
	_, requests := m.station.Endpoints()
	for range places {
		c := dialed(t, requests)
		c.send(netsync.Request{Do: netsync.DoHello})
		if r := c.reply(); r.Error != nil {
			t.Fatal(r.Error)
		}
	}
	dialed(t, requests)
	l.await(t, "connections refused: 1, ", "256 connections, the most of them (256) from this machine")
}

func TestWhoHitsALimitIsSpokenOf(t *testing.T) {
	m, l := spoken(t)
	frames, requests := m.station.Endpoints()
	raw := func(endpoint string, b []byte) {
		c, err := net.Dial("unix", strings.TrimPrefix(endpoint, "ipc://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.Write(b)
	}
	raw(frames, append(hostile.Begin("SUB"), hostile.Command("SUBSCRIBE", make([]byte, netsync.MaxTopic+1))...))
	l.await(t, "subscription of over 255 bytes")
	raw(frames, append(hostile.Begin("PUB"), 0))
	l.await(t, "connections refused: ", `a "PUB" cannot connect to a PUB`)
	raw(requests, append(hostile.Begin("PUB"), 0))
	l.await(t, "connections refused: ", `a "PUB" cannot connect to a ROUTER`)
	known := dialed(t, requests)
	known.send(netsync.Request{Do: netsync.DoHello})
	known.reply()
	large := []byte(`{"v":1,"id":9,"do":"publish","feed":"f","value":"` + strings.Repeat("x", netsync.MaxRequest) + `"}`)
	known.Send([][]byte{large})
	if r := known.reply(); r.ID != 9 || r.Error == nil || r.Error.Error() != "over a limit: over 65536 bytes in one part; send less at a time" {
		t.Errorf("a request that is too large: %+v, %v", r, r.Error)
	}
	l.await(t, "requests refused: ", "because over a limit: over 65536 bytes in one part")
	c := dialed(t, requests)
	c.send(netsync.Request{Do: netsync.DoHello})
	c.reply() // it is known
	for range 300 {
		c.send(netsync.Request{Do: netsync.DoHello})
	}
	l.await(t, "requests refused: ", "because over a limit: 100 requests a second")
	known.Send([][]byte{make([]byte, 4*netsync.MaxRequest+1)})
	l.await(t, "clients cut off: 1, the last because over a limit: frame of 262145 bytes, over the 65536 allowed")
}
