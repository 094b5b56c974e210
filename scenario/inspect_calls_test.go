// Proves that calls that cannot succeed are found before the run: of handlers
// with other arguments than they take, of services, of whom there is no policy
// for; what no reply has; and what would change a global.
package scenario

import (
	"strings"
	"testing"
)

const callers = `total = 0
log = []
seen = {}
def get(me, key, default = None):
    return key
def done(me, reply, n = 0):
    me.last = reply.took
def helper(x):
    x = []
    x.append(1)
    return x
def tick(me, *more):
    LINE
def pair(me, m):
    pass
client = program(state = {"last": duration("0s")}, every = {"10ms": tick}, on = {"m": pair})
a = nodes("a", 2, client)
s = nodes("s", 2, program(provides = {"get": serve(get, "1ms"), "put": get}))
network(a + s)
BELOW`

func TestCallsThatCannotSucceed(t *testing.T) {
	for _, tc := range []struct{ line, below, want string }{
		{`me.call("get")`, "", `lab.star:13:12: in tick: me.call: "get": the argument "key" is missing`},
		{`me.call("get", 1, 2, 3, then = done)`, "", `lab.star:13:12: in tick: me.call: "get": 3 arguments by place; it takes 2`},
		{`me.call("get", 1, tiemout = "1s")`, "", `lab.star:13:12: in tick: me.call: "get": it has no argument "tiemout"; did you mean "timeout"?`},
		{`me.call("put", 1, defualt = 2, timeout = "1s")`, "", `lab.star:13:12: in tick: me.call: "put": it has no argument "defualt"; did you mean "default"?`},
		{`me.call("get", 1, by = 2)`, "", `lab.star:13:12: in tick: me.call: "get": it has no argument "by"`},
		{`me.call("get", 1, to = "roundrobin")`, "", `lab.star:13:28: in tick: me.call: to is a node, a group, a list, "any", "round_robin", "nearest", "hash" or "all", not "roundrobin"; did you mean "round_robin"?`},
		{`me.call("get", 1, then = get2)`, "def get2(me):\n    pass", `lab.star:13:30: in tick: me.call: then: get2 is called as get2(me, reply), and takes (me)`},
		{`me.call("get", 1, then = bind(done, 1, 2))`, "", `lab.star:13:35: in tick: me.call: then: done is called as done(me, reply, bound, bound), and takes (me, reply, n = …)`},
		{`me.call("get", 1, then = lambda r: r.ok)`, "", `lab.star:13:30: in tick: me.call: then: lambda is called as lambda(me, reply), and takes (r)`},
		{`me.after("1s", pair)`, "", `lab.star:13:20: in tick: me.after: pair is called as pair(me), and takes (me, m)`},
		{`me.subscribe("f", lambda me: 0)`, "", `lab.star:13:23: in tick: me.subscribe: lambda is called as lambda(me, value), and takes (me)`},
		{`me.call("get", 1, then = lambda me, r: r.tok)`, "", `lab.star:13:45: in lambda: a reply has no "tok"; did you mean "ok"?`},
		{`me.discover("get", then = found)`, "def found(me, r):\n    r.provider\n    r.vlaue", `lab.star:22:6: in found: a reply has no "vlaue"; did you mean "value"?`},
		{`total += 1`, "", `lab.star:13:11: in tick: total is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.total`},
		{`log.append(1)`, "", `lab.star:13:8: in tick: log is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.log`},
		{`seen[1] = 2`, "", `lab.star:13:9: in tick: seen is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.seen`},
		{`keep(1)`, "def keep(x):\n    log.append(x)", `lab.star:21:8: in keep: log is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.log`},
		{`pass`, `always("x", lambda: log.append(1) == None)`, `lab.star:20:24: in lambda: log is a global, which is frozen once the file is read; keep what changes in the state of a program, as me.log`},
		{`pass`, `x = program(on = {"ping": lambda me: 0})`, `lab.star:20:27: on "ping": lambda is called as lambda(me, msg), and takes (me)`},
		{`pass`, `x = program(every = {"1s": pair})`, `lab.star:14:1: every: pair is called as pair(me), and takes (me, m)`},
		{`pass`, `x = program(on_start = pair)`, `lab.star:14:1: on_start: pair is called as pair(me), and takes (me, m)`},
		{`pass`, `x = program(on_stop = bind(pair, 1, 2))`, `lab.star:14:1: on_stop: pair is called as pair(me, bound, bound), and takes (me, m)`},
		{`me.publish("f", 1)`, `x = program(subscribes = {"f": lambda me: 0})`, `lab.star:20:32: subscribes: lambda is called as lambda(me, value), and takes (me)`},
	} {
		if err := callsWith(tc.line, tc.below); err == nil || err.Error() != tc.want {
			t.Errorf("%s\n%s:\n got %v\nwant %s", tc.line, tc.below, err, tc.want)
		}
	}
}

func callsWith(line, below string) error {
	text := strings.Replace(strings.Replace(callers, "LINE", line, 1), "BELOW", below, 1)
	_, err := Load(labFS(text, nil), labFile, Options{Seed: 1})
	return err
}

func TestCallsThatMaySucceed(t *testing.T) {
	for _, tc := range []struct{ line, below string }{
		{`me.call("get", key = 1, default = 2, to = "all", then = bind(done, 3), need = None)`, ""},
		{`me.call("get", 1, to = "hash", by = 3)`, ""},
		{`me.call("get", *more)`, ""},
		{`me.call("get", 1, to = more[0])`, ""},
		{`me.call("get", 1, 2, 3)`, `x = program(provides = {"get": lambda me, *args: args})`},
		{`me.call("get", 1, 2, 3)`, "def late(me):\n    me.provide(\"get\", lambda me, *args: args)\nx = program(on_start = late)"},
		{`me.call("get", 1, then = lambda me, *rest: 0)`, ""},
		{`me.call("get", 1, then = lambda me, r, x = 1: r.values)`, ""},
		{`me.after("1s", lambda me: helper(2))`, ""},
		{`me.after("1s", bind(pair, 1))`, ""},
		{`me.call("get", 1, then = both)`, "def both(me, r):\n    r.tok if hasattr(r, \"tok\") else 0"},
		{`me.call("get", 1, then = both)`, "def both(me, r):\n    r.tok\nx = program(on = {\"both\": both})"},
		{`me.call("get", 1, then = both)`, "def both(me, r):\n    r = struct(tok = 1)\n    r.tok"},
		{`helper(1)`, "def load_time():\n    log.append(1)\nload_time()"},
		{"log = []\n    log.append(1)", ""},
		{"total = 1\n    total += 1", ""},
		{"for total in [1]:\n        total += 1", ""},
		{"helper(log[:])", ""},
	} {
		if err := callsWith(tc.line, tc.below); err != nil {
			t.Errorf("%s\n%s: %v", tc.line, tc.below, err)
		}
	}
}
