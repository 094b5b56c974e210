package ecs

import "unsafe"

const (
	// nearLength is how many envelopes a chunk holds: 4032 bytes, so that
	// chunks do not all start in the same set of the first cache.
	nearLength = 126
	// farLength is the same above level 0, where the low 40 bits of a due tick
	// are kept with each envelope: 108 envelopes of 32 bytes and 108 times 5.
	farLength = 108
)

// chunkStore is the memory of the wheel: chunks of envelopes in one array,
// without pointers, with a list of free ones.
type chunkStore struct {
	envelopes []Envelope // nearLength a chunk
	next      []int32    // a chunk's successor in its slot or in the free list; -1 ends it
	freeHead  int32
	used      int32 // chunks ever taken: the rest were never touched
}

func (s *chunkStore) init(envelopes int) {
	s.freeHead = -1
	s.grow(envelopes/nearLength + envelopes/(nearLength*16) + 64) // some chunks are never full
}

// take returns an empty chunk.
func (s *chunkStore) take() int32 {
	c := s.freeHead
	if c >= 0 {
		s.freeHead = s.next[c]
	} else {
		c = s.used
		if int(c) == len(s.next) {
			s.grow(len(s.next) + len(s.next)/16 + 16)
		}
		s.used++
	}
	s.next[c] = -1
	return c
}

// free returns a chunk to the store, and its successor to the caller.
func (s *chunkStore) free(c int32) int32 {
	n := s.next[c]
	s.next[c] = s.freeHead
	s.freeHead = c
	return n
}

// grow makes room for a number of chunks. Slices of envelopes handed out
// before stay readable: they keep the old array.
func (s *chunkStore) grow(chunks int) {
	if chunks > 1<<31/nearLength {
		chunks = 1 << 31 / nearLength
	}
	if chunks <= len(s.next) {
		panic(&LimitError{Limit: "envelopes in flight", Max: 1 << 31, Where: "the wheel"})
	}
	e := make([]Envelope, chunks*nearLength)
	copy(e, s.envelopes)
	n := make([]int32, chunks)
	copy(n, s.next)
	s.envelopes, s.next = e, n
}

// span returns where a chunk of a slot begins and how many envelopes it has.
func (s *chunkStore) span(of slot, c int32, length uint32) (first, n uint32) {
	first = uint32(c) * nearLength
	if c == of.tail {
		return first, of.next - first
	}
	return first, length
}

// near returns the envelopes in a chunk of a slot of level 0.
func (s *chunkStore) near(of slot, c int32) []Envelope {
	first, n := s.span(of, c, nearLength)
	return s.envelopes[first : first+n : first+n]
}

// farTicks are the due ticks of a far chunk: their low 40 bits. The slot says
// the rest: it spans fewer ticks than that.
type farTicks struct {
	low  [farLength]uint32
	high [farLength]uint8
}

// ticks returns the due ticks kept with the envelope at index k, behind the
// chunk's farLength envelopes, and the envelope's place among them.
func (s *chunkStore) ticks(k uint32) (t *farTicks, i uint32) {
	first := k - k%nearLength
	return (*farTicks)(unsafe.Pointer(&s.envelopes[first+farLength])), k - first
}

// due returns the due tick of an envelope in a slot that begins at a tick.
func (s *chunkStore) due(k uint32, start Tick) Tick {
	t, i := s.ticks(k)
	return start + ((Tick(t.high[i])<<32|Tick(t.low[i]))-start)&(1<<40-1)
}

func (s *chunkStore) setDue(k uint32, due Tick) {
	t, i := s.ticks(k)
	t.low[i], t.high[i] = uint32(due), uint8(due>>32)
}
