package ecs

import (
	"fmt"
	"math"
	"math/bits"

	arche "github.com/mlange-42/arche/ecs"

	"orrery/ecs/random"
)

// Config is what a world is made with. The zero value of a field is its
// default.
type Config struct {
	Seed       uint64
	TickLength Nanoseconds // 1 ms
	// BatchLength is the longest batch a columns program is given, in
	// envelopes: 1 to 126, the default. It changes no outcome.
	BatchLength int

	// Limits. Meeting one ends the run with a [LimitError].
	MaxNodes     int // 2^28
	MaxEnvelopes int // in flight; 2^30
	MaxPayload   int // bytes of one payload; 1 MiB

	// Envelopes is how many envelopes in flight to make room for at first.
	Envelopes int
}

const (
	maxBatch = nearLength
	// touchBytes is the size of a program's state from which reading rows
	// ahead pays: what no longer fits the nearer caches.
	touchBytes = 256 << 10
)

func (c *Config) setDefaults() {
	if c.TickLength == 0 {
		c.TickLength = 1_000_000
	}
	if c.BatchLength == 0 {
		c.BatchLength = maxBatch
	}
	if c.MaxNodes == 0 {
		c.MaxNodes = 1 << 28
	}
	if c.MaxEnvelopes == 0 {
		c.MaxEnvelopes = 1 << 30
	}
	if c.MaxPayload == 0 {
		c.MaxPayload = 1 << 20
	}
}

func (c *Config) validate() error {
	switch {
	case c.TickLength < 1:
		return fmt.Errorf("tick length is %d ns; it must be at least 1 ns", c.TickLength)
	case c.BatchLength < 1 || c.BatchLength > maxBatch:
		return fmt.Errorf("batch length is %d; it must be 1 to %d", c.BatchLength, maxBatch)
	case c.MaxNodes < 1 || c.MaxEnvelopes < 1 || c.MaxPayload < 0 || c.Envelopes < 0:
		return fmt.Errorf("a limit is negative or zero: nodes %d, envelopes %d, payload %d bytes, room for %d envelopes", c.MaxNodes, c.MaxEnvelopes, c.MaxPayload, c.Envelopes)
	}
	return nil
}

// World is all state of a run: nodes and what they hold, envelopes in flight,
// the tick, the seed. It is not safe for concurrent use.
type World struct {
	config   Config
	inverse  inverse // of the tick's length
	tick     Tick
	seeds    []SeedAt
	streams  []streamKey
	kinds    []kindInfo
	programs []*program // in order of declaration; 0 is groups
	tables   []*Table   // in order of declaration
	nodes    int        // alive

	store      arche.World
	wheel      wheel
	slab       slab
	digest     digester
	generation uint32 // of marks: raised whenever somebody has read them

	births  []birth
	deaths  []Node
	groups  groups
	counts  Counts
	outside uint64 // envelopes from outside so far, the root of their IDs
	batch   Batch
	scratch scratch
	names   nameIndex
	watcher func(s Sent) // nil: nobody watches
	// watchers are who watches; watcher is all of them.
	watchers []*func(s Sent)
	fans     Fans
	leaving  func(e *Envelope) (taken bool)
}

// SeedAt says which seed draws use from a tick on.
type SeedAt struct {
	From Tick
	Seed uint64
}

// Counts are the totals of a run: of all envelopes, and of one-shot timers among
// them. Starts of nodes are the engine's own, and in neither.
type Counts struct {
	Traffic
	Timers Traffic
	Ticks  uint64 // in which something was due
}

// Traffic is what became of envelopes. What was sent and is neither delivered
// nor dropped is in flight.
type Traffic struct {
	Sent      uint64
	Delivered uint64 // handed to a program
	Dropped   [Causes]uint64
}

// Messages returns what is left of all envelopes without the timers.
func (c *Counts) Messages() Traffic {
	m := c.Traffic
	m.Sent -= c.Timers.Sent
	m.Delivered -= c.Timers.Delivered
	for i, n := range c.Timers.Dropped {
		m.Dropped[i] -= n
	}
	return m
}

// Lost returns how many were dropped, whatever the cause.
func (t *Traffic) Lost() (n uint64) {
	for _, d := range t.Dropped {
		n += d
	}
	return n
}

