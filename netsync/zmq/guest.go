package zmq

import (
	"sync"
	"time"
)

// A guest is what a viewer and a client have in common: a connection that is
// read and written side by side, and its end.
type guest struct {
	conn *conn
	wake chan struct{} // has a value when the writer is to look again

	mu     sync.Mutex
	ending bool // the writer ends when there is nothing more to send
	gone   bool
}

func newGuest(c *conn) guest { return guest{conn: c, wake: make(chan struct{}, 1)} }

func (g *guest) signal() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// end lets the writer finish.
func (g *guest) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending = true
	g.signal()
}

// leave releases the writer if it waits.
func (g *guest) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
	g.signal()
}

func (g *guest) isGone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gone
}

// attended is a viewer or a client.
type attended interface {
	source
	read() error // until the connection's end
	leave()      // releases reader and writer, if they wait
}

// attend reads and writes until the connection's end, and says why it ended:
// nil if the peer closed it, or we did.
func (c *conn) attend(a attended, wake <-chan struct{}, heartbeat time.Duration) error {
	c.expectBeats(heartbeat)
	written := make(chan error, 1)
	go func() {
		err := c.write(a, wake, heartbeat)
		if err != nil {
			c.close()
			a.leave()
		}
		written <- err
	}()
	err := a.read()
	c.close()
	a.leave()
	err = ending(err, <-written)
	if why := c.why.Load(); why != nil {
		return *why
	}
	return err
}
