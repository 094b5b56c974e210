package scenario

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// A named group is a node of the world: its members lie there, and it may be in
// others. What is said of its members is so of those that it has at the time.

// makeGroup is group(name, nodes = []).
func (s *script) makeGroup(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("groups are made"); err != nil {
		return nil, err
	}
	var name string
	var nodes starlark.Value = starlark.Tuple{}
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "nodes?", &nodes); err != nil {
		return nil, err
	}
	members, err := s.sidesOf(nodes)
	if err != nil {
		return nil, fmt.Errorf("group: %w", err)
	}
	switch {
	case name == "":
		return nil, fmt.Errorf("a group has a name, and \"\" is none")
	case strings.HasSuffix(name, "]"):
		return nil, fmt.Errorf("group: %q is a name as nodes(…) gives it to one of several", name)
	}
	for _, x := range []string{name, name + "[0]"} {
		if _, taken := s.run.World.NodeNamed(x); taken {
			return nil, fmt.Errorf("there is a node %q already", x)
		}
	}
	g := &group{script: s, name: name, node: s.run.World.Group(name, members)}
	s.named = append(s.named, g)
	return g, nil
}

// members are the nodes of a group, those of groups within it too, each once;
// for reading, until membership changes.
func (g *group) members() []ecs.Node {
	if g.node != 0 {
		g.look()
	}
	return g.nodes
}

func (g *group) look() {
	if w := g.script.run.World; g.changes != w.MembershipChanges() || g.nodes == nil {
		g.nodes, g.changes = w.Members(g.node), w.MembershipChanges()
	}
}

func (s *script) groupNamed(name string) *group {
	if i := slices.IndexFunc(s.named, func(g *group) bool { return g.name == name }); i >= 0 {
		return s.named[i]
	}
	return nil
}

// groupsOf are the named groups that a node is in, in the order in which they
// were made.
func (s *script) groupsOf(n ecs.Node) *starlark.List {
	var all []starlark.Value
	for _, g := range s.named {
		if s.run.World.In(n, g.node) {
			all = append(all, g)
		}
	}
	l := starlark.NewList(all)
	l.Freeze()
	return l
}

// sidesOf takes what nodesOf does, and leaves named groups as they are: for what
// is to be so of their members to come.
func (s *script) sidesOf(v starlark.Value) ([]ecs.Node, error) {
	switch v := v.(type) {
	case *group:
		if v.node != 0 {
			return []ecs.Node{v.node}, nil
		}
	case *starlark.List, starlark.Tuple:
		return nodesIn(v.(starlark.Iterable), s.sidesOf)
	}
	return s.nodesOf(v)
}

// anyGroup reports whether some of what sidesOf returned is a group.
func anyGroup(nodes []ecs.Node) bool { return slices.ContainsFunc(nodes, ecs.Node.IsGroup) }

// joinVerb is me.join(group) or me.leave(group): at the end of the tick.
func (s *script) joinVerb(leaves bool) verb {
	word := "me.join"
	if leaves {
		word = "me.leave"
	}
	return func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var to starlark.Value
		if err := starlark.UnpackArgs(word, args, kwargs, "group", &to); err != nil {
			return nil, err
		}
		g, err := joinable(to)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
		if leaves {
			s.run.Groups.AskLeave(g.node, s.at.node)
		} else {
			s.run.Groups.AskJoin(g.node, s.at.node)
		}
		return starlark.None, nil
	}
}

// joinable is a named group: no other has members that change.
func joinable(v starlark.Value) (*group, error) {
	switch g, ok := v.(*group); {
	case ok && g.node != 0:
		return g, nil
	case ok:
		return nil, fmt.Errorf("%s is a list of nodes, which stays as it is; who is in a group may change if it was made with group(name, nodes)", g)
	}
	return nil, fmt.Errorf("a group is wanted, not %s", value.A(v))
}

// joinAction is join(target, group) or leave(target, group), from outside.
func (s *script) joinAction(name string) verb {
	does, undoes := systems.Join, systems.Leave
	if name == "leave" {
		does, undoes = undoes, does
	}
	return func(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var target, to starlark.Value
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "group", &to); err != nil {
			return nil, err
		}
		pos := t.CallFrame(1).Pos
		g, err := joinable(to)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		a := systems.Action{Verb: does, Other: g.node}
		ask, isAsked := target.(starlark.Callable)
		if isAsked {
			a.Resolve = func(due *systems.Action) {
				nodes, err := s.ask(ask)
				if err != nil {
					panic(err)
				}
				due.Nodes = nodes
			}
		} else if a.Nodes, err = s.sidesOf(target); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case !isAsked && len(a.Nodes) == 0:
			return nil, fmt.Errorf("%s: %w", name, errNobody)
		case slices.Contains(a.Nodes, g.node):
			return nil, fmt.Errorf("%s: %s cannot be in itself", name, g.name)
		case does == systems.Join:
			a.Resolve = s.notInItself(pos, g, a.Resolve)
		}
		undo := a
		undo.Verb = undoes
		if undoes == systems.Join && !isAsked {
			undo.Resolve = s.notInItself(pos, g, nil)
		}
		return &fault{name: name, do: a, undo: &undo}, nil
	}
}

// notInItself refuses, when it is due, that a group joins one that is in it.
func (s *script) notInItself(pos syntax.Position, g *group, ask func(*systems.Action)) func(*systems.Action) {
	return func(due *systems.Action) {
		if ask != nil {
			ask(due)
		}
		for _, n := range due.Nodes {
			if n == g.node || n.IsGroup() && s.run.World.In(g.node, n) {
				panic(s.failureAt(pos, "join", fmt.Errorf("%s is in %s, which cannot join it: no group is in itself", g.name, s.NodeName(n))))
			}
		}
	}
}
