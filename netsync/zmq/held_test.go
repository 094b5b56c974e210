// These tests hold publishers to the bytes that may be under way to all viewers,
// however slowly each takes its own.
package zmq

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Who reads nothing keeps a frame; when all those of many are too much, the one
// that has kept its own for longest goes, and the others stay.
func TestFramesOfSlowViewersAreBounded(t *testing.T) {
	t.Parallel()         // its garbage is not for others to be weighed with
	const size = 8 << 20 // more than sockets' buffers take
	p := publisher(t, PublisherConfig{HeldBytes: 3 * size, Limits: Limits{StallTime: time.Hour, Heartbeat: time.Hour}, Linger: time.Millisecond,
		Next: func(ID) ([][]byte, bool) {
			return [][]byte{[]byte("t"), make([]byte, size)}, true
		},
	})
	for n := uint64(1); n <= 4; n++ {
		newReader(t, p)
		isGiven := func() bool {
			p.held.mu.Lock()
			defer p.held.mu.Unlock()
			return p.held.last == n
		}
		for began := time.Now(); !isGiven(); time.Sleep(time.Millisecond) {
			if time.Since(began) > patience {
				t.Fatalf("viewer %d is given nothing", n)
			}
		}
		if n < 4 {
			expectNobodyLeft(t, p)
		}
	}
	if e := until(t, p.events, Left); !errors.Is(e.Err, errLimit) || e.Viewer != 1 {
		t.Errorf("%d left because of %v", e.Viewer, e.Err)
	}
	time.Sleep(50 * time.Millisecond)
	expectNobodyLeft(t, p)
}

// What is held is what viewers are sent, each part once, and with keys for each.
func TestHeldIsWhatViewersAreSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secure := rapid.Bool().Draw(t, "secure")
		k := &conn{guard: &guard{}}
		if secure {
			k.guard.secure = &cipher{}
		}
		h := newHeld(1 << 40)
		parts := make([][]byte, 4)
		for i := range parts {
			parts[i] = make([]byte, heldHere+i-1) // the first is too small to count
		}
		sent := map[ID][]int{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			id := ID(rapid.IntRange(1, 5).Draw(t, "viewer"))
			if rapid.Bool().Draw(t, "leaves") {
				h.release(id)
				delete(sent, id)
			} else {
				sent[id] = rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(t, "parts")
				var batch [][][]byte
				for _, i := range sent[id] {
					batch = append(batch, [][]byte{parts[i]})
				}
				h.hold(id, k, batch)
			}
			want, seen := int64(0), map[string]bool{}
			for viewer, list := range sent {
				for _, i := range list {
					key := fmt.Sprint(i)
					if secure {
						key = fmt.Sprint(i, viewer)
					}
					if i > 0 && !seen[key] {
						seen[key] = true
						want += int64(len(parts[i]))
					}
				}
			}
			if h.bytes != want || len(h.viewers) != len(seen) {
				t.Fatalf("%d bytes of %d parts are held, want %d of %d", h.bytes, len(h.viewers), want, len(seen))
			}
		}
	})
}
