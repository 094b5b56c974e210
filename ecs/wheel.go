package ecs

import (
	"fmt"
	"math/bits"
)

// The wheel holds envelopes in flight by due tick (Varghese and Lauck, Hashed
// and hierarchical timing wheels, 1987). Level 0 has a slot a tick, level L a
// slot for every 64^L ticks; each level reaches to a horizon that lies on a
// boundary of 64 of its slots and moves when time crosses such a boundary.
//
// Invariant: envelopes of one tick leave in the order in which they were
// sent. A send goes to the lowest level whose horizon lies beyond its due
// tick. When a horizon moves, the slot above that it now covers is emptied
// into the level before anything can be sent into it, so what was sent
// earlier is always in front.
const (
	levelBits  = 6
	levelSlots = 256 // a ring: at least 192 slots ahead are always direct
	levels     = 7
	// MaxDelay is the longest delay of an envelope, in ticks.
	MaxDelay = Tick(levelSlots-64) << (levelBits * (levels - 1))
)

// slot is a list of chunks and the place of the next envelope in its last.
type slot struct {
	next, end  uint32 // indices into the store; equal: the last chunk is full, or there is none
	head, tail int32  // chunks; -1 if there is none
}

var emptySlot = slot{head: -1, tail: -1}

type level struct {
	slots   [levelSlots]slot
	used    [levelSlots / 64]uint64 // which slots have chunks
	horizon Tick                    // first due tick that is beyond this level
}

type wheel struct {
	now    Tick
	count  int // envelopes in flight
	levels [levels]level
	chunks chunkStore
}

func (w *wheel) init(envelopes int) {
	w.chunks.init(envelopes)
	for l := range w.levels {
		for s := range w.levels[l].slots {
			w.levels[l].slots[s] = emptySlot
		}
	}
	w.now = -1
	w.moveHorizons()
}

// push adds an envelope due at a tick after now.
func (w *wheel) push(e *Envelope, due Tick) {
	w.count++
	if due >= w.levels[0].horizon {
		w.pushFar(e, due)
		return
	}
	i := due & (levelSlots - 1)
	s := &w.levels[0].slots[i]
	if s.next == s.end {
		w.addChunk(0, int(i), nearLength)
	}
	w.chunks.envelopes[s.next] = *e
	s.next++
}

func (w *wheel) pushFar(e *Envelope, due Tick) {
	l := 1
	for due >= w.levels[l].horizon {
		if l++; l == levels {
			panic(&LimitError{Limit: "delay", Max: int64(MaxDelay), Unit: "ticks", Where: fmt.Sprintf("an envelope due at tick %d", due)})
		}
	}
	w.pushLevel(l, e, due)
}

func (w *wheel) pushLevel(l int, e *Envelope, due Tick) {
	i := int(due>>(levelBits*l)) & (levelSlots - 1)
	s := &w.levels[l].slots[i]
	if s.next == s.end {
		length := uint32(farLength)
		if l == 0 {
			length = nearLength
		}
		w.addChunk(l, i, length)
	}
	w.chunks.envelopes[s.next] = *e
	if l > 0 {
		w.chunks.setDue(s.next, due)
	}
	s.next++
}

// addChunk appends a chunk to a slot; the slow path of a push.
func (w *wheel) addChunk(l, i int, length uint32) {
	s := &w.levels[l].slots[i]
	c := w.chunks.take()
	if s.head < 0 {
		s.head = c
		w.levels[l].used[i>>6] |= 1 << (i & 63)
	} else {
		w.chunks.next[s.tail] = c
	}
	s.tail = c
	s.next = uint32(c) * nearLength
	s.end = s.next + length
}

// takeSlot empties a slot and returns its chunks, which the caller frees.
func (w *wheel) takeSlot(l, i int) slot {
	v := &w.levels[l]
	s := v.slots[i]
	v.slots[i] = emptySlot
	v.used[i>>6] &^= 1 << (i & 63)
	return s
}

// advance moves time to a tick: nothing may be due before it.
func (w *wheel) advance(to Tick) {
	from := w.now
	w.now = to
	if from>>levelBits == to>>levelBits {
		return
	}
	w.moveHorizons()
}

// moveHorizons goes from the top, so that what falls two levels falls in one
// pass.
func (w *wheel) moveHorizons() {
	for l := levels - 1; l >= 0; l-- {
		w.moveHorizon(l)
	}
}

// moveHorizon brings a level's horizon to where now wants it and empties the
// slots above that it has come to cover.
func (w *wheel) moveHorizon(l int) {
	span := levelBits * (l + 1) // log2 of the ticks in a slot above
	want := (w.now>>span + levelSlots/64) << span
	at := w.levels[l].horizon
	if at >= want {
		return
	}
	w.levels[l].horizon = want
	if l == levels-1 {
		return
	}
	above := &w.levels[l+1]
	// What lies above is within that level's ring: slots passed in a jump
	// over idle time are empty, and need no visit one by one.
	if first := (w.now >> span) << span; at < first {
		at = first
	}
	for ; at < want; at += 1 << span {
		i := int(at>>span) & (levelSlots - 1)
		if above.slots[i].head >= 0 {
			w.cascade(l, w.takeSlot(l+1, i), at)
		}
	}
}

