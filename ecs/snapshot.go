package ecs

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Snapshot is the complete state of a world at a tick boundary, envelopes in
// flight included. Its memory is kept: taking the next one into it allocates
// only what has grown.
type Snapshot struct {
	taken    bool
	tick     Tick
	seeds    []SeedAt
	fold     uint64
	since    int // deliveries since the last checkpoint
	nodes    int
	counts   Counts
	outside  uint64
	programs []programSnapshot
	tables   []tableSnapshot
	wheel    wheelSnapshot
	slab     []byte
	free     [slabClasses]uint32
}

type tableSnapshot struct {
	name   string
	stride int
	fields []Field
	rows   []byte
}

type programSnapshot struct {
	births   uint32
	up, rows int
	allUp    bool
	moved    bool // rows are not in the order of numbers
	rowOf    []uint32
	ordinals []uint32
	freeRows []uint32
	others   bool // some node was born with a state of its own
	birthOf  []uint32
	born     [][]byte
	fields   []Field // of the state
	ranges   []nameRange
	boxed    []byte // a row's length and canonical bytes, one after the other
}

type wheelSnapshot struct {
	now       Tick
	count     int
	levels    [levels]level
	envelopes []Envelope
	next      []int32
	freeHead  int32
}

// Tick returns when the snapshot was taken.
func (s *Snapshot) Tick() Tick { return s.tick }

// Bytes returns the memory that the state itself takes, without capacity kept.
func (s *Snapshot) Bytes() int {
	n := len(s.wheel.envelopes)*EnvelopeSize + 4*len(s.wheel.next) + len(s.slab)
	for i := range s.tables {
		n += len(s.tables[i].rows)
	}
	for i := range s.programs {
		p := &s.programs[i]
		n += 4*(len(p.rowOf)+len(p.ordinals)+len(p.freeRows)+len(p.birthOf)) + len(p.boxed)
	}
	return n
}

// Snapshot copies the world's state. It is for use between ticks.
func (w *World) Snapshot(to *Snapshot) {
	if len(w.births)+len(w.deaths)+len(w.scratch.ahead) > 0 {
		panic("ecs: a snapshot was asked for within a tick")
	}
	to.taken, to.tick, to.fold, to.since = true, w.tick, w.digest.fold, w.digest.deliveries
	to.seeds = append(to.seeds[:0], w.seeds...)
	to.nodes, to.counts, to.outside = w.nodes, w.counts, w.outside
	to.programs = resized(to.programs, len(w.programs))
	for i, p := range w.programs {
		p.snapshot(&to.programs[i])
	}
	to.tables = resized(to.tables, len(w.tables))
	for i, t := range w.tables {
		kept := &to.tables[i]
		kept.name, kept.stride, kept.fields = t.name, t.stride, t.fields
		kept.rows = append(kept.rows[:0], t.Bytes()...)
	}
	w.wheel.snapshot(&to.wheel)
	to.slab = append(to.slab[:0], w.slab.bytes...)
	to.free = w.slab.free
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		s = append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}

func (p *program) snapshot(to *programSnapshot) {
	to.births, to.up, to.rows, to.allUp = p.births, p.up, p.lifeTable.rows, p.allUp
	to.moved = p.rowOf != nil
	to.rowOf = append(to.rowOf[:0], p.rowOf...)
	to.ordinals = append(to.ordinals[:0], p.ordinals...)
	to.freeRows = append(to.freeRows[:0], p.freeRows...)
	to.others = p.birthOf != nil
	to.birthOf = append(to.birthOf[:0], p.birthOf...)
	if p.state != nil {
		to.fields = p.state.fields
	}
	to.born = p.born.list // only ever appended to; see restore
	to.ranges = p.names.ranges
	to.boxed = to.boxed[:0]
	if p.boxed == nil {
		return
	}
	for row := range p.life.data {
		at := len(to.boxed)
		to.boxed = append(to.boxed, 0, 0, 0, 0)
		if p.life.data[row].Status != Absent {
			to.boxed = p.boxed.AppendRow(row, to.boxed)
		}
		binary.LittleEndian.PutUint32(to.boxed[at:], uint32(len(to.boxed)-at-4))
	}
}

func (w *wheel) snapshot(to *wheelSnapshot) {
	to.now, to.count, to.levels = w.now, w.count, w.levels
	used := int(w.chunks.used)
	to.envelopes = append(to.envelopes[:0], w.chunks.envelopes[:used*nearLength]...)
	to.next = append(to.next[:0], w.chunks.next[:used]...)
	to.freeHead = w.chunks.freeHead
}

