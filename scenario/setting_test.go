// Proves that the action set(target, param, value) does at a time what nodes do by
// me.set_param, each for itself, and that set(elements) is Starlark's as before.
package scenario

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const setting = `
param("rate", 10)
param("own", 1, consistency = "local")
def obey(me, rate):
    print("rate", rate)
a = nodes("a", 3, program(watches = {"rate": obey}))
ring(a, latency = "2ms")
g = group("g", a[1:2])
`

func TestParamsSetByActions(t *testing.T) {
	s := tells(t, setting+`
print(sorted(set([3, 1, 1])), len(set()))
at("5ms", set(a[0], "rate", 20))
at("9ms", join(a[2], g), set(g, "own", 5))
at("10ms", pause(a[2]))
at("20ms", set(lambda: a[1], "rate", {"k": [a[2]]}), set(a[1:], "own", 7))
at("25ms", set(lambda: None, "rate", 1))
when(lambda: now() >= duration("23ms"), set(a[:2], "own", 9))
always("of its time", lambda: a.param("own") == ([1, 1, 1] if now() < duration("9ms") else [1, 5, 5] if now() < duration("20ms") else [1, 7, 5] if now() < duration("24ms") else [9, 9, 5]))
eventually("no fault", lambda: now() == duration("10ms"), within = "1ms")
run(until = "30ms")`, `
		-1 outside [1, 3] 0
		6 a[0] rate 20
		8 a[1] rate 20
		8 a[2] rate 20
		21 a[1] rate {"k": [a[2]]}
		23 a[0] rate {"k": [a[2]]}`)
	if diff := cmp.Diff([]string{"of its time held@30", "no fault held@10"}, outcomes(s)); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsOfSetting(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`at("1ms", set(a, "rat", 1))`, `lab.star:9:14: set: there is no param "rat"; did you mean "rate"?`},
		{`at("1ms", set(a, "rate"))`, "set: missing argument for value"},
		{`at("1ms", set([], "rate", 1))`, "set: there are no nodes in what it is to be done to"},
		{`at("1ms", set(a, "rate", crash))`, `set: param "rate": the built-in function crash cannot be kept`},
		{`at("0s", set(a, "rate", 1))`, "at: set: nodes start at 0s"},
		{`between("1ms", "2ms", set(a, "rate", 1))`, "between: set cannot be undone; use at"},
		{`set(1)`, "got int, want iterable"},
		{`set(a, 2)`, "set: for parameter param: got int, want string"},
	} {
		failsToLoad(t, setting+tc.line+"\nrun(until = \"5ms\")", tc.want)
	}
}
