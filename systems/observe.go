package systems

import "orrery/ecs"

// What an observer asks after every tick, so that it must cost next to nothing.

// PointsSince returns the values of all series from the i-th on, as they were
// taken.
func (m *Measures) PointsSince(i int) []Point { return m.points.All()[min(i, m.points.Len()):] }

// SeriesName returns what a series was declared as.
func (m *Measures) SeriesName(id SeriesID) string { return m.series[id].name }

// Result returns what came of a check so far, by its number.
func (c *Checks) Result(i int) Result {
	k, row := &c.list[i], c.rows.At(i)
	return Result{Name: k.Name, Kind: k.Kind, Outcome: row.Outcome, At: row.At}
}

// Watch has f shown each action as it is carried out, targets resolved; nil
// ends it. Of one through a channel refused says why nothing was done, if so: f is
// shown it afterwards, and all others before. What f sees it may not keep.
func (f *Faults) Watch(seen func(a *Action, refused string)) { f.seen = seen }

// NodesOf returns whom an action is done to.
func (f *Faults) NodesOf(a *Action) []ecs.Node { return f.targets(a) }

// Len returns how many params there are.
func (p *Params) Len() int { return len(p.list) }

// Consistency returns what holds between the values of a param.
func (p *Params) Consistency(id ParamID) Consistency { return p.list[id].consistency }

func (c Consistency) String() string { return [...]string{"local", "eventual"}[c] }

// Publication is a value of a feed as it is published.
type Publication struct {
	Feed  Feed
	From  ecs.Node // 0: it came from outside
	A     uint64
	Bytes []byte // instead of A, if not nil; good until the watcher returns
}

// Watch has f shown each value that is published to a feed; nil ends it. f only
// looks.
func (f *Feeds) Watch(seen func(p *Publication)) { f.seen = seen }

// EachLast calls do with the last value of each latched feed that has one.
func (f *Feeds) EachLast(do func(p *Publication)) {
	for i := range f.topics.Len() {
		t := f.topics.At(i)
		if t.LastID == 0 {
			continue
		}
		p := Publication{Feed: Feed(i), From: t.LastFrom, A: t.LastA}
		if t.Bytes != 0 {
			p.A, p.Bytes = 0, f.world.Kept(f.texts.At(i).Last)
		}
		do(&p)
	}
}

// Len returns how many names of feeds, and patterns, have come up so far.
func (f *Feeds) Len() int { return f.topics.Len() }

// Heard reports whether a name of a feed has come up: somebody has published to
// it, said how its values come, or subscribed to it, maybe by a pattern.
func (f *Feeds) Heard(name string) bool {
	if f.byKey.find(ServiceKey(name), 0) >= 0 {
		return true
	}
	for _, p := range f.patterns {
		if matches(f.derived[p].name, name) {
			return true
		}
	}
	return false
}

// ServiceFigures are how things stand with a service. Busy and the rest are of
// providers that take time, and of those of them that run.
type ServiceFigures struct {
	Providers     int
	UnderWay      int // calls; one to several nodes is one
	Busy, Waiting int // requests that are served, and that wait
	Served        uint64
	Refused       uint64 // for want of room

	Ended [reasons]uint64 // calls, by reason; by NoReason: with a value
	Took  Spread          // how long those took, from call to reply
}

// Opened reports whether there may be services.
func (s *Services) Opened() bool { return s.opened }

// Known returns how many names of services have come up so far.
func (s *Services) Known() int { return s.known.rows.Len() }

// KnownName returns the i-th of the names that have come up.
func (s *Services) KnownName(i int) string { return string(s.world.Kept(s.known.rows.At(i).At)) }

// Figures sets the figures of the first services that are known.
func (s *Services) Figures(of []ServiceFigures) {
	clear(of)
	find := func(service uint64) *ServiceFigures {
		if i := s.known.index.find(service, 0); i >= 0 && i < len(of) {
			return &of[i]
		}
		return &ServiceFigures{} // provided by key alone, or not asked for
	}
	for i := range min(len(of), s.figures.ended.Len()) {
		of[i].Ended, of[i].Took = s.figures.ended.At(i).By, s.figures.took.summary(i)
	}
	for i := range s.provided.rows.Len() {
		if r := s.provided.rows.At(i); r.Used != 0 {
			find(r.Service).Providers++
		}
	}
	for i := range s.calls.pool.rows.Len() {
		if r := s.calls.pool.rows.At(i); r.Valid != 0 && (r.Sort == singleCall || r.Sort == gatherCall) {
			find(r.Service).UnderWay++
		}
	}
	for i := range s.stations.pool.rows.Len() {
		if r := s.stations.pool.rows.At(i); r.Used != 0 {
			x := find(r.Service)
			x.Busy, x.Waiting = x.Busy+int(r.Busy), x.Waiting+int(r.Queued)
			x.Served, x.Refused = x.Served+r.Served, x.Refused+r.Refused
		}
	}
}

// Watched returns the value of a feed that an envelope has, as who watches a
// world is shown it, and for how many subscriptions it is: 0 if it was lost on
// its way to some. It is false of any other envelope.
func (f *Feeds) Watched(e *ecs.Envelope) (p Publication, subscriptions int, ok bool) {
	switch {
	case !f.opened || e.Kind() != f.value:
		return p, 0, false
	case e.IsFan():
		topic, count, x := unblock(f.world.Payload(e))
		return Publication{Feed(topic), e.From, x.a, x.bytes}, count, true
	case e.To != ecs.Everyone: // one of a fan, with its payload
		topic, _, x := unblock(f.world.Payload(e))
		return Publication{Feed(topic), e.From, x.a, x.bytes}, 1, true
	case e.HasBytes():
		return Publication{Feed(e.B), e.From, 0, f.world.Payload(e)}, 0, true
	}
	return Publication{Feed(e.B), e.From, e.A, nil}, 0, true
}

// AnyWatched reports whether is holds for a node whom a value of a feed is for.
func (f *Feeds) AnyWatched(e *ecs.Envelope, is func(n ecs.Node) bool) bool {
	if !e.IsFan() {
		return false
	}
	block := f.world.Payload(e)
	_, count, _ := unblock(block)
	for i := range count {
		if row, serial := splitEntry(addressee(block, i)); f.lasts(row, serial) && is(f.faces.At(int(row)).Node) {
			return true
		}
	}
	return false
}
