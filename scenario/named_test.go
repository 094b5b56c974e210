// Proves that a named group is a node: what is sent to it, asked of it, done to
// it and linked with it is so with each that is in it at that time, groups in it
// included, and that joins and leaves are seen by all from the next tick on.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

// crew is a group in a group, and nodes that come and go.
const crew = `
def hear(me, m):
    print("heard", m.n)
def come(me, m):
    me.join(m.to)
    print("joined", me in m.to, len(m.to))
def go(me, m):
    me.leave(m.to)
    print("left", me in m.to)
def tell(me, m):
    me.send(m.to, "hear", n = m.n)
def ask(me, m):
    me.call("who", to = m.to, then = told, timeout = "5ms")
def told(me, reply):
    print(reply.value if reply.ok else reply.error)
p = program(state = {"x": 0, "kept": None}, on = {"hear": hear, "come": come, "go": go, "tell": tell, "ask": ask}, provides = {"who": lambda me: me.name})
n = nodes("n", 4, p, x = lambda i: i)
hub = node("hub", p)
inner = group("inner", [n[1]])
outer = group("outer", [inner, n[0]])
link(hub, outer)
`

func TestMembersComeAndGo(t *testing.T) {
	tells(t, crew+`
mesh(outer, latency = "3ms")
at("1ms", send(n[2], "come", to = inner), send(hub, "tell", to = outer, n = 1))
at("2ms", send(hub, "tell", to = outer, n = 2), send(n[1], "go", to = inner))
at("5ms", send(hub, "tell", to = outer, n = 3), send(hub, "tell", to = n[1], n = 4), send(n[2], "tell", to = outer - n[2], n = 5))
at("20ms", send(hub, "ask", to = outer), send(hub, "ask", to = inner))
run(until = "50ms")`, `
		2 n[2] joined False 1
		3 n[1] left True
		3 n[1] heard 1
		3 n[0] heard 1
		4 n[1] heard 2
		4 n[2] heard 2
		4 n[0] heard 2
		7 n[2] heard 3
		7 n[0] heard 3
		7 n[1] heard 4
		9 n[1] heard 5
		9 n[0] heard 5
		23 hub n[2]
		23 hub n[0]
		23 hub n[2]`)
}

