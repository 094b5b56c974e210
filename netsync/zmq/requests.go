package zmq

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A RequestsConfig says where clients connect, who may, and what they may
// cost. A zero stands for the default.
type RequestsConfig struct {
	Endpoint string
	Keys     *ServerKeys
	Limits   Limits

	PerSecond   int           // requests of one client; 100, as many at once
	Waiting     int           // requests of one client not answered yet; 64
	QueueBytes  int           // requests of all clients that nobody took yet; 16 MiB
	ReplyBytes  int           // pending for one client; 64 MiB
	OwedBytes   int           // pending for all clients: over it, who takes least is cut; 256 MiB
	Linger      time.Duration // to take what is pending when it closes; 1 s
	RefuseReply func(request [][]byte, err error) [][]byte
}

const requestFrameBytes = 64 << 10

func (c RequestsConfig) withDefaults() RequestsConfig {
	c.Limits = c.Limits.withDefaults(requestFrameBytes)
	c.PerSecond = cmp.Or(c.PerSecond, 100)
	c.Waiting = cmp.Or(c.Waiting, 64)
	c.QueueBytes = cmp.Or(c.QueueBytes, 16<<20)
	c.ReplyBytes = cmp.Or(c.ReplyBytes, 64<<20)
	c.OwedBytes = cmp.Or(c.OwedBytes, 256<<20)
	c.Linger = cmp.Or(c.Linger, time.Second)
	if c.RefuseReply == nil {
		c.RefuseReply = func(_ [][]byte, err error) [][]byte { return [][]byte{[]byte("error: " + err.Error())} }
	}
	return c
}

func (c RequestsConfig) validate() error {
	if min(c.PerSecond, c.Waiting, c.QueueBytes, c.ReplyBytes, c.OwedBytes) <= 0 || c.Linger <= 0 {
		return errors.New("zmq: limits of requests must be over 0")
	}
	return c.Limits.validate()
}

// A Request is what a client asks. The empty part by which REQ, and a DEALER
// that talks like one, begins its messages is taken off.
type Request struct {
	Client ID
	Key    Key // the client's public key, by CURVE
	Parts  [][]byte

	delimited bool
	admitted  bool // counts as waiting until the reply
	bytes     int
}

// Requests is a ROUTER endpoint, to which DEALER and REQ connect.
type Requests struct {
	config RequestsConfig
	server server
	events *events

	owed atomic.Int64 // bytes of replies pending for all

	mu      sync.Mutex
	clients map[ID]*client
	list    []Request
	bytes   int
	ready   chan struct{}
	ending  bool
}

// ListenRequests opens an endpoint for requests.
func ListenRequests(c RequestsConfig) (*Requests, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	r := &Requests{config: c, events: newEvents(), clients: map[ID]*client{}, ready: make(chan struct{}, 1)}
	as := &role{socketType: "ROUTER", peers: []string{"DEALER", "REQ"}, server: c.Keys}
	if err := r.server.listen(c.Endpoint, as, c.Limits); err != nil {
		return nil, err
	}
	r.server.run(r.serve, r.events.refuse)
	return r, nil
}

// Endpoint is where clients connect, with the port that was chosen.
func (r *Requests) Endpoint() string { return format(r.server.listener.Addr()) }

// Events takes what has happened to clients since it was called last.
func (r *Requests) Events() []Event { return r.events.drain() }

// Ready has a value when there may be requests.
func (r *Requests) Ready() <-chan struct{} { return r.ready }

// Take takes the requests that wait, in the order in which they came.
func (r *Requests) Take() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list, r.bytes = nil, 0
	return list
}

// Reply answers a request, once. It never waits; a client that takes no
// replies is cut, and one that has left gets none.
func (r *Requests) Reply(to Request, parts [][]byte) {
	r.mu.Lock()
	c := r.clients[to.Client]
	r.mu.Unlock()
	if c != nil {
		c.reply(to, parts)
		r.bound()
	}
}

// bound cuts the client for whom most is pending, if all together is too much:
// what one may leave untaken many may not.
func (r *Requests) bound() {
	if r.owed.Load() <= int64(r.config.OwedBytes) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var most *client
	bytes := 0
	for _, c := range r.clients {
		if n := c.owing(); n > bytes {
			most, bytes = c, n
		}
	}
	if most != nil {
		most.drop(fmt.Errorf("%w: over %d bytes of replies not taken by all clients, and most by this one", errLimit, r.config.OwedBytes))
	}
}

// Close gives clients the replies that are pending, for Linger at most, and
// leaves nothing open.
func (r *Requests) Close() error {
	r.server.stop()
	r.mu.Lock()
	r.ending = true
	for _, c := range r.clients {
		c.end()
	}
	r.mu.Unlock()
	r.server.end(r.config.Linger)
	return nil
}

