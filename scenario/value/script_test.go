// Proves values as scripts see them: expressions and what they print, and the
// text of every error.
package value

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
)

var expressions = []struct{ source, want string }{
	{`duration("10ms") + duration("5ms")`, "15ms"},
	{`duration("10ms") + "5ms"`, "15ms"},
	{`"20ms" - duration("5ms")`, "15ms"},
	{`duration("200ms") * 0.3`, "60ms"},
	{`3 * duration("1ns")`, "3ns"},
	{`duration("0s") * (1 << 100)`, "0s"},
	{`duration("100000d") * 1e-300`, "0s"},
	{`[duration("1ns") * 0.5, duration("1ns") * -0.5, duration("3ns") / 2, duration("-3ns") / 2]`, "[1ns, -1ns, 2ns, -2ns]"},
	{`duration("1s") / "4s"`, "0.25"},
	{`duration("7s") // "2s"`, "3"},
	{`duration("-7s") % "2s"`, "1s"},
	{`duration("7ns") // 2`, "3ns"},
	{`-duration("1s")`, "-1s"},
	{`+duration("1s")`, "1s"},
	{`duration("2s") > duration("1s")`, "True"},
	{`duration("60s") == duration("1m")`, "True"},
	{`duration("1s") == "1s"`, "False"},
	{`duration(duration("1s"))`, "1s"},
	{`bool(duration("0s"))`, "False"},
	{`{duration("60s"): 1}[duration("1m")]`, "1"},
	{`type(duration("1s"))`, `"duration"`},
	{`max([duration("1s"), duration("2s")])`, "2s"},

	{`struct(term = 1, op = None)`, "struct(op = None, term = 1)"},
	{`struct()`, "struct()"},
	{`struct(a = 1, b = [2]) == struct(b = [2], a = 1)`, "True"},
	{`struct(a = 1) != struct(a = 2)`, "True"},
	{`struct(a = 1) == struct(b = 1)`, "False"},
	{`dir(struct(b = 1, a = 2))`, `["a", "b"]`},
	{`{struct(a = 1): "x"}[struct(a = 1)]`, `"x"`},
	{`struct(a = struct(b = 5)).a.b`, "5"},
	{`type(struct())`, `"struct"`},
	{`hasattr(struct(a = 1), "b")`, "False"},

	{`nodes[1]`, "node[1]"},
	{`nodes[1].name`, `"node[1]"`},
	{`nodes[1] < nodes[2]`, "True"},
	{`sorted([nodes[2], nodes[0]])`, "[node[0], node[2]]"},
	{`{nodes[1]: 5}[nodes[1]]`, "5"},
	{`nodes[1] in nodes`, "True"},
	{`nodes[1] == None`, "False"},

	{`bind(lambda a, b: (a, b), 2)(1)`, "(1, 2)"},
	{`bind(bind(lambda *a: a, 3), 2)(1)`, "(1, 2, 3)"},
	{`bind(lambda a, b: a - b, 2)(a = 1) if False else 0`, "0"},
	{`bind(f, 1, "x")`, `bind(f, 1, "x")`},
	{`bind(f, [1]) == bind(f, [1])`, "True"},
	{`bind(f, 1) == bind(f, 2)`, "False"},
	{`bind(f) == f`, "False"},
	{`type(bind(f))`, `"function"`},

	{`sum([1, 2, 3])`, "6"},
	{`sum([])`, "0"},
	{`sum([True, False, True])`, "2"},
	{`sum([1, 2.5, True])`, "4.5"},
	{`sum([1.5, True, 2])`, "4.5"},
	{`sum([duration("1s"), duration("2s")])`, "3s"},
	{`sum([duration("1s")], duration("2s"))`, "3s"},
	{`sum([[1], [2]], [])`, "[1, 2]"},
	{`sum([1 << 62, 1 << 62, 1])`, "9223372036854775809"},
	{`sum([1], 1 << 80)`, "1208925819614629174706177"},
	{`sum(range(5), start = 1)`, "11"},

	{`[round(2.5), round(-2.5), round(7), round(0.4)]`, "[3, -3, 7, 0]"},
	{`[round(2.675, 2), round(-2.675, 2), round(1.005, 2), round(99.995, 2)]`, "[2.68, -2.68, 1.01, 100.0]"},
	{`[round(1234.5, -2), round(0.04, 1), round(0.06, 1), round(5.0, -1), round(4.0, -1), round(0.5, -3)]`, "[1200.0, 0.0, 0.1, 10.0, 0.0, 0.0]"},
	{`[round(1e300, 2), round(1.5e-300, 300), round(1e22)]`, "[1e+300, 2e-300, 10000000000000000000000]"},
	{`[round(1.5, 2), round(-1.5, 1), round(0.0, 3)]`, "[1.5, -1.5, 0.0]"},
	{`[round(math.inf, 2), round(3, 2)]`, "[+inf, 3]"},

	{`[math.log(8, 2), math.log(1000, 10), math.log(5, 5), math.log(8, base = 2)]`, "[3.0, 3.0, 1.0, 3.0]"},
	{`[math.exp(0), math.pow(2, 10), math.sqrt(16), math.sin(0), math.cos(0), math.tan(0), math.hypot(3, 4)]`, "[1.0, 1024.0, 4.0, 0.0, 1.0, 0.0, 5.0]"},
	{`[math.floor(-1.5), math.ceil(-1.5), math.trunc(-1.5), math.floor(7)]`, "[-2, -1, -1, 7]"},
	{`[math.pi, math.e, math.inf, math.nan]`, "[3.141592653589793, 2.718281828459045, +inf, nan]"},
	{`[math.exp(math.inf), math.log(math.nan), math.exp(-math.inf)]`, "[+inf, nan, 0.0]"},
	{`hash("x") == hash("x")`, "True"},
	{`hash([1]) == hash((1,))`, "False"},
}

