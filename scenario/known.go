package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/syntax"

	"orrery/systems"
)

// knownNames are what a scenario may ever call its services, events and feeds: those
// that programs declare, and those that are written where handlers say them, run
// or not. A name that none of them may be is a slip of the pen.
type knownNames struct {
	services   []string // that may be provided
	provided   []string // of those, the ones of me.provide
	events     []string // that may be noted
	published  []string // feeds
	subscribed []string // feeds and patterns, with holes for stars
	declared   []string // by feed(…), likewise
	keys       []string // of dicts, which may be provided or subscribed to in a program that was not made
}

// findNames collects them. A name that is taken from the text of a file counts
// even if nothing runs there: a flag may have it run.
func (s *script) findNames() *knownNames {
	k := &knownNames{events: []string{"print"}}
	for _, name := range s.figures.musts {
		k.events = append(k.events, "must "+name)
	}
	for _, p := range s.declared {
		k.services = append(k.services, p.offers...)
		for i := range p.subscribes {
			k.subscribed = append(k.subscribed, starless(p.subscribes[i].Name))
		}
	}
	for _, w := range s.feedWays {
		k.declared = append(k.declared, starless(w.pattern))
	}
	for _, name := range s.order {
		file := s.modules[name].file
		if s.without != nil && name == s.path {
			file = s.without.file // what is left out too
		}
		if file != nil {
			s.namesIn(k, file)
		}
	}
	return k
}

func (s *script) namesIn(k *knownNames, file *syntax.File) {
	walkWith(file, func(n syntax.Node, up []syntax.Node) {
		switch n := n.(type) {
		case *syntax.DotExpr:
			if list := k.saidBy(n.Name.Name); list != nil {
				*list = append(*list, s.saidFirst(n, up)...)
			}
		case *syntax.Ident:
			switch {
			case isWord(n, "note"):
				k.events = append(k.events, s.saidFirst(n, up)...)
			case isWord(n, "getattr"): // it may stand for any verb
				for _, verb := range []string{"provide", "publish", "subscribe"} {
					list := k.saidBy(verb)
					*list = append(*list, hole)
				}
			}
		case *syntax.DictEntry:
			k.keys = append(k.keys, whole(spelled(n.Key, s.globalOf))...)
		}
	})
	k.services = append(k.services, k.provided...)
	for i, name := range k.subscribed {
		k.subscribed[i] = starless(name)
	}
}

// saidBy returns what a verb's names are added to; nil if it has none.
func (k *knownNames) saidBy(verb string) *[]string {
	switch verb {
	case "provide":
		return &k.provided
	case "publish":
		return &k.published
	case "subscribe":
		return &k.subscribed
	}
	return nil
}

// saidFirst is what a word is given as its first argument, a name; a hole if the
// word is not called but handed on.
func (s *script) saidFirst(word syntax.Node, up []syntax.Node) []string {
	if call, ok := up[len(up)-1].(*syntax.CallExpr); ok && call.Fn == word {
		first := "name"
		if isWord(call.Fn, "note") {
			first = "kind"
		}
		if arg := argument(call, 0, first); arg != nil {
			return spelled(arg, s.globalOf)
		}
	}
	return []string{hole}
}

// starless has holes for the stars of a pattern of feeds.
func starless(pattern string) string { return stars.ReplaceAllString(pattern, hole) }

// canProvide says why no program can ever provide a service: beyond doubt if a
// name is near to it, and else the scenario may want it so, to see what a call
// comes to.
func (k *knownNames) canProvide(name string) *Error {
	if meetsAny(name, k.services) || slices.Contains(k.keys, name) {
		return nil
	}
	near := didYouMean(name, whole(k.services))
	return &Error{What: fmt.Sprintf("no program provides a service %q%s", name, near), mild: near == ""}
}

// canNote says why no handler can ever note an event.
func (k *knownNames) canNote(kind string) error {
	if meetsAny(kind, k.events) {
		return nil
	}
	known := slices.DeleteFunc(whole(k.events), func(name string) bool { return name == "print" })
	if len(known) == 0 {
		return fmt.Errorf("no handler notes an event %q; write note(%[1]q, …) in one", kind)
	}
	return fmt.Errorf("no handler notes an event %q%s", kind, didYouMean(kind, known))
}

// feedNames says what is wrong with the names of feeds. A value may come from
// outside, and be looked at there: so a name that nothing in the scenario has to
// do with is wrong beyond doubt only if another one is near to it.
func (s *script) feedNames(k *knownNames) Errors {
	var errs Errors
	for _, p := range s.declared {
		for i := range p.subscribes {
			if e := k.heard(&p.subscribes[i]); e != nil {
				e.Pos = p.pos
				errs = append(errs, e)
			}
		}
	}
	for _, w := range s.feedWays {
		name := starless(w.pattern)
		if meetsAny(name, k.published) || meetsAny(name, k.subscribed) || slices.Contains(k.keys, w.pattern) {
			continue
		}
		near := didYouMean(w.pattern, whole(slices.Concat(k.published, k.subscribed)))
		errs = append(errs, &Error{Pos: w.pos, mild: near == "", What: fmt.Sprintf("feed %q: nobody publishes to it or subscribes to it%s", w.pattern, near)})
	}
	return errs
}

// heard says why a subscription can be given nothing by the scenario.
func (k *knownNames) heard(with *systems.Subscription) *Error {
	name := starless(with.Name)
	if meetsAny(name, k.published) || meetsAny(name, k.declared) {
		return nil
	}
	near := didYouMean(with.Name, whole(k.published))
	what := fmt.Sprintf("subscribes: nobody publishes to %q%s", with.Name, near)
	if near == "" {
		what += fmt.Sprintf("; if its values come from outside, say so: feed(%q)", with.Name)
	}
	return &Error{What: what, mild: near == ""}
}
