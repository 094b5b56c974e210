package zmq

import (
	"bufio"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

// A conn carries messages after a handshake. One goroutine may receive while
// another sends.
type conn struct {
	peer  peer
	guard *guard
	zmtp  *zmq4.Conn

	from party         // the server's
	left chan struct{} // closed when it has been served
	why  atomic.Pointer[error]
}

// readBuffer is small, since large bodies go past it.
const readBuffer = 4 << 10

// open has the handshake on a fresh connection, and closes it if that fails.
func open(c net.Conn, r *role, limits Limits, listening bool) (*conn, error) {
	c.SetDeadline(time.Now().Add(limits.HandshakeTime))
	heard := &pulse{Conn: c, stall: limits.StallTime}
	in := bufio.NewReaderSize(heard, readBuffer)
	p, secure, err := r.shake(c, in, listening)
	if err != nil {
		c.Close()
		return nil, err
	}
	c.SetDeadline(time.Time{})
	g := newGuard(heard, in, limits, r.socketType)
	g.secure = secure
	g.greet(p.metadata)
	zmtp, err := zmq4.Open(g, null.Security(), zmq4.SocketType(r.socketType), zmq4.SocketIdentity(r.identity), listening, nil)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("zmq4 refuses a handshake that was good: %w", err)
	}
	g.opened = true
	return &conn{peer: p, guard: g, zmtp: zmtp, left: make(chan struct{})}, nil
}

// send queues a message, and writes all that is queued if flush.
func (c *conn) send(parts [][]byte, flush bool) error {
	c.guard.writing.Lock()
	defer c.guard.writing.Unlock()
	if err := c.zmtp.SendMsg(zmq4.NewMsgFrom(parts...)); err != nil {
		if c.guard.broken != nil {
			return c.guard.broken
		}
		return err
	}
	if flush {
		return c.guard.flush()
	}
	return nil
}

// receive waits for the next message.
func (c *conn) receive() ([][]byte, error) {
	m, err := c.zmtp.RecvMsg()
	if err != nil {
		if c.guard.failure != nil {
			return nil, c.guard.failure
		}
		return nil, err
	}
	return m.Frames, nil
}

func (c *conn) close() { c.guard.Conn.Close() }

// end closes it for a reason.
func (c *conn) end(why error) {
	c.why.Store(&why)
	c.close()
}
