package publish

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/netsync"
)

// sample is some of the messages of a kind, of nodes, of links, that a client
// has asked for. The simulation's thread alone has it once it watches.
//
// Between two orders it keeps as many as it has room for, each of those that
// fit with the same chance (Vitter: Random sampling with a reservoir, 1985,
// algorithm R): the first ones would be those of the same few nodes each time.
type sample struct {
	world *World
	only  *filter
	stop  func() // watching

	perSecond float64
	tokens    float64 // messages that may be shown now: a second's at most
	fit       int     // messages that came since the last order
	kept      []keptMessage
	draws     uint64 // how many; no draw of the world's
}

// keptMessage is an envelope as it was when it was sent or dropped.
type keptMessage struct {
	order    int // among those that fit
	tick     ecs.Tick
	envelope ecs.Envelope
	cause    ecs.EnvelopeID
	due      ecs.Tick
	dropped  bool
	why      ecs.Cause
	feed     string // of a value of a feed
	nodes    int    // that it is for
	size     int    // of the payload, of which no more is kept than can be told
	payload  []byte
}

func newSample(w *World, f *filter, perSecond int) *sample {
	s := &sample{world: w, only: f, perSecond: float64(perSecond), tokens: float64(perSecond)}
	s.stop = w.Run.World.Watch(s.see)
	return s
}

// see is shown everything that is sent or dropped.
func (s *sample) see(x ecs.Sent) {
	if !s.only.takes(x.Envelope) {
		return
	}
	s.fit++
	at, room := len(s.kept), int(s.tokens)
	if at >= room {
		s.draws++
		if at = int(random.Mix(s.draws) % uint64(s.fit)); at >= room {
			return
		}
	} else {
		s.kept = slices.Grow(s.kept, 1)[:at+1]
	}
	s.keep(&s.kept[at], &x)
}

func (s *sample) keep(k *keptMessage, x *ecs.Sent) {
	w, e := s.world.Run.World, x.Envelope
	payload := w.Payload(e)
	*k = keptMessage{
		order: s.fit, tick: max(0, w.Tick()), envelope: *e, cause: x.Cause, due: x.Due, dropped: x.Dropped, why: x.Why,
		payload: k.payload[:0],
	}
	if p, subscriptions, ok := s.world.Run.Feeds.Watched(e); ok {
		k.feed, k.nodes, payload = s.world.Run.Feeds.Name(p.Feed), subscriptions, p.Bytes
		k.envelope.A = p.A
	}
	k.size = len(payload)
	k.payload = append(k.payload, payload[:min(len(payload), longValue)]...)
}

// forget drops what was kept: it was sent on the way to another moment.
func (s *sample) forget() { s.fit, s.kept = 0, s.kept[:0] }

// messageItem is an item of a sample's log.
type messageItem struct {
	Tick    ecs.Tick        `json:"tick"` // when it was sent, or dropped
	ID      string          `json:"id"`
	Cause   string          `json:"cause,omitempty"` // the message that it was sent because of
	From    string          `json:"from"`
	To      string          `json:"to,omitempty"`    // absent: a value of a feed
	Feed    string          `json:"feed,omitempty"`  // whose value it is
	Nodes   int             `json:"nodes,omitempty"` // subscriptions that it is for
	Kind    string          `json:"kind"`
	Verdict string          `json:"verdict"`       // sent, or why it was dropped
	Due     ecs.Tick        `json:"due,omitempty"` // absent: it was dropped
	Payload json.RawMessage `json:"payload,omitempty"`
	Bytes   int             `json:"bytes,omitempty"` // of a payload that cannot be told
}

// leftItem stands for messages that were left out.
type leftItem struct {
	Tick    ecs.Tick `json:"tick"`
	LeftOut int      `json:"left_out"` // since the last such item
}

// taken is what a sample has for an order.
type taken struct {
	of    *sample
	items []messageItem
	left  int // out
}

// take gives what was kept since the last time, in the order of sending, and has
// room for what comes by how long ago that was.
func (s *sample) take(since netsync.Nanos) taken {
	slices.SortStableFunc(s.kept, func(a, b keptMessage) int { return cmp.Compare(a.order, b.order) })
	t := taken{of: s, left: s.fit - len(s.kept)}
	for i := range s.kept {
		t.items = append(t.items, s.item(&s.kept[i]))
	}
	left := s.tokens - float64(len(s.kept))
	s.tokens = min(s.perSecond, left+s.perSecond*float64(since)/float64(netsync.Second))
	s.fit, s.kept = 0, s.kept[:0]
	return t
}

func (s *sample) item(k *keptMessage) messageItem {
	w, e := s.world.Run.World, &k.envelope
	item := messageItem{
		Tick: k.tick, ID: idText(e.ID()), Cause: idText(k.cause), From: w.NodeName(e.From), Kind: w.KindName(e.Kind()),
		Feed: k.feed, Nodes: k.nodes, Verdict: "sent", Due: k.due,
	}
	if k.dropped {
		item.Verdict = k.why.String()
	}
	switch {
	case k.feed == "":
		item.To = w.NodeName(e.To)
		item.Payload, item.Bytes = s.payload(k)
	case k.size > 0:
		item.Payload, item.Bytes = s.value(k)
	default:
		item.Payload = mustJSON(e.A)
	}
	return item
}

func (s *sample) value(k *keptMessage) (json.RawMessage, int) {
	if k.size > len(k.payload) {
		return nil, k.size
	}
	return s.world.value(k.payload)
}

// payload is what a message says, or how many bytes it has.
func (s *sample) payload(k *keptMessage) (json.RawMessage, int) {
	if s.world.Message == nil || k.size > len(k.payload) {
		return nil, k.size
	}
	if text := s.world.Message(&k.envelope, k.payload); text != nil && len(text) <= longValue {
		return text, 0
	}
	return nil, k.size
}

// idText is as traces have it.
func idText(id ecs.EnvelopeID) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%013x", uint64(id))
}

// sampled makes the sample that a command asks for. It watches from now on.
func (s *Station) sampled(c *Command) *netsync.Error {
	f, failed := newFilter(&s.config.World, c.Export.Messages)
	if failed != nil {
		return failed
	}
	c.sample = newSample(&s.config.World, f, c.Export.Messages.Rate())
	s.tap.samples = append(s.tap.samples, c.sample)
	return nil
}
