package scenario

import (
	"fmt"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

func (s *script) actions(args starlark.Tuple) ([]*fault, error) {
	if err := s.reading("faults are planned"); err != nil {
		return nil, err
	}
	var all []*fault
	for _, v := range args {
		f, ok := v.(*fault)
		if !ok {
			return nil, fmt.Errorf("an action is wanted, such as crash(…) or cut(…), not %s", value.A(v))
		}
		all = append(all, f)
	}
	return all, nil
}

// atTime is at(time, *actions).
func (s *script) atTime(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) < 2 || len(kwargs) > 0 {
		return nil, fmt.Errorf("at: it takes a time and what to do then")
	}
	t, err := span(args[0])
	if err != nil {
		return nil, fmt.Errorf("at: %w", err)
	}
	faults, err := s.actions(args[1:])
	if err != nil {
		return nil, fmt.Errorf("at: %w", err)
	}
	for _, f := range faults {
		if err := s.startedBy(t, f); err != nil {
			return nil, fmt.Errorf("at: %w", err)
		}
		s.do(t, f.do)
	}
	return starlark.None, nil
}

// startedBy refuses what can be done to nodes that are up alone, before any is.
func (s *script) startedBy(t ecs.Nanoseconds, f *fault) error {
	if s.run.World.TicksCeil(t) > 0 || f.do.Verb != systems.SetParam && f.do.Verb != systems.Crash && f.do.Verb != systems.LoseDisk && f.do.Verb != systems.Pause && f.do.Verb != systems.Stop {
		return nil
	}
	return fmt.Errorf("%s: nodes start at 0s, after what is to be done then; do it at %s or later", f.name, value.Duration(s.run.World.Time(1)))
}

// do plans an action. A message from outside and a param that is set are no
// faults, and a crash with a
// time to be down ends with the restart.
func (s *script) do(t ecs.Nanoseconds, a systems.Action) {
	if a.Verb != systems.Message && a.Verb != systems.SetParam {
		s.lastFault = max(s.lastFault, t+a.Down)
	}
	s.run.At(s.run.World.TicksCeil(t), a)
}

// between is between(t0, t1, *actions): done at one time, undone at another.
func (s *script) between(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) < 3 || len(kwargs) > 0 {
		return nil, fmt.Errorf("between: it takes two times and what to do between them")
	}
	from, err := span(args[0])
	if err != nil {
		return nil, fmt.Errorf("between: %w", err)
	}
	to, err := span(args[1])
	if err != nil {
		return nil, fmt.Errorf("between: %w", err)
	}
	if to <= from {
		return nil, fmt.Errorf("between: %s is not after %s", value.Duration(to), value.Duration(from))
	}
	faults, err := s.actions(args[2:])
	if err != nil {
		return nil, fmt.Errorf("between: %w", err)
	}
	for _, f := range faults {
		if f.undo == nil {
			return nil, fmt.Errorf("between: %s cannot be undone; use at", f.name)
		}
		if f.do.Down > 0 {
			return nil, fmt.Errorf("between: %s has a time to be down, and between says when it ends; leave out down, or use at", f.name)
		}
		if err := s.startedBy(from, f); err != nil {
			return nil, fmt.Errorf("between: %w", err)
		}
		do, undo := f.do, *f.undo
		if do.Resolve != nil && undo.Resolve != nil {
			s.remember(&do, &undo)
		}
		s.labelOutage(&do, &undo)
		s.do(from, do)
		s.do(to, undo)
	}
	return starlark.None, nil
}

// labelOutage has the end of a fault of nodes end that alone, and none that lasts
// longer. Cuts have labels of their own.
func (s *script) labelOutage(do, undo *systems.Action) {
	switch do.Verb {
	case systems.Crash, systems.LoseDisk, systems.Stop, systems.Pause, systems.Slow:
		s.outages++
		do.Label, undo.Label = s.outages, s.outages
	}
}

// remember makes what is done to targets asked for when it is due be undone to
// those, whoever would be named by then. They lie in the world, so that a
// snapshot between the two has them.
func (s *script) remember(do, undo *systems.Action) {
	w := s.run.World
	s.remembered++
	rows := ecs.NewRows[doneTo](w, fmt.Sprintf("between.%d", s.remembered)) // the digest has the name
	ask := do.Resolve
	do.Resolve = func(due *systems.Action) {
		ask(due)
		rows.Truncate(0)
		for _, n := range due.Nodes {
			rows.Add(doneTo{Node: n})
		}
	}
	undo.Resolve = func(due *systems.Action) {
		due.Nodes = nil
		for _, x := range rows.All() {
			due.Nodes = append(due.Nodes, x.Node)
		}
		rows.Truncate(0)
	}
}

// when is when(fn, *actions): once, in the tick after fn first holds.
func (s *script) when(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) < 2 || len(kwargs) > 0 {
		return nil, fmt.Errorf("when: it takes a function and what to do once it holds")
	}
	fn, ok := args[0].(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("when: it takes a function first, not %s", value.A(args[0]))
	}
	faults, err := s.actions(args[1:])
	if err != nil {
		return nil, fmt.Errorf("when: %w", err)
	}
	var actions []systems.Action
	for _, f := range faults {
		actions = append(actions, f.do)
	}
	s.lookers = append(s.lookers, fn)
	s.run.Triggers.Add(systems.Trigger{Holds: func(*ecs.World) bool { return s.holds("when", fn) }, Actions: actions})
	return starlark.None, nil
}

// holds asks a predicate.
func (s *script) holds(what string, fn starlark.Callable, args ...starlark.Value) bool {
	v, err := s.look(fn, args...)
	if err != nil {
		panic(err)
	}
	b, ok := v.(starlark.Bool)
	if !ok {
		said := fmt.Sprintf("%s, %s; return True or False", v, value.A(v))
		if v == starlark.None {
			said = "None; does it return at all? return True or False"
		}
		panic(s.failureOf(fn, fmt.Errorf("%s: the predicate returned %s", what, said)))
	}
	return bool(b)
}
