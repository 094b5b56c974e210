// What the tests share: a world of four nodes, functions with names, a way to
// run scripts, values drawn at random, and a comparison that sees identity.
package value

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/detmath"
)

// town is a Resolver: nodes 1<<24 to 1<<24+3 are node[0] to node[3].
type town struct{ set []string }

const firstNode = ecs.Node(1 << 24)

func (t *town) NodeName(n ecs.Node) string    { return fmt.Sprintf("node[%d]", n-firstNode) }
func (t *town) AttrNames(n ecs.Node) []string { return []string{"name", "term"} }
func (t *town) Attr(n ecs.Node, name string) (starlark.Value, error) {
	switch name {
	case "name":
		return starlark.String(t.NodeName(n)), nil
	case "term":
		return nil, fmt.Errorf("%s.term: a handler reads its own node only", t.NodeName(n))
	}
	return nil, nil
}
func (t *town) SetAttr(n ecs.Node, name string, v starlark.Value) error {
	t.set = append(t.set, fmt.Sprintf("%s.%s = %s", t.NodeName(n), name, v))
	return nil
}

var place = &town{}

func handle(i int) Node { return MakeNode(firstNode+ecs.Node(i), place) }

// registry is Functions of what a script's globals hold.
type registry map[string]starlark.Callable

func (r registry) Function(name string) (starlark.Callable, bool) { fn, ok := r[name]; return fn, ok }
func (r registry) FunctionName(fn starlark.Callable) (string, bool) {
	for name, f := range r {
		if f == fn {
			return name, true
		}
	}
	return "", false
}

// claim is a Keepable.
type claim string

func (c claim) String() string                 { return "claim(" + string(c) + ")" }
func (c claim) Type() string                   { return "claim" }
func (c claim) Freeze()                        {}
func (c claim) Truth() starlark.Bool           { return true }
func (c claim) Hash() (uint32, error)          { return 7, nil }
func (c claim) Keep() (string, starlark.Value) { return "claim", starlark.String(c) }

var functions = registry{
	"f":   starlark.NewBuiltin("f", nil),
	"g.h": starlark.NewBuiltin("h", nil),
}

func testCodec() *Codec {
	return &Codec{
		Functions: functions,
		Node: func(n ecs.Node) (starlark.Value, bool) {
			return MakeNode(n, place), n >= firstNode && n < firstNode+4
		},
		Rebuild: func(kind string, state starlark.Value) (starlark.Value, error) {
			s, ok := state.(starlark.String)
			if !ok || kind != "claim" {
				return nil, fmt.Errorf("not a claim")
			}
			return claim(s), nil
		},
	}
}

var dialect = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}

// run runs a script; its functions get names if named is given.
func run(source string, c *Codec, named registry) (starlark.StringDict, error) {
	u := Universe(c)
	u["f"], u["claim"] = functions["f"], claim("mine")
	u["nodes"] = starlark.NewList([]starlark.Value{handle(0), handle(1), handle(2), handle(3)})
	thread := &starlark.Thread{Name: "test"}
	globals, err := starlark.ExecFileOptions(dialect, thread, "kv.star", source, u)
	for name, v := range globals {
		if fn, ok := v.(*starlark.Function); ok && named != nil {
			named[name] = fn
		}
	}
	return globals, err
}

// eval runs a script that sets x.
func eval(t testing.TB, source string) starlark.Value {
	t.Helper()
	globals, err := run(source, testCodec(), nil)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return globals["x"]
}

func evalGolden(t *testing.T, source string) starlark.Value { return eval(t, "x = "+source) }

func encode(t interface{ Fatalf(string, ...any) }, v starlark.Value) []byte {
	var e Encoder
	e.Reset(nil, testCodec())
	if err := e.Append(v); err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	return e.Bytes()
}

// A drawer draws values. Containers it has begun may be met again, within
// themselves too.
type drawer struct {
	t     *rapid.T
	begun []starlark.Value
	deep  int
	small bool // few different values, so that two draws may be alike
}

func drawValue(t *rapid.T, small bool) starlark.Value {
	d := drawer{t: t, small: small}
	return d.value()
}

func (d *drawer) pick(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "pick") }

