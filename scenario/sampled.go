package scenario

import (
	"bytes"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// MessageJSON returns what an envelope of the run says as JSON, given its
// payload of bytes: the fields of a message, the service and the arguments of a
// call, the value of a reply, the error of a failure, the item of a pipe, what a
// node shows. It is nil of what has no form for people.
func (s *Scenario) MessageJSON(e *ecs.Envelope, payload []byte) []byte {
	v := s.script.content(e, payload)
	if v == nil {
		return nil
	}
	var b bytes.Buffer
	writeJSON(&b, v, 0)
	return b.Bytes()
}

func (s *script) content(e *ecs.Envelope, payload []byte) starlark.Value {
	k := &s.kinds
	switch kind := e.Kind(); {
	case kind == k.failed && s.run.Services.Opened() && !e.HasBytes():
		if r := systems.Reason(uint8(e.A)); r.Known() { // a link may have corrupted it
			return starlark.String(r.String())
		}
		return nil
	case !e.HasBytes():
		return nil
	case kind == k.show:
		return s.shown(e.From, payload)
	case s.run.Services.Opened() && (kind == k.call || kind == k.answer || kind == k.failed):
		return s.callContent(kind, payload)
	case kind == k.item && kind != 0:
		return s.decoded(behind(payload))
	case kind.IsTimer():
		return s.decoded(payload)
	}
	if _, ours := k.index[s.run.World.KindName(e.Kind())]; !ours {
		return nil
	}
	m, err := value.DecodeMessage(payload, s.codec, starlark.None, "")
	if err != nil {
		return nil
	}
	fields := starlark.NewDict(len(m.AttrNames()))
	for _, name := range m.AttrNames() {
		if name == "kind" || name == "source" {
			continue // which an envelope has itself
		}
		if v, err := m.Attr(name); err == nil && v != nil {
			put(fields, name, v)
		}
	}
	return fields
}

// put sets a field of what has only texts as keys.
func put(fields *starlark.Dict, name string, v starlark.Value) {
	if err := fields.SetKey(starlark.String(name), v); err != nil {
		panic("scenario: a field cannot be set: " + err.Error())
	}
}

// callContent is that of a call, a reply or a failure.
func (s *script) callContent(kind ecs.Kind, payload []byte) starlark.Value {
	rest := behind(payload)
	switch {
	case rest == nil:
		return nil
	case kind == s.kinds.failed:
		return starlark.String(rest)
	case kind == s.kinds.answer:
		return s.decoded(rest)
	}
	name, args, kwargs, err := s.readCall(rest)
	if err != nil {
		return nil
	}
	fields := starlark.NewDict(3)
	put(fields, "service", starlark.String(name))
	put(fields, "args", args[1:])
	if len(kwargs) > 0 {
		named := starlark.NewDict(len(kwargs))
		for _, x := range kwargs {
			put(named, string(x[0].(starlark.String)), x[1])
		}
		put(fields, "named", named)
	}
	return fields
}

// behind is what follows the call, or the place in a flow, that systems puts
// before a payload.
func behind(payload []byte) []byte {
	if len(payload) < refBytes {
		return nil
	}
	return payload[refBytes:]
}

func (s *script) decoded(payload []byte) starlark.Value {
	v, err := value.DecodeFrozen(payload, s.codec)
	if err != nil {
		return nil
	}
	return v
}

// shown is what a node shows, by name.
func (s *script) shown(from ecs.Node, payload []byte) starlark.Value {
	told, ok := s.decoded(payload).(starlark.Tuple)
	if !ok || s.programs[from.Program()] == nil {
		return nil
	}
	fields := starlark.NewDict(len(told))
	for i, name := range s.programs[from.Program()].shows {
		if i < len(told) {
			put(fields, name, told[i])
		}
	}
	return fields
}
