// Proves what cannot be kept: the text of each error with path and cure, and
// that every limit holds.
package value

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
)

const handlers = `
def write(me, key):
    def done(me, reply):
        return key
    return [lambda me, reply: (me, key), done, lambda: 1, bind(lambda: key)]

def named(me): pass
made = write(1, 2)
`

func TestHandlersFunctionsAreRefused(t *testing.T) {
	c := testCodec()
	names := registry{}
	globals, err := run(handlers, c, names)
	if err != nil {
		t.Fatal(err)
	}
	c.Functions = names
	made := globals["made"].(*starlark.List)
	for i, want := range []string{
		"this lambda (kv.star:5:13) was made in a handler (captures key) and cannot be kept; write bind(done, key), with def done outside of handlers",
		"the function done (kv.star:3:5) was made in a handler (captures key) and cannot be kept; write bind(done, key), with def done outside of handlers",
		"this lambda (kv.star:5:48) was made in a handler and cannot be kept; write def done outside of handlers",
		".bind[0]: this lambda (kv.star:5:64) was made in a handler (captures key) and cannot be kept; write bind(done, key), with def done outside of handlers",
	} {
		err := Storable(made.Index(i), c)
		_, copied := c.Copy(made.Index(i))
		if err == nil || copied == nil {
			t.Fatalf("%s can be kept: %v, %v", made.Index(i), err, copied)
		}
		if diff := cmp.Diff([]string{want, want}, []string{err.Error(), copied.Error()}); diff != "" {
			t.Error(diff)
		}
	}
	v := Bind(globals["named"].(starlark.Callable), starlark.MakeInt(1))
	var e Encoder
	e.Reset(nil, c)
	if err := e.Append(v); err != nil {
		t.Fatal(err)
	}
	w, err := Decode(e.Bytes(), c)
	if equal, _ := starlark.Equal(v, w); !equal || err != nil {
		t.Errorf("%v comes back as %v, %v", v, w, err)
	}
}

func TestPaths(t *testing.T) {
	for source, want := range map[string]string{
		`{"x": [1, 2, 3, math]}`: `["x"][3]: a module cannot be kept`,
		`struct(a = (0, math))`:  `.a[1]: a module cannot be kept`,
		`bind(f, 0, [math])`:     `.bind[2][0]: a module cannot be kept`,
		`{"x" * 50: math}`:       `["` + strings.Repeat("x", 39) + `…]: a module cannot be kept`,
		`[[].append]`:            `[0]: the method append of a list cannot be kept; keep the list`,
		`[len]`:                  `[0]: the built-in function len cannot be kept`,
		`set([f, len])`:          `.key[<built-in function len>]: the built-in function len cannot be kept`,
		`{(1, len): 2}`:          `.key[(1, <built-in function len>)][1]: the built-in function len cannot be kept`,
		`range(3)`:               `a range cannot be kept`,
	} {
		v := eval(t, "x = "+source)
		err := Storable(v, testCodec())
		_, copied := testCodec().Copy(v)
		if err == nil || copied == nil {
			t.Errorf("%s can be kept: %v, %v", source, err, copied)
		} else if diff := cmp.Diff([]string{want, want}, []string{err.Error(), copied.Error()}); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
}

// doubledTuple holds 2^150 values in 150 tuples. No script makes one at top
// level: Starlark's own freezing of globals would not end.
func doubledTuple() starlark.Value {
	v := starlark.Value(starlark.MakeInt(1))
	for range 150 {
		v = starlark.Tuple{v, v}
	}
	return v
}

func TestLimits(t *testing.T) {
	nested := func(n int) starlark.Value {
		v := starlark.Value(starlark.None)
		for range n {
			v = starlark.NewList([]starlark.Value{v})
		}
		return v
	}
	c := testCodec()
	c.MaxBytes = 1000
	if err := Storable(nested(maxDepth), c); err != nil {
		t.Error(err)
	}
	deep := strings.Repeat("[0]", 26) + "[0 … 0]" + strings.Repeat("[0]", 13) + ": it is nested more than 200 deep"
	_, copied := c.Copy(nested(maxDepth + 1))
	for _, err := range []error{Storable(nested(maxDepth+1), c), copied} {
		if err == nil || !strings.HasSuffix(err.Error(), ": it is nested more than 200 deep") || len(err.Error()) > 200 {
			t.Errorf("got %v, want about %s", err, deep)
		}
	}
	data := append([]byte(strings.Repeat("\x09\x01", maxDepth)), 0)
	if _, err := Decode(data, c); err != nil {
		t.Error(err)
	}
	if _, err := Decode(append([]byte("\x09\x01"), data...), c); err == nil || err.Error() != "byte 401: values are nested more than 200 deep" {
		t.Error(err)
	}
	doubled := doubledTuple()
	const large = "the value takes more than 1000 bytes (--script-bytes)"
	for _, v := range []starlark.Value{doubled, starlark.String(make([]byte, 998)), starlark.NewList([]starlark.Value{starlark.String(make([]byte, 2000)), starlark.None})} {
		if err := Storable(v, c); err == nil || !strings.HasSuffix(err.Error(), large) {
			t.Errorf("got %v, want %s", err, large)
		}
	}
	if _, err := c.Copy(doubled); err == nil || !strings.HasSuffix(err.Error(), large) {
		t.Errorf("got %v, want %s", err, large)
	}
	if err := Storable(starlark.String(make([]byte, 997)), c); err != nil {
		t.Error(err)
	}
}

// TestLargeTextsAreNotCopied before they are refused.
func TestLargeTextsAreNotCopied(t *testing.T) {
	var e Encoder
	e.Reset(nil, &Codec{MaxBytes: 1000})
	if err := e.Append(starlark.String(make([]byte, 1<<20))); err == nil || cap(e.bytes) > 1<<16 {
		t.Errorf("got %v, with %d bytes taken", err, cap(e.bytes))
	}
}

// TestErrorAppendsNothing, and leaves the encoder as it was.
func TestErrorAppendsNothing(t *testing.T) {
	l := starlark.NewList(nil)
	var e Encoder
	e.Reset([]byte("ab"), testCodec())
	if err := e.Append(starlark.Tuple{l, Universe(nil)["math"]}); err == nil {
		t.Fatal("a module can be kept")
	}
	if err := e.Append(l); err != nil || string(e.Bytes()) != "ab\x09\x00" {
		t.Errorf("got %q, %v", e.Bytes(), err)
	}
}

func TestEncodingDoesNotAllocate(t *testing.T) {
	v := eval(t, `x = ({"x": 1, "y": [2, 3.5]}, struct(term = 1), nodes[1], bind(f, "k"), duration("1s"), set([1]))`)
	c := testCodec()
	var e Encoder
	n := testing.AllocsPerRun(100, func() {
		e.Reset(e.Bytes()[:0], c)
		if err := e.Append(v); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("encoding a small value makes %v allocations", n)
	}
}
