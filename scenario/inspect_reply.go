package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// replies looks at what a function that goes on after a call asks of the reply.
// It is sure only of a function that nothing else is done with.
func (l *look) replies(verb string, arg syntax.Expr) {
	named, ok := arg.(*syntax.BinaryExpr)
	if verb != "call" && verb != "discover" || !ok || named.Op != syntax.EQ || named.X.(*syntax.Ident).Name != "then" {
		return
	}
	then := named.Y
	if b, ok := then.(*syntax.CallExpr); ok && isWord(b.Fn, "bind") && len(b.Args) > 0 {
		then = b.Args[0]
	}
	var b *body
	switch x := then.(type) {
	case *syntax.LambdaExpr:
		b = l.bodies[x.Lambda]
	case *syntax.Ident:
		if fn, ok := l.value(x).(*starlark.Function); ok {
			b = l.bodies[fn.Position()]
		}
	}
	if b == nil || b.param(1) == nil || rebound(b.node, b.param(1)) || !l.onlyGoesOn(b) {
		return
	}
	reply := first(b.param(1))
	syntax.Walk(b.node, func(n syntax.Node) bool {
		dot, ok := n.(*syntax.DotExpr)
		if !ok {
			return true
		}
		if id, ok := dot.X.(*syntax.Ident); ok && first(id) == reply && reply != nil {
			name := dot.Name.Name
			var err error
			if !slices.Contains(gatherNames, name) {
				err = fmt.Errorf("a reply has no %q%s", name, didYouMean(name, gatherNames))
			}
			if err != nil {
				l.inspector.found(dot, parameter{}, &Error{Pos: dot.Dot, Handler: b.name(), What: err.Error()})
			}
		}
		return true
	})
}

// name is what errors call a function.
func (b *body) name() string {
	if def, ok := b.node.(*syntax.DefStmt); ok {
		return def.Name.Name
	}
	return "lambda"
}

// onlyGoesOn reports whether a function is mentioned only as the then of me.call
// and me.discover.
func (in *inspector) onlyGoesOn(b *body) bool {
	only := true
	in.eachFile(func(n syntax.Node, up []syntax.Node) {
		if !only || !in.mentions(n, b) {
			return
		}
		if def, ok := up[len(up)-1].(*syntax.DefStmt); ok && def.Name == n {
			return
		}
		if bind, ok := up[len(up)-1].(*syntax.CallExpr); ok && isWord(bind.Fn, "bind") && bind.Args[0] == n {
			n, up = bind, up[:len(up)-1]
		}
		only = isThen(n, up)
	})
	return only
}

func isThen(n syntax.Node, up []syntax.Node) bool {
	if len(up) < 2 {
		return false
	}
	named, ok := up[len(up)-1].(*syntax.BinaryExpr)
	call, isCall := up[len(up)-2].(*syntax.CallExpr)
	if !ok || !isCall || named.Op != syntax.EQ || named.Y != n {
		return false
	}
	word, isName := named.X.(*syntax.Ident)
	verb, isVerb := call.Fn.(*syntax.DotExpr)
	return isName && isVerb && word.Name == "then" && (verb.Name.Name == "call" || verb.Name.Name == "discover")
}
