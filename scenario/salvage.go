package scenario

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// salvage finds the further errors of a scenario that does not load. It leaves
// out the statement of the top level that failed, and all that may depend on
// it, and reads the rest from the begin, until that loads.
//
// Invariant: what is left out is at least what an error might follow from, so
// that none that is said is due to another. In doubt more is left out.
type salvage struct {
	path    string
	file    *syntax.File // names resolved, as far as they can be
	gone    []bool       // statements that are left out
	errs    Errors
	unknown map[string]bool // undefined names, which stand for None

	// Names whose values are not what they would be, and functions that use such
	// or might fail again: those may be declared, but not called.
	tainted, weak map[string]bool
}

const (
	mostErrors   = 20
	mostEffort   = 2_000_000 // nodes and links made again, and steps taken in tens
	madePrograms = "send"    // tainted: programs may be missing, so who handles what is not known
)

// kept is a file system that reads no file twice: a second time stdin would be
// empty.
type kept struct {
	fs.FS
	files map[string][]byte
}

func (k kept) ReadFile(name string) ([]byte, error) {
	if data, ok := k.files[name]; ok {
		return data, nil
	}
	data, err := fs.ReadFile(k.FS, name)
	if err == nil {
		k.files[name] = data
	}
	return data, err
}

// salvage returns what made the scenario fail, and what else is wrong with it.
func (s *script) salvage(err error) Errors {
	v := &salvage{path: s.path, unknown: map[string]bool{}, tainted: map[string]bool{}, weak: map[string]bool{}}
	files := kept{s.fsys, map[string][]byte{}}
	for _, x := range s.sources {
		files.files[x.Path] = x.Data
	}
	if !v.parse(files.files[s.path], s.builtin) {
		return loadErrors(err)
	}
	for effort := s.effort(); ; {
		v.add(loadErrors(err))
		if len(v.errs) >= mostErrors || effort > mostEffort || !v.leaveOut(err) {
			return v.errs
		}
		s = newScript(files, s.path, s.options)
		s.without = v
		if err = s.load(s.path); err == nil {
			v.add(s.finish())
			v.add(s.inspect(v))
			return v.errs
		}
		effort += s.effort()
	}
}

// effort is what it has taken to read a scenario so far.
func (s *script) effort() int {
	return s.run.World.LiveNodes() + s.run.Links.Len() + int(s.steps/10)
}

// add adds errors that were not met before.
func (v *salvage) add(errs Errors) {
	for _, e := range errs {
		if !slices.ContainsFunc(v.errs, func(x *Error) bool { return x.Error() == e.Error() }) {
			v.errs = append(v.errs, e)
		}
	}
}

func (v *salvage) parse(text []byte, words starlark.StringDict) bool {
	file, err := dialect.Parse(v.path, text, 0)
	if err != nil {
		return false
	}
	var list resolve.ErrorList
	if err := resolve.File(file, words.Has, starlark.Universe.Has); err != nil && !errors.As(err, &list) {
		return false
	}
	v.file, v.gone = file, make([]bool, len(file.Stmts))
	return true
}

// reduce leaves out of a file what is to be, and returns the words that it may
// use. The names that are bound there are still bound: functions mention them.
func (v *salvage) reduce(file *syntax.File, words starlark.StringDict) starlark.StringDict {
	var left []syntax.Stmt
	for i, stmt := range file.Stmts {
		if !v.gone[i] {
			left = append(left, stmt)
			continue
		}
		pos := syntax.Start(stmt)
		for _, name := range bound(v.file.Stmts[i]) {
			left = append(left, &syntax.AssignStmt{
				OpPos: pos, Op: syntax.EQ,
				LHS: &syntax.Ident{NamePos: pos, Name: name}, RHS: &syntax.Ident{NamePos: pos, Name: "None"},
			})
		}
	}
	file.Stmts = left
	words = maps.Clone(words)
	for name := range v.unknown { //det:allow the result is a map
		words[name] = starlark.None
	}
	return words
}