// cascade empties a slot above, which begins at a tick, into a level.
func (w *wheel) cascade(l int, s slot, start Tick) {
	for c := s.head; c >= 0; {
		first, n := w.chunks.span(s, c, farLength)
		for k := first; k < first+n; k++ {
			e := w.chunks.envelopes[k]
			w.pushLevel(l, &e, w.chunks.due(k, start))
		}
		c = w.chunks.free(c)
	}
}

// nextDue returns the first tick after now at which an envelope is due, or
// Never. Levels follow each other in time, so the first slot in use has it.
func (w *wheel) nextDue() Tick {
	if w.count == 0 {
		return Never
	}
	for l := range w.levels {
		v := &w.levels[l]
		shift := levelBits * l
		base := w.now >> shift
		if l == 0 {
			base++ // the slot of now is emptied already
		}
		d, ok := v.firstUsed(base, v.horizon>>shift-base)
		if ok && l == 0 {
			return d
		}
		if ok {
			return w.firstInSlot(v.slots[int(d)&(levelSlots-1)], d<<shift)
		}
	}
	panic("ecs: envelopes are counted in flight that no slot holds")
}

// firstInSlot returns the earliest due tick of a slot above level 0.
func (w *wheel) firstInSlot(s slot, start Tick) Tick {
	best := Never
	for c := s.head; c >= 0; c = w.chunks.next[c] {
		first, n := w.chunks.span(s, c, farLength)
		for k := first; k < first+n; k++ {
			best = min(best, w.chunks.due(k, start))
		}
	}
	return best
}

// firstUsed returns the first of n slots from base that has chunks.
func (v *level) firstUsed(base, n Tick) (Tick, bool) {
	for k := Tick(0); k < n; {
		i := uint(base+k) & (levelSlots - 1)
		if word := v.used[i>>6] >> (i & 63); word != 0 {
			k += Tick(bits.TrailingZeros64(word))
			return base + k, k < n
		}
		k += Tick(64 - i&63)
	}
	return 0, false
}

// each calls f with every envelope in flight and its due tick. The order
// within a tick is that of sending; across levels there is none.
func (w *wheel) each(f func(e *Envelope, due Tick)) {
	near := &w.levels[0]
	for i := range near.slots {
		s := near.slots[i]
		for c := s.head; c >= 0; c = w.chunks.next[c] {
			run := w.chunks.near(s, c)
			for k := range run {
				f(&run[k], w.slotTick(i))
			}
		}
	}
	w.eachFar(f)
}

// eachFar is each for the levels above 0.
func (w *wheel) eachFar(f func(e *Envelope, due Tick)) {
	for l := 1; l < levels; l++ {
		v := &w.levels[l]
		if v.used == [levelSlots / 64]uint64{} {
			continue
		}
		for i := range v.slots {
			s := v.slots[i]
			for c := s.head; c >= 0; c = w.chunks.next[c] {
				first, n := w.chunks.span(s, c, farLength)
				for k := first; k < first+n; k++ {
					f(&w.chunks.envelopes[k], w.chunks.due(k, w.slotStart(l, i)))
				}
			}
		}
	}
}

// purge drops the envelopes that f selects; the others keep their order.
func (w *wheel) purge(f func(e *Envelope) bool) {
	for l := range w.levels {
		length := uint32(farLength)
		if l == 0 {
			length = nearLength
		}
		for i := range w.levels[l].slots {
			w.purgeSlot(l, i, length, f)
		}
	}
}

func (w *wheel) purgeSlot(l, i int, length uint32, f func(e *Envelope) bool) {
	s := w.takeSlot(l, i)
	for c := s.head; c >= 0; {
		first, n := w.chunks.span(s, c, length)
		for k := first; k < first+n; k++ {
			e := w.chunks.envelopes[k]
			due := w.slotTick(i)
			if l > 0 {
				due = w.chunks.due(k, w.slotStart(l, i))
			}
			if f(&e) {
				w.count--
				continue
			}
			w.pushLevel(l, &e, due)
		}
		c = w.chunks.free(c)
	}
}

// slotTick returns the tick that a slot of level 0 stands for.
func (w *wheel) slotTick(i int) Tick {
	return w.now + 1 + (Tick(i)-w.now-1)&(levelSlots-1)
}

// slotStart returns the first tick of a slot above level 0.
func (w *wheel) slotStart(l, i int) Tick {
	now := w.now >> (levelBits * l)
	return (now + (Tick(i)-now)&(levelSlots-1)) << (levelBits * l)
}
