package systems

import (
	"encoding/binary"
	"slices"

	"orrery/ecs"
)

// gossipViews lets who provides what spread. What a node provides is one entry,
// which the node alone sets: its services, in order. The counter of its version
// is the node's incarnation, and within that how often it has changed: what a
// node has provided in an earlier life is older than anything of this one.
//
// A node that stops says that it goes. One that crashes does not: who asks it, in
// a round of anti-entropy, and finds it down, says so for it, of the incarnation
// that he knows of. What lies behind a cut is not asked: it may be well.
type gossipViews struct {
	services *Services
	epidemic *Epidemic
	touched  []ecs.Node // in hand
	keys     []uint64
	buffer   []byte
	dirty    bool // whether what nodes agree on may be wrong where it was right
	isWrong  bool
	astray   []bool // by part: whether it is wrong there
	lives    uint32 // and changes of links, that it knows of
	links    uint32
}

// incarnationShift parts a version's counter.
const (
	incarnationShift = 32
	lastOfLife       = 1<<incarnationShift - 1
)

// Gossip has each node see who provides what on its own, as it hears of it: what
// it says to others goes over links. It is for a world in which nobody has
// started, and wants [Epidemic.Open].
func (s *Services) Gossip(e *Epidemic) {
	if !e.opened {
		panic("systems: views of who provides what are to spread, and nothing does; call Epidemic.Open first")
	}
	v := &gossipViews{services: s, epidemic: e, dirty: true}
	s.directory.gossip = v
	s.directory.clear()
	e.told[providerTopic], e.providers = v.told, v
}

// publish has nodes whose services changed say so.
func (v *gossipViews) publish(changes []change) {
	v.touched = v.touched[:0]
	for _, c := range changes {
		v.touched = append(v.touched, c.node)
	}
	slices.Sort(v.touched)
	for _, n := range slices.Compact(v.touched) {
		life := v.epidemic.world.Life(n)
		if life.Status != ecs.Crashed && life.Status != ecs.Absent {
			v.publishNode(n, life.Incarnation)
		}
	}
}

func (v *gossipViews) publishNode(n ecs.Node, incarnation uint32) {
	e, s := v.epidemic, v.services
	v.keys = v.keys[:0]
	for i := s.provided.first(n); i >= 0; i = s.provided.next(i) {
		v.keys = append(v.keys, s.provided.rows.At(i).Service)
	}
	slices.Sort(v.keys)
	v.buffer = v.buffer[:0]
	for _, key := range v.keys {
		v.buffer = binary.LittleEndian.AppendUint64(v.buffer, key)
	}
	entry := e.key(uint64(n), providerTopic)
	if entry < 0 {
		entry = e.addKey(keyEntry{Name: uint64(n), Topic: providerTopic})
	}
	was := e.known(e.member(n), entry)
	at := Version{uint64(incarnation)<<incarnationShift | 1, n}
	if known := e.version(was); known.Counter >= at.Counter {
		at.Counter = known.Counter + 1
	}
	e.set(nil, 0, n, 0, entry, at, v.buffer)
}

// started has a node that starts again say what it provides now, if others may
// think that it is as it was.
func (v *gossipViews) started(n ecs.Node) {
	if v.epidemic.key(uint64(n), providerTopic) >= 0 {
		d := &v.services.directory
		d.changes = append(d.changes, change{node: n})
	}
}

// told brings into a node's view what it has heard of a provider.
func (v *gossipViews) told(_ *ecs.Batch, _ int, viewer ecs.Node, key, was, is int) {
	v.dirty = true
	node := ecs.Node(v.epidemic.keys.At(key).Name)
	before, after := v.epidemic.value(was), v.epidemic.value(is)
	d := &v.services.directory
	for len(before)+len(after) > 0 {
		c := change{node: node, viewer: viewer}
		switch {
		case len(after) == 0 || len(before) > 0 && first8(before) < first8(after):
			c.service, c.gone = first8(before), true
			before = before[8:]
		case len(before) == 0 || first8(before) > first8(after):
			c.service = first8(after)
			after = after[8:]
		default:
			before, after = before[8:], after[8:]
			continue
		}
		d.apply(c)
		d.sighted = append(d.sighted, c)
	}
}

// blind has a node that has died see no services of a version any more.
func (v *gossipViews) blind(viewer ecs.Node, row int) {
	node := ecs.Node(v.epidemic.keys.At(int(v.epidemic.versions.rows.At(row).Key)).Name)
	for value := v.epidemic.value(row); len(value) > 0; value = value[8:] {
		v.services.directory.apply(change{service: first8(value), node: node, viewer: viewer, gone: true})
	}
}

func first8(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// missed has a node that found another one down take it for one that provides
// nothing any more, in the life that it knows of.
func (v *gossipViews) missed(n, gone ecs.Node) {
	e := v.epidemic
	entry := e.key(uint64(gone), providerTopic)
	if entry < 0 {
		return
	}
	row := e.known(e.member(n), entry)
	if len(e.value(row)) == 0 {
		return
	}
	e.set(nil, 0, n, 0, entry, Version{e.version(row).Counter | lastOfLife, gone}, nil)
}

// wrong reports whether, in some part, nodes think that somebody provides
// services who is down.
func (v *gossipViews) wrong() bool {
	v.look()
	return v.isWrong
}

// wrongIn is wrong of one part.
func (v *gossipViews) wrongIn(part int) bool {
	v.look()
	return v.isWrong && v.astray[part]
}

// look finds out what is wrong, if that may have changed. It asks one node a
// part: where they differ rounds are held anyway. Of a provider only its own part
// can have heard.
func (v *gossipViews) look() {
	e := v.epidemic
	a := e.current()
	if !v.dirty && v.lives == a.lives && v.links == e.links.changes {
		return
	}
	v.dirty, v.lives, v.links, v.isWrong = false, a.lives, e.links.changes, false
	v.astray = append(v.astray[:0], make([]bool, a.parts.len())...)
	for _, entry := range e.entries.order {
		k := e.keys.At(int(entry))
		if k.Topic != providerTopic || e.entries.held[entry] == 0 {
			continue
		}
		life := e.world.Life(ecs.Node(k.Name))
		if !down(&life) {
			continue
		}
		part := a.parts.find(ecs.Node(k.Name))
		if part < 0 || v.astray[part] {
			continue
		}
		if one := e.someone(part); one != 0 && len(e.value(e.known(e.member(one), int(entry)))) > 0 {
			v.isWrong, v.astray[part] = true, true
		}
	}
}

// rebuild makes all views again from what nodes know, after a restore.
func (v *gossipViews) rebuild() {
	e, d := v.epidemic, &v.services.directory
	v.dirty = true
	for m := range e.members.rows.Len() {
		r := e.members.rows.At(m)
		if r.Used == 0 {
			continue
		}
		for _, entry := range e.entries.order {
			k := e.keys.At(int(entry))
			if k.Topic != providerTopic {
				continue
			}
			for value := e.value(e.known(m, int(entry))); len(value) > 0; value = value[8:] {
				d.apply(change{service: first8(value), node: ecs.Node(k.Name), viewer: r.Node})
			}
		}
	}
}

// down reports whether a node of a life is down for who asks it: one that is to
// start yet is not.
func down(life *ecs.Life) bool {
	return life.Status != ecs.Up && life.Status != ecs.Paused && (life.Incarnation > 0 || life.Status == ecs.Absent)
}