// Cause is why an envelope was dropped.
type Cause uint8

const (
	DroppedDown     Cause = iota // its target was not up
	DroppedGone                  // its target had died
	DroppedLoss                  // its link lost it
	DroppedQueue                 // its link's queue was full
	DroppedCut                   // a cut or a partition lay between
	DroppedHeld                  // too many waited for a paused node
	DroppedStale                 // a timer replaced, cancelled, or of an earlier incarnation
	DroppedLate                  // a reply to a call that had ended
	DroppedUnlinked              // a member of a group has come or gone, and no link led to it
	Causes
)

var causeNames = [Causes]string{"down", "gone", "loss", "queue", "cut", "held", "stale", "late", "no link"}

func (c Cause) String() string { return causeNames[c] }

// NewWorld makes an empty world. It panics on a configuration that cannot be.
func NewWorld(c Config) *World {
	c.setDefaults()
	if err := c.validate(); err != nil {
		panic("ecs: " + err.Error())
	}
	w := &World{config: c, inverse: inverseOf(uint64(c.TickLength)), tick: -1, generation: 1, seeds: []SeedAt{{Seed: c.Seed}}}
	w.store = arche.NewWorld()
	w.scratch.direct = func(e *Envelope, delay Tick) { w.post(e, w.tick+max(delay, 1)) }
	w.wheel.init(c.Envelopes)
	w.slab.max = c.MaxPayload
	w.programs = []*program{w.groupProgram()}
	for _, name := range []string{"none", "start", "stop"} {
		w.kinds = append(w.kinds, kindInfo{Name: name, timer: true, size: 16})
	}
	return w
}

// Tick returns the tick under way, or the last one finished; -1 before the
// first.
func (w *World) Tick() Tick { return w.tick }

// Config returns what the world was made with, defaults filled in.
func (w *World) Config() Config { return w.config }

// Counts returns the totals so far.
func (w *World) Counts() *Counts { return &w.counts }

// InFlight returns the number of envelopes under way.
func (w *World) InFlight() int { return w.wheel.count }

// LiveNodes returns the number of nodes that live, up or not.
func (w *World) LiveNodes() int { return w.nodes }

// NextDue returns the next tick at which an envelope is due, or Never.
func (w *World) NextDue() Tick { return w.wheel.nextDue() }

// EachInFlight calls f with every envelope under way and when it is due. Of
// those due in one tick, those sent earlier come earlier.
func (w *World) EachInFlight(f func(e *Envelope, due Tick)) { w.wheel.each(f) }

// Begin enters a tick: no envelope may be due before it.
func (w *World) Begin(t Tick) {
	w.tick = t
	w.wheel.advance(t)
	w.counts.Ticks++
}

// End leaves a tick, and hashes all state if that is due.
func (w *World) End() {
	if w.checkpointDue() {
		w.Checkpoint()
	}
}

// TicksCeil converts a span to ticks, rounding up.
func (w *World) TicksCeil(d Nanoseconds) Tick {
	n := d + w.config.TickLength - 1
	if uint64(n) < w.inverse.below {
		high, _ := bits.Mul64(uint64(n), w.inverse.of)
		return Tick(high)
	}
	return Tick(n / w.config.TickLength)
}

// inverse is what divides by a number n: the high word of a product with of, as
// long as what is divided lies below. 2^64 is n·of less at most n: that error,
// times what is divided, must stay below 2^64.
type inverse struct{ of, below uint64 }

func inverseOf(n uint64) inverse {
	if n <= 1 {
		return inverse{}
	}
	return inverse{math.MaxUint64/n + 1, math.MaxUint64 / n}
}

// Time returns when a tick is, in simulated time.
func (w *World) Time(t Tick) Nanoseconds { return Nanoseconds(t) * w.config.TickLength }

// Stream is a named stream of random numbers.
type Stream uint16

type streamKey struct {
	name string
	key  random.Key
}

// Stream declares a named stream, or finds it.
func (w *World) Stream(name string) Stream {
	for i := range w.streams {
		if w.streams[i].name == name {
			return Stream(i)
		}
	}
	w.streams = append(w.streams, streamKey{name, random.NewKey(w.Seed(), name)})
	return Stream(len(w.streams) - 1)
}

