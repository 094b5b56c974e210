package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// params are the params of a scenario. The engine is told of them when all is
// read, so that they shift no other kind's number.
type params struct {
	list    []paramDecl
	gossip  systems.Gossip
	said    bool // gossip(…) has been
	watches []watchDecl
}

type paramDecl struct {
	name        string
	pos         syntax.Position
	initial     []byte
	consistency systems.Consistency
}

// watchDecl is a param that a program watches, to be looked up when all is read.
type watchDecl struct {
	program *program
	name    string
}

var consistencies = map[string]systems.Consistency{"local": systems.Local, "eventual": systems.Eventual}

// param is param(name, default, consistency = "eventual").
func (s *script) param(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("params are declared"); err != nil {
		return nil, err
	}
	p := paramDecl{pos: thread.CallFrame(1).Pos}
	var initial starlark.Value
	how := "eventual"
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &p.name, "default", &initial, "consistency?", &how); err != nil {
		return nil, err
	}
	known := false
	switch p.consistency, known = consistencies[how]; {
	case p.name == "":
		return nil, fmt.Errorf("param: a param has a name, and \"\" is none")
	case how == "consensus":
		return nil, fmt.Errorf("param %q: consensus comes with a Raft among named nodes, and is not built yet; write consistency = \"eventual\"", p.name)
	case !known:
		return nil, fmt.Errorf("param %q: a consistency is \"local\" or \"eventual\", not %q%s", p.name, how, didYouMean(how, []string{"local", "eventual", "consensus"}))
	case s.paramNumber(p.name) >= 0:
		return nil, fmt.Errorf("param %q: there is a param of that name already", p.name)
	}
	s.encoder.Reset(nil, s.codec)
	if err := s.encoder.Append(initial); err != nil {
		return nil, fmt.Errorf("param %q: %w", p.name, err)
	}
	p.initial = s.encoder.Bytes()
	s.encoder.Reset(nil, s.codec)
	s.params.list = append(s.params.list, p)
	return starlark.None, nil
}

// gossip is gossip(every = "100ms", fanout = 3).
func (s *script) gossip(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("gossip is set up"); err != nil {
		return nil, err
	}
	var every starlark.Value = starlark.String("100ms")
	fanout := 3
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "every?", &every, "fanout?", &fanout); err != nil {
		return nil, err
	}
	d, err := s.wait("gossip", every)
	switch {
	case err != nil:
		return nil, fmt.Errorf("gossip: every: %w", err)
	case d == 0:
		return nil, fmt.Errorf("gossip: every: a period must be longer than 0")
	case fanout < 1 || fanout > systems.MaxFanout:
		return nil, fmt.Errorf("gossip: fanout is how many others a node tells, 1 to %d, not %d", systems.MaxFanout, fanout)
	case s.params.said:
		return nil, fmt.Errorf("gossip: it is said already how nodes gossip")
	}
	s.params.said, s.params.gossip = true, systems.Gossip{Every: d, Fanout: fanout}
	return starlark.None, nil
}

func (s *script) paramNumber(name string) int {
	return slices.IndexFunc(s.params.list, func(p paramDecl) bool { return p.name == name })
}

func (s *script) paramNames() []string {
	names := make([]string, len(s.params.list))
	for i := range s.params.list {
		names[i] = s.params.list[i].name
	}
	return names
}

// findParam returns a param by its name.
func (s *script) findParam(name string) (systems.ParamID, error) {
	if i := s.paramNumber(name); i >= 0 {
		return systems.ParamID(i), nil
	}
	if len(s.params.list) == 0 {
		return 0, fmt.Errorf("there is no param %q; declare it with param(%q, default)", name, name)
	}
	return 0, fmt.Errorf("there is no param %q%s", name, didYouMean(name, s.paramNames()))
}

// openParams declares the params, after all that is no param, and returns what is
// wrong with them.
func (s *script) openParams() (errs Errors) {
	for _, p := range s.params.list {
		if p.consistency == systems.Eventual {
			if !s.joined() {
				errs = append(errs, &Error{Pos: p.pos, What: fmt.Sprintf("param %q spreads over links, and there are none; link the nodes, put them in a network, or write consistency = \"local\"", p.name)})
			}
			s.openGossip()
		}
		s.run.Params.Declare(p.name, p.initial, p.consistency)
	}
	s.kinds.param = s.run.Params.Woken()
	for _, w := range s.params.watches {
		if _, err := s.findParam(w.name); err != nil && s.without == nil {
			errs = append(errs, &Error{Pos: w.program.pos, What: fmt.Sprintf("watches: %v", err)})
		}
	}
	return errs
}

// openGossip is done when something spreads.
func (s *script) openGossip() {
	if err := s.run.Epidemic.Open(s.params.gossip); err != nil {
		panic(fmt.Sprintf("scenario: %v", err)) // gossip(…) has looked at it
	}
}

