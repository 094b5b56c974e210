package ecs

import "unsafe"

const (
	// nearLength is how many envelopes a chunk holds: 4032 bytes, so that
	// chunks do not all start in the same set of the first cache.
	nearLength = 126
	// farLength is the same above level 0, where a due tick is kept with
	// each envelope: 100 envelopes and 800 bytes of ticks in 125 places.
	farLength = 100
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
	s.grow(envelopes/nearLength + 1)
}

// take returns an empty chunk.
func (s *chunkStore) take() int32 {
	c := s.freeHead
	if c >= 0 {
		s.freeHead = s.next[c]
	} else {
		c = s.used
		if int(c) == len(s.next) {
			s.grow(len(s.next) + len(s.next)/4 + 16)
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

// dueAt returns where the due tick of the envelope at index k is kept: behind
// the chunk's farLength envelopes.
func (s *chunkStore) dueAt(k uint32) *Tick {
	first := k - k%nearLength
	ticks := (*[farLength]Tick)(unsafe.Pointer(&s.envelopes[first+farLength]))
	return &ticks[k-first]
}

func (s *chunkStore) due(k uint32) Tick         { return *s.dueAt(k) }
func (s *chunkStore) setDue(k uint32, due Tick) { *s.dueAt(k) = due }