func (d *drawer) value() starlark.Value {
	d.deep++
	defer func() { d.deep-- }()
	if len(d.begun) > 0 && d.pick(6) == 0 {
		return d.begun[d.pick(len(d.begun))]
	}
	if d.deep > 5 || d.pick(2) == 0 {
		return d.leaf()
	}
	n := d.pick(4)
	switch d.pick(7) {
	case 0:
		l := starlark.NewList(nil)
		d.begun = append(d.begun, l)
		for range n {
			l.Append(d.value())
		}
		return l
	case 1:
		m := new(starlark.Dict)
		d.begun = append(d.begun, m)
		for range n {
			m.SetKey(d.key(), d.value())
		}
		return m
	case 2:
		s := new(starlark.Set)
		d.begun = append(d.begun, s)
		for range n {
			s.Insert(d.key())
		}
		return s
	case 3:
		return &Record{fields: d.fields()}
	case 4:
		return Bind(functions["f"], d.tuple(n)...)
	case 5:
		return &Message{kind: starlark.String("k"), source: handle(d.pick(4)), fields: d.fields()}
	}
	return d.tuple(n)
}

func (d *drawer) tuple(n int) starlark.Tuple {
	t := make(starlark.Tuple, n)
	for i := range t {
		t[i] = d.value()
	}
	return t
}

func (d *drawer) fields() fields {
	var f fields
	for _, name := range []string{"a", "b", "term"}[:d.pick(4)] {
		f = append(f, field{name, d.value()})
	}
	return f
}

// key draws what can be a key: leaves, and tuples of them.
func (d *drawer) key() starlark.Value {
	if d.pick(4) == 0 {
		return starlark.Tuple{d.leaf(), d.leaf()}
	}
	return d.leaf()
}

func (d *drawer) leaf() starlark.Value {
	if d.small {
		return []starlark.Value{starlark.None, starlark.MakeInt(1), starlark.Float(1), starlark.String("a")}[d.pick(4)]
	}
	switch d.pick(10) {
	case 0:
		return starlark.None
	case 1:
		return starlark.Bool(d.pick(2) == 0)
	case 2:
		return starlark.MakeInt64(rapid.Int64().Draw(d.t, "int"))
	case 3:
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(d.t, "big"))
		if d.pick(2) == 0 {
			n.Neg(n)
		}
		return starlark.MakeBigInt(n)
	case 4:
		return starlark.Float(rapid.OneOf(rapid.Float64(), rapid.Just(detmath.NaN())).Draw(d.t, "float"))
	case 5:
		return starlark.Bytes(rapid.SliceOf(rapid.Byte()).Draw(d.t, "bytes"))
	case 6:
		return Duration(rapid.Int64().Draw(d.t, "duration"))
	case 7:
		return handle(d.pick(4))
	case 8:
		return []starlark.Value{functions["f"], functions["g.h"], claim("mine")}[d.pick(3)]
	}
	return starlark.String(rapid.String().Draw(d.t, "string"))
}

// A twin walks two values side by side. They are the same if no script could
// tell one from the other: as to types, order, signs of zero, and identity.
type twin map[starlark.Value]starlark.Value

func same(x, y starlark.Value) bool { return twin{}.same(x, y) && twin{}.same(y, x) }

func (w twin) same(x, y starlark.Value) bool {
	if x.Type() != y.Type() {
		return false
	}
	switch x := x.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set:
		if z, met := w[x]; met {
			return z == y
		}
		w[x] = y
		return w.all(inside(x), inside(y))
	case starlark.Tuple:
		return w.all(x, y.(starlark.Tuple))
	case *Record, *Message, *Bound:
		return w.all(inside(x), inside(y))
	case *starlark.Builtin:
		return x == y
	case starlark.Float:
		return detmath.Bits(float64(x)) == detmath.Bits(float64(y.(starlark.Float)))
	}
	equal, err := starlark.Equal(x, y)
	return equal && err == nil
}

func (w twin) all(x, y []starlark.Value) bool {
	return slices.EqualFunc(x, y, w.same)
}

func inside(v starlark.Value) (all []starlark.Value) {
	var f fields
	switch v := v.(type) {
	case *starlark.List:
		return slices.Collect(v.Elements())
	case *starlark.Set:
		return slices.Collect(v.Elements())
	case *starlark.Dict:
		for k, x := range v.Entries() {
			all = append(all, k, x)
		}
		return all
	case *Bound:
		return append([]starlark.Value{v.fn}, v.args...)
	case *Record:
		f = v.fields
	case *Message:
		f, all = v.fields, []starlark.Value{v.kind, v.source}
	}
	for i := range f {
		all = append(all, starlark.String(f[i].name), f[i].value)
	}
	return all
}
