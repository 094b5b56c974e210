package scenario

import (
	"slices"

	"go.starlark.net/syntax"
)

// doubtless keeps the places that are wrong beyond doubt. This is asked only
// when something seems wrong.
func (in *inspector) doubtless(wrong []*place, without *salvage) []*place {
	asked, any := in.asked()
	doubted := map[parameter]bool{}
	for _, x := range wrong {
		if _, known := doubted[x.of]; !known && x.of.body != nil {
			doubted[x.of] = in.takesOthers(x.of)
		}
	}
	reached := map[string]bool{}
	if without != nil {
		reached = without.reached()
	}
	return slices.DeleteFunc(wrong, func(x *place) bool {
		switch {
		case doubted[x.of], x.attr != "" && (any || asked[x.attr]):
			return true
		case without == nil:
			return false
		case x.attr == "" && without.tainted[madePrograms], x.err.Pos.Filename() != without.path:
			return true
		}
		def, ok := without.file.Stmts[without.statement(x.err.Pos)].(*syntax.DefStmt)
		return ok && (reached[def.Name.Name] || without.unknown[x.attr])
	})
}

// asked returns the names that some code asks hasattr for, and whether it may
// ask for any: it can know what a node has.
func (in *inspector) asked() (names map[string]bool, any bool) {
	names = map[string]bool{}
	in.eachFile(func(n syntax.Node, up []syntax.Node) {
		id, ok := n.(*syntax.Ident)
		switch {
		case !ok:
		case isWord(id, "dir"):
			any = true
		case isWord(id, "hasattr"):
			call, ok := up[len(up)-1].(*syntax.CallExpr)
			name, written := "", false
			if ok {
				name, written = literal(call, 1)
			}
			names[name] = true
			any = any || !written
		}
	})
	return names, any
}

func (in *inspector) eachFile(do func(n syntax.Node, up []syntax.Node)) {
	for _, name := range in.script.order {
		if m := in.script.modules[name]; m.file != nil {
			walkWith(m.file, do)
		}
	}
}

// takesOthers reports whether a parameter may take something else than an own
// node: whether the function is used in any other way than as a handler, or
// called with one.
func (in *inspector) takesOthers(of parameter) bool {
	others := false
	in.eachFile(func(n syntax.Node, up []syntax.Node) {
		if others || !in.mentions(n, of.body) {
			return
		}
		if def, ok := up[len(up)-1].(*syntax.DefStmt); ok && def.Name == n {
			return
		}
		if _, ok := up[len(up)-1].(*syntax.LoadStmt); ok {
			return
		}
		if call, ok := up[len(up)-1].(*syntax.CallExpr); ok && call.Fn == n {
			others = !in.givesMe(call, of)
			return
		}
		call := handedTo(n, up)
		others = of.index != 0 || call == nil || !isWord(call.Fn, "program") && !isWord(call.Fn, "stage") && !in.isVerb(call.Fn)
	})
	return others
}

// mentions reports whether a node of the syntax is a function, or may name it.
func (in *inspector) mentions(n syntax.Node, b *body) bool {
	def, isDef := b.node.(*syntax.DefStmt)
	if !isDef {
		return n == b.node
	}
	id, ok := n.(*syntax.Ident)
	if !ok || first(id) == nil {
		return false
	}
	if first(id) == first(def.Name) {
		return true
	}
	return in.loaded[first(id)] == def.Name.Name && in.loaded[first(id)] != ""
}

// givesMe reports whether a call gives a function an own node as a parameter.
func (in *inspector) givesMe(call *syntax.CallExpr, of parameter) bool {
	for i, arg := range call.Args {
		if isStar(arg) {
			return false
		}
		if named, ok := arg.(*syntax.BinaryExpr); ok && named.Op == syntax.EQ {
			i, arg = of.body.paramNamed(named.X.(*syntax.Ident).Name), named.Y
		}
		if id, ok := arg.(*syntax.Ident); ok && i == of.index {
			return in.own[first(id)]
		}
	}
	return false
}

// isVerb reports whether a function is a verb of an own node.
func (in *inspector) isVerb(fn syntax.Expr) bool {
	dot, ok := fn.(*syntax.DotExpr)
	if !ok {
		return false
	}
	id, ok := dot.X.(*syntax.Ident)
	return ok && in.own[first(id)]
}
