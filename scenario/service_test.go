// Proves what services are to a script: who is called, what a reply says, that
// the reasons for which a call fails are told apart, requests that are answered
// later, and that misuse is said. That every call ends once is proved by
// systems, on drawn worlds; here nothing added shifts a call.
package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/systems"
)

// shop is two providers and a caller, whose handler is at LINE; told prints a
// reply.
const shop = `
def add(me, a, b = 1):
    me.asked += 1
    return [a + b, me.source]
def refuse(me):
    fail("not", me)
def slow(me, wait, value):
    me.after(wait, bind(late, me.defer(), value))
def late(me, request, value):
    me.reply(request, value)
def told(me, r, what = ""):
    print(what, "ok" if r.ok else r.error, r.value, r.provider, r.took)
def all_told(me, r):
    print(r.error, r.values, r.provider)
def stop(me, call):
    me.cancel(call)
def go(me):
    LINE
server = program(state = {"asked": 0}, provides = {"add": add, "refuse": refuse, "slow": slow})
s = nodes("s", 2, server)
extra = node("extra", program())
c = node("c", program(on_start = lambda me: me.after("9ms", go)))
network([s, c, extra], latency = "2ms")
run(until = "400ms")
`

func TestCalls(t *testing.T) {
	for _, tc := range []struct{ what, line, want string }{
		{"by place", `me.call("add", 2, 3, to = s[1], then = told)`, `13 c  ok [5, c] s[1] 4ms`},
		{"by name", `me.call("add", b = 3, a = 1, to = s[0], then = told)`, `13 c  ok [4, c] s[0] 4ms`},
		{"a default", `me.call("add", 2, to = s[0], then = bind(told, "two"))`, `13 c two ok [3, c] s[0] 4ms`},
		{"several", `me.call("add", 2, to = s, then = told)`, "13 c  ok [3, c] s[0] 4ms\n13 c  ok [3, c] s[1] 4ms"},
		{"no one to tell", `me.call("add", 2, to = s)`, ``},
		{"one of two", `me.call("add", 2, to = s, need = 1, then = all_told)`, `13 c None [(s[0], [3, c])] None`},
		{"two of two", `me.call("add", 2, to = s, need = 2, then = all_told)`, `13 c None [(s[0], [3, c]), (s[1], [3, c])] None`},
		{"two of three, one ignorant", `me.call("add", 2, to = [s, extra], need = 2, then = all_told)`, `13 c None [(s[0], [3, c]), (s[1], [3, c])] None`},
		{"not enough", `me.call("add", 2, to = [s, extra], need = 3, then = all_told)`, `13 c unknown service [(s[0], [3, c]), (s[1], [3, c])] extra`},
		{"not in time", `me.call("slow", "50ms", 1, to = s, need = 1, timeout = "20ms", then = all_told)`, `29 c timeout [] None`},
		{"all", `me.call("add", 2, to = "all", then = told)`, "13 c  ok [3, c] s[0] 4ms\n13 c  ok [3, c] s[1] 4ms"},
		{"both of all", `me.call("add", 2, to = "all", need = 2, then = all_told)`, `13 c None [(s[0], [3, c]), (s[1], [3, c])] None`},
		{"the first of all", `me.call("slow", "0s", 1, to = "all", need = 1, then = all_told)`, `14 c None [(s[0], 1)] None`},
		{"all of nobody", `me.call("sub", 2, to = "all", then = told)`, `10 c  no provider None None 1ms`},
		{"three of two", `me.call("add", 2, to = "all", need = 3, then = all_told)`, `10 c no provider [] None`},
		{"one of nobody", `me.call("sub", 2, to = "all", need = 1, then = all_told)`, `10 c no provider [] None`},
		{"cancelled, of all", `print(me.cancel(me.call("add", 2, to = "all", then = told)))`, "9 c True\n10 c  cancelled None s[0] 1ms\n10 c  cancelled None s[1] 1ms"},
		{"nobody of a list", `me.call("add", 2, to = [], then = told)`, `10 c  no provider None None 1ms`},
		{"nobody, cancelled", `print(me.cancel(me.call("add", 2, to = [], then = told)))`, "9 c False\n10 c  no provider None None 1ms"},
		{"nobody's peers", `me.call("add", 2, to = me.peers, then = told)`, `10 c  no provider None None 1ms`},
		{"one of nobody's peers", `me.call("add", 2, to = me.peers, need = 1, then = all_told)`, `10 c no provider [] None`},
		{"nobody of a group", `me.call("add", 2, to = s[:0], then = told)`, `10 c  no provider None None 1ms`},
		{"one of an empty list", `me.call("add", 2, to = [], need = 1, then = all_told)`, `10 c no provider [] None`},
		{"three of a list of two", `me.call("add", 2, to = [s[0], s[1]], need = 3, then = all_told)`, `10 c no provider [] None`},
		{"one, twice in a list", `me.call("add", 2, to = [s[1], s, s[1]], then = told)`, "13 c  ok [3, c] s[1] 4ms\n13 c  ok [3, c] s[0] 4ms"},
		{"two of one that is there twice", `me.call("add", 2, to = [s[0], s[0]], need = 2, then = all_told)`, `10 c no provider [] None`},
		{"two of three, of which one is there twice", `me.call("slow", "0s", 1, to = [s[0], s[0], extra, s[1]], need = 2, then = all_told)`, `14 c None [(s[0], 1), (s[1], 1)] None`},
		{"in turn", `[me.call("add", i, to = "round_robin", then = told) for i in range(3)]`,
			"13 c  ok [1, c] s[0] 4ms\n13 c  ok [2, c] s[1] 4ms\n13 c  ok [3, c] s[0] 4ms"},
		{"nearest", `me.call("add", 1, to = "nearest", then = told)`, `13 c  ok [2, c] s[0] 4ms`},
		{"by hash", `[me.call("add", i, to = "hash", by = (i, "key"), then = told) for i in range(3)]`,
			"13 c  ok [1, c] s[1] 4ms\n13 c  ok [2, c] s[0] 4ms\n13 c  ok [3, c] s[1] 4ms"},
		{"no provider", `me.call("sub", 2, then = told)`, `10 c  no provider None None 1ms`},
		{"unknown service", `me.call("sub", 2, to = s[0], then = told)`, `13 c  unknown service None s[0] 4ms`},
		{"timeout", `me.call("slow", "50ms", 1, to = s[0], timeout = "20ms", then = told)`, `29 c  timeout None s[0] 20ms`},
		{"cancelled", `me.cancel(me.call("add", 2, to = s[0], then = told))`, `10 c  cancelled None s[0] 1ms`},
		{"cancelled as the reply comes", `me.after("3ms", bind(stop, me.call("add", 2, to = s[0], then = told)))`, `13 c  cancelled None s[0] 4ms`},
		{"cancelled, all", `print(me.cancel(me.call("add", 2, to = s, then = told)))`, "9 c True\n10 c  cancelled None s[0] 1ms\n10 c  cancelled None s[1] 1ms"},
		{"fail", `me.call("refuse", to = s[0], then = told)`, `13 c  lab.star:6:9: not s[0] None s[0] 4ms`},
		{"deferred", `me.call("slow", "50ms", [1], to = s[0], then = told)`, `63 c  ok [1] s[0] 54ms`},
		{"discovered", `me.discover("add", min = 2, then = told)`, `10 c  ok [s[0], s[1]] None 1ms`},
		{"not discovered", `me.discover("add", min = 3, within = "30ms", then = told)`, `39 c  timeout [s[0], s[1]] None 30ms`},
	} {
		t.Run(tc.what, func(t *testing.T) { tells(t, replaced(shop, tc.line), tc.want) })
	}
}

