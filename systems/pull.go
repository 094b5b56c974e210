package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Pulling says how a program pulls from a pipe.
type Pulling struct {
	Pipe Pipe
	// Into is the pipe that the node pushes to what it makes of items: nothing
	// is pulled while that is full. 0: none.
	Into Pipe
	// Time returns how long a pull takes, for the i-th event's node: one after
	// another, and what is pulled counts as pulled at its end. An event may have
	// several begin, so that its draws are keyed by one of the item's. nil: no time.
	Time func(b *ecs.Batch, i int, event ecs.EnvelopeID) ecs.Nanoseconds
}

// queued reports whether items may have to wait for their pull.
func (x *Pulling) queued() bool { return x.Into != 0 || x.Time != nil }

// Item is what is pulled.
type Item struct {
	Pipe    Pipe
	From    ecs.Node
	Seq     uint64 // 1 for the first from its source to this target
	A       uint64
	Payload []byte // instead of A; for reading within the handler
	At      int    // place of the pipe among the program's Pulls
	pipes   *Pipes
	flow    int32
}

// Event returns what the handler's draws are keyed by: the item, however it
// came.
func (it *Item) Event() ecs.EnvelopeID {
	return it.pipes.eventOf(it.pipes.flows.At(int(it.flow)), it.Seq)
}

// turn is what one event makes a node pull.
type turn struct {
	flow   int32 // whose items go straight to the handler; -1: none
	queues []int32
	at     int
	item   Item
	bytes  []byte // of the item
}

func (t *turn) begin() { t.flow, t.queues, t.at = -1, t.queues[:0], 0 }

// pulling returns the place of a pipe among a program's Pulls.
func (p *Pipes) pulling(id ecs.ProgramID, pipe Pipe) (at int, x *Pulling) {
	pulls := p.programs.Of(id).Pulls
	for at := range pulls {
		if pulls[at].Pipe == pipe {
			return at, &pulls[at]
		}
	}
	return 0, nil
}

// Arrived takes an item that has come as the i-th envelope of a batch, and
// returns what its node is to pull first, nil if nothing. [Pipes.Next] returns
// the rest.
func (p *Pipes) Arrived(b *ecs.Batch, i int) *Item {
	e := &b.Envelopes[i]
	p.turn.begin()
	a, word, payload := e.A, e.B, []byte(nil)
	if e.HasBytes() {
		a = 0
		word, payload = split(p.world.Payload(e))
	}
	k, f := p.named(word, e.From, e.To)
	if k < 0 {
		p.world.Refuse(e, ecs.DroppedGone) // its source has died
		return nil
	}
	pipe, seq := f.Pipe, numbered(word, f.Received)
	at, x := p.pulling(b.Program(), pipe)
	if x == nil {
		panic(fmt.Sprintf("systems: %s is a target of pipe %q, and its program does not pull from it; add it to Pulls", p.world.NodeName(e.To), p.Name(pipe)))
	}
	if word&sentAgain != 0 && seq > f.Received {
		f.Owed |= neededAgain
	}
	if seq == f.Received+1 && !x.queued() {
		p.turn.flow = int32(k)
		f.Received++
		f.Waiting++
		if f.Ahead != 0 {
			p.hurry(b, i, f)
		}
		return p.pulled(b, i, k, f, at, x, a, payload)
	}
	switch before, known := p.placeAhead(f, seq); {
	case known:
		p.figures.doubled(pipe)
		f.Owed &^= neededAgain
		p.acknowledge(b, i, k, word>>63*cameTwice)
		return nil
	case seq == f.Received+1:
		if f.Ahead != 0 {
			p.hurry(b, i, f)
		}
		q := p.queue(e.To, pipe)
		f.Received++
		f.Waiting++
		p.enqueue(q, p.store(k, seq, a, payload))
		p.absorb(f, q)
		p.turn.queues = append(p.turn.queues, int32(q))
	default:
		if before == 0 || before != f.AheadEnd || p.items.At(int(before)-1).Seq+1 != seq {
			p.hurry(b, i, f)
		}
		p.putAhead(f, before, p.store(k, seq, a, payload))
	}
	p.owe(b, i, k, f)
	return p.Next(b, i)
}

