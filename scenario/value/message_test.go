// Proves what a message shows, that payloads do not depend on the order of
// fields, and what each costs.
package value

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
)

func payload() ([]string, []starlark.Value) {
	return []string{"term", "grant", "last"}, []starlark.Value{starlark.MakeInt(42), starlark.True, Duration(1e6)}
}

func send(t testing.TB, names []string, values []starlark.Value) (*Message, error) {
	var e Encoder
	e.Reset(nil, testCodec())
	if err := e.AppendFields(names, values); err != nil {
		return nil, err
	}
	return DecodeMessage(e.Bytes(), testCodec(), handle(1), "vote")
}

func TestMessage(t *testing.T) {
	m, err := send(t, []string{"log", "term"}, []starlark.Value{starlark.NewList(nil), starlark.MakeInt(2)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.String(), `message(kind = "vote", source = node[1], log = [], term = 2)`; got != want {
		t.Errorf("it prints %s, want %s", got, want)
	}
	if diff := cmp.Diff([]string{"log", "term", "kind", "source"}, m.AttrNames()); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"log": "[]", "term": "2", "kind": `"vote"`, "source": "node[1]"} {
		if v, err := m.Attr(name); err != nil || v.String() != want {
			t.Errorf(".%s is %v, %v, want %s", name, v, err, want)
		}
	}
	if v, err := m.Attr("turn"); v != nil || err != nil {
		t.Errorf("a field that was not sent is %v, %v", v, err)
	}
	log, _ := m.Attr("log")
	if err := log.(*starlark.List).Append(starlark.None); err == nil {
		t.Error("a payload can be changed")
	}
	empty, err := send(t, nil, nil)
	if got, want := empty.String(), `message(kind = "vote", source = node[1])`; err != nil || got != want {
		t.Errorf("an empty one prints %s, want %s", got, want)
	}
	same, _ := send(t, []string{"term", "log"}, []starlark.Value{starlark.MakeInt(2), starlark.NewList(nil)})
	if ok, err := starlark.Equal(m, same); !ok || err != nil {
		t.Errorf("messages of equal fields differ: %v", err)
	}
	if ok, err := starlark.Equal(m, empty); ok || err != nil {
		t.Errorf("messages of other fields are equal: %v", err)
	}
}

func TestFieldsAreRefused(t *testing.T) {
	one := starlark.MakeInt(1)
	for _, test := range []struct {
		names  []string
		values []starlark.Value
		want   string
	}{
		{[]string{"source"}, []starlark.Value{one}, ".source: every message has it already; give the field another name"},
		{[]string{"a", "a"}, []starlark.Value{one, one}, ".a: the field is given twice"},
		{[]string{"m"}, []starlark.Value{Universe(nil)["math"]}, ".m: a module cannot be kept"},
	} {
		if _, err := send(t, test.names, test.values); err == nil || err.Error() != test.want {
			t.Errorf("%v: got %v, want %s", test.names, err, test.want)
		}
	}
}

func BenchmarkAppendFields(b *testing.B) {
	forPayloads(b, func(b *testing.B, names []string, values []starlark.Value) {
		var e Encoder
		c := testCodec()
		var buffer []byte
		for b.Loop() {
			e.Reset(buffer[:0], c)
			if err := e.AppendFields(names, values); err != nil {
				b.Fatal(err)
			}
			buffer = e.Bytes()
		}
	})
}

func BenchmarkDecodeMessage(b *testing.B) {
	forPayloads(b, func(b *testing.B, names []string, values []starlark.Value) {
		var e Encoder
		c := testCodec()
		e.Reset(nil, c)
		if err := e.AppendFields(names, values); err != nil {
			b.Fatal(err)
		}
		source := starlark.Value(handle(1))
		for b.Loop() {
			if _, err := DecodeMessage(e.Bytes(), c, source, "vote"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func forPayloads(b *testing.B, run func(b *testing.B, names []string, values []starlark.Value)) {
	scalars := []starlark.Value{starlark.MakeInt(42), starlark.True, starlark.String("follower"), Duration(1e6)}
	names := []string{"term", "grant", "role", "last"}
	for _, n := range []int{1, 2, 4} {
		b.Run([]string{"", "1 scalar", "2 scalars", "", "4 scalars"}[n], func(b *testing.B) {
			b.ReportAllocs()
			run(b, append([]string(nil), names[:n]...), append([]starlark.Value(nil), scalars[:n]...))
		})
	}
	b.Run("list of 8 records", func(b *testing.B) {
		b.ReportAllocs()
		var all []starlark.Value
		for i := range 8 {
			all = append(all, MakeRecord([]string{"op", "term"}, starlark.None, starlark.MakeInt(i)))
		}
		run(b, []string{"entries"}, []starlark.Value{starlark.NewList(all)})
	})
}

// What a node's boxed state costs at a checkpoint.
func BenchmarkState(b *testing.B) {
	v := eval(b, `x = ({"x": 1, "y": 2, "z": [1, 2, 3]}, [struct(term = i, op = "put") for i in range(10)], set(nodes), nodes[0], bind(f, 1))`)
	var e Encoder
	c := testCodec()
	e.Reset(nil, c)
	e.Append(v)
	data := e.Bytes()
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.Reset(e.Bytes()[:0], c)
			e.Append(v)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Decode(data, c)
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Copy(v)
		}
	})
}
