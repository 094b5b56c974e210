package ecs

import "github.com/zeebo/xxh3"

// Kept says where bytes lie that a system keeps in the world beside its rows:
// payloads that outlive their envelope. The zero Kept is none. As where bytes
// lie depends on when others were freed, a table with a Kept stands outside the
// digest, and the bytes' hash in one within.
type Kept uint64

// Keep keeps a copy of bytes and returns where, and their hash, which is not 0.
func (w *World) Keep(payload []byte) (at Kept, hash uint64) {
	return Kept(w.slab.put(payload) + 1), max(xxh3.Hash(payload), 1)
}

// Kept returns bytes that were kept, for reading until the next are kept or
// sent.
func (w *World) Kept(at Kept) []byte {
	if at == 0 {
		return nil
	}
	return w.slab.get(uint64(at) - 1)
}

// Unkeep frees bytes that were kept.
func (w *World) Unkeep(at Kept) {
	if at != 0 {
		w.slab.release(uint64(at) - 1)
	}
}
