package ecs

import (
	"encoding/binary"
	"unsafe"

	"github.com/zeebo/xxh3"
)

// snapshotVersion is that of a snapshot's bytes.
const snapshotVersion = 2

// Append appends the snapshot as bytes, the same for the same state on
// every architecture: little-endian, columns as they lie in memory, envelopes
// in the order in which they will leave, and a sum of all at the end. Where
// the wheel keeps an envelope follows from when it is due, so that is not
// written.
func (s *Snapshot) Append(to []byte) []byte {
	start := len(to)
	e := snapshotEncoder{to: to}
	e.uint32(snapshotVersion)
	e.uint64(uint64(s.tick), s.fold, uint64(s.since), uint64(s.nodes), s.outside)
	e.traffic(&s.counts.Traffic)
	e.traffic(&s.counts.Timers)
	e.uint64(s.counts.Ticks)
	e.uint32(uint32(len(s.seeds)))
	for _, seed := range s.seeds {
		e.uint64(uint64(seed.From), seed.Seed)
	}
	e.uint32(uint32(len(s.programs)))
	for i := range s.programs {
		e.program(&s.programs[i])
	}
	e.uint32(uint32(len(s.tables)))
	for i := range s.tables {
		e.table(&s.tables[i])
	}
	e.wheel(&s.wheel)
	e.bytes(s.slab)
	e.uint32s(s.free[:])
	e.uint64(xxh3.Hash(e.to[start:]))
	return e.to
}

type snapshotEncoder struct{ to []byte }

func (e *snapshotEncoder) uint32(v uint32) { e.to = binary.LittleEndian.AppendUint32(e.to, v) }

func (e *snapshotEncoder) uint64(all ...uint64) {
	for _, v := range all {
		e.to = binary.LittleEndian.AppendUint64(e.to, v)
	}
}

func (e *snapshotEncoder) traffic(t *Traffic) {
	e.uint64(t.Sent, t.Delivered)
	e.uint64(t.Dropped[:]...)
}

func (e *snapshotEncoder) flag(v bool) {
	b := byte(0)
	if v {
		b = 1
	}
	e.to = append(e.to, b)
}

func (e *snapshotEncoder) bytes(b []byte) {
	e.uint64(uint64(len(b)))
	e.to = append(e.to, b...)
}

// uint32s appends numbers that the reader knows the count of.
func (e *snapshotEncoder) uint32s(list []uint32) {
	if hostLittleEndian {
		e.to = append(e.to, memory(list)...)
		return
	}
	for _, v := range list {
		e.uint32(v)
	}
}

// memory returns plain values as they lie.
func memory[T uint32 | Envelope](list []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(*new(T))))
}

func (e *snapshotEncoder) list(list []uint32) {
	e.uint32(uint32(len(list)))
	e.uint32s(list)
}

func (e *snapshotEncoder) program(p *programSnapshot) {
	e.uint32(p.births)
	e.flag(p.moved)
	e.flag(p.others)
	e.list(p.rowOf)
	e.list(p.ordinals)
	e.list(p.freeRows)
	e.list(p.birthOf)
	e.uint32(uint32(len(p.born)))
	for _, b := range p.born {
		e.uint64(uint64(len(b)))
		at := len(e.to)
		e.to = append(e.to, b...)
		turnFields(p.fields, len(b), e.to[at:])
	}
	e.uint32(uint32(len(p.ranges)))
	for i := range p.ranges {
		r := &p.ranges[i]
		e.uint32(r.count)
		e.uint32(r.order)
		e.flag(r.single)
		e.bytes([]byte(r.prefix))
	}
	e.bytes(p.boxed)
}

func (e *snapshotEncoder) table(t *tableSnapshot) {
	e.bytes([]byte(t.name))
	e.uint32(uint32(t.stride))
	e.uint64(uint64(len(t.rows)))
	at := len(e.to)
	e.to = append(e.to, t.rows...)
	turnFields(t.fields, t.stride, e.to[at:])
}

// turnFields turns rows from the host's byte order to little-endian, or back.
// Rows of no bytes have nothing to turn, and no end.
func turnFields(fields []Field, stride int, rows []byte) {
	if hostLittleEndian || stride == 0 {
		return
	}
	for ; len(rows) >= stride; rows = rows[stride:] {
		for _, f := range fields {
			b := rows[f.Offset : f.Offset+f.Type.Size()]
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
		}
	}
}

// wheel appends what is in flight: that of near ticks tick by tick, then the
// rest.
func (e *snapshotEncoder) wheel(s *wheelSnapshot) {
	e.uint64(uint64(s.count))
	w := wheel{now: s.now, levels: s.levels, chunks: chunkStore{envelopes: s.envelopes, next: s.next}}
	near := &w.levels[0]
	for ahead := Tick(1); ahead <= levelSlots; ahead++ {
		slot := near.slots[(s.now+ahead)&(levelSlots-1)]
		if slot.head < 0 {
			continue
		}
		e.uint32(uint32(ahead))
		at := len(e.to)
		e.uint32(0)
		count := uint32(0)
		for c := slot.head; c >= 0; c = w.chunks.next[c] {
			run := w.chunks.near(slot, c)
			count += uint32(len(run))
			e.envelopes(run)
		}
		binary.LittleEndian.PutUint32(e.to[at:], count)
	}
	e.uint32(0)
	w.eachFar(func(x *Envelope, due Tick) {
		e.uint64(uint64(due))
		e.envelopes([]Envelope{*x})
	})
}

func (e *snapshotEncoder) envelopes(list []Envelope) {
	if hostLittleEndian {
		e.to = append(e.to, memory(list)...)
		return
	}
	for i := range list {
		x := &list[i]
		e.uint64(uint64(x.To)|uint64(x.From)<<32, x.tag, x.A, x.B)
	}
}
