// Groups as values, and what a node may do for itself.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const grouped = `
def hear(me, m):
    print("heard", m.n)
def make(greeting):
    def begin(me):
        me.said = greeting
    return program(state = {"x": 0, "said": "", "box": [], "friends": None}, on = {"hear": hear}, on_start = begin)
a = nodes("a", 4, make("hi"), x = lambda i: i * i, box = lambda i: [i])
b = nodes("b", 2, make("ho"), x = 10)
c = node("c", make("hm"))
`

func TestGroupsAreValues(t *testing.T) {
	for _, tc := range []struct{ expr, want string }{
		{`a`, "a"}, {`len(a)`, "4"}, {`a[0]`, "a[0]"}, {`a[-1]`, "a[3]"}, {`a["a[2]"]`, "a[2]"},
		{`a[1:3]`, "[a[1] and a[2]]"}, {`a[::-2]`, "[a[3] and a[1]]"}, {`a[:0]`, "[]"}, {`bool(a[:0])`, "False"},
		{`a[:1] + b`, "[a[0], b[0] and b[1]]"}, {`b + c`, "[b[0], b[1] and c]"}, {`c + b`, "[c, b[0] and b[1]]"}, {`[c] + b`, "[c, b[0] and b[1]]"}, {`b + [c, a[0]]`, "[b[0], b[1], c and a[0]]"},
		{`a - a[1]`, "[a[0], a[2] and a[3]]"}, {`a - a[1:] - a[0]`, "[]"}, {`a - b`, "[a[0], a[1], a[2] and a[3]]"}, {`[c, b[0]] - b`, "[c]"},
		{`a[0] in a`, "True"}, {`a[0] in a[1:]`, "False"}, {`a[0] not in b`, "True"}, {`"a[3]" in a`, "True"}, {`"b[0]" in a`, "False"},
		{`a == nodesof(a)`, "True"}, {`a[:2] == a[:2]`, "True"}, {`a == b`, "False"}, {`a != b`, "True"}, {`a - a[0] == a[0].peers`, "True"},
		{`[n.index for n in a[2:]]`, "[2, 3]"}, {`sorted(b + a[:1])`, "[a[0], b[0], b[1]]"}, {`list(reversed(b))`, "[b[1], b[0]]"}, {`max(a)`, "a[3]"},
		{`c.group == nodesof([c])`, "True"}, {`c.peers`, "[]"}, {`a[1].peers`, "[a[0], a[2] and a[3]]"}, {`a[1] in a[1].peers`, "False"}, {`a[2] in a[1].peers`, "True"},
		{`a.name + c.name + b[1].name`, "acb[1]"}, {`{a[0]: 1, c: 2}[c]`, "2"}, {`a[0] == a[0] and a[0] != a[1] and a[0] < b[0]`, "True"},
		{`g`, "g"}, {`g.name`, "g"}, {`len(g)`, "5"}, {`c in g`, "True"}, {`g["b[1]"]`, "b[1]"}, {`g[1:3]`, "[a[1] and b[0]]"}, {`g == a[:2] + b + c`, "True"}, {`group("h", [g, a[2:]]) - g`, "[a[2] and a[3]]"},
		{`a[0].group == a`, "True"},
	} {
		text := grouped + "g = group(\"g\", [a[:2], [b, [c]]])\ndef nodesof(x):\n    return group(\"x\", x)\nprint(" + tc.expr + ")\nrun(until = \"1ms\")\n"
		if got := story(ran(t, text)); len(got) != 1 || got[0] != "-1 outside "+tc.want {
			t.Errorf("%s: %v, want %s", tc.expr, got, tc.want)
		}
	}
}

func TestGroupsInChecks(t *testing.T) {
	for _, expr := range []string{
		`a.x == [0, 1, 4, 9]`, `(a + b).x == [0, 1, 4, 9, 10, 10]`, `a[1:3].x == [1, 4]`, `a.box == [[0], [1], [2], [3]]`, `sum(a.x) == 14`,
		`a.up == [True] * 4`, `b.incarnation == [1, 1]`, `a.index == [0, 1, 2, 3]`, `a.said == ["hi"] * 4 and c.said == "hm"`, `all([n.x == n.index * n.index for n in a])`,
		`c.exit == 0`, `a[:0].x == []`, `a.peers[1] == a - a[1]`,
	} {
		s := ran(t, grouped+"always(\"c\", lambda: "+expr+")\nrun(until = \"5ms\")\n")
		if got := outcomes(s)[0]; got != "c held@5" {
			t.Errorf("%s: %s", expr, got)
		}
	}
}

func TestGroupsAsTargets(t *testing.T) {
	// Each to all of its group and itself; a group of parts is linked, cut and
	// crashed as one.
	tells(t, grouped+`
