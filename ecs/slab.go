package ecs

import (
	"encoding/binary"
	"math/bits"
)

// slab holds payloads longer than an envelope: canonical bytes in one array,
// in blocks of powers of two with a free list for each. A block begins with
// the number of envelopes that share it (4 bytes) and the payload's length
// (4 bytes); a free block begins with the next free one. Handles are offsets,
// so the array can be copied, moved and grown at will.
type slab struct {
	bytes []byte
	free  [slabClasses]uint32 // offset+1 of the first free block; 0: none
	max   int                 // longest payload allowed
}

const (
	slabHeader   = 8
	slabMinShift = 5 // the smallest block: 32 bytes
	slabClasses  = 26
	maxSlab      = 1<<32 - 1
)

func slabClass(length int) int {
	n := uint(length + slabHeader - 1)
	return max(bits.Len(n)-slabMinShift, 0)
}

// put stores a payload with one holder and returns its handle.
func (s *slab) put(payload []byte) uint64 {
	if len(payload) > s.max {
		panic(&LimitError{Limit: "payload", Max: int64(s.max), Unit: "bytes", Where: "a send"})
	}
	h := s.take(slabClass(len(payload)))
	block := s.bytes[h:]
	binary.LittleEndian.PutUint32(block, 1)
	binary.LittleEndian.PutUint32(block[4:], uint32(len(payload)))
	copy(block[slabHeader:], payload)
	return uint64(h)
}

func (s *slab) take(class int) uint32 {
	if h := s.free[class]; h != 0 {
		s.free[class] = binary.LittleEndian.Uint32(s.bytes[h-1:])
		return h - 1
	}
	size := 1 << (slabMinShift + class)
	at := len(s.bytes)
	if uint64(at)+uint64(size) > maxSlab {
		panic(&LimitError{Limit: "payloads in flight", Max: maxSlab, Unit: "bytes", Where: "the world"})
	}
	for cap(s.bytes) < at+size {
		s.bytes = append(s.bytes[:cap(s.bytes)], 0)
	}
	s.bytes = s.bytes[:at+size]
	return uint32(at)
}

// get returns a payload; it stays valid until the next put or release.
func (s *slab) get(handle uint64) []byte {
	block := s.bytes[handle:]
	n := binary.LittleEndian.Uint32(block[4:])
	return block[slabHeader : slabHeader+n : slabHeader+n]
}

// share adds a holder.
func (s *slab) share(handle uint64) {
	block := s.bytes[handle:]
	binary.LittleEndian.PutUint32(block, binary.LittleEndian.Uint32(block)+1)
}

// release drops a holder, and the block with the last.
func (s *slab) release(handle uint64) {
	block := s.bytes[handle:]
	holders := binary.LittleEndian.Uint32(block) - 1
	if holders > 0 {
		binary.LittleEndian.PutUint32(block, holders)
		return
	}
	class := slabClass(int(binary.LittleEndian.Uint32(block[4:])))
	binary.LittleEndian.PutUint32(block, s.free[class])
	s.free[class] = uint32(handle) + 1
}
