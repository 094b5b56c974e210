package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Epidemic spreads versioned entries from node to node, as Demers et al.
// (Epidemic algorithms for replicated database maintenance, 1987) describe it.
// What a node has not known yet it tells to some of its neighbours, drawn, once:
// rumour mongering. Each period each node compares itself with one of them, as
// long as nodes differ: anti-entropy. Of two versions of an entry the later one
// counts, by a counter and, of equals, its writer's name (Lamport, 1978): all
// end with the same, whatever is lost, late or cut.
//
// A node keeps what it knows over a crash: nothing it knows ever gets older.
//
// Values are kept once, however many nodes have them; what a node knows of an
// entry is 4 bytes.
type Epidemic struct {
	world    *ecs.World
	programs *Programs
	links    *Links
	config   Gossip
	period   ecs.Tick
	opened   bool
	kind     ecs.Kind

	keys     *ecs.Rows[keyEntry]
	entries  entries // what follows from them
	versions pool[versionRow, *versionRow]
	bytes    *ecs.Rows[heldValueRow] // a row for each of versions
	interned index                   // (key and writer, counter) to version
	members  pool[memberRow, *memberRow]
	views    *ecs.Rows[viewRow] // as many blocks a member as the keys take
	hot      *ecs.Rows[hotRow]
	traffic  *ecs.Rows[trafficRow]
	told     [topics]func(b *ecs.Batch, i int, n ecs.Node, key, was, is int)

	providers *gossipViews // of which entries are, if who provides what spreads; else nil
	partner   ecs.Stream
	agree     agreement
	leaving   []ecs.Node // died in this tick, and may say so

	// In hand.
	buffer, more []byte
	chosen       []ecs.Node
	indices      []int
	rows         []uint32
	pushed       []hotRow
}

// Gossip says how entries spread.
type Gossip struct {
	Every  ecs.Nanoseconds // between two rounds of anti-entropy; 100 ms
	Fanout int             // neighbours that a node tells what it learns; 3
}

const (
	// MaxFanout is how many neighbours a node may tell at once.
	MaxFanout = 64
	// MaxEntries is how many entries may spread in a world.
	MaxEntries = 1 << 15
)

func (g *Gossip) validate() error {
	if g.Every == 0 {
		g.Every = 100_000_000
	}
	if g.Fanout == 0 {
		g.Fanout = 3
	}
	switch {
	case g.Every < 0:
		return fmt.Errorf("gossip every %d ns; a period is above 0", g.Every)
	case g.Fanout < 1 || g.Fanout > MaxFanout:
		return fmt.Errorf("a fanout of %d; a node tells 1 to %d others", g.Fanout, MaxFanout)
	}
	return nil
}

// topic is what an entry is about.
type topic uint8

const (
	paramTopic    topic = iota // its name is the param's key
	providerTopic              // its name is a node's number
	topics
)

// Version says which of two values of an entry counts. The zero Version is that
// of one nobody has set.
type Version struct {
	Counter uint64
	Writer  ecs.Node
}

// keyEntry is something that has versions.
type keyEntry struct {
	Name  uint64
	Topic topic
	Local bool // each node has its own: it does not spread
	Free  bool // it is none, and there is room for one
	_     [5]byte
}

// versionRow is a value that somebody has.
type versionRow struct {
	Counter uint64
	Hash    uint64 // of the value
	Writer  ecs.Node
	Key     int32
	Refs    int32 // how many have it
	slot
}

func (r *versionRow) place() (*slot, ecs.Node) { return &r.slot, 0 }

// heldValueRow is where a version's value lies.
type heldValueRow struct{ At ecs.Kept }

// memberRow is a node that knows something.
type memberRow struct {
	Hash uint64 // of all it knows that spreads: a sum, in any order
	Node ecs.Node
	slot
}

