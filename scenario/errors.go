package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Error is what is wrong with a scenario: where, in what, when, what, and the
// cure.
type Error struct {
	Pos     syntax.Position
	Handler string // the function that ran; empty while loading
	Node    string // for which node; empty if for none
	When    string // simulated time; empty while loading
	What    string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos.IsValid() {
		fmt.Fprintf(&b, "%s:%d:%d: ", e.Pos.Filename(), e.Pos.Line, e.Pos.Col)
	}
	if e.Handler != "" {
		fmt.Fprintf(&b, "in %s", e.Handler)
		if e.Node != "" {
			fmt.Fprintf(&b, " on %s", e.Node)
		}
		if e.When != "" {
			fmt.Fprintf(&b, " at %s", e.When)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.What)
	return b.String()
}

// Errors are several errors of one scenario, in the order of their places.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, x := range e {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b *Error) int {
		if c := strings.Compare(a.Pos.Filename(), b.Pos.Filename()); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return int(a.Pos.Line - b.Pos.Line)
		}
		return int(a.Pos.Col - b.Pos.Col)
	})
	return e
}

// loadErrors turns what Starlark says of a file into errors of ours.
func loadErrors(err error) Errors {
	var syntaxError syntax.Error
	var list resolve.ErrorList
	var one *Error
	var many Errors
	var eval *starlark.EvalError
	switch {
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return Errors{one}
	case errors.As(err, &syntaxError):
		return Errors{{Pos: syntaxError.Pos, What: cure(syntaxError.Msg)}}
	case errors.As(err, &list):
		var all Errors
		for _, e := range list {
			all = append(all, &Error{Pos: e.Pos, What: cure(e.Msg)})
		}
		return all
	case errors.As(err, &eval):
		return Errors{{Pos: position(eval), What: message(eval)}}
	}
	return Errors{{What: err.Error()}}
}

// cure adds what to do to messages of Starlark's own that do not say it.
func cure(msg string) string {
	name, undefined := strings.CutPrefix(msg, "undefined: ")
	switch {
	case undefined:
		if near := nearest(name, vocabulary()); near != "" {
			return fmt.Sprintf("%s is not defined; did you mean %s?", name, near)
		}
		return fmt.Sprintf("%s is not defined", name)
	case strings.Contains(msg, "got string literal, want newline"):
		return `Starlark has no f-strings; write "x%d" % i`
	}
	return msg
}

// position returns the innermost place in a script.
func position(e *starlark.EvalError) syntax.Position {
	for i := range e.CallStack {
		if f := e.CallStack.At(i); f.Pos.Line > 0 {
			return f.Pos
		}
	}
	return syntax.Position{}
}

// message returns what an error says, without the name of the builtin that
// Starlark puts before it.
func message(e *starlark.EvalError) string {
	return strings.TrimPrefix(e.Msg, "Starlark computation cancelled: ")
}

// nearest returns the word closest to one that is not known, "" if none is
// close: at most a third of its letters differ (Damerau and Levenshtein).
func nearest(word string, known []string) string {
	best, at := "", len(word)/3+1
	for _, k := range known {
		if d := distance(word, k); d < at || d == at && best == "" && d <= len(word)/3+1 && d < len(word) {
			best, at = k, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours.
func distance(a, b string) int {
	rows := [3][]int{}
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		rows[2][0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[2][j] = min(rows[1][j]+1, rows[2][j-1]+1, rows[1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[2][j] = min(rows[2][j], rows[0][j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
	}
	return rows[1][len(b)]
}

// didYouMean ends a message about an unknown name.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
