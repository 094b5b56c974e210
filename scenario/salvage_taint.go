package scenario

import (
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/syntax"
)

// uses reports whether the i-th statement uses what is tainted; run says
// whether it is run, or only declares a function.
func (v *salvage) uses(i int, stmt syntax.Stmt, run bool) bool {
	found := false
	walkWith(stmt, func(n syntax.Node, up []syntax.Node) {
		switch n := n.(type) {
		case *syntax.Ident:
			if v.isOuter(i, n) {
				found = found || v.tainted[n.Name] || v.weak[n.Name] && (!run || !isDeferred(n, up))
			}
		case *syntax.DotExpr:
			// Links may be missing.
			found = found || n.Name.Name == "neighbours" && slices.Contains(v.gone, true)
		}
	})
	return found
}

// isOuter reports whether a name is one of the whole file, or a word, and not a
// variable within the i-th statement.
func (v *salvage) isOuter(i int, id *syntax.Ident) bool {
	b, ok := id.Binding.(*resolve.Binding)
	if !ok {
		return false // the name of an argument or an attribute
	}
	return b.First == nil || b.Scope == resolve.Global || v.statement(b.First.NamePos) != i
}

// deferring are the words whose functions are called in the run, and not while
// the scenario is read.
var deferring = []string{
	"program", "always", "never", "eventually", "sometimes", "series", "when",
	"crash", "lose_disk", "start", "stop", "restart", "pause", "resume", "cut", "partition", "isolate", "slow", "send", "set", "join", "leave", "stage", "pipe",
}

// isDeferred reports whether a function that is mentioned is only handed to such
// a word.
func isDeferred(n syntax.Node, up []syntax.Node) bool {
	for i, x := range up {
		if lambda, ok := x.(*syntax.LambdaExpr); ok {
			if slices.ContainsFunc(lambda.Params, isNamed) {
				return false
			}
			n, up = x, up[:i] // whatever it does, it does it later
			break
		}
	}
	word := handedTo(n, up)
	return word != nil && slices.ContainsFunc(deferring, func(w string) bool { return isWord(word.Fn, w) })
}

// changes taints what running a part of the i-th statement might have changed.
func (v *salvage) changes(i int, part syntax.Node, seen map[string]bool) {
	taint := func(x syntax.Expr) {
		if id := base(x); id != nil && v.isOuter(i, id) && (id.Name == "random" || !isWord(id, id.Name)) {
			v.tainted[id.Name] = true
			v.aliases(id.Name)
		}
	}
	syntax.Walk(part, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			eachTarget(n.LHS, taint)
		case *syntax.Ident:
			if isWord(n, "program") {
				v.tainted[madePrograms] = true
			}
			if j, ok := v.def(n.Name); ok && v.isOuter(i, n) && !seen[n.Name] {
				seen[n.Name] = true
				v.changes(j, v.file.Stmts[j], seen)
			}
		case *syntax.CallExpr:
			if dot, ok := n.Fn.(*syntax.DotExpr); ok {
				taint(dot.X)
				return true
			}
			if id, ok := n.Fn.(*syntax.Ident); ok && isWord(id, id.Name) {
				return true
			}
			for _, arg := range n.Args { // a function of the scenario may change what it is given
				taint(arg)
			}
			if id, ok := n.Fn.(*syntax.Ident); !ok || !v.isDef(id.Name) {
				v.tainted[madePrograms], v.tainted["random"] = true, true // it may do anything
			}
		}
		return true
	})
}

// aliases taints the names that may stand for the value of another, or hold it.
func (v *salvage) aliases(name string) {
	for _, stmt := range v.file.Stmts {
		assign, ok := stmt.(*syntax.AssignStmt)
		if !ok {
			continue
		}
		names := holds(assign.RHS, nil)
		targets := targetNames(assign.LHS, nil)
		if slices.Contains(names, name) || slices.Contains(targets, name) {
			for _, other := range slices.Concat(names, targets) {
				if !v.tainted[other] {
					v.tainted[other] = true
					v.aliases(other)
				}
			}
		}
	}
}

// holds lists the names whose values an expression is, or has in it.
func holds(x syntax.Expr, names []string) []string {
	list := []syntax.Expr(nil)
	switch x := x.(type) {
	case *syntax.Ident:
		if !isWord(x, x.Name) {
			return append(names, x.Name)
		}
	case *syntax.ParenExpr:
		list = []syntax.Expr{x.X}
	case *syntax.IndexExpr:
		list = []syntax.Expr{x.X}
	case *syntax.CondExpr:
		list = []syntax.Expr{x.True, x.False}
	case *syntax.ListExpr:
		list = x.List
	case *syntax.TupleExpr:
		list = x.List
	case *syntax.DictExpr:
		list = x.List
	case *syntax.DictEntry:
		list = []syntax.Expr{x.Value}
	}
	for _, y := range list {
		names = holds(y, names)
	}
	return names
}

// def returns the statement that defines a function.
func (v *salvage) def(name string) (int, bool) {
	i := slices.IndexFunc(v.file.Stmts, func(stmt syntax.Stmt) bool {
		def, ok := stmt.(*syntax.DefStmt)
		return ok && def.Name.Name == name
	})
	return i, i >= 0
}

func (v *salvage) isDef(name string) bool {
	_, ok := v.def(name)
	return ok
}

// reached are the functions that what is left out mentions, and those that they
// do: a program might be missing that runs them.
func (v *salvage) reached() map[string]bool {
	names := map[string]bool{}
	var from func(i int)
	from = func(i int) {
		syntax.Walk(v.file.Stmts[i], func(n syntax.Node) bool {
			if id, ok := n.(*syntax.Ident); ok && v.isOuter(i, id) && !names[id.Name] {
				names[id.Name] = true
				if j, ok := v.def(id.Name); ok {
					from(j)
				}
			}
			return true
		})
	}
	for i, gone := range v.gone {
		if gone {
			from(i)
		}
	}
	return names
}
