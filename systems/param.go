package systems

import (
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Consistency is what holds between the values that nodes have of a param.
type Consistency uint8

const (
	// Local: each node has its own.
	Local Consistency = iota
	// Eventual: the last version that was set reaches all, in time.
	Eventual
)

// ParamID is a param's number, in order of declaration.
type ParamID int

// Params are values of the whole system: each has versions, and each node the
// one it has seen. A node reads and sets its own at once; what it sets others
// learn by way of an [Epidemic], over links. Params belong to the system, not to
// a node's program: a node keeps them over a crash and a restart.
type Params struct {
	world    *ecs.World
	programs *Programs
	epidemic *Epidemic
	list     []param
	watched  pool[watchRow, *watchRow]
	opened   bool
	woken    ecs.Kind
}

type param struct {
	name        string
	key         uint64
	initial     []byte
	consistency Consistency
}

// watchRow is a node that is to be woken for a change of a param.
type watchRow struct {
	At    ecs.Tick // when its timer fires
	Node  ecs.Node
	Param int32
	slot
	_ [4]byte
}

func (r *watchRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// ParamKey returns the key of a name.
func ParamKey(name string) uint64 { return uint64(random.NewKey(0, name)) }

// NewParams returns the params of a world: none yet.
func NewParams(w *ecs.World, p *Programs, e *Epidemic) *Params {
	s := &Params{world: w, programs: p, epidemic: e, watched: newPool[watchRow](w, "param.watch")}
	e.told[paramTopic] = s.changed
	return s
}

// Declare declares a param, whose value is some bytes until a node sets it. One
// that is Eventual wants [Epidemic.Open].
func (p *Params) Declare(name string, initial []byte, c Consistency) ParamID {
	key := ParamKey(name)
	switch {
	case p.epidemic.key(key, paramTopic) >= 0:
		panic(fmt.Sprintf("systems: a param %q is declared twice", name))
	case c == Eventual && !p.epidemic.opened:
		panic(fmt.Sprintf("systems: param %q is to spread, and nothing does; call Epidemic.Open first", name))
	}
	if !p.opened {
		p.opened, p.woken = true, p.world.TimerKind("(param)")
	}
	p.list = append(p.list, param{name, key, slices.Clone(initial), c})
	p.epidemic.addKey(keyEntry{Name: key, Topic: paramTopic, Local: c == Local})
	return ParamID(len(p.list) - 1)
}

// Woken returns the kind of the timer that wakes who watches: A is the param's
// number.
func (p *Params) Woken() ecs.Kind { return p.woken }

// Name returns what a param was declared as.
func (p *Params) Name(id ParamID) string { return p.list[id].name }

// Key returns the key of a param's name.
func (p *Params) Key(id ParamID) uint64 { return p.list[id].key }

// Get returns the value that a node has of a param, and its version, which is
// zero as long as the node knows of nobody who has set it. The value is for
// reading, until the next is set or something is sent.
func (p *Params) Get(n ecs.Node, id ParamID) ([]byte, Version) {
	row := p.row(n, id)
	if row < 0 {
		return p.list[id].initial, Version{}
	}
	return p.epidemic.value(row), p.epidemic.version(row)
}

func (p *Params) row(n ecs.Node, id ParamID) int {
	e := p.epidemic
	m := e.member(n)
	if m < 0 {
		return -1
	}
	return e.known(m, e.key(p.list[id].key, paramTopic))
}

// Set has the node of a batch's i-th event set a param: the value is copied. It
// reads it from now on, and others do when they have been told. It returns the
// version.
func (p *Params) Set(b *ecs.Batch, i int, id ParamID, value []byte) Version {
	n, e := b.Node(i), p.epidemic
	_, v := p.Get(n, id)
	v = Version{v.Counter + 1, n}
	e.set(b, i, n, 0, e.key(p.list[id].key, paramTopic), v, value)
	return v
}

// changed has a node that watches a param woken in the next tick: once for all
// changes of this one.
func (p *Params) changed(b *ecs.Batch, i int, n ecs.Node, key, _, _ int) {
	name := p.epidemic.keys.At(key).Name
	if !slices.Contains(p.programs.Of(n.Program()).Watches, name) {
		return
	}
	id := slices.IndexFunc(p.list, func(x param) bool { return x.key == name })
	row := p.watched.first(n)
	for row >= 0 && p.watched.rows.At(row).Param != int32(id) {
		row = p.watched.next(row)
	}
	if row < 0 {
		row = p.watched.take()
		r := p.watched.rows.Edit(row)
		r.Node, r.Param, r.At = n, int32(id), -1
		p.watched.own(row)
	}
	if r := p.watched.rows.Edit(row); r.At <= b.Tick {
		r.At = b.Tick + 1
		b.Out = append(b.Out, ecs.Send{
			To: n, Cause: uint16(i), Kind: p.woken, A: uint64(id), B: uint64(b.Life(i).Incarnation) << 32,
		})
	}
}

// forget drops what a node that has ended was to be woken for.
func (p *Params) forget(n ecs.Node) {
	for row := p.watched.first(n); row >= 0; row = p.watched.first(n) {
		p.watched.drop(row)
	}
}

// like takes over what another world's params declared. Their keys are rows.
func (p *Params) like(other *Params) {
	p.list = slices.Clone(other.list)
	p.opened, p.woken = other.opened, other.woken
}

func (p *Params) rebuild() { p.watched.rebuild() }
