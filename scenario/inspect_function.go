package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/systems"
)

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
	if service := serviceOf(name, call); service != nil {
		l.names(call, "me."+name, service)
	}
	for i, arg := range call.Args {
		l.laterCall(name, i, arg)
		l.replies(name, arg)
	}
	switch name {
	case "call":
		l.arguments(call)
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

// value returns what a name denotes in the function; nil if that is not known.
func (l *look) value(x syntax.Expr) starlark.Value {
	if id, ok := x.(*syntax.Ident); ok {
		return l.script.denoted(l.fn, l.of.body, id)
	}
	return nil
}
