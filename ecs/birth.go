package ecs

import (
	"bytes"
	"fmt"
	"unsafe"
)

// states are the states that nodes were born with, each kept once.
type states struct {
	list  [][]byte
	index map[string]uint32 // looked up, never ranged over
}

func (s *states) add(state []byte) uint32 {
	if i, ok := s.index[string(state)]; ok {
		return i
	}
	if s.index == nil {
		s.index = make(map[string]uint32, len(s.list))
		for i, b := range s.list {
			s.index[string(b)] = uint32(i)
		}
		return s.add(state)
	}
	i := uint32(len(s.list))
	s.list = append(s.list, bytes.Clone(state))
	s.index[string(state)] = i
	return i
}

// Nodes adds n nodes named name[0] to name[n-1], Down, each with its program's
// initial state, and returns their numbers, which follow each other. It is
// for building a world; in a run, use [World.Bear].
func (w *World) Nodes(id ProgramID, name string, n int) []Node {
	first := w.addNodes(id, name, n, false)
	list := make([]Node, n)
	for i := range list {
		list[i] = first + Node(i)
	}
	return list
}

// Node adds one node.
func (w *World) Node(id ProgramID, name string) Node { return w.addNodes(id, name, 1, true) }

func (w *World) addNodes(id ProgramID, name string, n int, single bool) Node {
	if id == GroupProgram || int(id) >= len(w.programs) {
		panic(fmt.Sprintf("ecs: nodes %q: there is no program %d", name, id))
	}
	p := w.programs[id]
	first := w.nextNode(p, name, n, single)
	for i := range n {
		p.place(w, first+Node(i), uint32(p.lifeTable.rows-n+i))
	}
	return first
}

// nextNode gives out numbers and names, and room at the end of the program.
func (w *World) nextNode(p *program, name string, n int, single bool) Node {
	w.checkNodes(p, name, n)
	first := p.births + 1
	w.name(p, name, first, uint32(n), single)
	p.births += uint32(n)
	w.growRows(p, p.lifeTable.rows+n)
	return makeNode(p.id, first)
}

func (w *World) checkNodes(p *program, name string, n int) {
	if n < 0 || int(p.births)+n > MaxNodes {
		panic(&LimitError{Limit: "nodes of a program", Max: MaxNodes, Where: fmt.Sprintf("program %q, nodes %q", p.schema.Name, name)})
	}
	if w.nodes+len(w.births)+n > w.config.MaxNodes {
		panic(&LimitError{Limit: "nodes", Max: int64(w.config.MaxNodes), Where: fmt.Sprintf("program %q, nodes %q", p.schema.Name, name)})
	}
}

// growRows makes the program's tables have a number of rows.
func (w *World) growRows(p *program, rows int) {
	p.lifeTable.checkSize(rows)
	if p.state != nil {
		p.state.checkSize(rows)
		p.state.setRows(rows, p.state.resize(rows))
		p.touchable = rows*p.state.stride > touchBytes
	}
	p.lifeTable.setRows(rows, p.lifeTable.resize(rows))
	for p.ordinals != nil && len(p.ordinals) < rows {
		p.ordinals = append(p.ordinals, 0)
	}
	for p.birthOf != nil && len(p.birthOf) < rows {
		p.birthOf = append(p.birthOf, 0)
	}
}

// place makes a node live at a row.
func (p *program) place(w *World, n Node, row uint32) {
	o := n.Ordinal()
	if p.rowOf == nil && row != o-1 {
		p.leaveIdentity(int(row))
	}
	if p.rowOf != nil {
		for len(p.rowOf) < int(o) {
			p.rowOf = append(p.rowOf, unborn)
		}
		p.rowOf[o-1], p.ordinals[row] = row, o
	}
	w.mark(p, row)
	name, _ := p.names.of(o)
	p.life.data[row] = Life{Name: hashString(name), Status: Down}
	p.allUp = false
	w.nodes++
	if p.birthOf != nil {
		p.birthOf[row] = 0
	}
	if p.state != nil {
		copy(p.stateBytes(row), p.born.list[0])
	}
	if p.boxed != nil {
		p.boxed.Reset(int(row), false)
	}
}

// leaveIdentity begins to keep the two maps between numbers and rows, of which
// the first have nodes.
func (p *program) leaveIdentity(rows int) {
	p.rowOf = make([]uint32, rows)
	p.ordinals = make([]uint32, p.lifeTable.rows)
	for i := range p.rowOf {
		p.rowOf[i], p.ordinals[i] = uint32(i), uint32(i)+1
	}
}

func (p *program) stateBytes(row uint32) []byte {
	t := p.state
	return unsafe.Slice((*byte)(unsafe.Add(t.base, int(row)*t.stride)), t.stride)
}

