package zmq

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A PublisherConfig says where viewers connect, who may, and what they may
// cost. A zero stands for the default.
type PublisherConfig struct {
	Endpoint string      // tcp://HOST:PORT or ipc://PATH
	Keys     *ServerKeys // nil: anyone, which only this machine may be
	Limits   Limits

	QueueBytes    int           // pending for one viewer; 64 MiB
	TopicMessages int           // pending for one viewer of one topic; 32
	HandoverBytes int           // published and not given to viewers' queues yet; 128 MiB
	Subscriptions int           // of one viewer; 256
	PrefixBytes   int           // of one subscription; 256
	Linger        time.Duration // to take what is pending when it closes; 1 s
}

// pubFrameBytes is what a viewer's frame may have: it sends subscriptions.
const pubFrameBytes = 4 << 10

func (c PublisherConfig) withDefaults() PublisherConfig {
	c.Limits = c.Limits.withDefaults(pubFrameBytes)
	c.QueueBytes = cmp.Or(c.QueueBytes, 64<<20)
	c.TopicMessages = cmp.Or(c.TopicMessages, 32)
	c.HandoverBytes = cmp.Or(c.HandoverBytes, 128<<20)
	c.Subscriptions = cmp.Or(c.Subscriptions, 256)
	c.PrefixBytes = cmp.Or(c.PrefixBytes, 256)
	c.Linger = cmp.Or(c.Linger, time.Second)
	return c
}

func (c PublisherConfig) validate() error {
	if min(c.QueueBytes, c.TopicMessages, c.HandoverBytes, c.Subscriptions, c.PrefixBytes) <= 0 || c.Linger <= 0 {
		return errors.New("zmq: limits of a publisher must be over 0")
	}
	return c.Limits.validate()
}

// A Publisher is a PUB endpoint, to which SUB and XSUB connect. Publish and
// Send never wait, and cost the same for any number of viewers.
type Publisher struct {
	config PublisherConfig
	server server
	events *events

	mu      sync.Mutex
	viewers map[ID]*viewer
	ending  bool

	inbox   inbox
	fanning sync.WaitGroup
}

// ListenPublisher opens a publisher. Its owner drains events, or viewers wait.
func ListenPublisher(c PublisherConfig) (*Publisher, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	p := &Publisher{config: c, events: newEvents(), viewers: map[ID]*viewer{}}
	r := &role{socketType: "PUB", peers: []string{"SUB", "XSUB"}, server: c.Keys}
	if err := p.server.listen(c.Endpoint, r, c.Limits); err != nil {
		return nil, err
	}
	p.inbox.init(c.HandoverBytes)
	p.server.serve = p.serve
	p.server.refuse = p.events.refuse
	p.fanning.Add(1)
	go p.fan()
	p.server.run()
	return p, nil
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

func (e *events) refuse(remote net.Addr, err error) {
	e.put(Event{Kind: Refused, Remote: remote.String(), Count: 1, Err: err})
}

// Endpoint is where viewers connect, with the port that was chosen.
func (p *Publisher) Endpoint() string { return format(p.server.listener.Addr()) }

// Events takes what has happened since it was called last.
func (p *Publisher) Events() []Event { return p.events.drain() }

// Ready has a value when there may be events.
func (p *Publisher) Ready() <-chan struct{} { return p.events.ready }

// Publish sends messages to all who have subscribed to their topics. Their
// bytes must not change afterwards.
func (p *Publisher) Publish(messages ...Message) {
	for _, m := range messages {
		p.inbox.put(0, m)
	}
}

// Send sends messages to one viewer, if it has subscribed to their topics, in
// order with what is published.
func (p *Publisher) Send(to ID, messages ...Message) {
	for _, m := range messages {
		p.inbox.put(to, m)
	}
}

// lowWater is what a viewer may have pending and be given more.
const lowWater = 256 << 10

// Give sends a message to one viewer, if it has subscribed to its topic, and
// tells whether it would take another now. If not, a Drained follows when it
// does. Who only gives, and minds that, decides alone what each viewer gets
// next; nothing is dropped then. It does not wait for what was published or
// sent, so a topic is either given or published.
func (p *Publisher) Give(to ID, m Message) (more bool) {
	v := p.viewer(to)
	return v != nil && v.give(m)
}

// Close gives viewers what is pending, for Linger at most, and leaves
// nothing open.
func (p *Publisher) Close() error {
	p.server.stop()
	p.inbox.close()
	p.fanning.Wait()
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

// serve is a viewer's reader; its writer runs beside it.
func (p *Publisher) serve(id ID, c *conn) {
	v := &viewer{
		id: id, conn: c, events: p.events,
		wake:  make(chan struct{}, 1),
		queue: newQueue(p.config.QueueBytes, p.config.TopicMessages),
		subs:  subscriptions{most: p.config.Subscriptions, mostBytes: p.config.PrefixBytes},
	}
	remote := c.guard.RemoteAddr().String()
	p.events.put(Event{Kind: Joined, Viewer: id, Remote: remote, Key: c.peer.key})
	p.mu.Lock()
	p.viewers[id] = v
	if p.ending {
		v.end()
	}
	p.mu.Unlock()
	c.expectBeats(p.config.Limits.Heartbeat)

	written := make(chan error, 1)
	go func() {
		err := c.write(v, v.wake, p.config.Limits.Heartbeat)
		if err != nil {
			c.close()
		}
		v.stop(err != nil)
		written <- err
	}()
	err := v.read()
	c.close()
	v.stop(true)
	err = ending(err, <-written)
	p.mu.Lock()
	delete(p.viewers, id)
	p.mu.Unlock()
	p.events.put(Event{Kind: Left, Viewer: id, Remote: remote, Err: err})
}

// fan gives what was published to viewers' queues.
func (p *Publisher) fan() {
	defer p.fanning.Done()
	for {
		entries, lost, open := p.inbox.take()
		viewers := p.all()
		for _, e := range entries {
			if e.to == 0 {
				for _, v := range viewers {
					v.offer(e.message)
				}
			} else if v := p.viewer(e.to); v != nil {
				v.offer(e.message)
			}
		}
		for key, n := range lost {
			for _, v := range viewers {
				if key.to == 0 || key.to == v.id {
					v.lose(key.topic, n)
				}
			}
		}
		if !open {
			return
		}
	}
}

func (p *Publisher) all() []*viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*viewer, 0, len(p.viewers))
	for _, v := range p.viewers {
		list = append(list, v)
	}
	return list
}

