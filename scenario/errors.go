package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

	mild bool // it may be meant so: a warning
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

// page are the errors that are shown: more at once help nobody.
func (e Errors) page() Errors { return e[:min(len(e), mostErrors)] }

// loadErrors turns what Starlark says of a file into errors of ours.
func loadErrors(err error) Errors {
	var list resolve.ErrorList
	var one *Error
	var many Errors
	var eval *starlark.EvalError
	switch {
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return Errors{one}
	case errors.As(err, &list):
		var all Errors
		for _, e := range list {
			all = append(all, &Error{Pos: e.Pos, What: cure(e.Msg)})
		}
		return all
	case errors.As(err, &eval):
		// What fails in a file that is loaded has its place there.
		for inner := eval; strings.HasPrefix(eval.Msg, "cannot load ") && errors.As(eval.Unwrap(), &inner); {
			eval = inner
		}
		return Errors{{Pos: position(eval), What: message(eval)}}
	}
	return Errors{{What: err.Error()}}
}

// cure adds what to do to messages of the resolver that do not say it.
func cure(msg string) string {
	if name, ok := undefinedName(msg); ok {
		hint := nearest(name, vocabulary())
		if _, more, found := strings.Cut(msg, "did you mean "); found {
			hint = strings.TrimSuffix(more, "?)") // a name of the scenario's own
		}
		if meant, ok := ofPython[name]; ok {
			return fmt.Sprintf("Starlark has no %s; %s", name, meant)
		}
		if hint != "" {
			return fmt.Sprintf("%s is not defined; did you mean %s?", name, hint)
		}
		return fmt.Sprintf("%s is not defined", name)
	}
	return msg
}

// ofPython are names and words that Python has, and what to write instead.
var ofPython = map[string]string{
	"class":      "keep state in a program's fields, or make a record with struct(…)",
	"import":     `to use names of another scenario, write load("other.star", "name"); random and math are there already`,
	"from":       `to use names of another scenario, write load("other.star", "name"); random and math are there already`,
	"try":        "an error ends the run; test beforehand what could fail",
	"except":     "an error ends the run; test beforehand what could fail",
	"finally":    "an error ends the run; test beforehand what could fail",
	"raise":      "write fail(text)",
	"assert":     `write must("name", condition) in a handler, or always("name", fn)`,
	"is":         "write == or !=, as in x == None",
	"global":     "globals are frozen once the file is read; keep what changes in the state of a program",
	"nonlocal":   "keep what changes in the state of a program, or in a list or a dict",
	"with":       "write the calls one after the other",
	"del":        "write d.pop(key), or list.pop(i)",
	"yield":      "return a list, or wait with me.after(duration, fn)",
	"async":      "handlers do not wait; go on in another one, with me.after(duration, fn) or a message",
	"await":      "handlers do not wait; go on in another one, with me.after(duration, fn) or a message",
	"as":         `to rename what is loaded, write load("other.star", mine = "name")`,
	"self":       "a handler's first argument is its node, by custom me",
	"true":       "write True",
	"false":      "write False",
	"null":       "write None",
	"nil":        "write None",
	"map":        "write a comprehension: [f(x) for x in list]",
	"filter":     "write a comprehension: [x for x in list if f(x)]",
	"open":       "a scenario reads no files but those of load, topology and latency_matrix",
	"isinstance": `compare types: type(x) == "int"`,
	"time":       "write now() for true time, or me.clock()",
}

