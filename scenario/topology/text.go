package topology

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readable returns a file's text, without a byte order mark. Scenarios are
// UTF-8, and a label in another encoding could not be named by one.
func readable(b []byte) (string, error) {
	if len(b) > maxBytes {
		return "", position{1, 1}.fail("the file has %d bytes, over the limit of %d: leave out the attributes that are not needed", len(b), maxBytes)
	}
	if !utf8.Valid(b) {
		return "", firstInvalid(b).fail("this is not UTF-8: save the file as UTF-8")
	}
	return string(bytes.TrimPrefix(b, []byte("\uFEFF"))), nil
}

// firstInvalid is where b stops being UTF-8.
func firstInvalid(b []byte) position {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			counted := lines{text: string(b[:i])}
			return counted.position(i)
		}
		i += size
	}
	panic("topology: firstInvalid of valid UTF-8")
}

// tidy makes a name one line of printable words: it ends up in logs and plots,
// and has to be typed in a scenario.
func tidy(name string) string {
	if isWord(name) || len(name) > 16*maxName {
		return name // the long ones are refused by checkName, or match no node
	}
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// isWord tells the commonest names, which are tidy as they are.
func isWord(name string) bool {
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f {
			return false
		}
	}
	return true
}

// checkName refuses names too long to be any.
func checkName(at position, what, name string) error {
	if len(name) > maxName {
		return at.fail("%s %s has %d bytes, over the limit of %d: shorten it", what, quote(name), len(name), maxName)
	}
	return nil
}
