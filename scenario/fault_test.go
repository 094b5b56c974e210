// Faults, as scripts meet them: what is told at which tick.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// beating has two nodes that say hello to each other every 10 ms over a link of
// 5 ms, and keep what they count: one field durable, one not, boxed ones too.
const beating = `
def begin(me):
    print("up", me.kept, me.lost, me.log, me.temp)
    me.after("25ms", ring_)
def ring_(me):
    print("timer")
def beat(me):
    me.kept += 1
    me.lost += 1
    me.log.append(me.kept)
    me.temp.append(me.kept)
p = program(state = {"kept": 0, "lost": 7, "log": [], "temp": ["t"]}, durable = ["kept", "log"], on_start = begin, every = {"10ms": beat})
a = nodes("a", 2, p, lost = lambda i: 100 * i, temp = lambda i: [i])
run(until = "60ms")
`

func TestCrash(t *testing.T) {
	for _, tc := range []struct{ what, do, want string }{
		{"with a time to be down: durable state stays, timers die, every begins anew", `at("22ms", crash(a[0], down = "10ms"))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			25 a[1] timer
			32 a[0] up 2 0 [1, 2] [0]
			57 a[0] timer`},
		{"for good", `at("22ms", crash(a[0]))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			25 a[1] timer`},
		{"and restart by hand, once: the end of the other finds it up", `at("22ms", crash(a))
at("23ms", restart(a))
between("12ms", "24ms", crash(a[0]))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			23 a[0] up 1 0 [1] [0]
			23 a[1] up 2 100 [1, 2] [1]
			48 a[0] timer
			48 a[1] timer`},
		{"for a while within a longer one, and longer, and for good", `between("2ms", "42ms", crash(a[0]))
between("12ms", "22ms", crash(a[0]))
at("13ms", crash(a[0], down = "4ms"))
at("14ms", crash(a[1], down = "10ms"))
at("20ms", crash(a[1], down = "15ms"))
at("45ms", crash(a[1], down = "5ms"))
at("46ms", crash(a[1]))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			35 a[1] up 1 100 [1] [1]
			42 a[0] up 0 0 [] [0]`},
		{"a restart while it is up crashes it first", `at("22ms", restart(a[1]))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			22 a[1] up 2 100 [1, 2] [1]
			25 a[0] timer
			47 a[1] timer`},
		{"by a function, which is asked when it is due", `at("35ms", crash(lambda: [x for x in a if x.kept == 3 and x.index == 1], down = "1ms"))
at("36ms", crash(lambda: None))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			25 a[0] timer
			25 a[1] timer
			36 a[1] up 3 100 [1, 2, 3] [1]`},
		{"between, by a function that names another by the end", `
def first():
    return [x for x in a if x.up][0]
between("22ms", "24ms", crash(first))`, `
			0 a[0] up 0 0 [] [0]
			0 a[1] up 0 100 [] [1]
			24 a[0] up 2 0 [1, 2] [0]
			25 a[1] timer
			49 a[0] timer`},
	} {
		t.Run(tc.what, func(t *testing.T) { tells(t, beating+tc.do, tc.want) })
	}
}

func TestEveryAfterARestart(t *testing.T) {
	s := ran(t, `
def beat(me):
    print("beat")
a = node("a", program(every = {"10ms": beat}))
at("22ms", crash(a, down = "11ms"))
run(until = "60ms")`)
	if diff := cmp.Diff(lines("10 a beat\n20 a beat\n43 a beat\n53 a beat"), story(s)); diff != "" {
		t.Error(diff)
	}
}

// talking has four nodes that tell each other, by name, when they are told to.
const talking = `
def say(me, m):
    for p in me.peers:
        me.send(p, "word", n = m.n, who = me.name)
def word(me, m):
    print(m.who, m.n)
p = program(on = {"say": say, "word": word})
a = nodes("n", 4, p)
mesh(a, latency = "5ms")
run(until = "100ms")
`

