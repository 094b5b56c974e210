// Proves when durable fields are synced: at the end of each handler, or, if the
// program calls me.sync(), when it does; that a crash leaves what was synced and
// a lost disk nothing; and that a snapshot in between knows it.
package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// FAULT hits a node at 25ms, after three beats; LINE is what the third does
// first. Those of lax do not sync, though the same file does.
const syncing = `
def beat(me):
    me.n += 1
    me.list.append(me.n)
    me.lost += 1
    if me.n == 2:
        save(me)
    LINE
def save(me):
    me.sync()
def lazy(me):
    me.n += 1
def look(me):
    print(me.n, me.list, me.lost)
eager = program(state = {"n": 0, "list": [], "lost": 0}, durable = ["n", "list"], every = {"10ms": beat}, on = {"look": lambda me, m: look(me)}, on_start = look)
lax = program(state = {"n": 0, "list": []}, durable = ["n"], every = {"10ms": lazy})
a = node("a", eager)
b = node("b", eager, n = 1, list = [7])
c = node("c", lax)
at("25ms", FAULT)
at("26ms", crash(c))
always("one that does not sync loses nothing", lambda: c.n == now() // "10ms")
run(until = "29ms")
`

func TestSyncs(t *testing.T) {
	const begins = "0 a 0 [] 0\n0 b 1 [7] 0\n"
	for _, tc := range []struct{ what, line, fault, want string }{
		{"what was synced is left", "pass", `crash([a, b], down = "2ms")`, begins + "27 a 2 [1, 2] 0\n27 b 2 [7, 2] 0"},
		{"not what came after, in the handler or later", `me.list.append("x")`, `crash([a, b], down = "2ms")`, begins + "27 a 2 [1, \"x\", 2] 0\n27 b 2 [7, 2] 0"},
		{"before the first, what it was born with", `me.n += 5`, `crash([a, b], down = "2ms")`, begins + "27 a 0 [] 0\n27 b 2 [7, 2] 0"},
		{"a lost disk leaves what it was born with", "pass", `lose_disk([a, b], down = "2ms")`, begins + "27 a 0 [] 0\n27 b 1 [7] 0"},
		{"one that is down loses its disk too", "pass", `crash([a, b], down = "2ms"), lose_disk(b)`, begins + "27 a 2 [1, 2] 0\n27 b 1 [7] 0"},
		{"an end loses nothing", "pass", `stop([a, b]), start([a, b])`, begins + "25 a 2 [1, 2] 2\n25 b 3 [7, 2, 3] 2"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			text := with(replaced(syncing, tc.line), "FAULT", tc.fault)
			if diff := cmp.Diff(lines(tc.want), story(ran(t, text))); diff != "" {
				t.Errorf("(- wanted, + told)\n%s", diff)
			}
		})
	}
}

// ledger is what the model knows of a node.
type ledger struct {
	n, syncedN       int
	list, syncedList []int
	up               bool
}

func (l *ledger) sync() { l.syncedN, l.syncedList = l.n, append([]int{}, l.list...) }

func (l *ledger) takeBack() { l.n, l.list = l.syncedN, append([]int{}, l.syncedList...) }

// Whatever is done in whatever order, state is as a model of two variables says,
// also in a load that goes on from a snapshot.
func TestSyncsAreAsAModelSays(tb *testing.T) {
	rapid.Check(tb, func(t *rapid.T) {
		syncs := rapid.Bool().Draw(t, "syncs")
		var plan strings.Builder
		l := ledger{n: 3, list: []int{}, up: true}
		l.sync()
		const end = 60
		for tick := 2; tick < end; tick += 2 {
			what := rapid.SampledFrom([]string{"add", "put", "sync", "crash", "start", "stop", "lose_disk"}).Draw(t, "what")
			switch what {
			case "add", "put", "sync":
				fmt.Fprintf(&plan, "at(\"%dms\", send(a, %q))\n", tick, what)
				if l.up {
					l.handle(what, syncs)
				}
				continue
			case "start":
				l.up = true
			case "stop":
				l.up = false
			case "crash":
				if l.up {
					l.takeBack()
				}
				l.up = false
			case "lose_disk":
				l.n, l.list, l.up = 3, []int{}, false
				l.sync()
			}
			fmt.Fprintf(&plan, "at(\"%dms\", %s(a))\n", tick, what)
		}
		text := `
def add(me, m):
    me.n += 1
def put(me, m):
    me.list.append(me.n)
def sync(me, m):
    ` + map[bool]string{true: "me.sync()", false: "pass"}[syncs] + `
a = node("a", program(state = {"n": 0, "list": []}, durable = ["list", "n"], on = {"add": add, "put": put, "sync": sync}), n = 3)
other = program(on_start = lambda me: None, on_stop = lambda me: me.sync())
` + plan.String() + fmt.Sprintf("run(until = \"%dms\")\n", end)
		want := fmt.Sprintf("n=%d list=%v", l.n, strings.ReplaceAll(fmt.Sprint(l.list), " ", ", "))
		s := ran(tb, text)
		if got := stateOf(tb, s, s.script.declared[0].homes[0].group.nodes[0]); !strings.HasPrefix(got, want+" ") {
			t.Fatalf("got %s, want %s in\n%s", got, want, text)
		}
		half, fresh := lab(tb, text), lab(tb, text)
		if err := half.Run.RunUntil(ecs.Tick(rapid.IntRange(0, end).Draw(t, "snapshot"))); err != nil {
			t.Fatal(err)
		}
		var snap ecs.Snapshot
		half.Run.Snapshot(&snap)
		if err := fresh.Run.Restore(&snap); err != nil {
			t.Fatal(err)
		}
		if err := fresh.Run.RunUntil(end); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ends(tb, s), ends(tb, fresh)); diff != "" {
			t.Fatalf("restored: (- straight, + so)\n%s\nin\n%s", diff, text)
		}
	})
}

