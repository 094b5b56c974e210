package scenario

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
)

// group is a list of nodes, as nodes(…) returns it or made by slicing and
// adding, or a named group, which is a node of the world and changes. In a
// check, g.field is the list of its members' values.
type group struct {
	script  *script
	name    string         // empty: made from others
	nodes   []ecs.Node     // of a named group, those it had when it was last asked: see members
	labels  map[string]int // of a topology; looked up only
	node    ecs.Node       // a named group's; 0: it is a list
	changes uint64         // of membership, when it was last asked
}

var (
	_ starlark.Sequence   = (*group)(nil)
	_ starlark.Sliceable  = (*group)(nil)
	_ starlark.Mapping    = (*group)(nil)
	_ starlark.Container  = (*group)(nil)
	_ starlark.HasBinary  = (*group)(nil)
	_ starlark.HasAttrs   = (*group)(nil)
	_ starlark.Comparable = (*group)(nil)
	_ value.Keepable      = (*group)(nil)
)

func (g *group) String() string {
	if g.name != "" {
		return g.name
	}
	names := make([]string, len(g.members()))
	for i, n := range g.members() {
		names[i] = g.script.NodeName(n)
	}
	return "[" + list(names) + "]"
}

func (g *group) Type() string               { return "group" }
func (g *group) Freeze()                    {}
func (g *group) Truth() starlark.Bool       { return len(g.members()) > 0 }
func (g *group) Hash() (uint32, error)      { return 0, fmt.Errorf("a group cannot be a key") }
func (g *group) Len() int                   { return len(g.members()) }
func (g *group) Index(i int) starlark.Value { return g.script.handle(g.members()[i]) }

func (g *group) Iterate() starlark.Iterator {
	return starlark.Tuple(g.script.handles(g.members())).Iterate()
}

func (g *group) Slice(start, end, step int) starlark.Value {
	var nodes []ecs.Node
	for i := start; step > 0 && i < end || step < 0 && i > end; i += step {
		nodes = append(nodes, g.members()[i])
	}
	return &group{script: g.script, nodes: nodes}
}

