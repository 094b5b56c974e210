package scenario

import (
	"fmt"

	"github.com/zeebo/xxh3"
	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

type verb = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// makeVerbs makes what a handler may do through me. They act for the node
// whose handler runs.
func (s *script) makeVerbs() map[string]*starlark.Builtin {
	verbs := map[string]*starlark.Builtin{}
	for _, v := range []struct {
		name string
		do   verb
	}{
		{"send", s.send}, {"after", s.after}, {"cancel", s.cancel}, {"clock", s.clock},
		{"exit", s.exitVerb}, {"around", s.around}, {"sync", s.syncVerb},
		{"call", s.callVerb}, {"discover", s.discover}, {"defer", s.deferVerb}, {"reply", s.replyVerb},
		{"provide", s.provide}, {"withhold", s.withhold},
		{"push", s.push},
		{"publish", s.publish}, {"subscribe", s.subscribeVerb}, {"unsubscribe", s.unsubscribe},
		{"param", s.paramVerb}, {"set_param", s.setParam}, {"param_version", s.paramVersion},
		{"services", s.servicesVerb}, {"params", s.paramsVerb}, {"feeds", s.feedsVerb},
		{"join", s.joinVerb(false)}, {"leave", s.joinVerb(true)},
		{"providers", s.providersVerb},
	} {
		verbs[v.name] = starlark.NewBuiltin(v.name, v.do)
	}
	return verbs
}

// reserved reports whether a field may not have a name.
func (s *script) reserved(name string) bool {
	if _, ok := s.verbs[name]; ok || name == string(startedWord) {
		return true
	}
	for _, words := range [][]string{properties, {"random", "source", "feed"}} {
		for _, w := range words {
			if w == name {
				return true
			}
		}
	}
	return false
}

// send is me.send(to, kind, delay = None, **fields).
func (s *script) send(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("me.send takes who and a kind, then fields by name: me.send(to, \"ping\", n = 1)")
	}
	name, ok := starlark.AsString(args[1])
	if !ok {
		return nil, fmt.Errorf("me.send: a kind is a string, not %s", value.A(args[1]))
	}
	kind, ok := s.kinds.find(name)
	if !ok {
		return nil, fmt.Errorf("no program handles a message of kind %q%s", name, didYouMean(name, s.kinds.names))
	}
	delay, fields, err := s.sendFields(kwargs)
	if err != nil {
		return nil, err
	}
	switch to := args[0].(type) {
	case value.Node:
		return starlark.None, s.sendTo(to.Number(), kind, delay, fields)
	case *group:
		if to.node != 0 {
			return starlark.None, s.sendToGroup(to, kind, delay, fields)
		}
	case starlark.NoneType:
		return nil, fmt.Errorf("me.send: there is nobody to send to: the first argument is None")
	}
	nodes, err := s.nodesOf(args[0])
	if err != nil {
		return nil, fmt.Errorf("me.send: %w", err)
	}
	for _, n := range nodes {
		if err := s.sendTo(n, kind, delay, fields); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

// sendFields encodes the fields of a message; delay is none of them.
func (s *script) sendFields(kwargs []starlark.Tuple) (delay ecs.Tick, fields []byte, err error) {
	names, values := s.names[:0], s.values[:0]
	for _, kv := range kwargs {
		name := string(kv[0].(starlark.String))
		if name == "delay" {
			if kv[1] == starlark.None {
				continue
			}
			d, err := s.wait("delay", kv[1])
			if err != nil {
				return 0, nil, fmt.Errorf("me.send: delay: %w", err)
			}
			delay = s.run.World.TicksCeil(d)
			continue
		}
		names, values = append(names, name), append(values, kv[1])
	}
	s.names, s.values = names, values
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.AppendFields(names, values); err != nil {
		return 0, nil, err
	}
	return delay, s.encoder.Bytes(), nil
}

// sendToGroup sends to each member of a named group: one send, of which each
// gets a copy that derives from its own name.
func (s *script) sendToGroup(g *group, kind ecs.Kind, delay ecs.Tick, fields []byte) error {
	for _, n := range g.members() {
		if err := s.canSend(n, kind); err != nil {
			return err
		}
	}
	s.at.batch.SendBytes(s.at.index, g.node, kind, delay, fields)
	return nil
}

func (s *script) sendTo(n ecs.Node, kind ecs.Kind, delay ecs.Tick, fields []byte) error {
	if err := s.canSend(n, kind); err != nil {
		return err
	}
	s.at.batch.SendBytes(s.at.index, n, kind, delay, fields)
	return nil
}

// canSend says why the node in hand cannot send a kind of message to another.
func (s *script) canSend(n ecs.Node, kind ecs.Kind) error {
	p := s.programs[n.Program()]
	if p.handlerOf(kind) == nil {
		return fmt.Errorf("%s runs %s, which does not handle %q%s", s.NodeName(n), p.name, s.run.World.KindName(kind), didYouMean(s.run.World.KindName(kind), p.kinds))
	}
	if s.run.Links.Missing(s.at.node, n) {
		return fmt.Errorf("no link joins %s and %s; link them, or put both in a network", s.NodeName(s.at.node), s.NodeName(n))
	}
	return nil
}

// after is me.after(duration, fn, key = None).
func (s *script) after(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var wait starlark.Value
	var fn starlark.Callable
	var key starlark.Value = starlark.None
	if err := starlark.UnpackArgs("me.after", args, kwargs, "wait", &wait, "fn", &fn, "key?", &key); err != nil {
		return nil, err
	}
	d, err := s.wait("after", wait)
	if err != nil {
		return nil, fmt.Errorf("me.after: %w", err)
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(fn); err != nil {
		return nil, fmt.Errorf("me.after: %w", err)
	}
	if key == starlark.None {
		s.run.Timers.AfterBytes(s.at.batch, s.at.index, d, s.kinds.timer, s.encoder.Bytes())
		return starlark.None, nil
	}
	payload := s.encoder.Bytes()
	hash, err := s.hash(key)
	if err != nil {
		return nil, fmt.Errorf("me.after: key: %w", err)
	}
	s.run.Timers.AfterBytesKeyed(s.at.batch, s.at.index, hash, d, s.kinds.timer, payload)
	return starlark.None, nil
}

// hash returns the hash of a value's canonical bytes.
func (s *script) hash(v starlark.Value) (uint64, error) {
	s.hasher.Reset(s.hasher.Bytes()[:0], s.codec)
	if err := s.hasher.Append(v); err != nil {
		return 0, err
	}
	return xxh3.Hash(s.hasher.Bytes()), nil
}

// cancel is me.cancel(key), of a timer's key or of what me.call returned.
func (s *script) cancel(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var key starlark.Value
	if err := starlark.UnpackArgs("me.cancel", args, kwargs, "key", &key); err != nil {
		return nil, err
	}
	if call, ok := key.(*calling); ok {
		return starlark.Bool(s.cancelCall(call)), nil
	}
	hash, err := s.hash(key)
	if err != nil {
		return nil, fmt.Errorf("me.cancel: key: %w", err)
	}
	return starlark.Bool(s.run.Timers.Cancel(s.at.node, hash)), nil
}

// clock is me.clock(): what the node's own clock says.
func (s *script) clock(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.clock", args, kwargs); err != nil {
		return nil, err
	}
	return s.time(), nil
}

func (s *script) time() value.Duration {
	return value.Duration(max(0, s.run.World.Time(s.run.World.Tick())))
}

// exitVerb is me.exit(code = 0).
func (s *script) exitVerb(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	code := 0
	if err := starlark.UnpackArgs("me.exit", args, kwargs, "code?", &code); err != nil {
		return nil, err
	}
	if code < 0 || code > 255 {
		return nil, fmt.Errorf("me.exit: a code is 0 to 255, not %d", code)
	}
	s.at.exiting, s.at.code = true, uint8(code)
	return starlark.None, nil
}