// Who is too few for what is needed is not asked in vain.
func TestTooFewAreNotAsked(t *testing.T) {
	text := with(shop, "me.asked += 1", `print("asked")`)
	for _, to := range []string{`"all"`, `[s[0], s[1], s[0]]`} {
		tells(t, replaced(text, `me.call("add", 2, to = `+to+`, need = 3, then = all_told)`), `10 c no provider [] None`)
	}
}

// A call goes to who is seen and linked, whatever a fault, a directory or an
// operator has made of that: who is seen and out of reach is no error.
func TestCallsGoToWhoIsInReach(t *testing.T) {
	const text = `
def one(me):
    return me
def told(me, r):
    print(r.provider if r.ok else r.error)
def say(me, r):
    print(r.error, r.value, r.provider)
def go(me):
    LINE
def again(me, r):
    me.call("one", then = told)
p = nodes("p", 3, program(provides = {"one": one}))
some = group("some", p[:2])
c = node("c", program(on_start = lambda me: me.after("20ms", go)))
link(c, p[0])
link(p[0], p[1])
link(p[1], p[2])
FAULT
run(until = "60ms")
`
	down := `at("10ms", crash(p[0], down = "30ms"))`
	for _, to := range []string{`"any"`, `"all"`, `"nearest"`, `"round_robin"`, `"hash", by = 3`} {
		call := `me.call("one", then = told, to = ` + to + `)`
		tells(t, with(replaced(text, call), "FAULT", down), `21 c no provider`)
		tells(t, with(replaced(text, call), "FAULT", ""), `22 c p[0]`)
	}
	tells(t, with(replaced(text, `me.call("one", then = say, to = "all", need = 2)`), "FAULT", ""), `21 c no provider None None`)
	for line, want := range map[string]string{
		`me.call("one", then = say, to = some)`:                   "21 c no link None p[1]\n22 c None p[0] p[0]",
		`me.call("one", then = say, to = some, need = 2)`:         "21 c no link None p[1]",
		`me.call("one", then = told, to = some, need = 1)`:        "22 c None",
		`me.call("one", then = say, to = list(p)[1:])`:            "21 c no link None p[1]\n21 c no link None p[2]",
		`me.discover("one", then = say, within = "5ms")`:          "21 c None [p[0]] None",
		`me.discover("one", then = say, min = 2, within = "5ms")`: "25 c timeout [p[0]] None",
	} {
		tells(t, with(replaced(text, line), "FAULT", ""), want)
	}
	failsToRun(t, with(replaced(text, `me.call("one", to = p[2])`), "FAULT", ""), "me.call: no link joins c and p[2]; link them, or put both in a network")
	failsToRun(t, with(replaced(text, `me.call("one", to = p)`), "FAULT", ""), "me.call: no link joins c and p[1]")
	// Who waits for a provider in reach finds one that is linked to it meanwhile.
	tells(t, with(replaced(text, `me.discover("one", min = 2, then = say, within = "35ms")`), "FAULT",
		"link(c, some)\nat(\"30ms\", join(p[2], some))\n"), "21 c None [p[0], p[1]] None")
	tells(t, with(replaced(text, `me.discover("one", min = 3, then = say, within = "35ms")`), "FAULT",
		"link(c, some)\nat(\"30ms\", join(p[2], some))\n"), "31 c None [p[0], p[1], p[2]] None")
	// Where there are no links, that is what is wrong.
	nowhere := strings.NewReplacer("link(c, p[0])\n", "", "link(p[0], p[1])\n", "", "link(p[1], p[2])\n", "").Replace(text)
	for _, to := range []string{`"any"`, `"all"`, `some`} {
		failsToRun(t, with(replaced(nowhere, `me.call("one", to = `+to+`)`), "FAULT", ""), "me.call: no link joins c and p[")
	}
}

