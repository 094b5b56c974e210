package ecs

import (
	"math/bits"
	"unsafe"

	"github.com/zeebo/xxh3"

	"orrery/ecs/random"
)

// Digest identifies the history of a world up to a tick: two runs whose
// digests are equal have, but for collisions of a 64-bit hash, been the same.
type Digest uint64

// Odd constants of wyhash (Wang Yi, 2019), which folds 64×64-bit products.
const (
	k0 = 0xa0761d6478bd642f
	k1 = 0xe7037ed1a0b428db
	k2 = 0x8ebc6af09c88c6e3
	k3 = 0x589965cc75374cc3
	k4 = 0x1d8e4e27c47d124f
)

func fold128(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func hashString(s string) uint64 { return xxh3.HashString(s) }

// hashEnvelope returns the contribution of an envelope: everything but where
// in the slab a payload lies. Tag, due tick and ends come in linearly: the tag
// is a hash already, with the due tick above the kind in it. The payload does
// not: signs of floats change together, and what odd factors do to two highest
// bits cancels out.
func hashEnvelope(e *Envelope, due Tick) uint64 {
	a := e.A
	if e.tag&slabFlag != 0 {
		a = 0 // B is the hash of the bytes
	}
	return envelopeWord(uint64(e.To)|uint64(e.From)<<32, e.tag, a, e.B, due)
}

func envelopeWord(ends, tag, a, b uint64, due Tick) uint64 {
	return tag + uint64(due)<<idShift + ends*k1 + fold128(a^k2, b^k3)
}

// digester folds what happens, in order, and knows when to hash all state.
type digester struct {
	fold       uint64
	deliveries int // since the last checkpoint
	buffer     []byte
	parts      []uint64 // of the state hash that was made last
	checkpoint Tick     // one more than that at which state was last folded; 0: unknown
}

// add folds one value; a polynomial hash, so that order counts.
func (d *digester) add(x uint64) { d.fold = d.fold*k4 + x }

// Fold adds an outside event to the digest: an input or a fault, as words.
func (w *World) Fold(words ...uint64) {
	for _, x := range words {
		w.digest.add(random.Mix(x ^ k2))
	}
}

// Digest returns the digest after the last finished tick.
func (w *World) Digest() Digest { return Digest(w.digest.fold) }

// checkpointDue reports whether about four deliveries a node have passed
// since state was last hashed in full: rarely enough to cost little, often
// enough that a divergence is found near where it arose.
func (w *World) checkpointDue() bool {
	return w.digest.deliveries >= max(4*w.nodes, 4096)
}

// Checkpoint hashes all state and folds it. The run loop calls it when it is
// due, and at the end of a run.
func (w *World) Checkpoint() {
	w.digest.add(w.StateHash())
	w.digest.deliveries, w.digest.checkpoint = 0, w.tick+1
}

// CheckpointParts returns, if a checkpoint ended the tick, the hash of each of
// [World.PartNames]: what tells a checkpoint of one run from another's in what
// they differ. It is good until the next one.
func (w *World) CheckpointParts() []uint64 {
	if w.digest.checkpoint != w.tick+1 || w.tick < 0 {
		return nil
	}
	return w.digest.parts
}

// Parts returns the same of the latest [World.StateHash], whenever it was made.
func (w *World) Parts() []uint64 { return w.digest.parts }

// PartNames returns what state is hashed as: tables, then programs' boxed state,
// and what is in flight.
func (w *World) PartNames() []string {
	var all []string
	for _, t := range w.tables {
		all = append(all, t.name)
	}
	for _, p := range w.programs {
		if p.boxed != nil {
			all = append(all, p.schema.Name+".boxed")
		}
	}
	return append(all, "in flight")
}

// StateHash hashes everything that shapes the future. It does not depend on
// the order of rows.
func (w *World) StateHash() uint64 {
	sum := random.Mix(uint64(w.tick)^k0) + random.Mix(w.Seed()^k1)
	parts := w.digest.parts[:0]
	for _, t := range w.tables {
		t.bringUp()
		part := uint64(0)
		switch {
		case !t.shape || t.bare && t.rows == 0:
		case t.still:
			part = random.Mix(t.hash) // as one without rows
		default:
			part = random.Mix(t.hash ^ w.tableSum(t))
		}
		parts = append(parts, part)
	}
	for _, p := range w.programs {
		if p.boxed != nil {
			parts = append(parts, p.boxedSum(w))
		}
		sum += p.birthSum()
	}
	parts = append(parts, w.inFlightSum())
	for _, part := range parts {
		sum += part
	}
	w.digest.parts = parts
	return sum
}

// tableSum returns the sum of a table's pages, and hashes those that changed.
func (w *World) tableSum(t *Table) uint64 {
	var sum uint64
	t.debug.verify(w, t)
	for page := range t.marks {
		if t.marks[page] > t.summed {
			t.sums[page] = w.pageSum(t, page)
		}
		sum += t.sums[page]
	}
	t.summed = w.generation
	w.age()
	return sum
}

// pageSum hashes the rows of a page. A node's row counts under the node's
// number, which a run binds to its name, and a free one not at all; a row that
// is no node's counts under its place, by which it is known.
func (w *World) pageSum(t *Table, page int) uint64 {
	first := page << pageShift
	last := min(first+PageRows, t.rows)
	var ordinals []uint32
	if t.owner != nil && t.owner.ordinals != nil {
		ordinals = t.owner.ordinals
	}
	var sum uint64
	for row := first; row < last; row++ {
		ordinal := uint32(row) + 1
		if ordinals != nil {
			if ordinal = ordinals[row]; ordinal == 0 {
				continue
			}
		}
		h := t.hash + uint64(ordinal)*golden
		if t.plain {
			sum += hashWords(unsafe.Add(t.base, row*t.stride), t.hashed, h)
		} else {
			sum += w.canonicalHash(t, row, h)
		}
	}
	return sum
}

// canonicalHash hashes one row's canonical bytes.
func (w *World) canonicalHash(t *Table, row int, h uint64) uint64 {
	if cap(w.digest.buffer) < t.stride {
		w.digest.buffer = make([]byte, t.stride)
	}
	b := w.digest.buffer[:t.stride]
	t.canonicalRow(unsafe.Add(t.base, row*t.stride), b)
	return hashWords(unsafe.Pointer(unsafe.SliceData(b)), t.hashed, h)
}

// hashWords hashes a multiple of 8 canonical bytes, 16 at a time.
func hashWords(p unsafe.Pointer, n int, h uint64) uint64 {
	h ^= k0
	i := 0 // not a pointer that moves: it would end beyond the allocation
	for ; i+16 <= n; i += 16 {
		h = fold128(word(unsafe.Add(p, i))^h, word(unsafe.Add(p, i+8))^k1)
	}
	if i < n {
		h = fold128(word(unsafe.Add(p, i))^h, k3)
	}
	return random.Mix(h)
}

// inFlightSum hashes the envelopes in flight. Their order within a tick needs
// no hash of its own: it is that of sending, which every tick folds.
func (w *World) inFlightSum() uint64 {
	var sum uint64
	near := &w.wheel.levels[0]
	for i := range near.slots {
		s, due := near.slots[i], w.wheel.slotTick(i)
		for c := s.head; c >= 0; c = w.wheel.chunks.next[c] {
			run := w.wheel.chunks.near(s, c)
			for k := range run {
				e := &run[k]
				a := e.A
				if e.tag&slabFlag != 0 {
					a = 0
				}
				sum += inFlightWord(envelopeWord(uint64(e.To)|uint64(e.From)<<32, e.tag, a, e.B, due), e.tag)
			}
		}
	}
	w.wheel.eachFar(func(e *Envelope, due Tick) { sum += inFlightWord(hashEnvelope(e, due), e.tag) })
	return sum
}

// inFlightWord ties an envelope's fields together before words are summed: a
// sum of linear words would not see two envelopes swap their ends.
func inFlightWord(word, tag uint64) uint64 { return word * (tag | 1) }

func (p *program) boxedSum(w *World) uint64 {
	if p.boxed == nil {
		return 0
	}
	var sum uint64
	for row := range p.life.data {
		l := &p.life.data[row]
		if l.Status == Absent {
			continue
		}
		w.digest.buffer = p.boxed.AppendRow(row, w.digest.buffer[:0])
		sum += random.Mix(l.Name ^ p.boxedHash ^ xxh3.Hash(w.digest.buffer))
	}
	return sum
}
