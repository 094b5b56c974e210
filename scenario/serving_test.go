// Proves what serve(…) is to a script: when a handler runs, who waits and who
// is turned away, that its time may be drawn, that it is a value, and what is
// seen of queues. That queues are those of theory is proved by systems.
package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/systems"
)

// bank is a provider and a customer, whose handler is at LINE; SERVE is what is
// provided as "pay".
const bank = `
def pay(me, n, f = 0):
    me.paid += n
    print("pays", n, me.source)
    if n == 9:
        fail("too much")
    return me.paid
def told(me, r):
    print(r.value if r.ok else r.error, r.took)
def go(me):
    LINE
def cost(me, n, f = 0):
    return "%dms" % n
def leaves(me, n, f = 0):
    me.exit(3)
    return "5ms"
teller = node("teller", program(state = {"paid": 0}, provides = {"pay": SERVE}, on = {"swap": lambda me, m: me.provide("pay", m.fn)}))
c = node("c", program(on_start = lambda me: me.after("9ms", go)))
network([teller, c], latency = "2ms")
run(until = "100ms")
`

func banking(serve, line string) string {
	return strings.Replace(replaced(bank, line), "SERVE", serve, 1)
}

func TestServe(t *testing.T) {
	five := `[me.call("pay", i, then = told) for i in range(5)]`
	for _, tc := range []struct{ what, serve, line, want string }{
		{"one at a time", `serve(pay, "2500us")`, `[me.call("pay", i, then = told) for i in range(3)]`,
			"14 teller pays 0 c\n16 teller pays 1 c\n16 c 0 7ms\n18 c 1 9ms\n19 teller pays 2 c\n21 c 3 12ms"},
		{"two at a time", `serve(pay, "10ms", slots = 2)`, `[me.call("pay", i, then = told) for i in range(3)]`,
			"21 teller pays 0 c\n21 teller pays 1 c\n23 c 0 14ms\n23 c 1 14ms\n31 teller pays 2 c\n33 c 3 24ms"},
		{"none may wait", `serve(pay, "10ms", queue = 0)`, five,
			"13 c queue full 4ms\n13 c queue full 4ms\n13 c queue full 4ms\n13 c queue full 4ms\n21 teller pays 0 c\n23 c 0 14ms"},
		{"one may wait", `serve(pay, "10ms", slots = 2, queue = 1)`, five,
			"13 c queue full 4ms\n13 c queue full 4ms\n21 teller pays 0 c\n21 teller pays 1 c\n23 c 0 14ms\n23 c 1 14ms\n31 teller pays 2 c\n33 c 3 24ms"},
		{"by its arguments", `serve(pay, cost, slots = 3)`, `[me.call("pay", i, f = 1, then = told) for i in [9, 3]]`,
			"14 teller pays 3 c\n16 c 3 7ms\n20 teller pays 9 c\n22 c lab.star:6:13: too much 13ms"},
		{"in no time", `serve(pay, "0s")`, `me.call("pay", 1, then = told)`, "11 teller pays 1 c\n13 c 1 4ms"},
		{"it leaves instead", `serve(pay, leaves)`, `me.call("pay", 1, then = told, timeout = "50ms")`, "13 c crashed 4ms"},
		{"another in its place", `serve(pay, "20ms")`, `[me.call("pay", i, then = told, timeout = "80ms") for i in range(2)] + [me.send(teller, "swap", fn = serve(bind(pay), "1ms"))]`,
			"31 teller pays 0 c\n32 teller pays 1 c\n33 c 0 24ms\n34 c 1 25ms"},
		{"and a plain one", `serve(pay, "20ms")`, `[me.call("pay", i, then = told) for i in range(2)] + [me.send(teller, "swap", fn = pay)]`,
			"31 teller pays 1 c\n31 teller pays 0 c\n33 c 1 24ms\n33 c 1 24ms"},
	} {
		t.Run(tc.what, func(t *testing.T) { tells(t, banking(tc.serve, tc.line), tc.want) })
	}
}

