package systems

import (
	"cmp"
	"encoding/binary"
	"slices"

	"orrery/ecs"
)

// A message of an epidemic is one of three:
//
//   - a probe: a hash of all that its sender knows, in A. Who knows the same says
//     nothing, others answer with
//   - a list: of what its sender knows, the versions without the values. Who gets
//     it answers with what it knows better, and asks for what it knows less of;
//   - news: entries with values, and names of entries that are asked for.
//
// So two nodes reconcile what they know (as van Renesse et al., Efficient
// reconciliation and flow control for anti-entropy protocols, 2008).
const (
	listMessage = iota
	newsMessage
)

const (
	nameBytes    = 9              // of an entry: its topic and name
	versionBytes = nameBytes + 12 // counter and writer
	valueBytes   = versionBytes + 4
	newsBytes    = 32 << 10 // after which entries go into a further message
)

// Roots of events that have no envelope.
const (
	rootTell  = 0x54454c4c
	rootRound = 0x524f554e44
)

func (e *Epidemic) appendName(to []byte, key int) []byte {
	k := e.keys.At(key)
	return binary.LittleEndian.AppendUint64(append(to, byte(k.Topic)), k.Name)
}

func (e *Epidemic) appendVersion(to []byte, key, row int) []byte {
	v := e.version(row)
	to = binary.LittleEndian.AppendUint64(e.appendName(to, key), v.Counter)
	return binary.LittleEndian.AppendUint32(to, uint32(v.Writer))
}

func (e *Epidemic) appendEntry(to []byte, key, row int) []byte {
	value := e.value(row)
	to = binary.LittleEndian.AppendUint32(e.appendVersion(to, key, row), uint32(len(value)))
	return append(to, value...)
}

// readName and readVersion are the reverse. What is no entry any more was of a
// node that has died, and is -1: a rumour that nobody needs.
func (e *Epidemic) readName(from []byte) (key int) {
	return e.key(binary.LittleEndian.Uint64(from[1:]), topic(from[0]))
}

func readVersion(from []byte) Version {
	return Version{binary.LittleEndian.Uint64(from[nameBytes:]), ecs.Node(binary.LittleEndian.Uint32(from[nameBytes+8:]))}
}

// news is a message of entries that is being written: some messages, if there
// are many.
type news struct {
	e       *Epidemic
	b       *ecs.Batch
	i       int
	to      []ecs.Node
	entries int
}

const newsHeader = 5 // what it is, and how many entries it has

func (x *news) begin() {
	x.entries = 0
	x.e.buffer = append(x.e.buffer[:0], newsMessage, 0, 0, 0, 0)
}

func (x *news) add(key, row int) {
	if len(x.e.buffer) > newsBytes {
		x.end(nil)
		x.begin()
	}
	x.e.buffer = x.e.appendEntry(x.e.buffer, key, row)
	x.entries++
}

// end sends what there is, and what is asked for with it.
func (x *news) end(wants []byte) {
	if x.entries == 0 && len(wants) == 0 {
		return
	}
	binary.LittleEndian.PutUint32(x.e.buffer[1:], uint32(x.entries))
	x.e.buffer = append(x.e.buffer, wants...)
	for _, to := range x.to {
		x.e.send(x.b, x.i, to, x.e.buffer)
	}
}

func (e *Epidemic) send(b *ecs.Batch, i int, to ecs.Node, payload []byte) {
	t := e.traffic.Edit(0)
	t.Sent++
	t.Bytes += uint64(len(payload)) + ecs.HeaderSize
	b.SendBytes(i, to, e.kind, 0, payload)
}

func (e *Epidemic) probe(b *ecs.Batch, i int, to ecs.Node, hash uint64) {
	t := e.traffic.Edit(0)
	t.Sent++
	t.Bytes += 8 + ecs.HeaderSize
	b.Out = append(b.Out, ecs.Send{To: to, Cause: uint16(i), Kind: e.kind, A: hash})
}

// receive handles a batch of messages, none of which a program sees.
func (e *Epidemic) receive(b *ecs.Batch) {
	for i := range b.Envelopes {
		x := &b.Envelopes[i]
		b.At = i
		if b.Exited() && !b.Up(i) {
			e.world.Refuse(x, ecs.DroppedDown)
			continue
		}
		payload := e.world.Payload(x)
		back := e.links.Joins(x.To, x.From)
		switch {
		case payload == nil:
			if back && x.A != e.hashOf(x.To) {
				e.list(b, i, x)
			}
		case payload[0] == listMessage:
			if back {
				e.answerList(b, i, x)
			}
		default:
			e.hear(b, i, x, back)
		}
	}
}

