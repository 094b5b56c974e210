// Proves that what the wire shows of a value is the value: read again it is equal,
// and of the same types, for everything that JSON has a form for; and that nothing
// that can be kept is cut off.
package scenario

import (
	"bytes"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"pgregory.net/rapid"

	"orrery/scenario/value"
)

func drawShown(t *rapid.T, deep int) starlark.Value {
	sort := rapid.IntRange(0, 6).Draw(t, "sort")
	if deep == 0 {
		sort %= 5
	}
	switch sort {
	case 0:
		return starlark.None
	case 1:
		return starlark.Bool(rapid.Bool().Draw(t, "bool"))
	case 2:
		return starlark.MakeInt64(rapid.Int64().Draw(t, "int"))
	case 3:
		if rapid.Bool().Draw(t, "whole") {
			return starlark.Float(rapid.Int32().Draw(t, "float"))
		}
		return starlark.Float(rapid.Float64Range(-1e300, 1e300).Draw(t, "float"))
	case 4:
		return starlark.String(rapid.SampledFrom([]string{"", "1", "None", "True", "$node", "$dict", "a"}).Draw(t, "text"))
	case 5:
		var all []starlark.Value
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			all = append(all, drawShown(t, deep-1))
		}
		return starlark.NewList(all)
	}
	d := new(starlark.Dict)
	for range rapid.IntRange(0, 4).Draw(t, "size") {
		key := drawShown(t, 0)
		if rapid.IntRange(0, 3).Draw(t, "pair") == 0 {
			key = starlark.Tuple{key, drawShown(t, 0)}
		}
		if err := d.SetKey(key, drawShown(t, deep-1)); err != nil {
			t.Fatal(err)
		}
	}
	if d.Len() == 1 && strings.HasPrefix(d.Keys()[0].String(), `"$`) {
		return starlark.None // it has a meaning
	}
	return d
}

func TestShownValueIsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawShown(t, 4)
		var b bytes.Buffer
		writeJSON(&b, v, 0)
		got, err := value.ParseJSON(b.Bytes(), nil)
		if err != nil {
			t.Fatalf("%s of %v: %v", b.Bytes(), v, err)
		}
		// By text too: 2 and 2.0 are equal.
		if same, err := starlark.Equal(v, got); err != nil || !same || v.String() != got.String() {
			t.Fatalf("%s: %v, and it was %v; %v", b.Bytes(), got, v, err)
		}
	})
}

func TestDeepValueIsShown(t *testing.T) {
	var v starlark.Value = starlark.MakeInt(7)
	for i := range value.MaxDepth {
		if i%2 == 0 {
			v = starlark.NewList([]starlark.Value{v})
			continue
		}
		d := starlark.NewDict(1)
		put(d, "a", v)
		v = d
	}
	var b bytes.Buffer
	writeJSON(&b, v, 0)
	if got, err := value.ParseJSON(b.Bytes(), nil); err != nil || got.String() != v.String() {
		t.Errorf("%.80s…: %v", b.Bytes(), err)
	}
}

// A dict is an object where its keys are texts, or shown as such.
func TestShownDicts(t *testing.T) {
	for _, x := range []struct{ source, want string }{
		{`{"a": 1, "b": [2.0, None]}`, `{"a":1,"b":[2.0,null]}`},
		{`{1: 2, "1": 8}`, `{"$dict":[[1,2],["1",8]]}`},
		{`{(1, "a"): 1e300}`, `{"$dict":[[[1,"a"],1e+300]]}`},
		{`{b"x": -0.0}`, `{"b\"x\"":-0.0}`},
	} {
		v, err := starlark.EvalOptions(&syntax.FileOptions{}, &starlark.Thread{}, "x", x.source, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		writeJSON(&b, v, 0)
		if got := b.String(); got != x.want {
			t.Errorf("%s is shown as %s, and not %s", x.source, got, x.want)
		}
	}
}
