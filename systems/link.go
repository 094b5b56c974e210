package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Link says what a wire from one node to another does to what is sent on it.
// The zero Link delivers everything in the next tick.
type Link struct {
	Latency ecs.Nanoseconds
	Jitter  ecs.Nanoseconds // up to this much more, evenly drawn for each envelope

	Loss      random.Probability
	Duplicate random.Probability // a second copy, with a jitter of its own
	Reorder   random.Probability // up to Latency + Jitter later, so that others overtake it
	Corrupt   random.Probability // one bit of the payload flipped

	Bandwidth uint64          // bits a second; 0: no limit
	Queue     ecs.Nanoseconds // longest wait for the wire to be free, beyond which envelopes are dropped; 0: no limit

	FIFO   bool // nothing overtakes
	OneWay bool // for Connect: from the first node to the second only
}

func (l *Link) validate() error {
	switch {
	case l.Latency < 0 || l.Jitter < 0 || l.Queue < 0:
		return fmt.Errorf("latency %d ns, jitter %d ns, queue %d ns: none may be negative", l.Latency, l.Jitter, l.Queue)
	case l.Queue > 0 && l.Bandwidth == 0:
		return fmt.Errorf("a queue of %d ns has no effect without a bandwidth", l.Queue)
	}
	return nil
}

// wire is a link's row: what it does, and its state, which belongs to its
// sender.
type wire struct {
	Latency, Jitter                   ecs.Nanoseconds
	Loss, Duplicate, Reorder, Corrupt random.Probability
	Bandwidth                         uint64
	Queue                             ecs.Nanoseconds
	Free                              ecs.Nanoseconds // when the wire is free again
	Last                              ecs.Tick        // latest due tick so far; FIFO
	Sent, Dropped                     uint64
	From, To                          ecs.Node
	FIFO                              bool
	_                                 [7]byte
}

func makeWire(from, to ecs.Node, l Link) wire {
	return wire{
		Latency: l.Latency, Jitter: l.Jitter, Loss: l.Loss, Duplicate: l.Duplicate, Reorder: l.Reorder, Corrupt: l.Corrupt,
		Bandwidth: l.Bandwidth, Queue: l.Queue, From: from, To: to, FIFO: l.FIFO,
	}
}

// Links are the wires between nodes, networks and cuts: they decide what
// becomes of what is sent.
type Links struct {
	world    *ecs.World
	wires    *ecs.Rows[wire]
	index    index // (from, to) to wire
	networks networks
	cuts     *Cuts
	streams  verdictStreams
	route    func(e *ecs.Envelope, delay ecs.Tick)

	neighbours [][]ecs.Node // by node that was asked for; see Neighbours
	asked      index
}

type verdictStreams struct {
	loss, jitter, duplicate, reorder, corrupt ecs.Stream
}

// NewLinks returns the links of a world: none yet.
func NewLinks(w *ecs.World, c *Cuts) *Links {
	l := &Links{world: w, cuts: c, wires: ecs.NewRows[wire](w, "link")}
	l.networks = newNetworks(w)
	l.streams = verdictStreams{
		loss: w.Stream("link/loss"), jitter: w.Stream("link/jitter"), duplicate: w.Stream("link/duplicate"),
		reorder: w.Stream("link/reorder"), corrupt: w.Stream("link/corrupt"),
	}
	l.route = l.send
	return l
}

// Connect links two nodes, both ways unless the link is OneWay. A second link
// from a node to the same other replaces the first.
func (l *Links) Connect(a, b ecs.Node, link Link) {
	if err := link.validate(); err != nil {
		panic(fmt.Sprintf("systems: link from %s to %s: %v", l.world.NodeName(a), l.world.NodeName(b), err))
	}
	if a == b || a.IsGroup() || b.IsGroup() {
		panic(fmt.Sprintf("systems: a link joins two nodes, not %s and %s", l.world.NodeName(a), l.world.NodeName(b)))
	}
	l.add(a, b, link)
	if !link.OneWay {
		l.add(b, a, link)
	}
}

func (l *Links) add(from, to ecs.Node, link Link) {
	l.forgetNeighbours()
	if i := l.index.find(uint64(from), uint64(to)); i >= 0 {
		*l.wires.Edit(i) = makeWire(from, to, link)
		return
	}
	l.index.put(uint64(from), uint64(to), l.wires.Add(makeWire(from, to, link)))
}

// Len returns the number of links, one for each direction.
func (l *Links) Len() int { return l.wires.Len() }

// Mesh links every node of a list to every other.
func (l *Links) Mesh(nodes []ecs.Node, link Link) {
	for i, a := range nodes {
		for _, b := range nodes[i+1:] {
			l.Connect(a, b, link)
		}
	}
}

// Ring links each node of a list to the next, and the last to the first.
func (l *Links) Ring(nodes []ecs.Node, link Link) {
	for i, a := range nodes {
		if b := nodes[(i+1)%len(nodes)]; a != b {
			l.Connect(a, b, link)
		}
	}
}

// Route decides on everything in a batch's Out.
func (l *Links) Route(b *ecs.Batch) { b.Sends(l.route) }