func (r *Requests) serve(id ID, k *conn) {
	c := &client{guest: newGuest(k), id: id, to: r}
	c.bucket = bucket{rate: float64(r.config.PerSecond), tokens: float64(r.config.PerSecond), at: time.Now()}
	r.events.join(id, k)
	r.mu.Lock()
	r.clients[id] = c
	if r.ending {
		c.end()
	}
	r.mu.Unlock()
	err := k.attend(c, c.wake, r.config.Limits.Heartbeat)
	if over := c.overrun(); over != nil {
		err = over
	}
	r.mu.Lock()
	delete(r.clients, id)
	r.mu.Unlock()
	r.events.leave(id, k, err)
}

// read takes requests until the connection's end.
func (c *client) read() error {
	for {
		parts, err := c.conn.receive()
		if err != nil {
			return err
		}
		over := c.to.config.Limits.fit(parts)
		q := Request{Client: c.id, Key: c.conn.peer.key, Parts: parts}
		if len(parts) > 1 && len(parts[0]) == 0 {
			q.Parts, q.delimited = parts[1:], true
		} else if c.conn.peer.socketType == "REQ" {
			return fmt.Errorf("client cut: %w: REQ without an empty part", errProtocol)
		}
		q.bytes = sizeOf(q.Parts)
		wait, err := c.admit(time.Now())
		q.admitted = err == nil
		if q.admitted {
			err = over
		}
		if err == nil {
			err = c.to.put(q)
		}
		if err != nil {
			c.to.events.put(Event{Kind: Limited, Viewer: c.id, Count: 1, Err: err})
			c.reply(q, c.to.config.RefuseReply(q.Parts, err))
		}
		if wait > 0 && !c.pause(wait) {
			return net.ErrClosed
		}
	}
}

// put queues a request that its client may make.
func (r *Requests) put(q Request) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes+q.bytes > r.config.QueueBytes {
		return fmt.Errorf("%w: %d bytes of requests wait", errLimit, r.bytes)
	}
	r.list = append(r.list, q)
	r.bytes += q.bytes
	select {
	case r.ready <- struct{}{}:
	default:
	}
	return nil
}

// A client is one connection to a Requests.
type client struct {
	guest
	id ID
	to *Requests

	// With guest's lock.
	bucket  bucket
	waiting int // requests
	pending [][][]byte
	bytes   int   // of pending
	over    error // the limit that its replies were over
}

// admit counts a request, or says why not. Wait is how long not to read: who
// asks too much is told so, and slowed down.
func (c *client) admit(now time.Time) (wait time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := c.bucket.take(now); wait > 0 {
		return wait, fmt.Errorf("%w: %g requests a second", errLimit, c.bucket.rate)
	}
	if c.waiting >= c.to.config.Waiting {
		return 0, fmt.Errorf("%w: %d requests not answered yet", errLimit, c.waiting)
	}
	c.waiting++
	return 0, nil
}

// pause waits, but not beyond the connection's end.
func (c *client) pause(d time.Duration) bool {
	time.Sleep(min(d, 100*time.Millisecond))
	return !c.isGone()
}

// reply queues one, for a request that was admitted or not.
func (c *client) reply(to Request, parts [][]byte) {
	if to.delimited {
		parts = append([][]byte{nil}, parts...)
	}
	size := sizeOf(parts)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone || c.over != nil {
		return
	}
	if to.admitted {
		c.waiting--
	}
	if most := c.to.config.ReplyBytes; c.bytes > 0 && c.bytes+size > most {
		c.cut(fmt.Errorf("%w: over %d bytes of replies not taken", errLimit, most))
		return
	}
	c.pending = append(c.pending, parts)
	c.owe(size)
	c.signal()
}

// owe counts bytes of replies, for the client and for all. The caller holds
// the lock.
func (c *client) owe(bytes int) {
	c.bytes += bytes
	c.to.owed.Add(int64(bytes))
}

// cut ends the connection for a limit. The caller holds the lock.
func (c *client) cut(why error) {
	c.over, c.pending = fmt.Errorf("client cut: %w", why), nil
	c.owe(-c.bytes)
	c.conn.close()
}

func (c *client) drop(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut(why)
}

func (c *client) owing() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// overrun is the limit that its replies were over, if one.
func (c *client) overrun() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

func (c *client) take(most int) ([][][]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, bytes := 0, 0
	for n < len(c.pending) && bytes < most {
		bytes += sizeOf(c.pending[n])
		n++
	}
	batch := c.pending[:n:n]
	c.pending = c.pending[n:]
	c.owe(-bytes)
	if len(c.pending) == 0 {
		c.pending = nil
	}
	return batch, c.gone || c.ending && len(c.pending) == 0
}

// leave drops what was not taken.
func (c *client) leave() {
	c.guest.leave()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = nil
	c.owe(-c.bytes)
}

// A bucket fills at a rate, and holds what comes in a second.
type bucket struct {
	rate, tokens float64
	at           time.Time
}

// take takes a token, or says in how long there is one.
func (b *bucket) take(now time.Time) time.Duration {
	b.tokens = min(b.rate, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
	}
	b.tokens--
	return 0
}
