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

// maxSpan bounds what a link adds, so that no sum of times overflows: 36
// years.
const maxSpan ecs.Nanoseconds = 1 << 60

func (l *Link) validate() error {
	switch {
	case l.Latency < 0 || l.Jitter < 0 || l.Queue < 0:
		return fmt.Errorf("latency %d ns, jitter %d ns, queue %d ns: none may be negative", l.Latency, l.Jitter, l.Queue)
	case l.Latency > maxSpan || l.Jitter > maxSpan || l.Queue > maxSpan:
		return fmt.Errorf("latency %d ns, jitter %d ns, queue %d ns: each is at most %d ns", l.Latency, l.Jitter, l.Queue, maxSpan)
	case l.Queue > 0 && l.Bandwidth == 0:
		return fmt.Errorf("a queue of %d ns has no effect without a bandwidth; set Bandwidth, or leave out Queue", l.Queue)
	case l.FIFO && l.Reorder > 0:
		return fmt.Errorf("it is FIFO, on which nothing overtakes, and is to reorder; leave out one of them")
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
	Bytes                             uint64 // of what was sent, dropped or not; outside of the digest, as all from here on
}

// newWires makes a table of wires: any table of them is made so, as what a row
// is hashed by must not change with what is measured.
func newWires(w *ecs.World, name string) *ecs.Rows[wire] {
	rows := ecs.NewRows[wire](w, name)
	rows.Table().OutsideDigestFrom("Bytes")
	return rows
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
	index    index   // (from, to) to wire
	senders  nodeSet // who has a wire to another
	course   course
	rewired  uint32 // how often a wire took another's place
	networks networks
	groups   groupLinks
	cuts     *Cuts
	slow     slowness
	movers   movers
	streams  verdictStreams
	route    func(e *ecs.Envelope, delay ecs.Tick)
	// fan takes what becomes of a feed's value on its way to each subscriber;
	// nil: envelopes are posted, or lost, one by one.
	fan *fan
	// Mangle returns what a corrupted payload of bytes becomes, chosen by any
	// number; nil: one bit of it is flipped.
	Mangle func(k ecs.Kind, payload []byte, n uint64) []byte
	// Checked reports whether envelopes of a kind have a checksum: what is
	// corrupted of them is lost. nil: none have.
	Checked    func(k ecs.Kind) bool
	twin       ecs.Envelope // in hand; here, as it would be allocated else
	neighbours neighbours
	changes    uint32   // how often links or networks were added: who derives from them compares
	whole      ecs.Kind // comes as it was sent, or not at all: what the engine says to itself
}

// NewLinks returns the links of a world: none yet.
func NewLinks(w *ecs.World, c *Cuts) *Links {
	l := &Links{world: w, cuts: c, wires: newWires(w, "link")}
	l.networks = newNetworks(w)
	l.groups = newGroupLinks(w)
	l.slow.rows = ecs.NewRows[slowRow](w, "slow")
	l.movers = newMovers(w)
	l.streams = newVerdictStreams(w)
	l.route = l.send
	l.wires.Table().BringUp(l.bringUp)
	return l
}

// Connect links two nodes, both ways unless the link is OneWay. A second link
// from a node to the same other replaces the first, and finds the wire as that
// left it: busy, and with what is under way.
//
// A group is linked by its members: those that it has, and those that join. A
// group and itself is a mesh.
func (l *Links) Connect(a, b ecs.Node, link Link) {
	if err := link.validate(); err != nil {
		panic(fmt.Sprintf("systems: link from %s to %s: %v", l.world.NodeName(a), l.world.NodeName(b), err))
	}
	switch {
	case a == 0 || b == 0 || a == b && !a.IsGroup():
		panic(fmt.Sprintf("systems: a link joins two nodes, not %s and %s", l.world.NodeName(a), l.world.NodeName(b)))
	case a.IsGroup() || b.IsGroup():
		l.connectGroup(a, b, link)
		return
	}
	l.add(a, b, link)
	if !link.OneWay {
		l.add(b, a, link)
	}
}

func (l *Links) add(from, to ecs.Node, link Link) {
	made := makeWire(from, to, link)
	if i := l.index.find(uint64(from), uint64(to)); i >= 0 {
		l.bringUp()
		l.rewired++
		x := l.wires.Edit(i)
		made.Free, made.Last, made.Sent, made.Dropped, made.Bytes = x.Free, x.Last, x.Sent, x.Dropped, x.Bytes
		*x = made
		return
	}
	l.insert(made)
}

// insert adds a wire between two nodes that had none.
func (l *Links) insert(x wire) {
	l.bringUp()
	l.neighbours.stale = true
	l.changes++
	l.senders.put(x.From, true)
	l.index.put(uint64(x.From), uint64(x.To), l.wires.Add(x))
}

// Joins reports whether a link or a network joins two nodes, from one to the
// other, cut or not.
func (l *Links) Joins(from, to ecs.Node) bool {
	if l.index.find(uint64(from), uint64(to)) >= 0 {
		return true
	}
	_, ok := l.networks.find(from, to)
	return ok
}

// Any reports whether there is any link or network.
func (l *Links) Any() bool { return l.wires.Len()+l.networks.nets.Len() > 0 }

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

// rebuild makes the indices again from the rows, after a restore.
func (l *Links) rebuild() {
	l.neighbours.stale = true
	l.changes++
	l.course.good = false
	l.index.clear()
	l.senders.clear()
	for i := range l.wires.Len() {
		x := l.wires.At(i)
		l.senders.put(x.From, true)
		l.index.put(uint64(x.From), uint64(x.To), i)
	}
	l.networks.rebuild()
	l.slow.rebuild()
	l.movers.rebuild()
}

// latency returns that of the link or network that joins two nodes, 0 if none
// does.
func (l *Links) latency(from, to ecs.Node) ecs.Nanoseconds {
	if i := l.index.find(uint64(from), uint64(to)); i >= 0 {
		return l.wires.At(i).Latency
	}
	if x, ok := l.networks.find(from, to); ok {
		return x.Latency
	}
	return 0
}

// declared returns the link, or the network, that joins two nodes; nil if none
// does.
func (l *Links) declared(from, to ecs.Node) *wire {
	if i := l.index.find(uint64(from), uint64(to)); i >= 0 {
		return l.wires.At(i)
	}
	if net := l.networks.common(from, to); net >= 0 {
		return l.networks.nets.At(net)
	}
	return nil
}

// usual returns how long the way from one node to another takes on average, and
// whether a link or network says so: one with a bandwidth does not, as that
// depends on what else is sent.
func (l *Links) usual(from, to ecs.Node) (ecs.Nanoseconds, bool) {
	x := l.declared(from, to)
	if x == nil || x.Bandwidth > 0 {
		return 0, false
	}
	way := x.Latency + x.Jitter/2
	if x.Reorder != 0 {
		way += (x.Latency + x.Jitter) / 2
	}
	factor := ecs.Nanoseconds(l.slow.of(from, to))
	return way/usual*factor + way%usual*factor/usual, true
}

// reorders reports whether what is sent on the way from one node to another may
// overtake what was sent before.
func (l *Links) reorders(from, to ecs.Node) bool {
	x := l.declared(from, to)
	return x != nil && !x.FIFO && (x.Jitter > 0 || x.Reorder != 0)
}

// None reports whether nothing joins any two nodes, nor will when somebody joins a
// group.
func (l *Links) None() bool {
	return l.wires.Len() == 0 && l.networks.members.Len() < 2 && !l.grouped()
}
