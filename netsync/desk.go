package netsync

import (
	"fmt"

	"orrery/ecs"
)

// DeskConfig is what a desk allows. The zero value of a field is its default.
type DeskConfig struct {
	TickNS  int64 // length of a tick
	Rate    int   // requests a second of one client: 100
	Burst   int   // of them at once: 200
	Waiting int   // commands that wait for the run: 1024
	Clients int   // at most: 256
	// Watch refuses what acts: who is not trusted may look.
	Watch bool
}

// Desk answers requests. What only looks it answers itself; what acts waits as
// a Command for who runs the world.
type Desk struct {
	hub     *Hub
	config  DeskConfig
	schema  Schema
	clients []*Client
	waiting []Command
	running int // commands of clients that were taken and have no reply yet
	tick    ecs.Tick
}

// Client is one peer of the request endpoint.
type Client struct {
	desk    *Desk
	running int     // of the desk's
	tokens  float64 // requests that it may send yet
	last    Nanos
	began   bool
}

// Command is a request to who runs the world, in order of coming.
type Command struct {
	Client  *Client
	Request Request
}

// NewDesk returns a desk that speaks for a hub.
func NewDesk(h *Hub, c DeskConfig) *Desk {
	defaults(&c.Rate, 100)
	defaults(&c.Burst, 2*c.Rate)
	defaults(&c.Waiting, 1024)
	defaults(&c.Clients, 256)
	d := &Desk{hub: h, config: c}
	d.Know(nil, 0)
	return d
}

// Know tells what there is to act on: after every change of tables and parts.
func (d *Desk) Know(parts []Part, tick ecs.Tick) Schema {
	d.schema, d.tick = d.hub.Schema(d.config.TickNS, parts), tick
	return d.schema
}

// At tells the world's tick.
func (d *Desk) At(tick ecs.Tick) { d.tick = tick }

// Join adds a client.
func (d *Desk) Join() (*Client, error) {
	if len(d.clients) >= d.config.Clients {
		return nil, &LimitError{"clients", int64(d.config.Clients)}
	}
	c := &Client{desk: d}
	d.clients = append(d.clients, c)
	return c, nil
}

// Leave takes a client out. What it has asked for is still done; nobody is told,
// and it takes nobody's place: calls may last for years.
func (c *Client) Leave() {
	if c.desk == nil {
		return
	}
	c.desk.running -= c.running
	c.running = 0
	for i, x := range c.desk.clients {
		if x == c {
			c.desk.clients = append(c.desk.clients[:i], c.desk.clients[i+1:]...)
			break
		}
	}
	c.desk = nil
}

// Gone reports whether there is nobody to reply to any more.
func (c *Client) Gone() bool { return c.desk == nil }

// Answer takes a request of a client. It returns the parts of the reply, none
// if the request waits as a command.
func (c *Client) Answer(now Nanos, message []byte) [][]byte {
	parts, frame := c.Reply(now, message)
	if frame != nil {
		parts = append(parts, frame.ready().Parts()...)
	}
	return parts
}

// Reply is Answer for who writes frames beside the hub: the parts of the frame
// follow those that are returned.
func (c *Client) Reply(now Nanos, message []byte) (parts [][]byte, frame *Draft) {
	d := c.desk
	if d == nil {
		return nil, nil
	}
	if !c.spend(now) {
		return d.reply(RequestID(message), nil, fail(CodeLimit, fmt.Sprintf("more than %d requests a second", d.config.Rate), "wait a moment between them")), nil
	}
	r, e := ParseRequest(message)
	if e != nil {
		return d.reply(r.ID, nil, e), nil
	}
	if n, _ := needOf(r.Do); n.by != desk {
		return d.queue(c, r, n.by), nil
	}
	switch r.Do {
	case DoHello:
		return d.reply(r.ID, d.hello(), nil), nil
	case DoSchema:
		return d.reply(r.ID, marshal(d.schema), nil), nil
	case DoList:
		part, e := d.schema.part(r.What)
		return d.reply(r.ID, part, e), nil
	}
	return d.keyframe(r)
}

