package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/systems"
)

// directoryMode is what directory(mode) said, and where.
type directoryMode struct {
	pos    syntax.Position
	said   bool
	gossip bool
}

// setDirectory is directory(mode).
func (s *script) setDirectory(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("a directory is set up"); err != nil {
		return nil, err
	}
	var mode string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "mode", &mode); err != nil {
		return nil, err
	}
	d := &s.directory
	switch {
	case mode != "oracle" && mode != "gossip":
		return nil, fmt.Errorf("directory: a mode is \"oracle\" or \"gossip\", not %q%s", mode, didYouMean(mode, []string{"oracle", "gossip"}))
	case d.said:
		return nil, fmt.Errorf("directory: it is said already how nodes see who provides what")
	}
	*d = directoryMode{pos: thread.CallFrame(1).Pos, said: true, gossip: mode == "gossip"}
	return starlark.None, nil
}

// openDirectory has views spread, if they are to; it returns what is wrong.
func (s *script) openDirectory() Errors {
	if !s.directory.gossip {
		return nil
	}
	s.openGossip()
	s.run.Services.Gossip(s.run.Epidemic)
	if s.joined() {
		return nil
	}
	return Errors{&Error{Pos: s.directory.pos, What: "directory: views spread over links, and there are none; link the nodes, put them in a network, or leave out directory(\"gossip\")"}}
}

// joined reports whether what is to spread can: there are links, or nobody to
// spread to. What is left out of a scenario may have made them.
func (s *script) joined() bool {
	return !s.run.Links.None() || s.run.World.LiveNodes() < 2 || s.without != nil
}

// providersVerb is me.providers(service).
func (s *script) providersVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return s.providersOf(s.at.node, "me.providers", args, kwargs)
}

// providersView is node.providers in a check, for one node or the list of several.
func (s *script) providersView(nodes []ecs.Node, single bool) starlark.Value {
	return starlark.NewBuiltin("providers", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		values := make([]starlark.Value, 0, len(nodes))
		for _, n := range nodes {
			v, err := s.providersOf(n, "providers", args, kwargs)
			if err != nil || single {
				return v, err
			}
			values = append(values, v)
		}
		return starlark.NewList(values), nil
	})
}

func (s *script) providersOf(n ecs.Node, word string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs(word, args, kwargs, "service", &name); err != nil {
		return nil, err
	}
	return starlark.NewList(s.handles(s.run.Services.Providers(n, systems.ServiceKey(name)))), nil
}
