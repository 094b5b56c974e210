package scenario

import (
	"errors"
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/systems"
)

// fault is what crash(…), cut(…) and their like return: something that at,
// between, when and chaos can do, and undo.
type fault struct {
	name string
	do   systems.Action
	undo *systems.Action // how between ends it; nil: it cannot be ended
}

func (f *fault) String() string        { return f.name }
func (f *fault) Type() string          { return "fault" }
func (f *fault) Freeze()               {}
func (f *fault) Truth() starlark.Bool  { return true }
func (f *fault) Hash() (uint32, error) { return 0, fmt.Errorf("a fault cannot be a key") }

// target sets whom an action is done to: nodes, or what is asked when the action
// is due, which is a function, or who is in a named group.
func (s *script) target(v starlark.Value, set func(nodes []ecs.Node)) (resolve func() error, err error) {
	if fn, ok := v.(starlark.Callable); ok {
		s.lookers = append(s.lookers, fn)
		return func() error {
			nodes, err := s.ask(fn)
			set(nodes)
			return err
		}, nil
	}
	nodes, err := s.sidesOf(v)
	if err == nil && anyGroup(nodes) {
		return func() error {
			var all []ecs.Node
			for _, n := range nodes {
				all = append(all, s.run.World.Members(n)...)
			}
			set(all)
			return nil
		}, nil
	}
	set(nodes)
	return nil, err
}

// errNobody is of a target that is a list without nodes. A function may name
// nobody: it does not know beforehand.
var errNobody = errors.New("there are no nodes in what it is to be done to")

// ask asks a function for nodes; None is nobody.
func (s *script) ask(fn starlark.Callable) ([]ecs.Node, error) {
	v, err := s.look(fn)
	if err != nil || v == starlark.None {
		return nil, err
	}
	nodes, err := s.nodesOf(v)
	if err != nil {
		return nil, s.failureOf(fn, err)
	}
	return nodes, nil
}

// look runs a function that may see everything and change nothing.
func (s *script) look(fn starlark.Callable, args ...starlark.Value) (starlark.Value, error) {
	saved := s.at
	s.at = context{phase: checking, handler: fn, onlyReads: s.onlyReads(fn)}
	defer func() { s.at = saved }()
	s.limit(s.thread)
	v, err := starlark.Call(s.thread, fn, args, nil)
	if err != nil {
		return nil, s.failure(fn.Name(), err)
	}
	return v, nil
}

// onTarget makes an action on one target.
func (s *script) onTarget(verb systems.Verb, v starlark.Value) (systems.Action, error) {
	a := systems.Action{Verb: verb}
	resolve, err := s.target(v, func(nodes []ecs.Node) { a.Nodes = nodes })
	if err == nil && resolve == nil && len(a.Nodes) == 0 {
		err = errNobody
	}
	if resolve == nil || err != nil {
		return a, err
	}
	return systems.Action{Verb: verb, Resolve: func(due *systems.Action) {
		if err := resolve(); err != nil {
			panic(err)
		}
		due.Nodes = a.Nodes
	}}, nil
}

// downFault is crash(target, down = None) or lose_disk(target, down = None).
func (s *script) downFault(does systems.Verb) verb {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var target, down starlark.Value
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "down?", &down); err != nil {
			return nil, err
		}
		a, err := s.onTarget(does, target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name(), err)
		}
		if down != nil && down != starlark.None {
			if a.Down, err = span(down); err != nil {
				return nil, fmt.Errorf("%s: down: %w", b.Name(), err)
			}
			if a.Down == 0 {
				return nil, fmt.Errorf("%s: down: 0s is no time to be down; leave it out for one that does not start again", b.Name())
			}
		}
		undo := a
		undo.Verb, undo.Down = systems.Start, 0
		return &fault{name: b.Name(), do: a, undo: &undo}, nil
	}
}

// stopFault is stop(target, code = 0): on_stop is asked, as by me.exit.
func (s *script) stopFault(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var target starlark.Value
	code := 0
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "code?", &code); err != nil {
		return nil, err
	}
	if code < 0 || code > 255 {
		return nil, fmt.Errorf("stop: a code is 0 to 255, not %d", code)
	}
	a, err := s.onTarget(systems.Stop, target)
	if err != nil {
		return nil, fmt.Errorf("stop: %w", err)
	}
	a.Code = uint8(code)
	undo := a
	undo.Verb, undo.Code = systems.Start, 0
	return &fault{name: "stop", do: a, undo: &undo}, nil
}

