package scenario

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
	"orrery/systems"
)

// called says how the engine calls a function: as what, and with which arguments
// by place.
type called struct {
	as   string // empty: of those the callers give the rest
	args string
	fn   starlark.Value
}

// calledAs lists how a program's functions are called.
func (p *program) calledAs() []called {
	var all []called
	add := func(fn starlark.Callable, as, args string) {
		if fn != nil {
			all = append(all, called{as, args, fn})
		}
	}
	for _, kind := range p.kinds {
		add(p.on[kind], fmt.Sprintf("on %q", kind), "me, msg")
	}
	for _, key := range p.watched {
		add(p.watches[key], "watches", "me, value")
	}
	for _, fn := range p.hears {
		add(fn, "subscribes", "me, value")
	}
	for _, x := range p.stages {
		add(x.fn, "pulls", "me, item")
		add(x.time, "the time of a stage", "me")
	}
	for _, x := range p.drains {
		add(x.fn, "drains", "me")
	}
	for _, r := range p.every {
		add(r.fn, "every", "me")
	}
	add(p.onStart, "on_start", "me")
	add(p.onStop, "on_stop", "me")
	return all
}

// wrongArguments returns which functions of a program cannot be called as they
// will be.
func (in *inspector) wrongArguments(p *program) Errors {
	var errs Errors
	for _, c := range p.calledAs() {
		fn, bound := c.fn, 0
		if b, ok := fn.(*value.Bound); ok {
			fn, bound = b.Function(), len(b.Args())
		}
		f, ok := fn.(*starlark.Function)
		if !ok || in.bodies[f.Position()] == nil {
			continue
		}
		if params := in.bodies[f.Position()].params; !takes(params, wordsIn(c.args)+bound) {
			errs = append(errs, &Error{Pos: f.Position(), What: wrongCall(c.as, f.Name(), c.args, bound, params)})
		}
	}
	return errs
}

func wordsIn(args string) int { return strings.Count(args, ",") + 1 }

// wrongCall says how a function is called, and how it is written.
func wrongCall(as, name, args string, bound int, params []syntax.Expr) string {
	args += strings.Repeat(", bound", bound)
	var written []string
	for _, p := range params {
		text := "*"
		if id := named(p); id != nil {
			text = id.Name
		}
		if isNamed(p) {
			text += " = …"
		}
		written = append(written, text)
	}
	return fmt.Sprintf("%s: %s is called as %[2]s(%s), and takes (%s)", as, name, args, strings.Join(written, ", "))
}

// takes reports whether a function with some parameters can be called with a
// number of arguments by place.
func takes(params []syntax.Expr, n int) bool {
	byPlace, star := 0, false
	for _, p := range params {
		switch x := p.(type) {
		case *syntax.UnaryExpr:
			if x.Op == syntax.STAR && x.X != nil {
				return !needs(params, n) // *args takes what is left
			}
			star = star || x.Op == syntax.STAR
		default:
			if !star {
				byPlace++
			}
		}
	}
	return n <= byPlace && !needs(params, n)
}

// needs reports whether a parameter beyond the first n has no default.
func needs(params []syntax.Expr, n int) bool {
	for i, p := range params {
		if _, isStar := p.(*syntax.UnaryExpr); isStar || isNamed(p) {
			continue
		}
		if i >= n || slices.ContainsFunc(params[:i], func(x syntax.Expr) bool { _, isStar := x.(*syntax.UnaryExpr); return isStar }) {
			return true
		}
	}
	return false
}

