package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// Reply is what a call's end is told.
type Reply struct {
	ID       ecs.EnvelopeID // of the call
	Why      Reason         // NoReason: there is a value
	A        uint64         // the value, or what the provider said with Failed
	Payload  []byte         // instead of A; for reading within the handler
	Provider ecs.Node       // who was asked; 0: nobody, or several
	Took     ecs.Nanoseconds
	Then     uint64 // as it was called with
	Tag      uint64
	Kept     []byte
	Answers  []Answer   // of a call to several of which some must answer: theirs, in the order in which they came
	Found    []ecs.Node // of a discovery; for reading
	Sort     string     // "call", "gather", "discovery"
	outside  bool
}

// Event is what the draws of a call's end are keyed by, where it ends by time:
// several may end by one event.
func (r *Reply) Event() ecs.EnvelopeID {
	return ecs.EnvelopeID(random.Mix(uint64(r.ID)^0x454e44) >> 12)
}

var sortNames = [...]string{singleCall: "call", gatherCall: "gather", discoveryCall: "discovery"}

// Answered takes a reply that has come as the i-th envelope of a batch, and
// returns what its call's end is to be told, nil if nothing: it comes late, or
// more must answer. What is returned is good until the next is.
func (s *Services) Answered(b *ecs.Batch, i int) *Reply {
	e := &b.Envelopes[i]
	ref, payload := e.B, []byte(nil)
	if e.HasBytes() {
		ref, payload = split(s.world.Payload(e))
	}
	return s.answered(e, ref, payload)
}

// answered is Answered for a reply of which the call is known.
func (s *Services) answered(e *ecs.Envelope, ref uint64, payload []byte) *Reply {
	row := int(ref >> rowShift)
	if row >= s.calls.pool.rows.Len() || !s.awaits(row, e, ref) {
		s.world.Refuse(e, ecs.DroppedLate)
		return nil
	}
	why := NoReason
	if e.Kind() == s.failed {
		why = s.told(e, payload)
	}
	r := s.calls.pool.rows.At(row)
	if r.Sort == memberCall {
		return s.forNode(s.answeredMember(row, why, e, payload))
	}
	reply := s.end(row, why)
	reply.A, reply.Payload = e.A, payload
	if why == Failed && payload == nil {
		reply.A >>= 8
	}
	return s.forNode(reply)
}

// told returns why a request was refused. A number may have been corrupted.
func (s *Services) told(e *ecs.Envelope, payload []byte) Reason {
	switch r := Reason(e.A); {
	case payload != nil || r == Failed && !s.inWords:
		return Failed
	case r == UnknownService || r == QueueFull || r == Crashed:
		return r
	}
	return Corrupted
}

// forNode returns an end that a node is to hear of; of one that is for somebody
// outside it tells, and returns nil.
func (s *Services) forNode(r *Reply) *Reply {
	if r == nil || !r.outside {
		return r
	}
	s.outside.tell(&Upshot{Label: r.Then, Reply: r})
	return nil
}

// end ends a call, and returns what it is to be told.
func (s *Services) end(row int, why Reason) *Reply {
	r, p := s.calls.pool.rows.At(row), &s.reply
	p.ID, p.Why, p.A, p.Payload = ecs.EnvelopeID(r.Valid-1), why, 0, nil
	p.Provider, p.Then, p.Tag, p.outside = r.Provider, r.Then, r.Tag, r.Outside
	p.Took = s.world.Time(s.world.Tick() - r.Sent)
	p.Answers, p.Found, p.Sort = p.Answers[:0], nil, sortNames[r.Sort]
	if p.Kept = p.Kept[:0]; r.Keeps {
		p.Kept = append(p.Kept, s.world.Kept(s.calls.kept.At(row).Then)...)
	}
	if s.countCall(r.Sort, int(why)); r.Sort != discoveryCall {
		s.countEnd(r.Service, why, p.Took)
	}
	s.collect(row)
	s.dropCall(row)
	return p
}

// awaits reports whether a call waits for a reply.
func (s *Services) awaits(row int, e *ecs.Envelope, ref uint64) bool {
	r := s.calls.pool.rows.At(row)
	return r.Valid != 0 && (r.Valid-1)&idMask == ref&idMask && r.Node == e.To && r.Provider == e.From && r.Why == NoReason &&
		(r.Sort == singleCall || r.Sort == memberCall && r.Got == 0)
}