// instead is what to write instead of what cannot be read, by what the parser
// says and the line as far as it has come.
var instead = []struct{ said, line, cure string }{
	{`^got string literal, want`, `(?i)(^|\W)(f|rf|fr)("[^"]*"|'[^']*')$`, `Starlark has no f-strings; write "x%d" % i`},
	{`^got string literal, want newline`, `(^|\W)print `, `print is a function; write print("text", x)`},
	{`^got [\w ]+, want newline`, `(^|\W)assert \S+$`, "Starlark has no assert; " + `write must("name", condition) in a handler, or always("name", fn)`},
	{`^got identifier, want`, `\d(ns|us|ms|s|m|h|d)$`, `a duration is text, as in "10ms"`},
	{`^got '\*\*', want`, ``, "Starlark has no operator **; write x * x, or math.pow(x, y)"},
	{`^conditional expression without else`, ``, "a value with if needs an else; write x if condition else None, or begin a line with if"},
	{`^got '=', want ':'`, `(^|\W)(if|elif|while) .*=$`, "a condition compares with ==; = assigns"},
	{`^got if, want ':'`, `(^|\W)else if$`, "write elif, not else if"},
	{`^got else, want primary`, ``, "an else belongs to an if at the same depth; Starlark has none after for and while"},
	{`^got '&', want primary`, `&$`, "write and, not &&"},
	{`^got '\|', want primary`, `\|$`, "write or, not ||"},
	{`^unexpected input character '!'`, ``, "write not, not !"},
	{`^unexpected input character '@'`, ``, "Starlark has no decorators; write f = decorate(f) below the def"},
	{`^unexpected input character '\?'`, ``, "write x if condition else y, not a question mark"},
	{"^unexpected input character '[\u201c\u201d\u2018\u2019]'", ``, `a text is in straight quotes: "text"`},
	{`^got ':', want '\)'`, `^\s*def `, "Starlark has no types of arguments; write the names alone"},
	{`^got ':', want [^n]`, `\w :$`, "Starlark has no assignment within an expression; assign on a line before"},
	{`^got '-', want ':'`, `^\s*def `, "Starlark has no types of results; write a colon after the arguments"},
	{`^got ':', want newline`, `^\s*\w+\s*:$`, "Starlark has no types of variables; write name = value"},
	{`does not associate`, ``, "comparisons do not chain; write a < b and b < c"},
	{`^got for, want`, ``, "Starlark has no generators; write a list, in brackets: [f(x) for x in list]"},
	{`^got newline, want ':'`, ``, "the line above begins a block and ends with a colon"},
	{`want indent$`, ``, "what is within a def, an if or a loop is indented; if it is empty, write pass"},
	{`^got indent, want primary`, ``, "this line is deeper than the one above, which begins no block"},
	{`^got end of file, want primary`, `(\+\+|--)$`, "write x += 1 or x -= 1"},
	{`^got newline, want primary`, `(\+\+|--)$`, "write x += 1 or x -= 1"},
	{`^got '\*', want primary`, ``, "a star unpacks arguments of a call only; join lists with +"},
	{`^got ',', want ':'`, `\{[^}]*$`, "braces are of dicts; write set([a, b])"},
	{`^unexpected (EOF|newline) in string`, ``, "a text ends on its line, with the quote that it began with"},
	{`^got end of file, want '(.)'$`, ``, "a bracket is not closed before the file ends"},
	{`^got [\w ]+, want ','$`, ``, "a comma is missing, or a bracket that closes above"},
	{`^got [\w ]+, want '[\]}]'$`, ``, "a comma is missing, or a bracket that closes above"},
}

// unreadable turns what the parser says of a text into an error of ours.
func unreadable(err error, text []byte) error {
	var e syntax.Error
	if !errors.As(err, &e) {
		return err
	}
	if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return &Error{Pos: e.Pos, What: "this is no text in UTF-8, as scenarios are written"}
	}
	line, pos := "", e.Pos
	if lines := strings.Split(string(text), "\n"); int(e.Pos.Line) <= len(lines) && e.Pos.Line > 0 {
		runes := []rune(lines[e.Pos.Line-1])
		runes = runes[:max(0, min(len(runes), int(e.Pos.Col)-1))]
		line, pos = string(runes), tokenStart(&e, runes)
	}
	for word, cure := range ofPython { //det:allow at most one fits
		if strings.HasPrefix(e.Msg, "got "+word+", want ") {
			return &Error{Pos: pos, What: fmt.Sprintf("Starlark has no %s; %s", word, cure)}
		}
	}
	for _, x := range instead {
		if regexp.MustCompile(x.said).MatchString(e.Msg) && regexp.MustCompile(x.line).MatchString(line) {
			return &Error{Pos: pos, What: x.cure}
		}
	}
	return &Error{Pos: pos, What: e.Msg}
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

// message returns what an error says, without what Starlark puts before it.
func message(e *starlark.EvalError) string {
	if strings.HasPrefix(e.Msg, "unknown conversion %") {
		return e.Msg + " in text; Starlark's % takes no width and no digits: write str(round(x, 2))"
	}
	text := strings.TrimPrefix(e.Msg, "Starlark computation cancelled: ")
	for _, x := range furtherCures {
		if strings.HasSuffix(text, x.said) {
			return text + "; " + x.cure
		}
	}
	return text
}

// furtherCures are what to do about what Starlark says, by how that ends.
var furtherCures = []struct{ said, cure string }{
	{"cannot convert duration to int", `divide it by another: d // "1ms"`},
	{"to frozen list", "what was sent, and what the file's top level made, stays as it is; copy it with list(…), or keep it in the state of a program"},
	{"into frozen hash table", "what was sent, and what the file's top level made, stays as it is; copy it with dict(…), or keep it in the state of a program"},
}

// nearest returns the word closest to one that is not known, "" if none is
// close: at most a third of its letters differ (Damerau and Levenshtein).
func nearest(word string, known []string) string {
	best, at := "", len(word)/3+1
	for _, k := range known {
		d := distance(word, k)
		// Of two that are as close, the one that is as long: letters were swapped.
		longAs := best != "" && d == at && len(k) == len(word) && len(best) != len(word)
		if d < at || longAs || d == at && best == "" && d <= len(word)/3+1 && d < len(word) {
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
