// Proves that what cannot succeed in a handler is found before it runs, with the
// text that the run would give; and that nothing is said of code that could run
// well, however odd.
package scenario

import (
	"strings"
	"testing"
	"testing/fstest"
)

const inspected = `load("lib.star", "lend", borrowed = "other")
def noon(me, m):
    pass
def both(me):
    me.sent
def write(me):
    LINE
def later(me, k):
    me.snet = k
def helper(k, me = None):
    return me.snet
def ask(x):
    return x.snet if type(x) == "struct" else x.name
def factory(extra):
    def tick(me):
        me.got += 1
        me.only += 1
    return program(state = extra, every = {"1s": tick})
client = program(state = {"sent": 0}, on = {"noon": noon}, every = {"10ms": [write, both]}, shows = ["sent"])
a = nodes("client", 2, client)
b = nodes("server", 2, program(state = {"data": 0, "sent": 0}, every = {"10ms": both}))
`

const inspectedLib = `def lend(me):
    return me.lent

def other(me):
    return me.sent
`

func inspects(text string) error {
	fs := fstest.MapFS{"kv.star": {Data: []byte(text)}, "lib.star": {Data: []byte(inspectedLib)}}
	_, err := Load(fs, "kv.star", Options{Seed: 1})
	return err
}

func TestHandlersAreInspected(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`me.snet += 1`, `kv.star:7:7: in write: client declares no state "snet"; did you mean "sent"?`},
		{`me.snet = 1`, `kv.star:7:7: in write: client declares no state "snet"; did you mean "sent"?`},
		{`x, me.snet = 1, 2`, `kv.star:7:10: in write: client declares no state "snet"; did you mean "sent"?`},
		{`return [me.snet for i in range(3)]`, `kv.star:7:15: in write: client declares no state "snet"; did you mean "sent"?`},
		{`return (lambda: me.snet)()`, `kv.star:7:23: in write: client declares no state "snet"; did you mean "sent"?`},
		{`me.name = "x"`, `kv.star:7:7: in write: client declares no state "name"`},
		{`me.up`, `kv.star:7:7: in write: client declares no state "up"`},
		{`me.sned()`, `kv.star:7:7: in write: client declares no state "sned"; did you mean "send"?`},
		{`me.after("1s", bind(later, 2))`, `kv.star:9:7: in later: client declares no state "snet"; did you mean "sent"?`},
		{`me.after("1s", fn = bind(later, 2))`, `kv.star:9:7: in later: client declares no state "snet"; did you mean "sent"?`},
		{`helper(1, me)`, `kv.star:11:14: in write: client declares no state "snet"; did you mean "sent"?`},
		{`helper(1, me = me)`, `kv.star:11:14: in write: client declares no state "snet"; did you mean "sent"?`},
		{`helper(-1, me)`, `kv.star:11:14: in write: client declares no state "snet"; did you mean "sent"?`},
		{`lend(me)`, `lib.star:2:14: in write: client declares no state "lent"; did you mean "sent"?`},
		{`me.send(a[1], "non")`, `kv.star:7:12: in write: no program handles a message of kind "non"; did you mean "noon"?`},
		{`me.around("snet")`, `kv.star:7:14: in write: me.around: no program shows "snet"; write shows = ["snet"]; did you mean "sent"?`},
		{"me.a\n    me.b", "kv.star:7:7: in write: client declares no state \"a\"\nkv.star:8:7: in write: client declares no state \"b\""},
		{"pass\nc = nodes(\"c\", 1, factory({\"got\": 0}))", `kv.star:17:11: in tick: c declares no state "only"`},
	} {
		text := strings.Replace(inspected, "LINE", tc.line, 1)
		if head, tail, split := strings.Cut(tc.line, "\nc ="); split {
			text = strings.Replace(inspected, "LINE", head, 1) + "c =" + tail
		}
		if err := inspects(text); err == nil || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", tc.line, err, tc.want)
		}
	}
}

func TestInspectionSaysNothingWithoutBeingSure(t *testing.T) {
	for _, tc := range []struct{ line, below string }{
		{"me.sent += me.random.int(0, 3) + me.index", ""},
		{"me.send(me.source, \"noon\", delay = \"1s\")", ""},
		{"me.around(\"sent\")", ""},
		{"me = struct(snet = 1)\n    me.snet", ""},
		{"for me in [struct(snet = 1)]:\n        me.snet", ""},
		{"(lambda me: me.snet)(struct(snet = 1))", ""},
		{"[me.snet for me in [struct(snet = 1)]]", ""},
		{"ask(me)\n    ask(struct(snet = 1))", ""},
		{"ask(me)", "ask(struct(snet = 1))\n"},
		{"ask(me)", "always(\"x\", lambda: all([ask(struct(snet = n)) for n in [1]]))\n"},
		{"ask(me)", "alias = ask\n"},
		{"if hasattr(me, \"snet\"):\n        me.snet", ""},
		{"if hasattr(me, \"sn\" + \"et\"):\n        me.snet", ""},
		{"if \"snet\" in dir(me):\n        me.snet", ""},
		{"getattr(me, \"snet\", 1)", ""},
		{"helper(1, *[struct(snet = 1)])", ""},
		{"borrowed(me)", ""},
		{"kind = \"no\" + \"ne\"", ""},
		{"me.send(*[me, \"none\"])", ""},
		// What one program lacks, another has: the function may look which it is.
		{"pass", "def shared(me):\n    me.data if me.group.name == \"has\" else 0\n" +
			"h = nodes(\"has\", 1, program(state = {\"data\": 0}, every = {\"1s\": shared}))\nl = nodes(\"lacks\", 1, program(every = {\"1s\": shared}))\n"},
		{"pass", "c = nodes(\"c\", 1, factory({\"got\": 0}))\nd = nodes(\"d\", 1, factory({\"got\": 0, \"only\": 0}))\n"},
	} {
		if err := inspects(strings.Replace(inspected, "LINE", tc.line, 1) + tc.below); err != nil {
			t.Errorf("%s\n%s: %v", tc.line, tc.below, err)
		}
	}
}