def go(me, m):
    me.send(me.group, "hear", n = 1)
    me.friends = m.to
    me.send(me.friends, "hear", n = 2)
    me.send([c, m.to[1:2]], "hear", n = 3)
d = nodes("d", 2, program(state = {"friends": None}, on = {"go": go, "hear": hear}))
link(d, a + c, latency = "1ms")
link(d[0], d[1], latency = "2ms")
at("1ms", send(d[0], "go", to = group("friends", [a[:2]])))
at("0s", cut(d, a[:1]))
at("4ms", crash(group("g", [d, [a]])))
always("c", lambda: (d + a).up == [now() < duration("4ms")] * 6 and c.up and b.up == [True, True])
run(until = "9ms")`, `
		3 a[1] heard 2
		3 a[1] heard 3
		3 c heard 3
		3 d[0] heard 1`)
}

func TestErrorsOfGroups(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`a[4]`, "a[4]: it has 4 nodes, 0 to 3"},
		{`a["a[7]"]`, `a has no node "a[7]"; did you mean "a[0]"?`},
		{`a[c]`, "a[c]: a node is found by number or by name"},
		{`a.x`, "a.x: state of a group is read in checks, series and exports only"},
		{`a[0].x`, "a[0].x: while the scenario is read, a node has only name, index, group, groups, peers and neighbours"},
		{`a < b`, "groups have no order"},
		{`1 in a`, "a node or its name may be in a group, not an int"},
		{`{a: 1}`, "a group cannot be a key"},
		{`group("g", [1])`, "nodes are wanted, not an int"},
		{`nodes("a", 2, program())`, `there is a node "a[0]" already`},
		{`node("c", program())`, `there is a node "c" already`},
		{`nodes("c", 1, program())`, `there is a node "c" already`},
		{`node("a[9]", program())`, `node: "a[9]" is a name as nodes(…) gives it to one of several`},
		{`nodes("n", -1, program())`, `0 to`},
		{`node("n", program(state = {"x": 0}), y = 1)`, `n declares no state "y"`},
		{`node("n", program(state = {"x": 0}), x = 0.5)`, `x is declared as int, and 0.5 is a float`},
	} {
		failsToLoad(t, grouped+tc.line, tc.want)
	}
}

func TestTimersOfScripts(t *testing.T) {
	tells(t, `
def begin(me):
    me.after("10ms", bind(fired, "first"), key = "k")
    me.after("20ms", bind(fired, "second"), key = "k")       # replaces it
    me.after("12ms", bind(fired, "other"), key = ("k", me))
    me.after("13ms", bind(fired, "free"))
    me.after("13ms", bind(fired, "free too"))
    me.after("0s", bind(fired, "at once"), key = 1)
    print(me.cancel("none"), me.cancel("gone"))
    me.after("30ms", cancel_late, key = "late")
    me.after("25ms", cancel_late)
    me.after("1500us", bind(fired, "rounded up"))
def fired(me, what):
    print(what, me.cancel(1))
def cancel_late(me):
    print("late", me.cancel("late"), me.cancel("late"), me.cancel(("k", me)))
a = node("a", program(on_start = begin))
run(until = "40ms")`, `
		0 a False False
		1 a at once False
		2 a rounded up False
		12 a other False
		13 a free False
		13 a free too False
		20 a second False
		25 a late True False False`)
}

func TestExits(t *testing.T) {
	s := tells(t, `