func TestNamedGroupsAreNodes(t *testing.T) {
	s := tells(t, crew+`
def look(me, m):
    me.kept = m.to
    print(m.to == inner, m.to == n[1:2] + q, m.to.name, me.groups, hash(m.to) == hash(inner), type(m.to))
def later(me, m):
    print(me.kept, me.kept == inner, len(me.kept), [x.name for x in me.kept], n[3] in outer, n[3].groups, outer[-1])
q = node("q", program(state = {"kept": None, "x": 9}, on = {"look": look, "later": later}))
at("1ms", send(q, "look", to = inner), join(q, inner))
at("3ms", join(n[2:], inner), leave(q, inner))
at("4ms", send(q, "later"), leave(n[1], inner))
at("6ms", leave(inner, outer))
at("7ms", join(lambda: [x for x in n if x.x == 1], outer))
between("8ms", "9ms", join(n[3], outer))
always("two", lambda: outer.x == [2, 3, 0] or now() < duration("4ms") or now() >= duration("6ms"))
always("one", lambda: outer.x == [0] or now() != duration("6ms"), every = "1ms")
run(until = "20ms")`, `
		2 q True True inner [inner, outer] True group
		5 q inner True 2 ["n[2]", "n[3]"] True [inner, outer] n[0]`)
	if diff := cmp.Diff([]string{"two held@20", "one held@20"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsOnNamedGroups(t *testing.T) {
	tells(t, crew+`
def beat(me):
    print("beat")
b = nodes("b", 3, program(every = {"10ms": beat}))
g = group("g", b[:1])
at("5ms", join(b[1], g))
between("15ms", "25ms", crash(g))
at("18ms", leave(b[0], g), join(b[2], g))
at("28ms", pause(g))
at("35ms", send(hub, "tell", to = inner, n = 1), partition([hub], inner))
at("36ms", send(hub, "tell", to = inner, n = 2))
at("37ms", join(n[2], inner), send(hub, "tell", to = inner, n = 3))
at("38ms", heal(), isolate(inner), send(hub, "tell", to = inner, n = 4))
run(until = "45ms")`, `
		10 b[0] beat
		10 b[1] beat
		10 b[2] beat
		20 b[2] beat
		35 b[0] beat
		38 n[2] heard 2
		45 b[0] beat`)
}

func TestErrorsOfNamedGroups(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`group("", n)`, `a group has a name, and "" is none`},
		{`group("x[0]", n)`, `group: "x[0]" is a name as nodes(…) gives it to one of several`},
		{`group("hub", n)`, `there is a node "hub" already`},
		{`group("n", n)`, `there is a node "n[0]" already`},
		{`group("inner", n)`, `there is a node "inner" already`},
		{`node("inner", p)`, `there is a node "inner" already`},
		{`group("x", 3)`, `group: nodes are wanted, not an int`},
		{`link(inner, outer)`, `link: n[1] needs no link to itself`},
		{`link(n[1], outer)`, `link: n[1] needs no link to itself`},
		{`mesh(inner, one_way = True)`, `mesh: one_way leads from earlier nodes to later ones`},
		{`mesh([inner, n])`, `mesh: n[1] is among the nodes twice`},
		{`at("1ms", join(n[0], n))`, `join: n is a list of nodes, which stays as it is; who is in a group may change if it was made with group(name, nodes)`},
		{`at("1ms", join(n[0], "inner"))`, `join: a group is wanted, not a string`},
		{`at("1ms", leave([], inner))`, `leave: there are no nodes in what it is to be done to`},
	} {
		failsToLoad(t, crew+tc.line+"\nrun(until = \"5ms\")", tc.want)
	}
	for _, tc := range []struct{ line, want string }{
		{`at("1ms", join(outer, inner))`, `lab.star:22:15: in join at 1ms: inner is in outer, which cannot join it: no group is in itself`},
		{`at("1ms", send(n[0], "come", to = n))`, `me.join: n is a list of nodes`},
		{`at("1ms", send(n[0], "go", to = 1))`, `me.leave: a group is wanted, not an int`},
		{`at("1ms", send(n[0], "tell", to = outer, n = 1))`, `no link joins n[0] and n[1]`},
		{`at("1ms", join(node("dumb", program()), inner), send(inner, "hear", n = 1))`, `send: dumb runs dumb, which does not handle "hear"`},
	} {
		failsToRun(t, crew+tc.line+"\nrun(until = \"5ms\")", tc.want)
	}
}

// A group plays every role of a node for those who are its members when it does,
// also if there are none: nothing of it ends a run.
func TestGroupsInEveryRole(t *testing.T) {
	const text = `
def do(me, m):
    LINE
def told(me, r):
    print(r.ok, r.error, r.provider, r.value)
def ping(me):
    return me.name
def talk(me, m):
    print("hears", m.word)
def hear(me, v):
    print("is told", v, "by", me.source)
def take(me, item):
    print("takes", item)
p = program(provides = {"ping": ping}, on = {"talk": talk}, subscribes = {"news": hear}, pulls = {"work": take})
m = nodes("m", 4, p)
members = m
boss = node("boss", program(on = {"do": do}))
none = group("none")
pair = group("pair", m[:2])
outer = group("outer", [pair, none])
link(boss, outer, latency = "2ms")
pipe("work", boss, pair, capacity = 1, fan = "broadcast")
at("9ms", send(boss, "do"))
FAULT
run(until = "100ms")`
	for _, tc := range []struct{ what, line, fault, want string }{
		{"called", `me.call("ping", to = outer, then = told)`, "", "14 boss True None m[0] m[0]\n14 boss True None m[1] m[1]"},
		{"called, with nobody in it", `me.call("ping", to = none, then = told)`, "", "11 boss False no provider None None"},
		{"called, with too few in it", `me.call("ping", to = outer, need = 3, then = told)`, "", "11 boss False no provider None None"},
		{"called while its members change", `me.call("ping", to = outer, then = told)`, `at("11ms", leave(m[0], pair), join(m[2], none))`, "14 boss True None m[0] m[0]\n14 boss True None m[1] m[1]"},
		{"called when they have changed", `me.call("ping", to = outer, then = told)`, `at("8ms", leave(m[0], pair), join(m[2], none))`, "14 boss True None m[1] m[1]\n14 boss True None m[2] m[2]"},
		{"sent to", `me.send(outer, "talk", word = 1)`, `at("8ms", join(m[3], none))`, "12 m[0] hears 1\n12 m[1] hears 1\n12 m[3] hears 1"},
		{"sent to, with nobody in it", `me.send(none, "talk", word = 1)`, "", ""},
		{"sent to from outside", "pass", `at("20ms", send(outer, "talk", word = 2), leave(pair, outer))`, "21 m[0] hears 2\n21 m[1] hears 2"},
		{"crashed with what is under way", `me.send(outer, "talk", word = 1)`, `at("11ms", crash(outer, down = "5ms"))`, ""},
		{"paused, who leaves meanwhile too", `me.send(outer, "talk", word = 1)`, `between("8ms", "30ms", pause(outer))` + "\n" + `at("20ms", leave(m[1], pair))`, "30 m[0] hears 1\n30 m[1] hears 1"},
		{"partitioned", `me.send(outer, "talk", word = 1)`, `at("5ms", partition(outer, boss))`, ""},
		{"isolated, with nobody in it", `me.send(outer, "talk", word = 1)`, `at("5ms", isolate(none), crash(none), pause(none), lose_disk(none), stop(none), slow(none, 2))`, "12 m[0] hears 1\n12 m[1] hears 1"},
		{"slowed", `me.send(outer, "talk", word = 1)`, `at("5ms", slow(outer, 3))`, "16 m[0] hears 1\n16 m[1] hears 1"},
		{"a source of feeds, over its links", `me.publish("news", 7)`, `at("8ms", leave(pair, outer))`, "11 m[2] is told 7 by boss\n11 m[3] is told 7 by boss\n12 m[0] is told 7 by boss\n12 m[1] is told 7 by boss"},
		{"a target of a pipe, for those who were in it", `me.push("work", 1)`, `at("8ms", leave(m[0], pair), join(m[3], pair))`, "12 m[0] takes 1\n12 m[1] takes 1"},
		{"asked for", `print(pair in outer, outer in pair, none in outer, pair in pair, pair in members, members[0] in outer)`, `at("5ms", leave(none, outer))`, "10 boss True False False False False True"},
	} {
		t.Run(tc.what, func(t *testing.T) { tells(t, with(replaced(text, tc.line), "FAULT", tc.fault), tc.want) })
	}
}

// Who has joined or left in the run may be without a link to whom it meets:
// what has no way is dropped, and no run ends by that. A node that has never moved
// is without one by mistake.
func TestMembersWithoutALink(t *testing.T) {
	const text = `
def hear(me, m):
    print("hears", m.n)
def ask(me, m):
    LINE
def told(me, r):
    print(r.ok, r.error, r.provider)
p = program(on = {"hear": hear, "ask": ask}, provides = {"who": lambda me: me.name})
n = nodes("n", 3, p)
new = node("new", p)
hub = node("hub", p)
link(hub, n[:2], latency = "1ms")
inner = group("inner", n[:1])
outer = group("outer", [inner, n[1]])
at("9ms", send(hub, "ask"))
MOVE
run(until = "50ms")`
	for _, tc := range []struct {
		what, line, move, want string
		dropped                uint64
	}{
		{"a group that it has joined", `me.send(outer, "hear", n = 1)`, `at("5ms", join(new, inner))`, "11 n[0] hears 1\n11 n[1] hears 1", 1},
		{"by itself", `me.send(new, "hear", n = 1)`, `at("5ms", join(new, inner))`, "", 1},
		{"as one of a list", `me.send(list(outer), "hear", n = 1)`, `at("5ms", join(new, inner))`, "11 n[0] hears 1\n11 n[1] hears 1", 1},
		{"which it has left again", `me.send([n[0], new], "hear", n = 1)`, `between("5ms", "7ms", join(new, inner))`, "11 n[0] hears 1", 1},
		{"by way of a group", `me.send(outer, "hear", n = 1)`, "extra = group(\"extra\", [new])\nat(\"5ms\", join(extra, outer))", "11 n[0] hears 1\n11 n[1] hears 1", 1},
		{"who sends has joined", `me.send(n, "hear", n = 1)`, `at("5ms", join(hub, inner))`, "11 n[0] hears 1\n11 n[1] hears 1", 1},
		{"called by itself", `me.call("who", to = new, then = told)`, `at("5ms", join(new, inner))`, "11 hub False no link new", 0},
		{"called by the group", `me.call("who", to = outer, then = told)`, `at("5ms", join(new, inner))`, "11 hub False no link new\n12 hub True None n[0]\n12 hub True None n[1]", 0},
		{"it never moved", `me.send(outer, "hear", n = 1)`, `at("5ms", join(n[1], inner))`, "11 n[0] hears 1\n11 n[1] hears 1", 0},
	} {
		t.Run(tc.what, func(t *testing.T) {
			s := tells(t, with(replaced(text, tc.line), "MOVE", tc.move), tc.want)
			if n := s.Run.World.Counts().Dropped[ecs.DroppedUnlinked]; n != tc.dropped {
				t.Errorf("%d dropped for lack of a link, want %d", n, tc.dropped)
			}
		})
	}
	for _, line := range []string{`me.send(n, "hear", n = 1)`, `me.send(n[2], "hear", n = 1)`, `me.call("who", to = n[2])`} {
		failsToRun(t, with(replaced(text, line), "MOVE", `at("5ms", join(new, inner))`), "no link joins hub and n[2]; link them, or put both in a network")
	}
	failsToRun(t, with(replaced(text, `me.send(still, "hear", n = 1)`), "MOVE", `still = group("still", n)`), "no link joins hub and n[2]; link them, or put both in a network")
}

// What checks see of each member they see of a group: who it thinks provides a
// service, too.
func TestProvidersOfGroups(t *testing.T) {
	s := tells(t, crew+`
at("10ms", stop(n[3]))
always("all see all", lambda: now() < duration("2ms") or outer.providers("who") == [list(n[:3 if now() >= duration("10ms") else 4]) + [hub]] * 2)
always("of lists and peers", lambda: n[:2].providers("none") == [[], []] and len(n[0].peers.providers("who")) == 3)
run(until = "20ms")`, "")
	if diff := cmp.Diff([]string{"all see all held@20", "of lists and peers held@20"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
}

// Links with a group count as such before anybody is in it: what spreads over
// links has them once somebody has joined.
func TestLinksOfGroupsToCome(t *testing.T) {
	tells(t, `
param("batch", 1)
def obey(me, n):
    print("batch", n)
worker = program(watches = {"batch": obey}, provides = {"who": lambda me: me.name}, on_start = lambda me: me.join(pool))
def ask(me, m):
    me.call("who", to = pool, then = told)
def told(me, reply):
    print(reply.value if reply.ok else reply.error)
boss = node("boss", program(on = {"ask": ask}))
pool = group("pool")
link(boss, pool, latency = "3ms")
workers = nodes("worker", 2, worker, started = False)
at("1ms", send(boss, "ask"))
at("5ms", start(workers))
at("9ms", set(boss, "batch", 2), send(boss, "ask"))
run(until = "20ms")`, `
		3 boss no provider
		13 worker[0] batch 2
		13 worker[1] batch 2
		16 boss worker[0]
		16 boss worker[1]`)
}