// A request that comes as what is due before it ends its provider is refused.
func TestARequestMeetsAnExit(t *testing.T) {
	for _, tc := range []struct{ links, want string }{
		{`link(desk, b, latency = "5ms")`, "7 a 1 7ms\n10 b crashed 10ms"},
		{`link(b, desk, latency = "5ms", one_way = True)`, "7 a 1 7ms\n50 b timeout 50ms"},
	} {
		tells(t, `
def leaves(me):
    me.exit()
    return 1
def told(me, r):
    print(r.value if r.ok else r.error, r.took)
def go(me):
    me.call("leave", to = desk, then = told, timeout = "50ms")
desk = node("desk", program(provides = {"leave": serve(leaves, "3ms")}))
a, b = [node(name, program(on_start = go)) for name in ("a", "b")]
link(desk, a, latency = "2ms")
`+tc.links+`
run(until = "100ms")
`, tc.want)
	}
}

func TestMisuseOfServe(t *testing.T) {
	for serve, want := range map[string]string{
		`serve(pay)`:                      "serve: missing argument for time",
		`serve(pay, 3)`:                   `serve: time: a duration needs a unit`,
		`serve(pay, "-1ms")`:              "serve: time: -1ms is negative",
		`serve(pay, "1ms", slots = 0)`:    "serve: slots is how many requests are served at once, 1 to 1048576, not 0",
		`serve(pay, "1ms", queue = -1)`:   "serve: queue is how many requests may wait, 0 to 1048576, or None, not -1",
		`serve(1, "1ms")`:                 "serve: for parameter fn: got int, want callable",
		`serve(serve(pay, "1s"), "1ms")`:  "serve: for parameter fn: got serve, want callable",
		`3`:                               `provides: "pay": an int is not a name and a function`,
		`serve(pay, lambda me, n: me.no)`: `teller declares no state "no"`,
	} {
		failsToLoad(t, banking(serve, "pass"), want)
	}
	for _, tc := range []struct{ serve, line, want string }{
		{`serve(pay, lambda me, *_: 3)`, `me.call("pay", 1)`, "in lambda on teller at 11ms: serve: time: what the function returns: a duration needs a unit"},
		{`serve(pay, lambda me: "3ms")`, `me.call("pay", 1)`, "function lambda accepts 1 positional argument (2 given)"},
		{`serve(pay, "3ms")`, `me.provide("x", 3)`, "me.provide: fn is a function, or serve(…) of one, not an int"},
		{`serve(pay, "3ms")`, `x = 1; me.provide("x", serve(lambda me: x, "1ms"))`, "made in a handler"},
		{`serve(pay, "3ms")`, `serving("pay", teller)`, "serving: of: a handler sees the queue of its own node only, of = me, not that of teller"},
		{`serve(pay, "3ms")`, `me.after("1ms", serve(pay, "1ms"))`, "got serve, want callable"},
	} {
		failsToRun(t, banking(tc.serve, tc.line), tc.want)
	}
}

// What waits in queues, and what is seen of them.
func TestQueuesAreSeen(t *testing.T) {
	text := banking(`serve(pay, lambda me, *_, **__: "%dms" % (10 + serving("pay", me).queued), slots = 2, queue = 2)`, `[me.call("pay", i) for i in range(6)]`) + `
at("40ms", crash(teller))
def seen():
    s = serving("pay", of = [teller, c])
    return 1000 * s.busy + 100 * s.queued + 10 * s.refused + s.served
series("seen", seen, every = "1ms")
`
	s := ran(t, text)
	got := map[int64]float64{}
	for _, p := range s.Run.Measures.Points(systems.SeriesID(s.Series[0].ID)) {
		got[int64(p.Tick)] = p.Value
	}
	// The third begins when another waits behind it, and takes 11 ms.
	want := map[int64]float64{10: 0, 11: 2220, 20: 2220, 21: 2022, 30: 2022, 31: 1023, 32: 24, 39: 24, 40: 0}
	for tick, v := range want {
		if got[tick] != v {
			t.Errorf("at %d ms: %v, want %v", tick, got[tick], v)
		}
	}
	waits := s.Run.Measures.Spread(s.Run.Measures.Distribution("pay: time in queue"))
	if waits.Count != 4 || waits.Max != 10e6 || s.Run.Measures.Tallies()[0] != (systems.Tally{Name: "pay: queue full", Value: 2}) {
		t.Errorf("measured %+v, %+v", waits, s.Run.Measures.Tallies())
	}
}

