package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/scenario/value"
	"orrery/systems"
)

// model is what services are to behave like, as kv(read, write): a word for
// linearizable, and the services by what they do.
func (s *script) model(word string, roles ...string) verb {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var services [2]string
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, roles[0], &services[0], roles[1], &services[1]); err != nil {
			return nil, err
		}
		for i, name := range services {
			s.modelled = append(s.modelled, said{thread.CallFrame(1).Pos, word + ": " + roles[i], name})
		}
		return value.MakeRecord([]string{"model", roles[0], roles[1]}, starlark.String(word), starlark.String(services[0]), starlark.String(services[1])), nil
	}
}

// linearizable is linearizable(name, model). It is recorded, and not judged
// yet: its outcome stays undecided.
func (s *script) linearizable(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var of *value.Record
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "model", &of); err != nil {
		return nil, err
	}
	if err := s.reading(fmt.Sprintf("linearizable %q: checks are declared", name)); err != nil {
		return nil, err
	}
	if s.checked[name] || slices.Contains(s.figures.musts, name) {
		return nil, fmt.Errorf("linearizable %q: there is a check, or a must, of that name already", name)
	}
	if v, _ := of.Attr("model"); v == nil {
		return nil, fmt.Errorf("linearizable %q: a model is kv(read, write), register(read, write) or queue(push, pop)", name)
	}
	s.checked[name] = true
	s.run.Checks.Add(systems.Check{Name: name, Kind: systems.Linearizable})
	return starlark.None, nil
}