// simpleFault is start(target), restart(target), pause(target), resume(target).
func (s *script) simpleFault(name string) verb {
	verbs := map[string]systems.Verb{"start": systems.Start, "restart": systems.Restart, "pause": systems.Pause, "resume": systems.Resume}
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var target starlark.Value
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target); err != nil {
			return nil, err
		}
		a, err := s.onTarget(verbs[name], target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f := &fault{name: name, do: a}
		if undoes, ok := map[string]systems.Verb{"pause": systems.Resume, "start": systems.Stop}[name]; ok {
			undo := a
			undo.Verb = undoes
			f.undo = &undo
		}
		return f, nil
	}
}

// cut is cut(a, b, one_way = False, in_flight = False).
func (s *script) cut(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var near, far starlark.Value
	var oneWay, inFlight bool
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "a", &near, "b", &far, "one_way?", &oneWay, "in_flight?", &inFlight); err != nil {
		return nil, err
	}
	return s.sides(t, "cut", systems.Action{Verb: systems.CutOff, OneWay: oneWay, InFlight: inFlight}, near, far)
}

// partition is partition(*sides, in_flight = False).
func (s *script) partition(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var inFlight bool
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "in_flight?", &inFlight); err != nil {
		return nil, err
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("partition: it takes two sides or more")
	}
	return s.sides(t, "partition", systems.Action{Verb: systems.Partition, InFlight: inFlight}, args...)
}

// isolate is isolate(target): cut from everybody else.
func (s *script) isolate(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var target starlark.Value
	var inFlight bool
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "in_flight?", &inFlight); err != nil {
		return nil, err
	}
	others := starlark.NewBuiltin("others", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		var inside []ecs.Node
		resolve, err := s.target(target, func(nodes []ecs.Node) { inside = nodes })
		if err == nil && resolve != nil {
			err = resolve()
		}
		return &group{script: s, nodes: s.except(inside)}, err
	})
	return s.sides(t, "isolate", systems.Action{Verb: systems.CutOff, InFlight: inFlight}, target, others)
}

// except returns every node but some.
func (s *script) except(some []ecs.Node) []ecs.Node {
	out := map[ecs.Node]bool{}
	for _, n := range some {
		out[n] = true
	}
	var all []ecs.Node
	for _, p := range s.programs {
		for row := range rowsOf(s, p) {
			if n := s.run.World.NodeAt(p.id, row); n != 0 && !out[n] {
				all = append(all, n)
			}
		}
	}
	return all
}

func rowsOf(s *script, p *program) int {
	if p == nil {
		return 0
	}
	return s.run.World.ProgramRows(p.id)
}

// sides makes a cut or partition of sides that are nodes or asked when due.
func (s *script) sides(t *starlark.Thread, name string, a systems.Action, sides ...starlark.Value) (starlark.Value, error) {
	if err := s.reading(name + ": cuts are planned"); err != nil {
		return nil, err
	}
	lists := make([][]ecs.Node, len(sides))
	var asks []func() error
	for i, side := range sides {
		resolve, err := s.target(side, func(nodes []ecs.Node) { lists[i] = nodes })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if resolve != nil {
			asks = append(asks, resolve)
		}
	}
	a.Lists = lists
	if err := s.canPart(name, sides, lists); err != nil {
		return nil, err
	}
	if err := s.onOneSide(&a); err != nil {
		return nil, err
	}
	if pos := t.CallFrame(1).Pos; len(asks) > 0 {
		a.Resolve = func(due *systems.Action) {
			for _, ask := range asks {
				if err := ask(); err != nil {
					panic(err)
				}
			}
			due.Lists = lists
			if err := s.onOneSide(due); err != nil {
				panic(s.failureAt(pos, name, err))
			}
		}
	}
	a.Label = s.nextLabel(name)
	return &fault{name: name, do: a, undo: &systems.Action{Verb: systems.Heal, Label: a.Label}}, nil
}

// canPart refuses sides, as they are written, between which nothing can lie: one
// that is a list without nodes, or two of a cut that are the same. A function or a
// named group may have nobody when it is due.
func (s *script) canPart(name string, sides []starlark.Value, lists [][]ecs.Node) error {
	for i, side := range sides {
		if _, asked := side.(starlark.Callable); !asked && len(lists[i]) == 0 && !isNamedGroup(side) {
			if name == "isolate" {
				return fmt.Errorf("isolate: %w", errNobody)
			}
			return fmt.Errorf("%s: side %d has no nodes; each side has one at least", name, i+1)
		}
	}
	if name == "cut" && (sameSide(sides[0], sides[1]) || len(lists[0]) > 0 && sameNodes(lists[0], lists[1])) {
		if len(lists[0]) == 1 {
			return fmt.Errorf("cut: both sides are %s, and no node is cut from itself; say from whom, or isolate(%[1]s)", s.NodeName(lists[0][0]))
		}
		return fmt.Errorf("cut: both sides are %s; say who is cut from whom, or for each of several from the others partition(*nodes)", sides[0])
	}
	return nil
}

