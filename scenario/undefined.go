package scenario

import (
	"errors"
	"fmt"

	"go.starlark.net/resolve"
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