// No error of a provider's own is one of the engine's reasons: each has a place.
func TestErrorsAreNotForged(t *testing.T) {
	for _, word := range []string{"", "timeout", "no provider", "crashed"} {
		text := replaced(shop, `me.call("slow", "1ms", "`+word+`", to = s[0], then = told)`)
		text = with(text, "me.reply(request, value)", "me.reply(request, error = value)")
		tells(t, text, `14 c  lab.star:10:13: `+word+` None s[0] 5ms`)
	}
}

// All are those that the node sees and has a link to: itself too, by no link, and
// nobody who has left.
func TestCallsOfAll(t *testing.T) {
	const text = `
def one(me):
    return me
def told(me, r):
    print(r.provider, r.value, r.error)
def go(me):
    me.call("one", to = "all", then = told, timeout = "30ms")
p = program(provides = {"one": one}, on = {"rest": lambda me, m: me.withhold("one")})
far = node("far", p)
a = nodes("a", 3, p)
b = node("b", program(provides = {"one": one}, on_start = lambda me: me.after("20ms", go)))
FAULT
run(until = "60ms")
`
	tells(t, with(text, "FAULT", "network(a + b)"), "22 b a[0] a[0] None\n22 b a[1] a[1] None\n22 b a[2] a[2] None\n22 b b b None")
	tells(t, with(text, "FAULT", "network(a + b)\nat(\"10ms\", crash(a[0]), send(a[1], \"rest\"))"), "22 b a[2] a[2] None\n22 b b b None")
	// By gossip the node's own view counts, which may be wrong.
	tells(t, with(text, "FAULT", "directory(\"gossip\")\nnetwork(a + b)\nat(\"10ms\", partition([a[0]], [a[1], a[2], b]), crash(a[1]))\nat(\"11ms\", send(a[2], \"rest\"))"),
		"22 b a[1] None crashed\n22 b b b None\n50 b a[0] None timeout")
}

