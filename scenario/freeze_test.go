// Proves that what a file made cannot change while it runs, wherever it is kept,
// and that to freeze it ends: also where functions capture themselves, and where
// tuples hold more values than could be counted.
package scenario

import (
	"strings"
	"testing"
)

func TestWhatIsCapturedIsFrozen(t *testing.T) {
	for name, text := range map[string]string{
		"handler": `
def make():
    seen = []
    def beat(me):
        seen.append(1)
    return program(every = {"1ms": beat})
node("a", make())
`,
		"bound": `
def beat(me, seen):
    seen.append(1)
node("a", program(every = {"1ms": [bind(beat, [])]}))
`,
		"in a struct": `
def make():
    seen = struct(all = [])
    return program(every = {"1ms": lambda me: seen.all.append(1)})
node("a", make())
`,
		"default": `
def make():
    def beat(me, seen = ([],)):
        seen[0].append(1)
    return program(every = {"1ms": beat})
node("a", make())
`,
		"through a function": `
def make():
    seen = set()
    def add():
        seen.add(1)
    return program(every = {"1ms": lambda me: add()})
node("a", make())
`,
		"service": `
def make():
    seen = {}
    def put(me):
        seen[1] = 2
    return program(provides = {"put": serve(put, "1ms")}, every = {"1ms": lambda me: me.call("put", then = done)})
def done(me, reply):
    pass
node("a", make())
network([node("b", program())])
`,
		"check": `
def make():
    seen = []
    def fine():
        seen.append(1)
        return True
    always("fine", fine)
make()
node("a", program(every = {"1ms": lambda me: None}))
`,
		"series": `
def make():
    seen = []
    def size():
        seen.append(1)
        return len(seen)
    series("size", size, every = "1ms")
make()
`,
		"target": `
def make(n):
    seen = []
    def first():
        seen.append(1)
        return n
    at("2ms", crash(first))
make(node("a", program()))
`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := load(text + `run(until = "9ms")`)
			if err == nil {
				err = s.Run.RunUntil(s.Until)
			}
			if err == nil || !strings.Contains(err.Error(), "frozen") {
				t.Errorf("it is changed: %v", err)
			}
		})
	}
}

func TestFreezingEnds(t *testing.T) {
	const outer = `
def outer():
    def inner(me, n = 3):
        me.n += 1
        me.after("1ms", inner) if me.n < 3 else None
        return inner(me, n - 1) if n else 0
    return inner
inner = outer()
`
	const kept = "kv.star:3:5: inner calls itself by a name of the function that it is written in, so that it cannot be kept in a list, dict, set or tuple while the file is read; write it at the file's top level"
	for name, tc := range map[string]struct{ text, want string }{
		"itself":           {outer + `node("a", program(state = {"n": 0}, on_start = inner))`, ""},
		"itself in a word": {outer + `node("a", program(state = {"n": 0}, every = {"1ms": [inner, bind(outer())]}, on_start = bind(inner, 2)))`, ""},
		"itself in a bind": {outer + "x = [bind(inner), struct(f = inner)]", ""},
		"itself, listed":   {outer + "x = [[inner]]", kept},
		"each other": {`
def outer():
    def f():
        g()
    def g():
        f()
    return f
x = {"f": (outer(), 1)}`, "f calls itself by a name of"},
		"itself, sent in a list": {outer + `
def send(me):
    me.send(me, "hear", f = [inner])
node("a", program(on_start = send, on = {"hear": lambda me, m: None}))`, "in send on a at 0s: .f[0]: the function inner (kv.star:3:5) calls itself by a name"},
		"itself, in a tuple of state": {outer + `
def keep(me):
    me.f = (1, inner)
node("a", program(state = {"f": None}, on_start = keep))`, "[1]: the function inner (kv.star:3:5) calls itself by a name"},
		"itself, sent": {outer + `
def send(me):
    me.send(me, "hear", f = inner, g = bind(inner, 2), h = struct(f = inner))
node("a", program(on_start = send, on = {"hear": lambda me, m: None}))`, ""},
		"itself, provided": {`
def outer():
    def put(me, n = 2):
        return put(me, n - 1) if n else 0
    return put
put = outer()
def give(me):
    me.provide("more", serve(put, "2ms"))
def ask(me):
    me.call("put", then = done)
    me.call("more", then = done)
def done(me, reply):
    me.n += 1
    me.n += reply.value or 1
a = node("a", program(provides = {"put": serve(put, "1ms")}, on_start = give))
b = node("b", program(state = {"n": 0}, on_start = ask))
network([a, b], latency = "1ms")
`, ""},
		"by way of a list": {`
def outer():
    all = []
    def f():
        all[0]()
    all.append(f)
    return f
x = [outer()]`, ""},
		"a tuple of itself":           {"x = 1\nfor i in range(100):\n    x = (x, x)", ""},
		"a tuple of itself in a list": {"x = 1\nfor i in range(100):\n    x = (x, x)\ny = [x]", "y: tuples and functions in each other come to more than 268435456 values, counted as often as they occur; lists count once"},
		"a function of itself":        {"def f(g):\n    return lambda a = g, b = g: 1\nx = 1\nfor i in range(100):\n    x = f(x)", ""},
		"a list of itself":            {"x = 1\nfor i in range(100):\n    x = [x, x]\nx[0][0].append(x)", ""},
		"lists, deep":                 {"x = 1\nfor i in range(10000):\n    x = [x]", ""},
		"tuples, deep":                {"x = []\nfor i in range(11000):\n    x = (x,)", "x: tuples and functions lie in each other more than 10000 deep"},
		"wide":                        {"x = 1\nfor i in range(15):\n    x = [x] * 10", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := load(tc.text + "\n" + `run(until = "9ms")`)
			if err == nil {
				err = s.Run.RunUntil(s.Until)
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%v; want %q", err, tc.want)
			}
		})
	}
}