// SetBirthState makes a node's present state the one it was born with: what a
// crash takes it back to, but for durable fields.
func (w *World) SetBirthState(n Node) {
	p, row := w.locate(n)
	if p.state == nil {
		return
	}
	i := p.born.add(p.stateBytes(row))
	if i == 0 && p.birthOf == nil {
		return
	}
	if p.birthOf == nil {
		p.birthOf = make([]uint32, p.lifeTable.rows)
	}
	p.birthOf[row] = i
}

// birthSum hashes the states that nodes were born with, where it is not their
// program's initial one: what crashes will take them back to.
func (p *program) birthSum() uint64 {
	var sum uint64
	for row, i := range p.birthOf {
		if i == 0 || p.free(row) {
			continue
		}
		b := make([]byte, p.state.stride)
		p.state.canonicalRow(unsafe.Pointer(unsafe.SliceData(p.born.list[i])), b)
		sum += hashWords(unsafe.Pointer(unsafe.SliceData(b)), len(b), uint64(p.node(uint32(row)))*golden^k2)
	}
	return sum
}

// free reports whether nobody lies at a row.
func (p *program) free(row int) bool { return p.life.data[row].Status == Absent }

// forget takes a node's state back to its birth, but for durable fields.
func (p *program) forget(w *World, row uint32) {
	w.mark(p, row)
	if p.boxed != nil {
		p.boxed.Reset(int(row), true)
	}
	if p.state == nil {
		return
	}
	born := p.bornAs(row)
	for i, b := range p.stateBytes(row) {
		p.stateBytes(row)[i] = b&p.kept[i] | born[i]&^p.kept[i]
	}
}

// wipe takes a node's state back to its birth.
func (p *program) wipe(w *World, row uint32) {
	w.mark(p, row)
	if p.boxed != nil {
		p.boxed.Reset(int(row), false)
	}
	if p.state != nil {
		copy(p.stateBytes(row), p.bornAs(row))
	}
}

// bornAs returns the state that the node at a row was born with.
func (p *program) bornAs(row uint32) []byte {
	if p.birthOf != nil {
		return p.born.list[p.birthOf[row]]
	}
	return p.born.list[0]
}

// birth is a node that is to live at the end of the phase.
type birth struct {
	node Node
}

// Bear queues the birth of a node, which happens at the end of the phase. Its
// number is good at once: envelopes may be sent to it.
func (w *World) Bear(id ProgramID, name string) Node {
	if id == GroupProgram || int(id) >= len(w.programs) {
		panic(fmt.Sprintf("ecs: node %q: there is no program %d", name, id))
	}
	p := w.programs[id]
	w.checkNodes(p, name, 1)
	w.name(p, name, p.births+1, 1, true)
	p.births++
	n := makeNode(id, p.births)
	w.births = append(w.births, birth{node: n})
	return n
}

// Born returns how many nodes there have been so far, queued births too. Together
// with [World.LiveNodes] it tells whether others live than at another time: a
// number is never given again.
func (w *World) Born() (n uint64) {
	for _, p := range w.programs {
		n += uint64(p.births)
	}
	return n
}

// Bury queues the death of a node, which happens at the end of the phase: what
// is in flight to it is dropped, and its row is free for another.
func (w *World) Bury(n Node) { w.deaths = append(w.deaths, n) }

// Structure carries out queued births and deaths; the run loop calls it at a
// phase's end. It reports whether there were any.
func (w *World) Structure() bool {
	if len(w.births)+len(w.deaths) == 0 {
		return false
	}
	w.restructure()
	return true
}

func (w *World) restructure() {
	// Deaths come first, for their rows; those of nodes that were only born
	// in this phase are left over.
	for _, n := range w.deaths {
		w.die(n)
	}
	for _, b := range w.births {
		w.bearNow(b.node)
	}
	for _, n := range w.deaths {
		w.die(n)
	}
	w.births, w.deaths = w.births[:0], w.deaths[:0]
}

func (w *World) die(n Node) {
	p := w.programs[n.Program()]
	row, ok := p.row(n)
	if !ok || p.life.data[row].Status == Absent {
		return
	}
	if p.life.data[row].Status == Up {
		p.up--
	}
	w.mark(p, row)
	if p.rowOf == nil {
		p.leaveIdentity(p.lifeTable.rows)
	}
	p.rowOf[n.Ordinal()-1], p.ordinals[row] = noRow, 0
	p.life.data[row] = Life{}
	if p.state != nil {
		clear(p.stateBytes(row))
	}
	p.freeRows = append(p.freeRows, row)
	p.allUp = false
	w.nodes--
	w.Fold(1, uint64(n))
	w.leaveAll(n)
}

func (w *World) bearNow(n Node) {
	p := w.programs[n.Program()]
	var row uint32
	if k := len(p.freeRows); k > 0 {
		row = p.freeRows[k-1]
		p.freeRows = p.freeRows[:k-1]
	} else {
		row = uint32(p.lifeTable.rows)
		w.growRows(p, p.lifeTable.rows+1)
	}
	p.place(w, n, row)
	w.Fold(2, uint64(n), p.life.data[row].Name)
}