// What a fault does to a call that is under way, or made of a node that is down:
// it is heard of over the link.
func TestCallsUnderFaults(t *testing.T) {
	call := replaced(shop, `me.call("slow", "50ms", 1, to = s[0], timeout = "100ms", then = told)`)
	for _, tc := range []struct{ what, text, fault, want string }{
		{"provider crashes", call, `crash(s[0])`, `22 c  crashed None s[0] 13ms`},
		{"and is back in time", call, `crash(s[0], down = "5ms")`, `22 c  crashed None s[0] 13ms`},
		{"is restarted", call, `restart(s[0])`, `22 c  crashed None s[0] 13ms`},
		{"is paused, and then crashes", call, `pause(s[0]), crash(s[0])`, `22 c  crashed None s[0] 13ms`},
		{"loses its disk", call, `lose_disk(s[0])`, `22 c  crashed None s[0] 13ms`},
		{"cut off", call, `cut(s[0], c)`, `109 c  timeout None s[0] 100ms`},
		{"caller crashes", call, `crash(c)`, ``},
		{"caller starts anew", call, `crash(c, down = "200ms")`, `283 c  ok 1 s[0] 54ms`},
		{"caller is paused", call, `pause(c)`, ``},
	} {
		t.Run(tc.what, func(t *testing.T) {
			tells(t, tc.text+`at("20ms", `+tc.fault+")\n", tc.want)
		})
	}
	// Across a cut nobody finds out, whichever way it lies and whenever the crash was.
	for _, cut := range []string{`cut(s[0], c)`, `cut(s[0], c, one_way = True)`, `partition([s[0]], [c, s[1]])`} {
		tells(t, call+`at("5ms", `+cut+`, crash(s[0]))`, `109 c  timeout None s[0] 100ms`)
		tells(t, call+`at("20ms", `+cut+`, crash(s[0], down = "5ms"))`, `109 c  timeout None s[0] 100ms`)
		tells(t, call+`at("20ms", `+cut+`, crash(s[0]))`+"\n"+`at("60ms", heal())`, `109 c  timeout None s[0] 100ms`)
	}
	// On the way there a cut takes the request; what the host says comes the other way.
	const there = `cut(c, s[0], one_way = True)`
	tells(t, call+`at("5ms", `+there+`, crash(s[0]))`, `109 c  timeout None s[0] 100ms`)
	tells(t, call+`at("20ms", `+there+`, crash(s[0]))`, `22 c  crashed None s[0] 13ms`)
	// A request that comes due at a node that is down is refused there; one that is up again serves it.
	tells(t, call+`at("5ms", crash(s[0]))`, `13 c  crashed None s[0] 4ms`)
	tells(t, call+`at("5ms", crash(s[0], down = "6ms"))`, `63 c  ok 1 s[0] 54ms`)
	// A reply that has set out when its provider crashes arrives.
	tells(t, call+`at("62ms", crash(s[0]))`, `63 c  ok 1 s[0] 54ms`)
	tells(t, replaced(shop, `me.call("add", 1, then = told)`)+`at("5ms", crash(s))`, `10 c  no provider None None 1ms`)
	// The reply waits with its node, and comes before the timeout that waits too.
	tells(t, call+"at(\"20ms\", pause(c))\nat(\"300ms\", resume(c))", `300 c  ok 1 s[0] 291ms`)
}

