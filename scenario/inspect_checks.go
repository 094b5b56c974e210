package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
)

// watcher reads functions that see all nodes, as those of checks do, and those
// that they mention, as the inspector reads handlers.
type watcher struct {
	*inspector
	seen map[*starlark.Function]bool // looked up only
	sees bool                        // all nodes; else it is a handler's
}

// watchers reads what checks and the like ask, then what handlers do.
func (in *inspector) watchers() {
	w := &watcher{in, map[*starlark.Function]bool{}, true}
	for _, fn := range in.script.lookers {
		w.enter(fn)
	}
	w = &watcher{in, map[*starlark.Function]bool{}, false}
	for _, p := range in.script.declared {
		for _, fn := range p.callables() {
			w.enter(fn)
		}
	}
}

func (w *watcher) enter(v starlark.Value) {
	if b, ok := v.(*value.Bound); ok {
		v = b.Function()
	}
	fn, ok := v.(*starlark.Function)
	if !ok || w.seen[fn] {
		return
	}
	w.seen[fn] = true
	b := w.bodies[fn.Position()]
	if b == nil {
		return
	}
	denote := func(id *syntax.Ident) starlark.Value { return w.script.denoted(fn, b, id) }
	vars, set := w.members(b.node, denote), assigned(b)
	syntax.Walk(b.node, func(n syntax.Node) bool {
		w.globals(n, fn, set)
		switch n := n.(type) {
		case *syntax.Ident:
			w.enter(denote(n))
		case *syntax.CallExpr:
			w.call(n, denote)
		case *syntax.DotExpr:
			if w.sees {
				w.attr(n, vars, denote)
			}
		}
		return true
	})
}

// call looks at the names of services in a call.
func (w *watcher) call(call *syntax.CallExpr, denote func(*syntax.Ident) starlark.Value) {
	word := ""
	if dot, ok := call.Fn.(*syntax.DotExpr); ok && w.sees && dot.Name.Name == "providers" {
		word = "providers"
	} else if isWord(call.Fn, "serving") {
		word = "serving"
	}
	if service := argument(call, 0, "service"); word != "" && service != nil {
		w.service(call, parameter{}, word, "", spelled(service, denote))
	}
}

// attr looks at what is asked of a pipe, of nodes or of a group.
func (w *watcher) attr(dot *syntax.DotExpr, vars map[*syntax.Ident][]ecs.Node, denote func(*syntax.Ident) starlark.Value) {
	if p, ok := denoting(dot.X, denote).(*pipe); ok {
		w.judge(dot, p.lacks(dot.Name.Name))
		return
	}
	nodes := w.nodesAt(dot.X, denote)
	if id, ok := dot.X.(*syntax.Ident); ok && nodes == nil && first(id) != nil {
		nodes = vars[first(id)]
	}
	if len(nodes) == 0 {
		return
	}
	var err error
	for _, n := range nodes {
		if err = w.script.unseen(n, dot.Name.Name); err == nil {
			return // of one of them at least it can be asked
		}
	}
	w.judge(dot, err)
}

func (w *watcher) judge(dot *syntax.DotExpr, err error) {
	if err == nil {
		w.found(dot, parameter{}, nil)
		return
	}
	w.found(dot, parameter{}, &Error{Pos: dot.Dot, What: err.Error()})
}

// lacks says why a pipe has no such figure; nil if it has.
func (p *pipe) lacks(name string) error {
	if slices.Contains(pipeAttrs, name) {
		return nil
	}
	return fmt.Errorf("a pipe has no %q%s", name, didYouMean(name, pipeAttrs))
}

// unseen says why a check cannot see something of a node; nil if it can.
func (s *script) unseen(n ecs.Node, name string) error {
	p := s.programs[n.Program()]
	if p == nil || s.verbs[name] != nil || name == "random" {
		return nil // no check acts: the run says so
	}
	if _, declared := p.schema.index[name]; declared || slices.Contains(properties, name) || slices.Contains(lifeAttrs, name) {
		return nil
	}
	return s.unknownToChecks(p, name)
}

// denoting is the value of an expression that is a name, nil if it is another.
func denoting(x syntax.Expr, denote func(*syntax.Ident) starlark.Value) starlark.Value {
	if id, ok := x.(*syntax.Ident); ok {
		return denote(id)
	}
	return nil
}

// nodesAt returns the nodes that an expression may be: a name of nodes that stay
// what they are, or one of a group's; nil if that is not known.
func (w *watcher) nodesAt(x syntax.Expr, denote func(*syntax.Ident) starlark.Value) []ecs.Node {
	if at, ok := x.(*syntax.IndexExpr); ok {
		x = at.X
		if _, isGroup := denoting(x, denote).(*group); !isGroup {
			return nil
		}
	}
	switch v := denoting(x, denote).(type) {
	case value.Node:
		return []ecs.Node{v.Number()}
	case *group:
		if v.node == 0 {
			return v.nodes
		}
	}
	return nil
}

// members finds the variables that go over a group, and nothing else.
func (w *watcher) members(body syntax.Node, denote func(*syntax.Ident) starlark.Value) map[*syntax.Ident][]ecs.Node {
	vars := map[*syntax.Ident][]ecs.Node{} // looked up only
	syntax.Walk(body, func(n syntax.Node) bool {
		loop, ok := n.(*syntax.ForClause) // its variable is no other's
		if !ok {
			return true
		}
		if id, ok := loop.Vars.(*syntax.Ident); ok && first(id) != nil {
			if _, isGroup := denoting(loop.X, denote).(*group); isGroup {
				vars[first(id)] = w.nodesAt(loop.X, denote)
			}
		}
		return true
	})
	return vars
}

// serviceOf returns what a verb takes for the name of a service; nil if none.
func serviceOf(verb string, call *syntax.CallExpr) syntax.Expr {
	switch verb {
	case "call", "discover", "providers":
		return argument(call, 0, "service")
	case "withhold":
		return argument(call, 0, "name")
	}
	return nil
}

// names looks at the service that a verb names.
func (l *look) names(call *syntax.CallExpr, word string, service syntax.Expr) {
	denote := func(id *syntax.Ident) starlark.Value { return l.script.denoted(l.fn, l.of.body, id) }
	l.service(call, l.of, word, l.handler, spelled(service, denote))
}

// service keeps what is wrong with the name of a service, of which there may be
// several. A scenario may call what nobody provides, to see what comes of it;
// but nobody who means it asks how busy those are.
func (in *inspector) service(call *syntax.CallExpr, of parameter, word, handler string, names []string) {
	for _, name := range names {
		if e := in.known.canProvide(name); e != nil {
			in.found(call, of, &Error{Pos: call.Lparen, Handler: handler, What: word + ": " + e.What, mild: e.mild && word != "serving"})
			return
		}
	}
	in.found(call, of, nil)
}
