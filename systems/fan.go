package systems

import (
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"

	"orrery/ecs"
)

// A fan's payload is a feed, a value, and who is to be given it: a subscription
// by its row and its serial number, so that no later one in that row is meant.
// Little-endian: the feed (4 bytes), their number and in the highest bit whether
// the value is bytes (4), the value (8), the subscriptions (8 each), bytes.
const (
	fanHeader = 16
	fanEntry  = 8
	fanBytes  = 1 << 31
	// fanLength is how many subscribers a fan is for at most: a payload of
	// 32 KB, which a cache holds.
	fanLength = 4096
)

// parcel is a value of a feed.
type parcel struct {
	topic int32
	a     uint64
	bytes []byte // instead of a
}

// makeEntry names a subscription as a payload does, splitEntry parts that.
func makeEntry(row, serial uint32) uint64          { return uint64(row) | uint64(serial)<<32 }
func splitEntry(entry uint64) (row, serial uint32) { return uint32(entry), uint32(entry >> 32) }

// fan is one publish on its way out: it asks links about each subscriber, and
// posts a fan for those of a program who are given it in one tick.
type fan struct {
	feeds   *Feeds
	way     wire // where no link is
	from    *ecs.Envelope
	linked  bool // there are links or networks, and they count
	alone   bool // each node is asked about alone
	dice    dice
	gone    []int32
	left    []subscriber
	group   []subscriber // the subscriptions of the node that is asked about
	bounds  bounds
	apart   []apart
	lost    [ecs.Causes]int
	last    int // the row of the link that was found last,
	stride  int // and how far from the one before
	sending ecs.Envelope
	single  [1]subscriber
	buffer  []byte // of a payload
	value   []byte // of what is published
	copied  []byte // of what waited
}

// apart is what comes to one node only: a second copy, or one that was
// corrupted on its way.
type apart struct {
	envelope ecs.Envelope
	group    []subscriber
	due      ecs.Tick
}

// Publish carries out what a program left in Out for everyone.
func (x *fan) Publish(e *ecs.Envelope) {
	f := x.feeds
	p := parcel{topic: int32(e.B), a: e.A}
	hash := e.A
	if e.HasBytes() {
		x.value = append(x.value[:0], f.world.Payload(e)...)
		p.a, p.bytes = 0, x.value
		hash = xxh3.Hash(x.value)
	}
	f.figures.Edit(int(p.topic)).Published++
	f.world.Fold(8, uint64(e.ID()), f.topics.At(int(p.topic)).Key, hash)
	f.keepLast(e, &p)
	if f.seen != nil {
		f.seen(&Publication{Feed(p.topic), e.From, p.a, p.bytes})
	}
	x.send(e, &p, f.audience(int(p.topic)))
}

// send sends a value to subscribers.
func (x *fan) send(e *ecs.Envelope, p *parcel, all []subscriber) {
	if len(all) == 0 {
		return
	}
	f, l := x.feeds, x.feeds.links
	x.way = wire{}
	if way := f.way(int(p.topic)); way != nil {
		x.way = wire{Latency: way.Latency, Jitter: way.Jitter, Loss: way.Loss}
	}
	sender := f.programs.Of(e.From.Program()) // nil: the value comes from outside
	linked := (sender == nil || !sender.Direct) && l.Any()
	if linked || x.way.draws() || l.cuts.used != 0 || l.slow.rows.Len() > 0 {
		x.route(e, p, all, linked)
		return
	}
	now := f.world.Tick()
	due := max(now+1, f.world.TicksCeil(f.world.Time(now)+x.way.Latency))
	if due > now+1 {
		if first, end := own(all, e.From); end > first {
			x.bulk(e, p, all[:first], due)
			x.bulk(e, p, all[first:end], now+1)
			all = all[end:]
		}
	}
	x.bulk(e, p, all, due)
}

// own returns where a node's own subscriptions lie.
func own(all []subscriber, n ecs.Node) (first, end int) {
	first, _ = slices.BinarySearchFunc(all, subscriber{node: n}, subscriber.compare)
	for end = first; end < len(all) && all[end].node == n; {
		end++
	}
	return first, end
}

// bulk sends a value to subscribers who are given it in one tick.
func (x *fan) bulk(e *ecs.Envelope, p *parcel, all []subscriber, due ecs.Tick) {
	limit := x.limit(p)
	for len(all) > 0 {
		n := min(limit, len(all))
		program := all[0].node.Program()
		for all[n-1].node.Program() != program {
			n--
		}
		block := x.open(p, n)
		for i := range all[:n] {
			binary.LittleEndian.PutUint64(block[fanHeader+fanEntry*i:], all[i].entry)
		}
		x.post(e, p, program, due, n)
		all = all[n:]
	}
}