func TestLateRepliesAreDropped(t *testing.T) {
	s := tells(t, replaced(shop, `me.call("slow", "50ms", 1, to = s[0], timeout = "20ms", then = told)`), `29 c  timeout None s[0] 20ms`)
	if n := s.Run.World.Counts().Dropped[ecs.DroppedLate]; n != 1 {
		t.Errorf("%d replies were late, want 1", n)
	}
	// A request that a link doubles is answered twice, and told of once.
	s = tells(t, strings.Replace(replaced(shop, `me.call("add", 1, to = s[0], then = told)`), `latency = "2ms"`, `latency = "2ms", duplicate = 1.0`, 1), `13 c  ok [2, c] s[0] 4ms`)
	if n := s.Run.World.Counts().Dropped[ecs.DroppedLate]; n != 3 {
		t.Errorf("%d replies were late, want 3", n)
	}
}

func TestProvideAndWithhold(t *testing.T) {
	tells(t, `
def one(me): return 1
def two(me, x): return x
def begin(me):
    me.after("20ms", bind(provide, bind(two, "later")))
    me.after("40ms", withhold)
def provide(me, fn):
    me.provide("n", fn)
def withhold(me):
    print(me.withhold("n"), me.withhold("n"))
def wait(me):
    me.discover("n", within = "1s", then = told)
    me.discover("n", within = "10ms", then = told)
def told(me, r):
    print(r.ok, r.value, r.error, r.took)
    for i in range(1, 4):
        me.after("%dms" % (10 * i), ask)
def ask(me):
    me.call("n", to = a, then = said)
def said(me, r):
    print(r.value, r.error)
a = node("a", program(on_start = begin))
b = node("b", program(on_start = wait))
link(a, b)
run(until = "60ms")
`, `
10 b False [] timeout 10ms
21 b True [a] None 21ms
22 b later None
32 b later None
33 b later None
40 a True False
42 b None unknown service
43 b None unknown service
53 b None unknown service
`)
}

// What is kept of requests and calls outlives a restore, and knows its own.
func TestRequestsAreValues(t *testing.T) {
	const text = `
def ask(me):
    if me.call == None: pass
def take(me):
    me.waiting[len(me.waiting)] = (me.defer(), me.defer(), me.source)
def answer(me):
    for i in me.waiting:
        one, same, who = me.waiting[i]
        print(one == same, type(one), who, me.reply(one, i))
    me.waiting.clear()
def begin(me):
    me.under_way = me.call("take", then = told)
    me.after("31ms", stop)
def stop(me):
    print(me.cancel(me.under_way), type(me.under_way))
def told(me, r):
    print(r.value, r.error)
desk = node("desk", program(state = {"waiting": {}}, durable = ["waiting"], provides = {"take": take}, every = {"20ms": answer}))
b = nodes("b", 2, program(state = {"under_way": None}, on_start = begin))
mesh([desk] + list(b))
run(until = "60ms")
`
	plain := strings.Replace(text, "    if me.call == None: pass\n", "    pass\n", 1)
	want := "20 desk True request b[0] True\n20 desk True request b[1] True\n21 b[0] 0 None\n21 b[1] 1 None\n31 b[0] False call\n31 b[1] False call"
	tells(t, plain, want)
	// A desk that crashed has forgotten whom it owed an answer.
	tells(t, plain+`at("10ms", crash(desk, down = "5ms"))`, "11 b[0] None crashed\n11 b[1] None crashed\n31 b[0] False call\n31 b[1] False call\n35 desk True request b[0] False\n35 desk True request b[1] False")
}

