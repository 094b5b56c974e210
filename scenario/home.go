package scenario

import (
	"sort"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// home is where nodes belong that were declared together: their numbers follow
// each other.
type home struct {
	first   uint32 // ordinal of the first
	group   *group
	handles *value.Handles
}

// index returns the number of a node in its group.
func (h *home) index(n ecs.Node) int { return int(n.Ordinal() - h.first) }

// settle gives nodes that were declared together a home.
func (s *script) settle(p *program, g *group) {
	if len(g.nodes) == 0 {
		return
	}
	first := g.nodes[0]
	p.homes = append(p.homes, home{first.Ordinal(), g, value.MakeHandles(first, len(g.nodes), s)})
}

// home returns a node's home; nil if it is no node of a script.
func (s *script) home(n ecs.Node) *home {
	if int(n.Program()) >= len(s.programs) || s.programs[n.Program()] == nil {
		return nil
	}
	homes := s.programs[n.Program()].homes
	i := 0
	if len(homes) > 1 {
		i = sort.Search(len(homes), func(i int) bool { return homes[i].first > n.Ordinal() }) - 1
	}
	if h := &homes[i]; h.index(n) < h.handles.Len() {
		return h
	}
	return nil
}

// handle returns the handle of a node, None for none.
func (s *script) handle(n ecs.Node) starlark.Value {
	if n == 0 {
		return starlark.None
	}
	h := s.home(n)
	return h.handles.At(h.index(n))
}

func (s *script) handles(nodes []ecs.Node) []starlark.Value {
	all := make([]starlark.Value, len(nodes))
	for i, n := range nodes {
		all[i] = s.handle(n)
	}
	return all
}

// knownNode is how the codec finds handles.
func (s *script) knownNode(n ecs.Node) (starlark.Value, bool) {
	if h := s.home(n); h != nil {
		return h.handles.At(h.index(n)), true
	}
	return nil, false
}