func (l *ledger) handle(what string, syncs bool) {
	switch what {
	case "add":
		l.n++
	case "put":
		l.list = append(l.list, l.n)
	}
	if !syncs || what == "sync" {
		l.sync()
	}
}

// A program syncs if its functions lead to me.sync(), by whatever way, and not if
// only those of nodes that it names do.
func TestWhoSyncsIsFound(t *testing.T) {
	for _, tc := range []struct {
		what, text string
		syncs      bool
	}{
		{"itself", `p = program(state = S, durable = ["n"], on_start = lambda me: me.sync())`, true},
		{"by a function", "def f(me):\n    g(me)\ndef g(me):\n    me.sync()\n" + `p = program(state = S, durable = ["n"], every = {"1ms": [f]})`, true},
		{"that comes later", "p = program(state = S, durable = [\"n\"], on_start = lambda me: g(me))\ndef g(me):\n    me.sync()", true},
		{"by a table", "def g(me):\n    me.sync()\nT = {\"a\": [g]}\n" + `p = program(state = S, durable = ["n"], on = {"a": lambda me, m: T["a"][0](me)})`, true},
		{"captured", "def make(then):\n    def f(me):\n        then(me)\n    return program(state = S, durable = [\"n\"], on_start = f)\np = make(lambda me: me.sync())", true},
		{"bound and later", "def g(me, x):\n    me.sync()\n" + `p = program(state = S, durable = ["n"], on_start = lambda me: me.after("1ms", bind(g, 1)))`, true},
		{"a service that takes time", "def g(me):\n    me.sync()\n" + `p = program(state = S, durable = ["n"], provides = {"a": serve(g, "1ms")})`, true},
		{"others only", "q = program(state = S, durable = [\"n\"], on = {\"a\": lambda me, m: me.sync()})\nb = node(\"b\", q)\n" + `p = program(state = S, durable = ["n"], on_start = lambda me: print(b))`, false},
		{"nobody", `p = program(state = S, durable = ["n"])`, false},
	} {
		s := lab(t, "S = {\"n\": 0}\n"+tc.text+"\nnode(\"a\", p)\nrun(until = \"1ms\")")
		n, _ := s.Run.World.NodeNamed("a")
		if got := s.script.programs[n.Program()].syncs; got != tc.syncs {
			t.Errorf("%s: %t, want %t", tc.what, got, tc.syncs)
		}
	}
	failsToRun(t, "node(\"a\", program(state = {\"n\": 0}, on_start = lambda me: me.sync()))\nrun(until = \"1ms\")", `me.sync: nothing of a is durable; name fields in durable`)
	failsToRun(t, "def f(me, m):\n    getattr(me, \"sync\")()\nnode(\"a\", program(state = {\"n\": 0}, durable = [\"n\"], on = {\"f\": f}))\nat(\"1ms\", send(lambda: [node for node in all if True][0], \"f\"))\nall = nodes(\"b\", 1, program(state = {\"n\": 0}, durable = [\"n\"], on = {\"f\": f}))\nrun(until = \"5ms\")", "it was not seen before the run that b syncs")
	failsToLoad(t, `at("0s", lose_disk(node("a", program())))`, "lose_disk: nodes start at 0s")
	failsToLoad(t, `a = node("a", program())`+"\nlose_disk(a)", `lose_disk(…) alone does nothing; say when`)
	failsToLoad(t, `a = node("a", program())`+"\nstop(a)", `stop(…) alone does nothing; say when`)
}
