package ecs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// names gives the nodes of one program their names, in the order of their
// birth. Nodes made together share a prefix and have an index, so that a
// million of them cost no strings.
type names struct {
	ranges []nameRange
}

type nameRange struct {
	first  uint32 // ordinal
	count  uint32
	prefix string
	order  uint32 // of naming, in the whole world
	single bool   // the prefix is the name: no index
}

func (r *nameRange) name(ordinal uint32) string {
	if r.single {
		return r.prefix
	}
	return r.prefix + "[" + strconv.Itoa(int(ordinal-r.first)) + "]"
}

func (n *names) of(ordinal uint32) (string, bool) {
	i, found := slices.BinarySearchFunc(n.ranges, ordinal, func(r nameRange, o uint32) int {
		switch {
		case o < r.first:
			return 1
		case o >= r.first+r.count:
			return -1
		}
		return 0
	})
	if !found {
		return "", false
	}
	return n.ranges[i].name(ordinal), true
}

// nameIndex finds ranges of names by prefix, over all programs: open
// addressing with linear probing, nothing is ever taken out. It is made from
// the ranges and can be made again, as it is after a restore.
type nameIndex struct {
	slots    []nameSlot
	used     int
	order    uint32 // ranges named so far
	brackets int    // single names that might be of a range: "a[1]"
	made     bool
}

type nameSlot struct {
	hash uint32
	at   uint32 // program and one more than the range's index; 0: free
}

func (w *World) rangeAt(at uint32) *nameRange {
	n := Node(at)
	return &w.programs[n.Program()].names.ranges[n.Ordinal()-1]
}

func prefixHash(prefix string, single bool) uint64 {
	h := hashString(prefix)
	if single {
		h = ^h
	}
	return h
}

// eachRange calls f with the slots of a prefix until f says no, and then
// returns that slot, or a free one.
func (w *World) eachRange(prefix string, single bool, f func(r *nameRange, s *nameSlot) bool) *nameSlot {
	x := &w.names
	h := prefixHash(prefix, single)
	for i := int(h) & (len(x.slots) - 1); ; i = (i + 1) & (len(x.slots) - 1) {
		s := &x.slots[i]
		if s.at == 0 {
			return s
		}
		if s.hash != uint32(h>>32) {
			continue
		}
		if r := w.rangeAt(s.at); r.single == single && r.prefix == prefix && !f(r, s) {
			return s
		}
	}
}

// indexNames makes the index if it is not there.
func (w *World) indexNames() {
	x := &w.names
	if x.made {
		return
	}
	*x = nameIndex{slots: make([]nameSlot, 64), made: true}
	w.indexRanges()
}

func (w *World) indexRanges() {
	for _, p := range w.programs {
		for i := range p.names.ranges {
			w.indexRange(uint32(makeNode(p.id, uint32(i)+1)))
		}
	}
}

// indexRange adds a range. One that covers all of an older one's names takes
// its place, so that a name given again and again is found at once.
func (w *World) indexRange(at uint32) {
	x := &w.names
	r := w.rangeAt(at)
	x.order = max(x.order, r.order+1)
	if r.single && strings.HasSuffix(r.prefix, "]") {
		x.brackets++
	}
	hidden := false
	s := w.eachRange(r.prefix, r.single, func(other *nameRange, _ *nameSlot) bool {
		hidden = other.order > r.order && other.count >= r.count
		return !hidden && !(other.order < r.order && other.count <= r.count)
	})
	if hidden {
		return
	}
	if s.at == 0 {
		x.used++
	}
	*s = nameSlot{uint32(prefixHash(r.prefix, r.single) >> 32), at}
	if 4*x.used > 3*len(x.slots) {
		old := x.slots
		x.slots, x.used = make([]nameSlot, 2*len(old)), 0
		for _, s := range old {
			if s.at != 0 {
				w.moveRange(s)
			}
		}
	}
}

// moveRange adds a slot to an index that has grown: none hides another.
func (w *World) moveRange(from nameSlot) {
	r := w.rangeAt(from.at)
	*w.eachRange(r.prefix, r.single, func(*nameRange, *nameSlot) bool { return true }) = from
	w.names.used++
}

// name gives count nodes of a program their names. It panics if a node that
// lives, or is to be born, has one of them: draws go by name.
func (w *World) name(p *program, prefix string, first, count uint32, single bool) {
	if count == 0 {
		return
	}
	w.indexNames()
	w.checkFree(prefix, count, single)
	p.names.ranges = append(p.names.ranges, nameRange{first: first, count: count, prefix: prefix, order: w.names.order, single: single})
	w.indexRange(uint32(makeNode(p.id, uint32(len(p.names.ranges)))))
}

func (w *World) checkFree(prefix string, count uint32, single bool) {
	if single {
		w.checkFreeName(prefix)
		return
	}
	w.eachRange(prefix, false, func(r *nameRange, s *nameSlot) bool {
		p := Node(s.at).Program()
		for i := range min(count, r.count) {
			if n := makeNode(p, r.first+i); !w.died(n) {
				w.taken(n)
			}
		}
		return true
	})
	for i := range count {
		if w.names.brackets == 0 {
			break
		}
		w.checkFreeName(prefix + "[" + strconv.Itoa(int(i)) + "]")
	}
}

func (w *World) checkFreeName(name string) {
	if n, ok := w.NodeNamed(name); ok && !w.died(n) {
		w.taken(n)
	}
}

func (w *World) taken(n Node) {
	panic(fmt.Sprintf("ecs: a node %q is there already, in program %q; draws go by name: a name is free again when its node has died", w.NodeName(n), w.programs[n.Program()].schema.Name))
}

// splitIndex parses "prefix[17]".
func splitIndex(name string) (prefix string, index uint32, ok bool) {
	open := strings.LastIndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return "", 0, false
	}
	digits := name[open+1 : len(name)-1]
	v, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || strconv.FormatUint(v, 10) != digits {
		return "", 0, false
	}
	return name[:open], uint32(v), true
}

// NodeName returns a node's name, for the dead too.
func (w *World) NodeName(n Node) string {
	if n == 0 {
		return "outside"
	}
	if int(n.Program()) < len(w.programs) {
		if name, ok := w.programs[n.Program()].names.of(n.Ordinal()); ok {
			return name
		}
	}
	if n == Everyone {
		return "everyone"
	}
	if n.Ordinal() == 0 && int(n.Program()) < len(w.programs) {
		return fmt.Sprintf("subscribers of %s", w.programs[n.Program()].schema.Name)
	}
	return fmt.Sprintf("node %d/%d", n.Program(), n.Ordinal())
}

// NodeNamed returns the latest node that was given a name: no two have the
// same one at a time.
func (w *World) NodeNamed(name string) (n Node, ok bool) {
	w.indexNames()
	var order uint32
	latest := func(index uint32) func(r *nameRange, s *nameSlot) bool {
		return func(r *nameRange, s *nameSlot) bool {
			if index < r.count && (!ok || r.order > order) {
				n, order, ok = makeNode(Node(s.at).Program(), r.first+index), r.order, true
			}
			return true
		}
	}
	w.eachRange(name, true, latest(0))
	if prefix, index, indexed := splitIndex(name); indexed {
		w.eachRange(prefix, false, latest(index))
	}
	return n, ok
}
