package zmq

import (
	"fmt"
	"sync"
)

// heldHere is the size from which a part is counted as held.
const heldHere = 64 << 10

// held counts what is being written to all viewers, a large part that several
// are sent once. One that reads slowly keeps an old frame until it has it; many
// may keep another one each, as there are new ones every second.
type held struct {
	most int64

	mu      sync.Mutex
	bytes   int64
	viewers map[partKey]int // that are sent a part
	holding map[ID]*holding
	last    uint64
}

// A partKey is where a part is, and, as encrypted each has its own, whose.
type partKey struct {
	first *byte
	owner ID // 0: shared
}

// A holding is what one viewer is sent.
type holding struct {
	conn  *conn
	parts map[partKey]int64
	since uint64 // counts holdings: the least is the oldest
}

func newHeld(most int64) *held {
	return &held{most: most, viewers: map[partKey]int{}, holding: map[ID]*holding{}}
}

// hold replaces what a viewer is sent. Over the limit it cuts who takes longest;
// one alone may be sent what it likes.
func (h *held) hold(id ID, c *conn, batch [][][]byte) {
	n := &holding{conn: c}
	for _, message := range batch {
		for _, p := range message {
			if len(p) < heldHere {
				continue
			}
			if n.parts == nil {
				n.parts = map[partKey]int64{}
			}
			key := partKey{first: &p[0]}
			if c.guard.secure != nil {
				key.owner = id
			}
			n.parts[key] = int64(len(p))
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(id)
	if n.parts == nil {
		return
	}
	h.last++
	n.since = h.last
	h.holding[id] = n
	for key, size := range n.parts {
		if h.viewers[key]++; h.viewers[key] == 1 {
			h.bytes += size
		}
	}
	for h.bytes > h.most && len(h.holding) > 1 {
		h.cutOldest()
	}
}

// cutOldest ends the connection that takes longest.
func (h *held) cutOldest() {
	var oldest ID
	for id, x := range h.holding {
		if oldest == 0 || x.since < h.holding[oldest].since {
			oldest = id
		}
	}
	h.holding[oldest].conn.end(fmt.Errorf("viewer cut: %w: over %d bytes under way to all viewers, and it takes longest", errLimit, h.most))
	h.drop(oldest)
}

// release is for one that has left.
func (h *held) release(id ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(id)
}

func (h *held) drop(id ID) {
	x := h.holding[id]
	if x == nil {
		return
	}
	delete(h.holding, id)
	for key, size := range x.parts {
		if h.viewers[key]--; h.viewers[key] == 0 {
			delete(h.viewers, key)
			h.bytes -= size
		}
	}
}
