package systems

import "orrery/ecs"

// nodeRows is a row for each of some nodes, found by the node's number: four
// bytes for each node of a program up to the last that has one, so that what
// many nodes need often stays in the cache.
type nodeRows struct {
	of [][]int32 // by program and ordinal: one more than a row; 0: none
}

// find returns a node's row, or -1.
func (x *nodeRows) find(n ecs.Node) int {
	if p := int(n.Program()); p < len(x.of) {
		if rows, o := x.of[p], int(n.Ordinal()); o < len(rows) {
			return int(rows[o]) - 1
		}
	}
	return -1
}

// set gives a node a row; -1 takes it away.
func (x *nodeRows) set(n ecs.Node, row int) {
	p, o := int(n.Program()), int(n.Ordinal())
	for len(x.of) <= p {
		x.of = append(x.of, nil)
	}
	if rows := x.of[p]; o >= len(rows) {
		x.of[p] = append(rows, make([]int32, max(o+1, len(rows)*5/4, 16)-len(rows))...)
	}
	x.of[p][o] = int32(row) + 1
}

func (x *nodeRows) clear() {
	for _, rows := range x.of {
		clear(rows)
	}
}

// nodeSet is a set of nodes, a bit each.
type nodeSet struct {
	of [][]uint64 // by program and ordinal
}

func (x *nodeSet) has(n ecs.Node) bool {
	if p := int(n.Program()); p < len(x.of) {
		if bits, o := x.of[p], n.Ordinal(); int(o>>6) < len(bits) {
			return bits[o>>6]>>(o&63)&1 != 0
		}
	}
	return false
}

func (x *nodeSet) put(n ecs.Node, in bool) {
	p, o := int(n.Program()), n.Ordinal()
	for len(x.of) <= p {
		x.of = append(x.of, nil)
	}
	for len(x.of[p]) <= int(o>>6) {
		x.of[p] = append(x.of[p], 0)
	}
	if x.of[p][o>>6] &^= 1 << (o & 63); in {
		x.of[p][o>>6] |= 1 << (o & 63)
	}
}

func (x *nodeSet) clear() {
	for _, bits := range x.of {
		clear(bits)
	}
}