func TestMisuseOfServices(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`me.call()`, "me.call takes a service, then its arguments"},
		{`me.call(1)`, "me.call: a service is a string, not an int"},
		{`me.call("add", 1, to = 3)`, "me.call: to: nodes are wanted, not an int"},
		{`me.call("add", 1, to = "roundrobin")`, `did you mean "round_robin"?`},
		{`me.call("add", 1, to = s, need = 3)`, "me.call: need = 3 of 2 nodes"},
		{`me.call("add", 1, to = s[0], need = 2)`, "me.call: need = 2 of 1 nodes"},
		{`me.call("add", 1, to = [], need = -1)`, "me.call: need is how many must answer, 1 or more, not -1"},
		{`me.call("add", 1, to = s, need = 0)`, "me.call: need is how many must answer, 1 or more, not 0"},
		{`me.call("add", 1, to = "hash")`, `me.call: to = "hash" wants a value to choose by: to = "hash", by = key`},
		{`me.call("add", 1, to = "hash", by = me.call)`, "me.call: by: "},
		{`me.call("add", 1, to = s[0], by = 2)`, `in add on s[0] at 11ms: c called "add" with other arguments than it takes: it has no argument "by"`},
		{`me.call("add", 1, to = "")`, `"nearest", "hash" or "all", not ""`},
		{`me.call("add", 1, need = 1)`, "me.call: need is of several providers"},
		{`me.call("add", 1, timeout = "0s")`, "me.call: timeout: a time above 0 is wanted"},
		{`me.call("add", 1, then = lambda me, r: print(line))`, "made in a handler"},
		{`me.call("add", me.call)`, "cannot be kept"},
		{`me.discover("add", min = 0)`, "me.discover: min is how many providers to wait for, 1 or more, not 0"},
		{`me.provide("x", lambda me: line)`, "made in a handler"},
		{`me.defer()`, "me.defer: there is no call to answer"},
		{`me.reply(3)`, "me.reply: the first argument is what me.defer() returned, not an int"},
		{`me.call("twice", to = s[0])`, "in twice on s[0] at 11ms: me.reply: this request has been answered already"},
		{`me.call("both", to = s[0])`, "me.reply: a value and an error"},
		{`me.call("ADD".lower(), to = s[0])`, `in add on s[0] at 11ms: c called "add" with other arguments than it takes: the argument "a" is missing`},
		{`me.call("broken", to = s[0])`, "in broken on s[0] at 11ms: floored division by zero"},
		{`me.call("answered", to = s[0])`, "in answered on s[0] at 11ms: fail: too late"},
		{`me.call("add", 1, to = far)`, "me.call: no link joins c and far; link them, or put both in a network"},
		{`me.call("add", 1, to = lone)`, "no link joins lone and c, who called: a reply needs one too"},
		{`fail("here")`, "fail: here"},
		{`[me.call("add", i, timeout = "1m") for i in range(70000)]`, "me.call: c has 65536 calls in flight, and may have 65536; wait for replies"},
	} {
		text := strings.Replace(replaced(shop, "line = 1\n    "+tc.line), "server = program", `
def twice(me):
    r = me.defer()
    me.reply(r, 1)
    me.reply(r, 2)
def both(me):
    me.reply(me.defer(), 1, error = "x")
def broken(me):
    return 1 // 0
def answered(me):
    me.reply(me.defer(), 1)
    fail("too late")
def server_of(more):
    return program(state = {"asked": 0}, provides = dict({"add": add, "refuse": refuse, "slow": slow}, **more))
unused = program`, 1)
		text = strings.Replace(text, `nodes("s", 2, server)`, `nodes("s", 2, server_of({"twice": twice, "both": both, "broken": broken, "answered": answered}))
far, lone = node("far", server_of({})), node("lone", server_of({}))`, 1)
		text = strings.Replace(text, "run(until", "link(c, lone, one_way = True)\nrun(until", 1)
		failsToRun(t, text, tc.want)
	}
	for text, want := range map[string]string{
		`program(provides = {"x": 1})`:     `provides: "x": an int is not a name and a function`,
		`program(provides = [])`:           `provides`,
		`program(state = {"call": 1})`:     `a field may not be named "call"`,
		`linearizable("x", struct(a = 1))`: `a model is kv(read, write)`,
		`kv("a")`:                          `missing argument for write`,
	} {
		failsToLoad(t, text, want)
	}
}

// A corrupted call is a call with other values; a corrupted reply another value.
func TestCorruptedCallsAreCalls(t *testing.T) {
	text := strings.Replace(replaced(shop, `[me.call("add", 4, b = 3, to = s[0], then = bind(told, i)) for i in range(30)]`), `latency = "2ms"`, `latency = "2ms", corrupt = 1.0`, 1)
	s := ran(t, text)
	told := story(s)
	if len(told) != 30 {
		t.Fatalf("%d calls of 30 ended", len(told))
	}
	for _, line := range told {
		if !strings.Contains(line, " ok [") || strings.Contains(line, " ok [7, c]") {
			t.Errorf("%s", line)
		}
	}
}

