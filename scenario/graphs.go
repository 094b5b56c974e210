package scenario

import (
	"fmt"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// overNodes is a word that links the nodes of a list in some shape.
func (s *script) overNodes(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, build func(nodes []ecs.Node, l systems.Link)) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	build(nodes, l)
	return starlark.None, nil
}

// mesh is mesh(nodes): of a named group, also of those who join it.
func (s *script) mesh(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	sides, err := s.sidesOf(v)
	if err == nil && anyGroup(sides) {
		if l.OneWay {
			return nil, fmt.Errorf("mesh: one_way leads from earlier nodes to later ones, and in a group that nodes join there is no such order; write link for each way")
		}
		if _, err = s.distinct("mesh", v); err == nil {
			s.meshGroups(sides, l)
			return starlark.None, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return s.overNodes(b, args, kwargs, s.run.Links.Mesh)
}

// meshGroups links everyone to everyone where groups are among the nodes.
func (s *script) meshGroups(sides []ecs.Node, l systems.Link) {
	for i, a := range sides {
		if a.IsGroup() {
			s.run.Links.Connect(a, a, l)
		}
		for _, b := range sides[i+1:] {
			s.run.Links.Connect(a, b, l)
		}
	}
}

func (s *script) ring(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return s.overNodes(b, args, kwargs, s.run.Links.Ring)
}

func (s *script) network(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	if _, err := s.distinct("network", v); err != nil {
		return nil, err
	}
	sides, err := s.sidesOf(v)
	if err != nil {
		return nil, err
	}
	s.run.Links.Network(sides, l)
	return starlark.None, nil
}

func (s *script) star(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var hub value.Node
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "hub", &hub, "nodes", &v)
	if err != nil {
		return nil, err
	}
	nodes, err := s.sidesOf(v)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if n != hub.Number() {
			s.run.Links.Connect(hub.Number(), n, l)
		}
	}
	return starlark.None, nil
}

// tree links each node to its parent: that of the i-th is (i-1)/branching.
func (s *script) tree(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	branching := 2
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v, "branching?", &branching)
	if err != nil {
		return nil, err
	}
	if branching < 1 {
		return nil, fmt.Errorf("tree: branching is 1 at least, not %d", branching)
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(nodes); i++ {
		s.run.Links.Connect(nodes[(i-1)/branching], nodes[i], l)
	}
	return starlark.None, nil
}

// grid links rows of a width; torus joins opposite edges, diagonals adds the
// corners.
func (s *script) grid(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	var width int
	var torus, diagonals bool
	l, err := s.linking(b, args, kwargs, "nodes", &v, "width", &width, "torus?", &torus, "diagonals?", &diagonals)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	if width < 1 || len(nodes)%width != 0 {
		return nil, fmt.Errorf("grid: %d nodes do not make rows of %d", len(nodes), width)
	}
	steps := [][2]int{{1, 0}, {0, 1}}
	if diagonals {
		steps = append(steps, [2]int{1, 1}, [2]int{-1, 1})
	}
	height := len(nodes) / width
	for i, n := range nodes {
		for _, step := range steps {
			x, y := i%width+step[0], i/width+step[1]
			if torus {
				x, y = (x+width)%width, (y+height)%height
			}
			if x < 0 || x >= width || y >= height || nodes[y*width+x] == n {
				continue
			}
			s.run.Links.Connect(n, nodes[y*width+x], l)
		}
	}
	return starlark.None, nil
}

// randomGraph links nodes so that each has degree neighbours on average, in one
// piece: first a random tree, then random pairs.
func (s *script) randomGraph(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	var degree int
	l, err := s.linking(b, args, kwargs, "nodes", &v, "degree", &degree)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	n := len(nodes)
	if degree < 2 || degree >= n {
		return nil, fmt.Errorf("random_graph: a degree is 2 to %d for %d nodes, not %d", n-1, n, degree)
	}
	joined := map[[2]int]bool{}
	join := func(i, j int) bool {
		if i > j {
			i, j = j, i
		}
		if i == j || joined[[2]int{i, j}] {
			return false
		}
		joined[[2]int{i, j}] = true
		s.run.Links.Connect(nodes[i], nodes[j], l)
		return true
	}
	for i := 1; i < n; i++ {
		join(i, int(s.loading.Below(uint64(i))))
	}
	for len(joined) < n*degree/2 {
		join(int(s.loading.Below(uint64(n))), int(s.loading.Below(uint64(n))))
	}
	return starlark.None, nil
}
