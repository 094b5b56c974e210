package scenario

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// nearerNames has what the resolver says of undefined names tell the nearest that
// the file itself has there, if one is near: Starlark's own guess knows no swap of
// letters, and words of the language no better than those of the file.
func nearerNames(err error, file *syntax.File) error {
	var list resolve.ErrorList
	if !errors.As(err, &list) {
		return err
	}
	for i := range list {
		name, ok := undefinedName(list[i].Msg)
		if !ok {
			continue
		}
		if near := nearest(name, namesAt(file, list[i].Pos)); near != "" {
			list[i].Msg = fmt.Sprintf("undefined: %s (did you mean %s?)", name, near)
		} else if near := nearest(name, vocabulary()); near != "" {
			list[i].Msg = fmt.Sprintf("undefined: %s (did you mean %s?)", name, near)
		}
	}
	return list
}

// namesAt are the file's globals, and the variables of the statement that a place
// is in.
func namesAt(file *syntax.File, pos syntax.Position) []string {
	var names []string
	in := -1
	for i, stmt := range file.Stmts {
		names = append(names, bound(stmt)...)
		if !before(pos, syntax.Start(stmt)) {
			in = i
		}
	}
	if in < 0 {
		return names
	}
	eachBound(file.Stmts[in], func(target syntax.Expr, _ *syntax.AssignStmt) { names = targetNames(target, names) })
	return names
}

// mostNamed is how many names of a file are listed.
const mostNamed = 10

// nearerLoaded has the error of a load of a name that the file has not say which it
// has, and stand where the name does.
func (s *script) nearerLoaded(err error, name string, file *syntax.File) error {
	var eval *starlark.EvalError
	if !errors.As(err, &eval) || !strings.HasPrefix(eval.Msg, "load: name ") {
		return err
	}
	for _, stmt := range file.Stmts {
		load, ok := stmt.(*syntax.LoadStmt)
		if !ok || load.Load != position(eval) {
			continue
		}
		from := load.ModuleName()
		m := s.modules[s.beside(name, from)]
		for _, id := range load.From {
			if m == nil || m.globals.Has(id.Name) {
				continue
			}
			return &Error{Pos: id.NamePos, What: fmt.Sprintf("%s has no %s; %s", from, id.Name, offered(id.Name, m.globals.Keys()))}
		}
	}
	return err
}

// offered says which of some names may be meant, or all there are.
func offered(name string, all []string) string {
	switch near := nearest(name, all); {
	case near != "":
		return fmt.Sprintf("did you mean %s?", near)
	case len(all) == 0:
		return "it defines nothing"
	case len(all) > mostNamed:
		return fmt.Sprintf("it has %s and %d more", strings.Join(all[:mostNamed], ", "), len(all)-mostNamed)
	}
	return "it has " + strings.Join(all, ", ")
}
