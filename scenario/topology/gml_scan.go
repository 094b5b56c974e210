package topology

import (
	"html"
	"regexp"
	"strings"
)

type tokenKind uint8

const (
	endOfFile tokenKind = iota
	opening             // [
	closing             // ]
	quoted              // "…", entities decoded
	word                // a key, a number, or any bare value
)

type token struct {
	kind tokenKind
	text string
	at   position
}

// A gmlScanner cuts GML into tokens. They are substrings of the text, so that a
// token costs no memory but where a string has entities.
type gmlScanner struct {
	text      string
	offset    int
	line      int // from 1
	lineStart int // offset
}

func (s *gmlScanner) position() position { return position{s.line, s.offset - s.lineStart + 1} }

// next returns the next token.
func (s *gmlScanner) next() (token, error) {
	s.skipSpace()
	t := token{at: s.position()}
	if s.offset == len(s.text) {
		return t, nil
	}
	switch s.text[s.offset] {
	case '[':
		t.kind = opening
		s.offset++
	case ']':
		t.kind = closing
		s.offset++
	case '"':
		return s.quoted(t)
	default:
		t.kind = word
		length := strings.IndexAny(s.text[s.offset:], " \t\r\n[]\"#")
		if length < 0 {
			length = len(s.text) - s.offset
		}
		t.text = s.text[s.offset : s.offset+length]
		s.offset += length
	}
	return t, nil
}

// skipSpace passes white space and comments. GML has those from a "#" at a
// line's start; some writers put them behind a value too.
func (s *gmlScanner) skipSpace() {
	for s.offset < len(s.text) {
		switch s.text[s.offset] {
		case ' ', '\t', '\r':
			s.offset++
		case '\n':
			s.offset++
			s.newLine()
		case '#':
			length := strings.IndexByte(s.text[s.offset:], '\n')
			if length < 0 {
				length = len(s.text) - s.offset
			}
			s.offset += length
		default:
			return
		}
	}
}

func (s *gmlScanner) newLine() {
	s.line++
	s.lineStart = s.offset
}

// quoted reads a string, which may span lines.
func (s *gmlScanner) quoted(t token) (token, error) {
	s.offset++
	length := strings.IndexByte(s.text[s.offset:], '"')
	if length < 0 {
		return t, t.at.fail("this string has no end: close it with \", and write a \" inside as &quot;")
	}
	start := s.offset
	t.kind, t.text = quoted, s.text[start:start+length]
	for i := 0; i < length; i++ {
		if t.text[i] == '\n' {
			s.offset = start + i + 1
			s.newLine()
		}
	}
	s.offset = start + length + 1
	if strings.IndexByte(t.text, '&') >= 0 {
		t.text = entity.ReplaceAllStringFunc(t.text, unescape)
	}
	return t, nil
}

// GML writes what is not ASCII as HTML does. The semicolon is demanded, which
// html alone would not: "AT&T" and "R&Dimension" stay as they are.
var entity = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

// unescape decodes one entity. html would take the known beginning of an unknown
// name for the whole, "&notes;" for "¬es;"; the semicolon it leaves tells.
func unescape(entity string) string {
	decoded := html.UnescapeString(entity)
	if entity[1] != '#' && entity != "&semi;" && strings.HasSuffix(decoded, ";") {
		return entity
	}
	return decoded
}
