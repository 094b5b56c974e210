// Proves that JSON from outside is read as the language's values: what is
// written is read as it was, and no text makes the reader panic or accepts what
// is no JSON.
package value

import (
	"encoding/json"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"pgregory.net/rapid"
)

func named(name string) (starlark.Value, bool) {
	for i := range 4 {
		if h := handle(i); h.String() == name {
			return h, true
		}
	}
	return nil, false
}

func TestParseJSON(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`null`, "None"}, {`true`, "True"}, {` 5 `, "5"}, {`5.0`, "5.0"}, {`1e3`, "1000.0"}, {`-0`, "0"}, {`-12`, "-12"},
		{`123456789012345678901234567890`, "123456789012345678901234567890"},
		{`"a\u00e9\n"`, `"aé\n"`}, {`[1,[2.5,null],{"b":1,"a":[]}]`, `[1, [2.5, None], {"b": 1, "a": []}]`}, {`{}`, "{}"},
		{`{"$node":"node[2]"}`, "node[2]"}, {`[{"$duration":"10ms"}]`, "[10ms]"},
		{`{"$node":"node[2]","x":1}`, `{"$node": "node[2]", "x": 1}`}, {`{"$node":5}`, `{"$node": 5}`},
		{`{"$dict":[[1,"a"],["1",2.0],[[true,[null]],{}]]}`, `{1: "a", "1": 2.0, (True, (None,)): {}}`}, {`{"$dict":5}`, `{"$dict": 5}`},
	} {
		v, err := ParseJSON([]byte(tc.text), named)
		if err != nil || printed(v) != tc.want {
			t.Errorf("%s: %v, %v, and not %s", tc.text, v, err, tc.want)
		}
		if l, ok := v.(*starlark.List); ok && l.Append(starlark.None) == nil {
			t.Errorf("%s can be changed", tc.text)
		}
	}
	for _, tc := range []struct{ text, want string }{
		{``, "no JSON"}, {`nope`, "no JSON"}, {`1 2`, "more after"}, {`[1`, "EOF"}, {`{"a":1,"a":2}`, `"a" is there twice`},
		{`{"$node":"node[9]"}`, `there is no node "node[9]"`}, {`{"$duration":"10"}`, ""}, {`1e999`, "1e999 is too large"},
		{`{"$dict":[1]}`, `"$dict" has 1, which is no pair of a key and a value`}, {`{"$dict":[[1,2,3]]}`, "no pair"},
		{`{"$dict":[[1,2],[1,3]]}`, "1 is there twice"}, {`{"$dict":[[{},2]]}`, "unhashable"},
		{strings.Repeat("9", 1001), "1001 digits"}, {strings.Repeat("[", 300) + strings.Repeat("]", 300), "nested more than 200"},
	} {
		if v, err := ParseJSON([]byte(tc.text), named); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.40s: %v, %v, and not %s", tc.text, v, err, tc.want)
		}
	}
}

// Data that has only what JSON has comes back as it was.
func TestJSONOfDrawnData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawJSON(t, 3)
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseJSON(text, named)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var e Encoder
		e.Reset(nil, nil)
		if err := e.Append(v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := ParseJSON(text, named)
		if same, failed := starlark.Equal(v, again); err != nil || failed != nil || !same {
			t.Fatalf("%s: %v, %v, %v", text, v, again, err)
		}
	})
}

func drawJSON(t *rapid.T, deep int) any {
	sort := rapid.IntRange(0, 6).Draw(t, "sort")
	if deep == 0 {
		sort %= 5
	}
	switch sort {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.Int64().Draw(t, "int")
	case 3:
		return rapid.Float64Range(-1e300, 1e300).Draw(t, "float")
	case 4:
		return rapid.String().Draw(t, "text")
	case 5:
		var all []any
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			all = append(all, drawJSON(t, deep-1))
		}
		return all
	}
	all := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "size") {
		all[rapid.StringN(0, 8, -1).Draw(t, "key")] = drawJSON(t, deep-1)
	}
	return all
}

func FuzzParseJSON(f *testing.F) {
	for _, text := range []string{`null`, `[1,2.5,"x",{"a":{"$node":"node[1]"}}]`, `{"$duration":"1.5ms"}`, `1e308`, `"\ud800"`, `{"a":1,"a":2}`, `{"$dict":[[[1],2]]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ParseJSON(text, named)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is no JSON, and was read as %v", text, v)
		}
		var e Encoder
		e.Reset(nil, nil)
		if err := e.Append(v); err != nil && !strings.Contains(err.Error(), "function") {
			t.Fatalf("%q was read as %v, which cannot be sent: %v", text, v, err)
		}
	})
}
