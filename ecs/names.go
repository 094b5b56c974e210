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
	single bool // the prefix is the name: no index
}

func (r *nameRange) name(ordinal uint32) string {
	if r.single {
		return r.prefix
	}
	return r.prefix + "[" + strconv.Itoa(int(ordinal-r.first)) + "]"
}

func (n *names) add(prefix string, first, count uint32, single bool) {
	n.ranges = append(n.ranges, nameRange{first: first, count: count, prefix: prefix, single: single})
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

// find returns the ordinal of the latest node of that name.
func (n *names) find(name string) (uint32, bool) {
	prefix, index, indexed := splitIndex(name)
	for i := len(n.ranges) - 1; i >= 0; i-- {
		r := &n.ranges[i]
		switch {
		case r.single && r.prefix == name:
			return r.first, true
		case !r.single && indexed && r.prefix == prefix && index < r.count:
			return r.first + index, true
		}
	}
	return 0, false
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
		if name, ok := w.programs[n.Program()].names.of(n.ordinal()); ok {
			return name
		}
	}
	return fmt.Sprintf("node %d/%d", n.Program(), n.ordinal())
}

// NodeNamed returns the latest node that was given a name.
func (w *World) NodeNamed(name string) (Node, bool) {
	for _, p := range w.programs {
		if o, ok := p.names.find(name); ok {
			return makeNode(p.id, o), true
		}
	}
	return 0, false
}