// send decides on one envelope: a node's envelopes to itself are timers and
// need no link.
func (l *Links) send(e *ecs.Envelope, delay ecs.Tick) {
	w := l.world
	if e.From == e.To {
		w.Post(e, w.Tick()+max(delay, 1))
		return
	}
	if l.cuts.cuts(e.From, e.To) {
		w.Lose(e, ecs.DroppedCut)
		return
	}
	if i := l.index.find(uint64(e.From), uint64(e.To)); i >= 0 {
		l.transmit(l.wires.Edit(i), e, delay)
		return
	}
	if wire, ok := l.networks.find(e.From, e.To); ok {
		l.transmit(wire, e, delay)
		l.networks.keep(wire)
		return
	}
	panic(fmt.Sprintf("systems: %s sent %q to %s, and no link joins them; connect them, or put both in a network", w.NodeName(e.From), w.KindName(e.Kind()), w.NodeName(e.To)))
}

// transmit puts an envelope on a wire. Time is in nanoseconds and rounded up
// to a tick once.
func (l *Links) transmit(x *wire, e *ecs.Envelope, delay ecs.Tick) {
	w := l.world
	x.Sent++
	sent := w.Time(w.Tick() + max(delay, 0))
	free := sent
	if x.Bandwidth > 0 {
		start := max(sent, x.Free)
		if x.Queue > 0 && start-sent > x.Queue {
			x.Dropped++
			w.Lose(e, ecs.DroppedQueue)
			return
		}
		x.Free = start + airtime(w.Size(e), x.Bandwidth)
		free = x.Free
	}
	if x.Loss != 0 && l.happens(l.streams.loss, e, x.Loss) {
		x.Dropped++
		w.Lose(e, ecs.DroppedLoss)
		return
	}
	twin := x.Duplicate != 0 && l.happens(l.streams.duplicate, e, x.Duplicate)
	if twin {
		copied := w.Twin(e)
		l.arrive(x, &copied, free)
	}
	l.arrive(x, e, free)
}

// arrive posts an envelope that leaves the wire's near end at a time.
func (l *Links) arrive(x *wire, e *ecs.Envelope, free ecs.Nanoseconds) {
	w := l.world
	if x.Corrupt != 0 && l.happens(l.streams.corrupt, e, x.Corrupt) {
		draws := l.draws(l.streams.corrupt, e)
		draws.Uint64() // decided whether
		w.FlipBit(e, draws.Uint64())
	}
	at := free + x.Latency
	if x.Jitter > 0 {
		draws := l.draws(l.streams.jitter, e)
		at += ecs.Nanoseconds(draws.Below(uint64(x.Jitter) + 1))
	}
	if x.Reorder != 0 && !x.FIFO && l.happens(l.streams.reorder, e, x.Reorder) {
		draws := l.draws(l.streams.reorder, e)
		draws.Uint64()
		at += ecs.Nanoseconds(draws.Below(uint64(x.Latency+x.Jitter) + 1))
	}
	due := max(w.TicksCeil(at), w.Tick()+1)
	if x.FIFO {
		due = max(due, x.Last)
		x.Last = due
	}
	w.Post(e, due)
}

// airtime returns how long a number of bytes occupy a wire, rounded up.
func airtime(size int, bandwidth uint64) ecs.Nanoseconds {
	const second = 1_000_000_000
	return ecs.Nanoseconds((uint64(size)*8*second + bandwidth - 1) / bandwidth)
}

func (l *Links) happens(s ecs.Stream, e *ecs.Envelope, p random.Probability) bool {
	draws := l.draws(s, e)
	return draws.Chance(p)
}

// draws are keyed by the names of both ends and the envelope.
func (l *Links) draws(s ecs.Stream, e *ecs.Envelope) random.Source {
	ends := l.world.Life(e.From).Name ^ random.Mix(l.world.Life(e.To).Name)
	return l.world.Key(s).At(int64(l.world.Tick()), uint64(e.ID())^ends)
}

// Neighbours returns the nodes that a node has a link to, in the order of
// declaration, then those it shares a network with. The slice is for reading.
func (l *Links) Neighbours(n ecs.Node) []ecs.Node {
	if i := l.asked.find(uint64(n), 0); i >= 0 {
		return l.neighbours[i]
	}
	var list []ecs.Node
	for i := range l.wires.Len() {
		if x := l.wires.At(i); x.From == n {
			list = append(list, x.To)
		}
	}
	list = l.networks.others(n, list)
	l.asked.put(uint64(n), 0, len(l.neighbours))
	l.neighbours = append(l.neighbours, list)
	return list
}

func (l *Links) forgetNeighbours() {
	if len(l.neighbours) > 0 {
		l.asked.clear()
		l.neighbours = l.neighbours[:0]
	}
}

// rebuild makes the indices again from the rows, after a restore.
func (l *Links) rebuild() {
	l.forgetNeighbours()
	l.index.clear()
	for i := range l.wires.Len() {
		x := l.wires.At(i)
		l.index.put(uint64(x.From), uint64(x.To), i)
	}
	l.networks.rebuild()
	l.cuts.rebuild()
}
