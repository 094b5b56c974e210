package ecs

import (
	"encoding/binary"
	"unsafe"
)

const (
	lifeSize       = int(unsafe.Sizeof(Life{}))
	lifeStatus     = int(unsafe.Offsetof(Life{}.Status))
	membershipSize = int(unsafe.Sizeof(membership{}))
)

// What a decoded snapshot says in several places must agree, or a world
// restored from it would fail later, and elsewhere.

// relations holds programs against their tables, and sets what follows from
// them.
func (d *snapshotDecoder) relations(to *Snapshot) {
	if d.err != nil {
		return
	}
	nodes := 0
	for i, p := range d.world.programs {
		of := &to.programs[i]
		if p.id == GroupProgram {
			of.allUp = true
			continue
		}
		life := &to.tables[d.tableOf(p.lifeTable)]
		of.rows = len(life.rows) / life.stride
		if p.state != nil {
			if state := &to.tables[d.tableOf(p.state)]; len(state.rows)/state.stride != of.rows {
				d.failf("program %q has lives of %d nodes and states of %d", p.schema.Name, of.rows, len(state.rows)/state.stride)
			}
		}
		nodes += d.lives(p, of, life.rows)
	}
	if d.err == nil && nodes != to.nodes {
		d.failf("%d nodes live, and it says %d", nodes, to.nodes)
	}
	d.groups(to)
}

func (d *snapshotDecoder) tableOf(t *Table) int {
	for i, x := range d.world.tables {
		if x == t {
			return i
		}
	}
	panic("ecs: a table is not among the world's")
}

// lives holds the numbers of a program's nodes against their rows, and counts
// who lives and who is up.
func (d *snapshotDecoder) lives(p *program, of *programSnapshot, rows []byte) (live int) {
	if of.moved != (of.rowOf != nil || of.ordinals != nil) || !of.moved && int(of.births) != of.rows ||
		of.moved && (len(of.ordinals) != of.rows || len(of.rowOf) > int(of.births)) {
		d.failf("program %q has %d rows, numbers for %d, and bore %d", p.schema.Name, of.rows, len(of.ordinals), of.births)
		return 0
	}
	for o, row := range of.rowOf {
		if row < unborn && (int(row) >= of.rows || of.ordinals[row] != uint32(o)+1) {
			d.failf("node %d of program %q lies at row %d, which is not its own", o+1, p.schema.Name, row)
			return 0
		}
	}
	if of.others != (of.birthOf != nil) || of.others && len(of.birthOf) != of.rows || len(of.born) == 0 {
		d.failf("program %q has %d states at birth for %d rows", p.schema.Name, len(of.birthOf), of.rows)
		return 0
	}
	for _, i := range of.birthOf {
		if int(i) >= len(of.born) {
			d.failf("program %q has no state at birth %d", p.schema.Name, i)
			return 0
		}
	}
	live = d.statuses(p, of, rows)
	if len(of.freeRows) != of.rows-live {
		d.failf("program %q has %d free rows, and %d nodes in %d", p.schema.Name, len(of.freeRows), live, of.rows)
	}
	of.allUp = of.up == of.rows
	return live
}

func (d *snapshotDecoder) statuses(p *program, of *programSnapshot, rows []byte) (live int) {
	boxed := of.boxed
	free := make([]bool, of.rows)
	for row := range of.rows {
		status := Status(rows[row*lifeSize+lifeStatus])
		if status > Crashed || of.moved && (status == Absent) != (of.ordinals[row] == 0) || of.moved && status != Absent && !of.lies(row) {
			d.failf("row %d of program %q is %s, and of node %d", row, p.schema.Name, status, row)
			return 0
		}
		if status != Absent {
			live++
		}
		if status == Up {
			of.up++
		}
		free[row] = status == Absent
		if p.boxed != nil {
			if len(boxed) < 4 || uint64(binary.LittleEndian.Uint32(boxed)) > uint64(len(boxed)-4) {
				d.failf("boxed state of program %q ends at row %d", p.schema.Name, row)
				return 0
			}
			boxed = boxed[4+binary.LittleEndian.Uint32(boxed):]
		}
	}
	if len(boxed) > 0 {
		d.failf("%d bytes of boxed state of program %q are nobody's", len(boxed), p.schema.Name)
	}
	for _, row := range of.freeRows {
		if int(row) >= of.rows || !free[row] {
			d.failf("row %d of program %q is said to be free", row, p.schema.Name)
			return 0
		}
		free[row] = false
	}
	return live
}

