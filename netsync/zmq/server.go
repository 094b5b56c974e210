package zmq

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A server accepts connections, has their handshakes side by side, and serves
// those that are good: it is what both kinds of endpoint have in common.
type server struct {
	role     *role
	limits   Limits
	listener net.Listener
	serve    func(ID, *conn)       // until the connection's end
	refuse   func(net.Addr, error) // tells of one that got nowhere
	group    sync.WaitGroup        // all goroutines
	done     chan struct{}         // closed when it stops
	mu       sync.Mutex
	shaking  []net.Conn   // oldest first
	serving  map[ID]*conn // in a place
	last     ID
	stopped  bool
}

// listen opens the endpoint, without serving it yet.
func (s *server) listen(text string, r *role, limits Limits) error {
	e, err := parseEndpoint(text)
	if err != nil {
		return err
	}
	if r.server != nil {
		r.jar = &cookieJar{}
	}
	l, err := e.listen(r.server)
	if err != nil {
		return err
	}
	s.role, s.limits, s.listener = r, limits, l
	return nil
}

func (s *server) run(serve func(ID, *conn), refuse func(net.Addr, error)) {
	s.serve, s.refuse = serve, refuse
	s.done = make(chan struct{})
	s.serving = map[ID]*conn{}
	s.group.Add(1)
	go s.accept()
}

func (s *server) accept() {
	defer s.group.Done()
	pause := time.Duration(0)
	for {
		c, err := s.listener.Accept()
		if err == nil {
			pause = 0
			s.begin(c)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of descriptors, most likely: others must close first.
		s.refuse(s.listener.Addr(), fmt.Errorf("cannot accept: %w", err))
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-s.done:
			return
		case <-time.After(pause):
		}
	}
}

// begin starts a handshake. Another makes room for it: who is silent holds up
// nobody.
func (s *server) begin(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		c.Close()
		return
	}
	if len(s.shaking) >= s.limits.Handshakes {
		i := oldestOfMost(s.shaking)
		s.shaking[i].Close()
		s.shaking = slices.Delete(s.shaking, i, i+1)
	}
	s.shaking = append(s.shaking, c)
	s.group.Add(1)
	go s.handle(c)
}

// oldestOfMost picks the handshake that makes room: the oldest from where most
// come from, so that a flood from one place ends its own and no other's.
func oldestOfMost(shaking []net.Conn) int {
	count := map[netip.Prefix]int{}
	most := 0
	for _, c := range shaking {
		place := placeOf(c.RemoteAddr())
		count[place]++
		most = max(most, count[place])
	}
	return slices.IndexFunc(shaking, func(c net.Conn) bool { return count[placeOf(c.RemoteAddr())] == most })
}

// placeOf is where a peer is: its address, or the network of 64 bits that one
// machine has to itself with IPv6.
func placeOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{} // this machine
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	if ip.IsLoopback() {
		return netip.Prefix{} // which has millions of such addresses
	}
	place, _ := ip.Prefix(min(64, ip.BitLen()))
	return place
}

func (s *server) handle(c net.Conn) {
	defer s.group.Done()
	k, err := open(c, s.role, s.limits, true)
	id, before, err := s.settle(c, k, err)
	if err != nil {
		c.Close()
		s.refuse(c.RemoteAddr(), err)
		return
	}
	if before != nil {
		<-before.left
	}
	s.serve(id, k)
	k.close()
	close(k.left)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.serving, id)
}

// settle ends a handshake, and admits the connection if there is room, or some
// is made: then another one had its place before, and is to be waited for.
func (s *server) settle(c net.Conn, k *conn, err error) (id ID, before *conn, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shaking := len(s.shaking)
	s.shaking = slices.DeleteFunc(s.shaking, func(o net.Conn) bool { return o == c })
	switch {
	case shaking == len(s.shaking) && !s.stopped:
		return 0, nil, fmt.Errorf("%w: %d handshakes at once, and this was the oldest from where most came", errLimit, s.limits.Handshakes)
	case err != nil:
		return 0, nil, err
	case s.stopped:
		return 0, nil, net.ErrClosed
	}
	k.from = s.partyOf(k)
	if len(s.serving) >= s.limits.Connections {
		if before, err = s.makeRoom(k.from); err != nil {
			return 0, nil, err
		}
	}
	s.last++
	s.serving[s.last] = k
	return s.last, before, nil
}

// stop accepts nothing more and ends handshakes.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	close(s.done)
	s.listener.Close()
	for _, c := range s.shaking {
		c.Close()
	}
}

// end closes all connections, after linger at the latest, and waits until
// nothing of the server is left.
func (s *server) end(linger time.Duration) {
	timer := time.AfterFunc(linger, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.serving {
			c.close()
		}
	})
	s.group.Wait()
	timer.Stop()
}

// A source gives a connection's writer what to send.
type source interface {
	// take gives the next messages of about most bytes. If there are none
	// and never will be, last is true.
	take(most int) (batch [][][]byte, last bool)
}

// write sends what a source has, and pings, until an error or the last
// message. Then it closes its half, so that the peer has all and closes.
func (c *conn) write(from source, wake <-chan struct{}, heartbeat time.Duration) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		batch, last := from.take(flushBytes)
		for i, parts := range batch {
			if err := c.send(parts, i == len(batch)-1); err != nil {
				return err
			}
		}
		if last {
			return c.closeWrite()
		}
		select {
		case <-beat.C:
			if err := c.beat(heartbeat); err != nil {
				return err
			}
			continue
		case context := <-c.guard.pongs:
			if err := c.guard.sendCommand("PONG", context); err != nil {
				return err
			}
			continue
		default:
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-beat.C:
			if err := c.beat(heartbeat); err != nil {
				return err
			}
		case context := <-c.guard.pongs:
			if err := c.guard.sendCommand("PONG", context); err != nil {
				return err
			}
		}
	}
}

// silentBeats is how many heartbeats without a sign of life end a connection.
const silentBeats = 3

// beat pings a peer that knows how to answer.
func (c *conn) beat(heartbeat time.Duration) error {
	if c.peer.minor == 0 {
		return nil
	}
	return c.guard.ping(silentBeats * heartbeat)
}

// expectBeats makes silence an error, for the one who reads.
func (c *conn) expectBeats(heartbeat time.Duration) {
	if c.peer.minor > 0 {
		c.guard.pulse.silence = silentBeats * heartbeat
	}
}

func (c *conn) closeWrite() error {
	if half, ok := c.guard.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	c.close()
	return nil
}

// ending is why a connection ended, by what its reader and its writer saw:
// nil if the peer closed it, whatever was under way, or we did.
func ending(read, written error) error {
	for _, err := range []error{written, read} {
		closed := err == nil || err == io.EOF || errors.Is(err, net.ErrClosed) ||
			errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
		if !closed {
			return err
		}
	}
	return nil
}
