package scenario

import (
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/syntax"
)

// walkWith walks a tree, and tells of each node what is around it, outermost
// first.
func walkWith(root syntax.Node, do func(n syntax.Node, up []syntax.Node)) {
	var up []syntax.Node
	syntax.Walk(root, func(n syntax.Node) bool {
		if n == nil {
			up = up[:len(up)-1]
			return true
		}
		do(n, up)
		up = append(up, n)
		return true
	})
}

// eachTarget calls a function with each single thing that is assigned to.
func eachTarget(x syntax.Expr, do func(syntax.Expr)) {
	list := []syntax.Expr(nil)
	switch x := x.(type) {
	case *syntax.ParenExpr:
		list = []syntax.Expr{x.X}
	case *syntax.TupleExpr:
		list = x.List
	case *syntax.ListExpr:
		list = x.List
	default:
		do(x)
	}
	for _, y := range list {
		eachTarget(y, do)
	}
}

// eachBound calls do with what a part of a file gives a value to: targets of
// assignments, which come with them, of loops, and parameters of functions.
func eachBound(in syntax.Node, do func(target syntax.Expr, by *syntax.AssignStmt)) {
	params := func(list []syntax.Expr) {
		for _, p := range list {
			if id := named(p); id != nil {
				do(id, nil)
			}
		}
	}
	syntax.Walk(in, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			do(n.LHS, n)
		case *syntax.ForStmt:
			do(n.Vars, nil)
		case *syntax.ForClause:
			do(n.Vars, nil)
		case *syntax.DefStmt:
			params(n.Params)
		case *syntax.LambdaExpr:
			params(n.Params)
		}
		return true
	})
}

func targetNames(x syntax.Expr, names []string) []string {
	eachTarget(x, func(x syntax.Expr) {
		if id, ok := x.(*syntax.Ident); ok {
			names = append(names, id.Name)
		}
	})
	return names
}

// bound returns the global names that a statement binds.
func bound(stmt syntax.Stmt) []string {
	var names []string
	syntax.Walk(stmt, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			names = targetNames(n.LHS, names)
			return false
		case *syntax.ForStmt:
			names = targetNames(n.Vars, names)
		case *syntax.DefStmt:
			names = append(names, n.Name.Name)
			return false
		case *syntax.LoadStmt:
			for _, id := range n.To {
				names = append(names, id.Name)
			}
			return false
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// handedTo returns the call of which a value is an argument, by itself, in a
// list or a dict, or in a bind; nil if it is used in another way.
func handedTo(n syntax.Node, up []syntax.Node) *syntax.CallExpr {
	for i := len(up) - 1; i >= 0; i-- {
		switch x := up[i].(type) {
		case *syntax.DictEntry, *syntax.DictExpr, *syntax.ListExpr, *syntax.TupleExpr, *syntax.ParenExpr:
		case *syntax.BinaryExpr:
			if x.Op != syntax.EQ || x.X == n {
				return nil
			}
		case *syntax.CallExpr:
			switch {
			case x.Fn == n:
				return nil
			case !isWord(x.Fn, "bind") && !isWord(x.Fn, "serve") && !isWord(x.Fn, "subscription"):
				return x
			}
		default:
			return nil
		}
		n = up[i]
	}
	return nil
}

// isNamed reports whether an argument is given by name, or a parameter has a
// default.
func isNamed(p syntax.Expr) bool {
	b, ok := p.(*syntax.BinaryExpr)
	return ok && b.Op == syntax.EQ
}

// base returns the name that an expression begins with.
func base(x syntax.Expr) *syntax.Ident {
	switch x := x.(type) {
	case *syntax.Ident:
		return x
	case *syntax.ParenExpr:
		return base(x.X)
	case *syntax.DotExpr:
		return base(x.X)
	case *syntax.IndexExpr:
		return base(x.X)
	case *syntax.SliceExpr:
		return base(x.X)
	case *syntax.UnaryExpr:
		return base(x.X)
	case *syntax.BinaryExpr:
		if x.Op == syntax.EQ {
			return base(x.Y)
		}
	}
	return nil
}

func before(p, q syntax.Position) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col
}

// isStar reports whether an argument is *list or **dict.
func isStar(x syntax.Expr) bool {
	u, ok := x.(*syntax.UnaryExpr)
	return ok && (u.Op == syntax.STAR || u.Op == syntax.STARSTAR)
}

// isWord reports whether an expression is a word of the language.
func isWord(x syntax.Expr, word string) bool {
	id, ok := x.(*syntax.Ident)
	if !ok || id.Name != word {
		return false
	}
	b, ok := id.Binding.(*resolve.Binding)
	return ok && (b.Scope == resolve.Predeclared || b.Scope == resolve.Universal)
}

// literal returns an argument that is taken by place and written as text.
func literal(call *syntax.CallExpr, i int) (string, bool) {
	if i >= len(call.Args) {
		return "", false
	}
	for _, arg := range call.Args[:i] {
		if isStar(arg) || isNamed(arg) {
			return "", false
		}
	}
	text, ok := call.Args[i].(*syntax.Literal)
	if !ok || text.Token != syntax.STRING {
		return "", false
	}
	return text.Value.(string), true
}

// first is the first mention of the variable that an identifier denotes: all
// mentions of one variable have it in common.
func first(id *syntax.Ident) *syntax.Ident {
	if b, ok := id.Binding.(*resolve.Binding); ok {
		return b.First
	}
	return nil
}

// named returns the name of a parameter, with a default or without.
func named(p syntax.Expr) *syntax.Ident {
	if b, ok := p.(*syntax.BinaryExpr); ok {
		p = b.X
	}
	id, _ := p.(*syntax.Ident)
	return id
}

// rebound reports whether a function gives a parameter another value.
func rebound(fn syntax.Node, param *syntax.Ident) bool {
	found := false
	target := func(x syntax.Expr) {
		id, ok := x.(*syntax.Ident)
		found = found || ok && first(id) == first(param)
	}
	syntax.Walk(fn, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			eachTarget(n.LHS, target)
		case *syntax.ForStmt:
			eachTarget(n.Vars, target)
		case *syntax.DefStmt:
			target(n.Name)
		}
		return true
	})
	return found
}
