package scenario

import (
	"fmt"

	"go.starlark.net/starlark"

	"orrery/systems"
)

// setWord is set(target, param, value), an action: nodes set a param, as they do
// by me.set_param. With fewer arguments it is Starlark's own set(elements).
func (s *script) setWord(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args)+len(kwargs) < 2 {
		return starlark.Call(t, starlark.Universe[b.Name()], args, kwargs)
	}
	var target, v starlark.Value
	var name string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "param", &name, "value", &v); err != nil {
		return nil, err
	}
	if _, err := s.findParam(name); err != nil {
		return nil, fmt.Errorf("set: %w", err)
	}
	a, err := s.onTarget(systems.SetParam, target)
	if err != nil {
		return nil, fmt.Errorf("set: %w", err)
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(v); err != nil {
		return nil, fmt.Errorf("set: param %q: %w", name, err)
	}
	a.Name, a.Payload = name, append([]byte{}, s.encoder.Bytes()...)
	return &fault{name: "set", do: a}, nil
}