// pulled counts an item as pulled, and returns it.
func (p *Pipes) pulled(b *ecs.Batch, i, k int, f *flowRow, at int, x *Pulling, a uint64, payload []byte) *Item {
	f.Waiting--
	it := &p.turn.item
	it.Pipe, it.From, it.Seq, it.A, it.At, it.flow = f.Pipe, f.From, f.taken(), a, at, int32(k)
	if payload != nil || it.Payload != nil {
		it.Payload = payload
	}
	p.figures.pulled(b.Tick, f.Pipe, p.world.Time(b.Tick-p.pushedAt(f, it.Seq)))
	p.owe(b, i, k, f)
	p.staging = x.Into
	return it
}

func (p *Pipes) eventOf(f *flowRow, seq uint64) ecs.EnvelopeID {
	ends := p.world.Life(f.From).Name ^ random.Mix(p.world.Life(f.To).Name)
	return ecs.EnvelopeID(random.Mix(ends^random.Mix(p.list[f.Pipe-1].key+seq)) >> 12)
}

// serviceOf is what draws of an item's time are keyed by: others than those of
// its pull.
func (p *Pipes) serviceOf(it *itemRow) ecs.EnvelopeID {
	return ecs.EnvelopeID(random.Mix(uint64(p.eventOf(p.flows.At(int(it.Flow)), it.Seq))) >> 12)
}

// Next returns what else the node of the i-th event is to pull now; nil if
// there is nothing left. It is asked until then, unless the node has ended.
func (p *Pipes) Next(b *ecs.Batch, i int) *Item {
	p.staging = 0
	t := &p.turn
	if t.flow >= 0 {
		f := p.flows.At(int(t.flow))
		if row := f.Ahead; row != 0 && p.items.At(int(row)-1).Seq == f.Received+1 {
			f = p.flows.Edit(int(t.flow))
			at, x := p.pulling(b.Program(), f.Pipe)
			a, payload := p.unstore(row)
			if f.Ahead = p.free(row); f.Ahead == 0 {
				f.AheadEnd = 0
			}
			f.Received++
			f.Waiting++
			return p.pulled(b, i, int(t.flow), f, at, x, a, payload)
		}
		t.flow = -1
	}
	for ; t.at < len(t.queues); t.at++ {
		if it := p.serve(b, i, int(t.queues[t.at])); it != nil {
			return it
		}
	}
	return nil
}

// Done ends what an event makes a node pull. It is said after the last Next.
func (p *Pipes) Done() { p.staging = 0 }

// serve returns the next item of a queue that can be pulled now, nil if none
// can: nothing waits, its time is not over, or there is no room for what comes
// of it.
func (p *Pipes) serve(b *ecs.Batch, i, k int) *Item {
	q := p.queues.Edit(k)
	at, x := p.pulling(b.Program(), q.Pipe)
	for q.Head != 0 && p.flows.At(int(p.items.At(int(q.Head)-1).Flow)).From == 0 {
		q.Head, q.Done = p.free(q.Head), 0 // its source has died
	}
	if q.Head == 0 {
		q.Tail = 0
		return nil
	}
	if x.Time != nil && q.Done == 0 {
		q.Done = b.Tick + max(0, p.world.TicksCeil(x.Time(b, i, p.serviceOf(p.items.At(int(q.Head)-1)))))
		if q.Done > b.Tick {
			p.arm(b, i, p.end(q.Node), q.Done)
		}
	}
	if q.Done > b.Tick || x.Into != 0 && !p.Room(q.Node, x.Into) {
		return nil
	}
	from := int(p.items.At(int(q.Head) - 1).Flow)
	a, payload := p.unstore(q.Head)
	if q.Head, q.Done = p.free(q.Head), 0; q.Head == 0 {
		q.Tail = 0
	}
	return p.pulled(b, i, from, p.flows.Edit(from), at, x, a, payload)
}

// store keeps an item that has come and cannot be pulled yet.
func (p *Pipes) store(k int, seq, a uint64, payload []byte) int32 {
	row := p.take()
	it := p.items.Edit(int(row) - 1)
	*it = itemRow{A: a, Seq: seq, Flow: int32(k)}
	if payload != nil {
		it.Bytes = true
		p.waiting.At(int(row) - 1).At, it.A = p.world.Keep(payload)
	}
	return row
}

// unstore returns what was kept of an item; the bytes are a copy.
func (p *Pipes) unstore(row int32) (a uint64, payload []byte) {
	it := p.items.At(int(row) - 1)
	if !it.Bytes {
		return it.A, nil
	}
	p.turn.bytes = append(p.turn.bytes[:0], p.world.Kept(p.waiting.At(int(row)-1).At)...)
	return 0, p.turn.bytes
}

