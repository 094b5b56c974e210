package systems

import "orrery/ecs"

// A program that has ended says nothing; the host that it ran on does. It refuses
// a request that comes for it, and resets what it had taken and not answered. Both
// are a reply that says Crashed, and travel as any other: over the provider's link
// to the caller, with its latency and loss, and not across a cut. Who hears nothing
// in time cannot know why: see TimedOut.

// refuse has the host of a provider answer a request that the provider will not.
// Where a reply would find no way back nothing is sent, and none to itself: its
// calls end with it.
func (s *Services) refuse(request ecs.EnvelopeID, provider, caller ecs.Node, ref uint64) {
	if !s.answers(provider, caller) {
		return
	}
	e := ecs.MakeEnvelope(caller, provider, request.Reply(), s.failed)
	e.A, e.B = uint64(Crashed), ref
	if s.programs.Of(provider.Program()).Direct {
		s.world.SendAlone(e, request, nil)
		return
	}
	s.world.SendAlone(e, request, s.links.route)
}

// answers reports whether what the host of a node says may come to who called.
func (s *Services) answers(provider, caller ecs.Node) bool {
	return caller == 0 || caller != provider && s.canSend(provider, caller)
}

// refuseRequest refuses a request that has come due for a node that is down.
func (s *Services) refuseRequest(e *ecs.Envelope) { s.refuse(e.ID(), e.To, e.From, s.refOf(e)) }

// refOf returns what the reply to a request says that it answers.
func (s *Services) refOf(e *ecs.Envelope) uint64 {
	if !e.HasBytes() {
		return e.B
	}
	ref, _ := split(s.world.Payload(e))
	return ref
}

// dropDown drops what has waited for a node that has ended.
func (s *Services) dropDown(e *ecs.Envelope) {
	asks, ref := s.world.WantsReply(e.Kind()), uint64(0)
	if asks {
		ref = s.refOf(e)
	}
	if s.world.Drop(e, ecs.DroppedDown); asks {
		s.refuse(e.ID(), e.To, e.From, ref)
	}
}

// tooLate drops the i-th envelope of a batch, a request for a node that is about
// to end by it: what is due before it has made it exit. Other sends of that event
// are to come yet, so that it is one of them.
func (s *Services) tooLate(b *ecs.Batch, i int) {
	e := &b.Envelopes[i]
	s.world.Refuse(e, ecs.DroppedDown)
	if s.answers(e.To, e.From) {
		s.Fail(b, i, s.Request(b, i), Crashed, 0)
	}
}

// resetRequests drops what a node that ends has deferred, and tells who asked, in
// the order in which it deferred.
func (s *Services) resetRequests(n ecs.Node) {
	last := s.requests.first(n)
	for next := last; next >= 0; next = s.requests.next(next) {
		last = next
	}
	for i := last; i >= 0; {
		r := s.requests.rows.At(i)
		before := int(r.Prev) - 1
		s.refuse(r.ID, n, r.From, r.Ref)
		s.dropRequest(i)
		i = before
	}
}
