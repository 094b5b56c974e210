package value_test

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
)

func Example() {
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{}, &starlark.Thread{}, "kv.star", `
period = duration("200ms")
wait = period * 0.3 + "5ms"
entry = struct(term = 1, op = None)
`, value.Universe(nil))
	fmt.Println(globals["wait"], globals["entry"], err)
	// Output: 65ms struct(op = None, term = 1) <nil>
}

func ExampleParseDuration() {
	for _, s := range []string{"1.5s", "10 ms", "1h30m", "10"} {
		fmt.Println(value.ParseDuration(s))
	}
	// Output:
	// 1.5s <nil>
	// 0s "10 ms" is not a duration; write "10ms"
	// 0s "1h30m" is not a duration; write "90m"
	// 0s "10" is not a duration: its unit is missing; write "10ms"
}

// A list that is held twice, and holds itself, comes back so.
func ExampleEncoder() {
	l := starlark.NewList(nil)
	l.Append(l)
	var e value.Encoder
	e.Reset(nil, nil)
	fmt.Println(e.Append(starlark.Tuple{l, l}))
	fmt.Printf("%x\n", e.Bytes())
	v, err := value.Decode(e.Bytes(), nil)
	t := v.(starlark.Tuple)
	fmt.Println(t, t[0] == t[1], err)
	// Output:
	// <nil>
	// 0a0209010d000d00
	// ([[...]], [[...]]) true <nil>
}

func ExampleDecodeMessage() {
	var e value.Encoder
	e.Reset(nil, nil)
	e.AppendFields([]string{"term", "grant"}, []starlark.Value{starlark.MakeInt(2), starlark.True})
	m, err := value.DecodeMessage(e.Bytes(), nil, starlark.None, "vote")
	fmt.Println(m, err)
	// Output: message(kind = "vote", source = None, grant = True, term = 2) <nil>
}

func ExampleCopy() {
	l := starlark.NewList([]starlark.Value{starlark.MakeInt(1)})
	l.Freeze()
	c := value.Copy(l).(*starlark.List)
	fmt.Println(c.Append(starlark.MakeInt(2)), l, c)
	// Output: <nil> [1] [1, 2]
}

func ExampleMakeRecord() {
	r := value.MakeRecord([]string{"term", "op"}, starlark.MakeInt(1), starlark.None)
	fmt.Println(r, r.AttrNames())
	// Output: struct(op = None, term = 1) [op term]
}