// queue returns the row of what waits at a target.
func (p *Pipes) queue(n ecs.Node, pipe Pipe) int {
	k := p.byQueue.find(uint64(n), uint64(pipe))
	if k < 0 {
		k = p.queues.Add(queueRow{Node: n, Pipe: pipe})
		p.byQueue.put(uint64(n), uint64(pipe), k)
		l := &p.lists[p.end(n)]
		l.queues = append(l.queues, int32(k))
	}
	return k
}

func (p *Pipes) enqueue(k int, row int32) {
	q := p.queues.Edit(k)
	p.items.Edit(int(row) - 1).Next = 0
	if q.Tail != 0 {
		p.items.Edit(int(q.Tail) - 1).Next = row
	} else {
		q.Head = row
	}
	q.Tail = row
}

// absorb moves to a queue what came ahead and is next now.
func (p *Pipes) absorb(f *flowRow, q int) {
	for f.Ahead != 0 && p.items.At(int(f.Ahead)-1).Seq == f.Received+1 {
		row := f.Ahead
		if f.Ahead = p.items.At(int(row) - 1).Next; f.Ahead == 0 {
			f.AheadEnd = 0
		}
		f.Received++
		f.Waiting++
		p.enqueue(q, row)
	}
}

// placeAhead returns the row after which an item belongs among those that came
// ahead, 0 for the first place, and whether it is there, or was had before.
func (p *Pipes) placeAhead(f *flowRow, seq uint64) (before int32, known bool) {
	switch {
	case seq <= f.Received:
		return 0, true
	case f.Ahead == 0 || seq == f.Received+1:
		return 0, false
	case p.items.At(int(f.AheadEnd)-1).Seq < seq:
		return f.AheadEnd, false
	}
	for row := f.Ahead; row != 0; row = p.items.At(int(row) - 1).Next {
		switch have := p.items.At(int(row) - 1).Seq; {
		case have == seq:
			return 0, true
		case have > seq:
			return before, false
		}
		before = row
	}
	return before, false
}

func (p *Pipes) putAhead(f *flowRow, before, row int32) {
	it := p.items.Edit(int(row) - 1)
	if before == 0 {
		it.Next, f.Ahead = f.Ahead, row
	} else {
		prior := p.items.Edit(int(before) - 1)
		it.Next, prior.Next = prior.Next, row
	}
	if it.Next == 0 {
		f.AheadEnd = row
	}
}

// owe has the target acknowledge: at once after some items, or after a while.
func (p *Pipes) owe(b *ecs.Batch, i, k int, f *flowRow) {
	if f.Owed++; f.Owed >= p.list[f.Pipe-1].every {
		p.acknowledge(b, i, k, 0)
	} else if f.Owed == 1 && f.AckDue == 0 {
		f.AckDue = b.Tick + p.delay
		p.arm(b, i, f.ToEnd, f.AckDue)
	}
}

// hurry has the target acknowledge in the next tick: something is missing, or was
// (RFC 5681, 4.2).
func (p *Pipes) hurry(b *ecs.Batch, i int, f *flowRow) {
	if soon := b.Tick + 1; f.AckDue == 0 || f.AckDue > soon {
		f.AckDue = soon
		p.arm(b, i, f.ToEnd, soon)
	}
}

const (
	// cameTwice is the bit of an acknowledgement that says that it is for an item
	// that was sent again, and the target had (RFC 2883).
	cameTwice = 1 << aheadBits
	// neededAgain is the bit of what a target owes that says that it had an item
	// only as that was sent again. It is acknowledged at once: a source waits.
	neededAgain = 1 << 7
)

// acknowledge has the target say how far it has pulled, and what it has.
func (p *Pipes) acknowledge(b *ecs.Batch, i, k int, twice uint64) {
	f := p.flows.Edit(k)
	var ahead uint64
	for row := f.Ahead; row != 0; {
		it := p.items.At(int(row) - 1)
		bit := it.Seq - f.Received - 2
		if bit >= aheadBits {
			break
		}
		ahead |= 1 << bit
		row = it.Next
	}
	needed := uint64(f.Owed&neededAgain) << (63 - 7)
	f.Owed, f.AckDue = 0, 0
	b.Out = append(b.Out, ecs.Send{
		To: f.From, Cause: uint16(i), Kind: p.ack, A: itemWord(k, f.taken()) | needed,
		B: uint64(uint16(b.Life(i).Incarnation))<<48 | uint64(min(f.Waiting, 0xffff))<<32 | twice | ahead,
	})
}
