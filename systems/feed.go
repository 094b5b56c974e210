package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Feed is the number of a feed: of a name that values are published to.
type Feed int32

// MaxFeeds is how many names of feeds and patterns a run may know.
const MaxFeeds = 1 << 20

// MaxKeep is how many values a subscription may keep.
const MaxKeep = 1 << 16

// Feeds are values that nodes publish for whoever subscribes: loss is accepted,
// and neither knows the other. A value reaches a subscriber over the link or
// network that joins them, or else as [Feeds.Way] says; a publisher's own
// subscription in the next tick. Cuts hold for all of it.
//
// Who subscribes is seen by publishers one tick after it changes, but for nodes
// that start: what they subscribe from their start is seen in that tick.
// Subscriptions end with the incarnation of their node, and so does the last
// value that a publisher gave a latched feed.
//
// What one publish sends is one pass over its subscribers, in the order of
// nodes: a fan is in flight for those of a program that are given it in one
// tick, which [ecs.Fans] are about.
type Feeds struct {
	world    *ecs.World
	programs *Programs
	links    *Links

	topics     *ecs.Rows[topicRow]
	texts      *ecs.Rows[topicText]
	figures    *ecs.Rows[FeedFigures]
	ways       *ecs.Rows[wayRow]
	serials    *ecs.Rows[serialRow] // one row once somebody has subscribed
	subs       pool[subscriptionRow, *subscriptionRow]
	faces      *ecs.Rows[faceRow]     // a row for each of subs,
	ears       []ear                  // made from it,
	thens      []uint64               // and from it, but for zeros at the end
	kept       *ecs.Rows[functionRow] // and another
	lanes      pool[laneRow, *laneRow]
	older      pool[latchedRow, *latchedRow]
	olderTexts *ecs.Rows[functionRow] // a row for each of older
	queued     pool[queuedRow, *queuedRow]
	values     *ecs.Rows[functionRow] // a row for each of queued

	derived  []subject
	byKey    index // (key of a text, 0) to topic
	patterns []int32
	bySub    index // (node, topic) to subs
	byLane   index // (row of subs, feed) to lanes
	lists    [][]subscriber
	merged   []subscriber
	versions uint64 // of lists of subscribers, so far
	listed   uint64 // version of the list that is published to; 0: it is made for the occasion

	opened      bool
	value, wake ecs.Kind

	changes []subscribed // of subscriptions, in the tick under way
	resumed []ecs.Node   // since the last act
	order   []int
	slow    int // how many subscriptions are
	fan     fan
	hand    hand
	seen    func(p *Publication) // an observer's; see Watch
	heard   heard
	read    reading
}

type subscribed struct {
	topic int32
	gone  bool
	subscriber
}

// faceRow is what deliveries ask of a subscription.
type faceRow struct {
	Then   uint64 // of the subscriber's own
	Node   ecs.Node
	Serial uint32 // no two subscriptions of a run have the same; 0: the row is free
	Topic  int32
	Slow   uint32 // 1: it has a period, or values wait
}

// ear is what each delivery asks of a subscription, apart from the rest so that
// four lie in a line of a cache.
type ear struct {
	own    uint64 // what the identity of what it is given derives from: node and topic
	node   ecs.Node
	serial uint32 // 0: there is none
}

// setEar makes what is derived of a subscription's face.
func (f *Feeds) setEar(row int) {
	for len(f.ears) <= row {
		f.ears = append(f.ears, ear{})
	}
	s := f.faces.At(row)
	f.ears[row] = ear{f.world.NameHash(s.Node) ^ f.topics.At(int(s.Topic)).Key, s.Node, s.Serial}
	if s.Then == 0 && row >= len(f.thens) {
		return
	}
	for len(f.thens) <= row {
		f.thens = append(f.thens, 0)
	}
	f.thens[row] = s.Then
}

// subscriptionRow is a node's subscription.
type subscriptionRow struct {
	Function uint64   // hash of what it keeps; 0: nothing
	Period   ecs.Tick // at most one value in that time of each feed; 0: no limit
	pace              // unless it has lanes
	Node     ecs.Node
	Serial   uint32
	Topic    int32
	Keep     int32 // of each feed
	Count    int32 // of its values that wait, of all feeds:
	Fresh    int32 // 1: it is not in view yet
	Head     int32 // the first and the last that came; one more than a row
	Tail     int32
	slot
	Lanes int32 // the first, one more than a row
}

