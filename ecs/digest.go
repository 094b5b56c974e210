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
// in the slab a payload lies.
func hashEnvelope(e *Envelope, due Tick) uint64 {
	a := e.A
	if e.tag&slabFlag != 0 {
		a = 0 // B is the hash of the bytes
	}
	return fold128(uint64(e.To)|uint64(e.From)<<32^k0, e.tag^k1) + fold128(a^k2, (e.B+uint64(due)*golden)^k3)
}

// digester folds what happens, in order, and knows when to hash all state.
type digester struct {
	fold       uint64
	deliveries int // since the last checkpoint
	buffer     []byte
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
	w.digest.deliveries = 0
}

// StateHash hashes everything that shapes the future. It does not depend on
// the order of rows.
func (w *World) StateHash() uint64 {
	sum := random.Mix(uint64(w.tick) ^ k0)
	for _, t := range w.tables {
		if t.shape {
			sum += random.Mix(t.hash ^ w.tableSum(t))
		}
	}
	for _, p := range w.programs {
		sum += p.boxedSum(w)
	}
	return sum + w.inFlightSum()
}

// tableSum returns the sum of a table's pages, and hashes those that changed.
func (w *World) tableSum(t *Table) uint64 {
	var sum uint64
	t.debug.verify(t)
	for page := range t.marks {
		if t.marks[page] > t.summed {
			t.sums[page] = w.pageSum(t, page)
		}
		sum += t.sums[page]
	}
	t.summed = w.generation
	w.generation++
	return sum
}

func (w *World) pageSum(t *Table, page int) uint64 {
	first := page << pageShift
	last := min(first+PageRows, t.rows)
	var sum uint64
	for row := first; row < last; row++ {
		h := t.hash
		if t.names != nil {
			if h = t.names(row); h == 0 {
				continue // a free row
			}
		}
		sum += w.rowHash(t, row, h)
	}
	return sum
}

// rowHash hashes one row's canonical bytes, 16 at a time.
func (w *World) rowHash(t *Table, row int, h uint64) uint64 {
	p := unsafe.Add(t.base, row*t.stride)
	if !t.plain {
		if cap(w.digest.buffer) < t.stride {
			w.digest.buffer = make([]byte, t.stride)
		}
		b := w.digest.buffer[:t.stride]
		t.canonicalRow(p, b)
		p = unsafe.Pointer(unsafe.SliceData(b))
	}
	return hashWords(p, t.stride, h)
}

// hashWords hashes a multiple of 8 canonical bytes.
func hashWords(p unsafe.Pointer, n int, h uint64) uint64 {
	i := 0
	for ; i+16 <= n; i += 16 {
		h = fold128(word((*byte)(unsafe.Add(p, i)))^h^k0, word((*byte)(unsafe.Add(p, i+8)))^k1)
	}
	if i < n {
		h = fold128(word((*byte)(unsafe.Add(p, i)))^h^k2, k3)
	}
	return random.Mix(h)
}

// inFlightSum hashes the envelopes in flight. Their order within a tick needs
// no hash of its own: it is that of sending, which every tick folds.
func (w *World) inFlightSum() uint64 {
	var sum uint64
	w.wheel.each(func(e *Envelope, due Tick) { sum += random.Mix(hashEnvelope(e, due)) })
	return sum
}

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
