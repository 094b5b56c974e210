package random

import "github.com/zeebo/xxh3"

// Key is a named stream of a run: seed and name mixed. Make one a stream and
// run, and keep it.
type Key uint64

// NewKey returns the key of a stream, from the XXH3 hash of its name. Any seed
// and any name will do, 0 and "" too.
func NewKey(seed uint64, stream string) Key {
	return Key(Mix(xxh3.HashString(stream) + Mix(seed+golden)))
}

// At starts the draws of one event. Events that differ in tick or ID have
// unrelated draws; two are the same only if their 64-bit states collide, one
// chance in 2^64 a pair.
//
// Tick and ID are multiplied by unrelated odd constants before they meet, so
// that no small steps in both cancel: (tick+1, id-1) is another state.
func (k Key) At(tick int64, id uint64) Source {
	return Source{Mix(uint64(k) + uint64(tick)*tickStep + id*idStep)}
}

// In returns the key that has at tick 0 the draws that k has at a tick, for who
// draws for many events of one.
func (k Key) In(tick int64) Key { return k + Key(uint64(tick)*tickStep) }

// Steps by which tick and ID move the state of a Source.
const tickStep, idStep = 0xd1342543de82ef95, 0xaef17502108ef2d9