// Get finds a member by index or by name.
func (g *group) Get(key starlark.Value) (starlark.Value, bool, error) {
	if i, err := starlark.AsInt32(key); err == nil {
		if i < 0 {
			i += len(g.members())
		}
		if i < 0 || i >= len(g.members()) {
			return nil, false, fmt.Errorf("%s[%s]: it has %d nodes, 0 to %d", g, key, len(g.members()), len(g.members())-1)
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
	known := make([]string, 0, len(g.members()))
	for i, n := range g.members() {
		if g.script.NodeName(n) == name {
			return g.Index(i), true, nil
		}
		known = append(known, g.script.NodeName(n))
	}
	return nil, false, fmt.Errorf("%s has no node %q%s", g, name, didYouMean(name, known))
}

// Has is in: of a node, a named group too, or of a name.
func (g *group) Has(x starlark.Value) (bool, error) {
	if in, ok := x.(*group); ok && in.node != 0 {
		return g.node != 0 && g.script.run.World.In(in.node, g.node), nil
	}
	if n, ok := x.(value.Node); ok {
		return slices.Contains(g.members(), n.Number()), nil
	}
	if _, isName := starlark.AsString(x); !isName {
		return false, fmt.Errorf("a node or its name may be in a group, not %s", value.A(x))
	}
	_, found, _ := g.Get(x)
	return found, nil
}

// Binary joins groups and nodes with +, and takes them away with -.
func (g *group) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if op != syntax.PLUS && op != syntax.MINUS {
		return nil, nil
	}
	other, err := g.script.nodesOf(y)
	if err != nil {
		return nil, nil // Starlark says that the operands do not fit
	}
	a, b := g.members(), other
	if side == starlark.Right {
		a, b = b, a
	}
	if op == syntax.PLUS {
		return &group{script: g.script, nodes: slices.Concat(a, b)}, nil
	}
	gone := map[ecs.Node]bool{} // looked up only
	for _, n := range b {
		gone[n] = true
	}
	left := slices.DeleteFunc(slices.Clone(a), func(n ecs.Node) bool { return gone[n] })
	return &group{script: g.script, nodes: left}, nil
}

// Keep has one node for all that were declared with it, and a named
// group its name: its members are the world's.
func (g *group) Keep() (string, starlark.Value) {
	if g.node != 0 {
		return "group", starlark.String(g.name)
	}
	if len(g.nodes) > 0 && g.script.home(g.nodes[0]).group == g {
		return "nodes", g.Index(0)
	}
	return "group", append(starlark.Tuple{starlark.String(g.name)}, g.script.handles(g.nodes)...)
}

// rebuild makes a group, or peers, of what was kept.
func (s *script) rebuild(kind string, state starlark.Value) (starlark.Value, error) {
	switch n := state.(type) {
	case value.Node:
		h := s.home(n.Number())
		switch kind {
		case "nodes":
			return h.group, nil
		case "peers":
			return &peers{group: h.group, without: h.index(n.Number())}, nil
		}
	case starlark.String:
		if g := s.groupNamed(string(n)); g != nil && kind == "group" {
			return g, nil
		}
	case starlark.Tuple:
		if len(n) > 0 && (kind == "call" || kind == "request") {
			return s.rebuildPending(kind, n)
		}
		if kind == "serve" {
			return rebuildServed(n)
		}
		if len(n) == 0 || kind != "group" {
			break
		}
		if name, ok := n[0].(starlark.String); ok {
			nodes, err := s.nodesOf(n[1:])
			return &group{script: s, name: string(name), nodes: nodes}, err
		}
	}
	return nil, fmt.Errorf("there is no %s of %s", kind, state.Type())
}

func (g *group) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	other, err := g.script.nodesOf(y) // of a group, or of peers
	same := err == nil && slices.Equal(g.members(), other)
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
	switch name {
	case "param":
		return g.script.paramView(g.members(), false), nil
	case "providers":
		return g.script.providersView(g.members(), false), nil
	}
	values := make([]starlark.Value, len(g.members()))
	for i, n := range g.members() {
		v, err := g.script.Attr(n, name)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return starlark.NewList(values), nil
}

func (g *group) AttrNames() []string {
	if len(g.members()) == 0 {
		return nil
	}
	return g.script.AttrNames(g.members()[0])
}

// reading refuses what only a scenario's top level may do: what handlers and
// checks changed so would be in no snapshot. It also ends the time in which
// tick(…) may come, which begins with an empty world.
func (s *script) reading(what string) error {
	s.ticked = true
	if s.at.phase == loading {
		return nil
	}
	return fmt.Errorf("%s while the scenario is read, at its top level; a handler or a check cannot do it", what)
}

// nodesOf takes a node, a group, or a list of them.
func (s *script) nodesOf(v starlark.Value) ([]ecs.Node, error) {
	switch v := v.(type) {
	case value.Node:
		return []ecs.Node{v.Number()}, nil
	case *group:
		return v.members(), nil
	case *peers:
		return v.nodes(), nil
	case *starlark.List, starlark.Tuple:
		return nodesIn(v.(starlark.Iterable), s.nodesOf)
	}
	return nil, fmt.Errorf("nodes are wanted, not %s", value.A(v))
}

// nodesIn joins what a function takes the members of a list for.
func nodesIn(list starlark.Iterable, of func(starlark.Value) ([]ecs.Node, error)) ([]ecs.Node, error) {
	var all []ecs.Node
	iter := list.Iterate()
	defer iter.Done()
	var x starlark.Value
	for iter.Next(&x) {
		nodes, err := of(x)
		if err != nil {
			return nil, err
		}
		all = append(all, nodes...)
	}
	return all, nil
}

// makeNode is node(name, program, **state), and makeNodes nodes(name, n, …).
func (s *script) makeNode(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var p *program
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 2, &name, &p); err != nil {
		return nil, err
	}
	if strings.HasSuffix(name, "]") {
		return nil, fmt.Errorf("node: %q is a name as nodes(…) gives it to one of several", name)
	}
	g, err := s.addNodes(name, []string{name}, p, kwargs, func(id ecs.ProgramID) []ecs.Node { return []ecs.Node{s.run.World.Node(id, name)} })
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
	// If one of several nodes with the name is there already, so is the first.
	return s.addNodes(name, []string{name, name + "[0]"}, p, kwargs, func(id ecs.ProgramID) []ecs.Node { return s.run.World.Nodes(id, name, n) })
}

// addNodes makes nodes of a program, with their state at birth, and has them
// start in the first tick, unless they are not to. No two nodes have one name.
func (s *script) addNodes(name string, names []string, p *program, state []starlark.Tuple, add func(ecs.ProgramID) []ecs.Node) (*group, error) {
	if err := s.reading("nodes are made"); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("a node has a name, and \"\" is none")
	}
	state, started, err := splitStarted(state)
	if err != nil {
		return nil, err
	}
	for _, x := range append(names, name+"[0]") {
		if _, taken := s.run.World.NodeNamed(x); taken {
			return nil, fmt.Errorf("there is a node %q already", x)
		}
	}
	if err := s.declare(p, name); err != nil {
		return nil, err
	}
	nodes := add(p.id)
	g := &group{script: s, name: name, nodes: nodes}
	s.settle(p, g)
	for i, x := range nodes {
		if err := s.bear(p, x, i, state); err != nil {
			return nil, err
		}
	}
	if started {
		s.run.Start(nodes...)
	}
	return g, nil
}

// splitStarted takes started out of the state that nodes are given.
func splitStarted(state []starlark.Tuple) (rest []starlark.Tuple, started bool, err error) {
	started = true
	for _, given := range state {
		if given[0] != startedWord {
			rest = append(rest, given)
			continue
		}
		if started, err = truth(given[1]); err != nil {
			return nil, false, fmt.Errorf("started: %w", err)
		}
	}
	return rest, started, nil
}

// startedWord says of nodes that are made whether they start by themselves.
const startedWord starlark.String = "started"

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
	if p.hasSynced() {
		if err := s.sync(p, row); err != nil {
			return err
		}
	}
	if p.boxes != nil && len(state) > 0 {
		p.boxes.bear(row)
	}
	return nil
}
