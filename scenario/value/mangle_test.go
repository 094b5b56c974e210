// Proves that a mangled payload is a message of the same names and types, of
// which at most one value differs.
package value

import (
	"bytes"
	"testing"

	"go.starlark.net/starlark"
	"pgregory.net/rapid"
)

func TestMangle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &drawer{t: t}
		given := d.fields()
		var e Encoder
		e.Reset(nil, testCodec())
		names, values := given.names(), make([]starlark.Value, len(given))
		for i := range given {
			values[i] = given[i].value
		}
		if e.AppendFields(names, values) != nil {
			t.Skip("not to be sent")
		}
		before := bytes.Clone(e.Bytes())
		after := Mangle(before, rapid.Uint64().Draw(t, "n"))
		if !bytes.Equal(before, e.Bytes()) {
			t.Fatal("what was sent is changed")
		}
		m, err := DecodeMessage(after, testCodec(), handle(0), "k")
		if err != nil {
			t.Fatalf("%x became %x: %v", before, after, err)
		}
		was, _ := DecodeMessage(before, testCodec(), handle(0), "k")
		a, b := shape(before), shape(after)
		if !bytes.Equal(a, b) {
			t.Fatalf("%v became %v", was, m)
		}
	})
}

// shape is a payload without what may be changed.
func shape(payload []byte) []byte {
	w := walker{from: payload}
	w.fields()
	var out []byte
	at := 0
	for _, leaf := range w.leaves {
		tag := payload[leaf]
		if tag == tagTrue {
			tag = tagFalse
		}
		out = append(append(out, payload[at:leaf]...), tag)
		end := walker{from: payload, at: leaf}
		end.value(false)
		at = end.at
	}
	return append(out, payload[at:]...)
}

func TestMangleChanges(t *testing.T) {
	names, values := payload()
	var e Encoder
	e.Reset(nil, testCodec())
	if err := e.AppendFields(names, values); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for n := range uint64(3 * 63) {
		m, err := DecodeMessage(Mangle(e.Bytes(), n), testCodec(), handle(0), "k")
		if err != nil {
			t.Fatal(err)
		}
		seen[m.String()] = true
	}
	if want := 63 + 63 + 1; len(seen) != want {
		t.Errorf("%d different messages, want %d: each bit of an int and a duration, and a bool", len(seen), want)
	}
}
