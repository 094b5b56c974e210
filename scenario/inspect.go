package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
	"orrery/systems"
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
}

// body is the syntax of a function.
type body struct {
	node   syntax.Node
	params []syntax.Expr
	inner  *resolve.Function
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
		script: s, bodies: map[syntax.Position]*body{}, places: map[syntax.Node]*place{},
		own: map[*syntax.Ident]bool{}, loaded: map[*syntax.Ident]string{},
	}
	for _, name := range s.order {
		if m := s.modules[name]; m.file != nil {
			in.index(m.file)
		}
	}
	for _, p := range s.declared {
		in.program(p)
	}
	wrong := slices.DeleteFunc(in.order, func(x *place) bool { return x.fine })
	if len(wrong) == 0 {
		return nil
	}
	wrong = in.doubtless(wrong, without)
	var errs Errors
	for _, x := range wrong {
		errs = append(errs, x.err)
	}
	return errs
}

// index finds the functions that are written in a file.
func (in *inspector) index(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.DefStmt:
			in.bodies[n.Def] = &body{n, n.Params, n.Function.(*resolve.Function)}
		case *syntax.LambdaExpr:
			in.bodies[n.Lambda] = &body{n, n.Params, n.Function.(*resolve.Function)}
		case *syntax.LoadStmt:
			for i, id := range n.To {
				in.loaded[first(id)] = n.From[i].Name
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

// named returns the name of a parameter, with a default or without.
func named(p syntax.Expr) *syntax.Ident {
	if b, ok := p.(*syntax.BinaryExpr); ok {
		p = b.X
	}
	id, _ := p.(*syntax.Ident)
	return id
}

// first is the first mention of the variable that an identifier denotes: all
// mentions of one variable have it in common.
func first(id *syntax.Ident) *syntax.Ident {
	if b, ok := id.Binding.(*resolve.Binding); ok {
		return b.First
	}
	return nil
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

// look is a function being read for one program.
type look struct {
	*inspector
	program *program
	seen    map[visit]bool
	fn      *starlark.Function
	of      parameter
	me      *syntax.Ident
	handler string
}

func (l *look) read() {
	written := map[*syntax.DotExpr]bool{} // true: and read before
	write := func(readToo bool) func(syntax.Expr) {
		return func(x syntax.Expr) {
			if dot, ok := x.(*syntax.DotExpr); ok {
				written[dot] = readToo
			}
		}
	}
	syntax.Walk(l.of.body.node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			eachTarget(n.LHS, write(n.Op != syntax.EQ))
		case *syntax.ForStmt:
			eachTarget(n.Vars, write(false))
		case *syntax.DotExpr:
			if !l.isMe(n.X) {
				return true
			}
			readToo, write := written[n]
			err := error(nil)
			if readToo || !write {
				err = l.script.lacks(l.program, n.Name.Name)
			}
			if _, declared := l.program.schema.index[n.Name.Name]; err == nil && write && !declared {
				_, err = l.program.find(n.Name.Name)
			}
			l.found(n, n.Dot, err)
		case *syntax.CallExpr:
			l.call(n)
		}
		return true
	})
}

func (l *look) isMe(x syntax.Expr) bool {
	id, ok := x.(*syntax.Ident)
	return ok && first(id) != nil && first(id) == first(l.me)
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

func (l *look) found(n syntax.Node, pos syntax.Position, err error) {
	if err == nil {
		l.inspector.found(n, l.of, nil)
		return
	}
	l.inspector.found(n, l.of, &Error{Pos: pos, Handler: l.handler, What: err.Error()})
}

// call looks at a call: a verb, or a function that takes the own node.
func (l *look) call(call *syntax.CallExpr) {
	if verb, ok := call.Fn.(*syntax.DotExpr); ok && l.isMe(verb.X) {
		l.verb(verb.Name.Name, call)
		return
	}
	callee, ok := l.value(call.Fn).(*starlark.Function)
	if !ok {
		return
	}
	b := l.bodies[callee.Position()]
	if b == nil {
		return
	}
	for i, arg := range call.Args {
		if isStar(arg) {
			return // what comes after may be anywhere
		}
		if named, ok := arg.(*syntax.BinaryExpr); ok && named.Op == syntax.EQ {
			i, arg = b.paramNamed(named.X.(*syntax.Ident).Name), named.Y
		}
		if i >= 0 && l.isMe(arg) {
			l.enter(l.program, l.seen, callee, i, l.handler)
		}
	}
}

// verb looks at the words in a call of a verb, and follows its functions.
func (l *look) verb(name string, call *syntax.CallExpr) {
	s := l.script
	switch name {
	case "send":
		if kind, ok := literal(call, 1); ok {
			_, handled := s.kinds.find(kind)
			var err error
			if !handled {
				err = fmt.Errorf("no program handles a message of kind %q%s", kind, didYouMean(kind, s.kinds.names))
			}
			l.found(call, call.Lparen, err)
		}
	case "around":
		if field, ok := literal(call, 0); ok {
			err := s.canSee(l.program, field)
			if err != nil {
				err = fmt.Errorf("me.around: %w", err)
			}
			l.found(call, call.Lparen, err)
		}
	case "push":
		if pipe, ok := literal(call, 0); ok && s.without == nil {
			err := s.findPipe(pipe)
			if err != nil {
				err = fmt.Errorf("me.push: %w", err)
			}
			l.found(call, call.Lparen, err)
		}
	case "publish":
		if name, ok := literal(call, 0); ok {
			err := systems.CheckFeedName(name)
			if err != nil {
				err = fmt.Errorf("me.publish: %w", err)
			}
			l.found(call, call.Lparen, err)
		}
	case "param", "set_param", "param_version":
		if param, ok := literal(call, 0); ok && s.without == nil {
			_, err := s.findParam(param)
			if err != nil {
				err = fmt.Errorf("me.%s: %w", name, err)
			}
			l.found(call, call.Lparen, err)
		}
	}
	for i, arg := range call.Args {
		if fn := laterFunction(name, i, arg); fn != nil {
			l.later(fn)
		}
	}
}

// later follows the own node into a function that a verb was given, or into
// those of serve(…).
func (l *look) later(fn syntax.Expr) {
	if call, ok := fn.(*syntax.CallExpr); ok && isWord(call.Fn, "serve") {
		for _, arg := range call.Args {
			if named, ok := arg.(*syntax.BinaryExpr); ok && named.Op == syntax.EQ {
				arg = named.Y
			}
			l.later(arg)
		}
		return
	}
	v := l.value(fn)
	if how, ok := v.(*served); ok {
		l.enter(l.program, l.seen, how.fn, 0, "")
		l.enter(l.program, l.seen, how.time, 0, "")
		return
	}
	l.enter(l.program, l.seen, v, 0, "")
}

// laterFunction returns the argument of a verb that will be called with the own
// node, without what is bound to it.
func laterFunction(verb string, i int, arg syntax.Expr) syntax.Expr {
	named, ok := arg.(*syntax.BinaryExpr)
	switch {
	case ok && named.Op == syntax.EQ:
		if word := named.X.(*syntax.Ident).Name; word != "then" && (!takesFunction(verb) || word != "fn") {
			return nil
		}
		arg = named.Y
	case i != functionAt(verb):
		return nil
	}
	if call, ok := arg.(*syntax.CallExpr); ok && isWord(call.Fn, "bind") && len(call.Args) > 0 {
		return call.Args[0]
	}
	return arg
}

// takesFunction reports whether a verb's second argument is a handler.
func takesFunction(verb string) bool {
	return verb == "after" || verb == "provide" || verb == "subscribe"
}

// functionAt returns which argument of a verb is a handler; -1: none, but then.
func functionAt(verb string) int {
	switch {
	case takesFunction(verb):
		return 1
	case verb == "set_param":
		return 2
	}
	return -1
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

// value returns what a name denotes in the function: a global, or a variable
// that it captured. Globals are frozen when handlers run.
func (l *look) value(x syntax.Expr) starlark.Value {
	id, ok := x.(*syntax.Ident)
	if !ok {
		return nil
	}
	b, ok := id.Binding.(*resolve.Binding)
	if !ok {
		return nil
	}
	if b.Scope == resolve.Global {
		return l.script.modules[l.fn.Position().Filename()].globals[id.Name]
	}
	for i, free := range l.of.body.inner.FreeVars {
		if b.First != nil && free.First == b.First {
			_, v := l.fn.FreeVar(i)
			return v
		}
	}
	return nil
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

// doubtless keeps the places that are wrong beyond doubt. This is asked only
// when something seems wrong.
func (in *inspector) doubtless(wrong []*place, without *salvage) []*place {
	asked, any := in.asked()
	doubted := map[parameter]bool{}
	for _, x := range wrong {
		if _, known := doubted[x.of]; !known {
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