// laterCall looks whether a function that a verb is given can be called as it
// will be.
func (l *look) laterCall(verb string, i int, arg syntax.Expr) {
	args := "me"
	as := "me." + verb
	named, isNamed := arg.(*syntax.BinaryExpr)
	switch {
	case isNamed && named.Op == syntax.EQ && named.X.(*syntax.Ident).Name == "then":
		as, args, arg = as+": then", "me, reply", named.Y
	case verb == "after" && i == 1:
	case verb == "subscribe" && i == 1:
		args = "me, value"
	default:
		return
	}
	bound := 0
	if b, ok := arg.(*syntax.CallExpr); ok && isWord(b.Fn, "bind") && len(b.Args) > 0 {
		if slices.ContainsFunc(b.Args, func(x syntax.Expr) bool { _, named := x.(*syntax.BinaryExpr); return named || isStar(x) }) {
			return
		}
		arg, bound = b.Args[0], len(b.Args)-1
	}
	name, params := "lambda", []syntax.Expr(nil)
	switch x := arg.(type) {
	case *syntax.LambdaExpr:
		params = x.Params
	case *syntax.Ident:
		fn, ok := l.value(x).(*starlark.Function)
		if !ok || l.bodies[fn.Position()] == nil {
			return
		}
		name, params = fn.Name(), l.bodies[fn.Position()].params
	default:
		return
	}
	var err error
	if !takes(params, wordsIn(args)+bound) {
		err = fmt.Errorf("%s", wrongCall(as, name, args, bound, params))
	}
	l.found(arg, syntax.Start(arg), err)
}

// callOptionWords are the words of me.call that are not the service's.
var callOptionWords = []string{"to", "then", "timeout", "need"}

// arguments looks whether those of me.call fit a service that programs provide,
// and whether it names whom to call.
func (l *look) arguments(call *syntax.CallExpr) {
	name, isText := literal(call, 0)
	if !isText || slices.ContainsFunc(call.Args, isStar) {
		return
	}
	placed, byHash := 0, false
	var words []starlark.Tuple
	for _, arg := range call.Args {
		n, ok := arg.(*syntax.BinaryExpr)
		if !ok || n.Op != syntax.EQ {
			placed++
			continue
		}
		word := n.X.(*syntax.Ident).Name
		if word == "to" {
			to, isText := n.Y.(*syntax.Literal)
			byHash = !isText || to.Value == "hash"
			if text, ok := literalText(to, isText); ok && !slices.Contains(policyWords, text) {
				l.found(n, syntax.Start(n.Y), fmt.Errorf("me.call: %w", noPolicy(text)))
			}
		}
		if !slices.Contains(callOptionWords, word) {
			words = append(words, starlark.Tuple{starlark.String(word), starlark.None})
		}
	}
	if byHash {
		words = slices.DeleteFunc(words, func(kv starlark.Tuple) bool { return kv[0] == starlark.String("by") })
	}
	l.found(call.Args[0], call.Lparen, l.fitsAny(name, placed, words))
}

func literalText(x *syntax.Literal, isLiteral bool) (string, bool) {
	if !isLiteral || x.Token != syntax.STRING {
		return "", false
	}
	return x.Value.(string), true
}

// fitsAny says why no provider of a service takes some arguments.
func (l *look) fitsAny(service string, placed int, words []starlark.Tuple) error {
	var wrong error
	for _, p := range l.script.declared {
		fn, ok := p.provides[systems.ServiceKey(service)]
		if !ok {
			continue
		}
		if how, ok := fn.(*served); ok {
			fn = how.fn
		}
		err := fits(fn.(starlark.Callable), placed, words)
		if err == nil {
			return nil
		}
		if wrong == nil {
			wrong = fmt.Errorf("me.call: %q: %w%s", service, err, l.meant(fn, words))
		}
	}
	if meetsAny(service, l.known.provided) {
		return nil // another function may answer
	}
	return wrong
}

// meant is the word that one among others that a service does not take may be.
func (l *look) meant(fn starlark.Value, words []starlark.Tuple) string {
	known := slices.Clone(callOptionWords)
	if f, ok := fn.(*starlark.Function); ok {
		for i := range f.NumParams() {
			name, _ := f.Param(i)
			known = append(known, name)
		}
	}
	for _, kv := range words {
		if word := string(kv[0].(starlark.String)); !slices.Contains(known, word) {
			return didYouMean(word, known)
		}
	}
	return ""
}