// Restore makes the world's state that of a snapshot, of this world or of one
// with the same declarations. Columns may move: their epochs change.
func (w *World) Restore(from *Snapshot) error {
	if err := w.fits(from); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	w.tick, w.digest.fold, w.digest.deliveries, w.digest.checkpoint = from.tick, from.fold, from.since, 0
	w.seeds = append(w.seeds[:0], from.seeds...)
	w.rekey()
	w.nodes, w.counts, w.outside = from.nodes, from.counts, from.outside
	w.births, w.deaths, w.scratch.ahead = w.births[:0], w.deaths[:0], w.scratch.ahead[:0]
	for i, p := range w.programs {
		w.restoreProgram(p, &from.programs[i])
	}
	w.names.made = false
	for i, t := range w.tables {
		rows := len(from.tables[i].rows) / t.stride
		t.bringUp() // so that nothing is owed to rows that are not there any more
		t.setRows(rows, t.resize(rows))
		t.epoch++
		copy(t.Bytes(), from.tables[i].rows)
		for page := range t.marks {
			t.marks[page] = w.generation
		}
	}
	w.wheel.restore(&from.wheel)
	w.slab.bytes = append(w.slab.bytes[:0], from.slab...)
	w.slab.free = from.free
	w.rebuildGroups()
	return w.restoreBoxed(from)
}

// fits reports whether a snapshot is of a world declared like this one.
func (w *World) fits(s *Snapshot) error {
	switch {
	case !s.taken:
		return fmt.Errorf("the snapshot is empty")
	case len(s.programs) != len(w.programs):
		return fmt.Errorf("the snapshot has %d programs, the world %d", len(s.programs)-1, len(w.programs)-1)
	case len(s.tables) != len(w.tables):
		return fmt.Errorf("the snapshot has %d tables, the world %d", len(s.tables), len(w.tables))
	}
	for i, t := range w.tables {
		if kept := &s.tables[i]; kept.name != t.name || kept.stride != t.stride {
			return fmt.Errorf("table %d of the snapshot is %q with rows of %d bytes, the world's %q with %d", i, kept.name, kept.stride, t.name, t.stride)
		}
	}
	return nil
}

func (w *World) restoreProgram(p *program, from *programSnapshot) {
	p.births, p.up, p.allUp = from.births, from.up, from.allUp
	p.rowOf, p.ordinals = restored(p.rowOf, from.rowOf, from.moved), restored(p.ordinals, from.ordinals, from.moved)
	p.birthOf = restored(p.birthOf, from.birthOf, from.others)
	p.freeRows = append(p.freeRows[:0], from.freeRows...)
	// Clipped: what is appended from here on must not show in the snapshot.
	p.born = states{list: slices.Clip(from.born)}
	p.names.ranges = slices.Clip(from.ranges)
	if p.id != GroupProgram {
		w.growRows(p, from.rows)
	}
}

func restored(old, from []uint32, present bool) []uint32 {
	if !present {
		return nil
	}
	return append(old[:0], from...)
}

func (w *wheel) restore(from *wheelSnapshot) {
	w.now, w.count, w.levels = from.now, from.count, from.levels
	used := len(from.next)
	if used > len(w.chunks.next) {
		w.chunks.grow(used)
	}
	copy(w.chunks.envelopes, from.envelopes)
	copy(w.chunks.next, from.next)
	w.chunks.used, w.chunks.freeHead = int32(used), from.freeHead
}

func (w *World) restoreBoxed(from *Snapshot) error {
	for i, p := range w.programs {
		if p.boxed == nil {
			continue
		}
		b := from.programs[i].boxed
		for row := range p.life.data {
			n := binary.LittleEndian.Uint32(b)
			if p.life.data[row].Status != Absent {
				if err := p.boxed.LoadRow(row, b[4:4+n]); err != nil {
					return fmt.Errorf("restore: state of %s: %w", w.NodeName(p.node(uint32(row))), err)
				}
			}
			b = b[4+n:]
		}
	}
	return nil
}

// DeclareLike declares the kinds, streams and programs that another world has
// and this one has not: the first step of a fork. Tables are their owners' to
// make.
func (w *World) DeclareLike(other *World) {
	w.kinds = append(w.kinds[:0], other.kinds...)
	for i := range other.streams {
		w.Stream(other.streams[i].name)
	}
	for _, p := range other.programs[len(w.programs):] {
		w.Program(p.schema)
	}
}
