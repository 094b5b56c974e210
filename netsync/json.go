package netsync

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// checkJSON demands one JSON object that is not nested deeper than a limit. It
// looks at depth before the decoder, which recurses.
func checkJSON(b []byte, most int) error {
	if !utf8.Valid(b) {
		return errors.New("no UTF-8")
	}
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return fmt.Errorf("byte %d: %w", i, &LimitError{"levels of JSON", int64(most)})
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	if !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		return errors.New("no JSON object")
	}
	if !json.Valid(b) {
		var v any
		return fmt.Errorf("no JSON: %w", json.Unmarshal(b, &v))
	}
	return nil
}

// keysOf returns the names of an object's fields, in their order. A name that
// is there twice, at whatever depth, is an error: two readers would take two
// values for it.
func keysOf(b []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var keys []string
	_, err := walk(d, func(depth int, key string) {
		if depth == 1 {
			keys = append(keys, key)
		}
	}, 0)
	return keys, err
}

// walk reads one value and reports the names in it.
func walk(d *json.Decoder, named func(depth int, key string), depth int) (json.Token, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := token.(json.Delim)
	if !ok || open != '{' && open != '[' {
		return token, nil
	}
	seen := map[string]bool{} // looked up only
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string)
			if seen[name] {
				return nil, fmt.Errorf("%q is there twice", name)
			}
			seen[name] = true
			named(depth+1, name)
		}
		if _, err := walk(d, named, depth+1); err != nil {
			return nil, err
		}
	}
	return d.Token()
}
