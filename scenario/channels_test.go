// Proves that channels hold together: scripts in which the same few nodes call,
// serve, publish, push, pull, set params and change groups, in a drawn order,
// over drawn links and under drawn faults, come to the same whether they run
// straight, in batches of 1 or 7, restored, forked, or beside nodes that have
// nothing to do with them.
package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

const channelsUntil ecs.Tick = 150

func TestDeterminismOfChannels(tb *testing.T) {
	rapid.Check(tb, func(t *rapid.T) {
		text := drawChannels(t)
		alone := strings.Repeat("\n", strings.Count(strangers, "\n")) // errors of a provider have a line
		load := func(text string, batch int) *Scenario {
			s, err := Load(labFS(text, nil), labFile, Options{Seed: rapidSeed, batchLength: batch})
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			return s
		}
		run := func(s *Scenario, until ecs.Tick) *Scenario {
			if err := s.Run.RunUntil(until); err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			return s
		}
		same := func(what, want, got string) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: (- straight, + so)\n%s\nin\n%s", what, diff, text)
			}
		}
		straight := run(load(alone+text, 0), channelsUntil)
		want := ends(tb, straight)
		batch := rapid.SampledFrom([]int{1, 7}).Draw(t, "batch")
		same(fmt.Sprintf("in batches of %d", batch), want, ends(tb, run(load(alone+text, batch), channelsUntil)))

		at := ecs.Tick(rapid.IntRange(0, int(channelsUntil)-1).Draw(t, "snapshot"))
		on := ecs.Tick(rapid.IntRange(0, 60).Draw(t, "run on"))
		there := run(load(alone+text, 0), at)
		var snap ecs.Snapshot
		there.Run.Snapshot(&snap)
		forked, err := there.Fork(&snap)
		if err != nil {
			t.Fatal(err)
		}
		run(there, min(at+on, channelsUntil))
		fresh := load(alone+text, 0)
		for _, s := range []*Scenario{there, fresh} {
			if err := s.Run.Restore(&snap); err != nil {
				t.Fatal(err)
			}
		}
		same("restored", want, ends(tb, run(there, channelsUntil)))
		same("restored into another load", want, ends(tb, run(fresh, channelsUntil)))
		same("forked", want, ends(tb, run(forked, channelsUntil)))

		beside := run(load(strangers+text, 0), channelsUntil)
		if diff := cmp.Diff(states(tb, straight), states(tb, beside, "stranger[0]", "stranger[1]", "deaf")); diff != "" {
			t.Fatalf("beside others: (- alone, + so)\n%s\nin\n%s", diff, text)
		}
	})
}

// strangers use every channel and are joined to nobody else, and one of them
// never comes to agree with the others on what spreads. Who provides what, and a
// feed of which nothing is said, reach nodes without a link too: so their names
// are their own.
const strangers = `
def idle(me):
    me.n += me.random.int(1, 9)
    me.push("strange", me.n) if me.index == 0 else None
    me.publish("strange/%d" % me.n, me.n)
    me.call("strange.bump", 1, then = heed, timeout = "9ms")
    me.set_param("strange", me.n) if me.random.chance(0.1) else None
    me.leave(odd) if me.random.chance(0.1) else me.join(odd)
def heed(me, x):
    me.n += 1
def give(me, n):
    return n
stranger = program(state = {"n": 0}, every = {"3ms": idle}, provides = {"strange.bump": serve(give, "2ms")}, pulls = {"strange": heed}, subscribes = {"strange/*": heed}, watches = {"strange": heed})
odds = nodes("stranger", 2, stranger)
odd = group("odd", odds[:1])
network(odds, latency = "1ms", loss = 0.1)
pipe("strange", odds[0], odds[1], capacity = 3)
param("strange", 0)
deaf = node("deaf", program(every = {"20ms": lambda me: me.set_param("strange", me.random.int(1, 9))}))
link(deaf, odds[0], one_way = True)
`

