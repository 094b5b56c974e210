// Proves that a check is shown state itself only where it certainly cannot
// change it: by what is taken for such, and by trying to change state in every
// way that Starlark has.
package scenario

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"
)

// readsProgram has the functions f, which is looked at, and what it may use.
const readsProgram = `
def grow(x): x.append(1)
def size(x): return len(x)
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)
def ping(x, n): return n > 0 and pong(x, n - 1)
def pong(x, n):
    x.append(n)
    return ping(x, n)
TABLE = [grow]
alias = grow
captured = bind(lambda list, x: list == x, [])
def maker(fn): return lambda n: fn(n.log)
def kept(me): pass
p = program(state = {"log": [[1]], "seen": {}, "fn": kept, "set": set([1])}, on = {"m": lambda me, m: None})
a = node("a", p)
`

var onlyReading = []string{
	`lambda: len(a.log) > 0`,
	`lambda: all([x[0] == 1 for x in a.log])`,
	`lambda: sorted(a.log, key = lambda x: size(x)) == a.log`,
	`lambda: sorted(a.log, key = len, reverse = True) != None`,
	`lambda: a.seen.get("x") == None and a.name.upper() == "A"`,
	`lambda: even(4) and math.floor(1.5) == 1`,
	`bind(lambda n: size(n.log) == 1, a)`,
	`maker(size)`,
	"def f():\n    seen = {}\n    for x in a.log:\n        seen[x[0]] = True\n        seen.setdefault(2, x)\n    n = 0\n    n += len(seen)\n    return n == 2",
	"def f():\n    all = []\n    for x in a.log:\n        all.append(x)\n        all += [x]\n    return True",
	"def f():\n    x, y = 1, a.log\n    x += 1\n    return x == 2",
}

// mayChange would all change state, or may: each sees a copy.
var mayChange = []string{
	`lambda: a.log.append(1)`,
	`lambda: a.log[0].append(1)`,
	`lambda: [x.append(1) for x in a.log]`,
	`lambda: a.seen.update([("x", 1)])`,
	`lambda: a.set.add(2)`,
	`lambda: grow(a.log)`,
	`lambda: alias(a.log)`,
	`lambda: TABLE[0](a.log)`,
	`lambda: [g(a.log) for g in TABLE]`,
	`lambda: getattr(a.log, "append")(1)`,
	`lambda: sorted([1, 2], key = a.log.append)`,
	`lambda: sorted([1, 2], a.log.append)`,
	`lambda: sorted([a.log], key = getattr(a, "fn"))`,
	`lambda: sorted([a.log], key = a.fn)`,
	`lambda: sorted([a.log], grow)`,
	`lambda: a.fn(a.log)`,
	`lambda: ping(a.log, 3)`,
	`lambda: (lambda x: x.append(1))(a.log)`,
	`bind(grow, a.log)`,
	`maker(grow)`,
	"def f():\n    x = a.log\n    x += [1]",
	"def f():\n    a.log[0] = 2",
	"def f():\n    a.log[0][0] += 1",
	"def f():\n    a.seen['x'] = 2",
	"def f():\n    s = a.seen\n    s |= {1: 2}",
	"def f():\n    for a.log[0] in [1]:\n        pass",
	"def f():\n    for x in a.log:\n        x.append(1)",
	"def f():\n    return [0 for a.log[0] in [1]]",
	"def f():\n    x = []\n    x = a.log\n    x.append(1)",
	"def f():\n    x = []\n    for x in a.log:\n        x.append(1)",
	"def f():\n    x = [a.log]\n    x[0].append(1)",
	"def f():\n    add = a.log.append\n    add(1)",
	"def f():\n    def g(x):\n        x.append(1)\n    g(a.log)",
	"def f(x = a):\n    x.log.append(1)",
	"def f():\n    get = getattr\n    get(a.log, 'append')(1)",
	"def f():\n    args = [a.log]\n    grow(*args)",
}

func defining(body string) string {
	if strings.HasPrefix(body, "def ") {
		return readsProgram + body + "\n"
	}
	return readsProgram + "f = " + body + "\n"
}

func TestWhoOnlyReadsIsKnown(t *testing.T) {
	for want, bodies := range map[bool][]string{true: onlyReading, false: mayChange} {
		for _, body := range bodies {
			s := newScript(fstest.MapFS{"x.star": {Data: []byte(defining(body))}}, "x.star", Options{Seed: 1})
			if err := s.load("x.star"); err != nil {
				if want || !strings.Contains(err.Error(), "while the scenario is read") { // bound too early
					t.Errorf("%s\n%v", body, err)
				}
				continue
			}
			f := s.modules["x.star"].globals["f"].(starlark.Callable)
			if got := s.onlyReads(f); got != want {
				t.Errorf("only reads: %v, want %v, of\n%s", got, want, body)
			}
		}
	}
}

// What a check does to what it is shown never comes to the node.
func TestWhatChecksDoStaysWithThem(t *testing.T) {
	for _, body := range append(mayChange, onlyReading...) {
		if strings.HasPrefix(body, "bind(grow") || strings.HasPrefix(body, "maker") || strings.Contains(body, "lambda n:") {
			continue // it takes an argument
		}
		text := defining(body) + "always(\"f\", lambda: f() == None or True)\nat(\"1ms\", send(a, \"m\"))\nrun(until = \"5ms\")\n"
		s, err := Load(fstest.MapFS{"x.star": {Data: []byte(text)}}, "x.star", Options{Seed: 1})
		if err != nil {
			t.Errorf("%s\n%v", body, err)
			continue
		}
		_ = s.Run.RunUntil(s.Until) // most fail, of a frozen list
		p := s.script.declared[0]
		if got := fmt.Sprint(p.boxes.rows[0]); !strings.HasPrefix(got, "[[[1]] {} ") || !strings.HasSuffix(got, " set([1])]") {
			t.Errorf("state became %s by\n%s", got, body)
		}
	}
}