// lies reports whether who has a row is known to lie there.
func (of *programSnapshot) lies(row int) bool {
	o := of.ordinals[row]
	return int(o) <= len(of.rowOf) && of.rowOf[o-1] == uint32(row)
}

// groups holds memberships against who was born, and refuses a group that is
// in itself: whoever asks for its members would not come back.
func (d *snapshotDecoder) groups(to *Snapshot) {
	if d.err != nil {
		return
	}
	within := make([][]uint32, to.programs[GroupProgram].births)
	rows := to.tables[0].rows // groups are the first thing that a world declares
	for at := 0; at+membershipSize <= len(rows); at += membershipSize {
		group, member := Node(binary.NativeEndian.Uint32(rows[at:])), Node(binary.NativeEndian.Uint32(rows[at+4:]))
		p := int(member.Program())
		if group.Program() != GroupProgram || group.Ordinal() == 0 || int(group.Ordinal()) > len(within) ||
			p >= len(to.programs) || member.Ordinal() == 0 || member.Ordinal() > to.programs[p].births {
			d.failf("node %d is said to be in group %d", member, group)
			return
		}
		if member.IsGroup() {
			within[group-1] = append(within[group-1], member.Ordinal()-1)
		}
	}
	state := make([]uint8, len(within)) // 1: being looked into, 2: found to end
	var ends func(g uint32, depth int) bool
	ends = func(g uint32, depth int) bool {
		if state[g] != 0 || depth > 10_000 {
			return state[g] == 2
		}
		state[g] = 1
		for _, inner := range within[g] {
			if !ends(inner, depth+1) {
				return false
			}
		}
		state[g] = 2
		return true
	}
	for g := range within {
		if !ends(uint32(g), 0) {
			d.failf("group %d is in itself", g+1)
			return
		}
	}
}

// slab reads payloads, and holds the blocks' lists and the envelopes in flight
// against them.
func (d *snapshotDecoder) slab(to *Snapshot, w *wheel) {
	b := d.bytes()
	copy(to.free[:], d.uint32s(slabClasses))
	if d.err != nil {
		return
	}
	to.slab = append([]byte(nil), b...)
	const unit = 1 << slabMinShift
	class := make([]uint8, len(b)/unit) // one more than the class of the block that begins here
	for at := 0; at < len(b); {
		c := slabClasses
		if len(b)-at >= unit {
			c = slabClass(int(binary.LittleEndian.Uint32(b[at+4:])))
		}
		if c >= slabClasses || len(b)-at < unit<<c {
			d.failf("a payload at %d does not fit what is kept", at)
			return
		}
		class[at/unit] = uint8(c) + 1
		at += unit << c
	}
	for c, head := range to.free {
		for head != 0 {
			at := int(head) - 1
			if at%unit != 0 || at >= len(b) || class[at/unit] != uint8(c)+1 {
				d.failf("a free place %d is none of its size", at)
				return
			}
			class[at/unit] = 0 // met twice, it is not a block any more
			head = binary.LittleEndian.Uint32(b[at:])
		}
	}
	w.each(func(e *Envelope, due Tick) {
		if e.HasBytes() && (e.A >= uint64(len(b)) || e.A%unit != 0 || class[e.A/unit] == 0) {
			d.failf("an envelope's payload is said to lie at %d, where none does", e.A)
		}
	})
}