// drawChannels draws a scenario. What only answers may not send, so that nothing
// multiplies.
func drawChannels(t *rapid.T) string {
	quiet := []string{
		`me.n = (me.n + me.random.int(1, 9)) % 50`,
		`me.seen = (me.seen + [me.param("speed"), me.param_version("mine"), len(crew), len(me.groups)])[-6:]`,
		`me.reply(me.held.pop(), me.n) if me.held else None`,
		`me.reply(me.held.pop(0), error = "no") if me.held else None`,
		`me.cancel(me.pending) if me.pending else None`,
		`me.withhold("bump") if me.random.chance(0.2) else me.provide("bump", serve(bump, "3ms", slots = 2, queue = 2))`,
		`me.provide("bump", bump) if me.random.chance(0.3) else None`,
		`me.join(me.random.choice([crew, shift])) if me.random.chance(0.4) else me.leave(me.random.choice([crew, shift]))`,
		`me.subscribe("word/*", heard, keep = 3, every = "6ms") if me.random.chance(0.4) else me.unsubscribe("word/*")`,
		`me.seen = (me.seen + [me.providers("bump"), [x for x in me.services() if not x.startswith("strange")]])[-6:]`,
		`me.exit(me.index) if me.random.chance(0.01) else None`,
		`me.seen = (me.seen + [me.feeds()])[-6:]`,
		`me.sync()`,
	}
	sends := []string{
		`me.pending = me.call("bump", me.n, then = bind(told, 1), timeout = me.random.uniform("3ms", "20ms"))`,
		`me.call("bump", me.n, to = me.random.choice(["any", "round_robin", "nearest"]), then = bind(told, 2), timeout = "12ms")`,
		`me.call("bump", me.n, to = "hash", by = me.n, then = bind(told, 3), timeout = "12ms")`,
		`me.call("hold", to = [x for x in crew if x.index != me.n % 2] * 2, need = 1 + me.n % 3, then = bind(told, 9), timeout = "25ms")`,
		`me.pending = me.call("bump", me.n, to = crew, then = bind(told, 4), timeout = "15ms")`,
		`me.call("hold", to = crew, need = max(1, len(crew) - 1), then = bind(told, 5), timeout = "25ms")`,
		`me.discover("bump", min = me.random.int(1, 6), within = "12ms", then = bind(told, 6))`,
		`me.publish("word/%d" % (me.n % 3), [me.n, me])`,
		`me.publish("news", me.n)`,
		`me.set_param("speed", me.n, then = bind(told, 7), version = me.param_version("speed"))`,
		`me.set_param("mine", [me.n])`,
		`me.send(crew, "msg", n = me.n, to = me.random.choice([crew, shift]))`,
		`me.n += 1 if me in first and me.push("one", (me, me.n)) else 0`,
		`me.n += 1 if me in first and me.push("all", me.n) else 0`,
		`me.after(me.random.uniform("1ms", "9ms"), bind(later, me.n), key = me.n % 3)`,
	}
	body := func(what string, of []string, most int) string {
		var b strings.Builder
		for _, d := range rapid.SliceOfN(rapid.SampledFrom(of), 1, most).Draw(t, what) {
			fmt.Fprintf(&b, "    %s\n", d)
		}
		return b.String()
	}
	one := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	text := "def later(me, n):\n    me.n = (me.n + n) % 50\n" + body("later", quiet, 3) +
		"def msg(me, m):\n    me.n = (me.n + m.n + (len(m.to) if m.to != None else 0)) % 50\n" + body("msg", quiet, 3) +
		"def told(me, reply, n):\n    me.n = (me.n + n) % 50\n    me.seen = me.seen[-5:] + [(n, reply.ok, reply.error, reply.value)]\n" + body("told", quiet, 3) +
		"def bump(me, n):\n    me.n = (me.n + n) % 50\n    if n % 5 == 1:\n        fail(\"five\")\n    return [n]\n" +
		"def hold(me):\n    me.held.append(me.defer())\n" + body("hold", quiet, 2) +
		"def heard(me, v):\n    me.seen = me.seen[-5:] + [(me.feed, v, me.source)]\n" + body("heard", quiet, 2) +
		"def took(me, item):\n    me.got = (me.got + [item])[-4:]\n" + body("took", quiet, 2) + "    return [item, me.n] if me.n % 3 else None\n" +
		"def last(me, item):\n    me.got = (me.got + [item])[-4:]\n" +
		"def watched(me, v):\n    me.seen = me.seen[-5:] + [v]\n" + body("watched", quiet, 2) +
		"def beat(me):\n" + body("beat", append(sends, quiet...), 7) + body("beat too", sends, 3)
	text += `
STATE = {"n": 0, "seen": [], "got": [], "held": [], "pending": None}
def make(durable, pulls):
    return program(state = STATE, durable = durable, on = {"msg": msg}, every = {"` + one("period", "3ms", "7ms") + `": beat}, watches = {"speed": watched},
        provides = {"bump": ` + one("bump", `bump`, `serve(bump, "2ms", slots = 1, queue = 3)`, `serve(bump, lambda me, n: me.random.exponential("3ms"), slots = 2)`) + `, "hold": hold},
        subscribes = {"` + one("pattern", "word/*", "word/**", "news") + `": ` + one("subscription", `heard`, `subscription(heard, keep = 2, every = "5ms")`) + `}, pulls = pulls, drains = {"one": beat_less})
def beat_less(me):
    me.n += 1
first = nodes("first", 2, make(["n"], {}), n = lambda i: 10 * i)
second = nodes("second", 3, make(["got"], {"one": stage(took, into = "two"` + one("time", "", `, time = "2ms"`, `, time = lambda me: me.random.uniform("0s", "5ms")`) + `), "all": last}))
third = node("third", make(["n", "got"], {"two": last}))
shift = group("shift", first[:1])
crew = group("crew", [shift, second[0]])
pipe("one", first, second, capacity = ` + one("capacity", "1", "4", "40") + one("fan", "", `, fan = "hash", key = lambda item: item[1]`, `, fan = "broadcast"`) + `)
pipe("all", first, second, capacity = 3, fan = "broadcast")
pipe("two", second, third, capacity = ` + one("capacity after", "1", "3") + `)
param("speed", 5)
param("mine", [], consistency = "` + one("consistency", "local", "eventual") + `")
gossip(every = "` + one("gossip", "5ms", "40ms") + `", fanout = 2)
feed("word/*", latency = "1ms", jitter = "3ms", latched = ` + one("latched", "True", "False") + `)
directory("` + one("directory", "oracle", "gossip") + `")
network(list(first) + list(second) + [third], latency = "2ms", jitter = "` + one("jitter", "0ms", "6ms") + `", loss = ` + one("loss", "0", "0.1", "0.3") + `, duplicate = ` + one("duplicate", "0", "0.1") + `)
`
	faults := []string{
		`at("20ms", crash(first[0], down = "15ms"))`, `between("10ms", "30ms", pause(second[1]))`, `at("33ms", restart(third))`,
		`between("15ms", "75ms", partition(first, second))`, `between("40ms", "50ms", cut(second, third, one_way = True))`,
		`between("25ms", "60ms", crash(crew))`, `between("30ms", "50ms", join(third, shift))`, `at("44ms", leave(second, crew))`,
		`at("50ms", stop(second[2], code = 3))`, `at("55ms", lose_disk(second[0], down = "4ms"), lose_disk(third))`, `at("90ms", start(second))`, `between("60ms", "90ms", isolate(lambda: first[0] if first[0].n % 2 else third, in_flight = True))`,
		`chaos([crash, partition, pause, isolate], on = list(first) + list(second), mean_between = "9ms", lasting = "5ms", until = "100ms")`, `between("5ms", "70ms", slow(second, 4))`,
	}
	for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(faults), 0, 4, rapid.ID[string]).Draw(t, "faults") {
		text += f + "\n"
	}
	return text + `run(until = "150ms")
`
}
