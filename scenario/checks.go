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

// said is a name that was said of something while the file was read.
type said struct {
	pos  syntax.Position
	what string
	name string
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
		if s.checked[name] || slices.Contains(s.figures.musts, name) {
			return nil, fmt.Errorf("%s %q: there is a check, or a must, of that name already", word, name)
		}
		s.checked[name] = true
		s.lookers = append(s.lookers, fn)
		c := systems.Check{Name: name, Kind: kind, Holds: func(*ecs.World) bool { return s.holds(word+" "+fmt.Sprintf("%q", name), fn) }}
		if err := s.reading(fmt.Sprintf("%s %q: checks are declared", word, name)); err != nil {
			return nil, err
		}
		switch {
		case by != "" && on == "":
			return nil, fmt.Errorf("%s %q: by is a field of the events that on names", word, name)
		case every != nil && on != "":
			return nil, fmt.Errorf("%s %q: it looks at each event %q, when it comes; leave out every", word, name, on)
		}
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
			s.awaited = append(s.awaited, said{thread.CallFrame(1).Pos, fmt.Sprintf("%s %q", word, name), on})
			c.Awaits, c.Came = fmt.Sprintf("an event %q", on), func(*ecs.World) bool { return s.notes.has(on) }
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
	if w.within == 0 {
		return fmt.Errorf("eventually %q: within: a time above 0 is wanted; what holds at once is an always", c.Name)
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
	s.openServices()
	errs := append(s.idle, s.openParams()...)
	errs = append(errs, s.openDirectory()...)
	if s.serves {
		s.kinds.turn = s.run.Services.OpenStations()
	}
	errs = append(errs, s.openPipes()...)
	s.openFeeds()
	s.findSyncs()
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

// views are frozen copies of boxed state, for checks that might change what they
// are shown; the others see state itself. A copy serves until a handler has had the row in hand, or the
// row's values are others.
type views struct {
	rows [][]viewedRow // by program, then row
}

type viewedRow struct {
	stale  bool
	fields []viewedField // by box
}

type viewedField struct{ of, frozen starlark.Value }

// lent notes that a handler was given a boxed field, which it may change, with
// all that shares something with it.
func (v *views) lent(p *program, row int) {
	if int(p.id) < len(v.rows) && row < len(v.rows[p.id]) {
		v.rows[p.id][row].stale = true
	}
}

// show returns a field as a check may see it.
func (v *views) show(p *program, f *field, row int) (starlark.Value, error) {
	now := p.get(f, row)
	if f.kind != boxedField || p.script.at.onlyReads {
		return now, nil
	}
	r := v.row(p, row)
	kept := &r.fields[f.at]
	if kept.of != nil && same(kept.of, now) {
		return kept.frozen, nil
	}
	copied, err := p.script.stored.Copy(now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	copied.Freeze()
	*kept = viewedField{now, copied}
	return copied, nil
}

// row returns what was shown of a row and is still true.
func (v *views) row(p *program, row int) *viewedRow {
	for len(v.rows) <= int(p.id) {
		v.rows = append(v.rows, nil)
	}
	for len(v.rows[p.id]) <= row {
		v.rows[p.id] = append(v.rows[p.id], viewedRow{fields: make([]viewedField, p.schema.boxed)})
	}
	r := &v.rows[p.id][row]
	if r.stale {
		clear(r.fields)
		r.stale = false
	}
	return r
}

// same reports whether two values are one. Go cannot compare tuples, which are
// slices: they are the same if they begin at one place.
func same(x, y starlark.Value) bool {
	a, isTuple := x.(starlark.Tuple)
	b, areBoth := y.(starlark.Tuple)
	if isTuple || areBoth {
		return isTuple && areBoth && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	return x == y
}

// lend is get for the handler that runs.
func (s *script) lend(f *field) starlark.Value {
	if f.kind == boxedField {
		s.notes.views.lent(s.at.program, s.at.row)
	}
	return s.at.program.get(f, s.at.row)
}
