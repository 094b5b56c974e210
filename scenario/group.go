package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
)

// group is a list of nodes, named or made by slicing and adding. In a check,
// g.field is the list of its members' values.
type group struct {
	script *script
	name   string // empty: made from others
	nodes  []ecs.Node
	labels map[string]int // of a topology; looked up only
}

var (
	_ starlark.Sequence   = (*group)(nil)
	_ starlark.Sliceable  = (*group)(nil)
	_ starlark.Mapping    = (*group)(nil)
	_ starlark.HasBinary  = (*group)(nil)
	_ starlark.HasAttrs   = (*group)(nil)
	_ starlark.Comparable = (*group)(nil)
)

func (g *group) String() string {
	if g.name != "" {
		return g.name
	}
	names := make([]string, len(g.nodes))
	for i, n := range g.nodes {
		names[i] = g.script.NodeName(n)
	}
	return "[" + list(names) + "]"
}

func (g *group) Type() string               { return "group" }
func (g *group) Freeze()                    {}
func (g *group) Truth() starlark.Bool       { return len(g.nodes) > 0 }
func (g *group) Hash() (uint32, error)      { return 0, fmt.Errorf("a group cannot be a key") }
func (g *group) Len() int                   { return len(g.nodes) }
func (g *group) Index(i int) starlark.Value { return g.script.handle(g.nodes[i]) }

func (g *group) Iterate() starlark.Iterator {
	return starlark.Tuple(g.script.handles(g.nodes)).Iterate()
}

func (g *group) Slice(start, end, step int) starlark.Value {
	var nodes []ecs.Node
	for i := start; step > 0 && i < end || step < 0 && i > end; i += step {
		nodes = append(nodes, g.nodes[i])
	}
	return &group{script: g.script, nodes: nodes}
}

// Get finds a member by index or by name.
func (g *group) Get(key starlark.Value) (starlark.Value, bool, error) {
	if i, err := starlark.AsInt32(key); err == nil {
		if i < 0 {
			i += len(g.nodes)
		}
		if i < 0 || i >= len(g.nodes) {
			return nil, false, fmt.Errorf("%s[%s]: it has %d nodes, 0 to %d", g, key, len(g.nodes), len(g.nodes)-1)
		}
		return g.Index(i), true, nil
	}
	name, ok := starlark.AsString(key)
	if !ok {
		return nil, false, fmt.Errorf("%s[%s]: a node is found by number or by name", g, key)
	}
	if i, ok := g.labels[name]; ok {
		return g.Index(i), true, nil
	}
	known := make([]string, 0, len(g.nodes))
	for i, n := range g.nodes {
		if g.script.NodeName(n) == name {
			return g.Index(i), true, nil
		}
		known = append(known, g.script.NodeName(n))
	}
	return nil, false, fmt.Errorf("%s has no node %q%s", g, name, didYouMean(name, known))
}

// Binary joins groups and nodes with +, and asks whether a node is in.
func (g *group) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch op {
	case syntax.PLUS:
		other, err := g.script.nodesOf(y)
		if err != nil {
			return nil, nil
		}
		a, b := g.nodes, other
		if side == starlark.Right {
			a, b = b, a
		}
		return &group{script: g.script, nodes: slices.Concat(a, b)}, nil
	case syntax.IN:
		if n, ok := y.(value.Node); ok && side == starlark.Right {
			return starlark.Bool(slices.Contains(g.nodes, n.Number())), nil
		}
	}
	return nil, nil
}

func (g *group) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	same := slices.Equal(g.nodes, y.(*group).nodes)
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("groups have no order")
}

