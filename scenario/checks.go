package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

var checkKinds = map[string]systems.CheckKind{
	"always": systems.AlwaysHolds, "never": systems.NeverHolds,
	"eventually": systems.EventuallyHolds, "sometimes": systems.SometimesHolds,
}

// window is an eventually whose window is known when all is read.
type window struct {
	check  systems.Check
	pos    syntax.Position
	after  *ecs.Nanoseconds // nil: the last scheduled fault or heal
	within ecs.Nanoseconds
}

// check is always(name, fn, every = None, on = None, by = None) and its like.
func (s *script) check(word string) verb {
	kind := checkKinds[word]
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var name, on, by string
		var fn starlark.Callable
		var every, after, within starlark.Value
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "fn", &fn, "after?", &after, "within?", &within, "every?", &every, "on?", &on, "by?", &by); err != nil {
			return nil, err
		}
		c := systems.Check{Name: name, Kind: kind, Holds: func(*ecs.World) bool { return s.holds(word+" "+fmt.Sprintf("%q", name), fn) }}
		if every != nil {
			var err error
			if c.Every, err = span(every); err != nil {
				return nil, fmt.Errorf("%s %q: every: %w", word, name, err)
			}
		}
		if on != "" {
			if kind != systems.AlwaysHolds && kind != systems.NeverHolds {
				return nil, fmt.Errorf("%s %q: only always and never look at events", word, name)
			}
			c.Holds = s.notes.watch(s, word+" "+fmt.Sprintf("%q", name), kind, fn, on, by)
		}
		if kind == systems.EventuallyHolds {
			return starlark.None, s.addWindow(c, thread.CallFrame(1).Pos, after, within)
		}
		if after != nil || within != nil {
			return nil, fmt.Errorf("%s %q: after and within are eventually's", word, name)
		}
		s.run.Checks.Add(c)
		return starlark.None, nil
	}
}

func (s *script) addWindow(c systems.Check, pos syntax.Position, after, within starlark.Value) error {
	w := window{check: c, pos: pos}
	if within == nil {
		return fmt.Errorf("eventually %q: within is missing: how long may it take?", c.Name)
	}
	var err error
	if w.within, err = span(within); err != nil {
		return fmt.Errorf("eventually %q: within: %w", c.Name, err)
	}
	if after != nil {
		t, err := span(after)
		if err != nil {
			return fmt.Errorf("eventually %q: after: %w", c.Name, err)
		}
		w.after = &t
	}
	s.windows = append(s.windows, w)
	return nil
}

// finish does what needs the whole file read, and returns what is wrong.
func (s *script) finish() Errors {
	var errs Errors
	for _, w := range s.windows {
		w.check.After, w.check.Within = s.lastFault, w.within
		if w.after != nil {
			w.check.After = *w.after
		}
		end := w.check.After + w.check.Within
		if w.after != nil && s.until > 0 && s.run.World.TicksCeil(end) > s.until {
			errs = append(errs, &Error{Pos: w.pos, What: fmt.Sprintf("eventually %q: its window (%s to %s) ends after the run (%s)",
				w.check.Name, value.Duration(w.check.After), value.Duration(end), value.Duration(s.run.World.Time(s.until)))})
			continue
		}
		s.run.Checks.Add(w.check)
	}
	return errs
}
