package systems

import (
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Pipe is a flow of items from sources to targets: in order from each source to
// each target, none lost, none doubled. It is a number by declaration, from 1.
type Pipe uint16

// Fan says which of several targets an item goes to.
type Fan uint8

const (
	FanInTurn    Fan = iota // the one after the last that has room, in the order given
	FanHash                 // the one that the item's key chooses, by rendezvous
	FanBroadcast            // all of them
)

const (
	// MaxPipes is how many pipes a world may have.
	MaxPipes = 1<<16 - 1
	// MaxCapacity bounds the capacity of a pipe.
	MaxCapacity = 1<<16 - 1
)

// PipeConfig says what a pipe joins.
type PipeConfig struct {
	Sources, Targets []ecs.Node // groups stand for those who are members now
	// Capacity is how many items of one source may be on their way to one
	// target: pushed, and not yet pulled. ZeroMQ's high-water mark counts so.
	Capacity int
	Fan      Fan
}

func (c *PipeConfig) validate() error {
	switch {
	case len(c.Sources) == 0 || len(c.Targets) == 0:
		return fmt.Errorf("it has %d sources and %d targets; it needs one of each at least", len(c.Sources), len(c.Targets))
	case c.Capacity < 1 || c.Capacity > MaxCapacity:
		return fmt.Errorf("a capacity is 1 to %d items, not %d", MaxCapacity, c.Capacity)
	case c.Fan > FanBroadcast:
		return fmt.Errorf("there is no fan %d", c.Fan)
	}
	return nil
}

// Pipes are the pipes of a world. Items and acknowledgements are envelopes, over
// links; what is not acknowledged in time is sent again. One timer a node does
// for all that it waits for.
//
// What a source has pushed, and how far a target has pulled, is durable: both
// are kept with the end of the handler that did so, as durable state is. What
// waits at a target to be pulled is not: it goes with the target's incarnation,
// and the source, which keeps each item until it is pulled, sends it again.
type Pipes struct {
	world    *ecs.World
	programs *Programs
	links    *Links
	list     []pipe

	flows   *ecs.Rows[flowRow]
	rings   *ecs.Rows[ringRow]
	items   *ecs.Rows[itemRow]
	rare    *ecs.Rows[rareRow]  // by row of rings
	waiting *ecs.Rows[bytesRow] // by row of items
	ends    *ecs.Rows[endRow]
	sources *ecs.Rows[sourceRow]
	queues  *ecs.Rows[queueRow]
	paces   *ecs.Rows[paceRow]
	pool    *ecs.Rows[itemPool] // one row, once there are pipes
	figures pipeFigures

	// Derived from the rows.
	byEnds, bySource, byQueue index
	byPace                    index
	byNode                    nodeRows
	latest                    nodeRows   // flow that a node has pushed to last
	lists                     []endLists // by row of ends
	touching                  touching

	opened          bool
	item, ack, wake ecs.Kind
	delay           ecs.Tick // of acknowledgements
	short, long     ecs.Tick // bounds of waits

	turn    turn
	staging Pipe   // that takes what is pushed, full or not, while a stage's handler runs
	buffer  []byte // of a payload that is being sent
}

// pipe is what was declared of one.
type pipe struct {
	name   string
	key    uint64
	config PipeConfig
	joined index // (node, 0) of sources, (node, 1) of targets
	every  uint8 // items after which a target acknowledges
}

// endRow is a node at an end of some pipe.
type endRow struct {
	Armed ecs.Tick // when its timer fires; Never: it has none
	Node  ecs.Node
	_     [4]byte
}

// endLists are the rows that a node's timer looks at, in order.
type endLists struct{ out, in, queues []int32 }

// itemRow is an item that waits at its target.
type itemRow struct {
	A     uint64 // the item, or a hash if it is bytes
	Seq   uint64
	Next  int32 // in its list, or that of free rows: one more than a row
	Flow  int32
	Bytes bool
	_     [7]byte
}

// itemPool heads the lists of what is free, all one more than a row: rows of
// items, and rings by the logarithm of their size.
type itemPool struct {
	Sum   uint64 // of all that was pushed, for the digest
	Free  int32
	Rings [maxRingLog + 1]int32
}

// sourceRow is what a node knows of a pipe that it pushes to.
type sourceRow struct {
	Node   ecs.Node
	Last   int32 // target of the last item, in turn; one more than its place
	Pipe   Pipe
	Wanted bool // a push was refused, and the node waits for room
	_      [5]byte
}

// queueRow is what waits at a target whose pulls take time, or wait for room in
// another pipe: those in order, from all sources.
type queueRow struct {
	Done       ecs.Tick // when the one in hand is ready; 0: none is in hand
	Node       ecs.Node
	Head, Tail int32 // items; one more than a row
	Pipe       Pipe
	_          [2]byte
}

// NewPipes returns the pipes of a world: none yet.
func NewPipes(w *ecs.World, p *Programs, l *Links) *Pipes {
	x := &Pipes{
		world: w, programs: p, links: l,
		flows: ecs.NewRows[flowRow](w, "pipe.flow"), rings: ecs.NewRows[ringRow](w, "pipe.ring"),
		items: ecs.NewRows[itemRow](w, "pipe.item"),
		rare:  ecs.NewRows[rareRow](w, "pipe.ring.rare"), waiting: ecs.NewRows[bytesRow](w, "pipe.item.bytes"),
		ends: ecs.NewRows[endRow](w, "pipe.end"), sources: ecs.NewRows[sourceRow](w, "pipe.source"),
		queues: ecs.NewRows[queueRow](w, "pipe.queue"), pool: ecs.NewRows[itemPool](w, "pipe.pool"),
		paces:   ecs.NewRows[paceRow](w, "pipe.pace"),
		figures: newPipeFigures(w),
		delay:   max(1, w.TicksCeil(ackDelay)), short: max(1, w.TicksCeil(shortBound)), long: max(1, w.TicksCeil(longBound)),
	}
	for _, t := range []*ecs.Table{x.flows.Table(), x.items.Table(), x.ends.Table(), x.sources.Table(), x.queues.Table(), x.paces.Table(), x.pool.Table()} {
		t.DigestIfUsed()
	}
	for _, t := range []*ecs.Table{x.rings.Table(), x.rare.Table(), x.waiting.Table()} {
		t.OutsideDigest() // the pool has a sum of what was pushed
	}
	x.turn.item.pipes = x
	l.Checked = x.checked
	return x
}

// Declare declares a pipe by name, or finds it: programs may then say that they
// pull from it. [Pipes.Join] says what it joins.
func (p *Pipes) Declare(name string) Pipe {
	if k, ok := p.Named(name); ok {
		return k
	}
	if len(p.list) == MaxPipes {
		panic(&ecs.LimitError{Limit: "pipes", Max: MaxPipes, Where: fmt.Sprintf("pipe %q", name)})
	}
	if !p.opened {
		p.opened = true
		p.item, p.ack, p.wake = p.world.Kind("(item)", 16), p.world.Kind("(taken)", 16), p.world.TimerKind("(pipe waits)")
		p.pool.Add(itemPool{})
	}
	p.list = append(p.list, pipe{name: name, key: uint64(random.NewKey(0, name))})
	p.figures.add()
	return Pipe(len(p.list))
}

// Named finds a pipe.
func (p *Pipes) Named(name string) (Pipe, bool) {
	i := slices.IndexFunc(p.list, func(x pipe) bool { return x.name == name })
	return Pipe(i + 1), i >= 0
}

// Name returns a pipe's name.
func (p *Pipes) Name(k Pipe) string { return p.list[k-1].name }

// Len returns the number of pipes.
func (p *Pipes) Len() int { return len(p.list) }

// Join says what a pipe joins, once.
func (p *Pipes) Join(k Pipe, c PipeConfig) {
	x := &p.list[k-1]
	c.Sources, c.Targets = p.each(c.Sources), p.each(c.Targets)
	err := c.validate()
	if err == nil && x.config.Capacity > 0 {
		err = fmt.Errorf("it is joined already")
	}
	if err != nil {
		panic(fmt.Sprintf("systems: pipe %q: %v", x.name, err))
	}
	x.config = c
	for at, side := range [][]ecs.Node{c.Sources, c.Targets} {
		for i, n := range side {
			x.joined.put(uint64(n), uint64(at), i)
		}
	}
	x.every = uint8(max(1, min(c.Capacity/4, mostUnacknowledged)))
}

// Config returns what a pipe joins; for reading.
func (p *Pipes) Config(k Pipe) PipeConfig { return p.list[k-1].config }

// each returns the nodes of a list, members for groups, each once.
func (p *Pipes) each(nodes []ecs.Node) []ecs.Node {
	var all []ecs.Node
	seen := map[ecs.Node]bool{} // looked up only
	for _, n := range nodes {
		for _, m := range p.world.Members(n) {
			if !seen[m] {
				seen[m] = true
				all = append(all, m)
			}
		}
	}
	return all
}

// Kinds returns the kinds of items, of acknowledgements, and of the timer: a
// program that hands out events by itself gives them to [Pipes.Arrived],
// [Pipes.Acknowledged] and [Pipes.Woken].
func (p *Pipes) Kinds() (item, ack, wake ecs.Kind) { return p.item, p.ack, p.wake }

// checked reports whether what is sent has a checksum: what a link corrupts of
// it is then lost.
func (p *Pipes) checked(k ecs.Kind) bool { return p.opened && (k == p.item || k == p.ack) }

// end returns the row of a node.
func (p *Pipes) end(n ecs.Node) int32 {
	k := p.byNode.find(n)
	if k < 0 {
		k = p.ends.Add(endRow{Armed: ecs.Never, Node: n})
		p.listed(n, k)
	}
	return int32(k)
}

// listed gives the row of a node what is derived of it.
func (p *Pipes) listed(n ecs.Node, k int) {
	p.byNode.set(n, k)
	p.lists = append(p.lists, endLists{})
}

// arm has the timer of a node fire at a tick, unless it does by then.
func (p *Pipes) arm(b *ecs.Batch, i int, end int32, at ecs.Tick) {
	r := p.ends.At(int(end))
	if r.Armed <= at && r.Armed > b.Tick {
		return
	}
	p.ends.Edit(int(end)).Armed = at
	b.Out = append(b.Out, ecs.Send{
		To: r.Node, Cause: uint16(i), Kind: p.wake, Delay: at - b.Tick, B: uint64(b.Life(i).Incarnation) << 32,
	})
}

// armNext has the timer of a node fire when the first of what it waits for is
// due.
func (p *Pipes) armNext(b *ecs.Batch, i int, end int32) {
	next, l := ecs.Never, &p.lists[end]
	for _, k := range l.out {
		f := p.flows.At(int(k))
		if f.Resend != 0 {
			next = min(next, f.Resend)
		}
		if f.Unsent > 0 {
			next = min(next, p.roomAt(f, b.Tick+1))
		}
	}
	for _, k := range l.in {
		if at := p.flows.At(int(k)).AckDue; at != 0 {
			next = min(next, at)
		}
	}
	for _, k := range l.queues {
		if at := p.queues.At(int(k)).Done; at > b.Tick {
			next = min(next, at)
		}
	}
	if next != ecs.Never {
		p.arm(b, i, end, max(next, b.Tick+1))
	}
}

// wakeSoon has the timer of a node fire in the next tick, from outside of its
// handlers.
func (p *Pipes) wakeSoon(k int) {
	w, r := p.world, p.ends.Edit(k)
	r.Armed = w.Tick() + 1
	e := w.Outside(r.Node, p.wake, 0, uint64(w.Life(r.Node).Incarnation)<<32, "pipe")
	w.Post(&e, r.Armed)
}

// started has a node that starts go on: it sends what it had pushed, and says
// how far it had pulled.
func (p *Pipes) started(n ecs.Node) {
	if len(p.list) > 0 {
		p.start(n)
	}
}

func (p *Pipes) start(n ecs.Node) {
	k := p.byNode.find(n)
	if k < 0 {
		return
	}
	soon := p.world.Tick() + 1
	for _, f := range p.lists[k].in {
		p.flows.Edit(int(f)).AckDue = soon
	}
	for _, f := range p.lists[k].out {
		p.sendAnew(p.flows.Edit(int(f)), soon)
	}
	p.wakeSoon(k)
}

// resumed sees to it that the timer of a node that was paused is there: it may
// have found no room to wait.
func (p *Pipes) resumed(n ecs.Node) {
	if k := p.byNode.find(n); k >= 0 && p.ends.At(k).Armed <= p.world.Tick() {
		p.wakeSoon(k)
	}
}

// forget drops what goes with an incarnation of a node: what waits to be
// pulled, and the timer.
func (p *Pipes) forget(n ecs.Node) {
	end := p.byNode.find(n)
	if end < 0 {
		return
	}
	p.ends.Edit(end).Armed = ecs.Never
	for _, k := range p.lists[end].in {
		f := p.flows.Edit(int(k))
		p.freeList(f.Ahead)
		f.Ahead, f.AheadEnd, f.Received, f.Waiting = 0, 0, f.taken(), 0
		f.AckDue, f.Owed = 0, 0
	}
	for _, k := range p.lists[end].queues {
		q := p.queues.Edit(int(k))
		p.freeList(q.Head)
		q.Head, q.Tail, q.Done = 0, 0, 0
	}
	for _, k := range p.lists[end].out {
		if s := p.bySource.find(uint64(n), uint64(p.flows.At(int(k)).Pipe)); s >= 0 {
			p.sources.Edit(s).Wanted = false
		}
	}
}

// bury drops the flows of a node that does not come back, with all that is in
// them.
func (p *Pipes) bury(n ecs.Node) {
	end := p.byNode.find(n)
	if end < 0 {
		return
	}
	p.forget(n)
	for _, list := range [][]int32{slices.Clone(p.lists[end].out), slices.Clone(p.lists[end].in)} {
		for _, k := range list {
			f := p.flows.Edit(int(k))
			if f.From == 0 {
				continue // to itself
			}
			p.figures.lost(p.world.Tick(), f.Pipe, f.Next-f.taken())
			p.byEnds.drop(ends(f.From, f.To), uint64(f.Pipe))
			p.freeRing(f)
			p.freeList(f.Ahead)
			p.unlist(f, k)
			*f = flowRow{}
		}
	}
}

// like takes over what another world's pipes declared.
func (p *Pipes) like(other *Pipes) {
	p.list, p.opened = slices.Clone(other.list), other.opened
	p.item, p.ack, p.wake = other.item, other.ack, other.wake
}

// rebuild makes what is derived from the rows again, after a restore.
func (p *Pipes) rebuild() {
	p.byEnds.clear()
	p.byNode.clear()
	p.bySource.clear()
	p.byQueue.clear()
	p.byPace.clear()
	p.latest.clear()
	p.lists = p.lists[:0]
	p.figures.rebuild(len(p.list))
	p.staging = 0
	for i := range p.ends.Len() {
		p.listed(p.ends.At(i).Node, i)
	}
	for i := range p.flows.Len() {
		if f := p.flows.At(i); f.From != 0 {
			p.byEnds.put(ends(f.From, f.To), uint64(f.Pipe), i)
			p.enlist(f, i)
		}
	}
	for i := range p.paces.Len() {
		p.byPace.put(uint64(p.paces.At(i).From), uint64(p.paces.At(i).To), i)
	}
	for i := range p.sources.Len() {
		p.bySource.put(uint64(p.sources.At(i).Node), uint64(p.sources.At(i).Pipe), i)
	}
	for i := range p.queues.Len() {
		q := p.queues.At(i)
		p.byQueue.put(uint64(q.Node), uint64(q.Pipe), i)
		l := &p.lists[p.end(q.Node)]
		l.queues = append(l.queues, int32(i))
	}
}

// take returns a row for an item: the one freed last, or a new one.
func (p *Pipes) take() int32 {
	x := p.pool.Edit(0)
	if x.Free == 0 {
		p.waiting.Add(bytesRow{})
		return int32(p.items.Add(itemRow{})) + 1
	}
	k := x.Free
	x.Free = p.items.At(int(k) - 1).Next
	return k
}

// free frees the row of an item, and returns the one after it.
func (p *Pipes) free(k int32) int32 {
	r, x := p.items.Edit(int(k)-1), p.pool.Edit(0)
	if r.Bytes {
		at := p.waiting.At(int(k) - 1)
		p.world.Unkeep(at.At)
		*at = bytesRow{}
	}
	next := r.Next
	*r = itemRow{Next: x.Free}
	x.Free = k
	return next
}

func (p *Pipes) freeList(k int32) {
	for k != 0 {
		k = p.free(k)
	}
}

// HasSource and HasTarget report whether a node is at an end of a pipe.
func (p *Pipes) HasSource(k Pipe, n ecs.Node) bool { return p.list[k-1].joined.find(uint64(n), 0) >= 0 }
func (p *Pipes) HasTarget(k Pipe, n ecs.Node) bool { return p.list[k-1].joined.find(uint64(n), 1) >= 0 }