func (r *memberRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// viewRow is what a member knows of some keys, by number: one more than a
// version, 0 for none.
type viewRow struct{ Known [viewKeys]int32 }

const viewKeys = 16

// hotRow is something a node has learned in this tick and is about to tell.
type hotRow struct {
	Node, From ecs.Node
	Key        int32
	_          [4]byte
}

// trafficRow counts messages that are not the programs'.
type trafficRow struct{ Sent, Bytes uint64 }

// NewEpidemic returns what spreads in a world: nothing yet.
func NewEpidemic(w *ecs.World, p *Programs, l *Links) *Epidemic {
	e := &Epidemic{world: w, programs: p, links: l, partner: w.Stream("gossip/partner")}
	e.keys = ecs.NewRows[keyEntry](w, "gossip.key")
	e.keys.Table().DigestIfUsed()
	e.versions = newPool[versionRow](w, "gossip.version")
	e.bytes = ecs.NewRows[heldValueRow](w, "gossip.value")
	e.bytes.Table().OutsideDigest()
	e.members = newPool[memberRow](w, "gossip.member")
	e.views = ecs.NewRows[viewRow](w, "gossip.view")
	e.views.Table().DigestIfUsed()
	e.hot = ecs.NewRows[hotRow](w, "gossip.hot")
	e.hot.Table().DigestIfUsed()
	e.traffic = ecs.NewRows[trafficRow](w, "gossip.traffic")
	e.traffic.Table().OutsideDigest()
	e.agree.stale = true
	return e
}

// Open declares the kind of message that entries spread by. It is done when
// something is declared that spreads: a world without has no such kind.
func (e *Epidemic) Open(g Gossip) error {
	if err := g.validate(); err != nil {
		return err
	}
	e.config, e.period = g, max(1, e.world.TicksCeil(g.Every))
	if !e.opened {
		e.opened = true
		e.kind = e.world.Kind("(gossip)", 8)
		e.links.whole = e.kind
		e.traffic.Add(trafficRow{})
	}
	return nil
}

// Traffic returns how many messages, of how many bytes, nodes have sent each
// other so that entries spread. They are among [ecs.Counts] too.
func (e *Epidemic) Traffic() (messages, bytes uint64) {
	if e.traffic.Len() == 0 {
		return 0, 0
	}
	t := e.traffic.At(0)
	return t.Sent, t.Bytes
}

// blocks is how many rows of views a member takes: a power of two, so that they
// are seldom moved.
func (e *Epidemic) blocks() int {
	n := 1
	for n*viewKeys < e.keys.Len() {
		n *= 2
	}
	return n
}

// widen gives each member more rows of views.
func (e *Epidemic) widen(from, to int) {
	members := e.views.Len() / from
	for range members * (to - from) {
		e.views.Add(viewRow{})
	}
	for m := members - 1; m >= 0; m-- {
		for block := to - 1; block >= 0; block-- {
			row := viewRow{}
			if block < from {
				row = *e.views.At(m*from + block)
			}
			*e.views.Edit(m*to + block) = row
		}
	}
}

// member returns the row of a node that knows something, or -1.
func (e *Epidemic) member(n ecs.Node) int { return e.members.first(n) }

// join returns the row of a node, a new one if it has known nothing.
func (e *Epidemic) join(n ecs.Node) int {
	if m := e.member(n); m >= 0 {
		return m
	}
	m := e.members.take()
	e.members.rows.Edit(m).Node = n
	e.members.own(m)
	for e.views.Len() < (m+1)*e.blocks() {
		e.views.Add(viewRow{})
	}
	return m
}

// known returns the version that a member has of a key: a row, or -1.
func (e *Epidemic) known(m, key int) int {
	if m < 0 {
		return -1
	}
	return int(e.views.At(m*e.blocks() + key/viewKeys).Known[key%viewKeys]) - 1
}

// learn has a member know a version of a key: a row, or -1 for none.
func (e *Epidemic) learn(m, key, row int) {
	e.views.Edit(m*e.blocks() + key/viewKeys).Known[key%viewKeys] = int32(row) + 1
}

// version returns which version a row is; that of none is zero.
func (e *Epidemic) version(row int) Version {
	if row < 0 {
		return Version{}
	}
	r := e.versions.rows.At(row)
	return Version{r.Counter, r.Writer}
}

// value returns the value of a version, for reading until the next is kept or
// sent; nil of none.
func (e *Epidemic) value(row int) []byte {
	if row < 0 {
		return nil
	}
	return e.world.Kept(e.bytes.At(row).At)
}

// later reports whether a version counts before another.
func (e *Epidemic) later(a, b Version) bool {
	if a.Counter != b.Counter || a.Writer == b.Writer {
		return a.Counter > b.Counter
	}
	if x, y := e.world.NodeName(a.Writer), e.world.NodeName(b.Writer); x != y {
		return x > y
	}
	return a.Writer > b.Writer // one has died, and the other has its name
}

// set has a node know a version, of its own or one that it was told; from is who
// told it. It reports whether that is news.
func (e *Epidemic) set(b *ecs.Batch, i int, n, from ecs.Node, key int, v Version, value []byte) bool {
	m := e.join(n)
	was := e.known(m, key)
	if !e.later(v, e.version(was)) {
		return false
	}
	is := e.intern(key, v, value)
	e.learn(m, key, is)
	e.hold(key, was, is)
	e.versions.rows.Edit(is).Refs++
	k := e.keys.At(key)
	if !k.Local {
		e.rehash(m, e.word(key, was), e.word(key, is))
		e.hot.Add(hotRow{Node: n, From: from, Key: int32(key)})
	}
	if told := e.told[k.Topic]; told != nil {
		told(b, i, n, key, was, is)
	}
	e.release(was)
	return true
}

// intern returns the row of a version, which is new or known to others.
func (e *Epidemic) intern(key int, v Version, value []byte) int {
	if row := e.interned.find(uint64(key)<<32|uint64(v.Writer), v.Counter); row >= 0 {
		return row
	}
	row := e.versions.take()
	if row == e.bytes.Len() {
		e.bytes.Add(heldValueRow{})
	}
	r := e.versions.rows.Edit(row)
	r.Counter, r.Writer, r.Key = v.Counter, v.Writer, int32(key)
	e.bytes.Edit(row).At, r.Hash = e.world.Keep(value)
	e.interned.put(uint64(key)<<32|uint64(v.Writer), v.Counter, row)
	return row
}

// release drops a version that a node knows no longer, with its value if nobody
// does.
func (e *Epidemic) release(row int) {
	if row < 0 {
		return
	}
	r := e.versions.rows.Edit(row)
	if r.Refs--; r.Refs > 0 {
		return
	}
	e.interned.drop(uint64(r.Key)<<32|uint64(r.Writer), r.Counter)
	e.world.Unkeep(e.bytes.At(row).At)
	*e.bytes.Edit(row) = heldValueRow{}
	e.versions.give(row)
}

// word is what a version adds to the hash of who knows it.
func (e *Epidemic) word(key, row int) uint64 {
	if row < 0 {
		return 0
	}
	k, r := e.keys.At(key), e.versions.rows.At(row)
	return random.Mix(k.Name ^ uint64(k.Topic)<<63 ^ random.Mix(r.Counter^random.Mix(uint64(r.Writer))))
}

// forget drops what a node that has died knew.
func (e *Epidemic) forget(n ecs.Node) {
	e.died(n)
	m := e.member(n)
	if m < 0 {
		return
	}
	for _, key := range e.entries.order {
		if row := e.known(m, int(key)); row >= 0 {
			e.learn(m, int(key), -1)
			e.hold(int(key), row, -1)
			if e.keys.At(int(key)).Topic == providerTopic {
				e.providers.blind(n, row)
			}
			e.release(row)
		}
	}
	e.members.drop(m)
	e.agree.stale = true
}

// like takes over what another world's epidemic declared. Entries are rows.
func (e *Epidemic) like(other *Epidemic) {
	if e.config, e.period = other.config, other.period; other.opened && !e.opened {
		e.opened, e.kind = true, other.kind
		e.links.whole = e.kind
		e.traffic.Add(trafficRow{})
	}
}

// rebuild makes what is derived from the rows again, after a restore.
func (e *Epidemic) rebuild() {
	e.leaving = e.leaving[:0]
	e.members.rebuild()
	e.versions.heads.clear()
	e.versions.free = 0
	e.interned.clear()
	for i := range e.versions.rows.Len() {
		r := e.versions.rows.At(i)
		switch {
		case r.Used != 0:
			e.interned.put(uint64(r.Key)<<32|uint64(r.Writer), r.Counter, i)
		case r.Prev == 0:
			e.versions.free = int32(i) + 1
		}
	}
	e.agree.stale = true
	e.rebuildEntries()
}
