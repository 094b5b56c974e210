package scenario

import (
	"fmt"
	"path"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
)

// functions are those made while the scenario was read: they may be kept in
// state, in messages and timers, and are known by where they are written.
type functions struct {
	names map[starlark.Callable]string
	made  map[string]starlark.Callable
	been  map[starlark.Value]int // by container: how deep it was when it was looked at
}

var _ value.Functions = (*functions)(nil)

func (f *functions) FunctionName(fn starlark.Callable) (string, bool) {
	name, ok := f.names[fn]
	return name, ok
}

func (f *functions) Function(name string) (starlark.Callable, bool) {
	fn, ok := f.made[name]
	return fn, ok
}

// nameFunctions names the functions among a file's globals and in programs, and
// those in containers, defaults and captured variables that they lead to.
func (s *script) nameFunctions(globals starlark.StringDict) {
	if s.functions.names == nil {
		s.functions = functions{names: map[starlark.Callable]string{}, made: map[string]starlark.Callable{}, been: map[starlark.Value]int{}}
	}
	for _, name := range globals.Keys() {
		s.nameIn(globals[name], 0)
	}
	for _, p := range s.declared { // of which no global need know
		s.nameIn(p, 0)
	}
	clear(s.functions.been)
}

// nameIn names a value if it is a function, and what it holds.
func (s *script) nameIn(v starlark.Value, depth int) {
	if depth > 20 {
		return
	}
	switch v := v.(type) {
	case *starlark.Function:
		if s.nameFunction(v) {
			s.nameWithin(v, depth)
		}
	case *value.Record:
		for _, name := range v.AttrNames() {
			if x, err := v.Attr(name); err == nil && x != nil {
				s.nameIn(x, depth+1)
			}
		}
	case *value.Bound:
		s.nameIn(v.Function(), depth+1)
	case *served:
		s.nameIn(v.fn, depth+1)
		s.nameIn(v.time, depth+1)
	case *starlark.List, starlark.Tuple, *starlark.Set:
		if s.hasBeen(v, depth) {
			return
		}
		for x := range starlark.Elements(v.(starlark.Iterable)) {
			s.nameIn(x, depth+1)
		}
	case *starlark.Dict:
		if s.hasBeen(v, depth) {
			return
		}
		for _, x := range v.Items() {
			s.nameIn(x[1], depth+1)
		}
	case *program:
		for _, fn := range v.callables() {
			s.nameIn(fn, depth+1)
		}
	}
}

// hasBeen reports whether all in a container that can be reached from a depth is
// named already; lists of lists of itself are met very often.
func (s *script) hasBeen(v starlark.Value, depth int) bool {
	if _, ok := v.(starlark.Tuple); ok {
		return false
	}
	least, met := s.functions.been[v]
	if met && least <= depth {
		return true
	}
	s.functions.been[v] = depth
	return false
}

// nameWithin names the functions that one captured, and its parameters'
// defaults: a function that makes a program defines its handlers within.
func (s *script) nameWithin(fn *starlark.Function, depth int) {
	for i := range fn.NumFreeVars() {
		if _, v := fn.FreeVar(i); v != nil {
			s.nameIn(v, depth+1)
		}
	}
	for i := range fn.NumParams() {
		if v := fn.ParamDefault(i); v != nil {
			s.nameIn(v, depth+1)
		}
	}
}

// nameFunction names a function; it reports whether it had no name yet.
func (s *script) nameFunction(fn *starlark.Function) bool {
	if _, ok := s.functions.names[fn]; ok {
		return false
	}
	name := s.local(fn.Position())
	for i := 2; ; i++ {
		if _, taken := s.functions.made[name]; !taken {
			break
		}
		name = fmt.Sprintf("%s#%d", s.local(fn.Position()), i)
	}
	s.functions.names[fn], s.functions.made[name] = name, fn
	return true
}

// local is a place in a file that is named as from beside the scenario: what a
// run keeps or sends may not depend on where its files lie.
func (s *script) local(p syntax.Position) string {
	name := strings.TrimPrefix(p.Filename(), path.Dir(s.path)+"/")
	return fmt.Sprintf("%s:%d:%d", name, p.Line, p.Col)
}

// callables are a program's functions.
func (p *program) callables() []starlark.Value {
	var all []starlark.Value
	for _, kind := range p.kinds {
		all = append(all, p.on[kind])
	}
	for _, key := range p.services {
		if how, ok := p.provides[key].(*served); ok {
			all = append(all, how.fn, how.time)
			continue
		}
		all = append(all, p.provides[key])
	}
	for _, key := range p.watched {
		all = append(all, p.watches[key])
	}
	for _, x := range p.stages {
		if all = append(all, x.fn); x.time != nil {
			all = append(all, x.time)
		}
	}
	for _, x := range p.drains {
		all = append(all, x.fn)
	}
	for _, fn := range p.hears {
		all = append(all, fn)
	}
	for _, r := range p.every {
		all = append(all, r.fn)
	}
	for _, fn := range []starlark.Callable{p.onStart, p.onStop} {
		if fn != nil {
			all = append(all, fn)
		}
	}
	return all
}
