package scenario

import (
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// body is the syntax of a function.
type body struct {
	node   syntax.Node
	params []syntax.Expr
	inner  *resolve.Function
}

// bodies finds the functions that are written in the scenario's files, by where
// they are written.
func (s *script) bodies() map[syntax.Position]*body {
	found := map[syntax.Position]*body{}
	for _, name := range s.order {
		m := s.modules[name]
		if m.file == nil {
			continue
		}
		syntax.Walk(m.file, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.DefStmt:
				found[n.Def] = &body{n, n.Params, n.Function.(*resolve.Function)}
			case *syntax.LambdaExpr:
				found[n.Lambda] = &body{n, n.Params, n.Function.(*resolve.Function)}
			}
			return true
		})
	}
	return found
}

// param returns a parameter that is taken by place.
func (b *body) param(i int) *syntax.Ident {
	if i >= len(b.params) {
		return nil
	}
	for _, p := range b.params[:i+1] {
		if _, star := p.(*syntax.UnaryExpr); star {
			return nil
		}
	}
	return named(b.params[i])
}

// paramNamed returns the place of a parameter; -1 if there is none.
func (b *body) paramNamed(name string) int {
	return slices.IndexFunc(b.params, func(p syntax.Expr) bool {
		id := named(p)
		return id != nil && id.Name == name
	})
}

// denoted returns what a name denotes within a function: a global, or a variable
// that it captured. Globals are frozen when handlers run. It is nil if that is
// not known.
func (s *script) denoted(fn *starlark.Function, of *body, id *syntax.Ident) starlark.Value {
	b, ok := id.Binding.(*resolve.Binding)
	if !ok {
		return nil
	}
	if b.Scope == resolve.Global {
		return s.modules[fn.Position().Filename()].globals[id.Name]
	}
	for i, free := range of.inner.FreeVars {
		if b.First != nil && free.First == b.First {
			_, v := fn.FreeVar(i)
			return v
		}
	}
	return nil
}
