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
	c := carried{kind: e.Kind(), from: e.From, a: e.A}
	if e.HasBytes() {
		c.payload = payload
		if payload == nil {
			c.payload = []byte{} // bytes they are, and none
		}
	}
	return jsonOf(s.script.content(&c))
}

// jsonOf is a value as JSON; nil of none.
func jsonOf(v starlark.Value) []byte {
	if v == nil {
		return nil
	}
	var b bytes.Buffer
	writeJSON(&b, v, 0)
	return b.Bytes()
}

// carried is what says of an envelope what it means.
type carried struct {
	kind    ecs.Kind
	from    ecs.Node
	a       uint64 // without a payload of bytes
	payload []byte // nil: none
}

func (s *script) content(c *carried) starlark.Value {
	k := &s.kinds
	switch kind := c.kind; {
	case kind == k.failed && s.run.Services.Opened() && c.payload == nil:
		if r := systems.Reason(uint8(c.a)); r.Known() { // a link may have corrupted it
			return starlark.String(r.String())
		}
		return nil
	case c.payload == nil:
		return nil
	case kind == k.show:
		return s.shown(c.from, c.payload)
	case s.run.Services.Opened() && (kind == k.call || kind == k.answer || kind == k.failed):
		return s.callContent(kind, c.payload)
	case kind == k.item && kind != 0:
		return s.decoded(behind(c.payload))
	case kind == k.timer:
		return s.decoded(c.payload)
	}
	if _, ours := k.index[s.run.World.KindName(c.kind)]; !ours {
		return nil
	}
	return s.messageContent(c.payload)
}

// messageContent is that of a message: its fields.
func (s *script) messageContent(payload []byte) starlark.Value {
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
	return s.calledContent(rest)
}

// calledContent is that of what is called, without whose call it is.
func (s *script) calledContent(payload []byte) starlark.Value {
	name, args, kwargs, err := s.readCall(payload)
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
