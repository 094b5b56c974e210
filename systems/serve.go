package systems

import (
	"fmt"
	"slices"

	"orrery/ecs"
)

// Provide is a service of a node: what Do returns is the reply, unless it
// deferred or refused it.
type Provide[S any] struct {
	Service Service
	Do      func(me *Me, s *S, a uint64) uint64
	Serve   *Serve[S] // nil: it takes no time
}

// Serve has a service take time. Do runs, and its reply is sent, when the time
// in service is over: a request has had its effect and its reply, or neither.
// One that finds all slots busy waits, in order of arrival; one that finds the
// queue full is answered with QueueFull. What a node serves ends with its
// incarnation.
type Serve[S any] struct {
	Time    ecs.Nanoseconds
	TimeOf  func(me *Me, s *S, a uint64) ecs.Nanoseconds // instead of Time; asked when the service begins
	Serving Serving
}

// serving is the request that a provider's handler answers.
type serving struct {
	request  Request
	answered bool // or deferred
}

// serve adds the handlers of requests and replies.
func (a *adapter[S]) serve(s *Set) {
	if len(a.node.Provides)+len(a.node.Replies) == 0 {
		return
	}
	s.Services.Open()
	wake, answer, failed := s.Services.Kinds()
	a.add(On[S]{answer, a.answered}, s.World)
	a.add(On[S]{failed, a.answered}, s.World)
	a.add(On[S]{wake, a.expire}, s.World)
	for _, p := range a.node.Provides {
		if p.Do == nil {
			panic(fmt.Sprintf("systems: program %q provides %q without a function; set Do", a.node.Name, s.World.KindName(p.Service.Kind)))
		}
		a.add(On[S]{p.Service.Kind, func(me *Me, state *S, _ *ecs.Envelope) { a.asked(&p, me, state) }}, s.World)
		if p.Serve != nil {
			p.Serve.Serving.validate(a.node.Name, s.World.KindName(p.Service.Kind))
			s.Services.MeasureStations(s.World.KindName(p.Service.Kind))
		}
	}
	if slices.ContainsFunc(a.node.Provides, func(p Provide[S]) bool { return p.Serve != nil }) {
		a.add(On[S]{s.Services.OpenStations(), a.turnCame}, s.World)
	}
}

// asked has a provider answer a request, or take it to its station.
func (a *adapter[S]) asked(p *Provide[S], me *Me, state *S) {
	services := me.set.Services
	if p.Serve != nil {
		if a.turns(p, me, state); me.exiting {
			services.tooLate(me.b, me.b.At)
			return
		}
	}
	r := services.Request(me.b, me.b.At)
	switch {
	case !services.offers(p.Service, me.Self()):
		services.Fail(me.b, me.b.At, r, UnknownService, 0)
	case p.Serve == nil:
		a.answer(p, me, state, r)
	default:
		services.Enter(me.b, me.b.At, r, p.Service.Key, p.Serve.Serving)
		a.turns(p, me, state)
	}
}

// turnCame has the station go on whose timer has fired.
func (a *adapter[S]) turnCame(me *Me, state *S, e *ecs.Envelope) {
	service := me.set.Services.StationOf(e)
	for i := range a.node.Provides {
		if p := &a.node.Provides[i]; p.Service.Key == service && p.Serve != nil {
			a.turns(p, me, state)
			return
		}
	}
}

// turns has a station do all that is to be done by now, until the node itself
// ends.
func (a *adapter[S]) turns(p *Provide[S], me *Me, state *S) {
	services, key := me.set.Services, p.Service.Key
	for !me.exiting {
		t, ok := services.Turn(me.b, me.b.At, key, p.Serve.Serving)
		if !ok {
			return
		}
		me.ended = t.Event()
		switch {
		case !t.Ends:
			time := p.Serve.Time
			if p.Serve.TimeOf != nil {
				time = p.Serve.TimeOf(me, state, t.Request.A)
			}
			if time < 0 {
				panic(fmt.Sprintf("systems: %s serves a request for %d ns; it must be 0 or more", me.Name(), time))
			}
			services.Begin(me.b, me.b.At, key, &t, time)
		case !services.offers(p.Service, me.Self()):
			services.Fail(me.b, me.b.At, t.Request, UnknownService, 0)
		default:
			a.answer(p, me, state, t.Request)
		}
		me.ended = 0
	}
}

// answer has the function of a service answer a request.
func (a *adapter[S]) answer(p *Provide[S], me *Me, state *S, r Request) {
	services := me.set.Services
	me.serving = serving{request: r}
	v := p.Do(me, state, r.A)
	if !me.serving.answered {
		services.Answer(me.b, me.b.At, r, v)
	}
	me.serving = serving{answered: true}
}