// list answers a probe with all versions that a node knows.
func (e *Epidemic) list(b *ecs.Batch, i int, x *ecs.Envelope) {
	m := e.member(x.To)
	e.buffer = append(e.buffer[:0], listMessage)
	for _, key := range e.entries.order {
		if row := e.known(m, int(key)); row >= 0 && !e.keys.At(int(key)).Local {
			e.buffer = e.appendVersion(e.buffer, int(key), row)
		}
	}
	e.send(b, i, x.From, e.buffer)
}

// answerList tells who sent a list what it has not, and asks for what it has.
func (e *Epidemic) answerList(b *ecs.Batch, i int, x *ecs.Envelope) {
	m := e.member(x.To)
	e.indices = e.indices[:0] // by key: one more than what is known here; 0: nothing that the other lacks
	for key := range e.keys.Len() {
		row := e.known(m, key)
		if e.keys.At(key).Local {
			row = -1
		}
		e.indices = append(e.indices, row+1)
	}
	e.more = e.more[:0]
	for p := e.world.Payload(x)[1:]; len(p) > 0; p = p[versionBytes:] {
		key := e.readName(p)
		if key < 0 {
			continue
		}
		theirs, ours := readVersion(p), e.version(e.indices[key]-1)
		if !e.later(ours, theirs) {
			e.indices[key] = 0
		}
		if e.later(theirs, ours) {
			e.more = append(e.more, p[:nameBytes]...)
		}
	}
	e.chosen = append(e.chosen[:0], x.From)
	out := news{e: e, b: b, i: i, to: e.chosen}
	out.begin()
	for _, key := range e.entries.order {
		if row := e.indices[key]; row > 0 {
			out.add(int(key), row-1)
		}
	}
	out.end(e.more)
}

// hear takes in entries, and tells what is asked for.
func (e *Epidemic) hear(b *ecs.Batch, i int, x *ecs.Envelope, back bool) {
	// A copy: to keep a value may move payloads.
	e.more = append(e.more[:0], e.world.Payload(x)...)
	count, p := binary.LittleEndian.Uint32(e.more[1:]), e.more[newsHeader:]
	for range count {
		size := int(binary.LittleEndian.Uint32(p[versionBytes:]))
		if key := e.readName(p); key >= 0 {
			e.set(b, i, x.To, x.From, key, readVersion(p), p[valueBytes:valueBytes+size])
		}
		p = p[valueBytes+size:]
	}
	if len(p) == 0 || !back {
		return
	}
	m := e.member(x.To)
	e.chosen = append(e.chosen[:0], x.From)
	out := news{e: e, b: b, i: i, to: e.chosen}
	out.begin()
	for ; len(p) > 0; p = p[nameBytes:] {
		key := e.readName(p)
		if key < 0 {
			continue
		}
		if row := e.known(m, key); row >= 0 {
			out.add(key, row)
		}
	}
	out.end(nil)
}

// tell has the nodes that learned something in this tick tell neighbours.
func (e *Epidemic) tell(d *Deliver) {
	e.pushed = append(e.pushed[:0], e.hot.All()...)
	e.hot.Truncate(0)
	slices.SortStableFunc(e.pushed, func(a, b hotRow) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Key, b.Key))
	})
	for from := 0; from < len(e.pushed); {
		program := e.pushed[from].Node.Program()
		to := from
		e.rows = e.rows[:0]
		for ; to < len(e.pushed) && e.pushed[to].Node.Program() == program; to++ {
			if to > from && e.pushed[to].Node == e.pushed[to-1].Node {
				continue
			}
			if row, ok := e.world.Row(e.pushed[to].Node); ok && e.speaks(e.pushed[to].Node) {
				e.rows = append(e.rows, uint32(row))
			}
		}
		at := e.pushed[from:to]
		d.Call(program, e.rows, rootTell, func(b *ecs.Batch) { at = e.tellBatch(b, at) })
		from = to
	}
}

// speaks reports whether a node tells what it has learned in this tick: one that
// has crashed since does not, one that has stopped says that it goes.
func (e *Epidemic) speaks(n ecs.Node) bool { return e.world.Life(n).Status != ecs.Crashed }

// tellBatch tells what the nodes of a batch have learned; it returns what is
// left for the next.
func (e *Epidemic) tellBatch(b *ecs.Batch, hot []hotRow) []hotRow {
	for i := range b.Rows {
		n := b.Node(i)
		for hot[0].Node != n {
			hot = hot[1:]
		}
		end := 1
		for end < len(hot) && hot[end].Node == n {
			end++
		}
		e.tellNode(b, i, hot[:end])
		hot = hot[end:]
	}
	return hot
}