def hear(me, m):
    print("heard", m.n)
    if m.n == 2:
        me.after("5ms", never)
        me.send(me.peers[0], "hear", n = 7)
        me.exit(me.index + 3)
        me.exit(99)
        print("to its end")
def never(me):
    fail("a timer outlived its node")
def stopped(me):
    print("stopped")
    me.send(me.peers[0], "hear", n = 8)
a = nodes("a", 2, program(state = {"x": 0}, on = {"hear": hear}, on_stop = stopped, every = {"9ms": lambda me: print("beat")}))
link(a[0], a[1], latency = "1ms")
at("3ms", send(a[0], "hear", n = 1), send(a[0], "hear", n = 2), send(a[0], "hear", n = 3))
at("20ms", restart(a[0]))
at("6ms", crash(a[1]))
run(until = "30ms")`, `
		4 a[0] heard 1
		4 a[0] heard 2
		4 a[0] to its end
		4 a[0] stopped
		5 a[1] heard 7
		5 a[1] heard 8
		29 a[0] beat`)
	if got := seen(t, s, "a[0]", "incarnation").String(); got != "2" {
		t.Errorf("incarnation %s", got)
	}
	ended := ran(t, "def go(me):\n    me.exit(7)\na = node(\"a\", program(on_start = go))\nalways(\"c\", lambda: a.exit == 7 and not a.up)\nrun(until = \"3ms\")")
	if got := outcomes(ended)[0]; got != "c held@3" {
		t.Error(got)
	}
}

func TestSendDelays(t *testing.T) {
	tells(t, `
def begin(me):
    if me.index == 0:
        me.send(me.peers[0], "hear", delay = "10ms", n = 1)
        me.send(me.peers[0], "hear", n = 2, delay = None)
        me.send(me, "hear", n = 3)
        me.send(me, "hear", n = 4, delay = "3ms")
        me.send(me, "hear", n = 5, delay = "0s")
        me.send(me, "hear", n = 6, delay = "1500us")
def hear(me, m):
    print(m.n, m.source, m.kind, me.source)
a = nodes("a", 2, program(on_start = begin, on = {"hear": hear}))
link(a[0], a[1], latency = "5ms")
at("19ms", send(a[1], "hear", n = 7))
run(until = "30ms")`, `
		1 a[0] 3 a[0] hear a[0]
		1 a[0] 5 a[0] hear a[0]
		2 a[0] 6 a[0] hear a[0]
		3 a[0] 4 a[0] hear a[0]
		5 a[1] 2 a[0] hear a[0]
		15 a[1] 1 a[0] hear a[0]
		20 a[1] 7 None hear None`)
}

func TestIsolation(t *testing.T) {
	const text = "def hear(me, m):\n    LINE\nG = [1]\na = nodes(\"a\", 2, program(state = {\"x\": 0, \"l\": []}, on = {\"hear\": hear}))\nb = node(\"b\", program(state = {\"x\": 0}))\nmesh(a)\n" +
		"at(\"1ms\", send(a[0], \"hear\", list = [1]))\nrun(until = \"9ms\")"
	for _, tc := range []struct{ line, want string }{
		{`a[1].x`, "a[1].x: a handler reads its own node only"},
		{`a[1].l.append(1)`, "a[1].l: a handler reads its own node only"},
		{`a[1].up`, `a[1].up: checks and series see it, handlers do not: a node learns of others by messages`},
		{`b.x = 1`, "b.x: a handler changes its own node only; message b"},
		{`a.x`, "a.x: state of a group is read in checks, series and exports only"},
		{`a[1].send(me, "hear")`, "a[1].send: a handler acts for its own node only; write me.send"},
		{`m.list.append(2)`, "cannot append to frozen list"},
		{`m.list = []`, "can't assign to .list field of message"},
		{`G.append(2)`, "G is a global, which is frozen once the file is read"},
		{`me.name = "x"`, `declares no state "name"`},
		{`me.peers[0] = me`, "group"},
		{`me.send(None, "hear")`, "the first argument is None"},
		{`me.send(m.source, "hear")`, "the first argument is None"},
		{`me.send(b, "hear", list = [])`, `b runs b, which does not handle "hear"`},
		{`me.send(a[1], "heer")`, `no program handles a message of kind "heer"; did you mean "hear"?`},
		{`me.send("b", "hear")`, "me.send: nodes are wanted, not a string"},
		{`me.send(a[1], "hear", source = 1)`, "every message has it already"},
		{`me.send(a[1], "hear", f = lambda: m)`, "cannot be kept"},
		{`me.l = [lambda: m]`, "cannot be kept"},
		{`me.exit(256)`, "me.exit: a code is 0 to 255, not 256"},
	} {
		failsToRun(t, replaced(text, tc.line), tc.want)
	}
}

func TestPropertiesOfNodes(t *testing.T) {
	tells(t, `
