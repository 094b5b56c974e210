package scenario

import (
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
)

// inspector looks for what cannot succeed in handlers, before any runs: names
// that the own node has not, kinds that nobody handles. It follows the own node
// from the first parameter of a program's functions into those it is passed to.
//
// A place is wrong only if it is for every program that comes by, and only if
// nothing but an own node comes by: what it cannot follow is left to the run.
type inspector struct {
	script *script
	bodies map[syntax.Position]*body // by where a function is written; looked up only
	places map[syntax.Node]*place    // looked up only
	order  []*place
	own    map[*syntax.Ident]bool   // parameters that take an own node, by their first mention
	loaded map[*syntax.Ident]string // names that load binds, and what they were
	known  *knownNames
}

// place is an expression that some programs come by.
type place struct {
	err  *Error
	fine bool   // for a program at least
	attr string // what is asked of the node; empty if it is a word in a call
	of   parameter
}

// parameter is one that takes an own node.
type parameter struct {
	body  *body
	index int
}

// visit is a function of one program, which takes the own node as one of its
// parameters.
type visit struct {
	fn    *starlark.Function
	param int
}

// inspect returns what is wrong with the handlers of all programs. Of a
// scenario of which parts were left out some is not known, and so not said.
func (s *script) inspect(without *salvage) Errors {
	in := &inspector{
		script: s, bodies: s.bodies(), places: map[syntax.Node]*place{},
		own: map[*syntax.Ident]bool{}, loaded: map[*syntax.Ident]string{}, known: s.findNames(),
	}
	for _, name := range s.order {
		if m := s.modules[name]; m.file != nil {
			in.index(m.file)
		}
	}
	for _, p := range s.declared {
		in.program(p)
	}
	in.watchers()
	errs := in.saidWrong(without)
	for _, p := range s.declared {
		for _, e := range in.wrongArguments(p) {
			if !slices.ContainsFunc(errs, func(x *Error) bool { return x.Error() == e.Error() }) {
				errs = append(errs, e)
			}
		}
	}
	wrong := slices.DeleteFunc(in.order, func(x *place) bool { return x.fine })
	if len(wrong) > 0 {
		for _, x := range in.doubtless(wrong, without) {
			errs = append(errs, x.err)
		}
	}
	return s.setWarnings(errs)
}

// setWarnings keeps what may be meant so, and returns the rest.
func (s *script) setWarnings(errs Errors) Errors {
	wrong := Errors(nil)
	for _, e := range errs {
		if !e.mild {
			wrong = append(wrong, e)
			continue
		}
		s.warnings = append(s.warnings, e)
	}
	s.warnings = s.warnings.sorted().page()
	return wrong
}

// saidWrong returns what is wrong with the names of events, services and feeds
// that were said while the file was read.
func (in *inspector) saidWrong(without *salvage) Errors {
	var errs Errors
	for _, x := range in.script.awaited {
		if err := in.known.canNote(x.name); err != nil {
			errs = append(errs, &Error{Pos: x.pos, What: x.what + ": " + err.Error()})
		}
	}
	if without != nil && without.tainted[madePrograms] {
		return errs // a program may be missing
	}
	for _, x := range in.script.modelled {
		if e := in.known.canProvide(x.name); e != nil {
			e.Pos, e.What = x.pos, x.what+": "+e.What
			errs = append(errs, e)
		}
	}
	return append(errs, in.script.feedNames(in.known)...)
}

// index finds what names are loaded as.
func (in *inspector) index(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if load, ok := n.(*syntax.LoadStmt); ok {
			for i, id := range load.To {
				in.loaded[first(id)] = load.From[i].Name
			}
		}
		return true
	})
}

// program follows the own node through a program's functions.
func (in *inspector) program(p *program) {
	seen := map[visit]bool{} // looked up only
	for _, fn := range p.callables() {
		in.enter(p, seen, fn, 0, "")
	}
}

// enter follows the own node into a function, if it is one that can be. Handler
// is the function that was called first; empty if it is this one.
func (in *inspector) enter(p *program, seen map[visit]bool, v starlark.Value, param int, handler string) {
	if b, ok := v.(*value.Bound); ok {
		v = b.Function()
	}
	fn, ok := v.(*starlark.Function)
	if !ok || seen[visit{fn, param}] {
		return
	}
	seen[visit{fn, param}] = true
	b := in.bodies[fn.Position()]
	if b == nil {
		return
	}
	me := b.param(param)
	if me == nil || rebound(b.node, me) {
		return
	}
	if handler == "" {
		handler = fn.Name()
	}
	in.own[first(me)] = true
	l := &look{inspector: in, program: p, seen: seen, fn: fn, of: parameter{b, param}, me: me, handler: handler}
	l.read()
}

// found keeps what a program makes of a place.
func (in *inspector) found(n syntax.Node, of parameter, e *Error) {
	x := in.places[n]
	if x == nil {
		x = &place{of: of}
		if dot, ok := n.(*syntax.DotExpr); ok {
			x.attr = dot.Name.Name
		}
		in.places[n] = x
		in.order = append(in.order, x)
	}
	switch {
	case e == nil:
		x.fine = true
	case x.err == nil:
		x.err = e
	}
}

// lacks says why a program's own node has not what a handler asks for; nil if it
// has it.
func (s *script) lacks(p *program, name string) error {
	if _, declared := p.schema.index[name]; declared || s.verbs[name] != nil {
		return nil
	}
	if name == "random" || name == "source" || name == "feed" || slices.Contains(properties, name) {
		return nil
	}
	return s.unknown(p, name)
}