// spend takes a token from the client's bucket, which fills with time.
func (c *Client) spend(now Nanos) bool {
	config := &c.desk.config
	if !c.began {
		c.tokens, c.began = float64(config.Burst), true
	} else {
		c.tokens = min(float64(config.Burst), c.tokens+float64(config.Rate)*float64(now-c.last)/float64(Second))
	}
	c.last = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

func (d *Desk) queue(c *Client, r Request, by doer) [][]byte {
	switch {
	case d.config.Watch && by == acts:
		return d.reply(r.ID, nil, fail(CodeRefused, fmt.Sprintf("%s acts, and this run is only to be watched", r.Do), ""))
	case len(d.waiting)+d.running >= d.config.Waiting:
		return d.reply(r.ID, nil, fail(CodeBusy, fmt.Sprintf("%d commands wait", d.config.Waiting), "wait for replies, then send it again"))
	}
	d.waiting = append(d.waiting, Command{c, r})
	return nil
}

// Take appends the commands that wait, in order of coming, and has none left:
// at a tick's boundary.
func (d *Desk) Take(to []Command) []Command {
	to = append(to, d.waiting...)
	for _, c := range d.waiting {
		c.Client.run(1)
	}
	clear(d.waiting)
	d.waiting = d.waiting[:0]
	return to
}

// Done returns the parts of the reply to a command that took effect at a tick,
// or failed. A nil result is {}.
func (d *Desk) Done(c Command, tick ecs.Tick, result any, e *Error) [][]byte {
	c.Client.run(-1)
	r := Reply{Version: Version, ID: c.Request.ID, Tick: tick, Error: e}
	if e == nil {
		r.OK = []byte("{}")
		if result != nil {
			r.OK = marshal(result)
		}
	}
	return r.Parts()
}

// run counts commands of a client that begin, or end below 0. Those of one that
// has left are not counted.
func (c *Client) run(n int) {
	if c.desk != nil {
		c.running += n
		c.desk.running += n
	}
}

func (d *Desk) reply(id uint64, ok []byte, e *Error) [][]byte {
	return Reply{Version: Version, ID: id, Tick: d.tick, OK: ok, Error: e}.Parts()
}

// Hello is the reply to hello.
type Hello struct {
	Run     string `json:"run"`
	Epoch   uint64 `json:"epoch"`
	TickNS  int64  `json:"tick_ns"`
	Watch   bool   `json:"watch"` // nobody may act
	Request int    `json:"request_bytes"`
	Depth   int    `json:"request_depth"`
	Rate    int    `json:"requests_per_second"`
	Frame   int64  `json:"frame_bytes"`
	Topics  int    `json:"prefixes"`
}

func (d *Desk) hello() []byte {
	return marshal(Hello{d.hub.config.Run, d.hub.config.Epoch, d.config.TickNS, d.config.Watch, MaxRequest, MaxDepth, d.config.Rate, d.hub.config.Frame, MaxPrefixes})
}

// keyframe replies with the complete frame of a topic's latest state. A delta
// that the client has or will get follows it by its number.
func (d *Desk) keyframe(r Request) ([][]byte, *Draft) {
	t := d.hub.find(r.Topic)
	switch {
	case t == nil || t.make == nil:
		return d.reply(r.ID, nil, fail(CodeNone, fmt.Sprintf("there is no topic %q with keyframes", r.Topic), `ask {"do":"list","what":"topics"}, or of tables`)), nil
	case !t.has:
		return d.reply(r.ID, nil, fail(CodeNotYet, fmt.Sprintf("nobody has subscribed to %q, so it has no state", r.Topic), "subscribe to it: the first frame is complete")), nil
	}
	return d.reply(r.ID, []byte("{}"), nil), t.complete()
}