func (p *Publisher) viewer(id ID) *viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.viewers[id]
}

// An inbox is what was published and has not reached the viewers' queues. If
// it is full, the topic loses what comes until it is emptied.
type inbox struct {
	mu     sync.Mutex
	filled sync.Cond
	limit  int
	bytes  int
	list   []entry
	lost   map[inboxKey]uint64
	closed bool
}

type entry struct {
	to      ID // 0: all
	message Message
}

type inboxKey struct {
	to    ID
	topic string
}

func (b *inbox) init(limit int) {
	b.limit, b.lost = limit, map[inboxKey]uint64{}
	b.filled.L = &b.mu
}

func (b *inbox) put(to ID, m Message) {
	if len(m.Parts) == 0 {
		panic("zmq: a message without a topic")
	}
	size := m.size()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	if len(b.lost) > 0 || b.bytes > 0 && b.bytes+size > b.limit {
		key := inboxKey{to, m.topic()}
		if b.lost[key] > 0 || b.bytes+size > b.limit {
			b.lost[key]++
			return
		}
	}
	b.list = append(b.list, entry{to, m})
	b.bytes += size
	b.filled.Signal()
}

// take waits for something. When open is false it was the last.
func (b *inbox) take() (list []entry, lost map[inboxKey]uint64, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.list) == 0 && !b.closed {
		b.filled.Wait()
	}
	list = b.list
	b.list, b.bytes = nil, 0
	if len(b.lost) > 0 {
		lost, b.lost = b.lost, map[inboxKey]uint64{}
	}
	return list, lost, !b.closed
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.filled.Signal()
}

// A viewer is one connection to a publisher.
type viewer struct {
	id     ID
	conn   *conn
	events *events
	wake   chan struct{}

	mu     sync.Mutex
	queue  *queue
	subs   subscriptions
	full   bool // it was told to wait for Drained
	ending bool // the writer ends when nothing is pending
	gone   bool
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
	v.mu.Lock()
	c, changed, err := v.subs.apply(parts)
	if changed && !c.on {
		v.queue.keep(v.subs.match)
	}
	v.mu.Unlock()
	if changed {
		kind := Unsubscribed
		if c.on {
			kind = Subscribed
		}
		v.events.put(Event{Kind: kind, Viewer: v.id, Topic: c.prefix})
	}
	return err
}

func (v *viewer) offer(m Message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.gone && v.subs.match(m.topic()) {
		v.queue.push(m)
		v.signal()
	}
}

func (v *viewer) give(m Message) (more bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return false
	}
	topic := m.topic()
	if !v.subs.match(topic) {
		return true
	}
	v.queue.push(m)
	v.signal()
	v.full = v.queue.bytes >= lowWater || len(v.queue.lane(topic).pending) >= v.queue.perTopic
	return !v.full
}

// lose tells of messages that never reached the queue.
func (v *viewer) lose(topic string, n uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.gone && v.subs.match(topic) {
		v.queue.lose(v.queue.lane(topic), n)
		v.signal()
	}
}

func (v *viewer) take(most int) ([][][]byte, bool) {
	v.mu.Lock()
	batch := v.queue.take(most)
	lags := v.queue.lags()
	last := v.gone || v.ending && len(v.queue.ring) == 0
	drained := v.full && v.queue.bytes < lowWater
	v.full = v.full && !drained
	v.mu.Unlock()
	if drained {
		v.events.put(Event{Kind: Drained, Viewer: v.id})
	}
	for _, l := range lags {
		v.events.put(Event{Kind: Lagged, Viewer: v.id, Topic: l.topic, Count: l.missed, Whole: l.whole})
	}
	return batch, last
}

func (v *viewer) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// end lets the writer finish.
func (v *viewer) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ending = true
	v.signal()
}

// stop releases what is pending, and reader and writer if they wait.
func (v *viewer) stop(gone bool) {
	v.mu.Lock()
	if gone {
		v.gone = true
		v.queue = newQueue(v.queue.limit, v.queue.perTopic)
	}
	v.signal()
	v.mu.Unlock()
	v.events.wakeAll()
}

func (v *viewer) isGone() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.gone
}
