package zmq

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A PublisherConfig says what viewers are given, where they connect, who may,
// and what they may cost. A zero stands for the default.
type PublisherConfig struct {
	Endpoint string      // tcp://HOST:PORT or ipc://PATH
	Keys     *ServerKeys // nil: anyone, which only this machine may be
	Limits   Limits

	// Next returns the message that a viewer is to be sent next, its topic
	// first; false if there is none now. It is called when the viewer's
	// connection can take one, by a goroutine of the viewer's: for one viewer
	// after the other, for different ones at once. What it returns is shared
	// and must not change any more.
	Next func(viewer ID) (parts [][]byte, ok bool)

	Subscriptions int           // of one viewer; 256
	PrefixBytes   int           // of one subscription; 256
	HeldBytes     int64         // under way to all viewers, shared parts once: over it, who takes longest is cut; 1 GiB
	Linger        time.Duration // to take what Next still has when it closes; 1 s
}

// pubFrameBytes is what a viewer's frame may have: it sends subscriptions.
const pubFrameBytes = 4 << 10

func (c PublisherConfig) withDefaults() PublisherConfig {
	c.Limits = c.Limits.withDefaults(pubFrameBytes)
	c.Subscriptions = cmp.Or(c.Subscriptions, 256)
	c.PrefixBytes = cmp.Or(c.PrefixBytes, 256)
	c.HeldBytes = cmp.Or(c.HeldBytes, 1<<30)
	c.Linger = cmp.Or(c.Linger, time.Second)
	return c
}

func (c PublisherConfig) validate() error {
	if c.Next == nil {
		return errors.New("zmq: a publisher needs Next, which says what viewers are sent")
	}
	if min(c.Subscriptions, c.PrefixBytes) <= 0 || c.HeldBytes <= 0 || c.Linger <= 0 {
		return errors.New("zmq: limits of a publisher must be over 0")
	}
	return c.Limits.validate()
}

// A Publisher is a PUB endpoint, to which SUB and XSUB connect. It keeps
// nothing for a viewer: it asks when the viewer's connection can take more.
type Publisher struct {
	config PublisherConfig
	server server
	events *events
	held   *held

	mu      sync.Mutex
	viewers map[ID]*viewer
	ending  bool
}

// ListenPublisher opens a publisher. Its owner drains events, or viewers wait.
func ListenPublisher(c PublisherConfig) (*Publisher, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	p := &Publisher{config: c, events: newEvents(), held: newHeld(c.HeldBytes), viewers: map[ID]*viewer{}}
	r := &role{socketType: "PUB", peers: []string{"SUB", "XSUB"}, server: c.Keys}
	if err := p.server.listen(c.Endpoint, r, c.Limits); err != nil {
		return nil, err
	}
	p.server.run(p.serve, p.events.refuse)
	return p, nil
}

// Endpoint is where viewers connect, with the port that was chosen.
func (p *Publisher) Endpoint() string { return format(p.server.listener.Addr()) }

// Events takes what has happened since it was called last.
func (p *Publisher) Events() []Event { return p.events.drain() }

// Ready has a value when there may be events.
func (p *Publisher) Ready() <-chan struct{} { return p.events.ready }

// Wake says that Next has something for viewers; none named: for all. It never
// waits. Who is in the midst of sending asks Next anyway.
func (p *Publisher) Wake(viewers ...ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range viewers {
		if v := p.viewers[id]; v != nil {
			v.signal()
		}
	}
	if len(viewers) == 0 {
		for _, v := range p.viewers {
			v.signal()
		}
	}
}

// Close gives viewers what Next still has, for Linger at most, and leaves
// nothing open. Next is not called any more when it returns.
func (p *Publisher) Close() error {
	p.server.stop()
	p.mu.Lock()
	p.ending = true
	for _, v := range p.viewers {
		v.end()
	}
	p.mu.Unlock()
	p.events.close()
	p.server.end(p.config.Linger)
	return nil
}

func (p *Publisher) serve(id ID, c *conn) {
	v := &viewer{
		guest: newGuest(c), id: id, events: p.events, held: p.held, next: p.config.Next,
		subs: subscriptions{most: p.config.Subscriptions, mostBytes: p.config.PrefixBytes},
	}
	p.events.join(id, c)
	p.mu.Lock()
	p.viewers[id] = v
	if p.ending {
		v.end()
	}
	p.mu.Unlock()
	err := c.attend(v, v.wake, p.config.Limits.Heartbeat)
	p.held.release(id)
	p.mu.Lock()
	delete(p.viewers, id)
	p.mu.Unlock()
	p.events.leave(id, c, err)
}

// A viewer is one connection to a publisher.
type viewer struct {
	guest
	id     ID
	events *events
	held   *held
	next   func(ID) ([][]byte, bool)
	subs   subscriptions // its reader's
}

// read takes subscriptions until the connection's end.
func (v *viewer) read() error {
	for {
		parts, err := v.conn.receive()
		if err != nil {
			return err
		}
		if err := v.subscribe(parts); err != nil {
			return fmt.Errorf("viewer cut: %w", err)
		}
		v.events.wait(v.id, v.isGone)
	}
}

func (v *viewer) subscribe(parts [][]byte) error {
	c, changed, err := v.subs.apply(parts)
	if changed {
		kind := Unsubscribed
		if c.on {
			kind = Subscribed
		}
		v.events.put(Event{Kind: kind, Viewer: v.id, Topic: c.prefix})
	}
	return err
}

// take asks for what is next, when the connection can take it: so what is sent
// is as new as can be.
func (v *viewer) take(most int) (batch [][][]byte, last bool) {
	v.mu.Lock()
	gone, ending := v.gone, v.ending // before Next is asked: what came before the end is sent
	v.mu.Unlock()
	if gone {
		return nil, true
	}
	defer func() { v.held.hold(v.id, v.conn, batch) }()
	for most > 0 {
		parts, ok := v.next(v.id)
		if !ok {
			return batch, ending
		}
		if len(parts) == 0 {
			panic("zmq: a message without a topic")
		}
		batch = append(batch, parts)
		most -= sizeOf(parts)
	}
	return batch, false
}

// partBytes is what a part is counted for beside its content.
const partBytes = 64

func sizeOf(parts [][]byte) int {
	n := 0
	for _, p := range parts {
		n += len(p) + partBytes
	}
	return n
}

// leave releases the reader too, which may wait for its events to be taken.
func (v *viewer) leave() {
	v.guest.leave()
	v.events.wakeAll()
}