// A corrupted error is a text with another letter, and a corrupted refusal is
// counted as that, unless it says something else by now.
func TestCorruptedErrorsAreErrors(t *testing.T) {
	text := strings.Replace(replaced(shop, `[me.call(what, to = s[0], then = told) for i in range(99) for what in ["refuse", "sub"]]`), `latency = "2ms"`, `latency = "2ms", corrupt = 1.0`, 1)
	s := ran(t, text)
	said := map[string]int{}
	for _, line := range story(s) {
		said[strings.TrimSuffix(strings.TrimPrefix(line, "13 c  "), " None s[0] 4ms")]++
	}
	delete(said, "timeout") // the number of the call was hit
	if said["lab.star:6:9: not s[0]"] > 0 || said["corrupted"] == 0 || said["unknown service"] == 0 || len(said) < 20 {
		t.Errorf("%v", said)
	}
	c := s.Run.Services.Counts()
	if got := int(c.Ended[systems.Corrupted]); got != said["corrupted"] {
		t.Errorf("%d are counted as corrupted, want %d", got, said["corrupted"])
	}
	if c.Ended[systems.Failed] != 99 {
		t.Errorf("%d are counted as failed, want 99", c.Ended[systems.Failed])
	}
}

// The draws of calls that end by one timer are their own.
func TestDrawsAfterCallsDiffer(t *testing.T) {
	s := ran(t, `
def draw(me, r):
    print(me.random.int(1, 1000000000))
def go(me):
    for i in range(5):
        me.call("none", then = draw)
a = node("a", program(on_start = go))
run(until = "9ms")
`)
	seen := map[string]bool{}
	for _, line := range story(s) {
		seen[line] = true
	}
	if len(seen) != 5 {
		t.Errorf("5 calls drew %v", story(s))
	}
}

// Who provides what is known to those that start with the providers, in a run
// that was restored to before they start, too.
func TestServicesAreKnownFromTheBegin(t *testing.T) {
	const text = `
def go(me):
    me.call("one", then = told)
def told(me, r):
    print(r.value)
a = node("a", program(on_start = go))
b = node("b", program(provides = {"one": lambda me: 1}))
mesh([a, b])
run(until = "9ms")
`
	tells(t, text, `2 a 1`)
	var snap ecs.Snapshot
	lab(t, text).Run.Snapshot(&snap)
	s := lab(t, text)
	must(t, s.Run.Restore(&snap))
	must(t, s.Run.RunUntil(s.Until))
	if diff := cmp.Diff([]string{"2 a 1"}, story(s)); diff != "" {
		t.Error(diff)
	}
}

func TestLinearizableIsRecorded(t *testing.T) {
	s := ran(t, `linearizable("the map", kv(read = "get", write = "put"))
linearizable("a box", register("get", "put"))
linearizable("a line", queue(push = "put", pop = "get"))
run(until = "9ms")`)
	if diff := cmp.Diff([]string{"the map undecided@0", "a box undecided@0", "a line undecided@0"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
}

// A node and a link more, which nobody calls, shift no call: whom it goes to,
// how long it takes, what it draws.
func TestExtrasShiftNoCalls(t *testing.T) {
	text := func(more int) string {
		return fmt.Sprintf(`
extra = nodes("extra", %d, program(provides = {"else": lambda me: 1}, every = {"3ms": lambda me: me.call("else")}))
def get(me, x):
    me.n += x
    if me.random.chance(0.1):
        fail("no")
    return me.n
def ask(me):
    me.call("get", me.random.int(1, 9), then = told, timeout = "12ms")
def told(me, r):
    me.seen.append((r.provider, r.value, r.error, r.took, me.random.int(1, 1000)))
a = nodes("a", 3, program(state = {"n": 0}, provides = {"get": get}))
b = nodes("b", 3, program(state = {"seen": []}, every = {"10ms": ask}))
network(extra + a + b, latency = "3ms", jitter = "4ms", loss = 0.1, duplicate = 0.1)
chaos([crash, pause], on = a, mean_between = "30ms", lasting = "15ms", until = "250ms")
run(until = "300ms")
`, more)
	}
	want := states(t, ran(t, text(0)))
	got := states(t, ran(t, text(2)), "extra[0]", "extra[1]")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- without, + with)\n%s", diff)
	}
	if !strings.Contains(want["b[0]"], "crashed") && !strings.Contains(want["b[0]"], "timeout") {
		t.Errorf("no call failed: the test tests little: %s", want["b[0]"])
	}
}