func TestCuts(t *testing.T) {
	const all = `at("10ms", send(a, "say", n = 1))`
	for _, tc := range []struct{ what, do, want string }{
		{"both ways", `at("0s", cut(a[0], a[1:]))`, "16 n[1] n[2] 1\n16 n[1] n[3] 1\n16 n[2] n[1] 1\n16 n[2] n[3] 1\n16 n[3] n[1] 1\n16 n[3] n[2] 1"},
		{"one way", `at("0s", cut(a[0], a[1], one_way = True), isolate(a[2:]))`, "16 n[0] n[1] 1\n16 n[2] n[3] 1\n16 n[3] n[2] 1"},
		{"a partition of three sides, and one left out", `at("0s", partition(a[0], a[1], a[2]))`, "16 n[0] n[3] 1\n16 n[1] n[3] 1\n16 n[2] n[3] 1\n16 n[3] n[0] 1\n16 n[3] n[1] 1\n16 n[3] n[2] 1"},
		{"isolated: not even in its own group", `at("0s", isolate(a[:3]), cut(a[0], a[1]), cut(a[0], a[2]))`, "16 n[1] n[2] 1\n16 n[2] n[1] 1"},
		{"what is under way arrives", `at("12ms", partition(a[0], a[1], a[2], a[3]))`, "16 n[0] n[1] 1\n16 n[0] n[2] 1\n16 n[0] n[3] 1\n16 n[1] n[0] 1\n16 n[1] n[2] 1\n16 n[1] n[3] 1\n16 n[2] n[0] 1\n16 n[2] n[1] 1\n16 n[2] n[3] 1\n16 n[3] n[0] 1\n16 n[3] n[1] 1\n16 n[3] n[2] 1"},
		{"what is under way is taken", `at("12ms", partition(a[0], a[1], a[2], a[3], in_flight = True))`, ""},
		{"a cut between two times ends alone", "between(\"0s\", \"8ms\", cut(a[:2], a[2:]))\nat(\"1ms\", cut(a[0], a[1:]), isolate(lambda: a[1]))", "16 n[2] n[3] 1\n16 n[3] n[2] 1"},
		{"healed", "at(\"0s\", isolate(a[0]), isolate(a[1]), isolate(a[2]))\nat(\"9ms\", heal(), cut(a[3], a), cut(a[2], a))", "16 n[0] n[1] 1\n16 n[1] n[0] 1"},
		{"slow: the greater of both ends", "at(\"0s\", slow(a[0], 3), slow(a[1], 2), cut(a[2:], a))\nat(\"20ms\", slow(a[0], 1))\nat(\"30ms\", send(a[0], \"say\", n = 2))", "26 n[0] n[1] 1\n26 n[1] n[0] 1\n41 n[1] n[0] 2"},
		{"slow between", "between(\"0s\", \"20ms\", slow(lambda: a[0], 2.5))\nat(\"0s\", cut(a[2:], a))\nat(\"30ms\", send(a[0], \"say\", n = 2))", "24 n[0] n[1] 1\n24 n[1] n[0] 1\n36 n[1] n[0] 2"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			got := story(ran(t, talking+tc.do+"\n"+all))
			if diff := cmp.Diff(sortedLines(lines(tc.want)), sortedLines(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A paused node is handed what came meanwhile in order, ahead of what is due
// when it goes on; its timers run on when it does.
func TestPause(t *testing.T) {
	tells(t, `
def hear(me, m):
    print("heard", m.n)
def begin(me):
    me.after("12ms", ring_)
def ring_(me):
    print("timer")
def beat(me):
    print("beat")
a = node("a", program(on = {"hear": hear}, on_start = begin, every = {"15ms": beat}))
between("10ms", "33ms", pause(a))
at("11ms", send(a, "hear", n = 1), send(a, "hear", n = 2))
at("20ms", send(a, "hear", n = 3))
at("32ms", send(a, "hear", n = 4))
at("31ms", send(a, "hear", n = 5))
at("33ms", send(a, "hear", n = 6))
run(until = "50ms")`, `
		33 a timer
		33 a heard 1
		33 a heard 2
		33 a heard 3
		33 a heard 5
		33 a heard 4
		34 a heard 6
		45 a beat`)
}

// A message outlives its sender's crash, and is dropped if its target is down
// when it comes due, though it may have been up before and be up after.
func TestMessagesAndCrashes(t *testing.T) {
	const talk = `
def say(me, m):
    me.send(me.peers[0], "word", n = m.n)
def word(me, m):
    print(m.source, m.n)
a = nodes("n", 2, program(on = {"say": say, "word": word}))
link(a[0], a[1], latency = "10ms")
at("10ms", send(a[0], "say", n = 1))     # under way from 11 to 21 ms
run(until = "50ms")
`
	tells(t, talk+`at("12ms", crash(a[0]))`, "21 n[1] n[0] 1")
	tells(t, talk+`at("12ms", crash(a[1], down = "5ms"))`, "21 n[1] n[0] 1")
	tells(t, talk+`at("20ms", crash(a[1], down = "5ms"))`, "")
	tells(t, talk+`at("21ms", crash(a[1], down = "5ms"))`, "")
	tells(t, talk+`at("22ms", crash(a[1], down = "5ms"))`, "21 n[1] n[0] 1")
}

func TestWhen(t *testing.T) {
	tells(t, `
def beat(me):
    me.n += 1
def hear(me, m):
    print("told", m.n)
a = nodes("a", 2, program(state = {"n": 0}, on_start = lambda me: print("up"), on = {"hear": hear}, every = {"10ms": beat}))
when(lambda: a[0].n >= 2, crash(a[0], down = "5ms"), send(a[1], "hear", n = 1), cut(a[0], a[1]))
when(lambda: not a[0].up, send(lambda: a[1], "hear", n = 2))
when(lambda: False, crash(a))
run(until = "100ms")`, `
		0 a[0] up
		0 a[1] up
		22 a[1] told 1
		23 a[1] told 2
		26 a[0] up`)
}

func TestErrorsOfFaults(t *testing.T) {
	const nodes = "def h(me, m):\n    pass\np = program(on = {\"h\": h})\nq = program(state = {\"n\": 0})\na = nodes(\"a\", 2, p)\nb = node(\"b\", q)\nrun(until = \"20ms\")\n"
	for _, tc := range []struct{ do, want string }{
		{`at("1s")`, "at: it takes a time and what to do then"},
		{`at("0s", crash(a))`, "at: crash: nodes start at 0s, after what is to be done then; do it at 1ms or later"},
		{`between("0s", "5ms", pause(a))`, "between: pause: nodes start at 0s"},
		{`at("-1s", crash(a))`, "at: -1s is negative"},
		{`at("1s", crash)`, "at: an action is wanted, such as crash(…) or cut(…), not a builtin_function_or_method"},
		{`at("1s", crash(a[:0]))`, "crash: there are no nodes"},
		{`at("1s", crash("a"))`, "crash: nodes are wanted, not a string"},
		{`between("1s", "1s", crash(a))`, "between: 1s is not after 1s"},
		{`between("1s", "2s", restart(a))`, "between: restart cannot be undone; use at"},
		{`when(1, crash(a))`, "when: it takes a function first, not an int"},
		{`partition(a)`, "partition: it takes two sides or more"},
		{`partition(b, a, [a[1]])`, "lab.star:8:10: partition: a[1] is on sides 2 and 3; have it on one, by itself or by a group, as in partition(a, everybody - a)"},
		{`partition(a, lambda: b, a[:1])`, "partition: a[0] is on sides 1 and 3"},
		{`at("1s", cut(a[0], [a[0]]))`, "lab.star:8:13: cut: both sides are a[0], and no node is cut from itself; say from whom, or isolate(a[0])"},
		{`cut(a, list(a))`, "lab.star:8:4: cut: both sides are a; say who is cut from whom, or for each of several from the others partition(*nodes)"},
		{`cut((a[1], a[0]), a)`, "cut: both sides are (a[1], a[0])"},
		{`cut(group("g", a), a[:1])` + "\ng = group(\"h\")\ncut(g, g)", "lab.star:10:4: cut: both sides are h"},
		{"def f():\n    return a\ncut(f, f)", "lab.star:10:4: cut: both sides are <function f>"},
		{`cut(a, [])`, "lab.star:8:4: cut: side 2 has no nodes; each side has one at least"},
		{`partition(a, b, a[:0])`, "lab.star:8:10: partition: side 3 has no nodes"},
		{`isolate([])`, "lab.star:8:8: isolate: there are no nodes"},
		{`crash(a, down = "0s")`, "lab.star:8:6: crash: down: 0s is no time to be down; leave it out for one that does not start again"},
		{`lose_disk(a, down = "-1s")`, "lab.star:8:10: lose_disk: down: -1s is negative"},
		{`between("1s", "2s", lose_disk(a, down = "1s"))`, "lab.star:8:8: between: lose_disk has a time to be down, and between says when it ends; leave out down, or use at"},
		{`slow(a, -1)`, "lab.star:8:5: slow: a factor is a number from 1 to a million, not -1"},
		{`heal(a)`, "lab.star:8:5: heal: got 1 arguments, want at most 0"},
		{`link(a[0], a[1], duplicate = 1.5)`, "lab.star:8:5: link: duplicate: a probability is a number from 0 to 1, not 1.5"},
		{`slow(a, 0.5)`, "slow: a factor is a number from 1 to a million, not 0.5"},
		{`send(a, "hh")`, `send: no program handles a message of kind "hh"; did you mean "h"?`},
		{`send(b, "h")`, `send: b runs b, which does not handle "h"`},
		{`send(a, "h", delay = "1s")`, "send: delay is of me.send; here at says when"},
		{`chaos([crash], on = [], mean_between = "1s", lasting = "1s", until = "1s")`, "chaos: on: there are no nodes in it"},
		{`chaos([heal], on = a, mean_between = "1s", lasting = "1s", until = "1s")`, "is none of crash, pause, isolate and partition"},
		{`chaos([crash], on = a, mean_between = "0s", lasting = "1s", until = "1s")`, "mean_between: a duration above 0 is wanted"},
		{`chaos([crash], on = a, mean_between = 5, lasting = "1s", until = "1s")`, "mean_between: a duration needs a unit"},
		{`chaos([crash], on = a, mean_between = "1s", lasting = "0s", until = "1s")`, "chaos: lasting: a duration above 0 is wanted"},
		{`chaos([crash], on = a, mean_between = "1s", lasting = "1s", until = "0s")`, "chaos: until: a duration above 0 is wanted"},
		{`chaos([crash], on = a, mean_between = "1s", lasting = "1s", until = "1s", down = -1)`, "lab.star:8:6: chaos: down is how many nodes are crashed, paused or isolated at once at most, 0 or more, not -1"},
		{`chaos([partition], on = b, mean_between = "1s", lasting = "1s", until = "1s")`, "chaos: kinds: a partition parts two nodes at least, and on has one"},
	} {
		failsToLoad(t, nodes+tc.do, tc.want)
	}
	failsToRun(t, nodes+`at("3ms", send(lambda: b, "h"))`, `send: b runs b, which does not handle "h"`)
	failsToRun(t, nodes+`at("3ms", partition(b, lambda: [b]))`, "lab.star:8:20: in partition at 3ms: partition: b is on sides 1 and 2; have it on one")
	failsToRun(t, nodes+`g = group("g", [b])`+"\n"+`at("3ms", join(a[0], g))`+"\n"+`at("4ms", partition(g, a))`, "lab.star:10:20: in partition at 4ms: partition: a[0] is on sides 1 and 2")
	failsToRun(t, nodes+`at("3ms", crash(lambda: 7))`, "nodes are wanted, not an int")
	failsToRun(t, nodes+`when(lambda: None, crash(a))`, "the predicate returned None; does it return at all?")
}

// What the top level says cannot be said by a handler or a check: what they
// changed so would be in no snapshot.
func TestOnlyTheTopLevelPlans(t *testing.T) {
	const text = "def beat(me):\n    LINE\np = program(state = {\"n\": 0}, every = {\"10ms\": beat})\na = nodes(\"a\", 3, p)\nrun(until = \"20ms\")\n"
	for _, line := range []string{
		`at("15ms", crash(a))`, `between("15ms", "16ms", crash(a))`, `when(lambda: True, crash(a))`, `cut(a[0], a[1])`,
		`chaos([crash], on = a, mean_between = "1s", lasting = "1s", until = "1s")`, `node("x", p)`, `nodes("x", 2, p)`,
		`link(a[0], a[1])`, `mesh(a)`, `ring(a)`, `star(a[0], a)`, `tree(a)`, `grid(a, width = 3)`, `random_graph(a, 2)`, `network(a)`,
		`always("x", lambda: True)`, `eventually("x", lambda: True, within = "1ms")`,
	} {
		failsToRun(t, replaced(text, line), "while the scenario is read")
		failsToRun(t, replaced(text, "pass")+"def look():\n    "+line+"\n    return True\nalways(\"y\", look)", "while the scenario is read")
	}
}