func isNamedGroup(v starlark.Value) bool {
	g, ok := v.(*group)
	return ok && g.node != 0
}

// sameSide reports whether two sides are one function, or one named group.
func sameSide(a, b starlark.Value) bool {
	f, isFunction := a.(*starlark.Function)
	g, isGroup := a.(*group)
	return isFunction && b == starlark.Value(f) || isGroup && b == starlark.Value(g)
}

// sameNodes reports whether two lists have the same nodes.
func sameNodes(a, b []ecs.Node) bool {
	in := func(list []ecs.Node) func(ecs.Node) bool {
		return func(n ecs.Node) bool { return !slices.Contains(list, n) }
	}
	return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
}

// onOneSide refuses a partition that has a node on two sides, as far as they are
// known.
func (s *script) onOneSide(a *systems.Action) error {
	if a.Verb != systems.Partition {
		return nil
	}
	n, one, other := systems.OnTwoSides(a.Lists)
	if n == 0 {
		return nil
	}
	return fmt.Errorf("partition: %s is on sides %d and %d; have it on one, by itself or by a group, as in partition(a, everybody - a)", s.NodeName(n), one+1, other+1)
}

// heal is heal(): every cut ends.
func (s *script) heal(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(b.Name(), args, kwargs); err != nil {
		return nil, err
	}
	return &fault{name: "heal", do: systems.Action{Verb: systems.Heal}}, nil
}

// slow is slow(target, factor): what goes to and from it takes that many times
// as long on the way.
func (s *script) slow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var target, factor starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "target", &target, "factor", &factor); err != nil {
		return nil, err
	}
	f, ok := starlark.AsFloat(factor)
	if !ok || !(f >= 1 && f <= 1e6) {
		return nil, fmt.Errorf("slow: a factor is a number from 1 to a million, not %s", factor)
	}
	a, err := s.onTarget(systems.Slow, target)
	if err != nil {
		return nil, fmt.Errorf("slow: %w", err)
	}
	a.A = uint64(float64(f * 1000))
	undo := a
	undo.A = 1000
	return &fault{name: "slow", do: a, undo: &undo}, nil
}

// sendAction is send(to, kind, **fields), from outside.
func (s *script) sendAction(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var to starlark.Value
	var name string
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 2, &to, &name); err != nil {
		return nil, err
	}
	kind, ok := s.kinds.find(name)
	if !ok {
		return nil, fmt.Errorf("send: no program handles a message of kind %q%s", name, didYouMean(name, s.kinds.names))
	}
	a, err := s.onTarget(systems.Message, to)
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	delay, fields, err := s.sendFields(kwargs)
	if err != nil {
		return nil, err
	}
	if delay != 0 {
		return nil, fmt.Errorf("send: delay is of me.send; here at says when")
	}
	a.Kind, a.Payload = kind, append([]byte{}, fields...)
	if err := s.understood(a.Nodes, kind); err != nil {
		return nil, err
	}
	if ask := a.Resolve; ask != nil {
		a.Resolve = func(due *systems.Action) {
			ask(due)
			if err := s.understood(due.Nodes, kind); err != nil {
				if fn, asked := to.(starlark.Callable); asked {
					panic(s.failureOf(fn, err))
				}
				panic(s.failure("send", err))
			}
		}
	}
	return &fault{name: "send", do: a}, nil
}

// understood says which of some nodes do not handle a kind of message.
func (s *script) understood(nodes []ecs.Node, kind ecs.Kind) error {
	for _, n := range nodes {
		p := s.programs[n.Program()]
		if p.handlerOf(kind) == nil {
			name := s.run.World.KindName(kind)
			return fmt.Errorf("send: %s runs %s, which does not handle %q%s", s.NodeName(n), p.name, name, didYouMean(name, p.kinds))
		}
	}
	return nil
}

// doneTo is a node that an action was done to.
type doneTo struct {
	Node ecs.Node
	_    [4]byte
}
