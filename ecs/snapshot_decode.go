package ecs

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/zeebo/xxh3"
)

// DecodeSnapshot reads a snapshot from its bytes, for this world or one
// declared alike. It accepts nothing that [World.Restore] could not take:
// lengths are held against what is there before anything is allocated, rows,
// numbers and lists against each other. What tables of package systems mean is
// not known here.
func (w *World) DecodeSnapshot(b []byte, to *Snapshot) error {
	*to = Snapshot{}
	if len(b) < 12 {
		return errors.New("snapshot: it is cut short")
	}
	if v := binary.LittleEndian.Uint32(b); v != snapshotVersion {
		return fmt.Errorf("snapshot: it is of version %d, and only %d can be read", v, snapshotVersion)
	}
	body, sum := b[:len(b)-8], binary.LittleEndian.Uint64(b[len(b)-8:])
	if xxh3.Hash(body) != sum {
		return errors.New("snapshot: it is damaged: its sum does not fit")
	}
	d := snapshotDecoder{from: body[4:], world: w}
	d.header(to)
	d.programs(to)
	d.tables(to)
	if d.err == nil {
		d.fail(w.fits(&Snapshot{taken: true, programs: to.programs, tables: to.tables}))
	}
	d.relations(to)
	d.slab(to, d.wheel(to))
	if d.err == nil && len(d.from) > 0 {
		d.failf("%d bytes are left over", len(d.from))
	}
	if d.err != nil {
		*to = Snapshot{}
		return fmt.Errorf("snapshot: %w", d.err)
	}
	to.taken = true
	return nil
}

// snapshotDecoder takes values off the front. After the first error it gives
// zeros, so that only loops need to ask.
type snapshotDecoder struct {
	from  []byte
	world *World
	err   error
}

func (d *snapshotDecoder) fail(err error) {
	if d.err == nil && err != nil {
		d.err, d.from = err, nil
	}
}

func (d *snapshotDecoder) failf(format string, args ...any) { d.fail(fmt.Errorf(format, args...)) }

// take returns n bytes, or nil if there are fewer.
func (d *snapshotDecoder) take(n uint64) []byte {
	if n > uint64(len(d.from)) {
		d.failf("%d bytes are said to follow, and there are %d", n, len(d.from))
		return nil
	}
	b := d.from[:n:n]
	d.from = d.from[n:]
	return b
}

func (d *snapshotDecoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *snapshotDecoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *snapshotDecoder) flag() bool {
	b := d.take(1)
	if b != nil && b[0] > 1 {
		d.failf("a flag is %d", b[0])
	}
	return b != nil && b[0] == 1
}

func (d *snapshotDecoder) bytes() []byte { return d.take(d.uint64()) }

// count returns how many things follow that take at least size bytes each.
func (d *snapshotDecoder) count(size int) int {
	n := d.uint32()
	if uint64(n)*uint64(size) > uint64(len(d.from)) {
		d.failf("%d things of %d bytes are said to follow, in %d bytes", n, size, len(d.from))
		return 0
	}
	return int(n)
}

func (d *snapshotDecoder) list() []uint32 { return d.uint32s(d.count(4)) }

func (d *snapshotDecoder) uint32s(n int) []uint32 {
	b := d.take(4 * uint64(n))
	if len(b) == 0 {
		return nil
	}
	list := make([]uint32, n)
	if hostLittleEndian {
		copy(memory(list), b)
		return list
	}
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return list
}

func (d *snapshotDecoder) header(to *Snapshot) {
	to.tick, to.fold, to.since = Tick(d.uint64()), d.uint64(), int(d.uint64())
	to.nodes, to.outside = int(d.uint64()), d.uint64()
	d.traffic(&to.counts.Traffic)
	d.traffic(&to.counts.Timers)
	to.counts.Ticks = d.uint64()
	if to.tick < -1 || to.tick >= Never/2 || to.since < 0 {
		d.failf("it says it is of tick %d, %d deliveries after a checkpoint", to.tick, to.since)
	}
	for range d.count(16) {
		to.seeds = append(to.seeds, SeedAt{Tick(d.uint64()), d.uint64()})
	}
	if len(to.seeds) == 0 {
		d.failf("it has no seed")
	}
}

func (d *snapshotDecoder) traffic(t *Traffic) {
	t.Sent, t.Delivered = d.uint64(), d.uint64()
	for i := range t.Dropped {
		t.Dropped[i] = d.uint64()
	}
}

func (d *snapshotDecoder) programs(to *Snapshot) {
	n := d.count(1)
	if n != len(d.world.programs) {
		d.failf("it has %d programs, the world %d", n-1, len(d.world.programs)-1)
	}
	if d.err != nil {
		return
	}
	to.programs = make([]programSnapshot, n)
	for i := range to.programs {
		d.program(d.world.programs[i], &to.programs[i])
	}
}

