package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Globals are frozen when handlers and checks run: what would change one there
// cannot succeed, whatever led to it.

const frozenGlobal = "%s is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.%[1]s"

// globals looks whether a part of a function changes a global.
func (w *watcher) globals(n syntax.Node, fn *starlark.Function, assigned map[*syntax.Ident]bool) {
	switch n := n.(type) {
	case *syntax.AssignStmt:
		if id, ok := n.LHS.(*syntax.Ident); ok && n.Op != syntax.EQ {
			if isLocal(id) && !assigned[first(id)] && w.script.hasGlobal(fn, id.Name) {
				w.frozen(n, fn, id, n.OpPos)
			}
			return
		}
		eachTarget(n.LHS, func(x syntax.Expr) {
			if at, ok := x.(*syntax.IndexExpr); ok && w.isContainer(at.X) {
				w.frozen(n, fn, at.X.(*syntax.Ident), at.Lbrack)
			}
		})
	case *syntax.CallExpr:
		if dot, ok := n.Fn.(*syntax.DotExpr); ok && slices.Contains(changing, dot.Name.Name) && w.isContainer(dot.X) {
			w.frozen(n, fn, dot.X.(*syntax.Ident), dot.Dot)
		}
	}
}

func (w *watcher) frozen(n syntax.Node, fn *starlark.Function, id *syntax.Ident, pos syntax.Position) {
	w.found(n, parameter{}, &Error{Pos: pos, Handler: fn.Name(), What: fmt.Sprintf(frozenGlobal, id.Name)})
}

// isContainer reports whether an expression is the name of a global that is a
// list, a dict or a set.
func (w *watcher) isContainer(x syntax.Expr) bool {
	id, ok := x.(*syntax.Ident)
	if !ok {
		return false
	}
	switch w.script.globalOf(id).(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set:
		return true
	}
	return false
}

// hasGlobal reports whether a function's file has a global of a name.
func (s *script) hasGlobal(fn *starlark.Function, name string) bool {
	m := s.modules[fn.Position().Filename()]
	return m != nil && m.globals[name] != nil
}

// assigned finds the variables of a function that are given a value in another
// way than by += and its like.
func assigned(fn *body) map[*syntax.Ident]bool {
	found := map[*syntax.Ident]bool{} // looked up only
	target := func(x syntax.Expr) {
		if id, ok := x.(*syntax.Ident); ok {
			found[first(id)] = true
		}
	}
	eachBound(fn.node, func(x syntax.Expr, by *syntax.AssignStmt) {
		if by == nil || by.Op == syntax.EQ {
			eachTarget(x, target)
		}
	})
	syntax.Walk(fn.node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.DefStmt:
			target(n.Name)
		case *syntax.UnaryExpr: // *args, **kwargs
			target(n.X)
		}
		return true
	})
	return found
}

// isLocal reports whether a variable is one of the function that it stands in.
func isLocal(id *syntax.Ident) bool {
	b, ok := id.Binding.(*resolve.Binding)
	return ok && b.Scope == resolve.Local
}
