// Proves what pipes are to a script: what is pulled when, by whom, what fans,
// stages and service times do, that a full pipe is said and so is room, and that
// misuse is. That items come exactly once, in order, is proved by systems, on
// drawn worlds.
package scenario

import (
	"strings"
	"testing"
)

// belt is a maker and two shops, whose capacity is 2; LINE is the maker's
// handler, PIPE the pipe and FN what pulls.
const belt = `
def take(me, item):
    print("takes", item, "of", me.source)
def slow(me, item):
    print("takes", item)
def go(me):
    LINE
def room(me):
    print("room", me.push("p", "more"))
shop = program(pulls = {"p": FN})
shops = nodes("shop", 2, shop)
m = node("m", program(on_start = lambda me: me.after("9ms", go), drains = {"p": room}))
network([m, shops], latency = "2ms")
PIPE
run(until = "400ms")
`

func onBelt(pipe, fn, line string) string {
	return with(with(replaced(belt, line), "PIPE", pipe), "FN", fn)
}

func TestPulls(t *testing.T) {
	const one, two = `pipe("p", m, shops[0], 2)`, `pipe("p", m, shops, 2)`
	for _, tc := range []struct{ what, pipe, fn, line, want string }{
		{"in order", `pipe("p", m, shops[0], 4)`, "take", `[me.push("p", x) for x in [1, "a", [2]]]`,
			"11 shop[0] takes 1 of m\n11 shop[0] takes a of m\n11 shop[0] takes [2] of m"},
		{"full, and room again", one, "take", `print([me.push("p", i) for i in range(3)])`,
			"9 m [True, True, False]\n11 shop[0] takes 0 of m\n11 shop[0] takes 1 of m\n13 m room True\n15 shop[0] takes more of m"},
		{"in turn", two, "take", `[me.push("p", i) for i in range(5)]`,
			"11 shop[0] takes 0 of m\n11 shop[1] takes 1 of m\n11 shop[0] takes 2 of m\n11 shop[1] takes 3 of m\n13 m room True\n15 shop[0] takes more of m"},
		{"to all", `pipe("p", m, shops, 2, fan = "broadcast")`, "take", `me.push("p", 1)`,
			"11 shop[0] takes 1 of m\n11 shop[1] takes 1 of m"},
		{"to one of all", `pipe("p", m, shops, 2, fan = "broadcast")`, "take", `me.push("p", 1, to = shops[1])`, "11 shop[1] takes 1 of m"},
		{"by key", `pipe("p", m, shops, 9, fan = "hash", key = lambda x: x % 10)`, "take", `[me.push("p", i) for i in [3, 13, 7, 23]]`,
			"11 shop[0] takes 3 of m\n11 shop[0] takes 13 of m\n11 shop[1] takes 7 of m\n11 shop[0] takes 23 of m"},
		{"in its time", one, `stage(slow, time = "10ms")`, `[me.push("p", i) for i in range(2)]`, "21 shop[0] takes 0\n31 shop[0] takes 1"},
		{"in a time of its own", one, `stage(slow, time = lambda me: duration("5ms") * (me.index + 1))`, `me.push("p", 1)`, "16 shop[0] takes 1"},
		{"bound", one, `bind(lambda me, x, y: print(x, y), "y")`, `me.push("p", 1)`, "11 shop[0] 1 y"},
	} {
		t.Run(tc.what, func(t *testing.T) { tells(t, onBelt(tc.pipe, tc.fn, tc.line), tc.want) })
	}
}

// A stage waits for room behind it, and its source for it.
func TestStages(t *testing.T) {
	s := tells(t, `
def go(me):
    while me.n < 6 and me.push("raw", me.n):
        me.n += 1
def split(me, x):
    print("splits", x)
    return [x, x + 100] if x % 2 else None if x == 4 else x
def store(me, x):
    print("stores", x)
a = node("a", program(state = {"n": 0}, on_start = go, drains = {"raw": go}))
b = node("b", program(pulls = {"raw": stage(split, into = "clean")}))
c = node("c", program(pulls = {"clean": stage(store, time = "10ms")}))
network([a, b, c], latency = "2ms")
raw = pipe("raw", a, b, capacity = 2)
clean = pipe("clean", b, c, capacity = 1)
always("few", lambda: raw.queue <= 2 and clean.queue <= 2)
eventually("all", lambda: raw.pushed == 6 and clean.pulled == 8, after = "0s", within = "300ms")
run(until = "300ms")
`, `2 b splits 0
14 c stores 0
16 b splits 1
28 c stores 1
38 c stores 101
40 b splits 2
52 c stores 2
54 b splits 3
66 c stores 3
76 c stores 103
78 b splits 4
78 b splits 5
90 c stores 5
100 c stores 105`)
	for _, c := range s.Run.Checks.Results(true) {
		if c.Outcome.String() != "held" {
			t.Errorf("%s: %s", c.Name, c.Outcome)
		}
	}
}

