package scenario

import (
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
)

// reader looks whether a function can change nothing that it is shown. A check
// of which that is certain is shown state itself, and no copy: what a node has
// kept in a long run is too much to be copied for each look at it.
//
// It goes by the syntax. In doubt a function is none.
type reader struct {
	script *script
	bodies map[syntax.Position]*body
	known  map[*starlark.Function]bool // and those being looked at; looked up only
}

// onlyReads reports whether a function, and all that it may call, can change
// nothing that it is shown.
func (s *script) onlyReads(fn starlark.Callable) bool {
	if s.reader.known == nil {
		s.reader = reader{s, s.bodies(), map[*starlark.Function]bool{}}
	}
	return s.reader.value(fn)
}

// value reports whether a value that a function may call only reads.
func (r *reader) value(v starlark.Value) bool {
	switch v := v.(type) {
	case *value.Bound:
		for _, arg := range v.Args() {
			if !r.value(arg) {
				return false
			}
		}
		return r.value(v.Function())
	case *starlark.Function:
		return r.function(v)
	case *starlark.Builtin:
		return v.Receiver() == nil
	}
	return true
}

func (r *reader) function(fn *starlark.Function) bool {
	if only, known := r.known[fn]; known {
		return only
	}
	b := r.bodies[fn.Position()]
	if b == nil {
		return false
	}
	r.known[fn] = true // unless something else in it is not: it may call itself
	v := reading{r, fn, b, fresh(b.node)}
	only := true
	syntax.Walk(b.node, func(n syntax.Node) bool {
		only = only && v.reads(n)
		return only
	})
	if !only {
		// What was looked at meanwhile may have relied on this one.
		clear(r.known)
		r.known[fn] = false
	}
	return only
}

// reading is a function that is looked at.
type reading struct {
	*reader
	fn    *starlark.Function
	body  *body
	fresh map[*syntax.Ident]bool // variables that hold only lists and the like of its own
}

// reads reports whether a part of the function changes nothing but what is its
// own. Parts of the part are asked about for themselves.
func (r *reading) reads(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.AssignStmt:
		return r.assigns(n.LHS) && (n.Op == syntax.EQ || isNumber(n.RHS) || r.isFresh(n.LHS))
	case *syntax.ForStmt:
		return r.assigns(n.Vars)
	case *syntax.Comprehension:
		for _, c := range n.Clauses {
			if loop, ok := c.(*syntax.ForClause); ok && !r.assigns(loop.Vars) {
				return false
			}
		}
	case *syntax.DotExpr:
		return !slices.Contains(changing, n.Name.Name) || r.isFresh(n.X)
	case *syntax.CallExpr:
		return r.calls(n)
	case *syntax.Ident:
		return r.mentions(n)
	}
	return true
}

// assigns reports whether only variables, and elements of what is fresh, are
// assigned to.
func (r *reading) assigns(target syntax.Expr) bool {
	only := true
	eachTarget(target, func(x syntax.Expr) {
		switch x := x.(type) {
		case *syntax.Ident:
		case *syntax.IndexExpr:
			only = only && r.isFresh(x.X)
		default:
			only = false
		}
	})
	return only
}

// changing are the methods that change what they are methods of.
var changing = []string{
	"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update",
}

// asking are the methods that do not, of texts, lists, dicts, sets and nodes.
var asking = []string{
	"capitalize", "count", "difference", "elems", "endswith", "find", "format", "get", "index", "intersection",
	"isalnum", "isalpha", "isdigit", "islower", "isspace", "issubset", "issuperset", "istitle", "isupper", "items",
	"join", "keys", "lower", "lstrip", "param", "partition", "removeprefix", "removesuffix", "replace", "rfind",
	"rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
	"symmetric_difference", "title", "union", "upper", "values",
}

// calls reports whether what a call calls is known, and only reads.
func (r *reading) calls(call *syntax.CallExpr) bool {
	for i, arg := range call.Args {
		named, ok := arg.(*syntax.BinaryExpr)
		switch {
		case isStar(arg):
			return false
		case ok && named.Op == syntax.EQ && named.X.(*syntax.Ident).Name == "key":
			arg = named.Y
		case i == 0 || !isWord(call.Fn, "sorted"):
			continue
		}
		if !r.isKnown(arg) {
			return false // a word that will call it
		}
	}
	switch fn := call.Fn.(type) {
	case *syntax.Ident:
		if isWord(fn, fn.Name) {
			return fn.Name != "getattr"
		}
		v, ok := r.denotes(fn)
		return ok && r.value(v)
	case *syntax.DotExpr:
		id, ok := fn.X.(*syntax.Ident)
		return ok && isWord(id, id.Name) || slices.Contains(asking, fn.Name.Name) ||
			slices.Contains(changing, fn.Name.Name) && r.isFresh(fn.X)
	}
	return false
}

// isKnown reports whether an expression is a function that is looked at where
// it is mentioned, or nothing that can be called.
func (r *reading) isKnown(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.LambdaExpr:
		return true
	case *syntax.BinaryExpr:
		return x.Op == syntax.EQ
	case *syntax.Ident:
		_, ok := r.denotes(x)
		return ok || isWord(x, x.Name)
	}
	return false
}

// mentions reports whether a name that is mentioned is not that of a function
// that changes something.
func (r *reading) mentions(id *syntax.Ident) bool {
	if isWord(id, "getattr") {
		return false // it may be called by another name
	}
	v, ok := r.denotes(id)
	return !ok || r.value(v)
}

// denotes returns the value of a global, or of a variable that was captured.
func (r *reading) denotes(id *syntax.Ident) (starlark.Value, bool) {
	v := r.script.denoted(r.fn, r.body, id)
	return v, v != nil
}

func (r *reading) isFresh(x syntax.Expr) bool {
	id, ok := x.(*syntax.Ident)
	return ok && first(id) != nil && r.fresh[first(id)]
}

// fresh returns the variables of a function to which only lists, dicts and sets
// are assigned that are made right there.
func fresh(fn syntax.Node) map[*syntax.Ident]bool {
	found := map[*syntax.Ident]bool{}
	bind := func(x syntax.Expr, made bool) {
		eachTarget(x, func(x syntax.Expr) {
			if id, ok := x.(*syntax.Ident); ok && first(id) != nil {
				if is, met := found[first(id)]; !met || is {
					found[first(id)] = made
				}
			}
		})
	}
	eachBound(fn, func(target syntax.Expr, by *syntax.AssignStmt) {
		switch {
		case by == nil:
			bind(target, false)
		case by.Op == syntax.EQ:
			_, single := target.(*syntax.Ident)
			bind(target, single && isMade(by.RHS))
		}
	})
	return found
}

// isMade reports whether an expression makes a list, a dict or a set.
func isMade(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.ListExpr, *syntax.DictExpr, *syntax.Comprehension:
		return true
	case *syntax.CallExpr:
		return slices.ContainsFunc([]string{"list", "dict", "set", "sorted"}, func(w string) bool { return isWord(x.Fn, w) })
	}
	return false
}

// isNumber reports whether an expression is certainly a number, which added to
// a list would be an error.
func isNumber(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Literal:
		return x.Token == syntax.INT || x.Token == syntax.FLOAT
	case *syntax.CallExpr:
		return slices.ContainsFunc([]string{"len", "int", "float"}, func(w string) bool { return isWord(x.Fn, w) })
	}
	return false
}
