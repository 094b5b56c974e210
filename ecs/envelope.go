package ecs

import "orrery/ecs/random"

// EnvelopeID identifies an envelope: 52 bits derived from the envelope that
// caused it and the index of the send, so that nothing else in the world
// shifts it.
type EnvelopeID uint64

const (
	kindBits = 10
	// timerFlag marks envelopes that need a look before they are handed out:
	// timers, which die with their incarnation, and the engine's own kinds.
	timerFlag = 1 << kindBits
	// slabFlag marks an envelope whose payload lies in the slab.
	slabFlag  = 1 << (kindBits + 1)
	idShift   = kindBits + 2
	kindMask  = 1<<kindBits - 1
	flagsMask = 1<<idShift - 1

	// EnvelopeSize is what an envelope occupies, in bytes.
	EnvelopeSize = 32
	// HeaderSize is what a link adds to a payload's bytes to get the size
	// that counts against its bandwidth.
	HeaderSize = 32
)

// Envelope is a payload on its way. A and B are the payload, or, for longer
// payloads, where it lies; [World.Payload] returns the bytes then.
type Envelope struct {
	To, From Node
	tag      uint64 // ID, slab and timer flag, kind
	A, B     uint64
}

// Kind returns what the envelope is about.
func (e *Envelope) Kind() Kind { return Kind(e.tag & (kindMask | timerFlag)) }

// ID returns the envelope's identity.
func (e *Envelope) ID() EnvelopeID { return EnvelopeID(e.tag >> idShift) }

// HasBytes reports whether the payload is bytes in the slab.
func (e *Envelope) HasBytes() bool { return e.tag&slabFlag != 0 }

// IsTimer reports whether the envelope is a one-shot timer or the engine's.
func (e *Envelope) IsTimer() bool { return e.tag&timerFlag != 0 }

// golden is 2^64 divided by the golden ratio: the increment of Weyl
// sequences (Steele, Lea, Flood: Fast splittable pseudorandom number
// generators, 2014).
const golden = 0x9e3779b97f4a7c15

// twinIndex is that of a twin among what an envelope causes: beyond that of any
// send, so that a twin is never taken for what the handler of its model sent.
const twinIndex = 1 << 40

// replyIndex is that of a reply which no handler sends.
const replyIndex = twinIndex + 1

// Reply returns the identity of what answers an envelope where no handler does:
// none that a handler sends because of it has the same.
func (id EnvelopeID) Reply() EnvelopeID { return EnvelopeID(childTag(id, replyIndex, 0) >> idShift) }

// childTag returns the tag of the index-th send caused by an event.
func childTag(cause EnvelopeID, index uint64, k Kind) uint64 {
	return random.Mix(uint64(cause)+(index+1)*golden)&^flagsMask | uint64(k)
}

// Send is one envelope as a program asks for it.
type Send struct {
	To    Node
	Cause uint16 // index in the batch of what causes it; never falls within a batch
	Kind  Kind
	Delay Tick // added to the tick; less than 1 counts as 1
	A, B  uint64
}