func TestExpressions(t *testing.T) {
	for _, test := range expressions {
		if got := eval(t, "x = "+test.source).String(); got != test.want {
			t.Errorf("%s is %s, want %s", test.source, got, test.want)
		}
	}
}

var scriptErrors = []struct{ source, want string }{
	{`duration(5)`, `a duration needs a unit: "10ms"`},
	{`duration("1s") + 5`, `a duration needs a unit: "10ms"`},
	{`5 - duration("1s")`, `a duration needs a unit: "10ms"`},
	{`duration("1s") + "5"`, `"5" is not a duration: its unit is missing; write "5ms"`},
	{`duration("1s") * duration("2s")`, `1s * 2s: a duration times a duration is none; divide one by duration("1s") first`},
	{`duration("100000d") * 2`, `100000d * 2: the result is over 292 years, the longest duration`},
	{`duration("1s") * 1e300`, `1s * 1e+300: the result is over 292 years, the longest duration`},
	{`duration("4ns") * float(1 << 62)`, `4ns * 4.611686018427388e+18: the result is over 292 years, the longest duration`},
	{`duration("1s") / math.pow(2, -200)`, `1s / 6.223015277861142e-61: the result is over 292 years, the longest duration`},
	{`duration("1ns") * (1 << 100)`, `1ns * 1267650600228229401496703205376: the result is over 292 years, the longest duration`},
	{`duration("1s") / 1e-300`, `1s / 1e-300: the result is over 292 years, the longest duration`},
	{`duration("100000d") + "100000d"`, `100000d + 100000d: the result is over 292 years, the longest duration`},
	{`-duration("-9223372036854775808ns")`, `-(-9223372036.854775808s): the result is over 292 years, the longest duration`},
	{`duration("-9223372036854775808ns") // -1`, `-9223372036.854775808s // -1: the result is over 292 years, the longest duration`},
	{`duration("1s") * math.nan`, "1s * nan: the number must be finite"},
	{`duration("1s") / 0`, "1s is divided by zero"},
	{`duration("1s") / 0.0`, "1s is divided by zero"},
	{`duration("1s") // 0`, "1s is divided by zero"},
	{`duration("1s") % duration("0s")`, "1s is divided by zero"},
	{`1 / duration("1s")`, "unknown binary op: int / duration"},
	{`duration("1s") // 1.5`, "unknown binary op: duration // float"},

	{`struct(1)`, "struct: fields are given by name, as in struct(term = 1)"},
	{`struct(term = 1).turm`, "struct has no .turm field or method (did you mean .term?)"},
	{`struct(a = 1) < struct(a = 2)`, "structs have no order; compare their fields"},
	{`{struct(a = []): 1}`, "unhashable type: list"},
	{`nodes[1].term`, "node[1].term: a handler reads its own node only"},
	{`nodes[1].nam`, "node has no .nam field or method (did you mean .name?)"},
	{`bind()`, "bind: a function is missing, as in bind(done, key)"},
	{`bind("f")`, "bind: the first argument is the function, as in bind(done, key), not a string"},
	{`bind(f, key = 1)`, `bind: arguments are given by place, key has a name`},
	{`bind(f) < bind(f)`, "functions have no order; compare their fields"},

	{`sum([1, "a"])`, "sum: unknown binary op: int + string"},
	{`sum([duration("1s"), 5])`, `sum: a duration needs a unit: "10ms"`},
	{`round("x")`, "round: a number is wanted, not a string"},
	{`round(1.5, 500)`, "round: digits is an int from -400 to 400, not 500"},
	{`round(math.nan)`, "round: nan has no nearest int"},
	{`round(15, -1)`, "round: an int has no digits to round; write round(float(x), -1)"},
	{`math.log(0)`, "math.log(0) is infinite"},
	{`math.log(-1, 2)`, "math.log(-1, 2) has no value"},
	{`math.log(8, 1)`, "math.log: the base must be above 0 and not 1, it is 1"},
	{`math.sqrt(-1)`, "math.sqrt(-1) has no value"},
	{`math.exp(1000)`, "math.exp(1000) is infinite"},
	{`math.sin(math.inf)`, "math.sin(+inf) has no value"},
	{`math.floor(math.nan)`, "math.floor(nan) has no value"},
	{`math.pow(-8, 1 / 3)`, "math.pow(-8, 0.3333333333333333) has no value"},
	{`math.pow(2)`, "math.pow: it takes 2 numbers by place, and is given 1"},
	{`math.exp(1, 2)`, "math.exp: it takes 1 number by place, and is given 2"},
	{`math.log()`, "math.log: it takes 1 or 2 numbers by place, and is given 0"},
	{`math.exp((1 << 511) * (1 << 511) * 4)`, "math.exp: an int of 1025 bits is more than a float holds"},
	{`math.exp(True)`, "math.exp: a number is wanted, not a bool"},
	{`math.exp(duration("2s"))`, `math.exp: a number is wanted, not a duration; write math.exp(x / duration("1s")) for the seconds of 2s`},
	{`math.gamma(1)`, "module has no .gamma field or method"},
	{`hash(lambda: 1)`, "hash: this lambda (kv.star:1:10) was made in a handler and cannot be kept; write def done outside of handlers"},
	{`hash([{"x": math}])`, `hash: [0]["x"]: a module cannot be kept`},
}

