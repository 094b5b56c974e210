package scenario

import (
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// hole stands in a name for what is put into it when it is used. A name that
// is computed altogether is a hole and nothing else.
const hole = "\x00"

// spelled returns what an expression may be as text, with holes where that is
// known in the run alone. Denote tells what a variable is, nil if it is not known.
func spelled(x syntax.Expr, denote func(*syntax.Ident) starlark.Value) []string {
	switch x := x.(type) {
	case *syntax.Literal:
		if text, ok := x.Value.(string); ok && x.Token == syntax.STRING {
			return []string{text}
		}
	case *syntax.Ident:
		if text, ok := starlark.AsString(denote(x)); ok {
			return []string{text}
		}
	case *syntax.ParenExpr:
		return spelled(x.X, denote)
	case *syntax.CondExpr:
		return append(spelled(x.True, denote), spelled(x.False, denote)...)
	case *syntax.BinaryExpr:
		a, b := spelled(x.X, denote), []string{hole}
		if x.Op == syntax.PLUS {
			b = spelled(x.Y, denote)
		}
		switch {
		case len(a) > 1 || len(b) > 1:
		case x.Op == syntax.PLUS:
			return []string{a[0] + b[0]}
		case x.Op == syntax.PERCENT:
			return []string{filledIn.ReplaceAllString(a[0], hole)}
		}
	}
	return []string{hole}
}

// filledIn are the places that the operator % fills in, and the per cent sign
// that it leaves, which may as well be a hole.
var filledIn = regexp.MustCompile(`%(\([^)]*\))?.`)

// stars are those of a pattern of feeds.
var stars = regexp.MustCompile(`\*+`)

// meets reports whether two texts with holes may be the same text.
func meets(a, b string) bool {
	if !strings.Contains(a, hole) {
		a, b = b, a
	}
	if !strings.Contains(a, hole) {
		return a == b
	}
	// reached[j]: what has been read of a may be the first j bytes of b.
	reached := make([]bool, len(b)+1)
	reached[0] = true
	skipHoles(reached, b)
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		for j := range reached {
			switch {
			case !reached[j]:
			case a[i] == hole[0]:
				for k := j; k <= len(b); k++ {
					next[k] = true
				}
			case j < len(b) && b[j] == a[i]:
				next[j+1] = true
			case j < len(b) && b[j] == hole[0]:
				next[j] = true
			}
		}
		skipHoles(next, b)
		reached = next
	}
	return reached[len(b)]
}

// skipHoles has holes of b stand for nothing.
func skipHoles(reached []bool, b string) {
	for j := range len(b) {
		if reached[j] && b[j] == hole[0] {
			reached[j+1] = true
		}
	}
}

func meetsAny(text string, known []string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return meets(text, k) })
}

// whole are the names without a hole, for who looks for what was meant.
func whole(known []string) []string {
	return slices.DeleteFunc(slices.Clone(known), func(k string) bool { return strings.Contains(k, hole) })
}

// argument returns an argument that is taken by place or by name; nil if it is
// not given, or may be anywhere.
func argument(call *syntax.CallExpr, i int, name string) syntax.Expr {
	for k, arg := range call.Args {
		named, ok := arg.(*syntax.BinaryExpr)
		switch {
		case isStar(arg):
			return nil
		case ok && named.Op == syntax.EQ:
			if named.X.(*syntax.Ident).Name == name {
				return named.Y
			}
		case k == i:
			return arg
		}
	}
	return nil
}

// globalOf returns what a global of a file was when it had been read; nil for all
// other variables.
func (s *script) globalOf(id *syntax.Ident) starlark.Value {
	b, ok := id.Binding.(*resolve.Binding)
	if !ok || b.Scope != resolve.Global {
		return nil
	}
	if m := s.modules[id.NamePos.Filename()]; m != nil {
		return m.globals[id.Name]
	}
	return nil
}
