package zmq

import (
	"fmt"
	"net"
	"slices"
	"sync"
)

// An ID is one connection's, never given again by its endpoint.
type ID uint64

// An EventKind says what happened.
type EventKind int

const (
	Joined       EventKind = iota + 1 // a viewer, or a client
	Left                              // Err is why, nil if the peer closed, or we did
	Subscribed                        // to Topic, a prefix: Next is to give it what matches
	Unsubscribed                      // from Topic
	Refused                           // Count connections got no further than a handshake, or were cut before Joined was taken; Err is the last one's reason
	Limited                           // Count requests were refused; Err is the last one's reason
)

func (k EventKind) String() string {
	names := [...]string{"", "joined", "left", "subscribed", "unsubscribed", "refused", "limited"}
	if k <= 0 || int(k) >= len(names) {
		return fmt.Sprintf("EventKind(%d)", int(k))
	}
	return names[k]
}

// An Event is what an endpoint tells its owner. Those of one viewer come in
// order, from Joined to Left.
type Event struct {
	Kind   EventKind
	Viewer ID
	Remote string // of Joined, Left and Refused
	Key    Key    // of Joined: the client's public key, by CURVE
	Topic  string
	Count  uint64
	Err    error
}

// undrained is how many events of one viewer may wait before its reader does.
const undrained = 64

// events are those not taken yet. They are bounded: some add up, a viewer's
// reader waits when there are too many of its own, and who left before anyone
// knew it leaves nothing.
type events struct {
	mu     sync.Mutex
	room   sync.Cond
	list   []Event
	sums   map[sumKey]int // where one that adds up is in list
	count  map[ID]int     // of each viewer's in list
	known  map[ID]bool    // whose Joined was taken
	closed bool
	ready  chan struct{}
}

type sumKey struct {
	kind   EventKind
	viewer ID
}

func newEvents() *events {
	e := &events{sums: map[sumKey]int{}, count: map[ID]int{}, known: map[ID]bool{}, ready: make(chan struct{}, 1)}
	e.room.L = &e.mu
	return e
}

func (e *events) signal() {
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// put adds an event.
func (e *events) put(v Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v.Kind == Left {
		if !e.known[v.Viewer] {
			e.forget(v.Viewer)
			if v.Err != nil { // a limit, say: it must be known
				e.add(Event{Kind: Refused, Remote: v.Remote, Count: 1, Err: v.Err})
			}
			return
		}
		delete(e.known, v.Viewer)
	}
	e.add(v)
}

func (e *events) add(v Event) {
	switch v.Kind {
	case Refused, Limited:
		key := sumKey{v.Kind, v.Viewer}
		if i, ok := e.sums[key]; ok {
			v.Count += e.list[i].Count
			e.list[i] = v
			return
		}
		e.sums[key] = len(e.list)
	}
	e.list = append(e.list, v)
	e.count[v.Viewer]++
	e.signal()
}

// forget takes out what a viewer that nobody knows has said.
func (e *events) forget(viewer ID) {
	e.list = slices.DeleteFunc(e.list, func(v Event) bool { return v.Viewer == viewer })
	delete(e.count, viewer)
	clear(e.sums)
	for i, v := range e.list {
		switch v.Kind {
		case Refused, Limited:
			e.sums[sumKey{v.Kind, v.Viewer}] = i
		}
	}
}

// wait holds up a viewer's reader while too much of what it did waits. It
// gives up when gone says so; wakeAll makes it look.
func (e *events) wait(viewer ID, gone func() bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.count[viewer] >= undrained && !e.closed && !gone() {
		e.room.Wait()
	}
}

func (e *events) wakeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.room.Broadcast()
}

func (e *events) drain() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.list
	e.list = nil
	clear(e.sums)
	clear(e.count)
	for _, v := range list {
		if v.Kind == Joined {
			e.known[v.Viewer] = true
		}
		if v.Kind == Left {
			delete(e.known, v.Viewer)
		}
	}
	e.room.Broadcast()
	return list
}

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.room.Broadcast()
}

func (e *events) refuse(remote net.Addr, err error) {
	e.put(Event{Kind: Refused, Remote: remote.String(), Count: 1, Err: err})
}

func (e *events) join(id ID, c *conn) {
	e.put(Event{Kind: Joined, Viewer: id, Remote: c.guard.RemoteAddr().String(), Key: c.peer.key})
}

func (e *events) leave(id ID, c *conn, err error) {
	e.put(Event{Kind: Left, Viewer: id, Remote: c.guard.RemoteAddr().String(), Err: err})
}