func TestScriptErrors(t *testing.T) {
	for _, test := range scriptErrors {
		_, err := run("x = "+test.source, testCodec(), nil)
		var eval *starlark.EvalError
		if !errors.As(err, &eval) {
			t.Errorf("%s: got %v, want %s", test.source, err, test.want)
		} else if diff := cmp.Diff(test.want, eval.Msg); diff != "" {
			t.Errorf("%s: %s", test.source, diff)
		}
	}
}

func TestSetField(t *testing.T) {
	place.set = nil
	eval(t, "nodes[2].term = 5\nx = None")
	if diff := cmp.Diff([]string{"node[2].term = 5"}, place.set); diff != "" {
		t.Error(diff)
	}
}

// TestFreezingEnds, though what is frozen holds 2^150 values.
func TestFreezingEnds(t *testing.T) {
	r, b, m := starlark.Value(starlark.None), starlark.Value(starlark.None), starlark.Value(starlark.None)
	for range 150 {
		r = MakeRecord([]string{"a", "b"}, r, r)
		b = Bind(functions["f"], b, b)
		m = &Message{kind: starlark.String("k"), source: m, fields: fields{{"a", m}}}
	}
	r.Freeze()
	b.Freeze()
	m.Freeze()
}

// TestPrintingEnds: what contains itself by way of our values, or prints
// exponentially long.
func TestPrintingEnds(t *testing.T) {
	for source, want := range map[string]string{
		"x = []\nx.append(struct(l = x))":           "[struct(l = [struct(l = [...])])]",
		"d = {}\nx = struct(d = d)\nd[1] = x":       "struct(d = {1: struct(d = {...})})",
		"x = []\nx.append(bind(f, x, 1))\nx = x[0]": "bind(f, [bind(f, [...], 1)], 1)",
	} {
		if got := eval(t, source).String(); got != want {
			t.Errorf("%s prints %s, want %s", source, got, want)
		}
	}
	deep := starlark.Value(starlark.None)
	for range 10000 {
		deep = MakeRecord([]string{"a"}, deep)
	}
	for v, most := range map[starlark.Value]int{deep: 20 * maxDepth, Bind(functions["f"], doubledTuple()): 2 * maxText} {
		if got := v.String(); len(got) > most || !strings.Contains(got, "…") {
			t.Errorf("it prints %d bytes", len(got))
		}
	}
}