// Draws of what is served by one event are their own, and a node that leaves
// takes what waited with it; a run that is taken back comes to the same.
func TestServedRunsAreRestored(t *testing.T) {
	text := func(more string) string {
		return fmt.Sprintf(`
def get(me, k):
    me.sum += me.random.int(1, 1000)
    if me.random.chance(0.01):
        me.exit(1)
    return (k, me.sum)
def cost(me, k):
    me.asked += 1
    return me.random.exponential("3ms")
s = nodes("s", 2, program(state = {"sum": 0, "asked": 0}, provides = {"get": serve(get, cost, slots = 2, queue = 3)}))
def ask(me):
    me.after(me.random.exponential("3ms"), ask)
    me.call("get", {"a": [len(me.seen)]}, then = told, timeout = "20ms")
def told(me, r):
    me.seen.append((r.provider, r.value, r.error, r.took))
c = nodes("c", 4, program(state = {"seen": []}, on_start = ask))
network(s + c, latency = "1ms", loss = 0.02, duplicate = 0.05)
chaos([crash, pause], on = s, mean_between = "50ms", lasting = "15ms", until = "280ms")
[at("%%dms" %% t, restart(s)) for t in range(20, 280, 20)]
%s
run(until = "300ms")
`, more)
	}
	s := ran(t, text(""))
	want := states(t, s)
	if !strings.Contains(want["c[0]"], "queue full") || !strings.Contains(want["c[0]"], "crashed") {
		t.Errorf("the test tests little: %s", want["c[0]"])
	}
	for _, at := range []int{40, 151} {
		r := lab(t, text(""))
		must(t, r.Run.RunUntil(ecs.Tick(at)))
		var snap ecs.Snapshot
		r.Run.Snapshot(&snap)
		must(t, r.Run.RunUntil(ecs.Tick(at+60)))
		must(t, r.Run.Restore(&snap))
		must(t, r.Run.RunUntil(r.Until))
		if diff := cmp.Diff(want, states(t, r)); diff != "" || r.Run.World.Digest() != s.Run.World.Digest() {
			t.Errorf("(- straight, + restored at %d)\n%s", at, diff)
		}
	}
	// Stations elsewhere shift nothing.
	more := text(`
x = nodes("x", 2, program(provides = {"other": serve(lambda me: 1, "1ms")}, every = {"1ms": lambda me: me.call("other")}))
network(x, latency = "1ms")`)
	if diff := cmp.Diff(want, states(t, ran(t, more), "x[0]", "x[1]")); diff != "" {
		t.Errorf("(- without, + with others)\n%s", diff)
	}
}

// A request that a link doubles is served once while it waits or is served, and
// not refused for want of the room that it has itself.
func TestDoubledRequestsAreServedOnce(t *testing.T) {
	const text = `
def s(me):
    me.n += 1
    return me.n
def told(me, r):
    print(r.value, r.error)
def go(me):
    for _ in range(3):
        me.call("s", then = told)
p = node("p", program(state = {"n": 0}, provides = {"s": serve(s, time = "5ms", queue = QUEUE)}))
c = node("c", program(on_start = go))
link(p, c, latency = "2ms", duplicate = 1.0)
run(until = "100ms")
`
	tells(t, with(text, "QUEUE", "2"), "9 c 1 None\n14 c 2 None\n19 c 3 None")
	tells(t, with(text, "QUEUE", "0"), "4 c None queue full\n4 c None queue full\n9 c 1 None")
}
