package systems

import (
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Service is a named function that nodes provide and others call.
type Service struct {
	Key  uint64   // of its name
	Kind ecs.Kind // of its requests
}

// ServiceKey returns the key of a name.
func ServiceKey(name string) uint64 { return uint64(random.NewKey(0, name)) }

// Services are the services of a world: who provides them, calls under way, and
// requests whose answer was deferred. A request and its reply are envelopes,
// which travel over links as messages do. A call that gets no reply ends by
// time: one timer a node, for the earliest of its calls, does for all of them.
// Of a provider that is down, or ends, its host says so: see refuse.go.
//
// Provisions, calls and deferred requests end with the incarnation of their
// node.
type Services struct {
	world     *ecs.World
	programs  *Programs
	links     *Links
	names     []string
	list      []Service
	known     serviceNames
	provided  pool[provisionRow, *provisionRow]
	functions *ecs.Rows[functionRow] // a row for each of provided
	providers index                  // (service, node) to provided
	offered   []nodeSet              // of declared services, by the index of their kind: who provides them
	directory directory
	calls     calls
	requests  pool[requestRow, *requestRow]
	asked     index // (node, request) to requests
	turns     pool[turnRow, *turnRow]
	stations  stations
	measures  *Measures
	outcomes  *ecs.Rows[outcomeRow]
	figures   callFigures
	watching  []int32 // rows of discoveries under way, in order
	outside   *Outside
	waking    []int32 // those of them that end in the next tick
	any       ecs.Stream

	// Kinds of the engine's own: the timer of a node's calls, and replies.
	opened, inWords      bool
	wake, answer, failed ecs.Kind
	turn                 ecs.Kind // of a station's timer; 0: there is none

	buffer     []byte     // of a payload that is being sent
	candidates []ecs.Node // of a draw
	discovered []ecs.Node // of a reply
	linked     uint32     // how often links had been added when discoveries were last looked at
	reply      Reply      // in hand
}

type provisionRow struct {
	Service  uint64
	Function uint64 // hash of what the provider keeps with it; 0: nothing
	Node     ecs.Node
	slot
}

// functionRow is where the bytes of a provision lie.
type functionRow struct{ At ecs.Kept }

func (r *provisionRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// NewServices returns the services of a world: none yet.
func NewServices(w *ecs.World, p *Programs, l *Links) *Services {
	s := &Services{world: w, programs: p, links: l, any: w.Stream("service/any")}
	s.provided = newPool[provisionRow](w, "service")
	s.functions = ecs.NewRows[functionRow](w, "service.function")
	s.functions.Table().OutsideDigest()
	s.known = newServiceNames(w)
	s.calls = newCalls(w)
	s.requests = newPool[requestRow](w, "request")
	s.turns = newPool[turnRow](w, "turn")
	s.stations = newStations(w)
	s.outcomes = newOutcomes(w)
	s.figures = newCallFigures(w)
	return s
}

// Open declares the kinds that services need. It is done when a program says
// that it provides or calls: a world without services has not these kinds.
func (s *Services) Open() {
	if s.opened {
		return
	}
	s.opened = true
	s.openOutcomes()
	s.wake = s.world.TimerKind("(call ends)")
	s.answer = s.world.Kind("(reply)", 8)
	s.failed = s.world.Kind("(failure)", 8)
}

// Declare declares a service by name, or finds it.
func (s *Services) Declare(name string) Service {
	if i := slices.Index(s.names, name); i >= 0 {
		return s.list[i]
	}
	s.Open()
	service := Service{ServiceKey(name), s.world.Kind(name, 8)}
	s.world.Asks(service.Kind)
	for len(s.offered) <= service.Kind.Index() {
		s.offered = append(s.offered, nodeSet{})
	}
	s.names, s.list = append(s.names, name), append(s.list, service)
	s.Name(name)
	return service
}

// Kinds returns the kinds of the timer that ends calls, of replies, and of
// replies that are errors: a program that hands out events by itself gives them
// to [Services.Expire] and [Services.Answered].
func (s *Services) Kinds() (wake, answer, failed ecs.Kind) { return s.wake, s.answer, s.failed }

// Provide has a node provide a service from now on; it may keep bytes with it,
// which [Services.Provided] returns. Provided again, the later bytes count.
func (s *Services) Provide(n ecs.Node, service uint64, keep []byte) {
	i := s.providers.find(service, uint64(n))
	if i < 0 {
		i = s.provided.take()
		r := s.provided.rows.Edit(i)
		r.Service, r.Node = service, n
		if i == s.functions.Len() {
			s.functions.Add(functionRow{})
		}
		s.provided.own(i)
		s.providers.put(service, uint64(n), i)
		s.offer(service, n, true)
		s.changed(n, service, false)
	}
	f := s.functions.Edit(i)
	s.world.Unkeep(f.At)
	*f = functionRow{}
	s.provided.rows.Edit(i).Function = 0
	if keep != nil {
		f.At, s.provided.rows.Edit(i).Function = s.world.Keep(keep)
	}
}

// offers reports whether a node provides a declared service.
func (s *Services) offers(x Service, n ecs.Node) bool { return s.offered[x.Kind.Index()].has(n) }

func (s *Services) offer(service uint64, n ecs.Node, does bool) {
	for _, x := range s.list {
		if x.Key != service {
			continue
		}
		s.offered[x.Kind.Index()].put(n, does)
	}
}

// Withhold has a node provide a service no longer; it reports whether it did.
func (s *Services) Withhold(n ecs.Node, service uint64) bool {
	i := s.providers.find(service, uint64(n))
	if i < 0 {
		return false
	}
	s.withhold(i)
	return true
}

func (s *Services) withhold(i int) {
	r, f := s.provided.rows.At(i), s.functions.Edit(i)
	s.world.Unkeep(f.At)
	*f = functionRow{}
	s.changed(r.Node, r.Service, true)
	s.providers.drop(r.Service, uint64(r.Node))
	s.offer(r.Service, r.Node, false)
	s.provided.drop(i)
}

// Provided reports whether a node provides a service, and what it keeps with it.
func (s *Services) Provided(n ecs.Node, service uint64) (kept []byte, ok bool) {
	i := s.providers.find(service, uint64(n))
	if i < 0 {
		return nil, false
	}
	return s.world.Kept(s.functions.At(i).At), true
}

// Providers returns the nodes that a node sees provide a service, in their
// order; for reading.
func (s *Services) Providers(viewer ecs.Node, service uint64) []ecs.Node {
	return s.directory.seen(viewer, service)
}

// providing returns the nodes that provide a service, in their order, whoever
// sees it.
func (s *Services) providing(service uint64) []ecs.Node {
	var all []ecs.Node
	for i := range s.provided.rows.Len() {
		if r := s.provided.rows.At(i); r.Used != 0 && r.Service == service {
			all = append(all, r.Node)
		}
	}
	slices.Sort(all)
	return all
}

func (s *Services) changed(n ecs.Node, service uint64, gone bool) {
	s.directory.changes = append(s.directory.changes, change{service: service, node: n, gone: gone})
}

// started has a node that starts provide what its program says.
func (s *Services) started(n ecs.Node) {
	for _, key := range s.programs.Of(n.Program()).Provides {
		s.Provide(n, key, nil)
	}
	if v := s.directory.gossip; v != nil {
		v.started(n)
	}
}

// announce lets all nodes know what a node provides that starts in the next
// tick: else those that start with it would find nobody.
func (s *Services) announce(n ecs.Node) {
	if s.directory.gossip != nil {
		return // they hear of each other
	}
	for _, key := range s.programs.Of(n.Program()).Provides {
		s.directory.apply(change{service: key, node: n})
	}
}

// forget drops what a node that has ended provided, called and deferred. Who
// waits for its answer is told.
func (s *Services) forget(n ecs.Node) {
	for i := s.provided.first(n); i >= 0; i = s.provided.first(n) {
		s.withhold(i)
	}
	s.resetRequests(n)
	for i := s.turns.first(n); i >= 0; i = s.turns.first(n) {
		s.turns.drop(i)
	}
	s.forgetStations(n)
	s.forgetCalls(n)
}

// Settle brings the tick's changes of who provides what into view, for the
// ticks to come, and wakes who waited for them.
func (s *Services) Settle() {
	if d := &s.directory; len(d.changes)+len(d.sighted)+len(s.watching) > 0 {
		s.settle()
	}
}

func (s *Services) settle() {
	d, anew := &s.directory, s.relinked()
	if len(d.changes)+len(d.sighted) == 0 && !anew {
		return
	}
	s.found(d.settle(), anew)
	d.sighted = d.sighted[:0]
}

// like takes over what another world's services declared.
func (s *Services) like(other *Services, e *Epidemic) {
	s.names, s.list = slices.Clone(other.names), slices.Clone(other.list)
	s.opened, s.wake, s.answer, s.failed = other.opened, other.wake, other.answer, other.failed
	s.inWords = other.inWords
	s.offered = make([]nodeSet, len(other.offered))
	s.turn, s.stations.figures = other.turn, slices.Clone(other.stations.figures)
	if other.directory.gossip != nil {
		s.Gossip(e)
	}
}

// rebuild makes what is derived from the rows again, after a restore.
func (s *Services) rebuild() {
	s.known.rebuild()
	s.figures.rebuild()
	s.provided.rebuild()
	s.requests.rebuild()
	s.turns.rebuild()
	s.stations.rebuild()
	if s.opened {
		s.openOutcomes()
	}
	s.providers.clear()
	for i := range s.offered {
		s.offered[i].clear()
	}
	s.directory.clear()
	for i := range s.provided.rows.Len() {
		if r := s.provided.rows.At(i); r.Used != 0 {
			s.providers.put(r.Service, uint64(r.Node), i)
			s.offer(r.Service, r.Node, true)
			if s.directory.gossip == nil {
				s.directory.apply(change{service: r.Service, node: r.Node})
			}
		}
	}
	if v := s.directory.gossip; v != nil {
		v.rebuild()
	}
	s.world.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) {
		if e.Kind() == ecs.KindStart && e.A == 0 && e.From == 0 && due == s.world.Tick()+1 {
			s.announce(e.To)
		}
	})
	s.asked.clear()
	for i := range s.requests.rows.Len() {
		if r := s.requests.rows.At(i); r.Used != 0 {
			s.asked.put(uint64(r.Node), uint64(r.ID), i)
		}
	}
	s.rebuildCalls()
}