// leaveOut leaves out what an error arose in, and what may depend on that. It
// reports false if it cannot tell, or has done so already.
func (v *salvage) leaveOut(err error) bool {
	var eval *starlark.EvalError
	var list resolve.ErrorList
	switch {
	case errors.As(err, &eval):
		at := -1
		for _, frame := range eval.CallStack {
			if frame.Pos.Line == 0 || frame.Pos.Filename() != v.path {
				continue
			}
			i := v.statement(frame.Pos)
			if at < 0 {
				at = i
			} else if def, ok := v.file.Stmts[i].(*syntax.DefStmt); ok {
				v.weak[def.Name.Name] = true // it would fail again for who else calls it
			}
		}
		if at < 0 || v.gone[at] {
			return false
		}
		v.drop(at)
		v.spread(at + 1)
		return true
	case errors.As(err, &list):
		more := false
		for _, e := range list {
			if name, ok := undefinedName(e.Msg); ok {
				more = more || !v.unknown[name]
				v.unknown[name], v.tainted[name] = true, true
			} else if i := v.statement(e.Pos); !v.gone[i] {
				more = true
				v.drop(i)
			}
		}
		v.spread(0)
		return more
	}
	return false
}

// statement returns which statement of the top level a place is in.
func (v *salvage) statement(pos syntax.Position) int {
	at := 0
	for i, stmt := range v.file.Stmts {
		if before(pos, syntax.Start(stmt)) {
			break
		}
		at = i
	}
	return at
}

func before(p, q syntax.Position) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col
}

// drop leaves a statement out: the names that it binds, and those whose values
// it might have changed, are not what they would be.
func (v *salvage) drop(i int) {
	v.gone[i] = true
	for _, name := range bound(v.file.Stmts[i]) {
		v.tainted[name] = true
	}
	if _, isDef := v.file.Stmts[i].(*syntax.DefStmt); !isDef {
		v.changes(i, v.file.Stmts[i], map[string]bool{})
	}
}

// spread leaves out the statements, from one on, that use what is tainted.
func (v *salvage) spread(from int) {
	for again := true; again; {
		again = false
		for i, stmt := range v.file.Stmts {
			if v.gone[i] {
				continue
			}
			def, isDef := stmt.(*syntax.DefStmt)
			switch {
			case isDef && !v.weak[def.Name.Name] && v.uses(i, stmt, false):
				v.weak[def.Name.Name], again = true, true
			case !isDef && i >= from && v.uses(i, stmt, true):
				v.drop(i)
				again = true
			}
		}
	}
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

func targetNames(x syntax.Expr, names []string) []string {
	eachTarget(x, func(x syntax.Expr) {
		if id, ok := x.(*syntax.Ident); ok {
			names = append(names, id.Name)
		}
	})
	return names
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

// isOuter reports whether a name is one of the whole file, or a word, and not a
// variable within the i-th statement.
func (v *salvage) isOuter(i int, id *syntax.Ident) bool {
	b, ok := id.Binding.(*resolve.Binding)
	if !ok {
		return false // the name of an argument or an attribute
	}
	return b.First == nil || b.Scope == resolve.Global || v.statement(b.First.NamePos) != i
}

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

// deferring are the words whose functions are called in the run, and not while
// the scenario is read.
var deferring = []string{
	"program", "always", "never", "eventually", "sometimes", "series", "when",
	"crash", "restart", "pause", "resume", "cut", "partition", "isolate", "slow", "send", "stage", "pipe",
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

// isNamed reports whether an argument is given by name, or a parameter has a
// default.
func isNamed(p syntax.Expr) bool {
	b, ok := p.(*syntax.BinaryExpr)
	return ok && b.Op == syntax.EQ
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

// undefinedName returns the name that a message of the resolver is about.
func undefinedName(msg string) (string, bool) {
	name, ok := strings.CutPrefix(msg, "undefined: ")
	name, _, _ = strings.Cut(name, " ")
	return name, ok
}