// unknown answers a request for a service that a program knows nothing of; it
// reports whether the i-th envelope was one.
func (s *Services) unknown(b *ecs.Batch, i int) bool {
	for _, x := range s.list {
		if x.Kind == b.Envelopes[i].Kind() {
			s.Fail(b, i, s.Request(b, i), UnknownService, 0)
			return true
		}
	}
	return false
}

func (a *adapter[S]) answered(me *Me, state *S, _ *ecs.Envelope) {
	if r := me.set.Services.Answered(me.b, me.b.At); r != nil {
		a.goOn(me, state, r)
	}
}

// expire ends the calls whose time is up, until the node itself ends.
func (a *adapter[S]) expire(me *Me, state *S, _ *ecs.Envelope) {
	for r := me.set.Services.Expire(me.b, me.b.At); r != nil; r = me.set.Services.Expire(me.b, me.b.At) {
		me.ended = r.Event()
		a.goOn(me, state, r)
		me.ended = 0
		if me.exiting {
			return
		}
	}
}

// goOn calls what a call's end is told to.
func (a *adapter[S]) goOn(me *Me, state *S, r *Reply) {
	switch {
	case r.Then == 0:
	case r.Then > uint64(len(a.node.Replies)):
		panic(fmt.Sprintf("systems: program %q called with Then = %d, and has %d functions in Replies", a.node.Name, r.Then, len(a.node.Replies)))
	default:
		a.node.Replies[r.Then-1](me, state, r)
	}
}

// Call calls a service; the reply, or why there is none, comes to the Then-th
// of Replies. If To is not said, it goes to a provider in view, drawn.
func (m *Me) Call(c Call) ecs.EnvelopeID {
	services := m.set.Services
	if c.To == 0 {
		c.To = services.Pick(m.b, m.b.At, c.Service.Key, AnyProvider)
	}
	return services.Call(m.b, m.b.At, &c)
}

// Gather calls several nodes at once; see [Services.Gather].
func (m *Me) Gather(c Call, to []ecs.Node, need int) ecs.EnvelopeID {
	return m.set.Services.Gather(m.b, m.b.At, &c, to, need)
}

// Pick returns a provider in view by a policy, 0 if there is none.
func (m *Me) Pick(service Service, p Policy) ecs.Node {
	return m.set.Services.Pick(m.b, m.b.At, service.Key, p)
}

// PickAll returns all providers in view; see [Services.PickAll].
func (m *Me) PickAll(service Service) []ecs.Node {
	return m.set.Services.PickAll(m.b, m.b.At, service.Key)
}

// PickBy returns the provider that a key belongs to; see [Services.PickBy].
func (m *Me) PickBy(service Service, key uint64) ecs.Node {
	return m.set.Services.PickBy(m.b, m.b.At, service.Key, key)
}

// Discover waits for providers of a service; see [Services.Discover].
func (m *Me) Discover(c Call, least int) ecs.EnvelopeID {
	return m.set.Services.Discover(m.b, m.b.At, &c, least)
}

// CancelCall ends a call of this node, whose Replies function is told so; it
// reports whether it was under way.
func (m *Me) CancelCall(id ecs.EnvelopeID) bool { return m.set.Services.Cancel(m.b, m.b.At, id) }

// Provide has the node provide a service, one of its program's Provides, again
// after [Me.Withhold].
func (m *Me) Provide(service Service) { m.set.Services.Provide(m.Self(), service.Key, nil) }

// Withhold has the node provide a service no longer.
func (m *Me) Withhold(service Service) bool {
	return m.set.Services.Withhold(m.Self(), service.Key)
}

// Source returns who called the service whose handler runs.
func (m *Me) Source() ecs.Node { return m.serving.request.From }

// Defer has the caller wait after the handler of a service has returned: the
// ID is what [Me.Reply] takes, in any handler of this incarnation.
func (m *Me) Defer() ecs.EnvelopeID {
	m.answering("defers")
	m.set.Services.Defer(m.b, m.b.At, m.serving.request)
	return m.serving.request.ID
}

// Refuse answers the caller with the error Failed and a number, whatever the
// handler returns.
func (m *Me) Refuse(code uint64) {
	m.answering("refuses")
	m.set.Services.Fail(m.b, m.b.At, m.serving.request, Failed, code)
}

// Reply answers a deferred request; it reports whether that was waiting.
func (m *Me) Reply(id ecs.EnvelopeID, a uint64) bool {
	r, ok := m.set.Services.Deferred(m.Self(), id)
	if ok {
		m.set.Services.Answer(m.b, m.b.At, r, a)
	}
	return ok
}

func (m *Me) answering(verb string) {
	if m.serving.answered || m.serving.request.ID == 0 {
		panic(fmt.Sprintf("systems: %s %s a request, and has none in hand, or has answered it; only the handler of a service does, once", m.Name(), verb))
	}
	m.serving.answered = true
}