def begin(me):
    print(me.name, me.index, me.group, me.peers, me.neighbours, me.source, now(), me.clock())
p = program(on_start = begin)
a = nodes("a", 3, p)
b = node("b", p)
link(b, a[0])
link(a[2], a[0], one_way = True)
network([b] + a[1:])
run(until = "1ms")`, `
		0 a[0] a[0] 0 a [a[1] and a[2]] [b] None 0s 0s
		0 a[1] a[1] 1 a [a[0] and a[2]] [b, a[2]] None 0s 0s
		0 a[2] a[2] 2 a [a[0] and a[1]] [a[0], b, a[1]] None 0s 0s
		0 b b 0 b [] [a[0], a[1], a[2]] None 0s 0s`)
}

// around is what linked neighbours show, as last seen, also to one that starts
// again, also over a link that goes one way.
func TestAround(t *testing.T) {
	s := tells(t, `
def beat(me):
    print(me.around("x"), me.around("y"))
    me.x += 1
p = program(state = {"x": 0, "y": 0}, shows = ["x"], every = {"10ms": beat})
q = program(state = {"x": 0, "y": 7, "z": 0}, shows = ["z", "y"])
blind = program(state = {"x": 0})
a = nodes("a", 3, p, x = lambda i: 100 * i)
b = node("b", q)
c = node("c", blind)
link(a[0], a[1], latency = "1ms")
link(a[2], a[1], latency = "1ms", one_way = True)
link(b, a[0], latency = "12ms")
link(c, a, latency = "1ms")
at("15ms", crash(a[1], down = "1ms"))
run(until = "32ms")`, `
		10 a[0] [100] []
		10 a[1] [0, 200] []
		10 a[2] [] []
		20 a[0] [100] [7]
		20 a[2] [] []
		26 a[1] [2, 202] []
		30 a[0] [101] [7]
		30 a[2] [] []`)
	if got := s.Run.End().Counts.Dropped; got[0] != 0 {
		t.Errorf("dropped %v", got)
	}
	// Who starts again asks to be told, and is told again when that changes.
	tells(t, `
def beat(me):
    print(me.around("x"))
p = program(state = {"x": 0}, shows = ["x"], on = {"set": lambda me, m: change(me, m.x)}, every = {"10ms": beat})
def change(me, x):
    me.x = x
a = nodes("a", 2, p, x = lambda i: 7 + i)
link(a[0], a[1], latency = "3ms")
at("12ms", crash(a[1], down = "5ms"))
at("25ms", send(a[0], "set", x = 9))
run(until = "40ms")`, `
		10 a[0] [8]
		10 a[1] [7]
		20 a[0] [8]
		27 a[1] [7]
		30 a[0] [8]
		37 a[1] [9]
		40 a[0] [8]`)
	const text = "def beat(me):\n    LINE\na = nodes(\"a\", 2, program(state = {\"x\": 0, \"y\": 0}, shows = [\"x\"], every = {\"10ms\": beat}))\nb = node(\"b\", program(every = {\"10ms\": beat}))\nrun(until = \"11ms\")"
	failsToRun(t, replaced(text, `me.around("y")`), `me.around: no program shows "y"; write shows = ["y"]`)
	failsToRun(t, replaced(text, `me.around("x")`), `me.around: b shows nothing, and is shown nothing; write shows = ["x"]`)
	if diff := cmp.Diff(lines(""), story(ran(t, replaced(text, `pass`)))); diff != "" {
		t.Error(diff)
	}
}