// watch reads watches of a program.
func (p *program) watch(watches *starlark.Dict) error {
	if watches == nil {
		return nil
	}
	p.watches = map[uint64]starlark.Callable{}
	for _, item := range watches.Items() {
		name, ok := starlark.AsString(item[0])
		fn, callable := item[1].(starlark.Callable)
		if !ok || !callable {
			return fmt.Errorf("watches: %s: %s is not the name of a param and a function", item[0], value.A(item[1]))
		}
		key := systems.ParamKey(name)
		p.watches[key] = fn
		p.watched = append(p.watched, key)
		p.script.params.watches = append(p.script.params.watches, watchDecl{p, name})
	}
	return nil
}

// paramOf returns the value of a param that a node sees, and its version.
func (s *script) paramOf(n ecs.Node, id systems.ParamID) (v starlark.Value, version starlark.Value, err error) {
	kept, at := s.run.Params.Get(n, id)
	v, err = value.DecodeFrozen(kept, s.codec)
	writer := ""
	if at.Writer != 0 {
		writer = s.NodeName(at.Writer)
	}
	return v, starlark.Tuple{starlark.MakeUint64(at.Counter), starlark.String(writer)}, err
}

// paramVerb is me.param(name), and param_version me.param_version(name).
func (s *script) paramVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, _, err := s.readParam("me.param", s.at.node, args, kwargs)
	return v, err
}

func (s *script) paramVersion(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	_, version, err := s.readParam("me.param_version", s.at.node, args, kwargs)
	return version, err
}

func (s *script) readParam(word string, n ecs.Node, args starlark.Tuple, kwargs []starlark.Tuple) (v, version starlark.Value, err error) {
	var name string
	if err := starlark.UnpackArgs(word, args, kwargs, "name", &name); err != nil {
		return nil, nil, err
	}
	id, err := s.findParam(name)
	if err == nil {
		v, version, err = s.paramOf(n, id)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", word, err)
	}
	return v, version, nil
}

// paramView is node.param in a check, for one node or the list of several.
func (s *script) paramView(nodes []ecs.Node, single bool) starlark.Value {
	return starlark.NewBuiltin("param", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		values := make([]starlark.Value, 0, len(nodes))
		for _, n := range nodes {
			v, _, err := s.readParam("param", n, args, kwargs)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		if single {
			return values[0], nil
		}
		return starlark.NewList(values), nil
	})
}

var setNames = []string{"error", "ok", "value", "version"}

// setParam is me.set_param(name, value, then = None, version = None). What comes
// of it is known at once; then is told in the next tick, as of a call.
func (s *script) setParam(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var v, then, version starlark.Value = nil, starlark.None, starlark.None
	if err := starlark.UnpackArgs("me.set_param", args, kwargs, "name", &name, "value", &v, "then?", &then, "version?", &version); err != nil {
		return nil, err
	}
	id, err := s.findParam(name)
	if err != nil {
		return nil, fmt.Errorf("me.set_param: %w", err)
	}
	fn, callable := then.(starlark.Callable)
	if _, isTuple := version.(starlark.Tuple); version != starlark.None && !isTuple {
		return nil, fmt.Errorf("me.set_param: version is one that a reply or me.param_version gave, not %s", value.A(version))
	}
	if then != starlark.None && !callable {
		return nil, fmt.Errorf("me.set_param: then is a function, fn(me, reply), not %s", value.A(then))
	}
	refused, err := s.setIfAt(id, v, version)
	if err != nil {
		return nil, fmt.Errorf("me.set_param: %w", err)
	}
	if then == starlark.None {
		return starlark.None, nil
	}
	now, at, err := s.paramOf(s.at.node, id)
	if err != nil {
		return nil, fmt.Errorf("me.set_param: %w", err)
	}
	reply := value.MakeRecord(setNames, refused, starlark.Bool(refused == starlark.None), now, at)
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(value.Bind(fn, reply)); err != nil {
		return nil, fmt.Errorf("me.set_param: then: %w", err)
	}
	s.run.Timers.AfterBytes(s.at.batch, s.at.index, 0, s.kinds.timer, s.encoder.Bytes())
	return starlark.None, nil
}

// setIfAt sets a param, unless another version is asked for than the node has.
func (s *script) setIfAt(id systems.ParamID, v, version starlark.Value) (refused starlark.Value, err error) {
	if version != starlark.None {
		_, at, err := s.paramOf(s.at.node, id)
		if err != nil {
			return nil, err
		}
		same, err := starlark.Equal(at, version)
		if err != nil {
			return nil, err
		}
		if !same {
			return starlark.String("version conflict"), nil
		}
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(v); err != nil {
		return nil, err
	}
	s.run.Params.Set(s.at.batch, s.at.index, id, s.encoder.Bytes())
	return starlark.None, nil
}

// woken tells a node that watches a param what it is now.
func (s *script) woken(p *program, b *ecs.Batch, e *ecs.Envelope) {
	id := systems.ParamID(e.A)
	fn := p.watches[s.run.Params.Key(id)]
	v, _, err := s.paramOf(e.To, id)
	if err != nil {
		panic(s.failureOf(fn, fmt.Errorf("param %q cannot be read: %w", s.run.Params.Name(id), err)))
	}
	s.begin(p, b, b.At, fn)
	args := append(s.args[:0], s.handle(s.at.node), v)
	if _, err := starlark.Call(s.thread, fn, args, nil); err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
}
