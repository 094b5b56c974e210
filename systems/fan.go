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

// bound is a subscription that a value comes to, and when.
type bound struct {
	node        ecs.Node
	due         ecs.Tick
	row, serial uint32
}

// fan is one publish on its way out: it asks links about each subscriber, and
// posts a fan for those of a program who are given it in one tick.
type fan struct {
	feeds   *Feeds
	way     wire // where no link is
	from    *ecs.Envelope
	group   []subscriber // the subscriptions of the node that is asked about
	bounds  []bound
	sorted  []bound
	starts  []int
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
			binary.LittleEndian.PutUint64(block[fanHeader+fanEntry*i:], uint64(all[i].row)|uint64(all[i].serial)<<32)
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
func (x *fan) block(p *parcel, list []bound) []byte {
	block := x.open(p, len(list))
	for i := range list {
		binary.LittleEndian.PutUint64(block[fanHeader+fanEntry*i:], uint64(list[i].row)|uint64(list[i].serial)<<32)
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
func addressee(block []byte, i int) (row, serial uint32) {
	word := binary.LittleEndian.Uint64(block[fanHeader+fanEntry*i:])
	return uint32(word), uint32(word >> 32)
}

// emit sends a value to subscribers in the order of nodes, each in its tick: a
// stable counting sort by tick, and a fan for those of a tick and a program.
func (x *fan) emit(e *ecs.Envelope, p *parcel, list []bound) {
	limit := x.limit(p)
	list = x.byTick(list)
	for len(list) > 0 {
		n, program := 1, list[0].node.Program()
		for n < len(list) && n < limit && list[n].due == list[0].due && list[n].node.Program() == program {
			n++
		}
		x.block(p, list[:n])
		x.post(e, p, program, list[0].due, n)
		list = list[n:]
	}
}

// sortedTicks is up to how many ticks apart a counting sort is used.
const sortedTicks = 1 << 16

// byTick returns a list in the order of ticks; the order within stays.
func (x *fan) byTick(list []bound) []bound {
	if len(list) == 0 {
		return list
	}
	first, last := list[0].due, list[0].due
	for i := range list {
		first, last = min(first, list[i].due), max(last, list[i].due)
	}
	switch {
	case first == last:
		return list
	case last-first >= sortedTicks:
		slices.SortStableFunc(list, func(a, b bound) int { return int(max(-1, min(1, a.due-b.due))) })
		return list
	}
	ticks := int(last-first) + 1
	x.starts = append(x.starts[:0], make([]int, ticks+1)...)
	for i := range list {
		x.starts[list[i].due-first+1]++
	}
	for i := range ticks {
		x.starts[i+1] += x.starts[i]
	}
	x.sorted = slices.Grow(x.sorted[:0], len(list))[:len(list)]
	for i := range list {
		at := &x.starts[list[i].due-first]
		x.sorted[*at] = list[i]
		*at++
	}
	return x.sorted
}

// prune takes from a fan in flight those whom cuts separate from its sender; it
// reports whether nobody is left.
func (x *fan) prune(e *ecs.Envelope, c *Cuts, cut Cut) bool {
	f := x.feeds
	if e.Kind() != f.value {
		return false
	}
	topic, count, p := unblock(f.world.Payload(e))
	var left []bound
	for i := range count {
		row, serial := addressee(f.world.Payload(e), i)
		if !f.lasts(row, serial) || c.between(e.From, f.faces.At(int(row)).Node)&cut == 0 {
			left = append(left, bound{row: row, serial: serial})
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
	return int(row) < f.faces.Len() && f.faces.At(int(row)).Serial == serial
}