func (d *snapshotDecoder) program(p *program, to *programSnapshot) {
	to.births = d.uint32()
	to.moved, to.others = d.flag(), d.flag()
	to.rowOf, to.ordinals, to.freeRows, to.birthOf = d.list(), d.list(), d.list(), d.list()
	stride := 0
	if p.state != nil {
		stride, to.fields = p.state.stride, p.state.fields
	}
	for range d.count(8) {
		b := d.bytes()
		if len(b) != stride {
			d.failf("program %q was born with %d bytes of state, and has %d", p.schema.Name, len(b), stride)
		}
		b = append([]byte(nil), b...)
		turnFields(to.fields, len(b), b)
		to.born = append(to.born, b)
	}
	next := uint32(1)
	for range d.count(17) {
		r := nameRange{first: next, count: d.uint32(), order: d.uint32(), single: d.flag(), prefix: string(d.bytes())}
		if r.count == 0 || r.count > MaxNodes || r.single && r.count != 1 {
			d.failf("a name %q is of %d nodes", r.prefix, r.count)
		}
		if next += r.count; next > MaxNodes+1 {
			d.failf("program %q has over %d nodes", p.schema.Name, MaxNodes)
		}
		to.ranges = append(to.ranges, r)
	}
	if to.births != next-1 {
		d.failf("program %q bore %d nodes, and named %d", p.schema.Name, to.births, next-1)
	}
	if p.id == GroupProgram && uint32(len(to.ranges)) != to.births {
		d.failf("groups are named together")
	}
	to.boxed = append([]byte(nil), d.bytes()...)
}

func (d *snapshotDecoder) tables(to *Snapshot) {
	n := d.count(12)
	if d.err == nil && n != len(d.world.tables) {
		d.failf("it has %d tables, the world %d", n, len(d.world.tables))
	}
	if d.err != nil {
		return
	}
	to.tables = make([]tableSnapshot, n)
	for i, t := range d.world.tables {
		kept := &to.tables[i]
		kept.name, kept.stride = string(d.bytes()), int(d.uint32())
		kept.fields = t.fields
		kept.rows = append([]byte(nil), d.bytes()...)
		if kept.stride != t.stride || kept.name != t.name || len(kept.rows)%t.stride != 0 || uint64(len(kept.rows)) >= maxColumn {
			d.failf("table %d is %q with %d bytes in rows of %d, the world's %q with rows of %d", i, kept.name, len(kept.rows), kept.stride, t.name, t.stride)
			return
		}
		turnFields(t.fields, t.stride, kept.rows)
	}
}

func (d *snapshotDecoder) wheel(to *Snapshot) (w *wheel) {
	w = &wheel{}
	count := d.uint64()
	if count > uint64(len(d.from))/EnvelopeSize {
		d.failf("%d envelopes are said to be in flight, in %d bytes", count, len(d.from))
	}
	if d.err != nil {
		return w
	}
	w.init(int(count))
	w.now = to.tick
	w.moveHorizons()
	last := Tick(0)
	for {
		ahead := Tick(d.uint32())
		if ahead == 0 {
			break
		}
		n := d.count(EnvelopeSize)
		if ahead <= last || to.tick+ahead >= w.levels[0].horizon || n == 0 {
			d.failf("%d envelopes are said to be due %d ticks ahead", n, ahead)
			return w
		}
		last = ahead
		for range n {
			d.push(to, w, to.tick+ahead)
		}
	}
	for d.err == nil && uint64(w.count) < count {
		due := Tick(d.uint64())
		if due < w.levels[0].horizon || due >= w.levels[levels-1].horizon {
			d.failf("an envelope is said to be due at tick %d, at tick %d", due, to.tick)
			return w
		}
		d.push(to, w, due)
	}
	if uint64(w.count) != count {
		d.failf("%d envelopes are in flight and not %d", w.count, count)
	}
	w.snapshot(&to.wheel)
	return w
}

func (d *snapshotDecoder) push(to *Snapshot, w *wheel, due Tick) {
	b := d.take(EnvelopeSize)
	if b == nil {
		return
	}
	ends := binary.LittleEndian.Uint64(b)
	e := Envelope{To: Node(ends), From: Node(ends >> 32), tag: binary.LittleEndian.Uint64(b[8:]), A: binary.LittleEndian.Uint64(b[16:]), B: binary.LittleEndian.Uint64(b[24:])}
	p := int(e.To.Program())
	if p == 0 || p >= len(to.programs) || e.IsFan() && (!e.HasBytes() || d.world.fans == nil) || e.To.Ordinal() > to.programs[p].births || e.Kind().Index() >= len(d.world.kinds) {
		d.failf("an envelope of kind %d is to node %d/%d, which was never born, or there is no such kind", e.Kind(), p, e.To.Ordinal())
		return
	}
	w.push(&e, due)
}
