package publish

import (
	"fmt"
	"slices"
	"strings"

	"orrery/ecs"
	"orrery/netsync"
)

// filter says which envelopes a sample is of. It is asked for each, so that
// what it finds of a kind or a node it keeps.
type filter struct {
	world *World
	want  *netsync.MessageSelection
	kinds [ecs.MaxKinds]answer // by index
	nodes *nodeSet             // nil: all
	links []linkSet
}

// answer is what is known of a thing.
type answer uint8

const (
	unknown answer = iota
	no
	yes
)

func answerOf(is bool) answer {
	if is {
		return yes
	}
	return no
}

type linkSet struct{ from, to *nodeSet }

func newFilter(w *World, want *netsync.MessageSelection) (*filter, *netsync.Error) {
	f := &filter{world: w, want: want}
	names := w.Run.World.KindNames()
	for _, p := range want.Kinds {
		if !slices.ContainsFunc(names, func(name string) bool { return netsync.Match(p, name) }) {
			return nil, Refuse(netsync.CodeNone, fmt.Sprintf("no kind of message is called %q", p), `ask {"do":"list","what":"kinds"}`)
		}
	}
	var failed *netsync.Error
	set := func(patterns ...string) *nodeSet {
		s, wrong := newNodeSet(w.Run.World, patterns)
		if failed == nil {
			failed = wrong
		}
		return s
	}
	if len(want.Nodes) > 0 {
		f.nodes = set(want.Nodes...)
	}
	for _, text := range want.Links {
		from, to, _ := netsync.CutLink(text) // it was checked
		f.links = append(f.links, linkSet{set(from), set(to)})
	}
	return f, failed
}

// takes reports whether an envelope is one of those.
func (f *filter) takes(e *ecs.Envelope) bool {
	k := &f.kinds[e.Kind().Index()]
	if *k == unknown {
		*k = answerOf(f.takesKind(e.Kind()))
	}
	if *k == no {
		return false
	}
	_, subscriptions, isFeed := f.world.Run.Feeds.Watched(e)
	if e.IsFan() && !isFeed {
		return false // it only wakes who waits for one
	}
	is := func(s *nodeSet) bool {
		if isFeed && subscriptions > 0 {
			return f.world.Run.Feeds.AnyWatched(e, s.has)
		}
		return s.has(e.To)
	}
	if f.nodes != nil && !f.nodes.has(e.From) && !is(f.nodes) {
		return false
	}
	return f.links == nil || slices.ContainsFunc(f.links, func(l linkSet) bool { return l.from.has(e.From) && is(l.to) })
}

// takesKind leaves out the engine's own, and timers unless they are named.
func (f *filter) takesKind(k ecs.Kind) bool {
	if k.IsControl() || k.IsTimer() && len(f.want.Kinds) == 0 {
		return false
	}
	name := f.world.Run.World.KindName(k)
	return len(f.want.Kinds) == 0 || slices.ContainsFunc(f.want.Kinds, func(p string) bool { return netsync.Match(p, name) })
}

// nodeSet is the nodes whose names fit patterns, or that are in groups.
type nodeSet struct {
	world    *ecs.World
	patterns []string
	groups   []ecs.Node
	known    [][]answer // by program and ordinal
	changes  uint64     // of membership, and restores: what is known is of then
}

// newNodeSet refuses what nobody fits.
func newNodeSet(w *ecs.World, patterns []string) (*nodeSet, *netsync.Error) {
	s := &nodeSet{world: w, changes: w.MembershipChanges(), known: make([][]answer, w.Programs())}
	for _, p := range patterns {
		name, isGroup := strings.CutPrefix(p, "@")
		if !isGroup {
			s.patterns = append(s.patterns, p)
			continue
		}
		g, ok := w.NodeNamed(name)
		if !ok || !g.IsGroup() {
			return nil, Refuse(netsync.CodeNone, fmt.Sprintf("there is no group %q", name), `ask {"do":"list","what":"groups"}`)
		}
		s.groups = append(s.groups, g)
	}
	if len(s.groups) > 0 || s.has(0) || slices.ContainsFunc(appendNodes(nil, w), s.has) {
		return s, nil
	}
	return nil, Refuse(netsync.CodeNone, fmt.Sprintf("no node is called %q", strings.Join(patterns, ", ")), "a pattern is of names, as store[*], or @ and a group's")
}

// has reports whether a node is one of them; 0 is called outside.
func (s *nodeSet) has(n ecs.Node) bool {
	if now := s.world.MembershipChanges(); now != s.changes {
		s.changes = now
		for i := range s.known {
			clear(s.known[i])
		}
	}
	p, at := int(n.Program()), int(n.Ordinal())
	if p >= len(s.known) {
		return s.fits(n)
	}
	if at >= len(s.known[p]) {
		if n == ecs.Everyone {
			return false
		}
		s.known[p] = append(s.known[p], make([]answer, at+1-len(s.known[p]))...)
	}
	k := &s.known[p][at]
	if *k == unknown {
		*k = answerOf(s.fits(n))
	}
	return *k == yes
}

func (s *nodeSet) fits(n ecs.Node) bool {
	if n != 0 && slices.ContainsFunc(s.groups, func(g ecs.Node) bool { return n == g || s.world.In(n, g) }) {
		return true
	}
	name := s.world.NodeName(n)
	return slices.ContainsFunc(s.patterns, func(p string) bool { return netsync.Match(p, name) })
}