// Key returns a stream's key: what draws are made from, until the next reseed.
func (w *World) Key(s Stream) random.Key { return w.streams[s].key }

// Seed returns the seed in force.
func (w *World) Seed() uint64 { return w.seeds[len(w.seeds)-1].Seed }

// Seeds returns all seeds and since when they hold.
func (w *World) Seeds() []SeedAt { return w.seeds }

// Reseed makes draws from the next tick on use another seed.
func (w *World) Reseed(seed uint64) {
	w.seeds = append(w.seeds, SeedAt{From: w.tick + 1, Seed: seed})
	w.rekey()
	w.Fold(3, seed)
}

func (w *World) rekey() {
	for i := range w.streams {
		w.streams[i].key = random.NewKey(w.Seed(), w.streams[i].name)
	}
}

type kindInfo struct {
	Name  string
	timer bool
	asks  bool // it wants a reply
	size  int  // bytes of payload in A and B
}

// Kind declares a kind of message whose payload is the first size bytes of A
// and B, 0 to 16; kinds with longer payloads say 0 and use bytes.
func (w *World) Kind(name string, size int) Kind { return w.addKind(kindInfo{Name: name, size: size}) }

// TimerKind declares a kind of one-shot timer. Its payload is A; B belongs to
// the engine.
func (w *World) TimerKind(name string) Kind {
	return w.addKind(kindInfo{Name: name, timer: true, size: 8})
}

func (w *World) addKind(k kindInfo) Kind {
	if k.size < 0 || k.size > 16 {
		panic(fmt.Sprintf("ecs: kind %q: a payload in A and B has 0 to 16 bytes, not %d", k.Name, k.size))
	}
	if len(w.kinds) == MaxKinds {
		panic(&LimitError{Limit: "kinds", Max: MaxKinds, Where: fmt.Sprintf("kind %q", k.Name)})
	}
	w.kinds = append(w.kinds, k)
	id := Kind(len(w.kinds) - 1)
	if k.timer {
		id |= timerFlag
	}
	return id
}

// Asks says that an envelope of a kind wants a reply: [Handler.Down] is given what
// of it comes due for a node that is down.
func (w *World) Asks(k Kind) { w.kinds[k.Index()].asks = true }

// WantsReply reports whether a kind was given to [World.Asks].
func (w *World) WantsReply(k Kind) bool { return w.kinds[k.Index()].asks }

// KindNames returns what kinds were declared as, in order, but for the engine's
// own.
func (w *World) KindNames() []string {
	var all []string
	for _, k := range w.kinds[firstUserKind&kindMask:] {
		all = append(all, k.Name)
	}
	return all
}

// KindNamed returns the first kind that was declared under a name.
func (w *World) KindNamed(name string) (k Kind, ok bool) {
	for i := range w.kinds {
		if w.kinds[i].Name == name {
			if k = Kind(i); w.kinds[i].timer {
				k |= timerFlag
			}
			return k, true
		}
	}
	return 0, false
}

// KindName returns what a kind was declared as.
func (w *World) KindName(k Kind) string {
	if i := int(k & kindMask); i < len(w.kinds) {
		return w.kinds[i].Name
	}
	return fmt.Sprintf("kind %d", k)
}

func (w *World) addTable(t *Table) {
	t.world = w
	w.tables = append(w.tables, t)
}

// Tables returns every table, in the order of declaration.
func (w *World) Tables() []*Table { return w.tables }

// locate returns a live node's program and row, or panics.
func (w *World) locate(n Node) (*program, uint32) {
	if int(n.Program()) < len(w.programs) {
		p := w.programs[n.Program()]
		if row, ok := p.row(n); ok {
			return p, row
		}
	}
	panic(fmt.Sprintf("ecs: %s is not alive", w.NodeName(n)))
}

// mark notes that a node's page changed.
func (w *World) mark(p *program, row uint32) {
	p.lifeTable.marks[row>>pageShift] = w.generation
	if p.state != nil {
		p.state.marks[row>>pageShift] = w.generation
	}
}
