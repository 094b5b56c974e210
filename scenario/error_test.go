package scenario

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"orrery/scheduler"
)

// What is wrong with a scenario is said with place, handler, node, time and
// the cure. Each case is a line of a handler, in column 5 of line 3, or of the
// top level, in line 1.

const around = `def write(me):
    k = 1
    LINE

def loop(me, m):
    while True:
        pass

def deep(me):
    deep(me)

client = program(state = {"sent": 0, "data": []}, every = {"10ms": write}, on = {"go": loop})
other = nodes("client", 2, client)
run(until = "20ms")
`

func load(text string) (*Scenario, error) {
	return Load(fstest.MapFS{"kv.star": {Data: []byte(text)}}, "kv.star", Options{Seed: 1, Steps: 100_000, Bytes: 1000})
}

func TestErrorsOfHandlers(t *testing.T) {
	for _, tc := range []struct{ line, want string }{
		{`me.sent = 1.5`, `kv.star:3:7: in write on client[0] at 10ms: sent is declared as int, and 1.5 is a float; write int(…) or round(…), or declare sent with the default 0.0`},
		{`me.sent = 1 << 70`, `sent: 1180591620717411303424 is more than 64 bits hold; declare it with a default of None to keep any value`},
		{`other[1].data`, `kv.star:3:13: in write on client[0] at 10ms: client[1].data: a handler reads its own node only; call or message client[1], or let it show the field`},
		{`other[1].sent = 2`, `client[1].sent: a handler changes its own node only; message client[1]`},
		{`me.send(other[1], "o" + "g")`, `no program handles a message of kind "og"; did you mean "go"?`},
		{`[n for n in [me]][0].snet`, `kv.star:3:25: in write on client[0] at 10ms: client declares no state "snet"; did you mean "sent"?`},
		{`me.sent = None`, `sent is declared as int, and cannot be None; declare it with a default of None`},
		{`me.send(other[1], "go")`, `no link joins client[0] and client[1]; link them, or put both in a network`},
		{`me.send(None, "go")`, `me.send: there is nobody to send to: the first argument is None`},
		{`me.after("1s", lambda me: me.send(k, "go"))`, `this lambda (kv.star:3:20) was made in a handler (captures k) and cannot be kept; write bind(done, k), with def done outside of handlers`},
		{`me.after(5, write)`, `me.after: a duration needs a unit: "10ms"`},
		{`me.random.choice([])`, `random.choice: the list is empty`},
		{`me.random.chance(2)`, `random.chance: a probability is a number from 0 to 1, not 2`},
		{`me.data = "x" * 2000`, `data: a value of length 2000 is more than may be kept (1000, --script-bytes)`},
		{`loop(me, 1)`, `kv.star:5:1: in write on client[0] at 10ms: more than 100000 steps (--script-steps); is there a loop without an end?`},
		{`deep(me)`, `functions call each other more than 2000 deep; is there a recursion without an end?`},
		{`fail("no")`, `in write on client[0] at 10ms: fail: no`},
	} {
		s, err := load(strings.Replace(around, "LINE", tc.line, 1))
		if err != nil {
			t.Errorf("%s: does not load: %v", tc.line, err)
			continue
		}
		err = s.Run.RunUntil(s.Until)
		var failure *scheduler.Failure
		var where *Error
		if !errors.As(err, &failure) || !errors.As(err, &where) {
			t.Errorf("%s: ends with %v", tc.line, err)
			continue
		}
		if !strings.Contains(where.Error(), tc.want) {
			t.Errorf("%s:\n got %s\nwant %s", tc.line, where, tc.want)
		}
	}
}

