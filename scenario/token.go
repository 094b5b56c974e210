package scenario

import (
	"regexp"
	"strings"
	"unicode"

	"go.starlark.net/syntax"
)

// tokenStart is where the token begins that the parser did not want: it gives
// where it ends, and editors mark what is behind a place. The line is as far as
// the parser has come.
func tokenStart(e *syntax.Error, line []rune) syntax.Position {
	pos := e.Pos
	if strings.HasSuffix(e.Msg, "want primary expression") { // which alone is so
		return pos
	}
	if n := tokenLength(e.Msg, line); n > 0 && int(pos.Col) == len(line)+1 {
		pos.Col -= int32(n)
	}
	return pos
}

var gotToken = regexp.MustCompile(`^got ('?)(.+?)'?, want `)

// tokenLength is that of the last token of a line, 0 if it is not to be seen there:
// a line's end, or a text over several lines.
func tokenLength(msg string, line []rune) int {
	m := gotToken.FindStringSubmatch(msg)
	if m == nil {
		return 0
	}
	at := len(line)
	switch what := m[2]; {
	case m[1] == "'" || strings.HasSuffix(string(line), what): // an operator, or a word
		if !strings.HasSuffix(string(line), what) {
			return 0
		}
		return len([]rune(what))
	case what == "string literal" || what == "bytes literal":
		return textLength(line)
	case what == "identifier" || strings.HasSuffix(what, " literal"):
		for at > 0 && (line[at-1] == '_' || line[at-1] == '.' && what != "identifier" || unicode.IsLetter(line[at-1]) || unicode.IsDigit(line[at-1])) {
			at--
		}
	}
	return len(line) - at
}

// textLength is that of the text in quotes at the end of a line, with the letters
// before it, which may be what is not wanted.
func textLength(line []rune) int {
	if len(line) < 2 {
		return 0
	}
	quote, at := line[len(line)-1], len(line)-2
	if triple := strings.Repeat(string(quote), 3); strings.HasSuffix(string(line), triple) {
		if at = strings.LastIndex(string(line[:max(0, len(line)-3)]), triple); at < 0 {
			return 0
		}
		return len([]rune(string(line)[at:]))
	}
	for at >= 0 && (line[at] != quote || at > 0 && line[at-1] == '\\') {
		at--
	}
	if at < 0 {
		return 0 // it began on a line before
	}
	for at > 0 && unicode.IsLetter(line[at-1]) {
		at--
	}
	return len(line) - at
}
