package systems

import (
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Policy says which of several providers a call goes to.
type Policy uint8

const (
	AnyProvider Policy = iota // drawn
	RoundRobin                // the one after the last, in the order of nodes
	Nearest                   // the one with the least latency; of equals, the first
)

// turnRow is whom a node has asked last, in a round.
type turnRow struct {
	Service    uint64
	Node, Last ecs.Node
	slot
	_ [4]byte
}

func (r *turnRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// Pick returns a provider of a service for the next call of the i-th event's
// node, of those in its view that it has a link to; 0 if there is none. The draw
// is keyed by the request that will be sent.
func (s *Services) Pick(b *ecs.Batch, i int, service uint64, p Policy) ecs.Node {
	return s.pick(b, i, service, p, s.Providers(b.Node(i), service))
}

func (s *Services) pick(b *ecs.Batch, i int, service uint64, p Policy, seen []ecs.Node) ecs.Node {
	n := b.Node(i)
	switch {
	case len(seen) == 0:
		return 0
	case p == AnyProvider:
		return s.drawn(b, i, n, seen)
	case p == Nearest:
		return s.nearest(n, seen)
	}
	return s.inTurn(n, service, seen)
}

// PickBy returns the provider that a key belongs to, of those that the i-th
// event's node sees and has a link to; 0 if there is none. Each provider's weight
// for a key is drawn from both names, and the heaviest wins, so that one that
// comes or goes moves its own keys only (Thaler and Ravishankar, Using
// name-based mappings to increase hit rates, 1998). It takes time in proportion
// to the providers.
func (s *Services) PickBy(b *ecs.Batch, i int, service, key uint64) ecs.Node {
	n := b.Node(i)
	return s.pickBy(s.Providers(n, service), n, key)
}

func (s *Services) pickBy(seen []ecs.Node, n ecs.Node, key uint64) ecs.Node {
	best, heaviest := ecs.Node(0), uint64(0)
	for _, c := range seen {
		if !s.Reaches(n, c) {
			continue
		}
		if weight := random.Mix(key ^ random.Mix(s.world.Life(c).Name)); best == 0 || weight > heaviest {
			best, heaviest = c, weight
		}
	}
	return best
}

// PickAll returns all providers of a service that the i-th event's node sees and
// has a link to, in the order of nodes. The slice is for reading, until the next
// is asked for.
func (s *Services) PickAll(b *ecs.Batch, i int, service uint64) []ecs.Node {
	n := b.Node(i)
	return s.inReach(n, s.Providers(n, service))
}

// Reaches reports whether one node may send to another. Nobody may to all; and
// where there is no link at all, none is out of reach by a fault, and who sends
// is told that links are missing.
func (s *Services) Reaches(from, to ecs.Node) bool {
	return from == to || from == 0 || s.joins(from, to)
}

func (s *Services) joins(from, to ecs.Node) bool {
	return s.links.None() || s.canSend(from, to)
}

func (s *Services) canSend(from, to ecs.Node) bool {
	return s.programs.Of(from.Program()).Direct || s.links.Joins(from, to)
}

// inReach returns those of some nodes that a node may send to; for reading,
// until the next are asked for.
func (s *Services) inReach(from ecs.Node, seen []ecs.Node) []ecs.Node {
	s.candidates = s.candidates[:0]
	for _, c := range seen {
		if s.Reaches(from, c) {
			s.candidates = append(s.candidates, c)
		}
	}
	return s.candidates
}

// drawn draws from all, and if it gets one out of reach, from those in reach:
// each of them is as likely as the others.
func (s *Services) drawn(b *ecs.Batch, i int, n ecs.Node, seen []ecs.Node) ecs.Node {
	draws := s.world.Key(s.any).At(int64(b.Tick), uint64(b.NextID(i)))
	one := seen[draws.Below(uint64(len(seen)))]
	if s.Reaches(n, one) {
		return one
	}
	near := s.inReach(n, seen)
	if len(near) == 0 {
		return 0
	}
	return near[draws.Below(uint64(len(near)))]
}

func (s *Services) nearest(n ecs.Node, seen []ecs.Node) ecs.Node {
	best, at := ecs.Node(0), maxSpan+1
	for _, c := range seen {
		if !s.Reaches(n, c) {
			continue
		}
		if latency := s.links.latency(n, c); latency < at {
			best, at = c, latency
		}
	}
	return best
}

func (s *Services) inTurn(n ecs.Node, service uint64, seen []ecs.Node) ecs.Node {
	k := s.turns.first(n)
	for k >= 0 && s.turns.rows.At(k).Service != service {
		k = s.turns.next(k)
	}
	if k < 0 {
		k = s.turns.take()
		r := s.turns.rows.Edit(k)
		r.Service, r.Node = service, n
		s.turns.own(k)
	}
	r := s.turns.rows.Edit(k)
	from, _ := slices.BinarySearch(seen, r.Last+1)
	for i := range seen {
		if c := seen[(from+i)%len(seen)]; s.Reaches(n, c) {
			r.Last = c
			return c
		}
	}
	return 0
}
