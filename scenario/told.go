package scenario

import (
	"strings"

	"go.starlark.net/starlark"

	"orrery/scenario/value"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// MessageTold returns what a message of a trace says: as text in which it is as the
// scenario writes it, as vote(granted = True, term = 3), and as JSON, as
// [Scenario.MessageJSON] has it. Both are empty of what has no form for people. The
// scenario is one loaded from that trace, which need not have run.
func (s *Scenario) MessageTold(m *trace.Message) (text string, content []byte) {
	v := s.script.contentOf(m)
	if v == nil {
		return "", nil
	}
	return s.script.spelled(m.Kind, m.Feed, v), jsonOf(v)
}

// contentOf is the content of a message that names what an envelope has numbers
// of. A kind of the scenario's own may be called as one of the engine's.
func (s *script) contentOf(m *trace.Message) starlark.Value {
	payload, a, err := m.Content()
	switch {
	case err != nil:
		return nil
	case m.Feed != "":
		return s.decoded(payload)
	}
	kind, known := s.run.World.KindNamed(m.Kind)
	switch {
	case !known:
		return nil
	case kind == s.kinds.feed && payload != nil: // lost on the way to all who subscribe
		return s.decoded(payload)
	}
	from, _ := s.run.World.NodeNamed(m.From)
	if v := s.content(&carried{kind, from, a, payload}); v != nil {
		return v
	}
	if _, ours := s.kinds.index[m.Kind]; ours && payload != nil {
		return s.messageContent(payload)
	}
	return nil
}

// spelled is a kind and its content as a scenario writes it, where it writes both.
func (s *script) spelled(kind, feed string, v starlark.Value) string {
	if f, ok := v.(*starlark.Function); ok { // of a timer: <function f> is no code
		return kind + " " + f.Name()
	}
	fields, isDict := v.(*starlark.Dict)
	_, ours := s.kinds.index[kind]
	named, _ := s.run.World.KindNamed(kind)
	switch {
	case feed != "" || !isDict:
		return kind + " " + value.Text(v)
	case named == s.kinds.call:
		return kind + " " + callText(fields)
	case named == s.kinds.show:
		return kind + "(" + fieldsText(fields) + ")"
	case ours:
		return word(kind) + "(" + fieldsText(fields) + ")"
	}
	return kind + " " + value.Text(v)
}

// word is the kind of a message as it is, if nobody can misread it.
func word(kind string) string {
	odd := func(r rune) bool {
		return r != '_' && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if kind == "" || strings.ContainsFunc(kind, odd) {
		return value.Text(starlark.String(kind))
	}
	return kind
}

// fieldsText are fields as they are given to a function.
func fieldsText(fields *starlark.Dict) string {
	var all []string
	for _, x := range fields.Items() {
		all = append(all, string(x[0].(starlark.String))+" = "+value.Text(x[1]))
	}
	return strings.Join(all, ", ")
}

// callText is a call, by what callContent has of it.
func callText(call *starlark.Dict) string {
	service, _, _ := call.Get(starlark.String("service"))
	args, _, _ := call.Get(starlark.String("args"))
	named, _, _ := call.Get(starlark.String("named"))
	var all []string
	for _, x := range args.(starlark.Tuple) {
		all = append(all, value.Text(x))
	}
	if named, ok := named.(*starlark.Dict); ok {
		all = append(all, fieldsText(named))
	}
	return word(string(service.(starlark.String))) + "(" + strings.Join(all, ", ") + ")"
}

// ActionTold is what an action carries, as JSON: the fields of a message, the
// service and the arguments of a call, the value of what else goes through a
// channel. It is nil of what carries nothing.
func (s *Scenario) ActionTold(a *systems.Action) []byte {
	switch {
	case a.Payload == nil:
		return nil
	case a.Verb == systems.Message:
		return jsonOf(s.script.messageContent(a.Payload))
	case a.Verb == systems.CallService:
		return jsonOf(s.script.calledContent(a.Payload))
	case a.Verb.OfChannels():
		return jsonOf(s.script.decoded(a.Payload))
	}
	return nil
}
