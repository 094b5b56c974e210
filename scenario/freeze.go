package scenario

import (
	"fmt"
	"iter"

	"go.starlark.net/starlark"

	"orrery/scenario/value"
)

// A file's globals, and what it gave to words, as functions in programs and
// checks, cannot be changed once it is read: what a handler could change there
// would be state outside the world, which no restore brings back. Starlark's
// own Freeze knows what it has been to only among lists, dicts and sets. It goes
// into tuples and functions as often as it meets them, and never comes out of a
// function that captured itself. So each container is frozen by itself, and
// those that would take too long are refused.

const (
	mostFrozen   = 1 << 28 // values that all of a file's containers lead Freeze to
	mostNested   = 10_000  // tuples and functions in each other
	endlessly    = uint64(1) << 40
	deepGiven    = 3 // lists and dicts in each other, of what a word is given
	selfCaptured = "%s calls itself by a name of the function that it is written in, so that it cannot be kept in a list, dict, set or tuple while the file is read; write it at the file's top level"
)

// freezing is what has been looked at of one file.
type freezing struct {
	walks map[any]uint64 // by tuple or function: how many values Freeze would go to
	seen  map[starlark.Value]bool
	held  []starlark.Value // containers, each once
	next  int              // of held, whose elements are to be looked at
	walk  uint64           // of all containers so far
	self  *starlark.Function
	deep  bool // more than mostNested
}

// freeze has nothing change any more that a file made.
func (s *script) freeze(globals starlark.StringDict) error {
	f := &freezing{walks: map[any]uint64{}, seen: map[starlark.Value]bool{}}
	for _, v := range s.given {
		if err := f.look(v); err != nil {
			return err
		}
	}
	for _, name := range globals.Keys() {
		if err := f.look(globals[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for i := len(f.held) - 1; i >= 0; i-- { // inner ones first, so that none is deep
		f.held[i].Freeze()
	}
	return nil
}

// look finds the containers that a value leads to.
func (f *freezing) look(v starlark.Value) error {
	f.cost(v, 0)
	for ; f.next < len(f.held); f.next++ {
		f.self = nil
		walk := uint64(0)
		own := ours(f.held[f.next])
		for x := range inside(f.held[f.next]) {
			n := f.cost(x, 0)
			if _, is := x.(*starlark.Function); own && is {
				n = 1
			}
			walk = min(endlessly, walk+n)
		}
		if f.walk += walk; f.walk <= mostFrozen {
			continue
		}
		if f.deep {
			break
		}
		if f.self != nil {
			return &Error{Pos: f.self.Position(), What: fmt.Sprintf(selfCaptured, f.self.Name())}
		}
		return fmt.Errorf("tuples and functions in each other come to more than %d values, counted as often as they occur; lists count once", mostFrozen)
	}
	if f.deep {
		return fmt.Errorf("tuples and functions lie in each other more than %d deep", mostNested)
	}
	return nil
}

// cost is how many values Freeze goes to for one that it meets in a container.
func (f *freezing) cost(v starlark.Value, depth int) uint64 {
	var key any = v
	switch v := v.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set, *value.Record, *value.Bound:
		if !f.seen[v] {
			f.seen[v] = true
			f.held = append(f.held, v)
		}
		return 1
	case starlark.Tuple:
		if len(v) == 0 {
			return 1
		}
		key = tupleKey{&v[0], len(v)}
	case *starlark.Function, *starlark.Builtin, *served, *subscribing, *stage:
	default:
		return 1
	}
	if walk, ok := f.walks[key]; ok {
		if fn, is := v.(*starlark.Function); is && walk >= endlessly {
			f.self = fn
		}
		return walk
	}
	if depth > mostNested {
		f.deep = true
		return endlessly
	}
	f.walks[key] = endlessly // until it is known not to lead to itself
	walk := uint64(1)
	for x := range inside(v) {
		walk = min(endlessly, walk+f.cost(x, depth+1))
	}
	f.walks[key] = walk
	return walk
}

type tupleKey struct {
	first  *starlark.Value
	length int
}

// ours reports whether a container is of this language, and leaves functions
// alone when it is frozen.
func ours(v starlark.Value) bool {
	switch v.(type) {
	case *value.Record, *value.Bound:
		return true
	}
	return false
}

// inside goes through what a value leads to.
func inside(v starlark.Value) iter.Seq[starlark.Value] {
	return func(yield func(starlark.Value) bool) {
		switch v := v.(type) {
		case *starlark.List, *starlark.Set, starlark.Tuple:
			starlark.Elements(v.(starlark.Iterable))(yield)
		case *starlark.Dict:
			for k, x := range v.Entries() {
				if !yield(k) || !yield(x) {
					return
				}
			}
		default:
			for _, x := range parts(v) {
				if x != nil && !yield(x) {
					return
				}
			}
		}
	}
}

// parts are what a function captured, its defaults, and what other values that
// are no lists consist of; some may be nil.
func parts(v starlark.Value) (all []starlark.Value) {
	switch v := v.(type) {
	case *starlark.Function:
		for i := range v.NumFreeVars() {
			_, x := v.FreeVar(i)
			all = append(all, x)
		}
		for i := range v.NumParams() {
			all = append(all, v.ParamDefault(i))
		}
	case *starlark.Builtin:
		all = append(all, v.Receiver())
	case *value.Record:
		for _, name := range v.AttrNames() {
			x, _ := v.Attr(name)
			all = append(all, x)
		}
	case *value.Bound:
		all = append(append(all, v.Function()), v.Args()...)
	case *served:
		all = append(all, v.fn, v.time)
	case *subscribing:
		all = append(all, v.fn)
	case *stage:
		if all = append(all, v.fn); v.time != nil {
			all = append(all, v.time)
		}
	}
	return all
}

// noting is a word that keeps in mind what it is given while a file is read, and
// may keep: functions, and what has some.
func (s *script) noting(do verb) verb {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if s.at.phase == loading {
			for _, v := range args {
				s.give(v, 0)
			}
			for _, pair := range kwargs {
				s.give(pair[1], 0)
			}
		}
		return do(thread, b, args, kwargs)
	}
}

// give goes into lists and dicts, which are copied.
func (s *script) give(v starlark.Value, depth int) {
	switch v.(type) {
	case *starlark.Function, *starlark.Builtin, *value.Bound, *value.Record, *served, *subscribing, *stage:
		s.given = append(s.given, v)
	case *starlark.List, *starlark.Dict, starlark.Tuple, *starlark.Set:
		if depth < deepGiven {
			inside(v)(func(x starlark.Value) bool { s.give(x, depth+1); return true })
		}
	}
}