// Attr is, in a check, the list of the members' values of a field.
func (g *group) Attr(name string) (starlark.Value, error) {
	if name == "name" {
		return starlark.String(g.String()), nil
	}
	if g.script.at.phase != checking {
		return nil, fmt.Errorf("%s.%s: state of a group is read in checks, series and exports only", g, name)
	}
	values := make([]starlark.Value, len(g.nodes))
	for i, n := range g.nodes {
		v, err := g.script.Attr(n, name)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return starlark.NewList(values), nil
}

func (g *group) AttrNames() []string {
	if len(g.nodes) == 0 {
		return nil
	}
	return g.script.AttrNames(g.nodes[0])
}

// nodesOf takes a node, a group, or a list of them.
func (s *script) nodesOf(v starlark.Value) ([]ecs.Node, error) {
	switch v := v.(type) {
	case value.Node:
		return []ecs.Node{v.Number()}, nil
	case *group:
		return v.nodes, nil
	case *starlark.List, starlark.Tuple:
		var all []ecs.Node
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var x starlark.Value
		for iter.Next(&x) {
			nodes, err := s.nodesOf(x)
			if err != nil {
				return nil, err
			}
			all = append(all, nodes...)
		}
		return all, nil
	}
	return nil, fmt.Errorf("nodes are wanted, not a %s", v.Type())
}

// makeNode is node(name, program, **state), and makeNodes nodes(name, n, …).
func (s *script) makeNode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var p *program
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 2, &name, &p); err != nil {
		return nil, err
	}
	g, err := s.addNodes(name, 1, p, kwargs, func(id ecs.ProgramID) []ecs.Node { return []ecs.Node{s.run.World.Node(id, name)} })
	if err != nil {
		return nil, err
	}
	return g.Index(0), nil
}

func (s *script) makeNodes(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var n int
	var p *program
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 3, &name, &n, &p); err != nil {
		return nil, err
	}
	if n < 0 || n > ecs.MaxNodes {
		return nil, fmt.Errorf("nodes(%q, %d): 0 to %d nodes can be made", name, n, ecs.MaxNodes)
	}
	return s.addNodes(name, n, p, kwargs, func(id ecs.ProgramID) []ecs.Node { return s.run.World.Nodes(id, name, n) })
}

// addNodes makes nodes of a program, with their state at birth, and has them
// start in the first tick.
func (s *script) addNodes(name string, n int, p *program, state []starlark.Tuple, add func(ecs.ProgramID) []ecs.Node) (*group, error) {
	if _, taken := s.run.World.NodeNamed(name); taken {
		return nil, fmt.Errorf("there is a node %q already", name)
	}
	if err := s.declare(p, name); err != nil {
		return nil, err
	}
	nodes := add(p.id)
	g := &group{script: s, name: name, nodes: nodes}
	for i, x := range nodes {
		s.members[x] = membership{group: g, index: i}
		if err := s.bear(p, x, i, state); err != nil {
			return nil, err
		}
	}
	s.run.Start(nodes...)
	return g, nil
}

// bear gives a node the state it is born with.
func (s *script) bear(p *program, n ecs.Node, index int, state []starlark.Tuple) error {
	row, _ := s.run.World.Row(n)
	for i := range p.schema.fields {
		f := &p.schema.fields[i]
		if f.kind == boxedField {
			continue
		}
		if err := p.set(f, row, f.initial); err != nil {
			return err
		}
	}
	for _, given := range state {
		f, err := p.find(string(given[0].(starlark.String)))
		if err != nil {
			return err
		}
		v := given[1]
		if fn, ok := v.(starlark.Callable); ok {
			if v, err = starlark.Call(s.thread, fn, starlark.Tuple{starlark.MakeInt(index)}, nil); err != nil {
				return err
			}
		}
		if err := p.set(f, row, v); err != nil {
			return err
		}
	}
	s.run.World.SetBirthState(n)
	if p.boxes != nil && len(state) > 0 {
		p.boxes.bear(row)
	}
	return nil
}

// makeGroup is group(name, nodes).
func (s *script) makeGroup(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var nodes starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "nodes", &nodes); err != nil {
		return nil, err
	}
	members, err := s.nodesOf(nodes)
	if err != nil {
		return nil, err
	}
	return &group{script: s, name: name, nodes: members}, nil
}
