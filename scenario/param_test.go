// Proves what params are to a script: what a reply of a set says, when a watch is
// called and with what, what a check sees; that what is missing or misspelt is
// said at load.
package scenario

import (
	"strings"
	"testing"

	"orrery/systems"
)

const thermostat = `
param("heat", 20)
param("mine", None, consistency = "local")

def turn(me):
    me.set_param("heat", me.param("heat") + 1, then = told)
    me.set_param("heat", 30, then = told, version = (1, "dial"))
    me.set_param("heat", 40, then = bind(told, "late"), version = (1, "dial"))
    me.set_param("mine", [me])
    me.after("20ms", again)

def again(me):
    me.set_param("heat", "off")
    me.exit()

def told(me, reply, why = "-"):
    print(reply.ok, reply.error, reply.value, reply.version, why)

def felt(me, heat):
    print("feels", heat, me.param_version("heat"))

def start(me):
    print("starts at", me.param("heat"))

dial = node("dial", program(on_start = turn))
rooms = nodes("room", 3, program(on_start = start, watches = {"heat": felt}))
link(dial, rooms[0], latency = "5ms")
link(rooms[0], rooms[1], latency = "5ms")
link(rooms[1], rooms[2], latency = "5ms")
at("7ms", crash(rooms[2], down = "60ms"))
eventually("all off", lambda: rooms.param("heat") == ["off"] * 3, after = "0s", within = "290ms")
always("own", lambda: rooms.param("mine") == [None] * 3 and dial.param("mine") in ([dial], None))
run(until = "300ms")
`

func TestParamsToAScript(t *testing.T) {
	s := tells(t, thermostat, `0 room[0] starts at 20
0 room[1] starts at 20
0 room[2] starts at 20
1 dial True None 21 (1, "dial") -
1 dial True None 30 (2, "dial") -
1 dial False version conflict 30 (2, "dial") late
6 room[0] feels 30 (2, "dial")
11 room[1] feels 30 (2, "dial")
26 room[0] feels off (3, "dial")
31 room[1] feels off (3, "dial")
67 room[2] starts at 20
121 room[2] feels off (3, "dial")`)
	for _, c := range s.Run.Checks.Results(true) {
		if c.Outcome != systems.Held {
			t.Errorf("%s: %s", c.Name, c.Outcome)
		}
	}
}

func TestErrorsOfParams(t *testing.T) {
	head := "param(\"heat\", 20)\n"
	for _, tc := range []struct{ text, want string }{
		{head + `n = nodes("n", 2, program())`, `kv.star:1:6: param "heat" spreads over links, and there are none; link the nodes, put them in a network, or write consistency = "local"`},
		{head + `program(watches = {"haet": lambda me, v: None})`, `kv.star:2:8: watches: there is no param "haet"; did you mean "heat"?`},
		{head + `program(watches = {"heat": 1})`, `watches: "heat": an int is not the name of a param and a function`},
		{"def go(me):\n    me.set_param(\"heta\", 1)\nparam(\"heat\", 1)\np = program(on_start = go)", `kv.star:2:17: in go: me.set_param: there is no param "heta"; did you mean "heat"?`},
		{"def go(me):\n    me.param(\"heta\")\np = program(on_start = go)", `there is no param "heta"; declare it with param("heta", default)`},
		{"def go(me):\n    me.set_param(\"heat\", 1, late)\ndef late(me, r):\n    me.x\nparam(\"heat\", 1)\np = program(on_start = go)", `kv.star:4:7: in late: program declares no state "x"`},
		{`program(state = {"param": 1})`, `state: a field may not be named "param", which a node has already`},
		{`param("", 1)`, `param: a param has a name, and "" is none`},
		{`param("a", lambda: 1)` + "\n" + `param("a", 1, consistency = "evnetual")`, `kv.star:2:6: param "a": a consistency is "local" or "eventual", not "evnetual"; did you mean "eventual"?`},
		{`gossip(every = "0s")`, `gossip: every: a period must be longer than 0`},
	} {
		_, err := load(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
	if _, err := load(head + `n = node("n", program())`); err != nil {
		t.Errorf("a single node needs no link: %v", err)
	}
}

// Views of services, to a script: at first a node sees itself alone; what it sees
// later it has heard; where it is wrong, a call says how.
const streets = `
directory("gossip")
gossip(every = "20ms")
def answer(me, n):
    return n
def go(me):
    print("knows", me.providers("s"))
    me.discover("s", min = 3, within = "50ms", then = found)
    me.discover("s", min = 4, within = "8ms", then = found)
def found(me, reply):
    print(reply.ok, reply.error, reply.value, me.providers("s"))
def ask(me):
    for n in me.providers("s"):
        me.call("s", 1, to = n, then = told, timeout = "10ms")
def told(me, reply):
    print(reply.provider, reply.error)
def rest(me, m):
    me.withhold("s")
a = nodes("a", 3, program(provides = {"s": answer}, on = {"rest": rest}))
b = node("b", program(provides = {"s": answer}, on_start = go, on = {"ask": lambda me, m: ask(me)}))
network([a, b], latency = "2ms")
at("100ms", isolate(b))
at("110ms", crash(a[0]), send(a[1], "rest"))
at("120ms", heal(), send(b, "ask"))
eventually("true again", lambda: b.providers("s") == [a[2], b], after = "120ms", within = "300ms")
run(until = "500ms")
`

func TestViewsToAScript(t *testing.T) {
	s := tells(t, streets, `0 b knows []
3 b True None [a[0], a[1], a[2], b] [a[0], a[1], a[2], b]
3 b True None [a[0], a[1], a[2], b] [a[0], a[1], a[2], b]
123 b b None
125 b a[0] crashed
125 b a[1] unknown service
125 b a[2] None`)
	for _, c := range s.Run.Checks.Results(true) {
		if c.Outcome != systems.Held {
			t.Errorf("%s: %s", c.Name, c.Outcome)
		}
	}
	for _, tc := range []struct{ text, want string }{
		{`directory("gossip")` + "\n" + `n = nodes("n", 2, program())`, `kv.star:1:10: directory: views spread over links, and there are none; link the nodes, put them in a network, or leave out directory("gossip")`},
		{`directory("oracle")` + "\n" + `directory("oracle")`, `directory: it is said already how nodes see who provides what`},
		{`directory("raft")`, `directory: a mode is "oracle" or "gossip", not "raft"`},
	} {
		if _, err := load(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}