func TestErrorsOfTheTopLevel(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`duratoin("1s")`, `kv.star:1:1: duratoin is not defined; did you mean duration?`},
		{`duration("1 s")`, `kv.star:1:9: `},
		{`program(state = {"send": 1})`, `kv.star:1:8: state: a field may not be named "send", which a node has already`},
		{`place(1, 2)`, `kv.star:1:6: place: placements are not built yet`},
		{`run(until = 5)`, `run: until: a duration needs a unit: "10ms"`},
		{`topology("x.gml", program())`, `open x.gml: file does not exist`},
		{`eventually("x", lambda: True)`, `eventually "x": within is missing: how long may it take?`},
		{"run(until = \"1s\")\neventually(\"x\", lambda: True, after = \"9s\", within = \"10s\")", `kv.star:2:11: eventually "x": its window (9s to 19s) ends after the run (1s)`},
		{`x = f"{1}"`, `Starlark has no f-strings; write "x%d" % i`},
		{"a\nb", "kv.star:1:1: a is not defined\nkv.star:2:1: b is not defined"},
	} {
		_, err := load(tc.text)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// What Python has and Starlark has not is said with what to write instead.
func TestCuresOfHabits(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"class A:\n  pass", "1:1: Starlark has no class; keep state in a program's fields"},
		{"import x", `1:1: Starlark has no import; to use names of another scenario, write load("other.star", "name")`},
		{"try:\n  pass\nexcept:\n  pass", "1:1: Starlark has no try; an error ends the run"},
		{"x = 1\nif x is None:\n  pass", "2:6: Starlark has no is; write == or !="},
		{"def f():\n  global x\n  x = 1", "2:3: Starlark has no global; globals are frozen"},
		{"def f():\n  raise x", "2:3: Starlark has no raise; write fail(text)"},
		{"assert 1 == 1\nassert x", "Starlark has no assert"},
		{"x = f(2 ** 10)", "Starlark has no operator **; write x * x, or math.pow(x, y)"},
		{`print(f"{1}")`, `Starlark has no f-strings; write "x%d" % i`},
		{`x = [1, rf'a']`, `Starlark has no f-strings`},
		{`print "x"`, `print is a function; write print("text", x)`},
		{`"%.2f" % 0.5`, `write str(round(x, 2))`},
		{"x = 1 if True", "a value with if needs an else"},
		{"if x = 1:\n  pass", "a condition compares with =="},
		{"if x:\n  pass\nelse if y:\n  pass", "write elif, not else if"},
		{"x = 1 && 2", "write and, not &&"},
		{"x = 1 || 2", "write or, not ||"},
		{"x = !y", "write not, not !"},
		{"@f\ndef g():\n  pass", "Starlark has no decorators"},
		{"f(x := 1)", "Starlark has no assignment within an expression"},
		{"def f(x: int):\n  pass", "Starlark has no types of arguments"},
		{"def f() -> int:\n  pass", "Starlark has no types of results"},
		{"x: int = 1", "Starlark has no types of variables"},
		{"x = 1 < 2 < 3", "comparisons do not chain"},
		{"sum(x for x in [1])", "Starlark has no generators"},
		{"for x in [1]:\n  pass\nelse:\n  pass", "Starlark has none after for and while"},
		{"if True\n  pass", "the line above begins a block and ends with a colon"},
		{"def f():\npass", "what is within a def, an if or a loop is indented"},
		{"x = 5ms", `a duration is text, as in "10ms"`},
		{"x = [1 2]", "a comma is missing"},
		{"f(1", "a bracket is not closed"},
		{"x = true", "Starlark has no true; write True"},
		{"x = isinstance(1, 2)", "compare types"},
		{"def f(list):\n  return lits", "lits is not defined; did you mean list?"},
	} {
		if _, err := load(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// Every error of the run has a place, also one of what a function returned.
func TestErrorsOfWhatIsReturned(t *testing.T) {
	const nodes = "def beat(me):\n    note(\"n\", n = 1)\ndef none():\n    pass\na = nodes(\"a\", 1, program(every = {\"10ms\": beat}))\nrun(until = \"20ms\")\n"
	for _, tc := range []struct{ line, want string }{
		{`always("c", none)`, `kv.star:3:1: in none at 0s: always "c": the predicate returned None; does it return at all?`},
		{`always("c", lambda: 1)`, `kv.star:7:13: in lambda at 0s: always "c": the predicate returned 1, an int; return True or False`},
		{`never("c", bind(lambda x: x, 1))`, `kv.star:7:17: in lambda at 0s: never "c": the predicate returned 1, an int`},
		{`series("s", none, every = "1ms")`, `kv.star:3:1: in none at 0s: series "s": a number is wanted, not None`},
		{`always("c", lambda e, past: True, on = "n", by = "m")`, `kv.star:7:13: in lambda at 10ms: an event "n" has no field "m"`},
		{`when(none, crash(a))`, `kv.star:3:1: in none at 0s: when: the predicate returned None`},
		{`at("5ms", crash(lambda: 7))`, `kv.star:7:17: in lambda at 5ms: nodes are wanted, not an int`},
	} {
		s, err := load(nodes + tc.line)
		if err == nil {
			err = s.Run.RunUntil(s.Until)
		}
		var where *Error
		if !errors.As(err, &where) || !strings.HasPrefix(where.Error(), tc.want) {
			t.Errorf("%s:\n got %v\nwant %s", tc.line, err, tc.want)
		}
	}
}