// open begins a payload for a number of subscribers, whose places the caller
// fills.
func (x *fan) open(p *parcel, n int) []byte {
	size := fanHeader + fanEntry*n
	x.buffer = slices.Grow(x.buffer[:0], size+len(p.bytes))[:size]
	binary.LittleEndian.PutUint32(x.buffer, uint32(p.topic))
	count := uint32(n)
	if p.bytes != nil {
		count |= fanBytes
	}
	binary.LittleEndian.PutUint32(x.buffer[4:], count)
	binary.LittleEndian.PutUint64(x.buffer[8:], p.a)
	x.buffer = append(x.buffer, p.bytes...)
	return x.buffer
}

// post sends the payload that was opened last.
func (x *fan) post(e *ecs.Envelope, p *parcel, program ecs.ProgramID, due ecs.Tick, n int) {
	w := x.feeds.world
	sent := n
	if e.Kind() == x.feeds.wake {
		sent = 0
	}
	made := ecs.MakeEnvelope(ecs.FanOf(program), e.From, e.ID(), e.Kind())
	w.PostFan(&made, x.buffer, due, sent)
}

// limit is how many subscribers a fan may be for, with the bytes of a value.
func (x *fan) limit(p *parcel) int {
	room := x.feeds.world.Config().MaxPayload - fanHeader - len(p.bytes)
	return max(1, min(fanLength, room/fanEntry))
}

// block is a payload of a value for given subscribers.
func (x *fan) block(p *parcel, list []uint64) []byte {
	block := x.open(p, len(list))
	places := block[fanHeader : fanHeader+fanEntry*len(list)]
	for _, entry := range list {
		binary.LittleEndian.PutUint64(places, entry)
		places = places[fanEntry:]
	}
	return block
}

// unblock parts a payload.
func unblock(block []byte) (topic int32, count int, p parcel) {
	n := binary.LittleEndian.Uint32(block[4:])
	count = int(n &^ fanBytes)
	p = parcel{topic: int32(binary.LittleEndian.Uint32(block)), a: binary.LittleEndian.Uint64(block[8:])}
	if n&fanBytes != 0 {
		p.bytes = block[fanHeader+fanEntry*count:]
	}
	return p.topic, count, p
}

// addressee is who is at a place in a payload.
func addressee(block []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(block[fanHeader+fanEntry*i:])
}

// emit sends a value to subscriptions, each in its tick: a fan for those of a
// tick and a program.
func (x *fan) emit(e *ecs.Envelope, p *parcel, b *bounds) {
	b.sort()
	limit, from := x.limit(p), 0
	for i := range b.parts {
		part := &b.parts[i]
		for from < part.end {
			n := min(limit, part.end-from)
			x.block(p, b.entries[from:from+n])
			x.post(e, p, part.program, part.due, n)
			from += n
		}
	}
}

// prune takes from a fan in flight those whom cuts separate from its sender; it
// reports whether nobody is left.
func (x *fan) prune(e *ecs.Envelope, c *Cuts, cut Cut) bool {
	f := x.feeds
	if e.Kind() != f.value {
		return false
	}
	topic, count, p := unblock(f.world.Payload(e))
	var left []uint64
	for i := range count {
		entry := addressee(f.world.Payload(e), i)
		if row, serial := splitEntry(entry); !f.lasts(row, serial) || c.between(e.From, f.faces.At(int(row)).Node)&cut == 0 {
			left = append(left, entry)
		}
	}
	lost := count - len(left)
	if lost == 0 {
		return false
	}
	f.figures.Edit(int(topic)).Dropped[ecs.DroppedCut] += uint64(lost)
	if len(left) == 0 {
		f.world.DropFanned(ecs.DroppedCut, lost-1) // one is counted by who asks
		return true
	}
	f.world.DropFanned(ecs.DroppedCut, lost)
	x.copied = append(x.copied[:0], p.bytes...)
	if p.bytes != nil {
		p.bytes = x.copied
	}
	f.world.Replace(e, x.block(&p, left))
	return false
}

// lasts reports whether a subscription has not ended.
func (f *Feeds) lasts(row, serial uint32) bool {
	return int(row) < len(f.ears) && f.ears[row].serial == serial
}