func (e *Epidemic) tellNode(b *ecs.Batch, i int, hot []hotRow) {
	from, m := hot[0].From, e.member(hot[0].Node)
	for _, h := range hot {
		if h.From != from {
			from = 0 // several have told something, and may not know the rest
		}
	}
	e.choose(b, i, e.config.Fanout, from)
	if len(e.chosen) == 0 {
		return
	}
	out := news{e: e, b: b, i: i, to: e.chosen}
	out.begin()
	for k, h := range hot {
		if row := e.known(m, int(h.Key)); row >= 0 && (k == 0 || h.Key != hot[k-1].Key) {
			out.add(int(h.Key), row)
		}
	}
	out.end(nil)
}

// choose draws some neighbours of the i-th event's node, but for one: all, if
// they are no more.
func (e *Epidemic) choose(b *ecs.Batch, i, most int, but ecs.Node) {
	n := b.Node(i)
	e.chosen = e.chosen[:0]
	reach := e.links.Reach(n)
	if reach <= most {
		for k := range reach {
			e.choice(e.links.Reached(n, k), but)
		}
		return
	}
	draws := b.Draws(e.partner, i)
	// Floyd's way to draw a few of many without doubles (Bentley, 1987).
	e.indices = e.indices[:0]
	for k := reach - most; k < reach; k++ {
		at := int(draws.Below(uint64(k) + 1))
		if slices.Contains(e.indices, at) {
			at = k
		}
		e.indices = append(e.indices, at)
		e.choice(e.links.Reached(n, at), but)
	}
}

func (e *Epidemic) choice(n, but ecs.Node) {
	if n != but && !slices.Contains(e.chosen, n) {
		e.chosen = append(e.chosen, n)
	}
}

// Next returns the next tick in which something spreads by itself, or Never.
func (e *Epidemic) Next() ecs.Tick {
	if !e.opened {
		return ecs.Never
	}
	return e.next()
}

func (e *Epidemic) next() ecs.Tick {
	switch t := e.world.Tick(); {
	case e.hot.Len() > 0:
		return t + 1
	case e.settled():
		return ecs.Never
	default:
		return (t + e.period) / e.period * e.period
	}
}

// settled reports whether rounds would change nothing.
func (e *Epidemic) settled() bool {
	return len(e.entries.order) == 0 || e.current().apart == 0 && (e.providers == nil || !e.providers.wrong())
}

// unsettled reports whether they would change something for a node: for anybody
// that it may hear of.
func (e *Epidemic) unsettled(n ecs.Node) bool {
	a := e.current()
	part := a.parts.find(n)
	return part >= 0 && (a.tallies[part].differ() || e.providers != nil && e.providers.wrongIn(part))
}

// Act is the system's part of the act phase, after all that may change entries.
func (e *Epidemic) Act(d *Deliver) {
	if e.opened || len(e.leaving) > 0 {
		e.act(d)
	}
}

func (e *Epidemic) act(d *Deliver) {
	if e.opened {
		e.spread(d)
	}
	for _, n := range e.leaving {
		e.forget(n)
	}
	e.leaving = e.leaving[:0]
	if len(e.entries.dead) > 0 {
		e.compact()
	}
}

func (e *Epidemic) spread(d *Deliver) {
	if e.world.Tick()%e.period == 0 && !e.settled() {
		e.round(d)
	}
	if e.hot.Len() > 0 {
		e.tell(d)
	}
}

// round has each node that is up, and has something to gain or to tell, compare
// itself with a neighbour.
func (e *Epidemic) round(d *Deliver) {
	for p := 1; p < e.world.Programs(); p++ {
		id := ecs.ProgramID(p)
		e.rows = e.rows[:0]
		for row := range e.world.ProgramRows(id) {
			if e.world.LifeAt(id, row).Status == ecs.Up && e.unsettled(e.world.NodeAt(id, row)) {
				e.rows = append(e.rows, uint32(row))
			}
		}
		d.Call(id, e.rows, rootRound, e.roundBatch)
	}
}

func (e *Epidemic) roundBatch(b *ecs.Batch) {
	for i := range b.Rows {
		n := b.Node(i)
		reach := e.links.Reach(n)
		if reach == 0 {
			continue
		}
		draws := b.Draws(e.partner, i)
		other := e.links.Reached(n, int(draws.Below(uint64(reach))))
		life := e.world.Life(other)
		switch {
		case down(&life) && e.providers != nil && !e.links.parted(n, other):
			e.providers.missed(n, other)
		case e.links.Joins(other, n):
			e.probe(b, i, other, e.hashOf(n))
		default:
			e.all(b, i, n, other)
		}
	}
}

// all tells a neighbour that cannot answer all that a node knows.
func (e *Epidemic) all(b *ecs.Batch, i int, n, to ecs.Node) {
	m := e.member(n)
	e.chosen = append(e.chosen[:0], to)
	out := news{e: e, b: b, i: i, to: e.chosen}
	out.begin()
	for _, key := range e.entries.order {
		if row := e.known(m, int(key)); row >= 0 && !e.keys.At(int(key)).Local {
			out.add(int(key), row)
		}
	}
	out.end(nil)
}
