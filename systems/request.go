package systems

import (
	"encoding/binary"

	"orrery/ecs"
)

// Request is a call as it came to its provider, for the handler to answer.
type Request struct {
	ID      ecs.EnvelopeID
	From    ecs.Node
	A       uint64
	Payload []byte // instead of A; for reading within the handler
	ref     uint64 // what the reply says it answers
}

// requestRow is a request whose answer was deferred.
type requestRow struct {
	ID   ecs.EnvelopeID
	Ref  uint64
	From ecs.Node
	Node ecs.Node // who answers
	slot
	_ [4]byte
}

func (r *requestRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// refBytes is what a payload of bytes begins with: the call that it belongs to.
const refBytes = 8

// split parts a payload of bytes.
func split(payload []byte) (ref uint64, rest []byte) {
	return binary.LittleEndian.Uint64(payload), payload[refBytes:]
}

// joined returns a payload of bytes; it is good until the next.
func (s *Services) joined(ref uint64, parts ...[]byte) []byte {
	s.buffer = binary.LittleEndian.AppendUint64(s.buffer[:0], ref)
	for _, p := range parts {
		s.buffer = append(s.buffer, p...)
	}
	return s.buffer
}

// Request returns the i-th envelope of a batch, which must be a request.
func (s *Services) Request(b *ecs.Batch, i int) Request {
	e := &b.Envelopes[i]
	r := Request{ID: e.ID(), From: e.From, A: e.A, ref: e.B}
	if e.HasBytes() {
		r.A = 0
		r.ref, r.Payload = split(s.world.Payload(e))
	}
	return r
}

// Answer answers a request, by the i-th event of a batch.
func (s *Services) Answer(b *ecs.Batch, i int, r Request, a uint64) {
	b.Out = append(b.Out, ecs.Send{To: r.From, Cause: uint16(i), Kind: s.answer, A: a, B: r.ref})
}

// AnswerBytes is Answer with bytes, which are copied.
func (s *Services) AnswerBytes(b *ecs.Batch, i int, r Request, payload []byte) {
	b.SendBytes(i, r.From, s.answer, 0, s.joined(r.ref, payload))
}

// Fail answers a request with a reason, and a number if the reason is Failed.
func (s *Services) Fail(b *ecs.Batch, i int, r Request, why Reason, code uint64) {
	b.Out = append(b.Out, ecs.Send{To: r.From, Cause: uint16(i), Kind: s.failed, A: code<<8 | uint64(why), B: r.ref})
}

// FailInWords says that all errors of providers' own are texts: a number is none.
func (s *Services) FailInWords() { s.inWords = true }

// FailText answers a request with an error of the provider's own.
func (s *Services) FailText(b *ecs.Batch, i int, r Request, text string) {
	s.buffer = append(s.joined(r.ref), text...)
	b.SendBytes(i, r.From, s.failed, 0, s.buffer)
}

// Defer keeps a request of the i-th event's node, to be answered later: the ID
// is what [Services.Deferred] takes it by.
func (s *Services) Defer(b *ecs.Batch, i int, r Request) {
	n := b.Node(i)
	if s.asked.find(uint64(n), uint64(r.ID)) >= 0 {
		return
	}
	if s.requests.rows.Len() >= MaxDeferred && s.requests.free == 0 {
		s.tooManyDeferred(n)
	}
	k := s.requests.take()
	row := s.requests.rows.Edit(k)
	row.ID, row.Ref, row.From, row.Node = r.ID, r.ref, r.From, n
	s.requests.own(k)
	s.asked.put(uint64(n), uint64(r.ID), k)
}

// Deferred takes a request that a node has deferred, to answer it; false if
// there is none, as it was answered or deferred by an earlier incarnation.
func (s *Services) Deferred(n ecs.Node, id ecs.EnvelopeID) (Request, bool) {
	i := s.asked.find(uint64(n), uint64(id))
	if i < 0 {
		return Request{}, false
	}
	row := s.requests.rows.At(i)
	r := Request{ID: row.ID, From: row.From, ref: row.Ref}
	s.dropRequest(i)
	return r, true
}

func (s *Services) dropRequest(i int) {
	r := s.requests.rows.At(i)
	s.asked.drop(uint64(r.Node), uint64(r.ID))
	s.requests.drop(i)
}
