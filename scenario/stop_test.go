// Proves what a life of a node is: which of its handlers run when it starts, is
// stopped, ends by itself or crashes, and what is left of it.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mortal = `
def up(me):
    me.lives += 1
    print("up", me.lives)
def down(me):
    print("down", me.lives)
    me.exit(9)
def end(me, m):
    me.exit(m.code)
p = program(state = {"lives": 0}, on_start = up, on_stop = down, on = {"end": end}, every = {"10ms": lambda me: print("beat")})
`

func TestStartAndStop(t *testing.T) {
	s := tells(t, mortal+`
a = node("a", p, started = False, lives = 7)
at("5ms", start(a))
at("6ms", start(a))
at("17ms", stop(a, code = 3))
at("18ms", stop(a, code = 4))
always("of a", lambda: a.up == (now() >= duration("5ms") and now() < duration("17ms")) and a.exit == (3 if a.incarnation == 1 and not a.up else 0))
run(until = "40ms")`, `
		5 a up 8
		15 a beat
		17 a down 8`)
	if diff := cmp.Diff([]string{"of a held@40"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
}

func TestEndsOfANode(t *testing.T) {
	// A stop and an exit ask on_stop and keep state, a crash does neither; of a
	// paused node and of one that is down nothing is asked.
	tells(t, mortal+`
a = node("a", p)
at("5ms", send(a, "end", code = 2))
at("7ms", start(a))
between("8ms", "9ms", stop(a))
at("10ms", crash(a), stop(a), start(a))
at("11ms", pause(a), stop(a))
at("12ms", resume(a), start(a))
between("20ms", "21ms", start(a))
at("31ms", stop(a), start(a))
run(until = "40ms")`, `
		0 a up 1
		6 a down 1
		7 a up 2
		8 a down 2
		9 a up 3
		10 a up 1
		20 a beat
		21 a down 1
		31 a up 2`)
}

func TestErrorsOfStops(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`node("b", p, started = 0)`, `started: it is True or False, not 0`},
		{`at("1ms", stop(a, code = 256))`, `stop: a code is 0 to 255, not 256`},
		{`at("0s", stop(a))`, `at: stop: nodes start at 0s, after what is to be done then; do it at 1ms or later`},
		{`stop([])`, `stop: there are no nodes in what it is to be done to`},
		{`start(3)`, `start: nodes are wanted, not an int`},
		{`program(state = {"started": False})`, `state: a field may not be named "started", which says of nodes whether they start by themselves`},
	} {
		failsToLoad(t, mortal+"a = node(\"a\", p)\n"+tc.line+"\nrun(until = \"5ms\")", tc.want)
	}
}