// A target that crashes goes on where it was, and its source loses nothing.
func TestPullsAfterACrash(t *testing.T) {
	text := onBelt(`pipe("p", m, shops[0], 9)`, `stage(slow, time = "10ms")`, `[me.push("p", i) for i in range(4)]`)
	tells(t, text+`at("35ms", crash(shops[0], down = "20ms"))`, "21 shop[0] takes 0\n31 shop[0] takes 1\n70 shop[0] takes 2\n80 shop[0] takes 3")
	tells(t, text+`at("10ms", crash(m, down = "200ms"))`+"\nat(\"10ms\", cut(m, shops, in_flight = True))\nat(\"205ms\", heal())",
		"223 shop[0] takes 0\n233 shop[0] takes 1\n243 shop[0] takes 2\n253 shop[0] takes 3\n"+ // and what it pushes again, as it starts again
			"263 shop[0] takes 0\n273 shop[0] takes 1\n283 shop[0] takes 2\n293 shop[0] takes 3")
}

func TestErrorsOfPipes(t *testing.T) {
	laid := `pipe("p", m, shops, 2)`
	for _, tc := range []struct{ text, want string }{
		{`program(pulls = {"raw": lambda me, x: None})`, `lab.star:1:8: pulls: there is no pipe "raw"; lay it with pipe("raw", source, target, capacity)`},
		{`program(pulls = {"raw": 1})`, `lab.star:1:8: pulls: "raw": an int is not the name of a pipe and a function or a stage`},
		{`program(drains = {"raw": 1})`, `drains: "raw": an int is not the name of a pipe and a function`},
		{`pipe("p")`, `lab.star:1:5: pipe: missing argument for source`},
		{onBelt(`pipe("p", m, shops, 0)`, "take", "pass"), `pipe "p": a capacity is 1 to 65535 items, not 0`},
		{onBelt(`pipe("p", m, [], 1)`, "take", "pass"), `pipe "p": target: there are no nodes in it`},
		{onBelt(`pipe("p", m, shops, 1, fan = "brodcast")`, "take", "pass"), `pipe "p": fan is "round_robin", "hash" or "broadcast", not "brodcast"; did you mean "broadcast"?`},
		{onBelt(`pipe("p", m, shops, 1, fan = "hash")`, "take", "pass"), `pipe "p": fan = "hash" and key = fn(item) go together`},
		{onBelt(laid+"\n"+laid, "take", "pass"), `lab.star:15:5: there is a pipe "p" already`},
		{onBelt(`pipe("p", shops, m, 2)`, "take", "pass"), `lab.star:14:5: pipe "p": m runs m, which does not pull from it; write pulls = {"p": fn}`},
		{onBelt(`pipe("p", m, [shops, node("far", shop)], 2)`, "take", "pass"), `pipe "p": no link joins m and far: a pipe needs one there and one back; link them, or put both in a network`},
		{onBelt(laid, `stage(take, into = "q")`, "pass"), `lab.star:10:15: into: there is no pipe "q"`},
		{onBelt(laid+"\n"+`pipe("q", m, shops, 2)`, `stage(take, into = "q")`, "pass"), `pipe "p": shop[0] is to pass on what it pulls into "q", and is not one of its sources`},
		{onBelt(laid, `stage(take, time = "0s")`, "pass"), `stage: time: a time above 0 is wanted, or a function fn(me) that returns one`},
		{onBelt(laid, "take", `me.push("q", 1)`), `lab.star:7:12: in go: me.push: there is no pipe "q"`},
		{onBelt(laid, `stage(lambda me, x: me.y)`, "pass"), `in lambda: shop declares no state "y"`},
	} {
		failsToLoad(t, tc.text, tc.want)
	}
	for _, tc := range []struct{ text, want string }{
		{onBelt(laid, `lambda me, x: me.push("p", 1)`, `me.push("p", 1)`), `me.push: shop[0] is not one of the sources of pipe "p"`},
		{onBelt(laid, "take", `me.push("p", 1, to = m)`), `lab.star:7:12: in go on m at 9ms: me.push: m is not one of the targets of pipe "p"`},
		{onBelt(laid, "take", `me.push("p", 1, to = 3)`), `me.push: to is one of the targets of the pipe, not an int`},
		{onBelt(`pipe("p", m, shops, 2, fan = "hash", key = lambda x: x.k)`, "take", `me.push("p", 1)`), `the key of an item of pipe "p": int has no .k field or method`},
		{onBelt(laid, "lambda me, x: fail(x)", `me.push("p", "bad")`), `on shop[0] at 11ms: fail: bad`},
		{onBelt(laid, `stage(take, time = lambda me: 3)`, `me.push("p", 1)`), `a duration needs a unit`},
		{onBelt("p = "+laid, "take", `print(p.queue)`), `p.queue: figures of a pipe are read in checks and series only`},
	} {
		failsToRun(t, tc.text, tc.want)
	}
}

