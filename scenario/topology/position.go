package topology

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A position is a place in a file, both from 1. Columns count bytes.
type position struct{ line, column int }

// fail makes the error of this position.
func (p position) fail(format string, args ...any) error {
	return fmt.Errorf("%d:%d: %w", p.line, p.column, fmt.Errorf(format, args...))
}

// String is for errors that point at a second position.
func (p position) String() string { return fmt.Sprintf("%d:%d", p.line, p.column) }

// lines turns offsets into positions, cheaply where they ascend.
type lines struct {
	text      string
	seen      int // offset up to which lines are counted
	newlines  int
	lineStart int
}

func (l *lines) position(offset int) position {
	if offset < l.seen {
		*l = lines{text: l.text}
	}
	passed := l.text[l.seen:offset]
	l.newlines += strings.Count(passed, "\n")
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		l.lineStart = l.seen + i + 1
	}
	l.seen = offset
	return position{l.newlines + 1, offset - l.lineStart + 1}
}

// quote shows a file's own text in an error, so much of it as helps.
func quote(text string) string {
	head, cut := shorten(text, 40)
	return strconv.Quote(head) + cut
}

// shorten returns the first characters of a text and "…", or all of it and
// nothing.
func shorten(text string, bytes int) (head, cut string) {
	if len(text) <= bytes {
		return text, ""
	}
	for !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes], "…"
}
