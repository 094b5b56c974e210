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

// undefinedName returns the name that a message of the resolver is about.
func undefinedName(msg string) (string, bool) {
	name, ok := strings.CutPrefix(msg, "undefined: ")
	name, _, _ = strings.Cut(name, " ")
	return name, ok
}