func (r *subscriptionRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// queuedRow is a value that waits for its subscriber. While it is in use, its
// slot's Prev is the one ahead of it and Next the next of its lane, if it is in
// one; one more than a row.
type queuedRow struct {
	ID     ecs.EnvelopeID // of what the subscriber is given
	A      uint64         // or a hash of bytes
	From   ecs.Node
	Topic  int32
	Sub    int32
	Behind int32 // the next; one more than a row
	Bytes  int32
	slot
}

func (r *queuedRow) place() (*slot, ecs.Node) { return &r.slot, 0 }

type serialRow struct {
	Last uint32
	_    [4]byte
}

// wayRow is how values of feeds come to those that no link joins to a publisher.
type wayRow struct {
	Latency, Jitter ecs.Nanoseconds
	Loss            random.Probability
	Topic           int32 // its pattern
	Latched         uint8
	_               [3]byte
}

// Subscription is what a node subscribes to.
type Subscription struct {
	Name  string          // of a feed, or a pattern
	Keep  int             // how many values of a feed wait at most while the node is paused or the period lasts; the oldest is dropped; 0 is 1
	Every ecs.Nanoseconds // at most one value of a feed in that time, rounded up to a tick; 0: no limit
	Then  uint64          // the subscriber's own, which [Value] brings back
}

func (s *Subscription) validate() error {
	if err := CheckFeedPattern(s.Name); err != nil {
		return err
	}
	switch {
	case s.Keep < 0 || s.Keep > MaxKeep:
		return fmt.Errorf("a subscription keeps 1 to %d values, not %d", MaxKeep, s.Keep)
	case s.Every < 0 || s.Every > maxSpan:
		return fmt.Errorf("a subscription to %q has a period of %d ns; it must be 0 to %d ns", s.Name, s.Every, maxSpan)
	}
	return nil
}

// NewFeeds returns the feeds of a world: none yet.
func NewFeeds(w *ecs.World, p *Programs, l *Links) *Feeds {
	f := &Feeds{world: w, programs: p, links: l}
	f.topics, f.texts = ecs.NewRows[topicRow](w, "feed"), ecs.NewRows[topicText](w, "feed.text")
	f.figures = ecs.NewRows[FeedFigures](w, "feed.figures")
	f.ways, f.serials = ecs.NewRows[wayRow](w, "feed.way"), ecs.NewRows[serialRow](w, "feed.serial")
	f.subs = newPool[subscriptionRow](w, "subscription")
	f.faces = ecs.NewRows[faceRow](w, "subscription.face")
	f.kept = ecs.NewRows[functionRow](w, "subscription.function")
	f.lanes = newPool[laneRow](w, "subscription.lane")
	f.older = newPool[latchedRow](w, "feed.older")
	f.olderTexts = ecs.NewRows[functionRow](w, "feed.older.value")
	f.queued = newPool[queuedRow](w, "feed.waiting")
	f.values = ecs.NewRows[functionRow](w, "feed.waiting.value")
	f.heard = newHeard(w)
	for _, t := range []*ecs.Table{f.texts.Table(), f.figures.Table(), f.kept.Table(), f.values.Table(), f.olderTexts.Table()} {
		t.OutsideDigest()
	}
	for _, t := range []*ecs.Table{f.topics.Table(), f.faces.Table(), f.ways.Table(), f.serials.Table()} {
		t.DigestIfUsed()
	}
	f.fan.feeds, f.hand.feeds = f, f
	f.fan.value, f.fan.copied = []byte{}, []byte{} // not nil: a value of no bytes is one of bytes
	w.SetFans(&f.fan)
	return f
}

// Open declares the kinds that feeds need. It is done when a program says that
// it publishes or subscribes: a world without feeds has not these kinds.
func (f *Feeds) Open() {
	if f.opened {
		return
	}
	f.opened = true
	f.value = f.world.Kind("(feed)", 8)
	f.wake = f.world.Kind("(feed wakes)", 8)
}

// Kind returns the kind of values that come to subscribers: a program that hands
// out events by itself gives them to [Feeds.Read].
func (f *Feeds) Kind() ecs.Kind { return f.value }

// Declare returns the number of a feed by name.
func (f *Feeds) Declare(name string) Feed {
	if err := CheckFeedName(name); err != nil {
		panic("systems: " + err.Error())
	}
	f.Open()
	return Feed(f.topicOf(name))
}

// Name returns the name of a feed.
func (f *Feeds) Name(feed Feed) string { return f.derived[feed].name }

// Way says how a feed's values, or those of all that a pattern stands for, come
// to subscribers that no link joins to the publisher: latency, jitter and loss.
// If it is latched, who subscribes late is given each publisher's last value. Of two ways for
// a feed the first that was declared counts. Without one, a value is there in
// the next tick.
type Way struct {
	Latency, Jitter ecs.Nanoseconds
	Loss            random.Probability
	Latched         bool
}

// Way declares the way of feeds, before the run.
func (f *Feeds) Way(pattern string, way Way) {
	err := CheckFeedPattern(pattern)
	if l := (Link{Latency: way.Latency, Jitter: way.Jitter}); err == nil {
		err = l.validate()
	}
	if err != nil {
		panic("systems: feed: " + err.Error())
	}
	f.Open()
	row := wayRow{Latency: way.Latency, Jitter: way.Jitter, Loss: way.Loss, Topic: int32(f.topicOf(pattern))}
	if way.Latched {
		row.Latched = 1
	}
	f.ways.Add(row)
	for i := range f.derived {
		f.findWay(i)
		if w := f.way(i); w != nil {
			f.topics.Edit(i).Latched = w.Latched
		}
	}
}

// way returns how a feed's values come where no link does; nil if nobody said.
func (f *Feeds) way(feed int) *wayRow {
	if k := f.derived[feed].way; k != 0 {
		return f.ways.At(int(k) - 1)
	}
	return nil
}

// Figures returns what came of a feed's values so far.
func (f *Feeds) Figures(feed Feed) FeedFigures { return *f.figures.At(int(feed)) }

// Each calls do with each feed that a value was published to, in the order in
// which their names came up.
func (f *Feeds) Each(do func(name string, x FeedFigures)) {
	for i := range f.figures.Len() {
		if x := f.figures.At(i); x.Published > 0 {
			do(f.derived[i].name, *x)
		}
	}
}

// dropped counts values that subscribers are not given.
func (f *Feeds) dropped(feed int32, why ecs.Cause, n int) {
	f.figures.Edit(int(feed)).Dropped[why] += uint64(n)
	f.world.DropFanned(why, n)
}

// Publish has the i-th event's node publish a value.
func (f *Feeds) Publish(b *ecs.Batch, i int, feed Feed, a uint64) {
	if f.heard.kept && b.Node(i) != 0 {
		f.heard.meet(b.Node(i), int32(feed))
	}
	b.Out = append(b.Out, ecs.Send{To: ecs.Everyone, Cause: uint16(i), Kind: f.value, A: a, B: uint64(feed)})
}

// PublishBytes is Publish with bytes, which are copied.
func (f *Feeds) PublishBytes(b *ecs.Batch, i int, feed Feed, payload []byte) {
	f.Publish(b, i, feed, 0)
	b.AttachBytes(payload)
}

// like takes over what another world's feeds declared.
func (f *Feeds) like(other *Feeds) {
	f.opened, f.value, f.wake, f.heard.kept = other.opened, other.value, other.wake, other.heard.kept
}

// rebuild makes what is derived from the rows again, after a restore.
func (f *Feeds) rebuild() {
	f.subs.rebuild()
	f.queued.rebuildFree()
	f.rebuildLanes()
	f.byKey.clear()
	f.derived, f.patterns = f.derived[:0], f.patterns[:0]
	for i := range f.topics.Len() {
		f.derive(i, string(f.world.Kept(f.texts.At(i).Name)))
	}
	for i := range f.derived {
		f.findWay(i)
	}
	f.rebuildOlder()
	f.bySub.clear()
	for i := range f.subs.rows.Len() {
		if r := f.subs.rows.At(i); r.Used != 0 {
			f.bySub.put(uint64(r.Node), uint64(r.Topic), i)
		}
	}
	f.changes, f.resumed = f.changes[:0], f.resumed[:0]
	f.rejoin()
	f.heard.rebuild()
	f.links.fan, f.read = nil, reading{}
}