// Pipes of a file that says nothing of them leave its world as it was.
func TestNoPipesNoKinds(t *testing.T) {
	s := ran(t, "n = node(\"n\", program())\nrun(until = \"1s\")\n")
	if s.Run.Pipes.Len() != 0 || strings.Contains(s.Run.World.KindName(4), "item") {
		t.Error("a world without pipes has some")
	}
}

// The figures of a pipe are those that its ends would count by themselves, from
// the end of the warmup on: rates a second, the queue over time, and the time
// from push to pull.
func TestFiguresOfAPipe(t *testing.T) {
	text := `
def make(me):
    if now() < duration("300ms") and me.push("p", now()):
        me.pushed.append(now())
def take(me, since):
    me.waits.append((now(), now() - since))
def early(times):
    return [x for x in times if x < duration("100ms")]
maker = node("maker", program(state = {"pushed": []}, every = {"7ms": make}))
taker = node("taker", program(state = {"waits": []}, pulls = {"p": stage(take, time = lambda me: me.random.uniform("1ms", "12ms"))}))
link(maker, taker, latency = "3ms", jitter = "4ms", loss = 0.2)
p = pipe("p", maker, taker, capacity = 5)
def all_in():
    late = [w for at, w in taker.waits if at >= duration("100ms")]
    return p.pushed == len(maker.pushed) and p.pulled == len(taker.waits) and p.queue == p.pushed - p.pulled and (
        now() <= duration("100ms") and p.rate_in == 0.0 and p.rate_out == 0.0 and p.queue_mean == 0.0 or
        near(p.rate_in, len(maker.pushed) - len(early(maker.pushed))) and near(p.rate_out, len(late))) and (
        p.time_in_queue == (sum(late, duration("0s")) / len(late) if late else duration("0s"))) and (
        p.time_in_queue_longest == (max(late) if late else duration("0s")))
def near(rate, n):
    return abs(rate * ((now() - "100ms") / duration("1s")) - n) < 1e-9
def area():
    spans = [(at - w, at) for at, w in taker.waits] + [(t, now()) for t in maker.pushed[len(taker.waits):]]
    total = sum([max(end, duration("100ms")) - max(start, duration("100ms")) for start, end in spans], duration("0s"))
    return abs(p.queue_mean * ((now() - "100ms") / duration("1ms")) - total / duration("1ms")) < 1e-6
always("as counted", all_in)
always("the queue's mean", lambda: now() <= duration("100ms") or area(), every = "7ms")
eventually("it was full", lambda: p.queue_longest == 5, after = "0s", within = "300ms")
series("in", lambda: p.rate_in, every = "100ms")
series("wait", lambda: p.time_in_queue, every = "100ms")
run(until = "900ms", warmup = "100ms")`
	s := ran(t, text)
	want := []string{"as counted held@900", "the queue's mean held@900", "it was full held@"}
	for i, line := range outcomes(s) {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%s, want %s", line, want[i])
		}
	}
	failsToRun(t, replaced(`a = nodes("a", 2, program(pulls = {"p": lambda me, x: None}))
link(a[0], a[1])
p = pipe("p", a[0], a[1], 1)
always("x", lambda: LINE)
run(until = "1ms")`, "p.rate_on > 1"), `a pipe has no "rate_on"; did you mean "rate_in"?`)
}
