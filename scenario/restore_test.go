// Proves that nothing outside the world shapes a script's run: snapshots,
// restores, another load of the same file and the ticks at which a caller stops
// leave every digest as it was, for the scenarios that come with Orrery, for one
// that uses what state a script can have, and for generated ones.
package scenario

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/scheduler"
)

// everything keeps state of each sort: boxed values with sharing and cycles,
// keyed timers that are replaced and cancelled, bound values, durable fields,
// groups, what is shown, messages with payloads under way, held for a paused
// node and across cuts, notes with a past, faults that ask whom they are for.
const everything = `
def begin(me):
    me.starts += 1
    me.after("7ms", bind(grow, {"by": [me, me.group]}), key = ("grow", me.index))
    me.after("500ms", bind(grow, None), key = "never")

def grow(me, what):
    me.tree.append(me.leaf)               # shared by two fields, and twice in one
    me.leaf.append(me.starts)
    if me.self == None:
        me.self = [0]
        me.self.append(me.self)
    me.marks[me.random.choice(me.group)] = bind(grow, what)
    me.after(me.random.uniform("3ms", "9ms"), bind(grow, len(me.tree)), key = ("grow", me.index))
    me.colour = (me.colour + me.random.int(1, 5)) % 7
    if len(me.tree) % 4 == 0:
        me.after("500ms", bind(grow, what), key = "never")
    if len(me.tree) % 5 == 0:
        note("pruned", index = me.index, cancelled = me.cancel("never"), size = len(me.leaf))
        me.tree, me.leaf = me.tree[-2:], []

def gossip(me):
    for n in me.neighbours:
        me.send(n, "seen", around = me.around("colour"), tree = me.tree[:2], deep = {"at": [now()]})
    me.send(me.peers, "poke", delay = "4ms", who = me.peers[:2])

def heard(me, m):
    me.last = m.deep
    me.total += len(m.around)
    if len(m.tree) > 0 and m.tree[0] == [3]:
        me.exit(3)

def poked(me, m):
    me.pokers = m.who + [me]
    count("pokes")

def gone(me):
    note("gone", starts = me.starts)

kind = program(
    state = {"starts": 0, "tree": [], "leaf": [], "self": None, "marks": {}, "colour": 0, "last": {}, "total": 0, "pokers": None, "at": duration("0s")},
    durable = ["starts", "marks"], shows = ["colour"], on_start = begin, on_stop = gone,
    on = {"seen": heard, "poke": poked}, every = {"10ms": gossip},
)
n = nodes("n", 5, kind, colour = lambda i: i)
ring(n, latency = "3ms", jitter = "5ms", loss = 0.05, duplicate = 0.05, bandwidth = "200kbps", queue = "40ms")
network(n, latency = "6ms", jitter = "2ms", fifo = True)

def busiest():
    return max(n, key = lambda x: x.total)

between("40ms", "90ms", pause(n[1]))
between("55ms", "120ms", crash(busiest))
between("60ms", "100ms", partition(n[:2], n[2:4]))
at("95ms", crash(n[3], down = "20ms"), slow(n[4], 3))
when(lambda: n[0].total > 40, isolate(busiest), send(n[2], "poke", who = n))
at("150ms", heal(), restart(n[1]))
chaos([crash, pause, isolate, partition], on = n, mean_between = "15ms", lasting = "8ms", until = "200ms", down = 2)
always("prunings differ", lambda e, past: all([p.time < e.time for p in past]), on = "pruned", by = "index")
eventually("poked", lambda: all([x.total > 0 for x in n]), within = "50ms")
series("total", lambda: sum(n.total), every = "13ms")
run(until = "250ms")
`

// source is a scenario to run, and how far.
type source struct {
	name  string
	load  func(t testing.TB, seed uint64) *Scenario
	until ecs.Tick
}

func sources() []source {
	all := []source{{"everything", func(t testing.TB, seed uint64) *Scenario { return labSeeded(t, seed, everything) }, 250}}
	for _, x := range []struct {
		name  string
		until ecs.Tick
	}{{"ring", 300}, {"pingpong", 400}, {"services", 1500}, {"feeds", 700}, {"params", 1600}, {"directory", 1400}, {"groups", 1400}, {"pipes", 1300}, {"serving", 1400}, {"factory", 1500}, {"fleet", 1300}, {"pyzmp/setup_teardown", 300}, {"pyzmp/discover_queue", 500}, {"raft", 1700}, {"two_phase_commit", 3000}, {"gossip", 1200}, {"world", 1500}, {"quorum", 2500}, {"phold", 40}, {"sir", 8000}} {
		all = append(all, source{x.name, func(t testing.TB, seed uint64) *Scenario {
			flags := map[string]string{"phold": "nodes=50", "sir": "side=5"}[x.name]
			given := map[string]string{}
			if name, v, ok := strings.Cut(flags, "="); ok {
				given[name] = v
			}
			s, err := Load(os.DirFS("../testdata"), "scenarios/"+x.name+".star", Options{Seed: seed, Flags: given})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}, x.until})
	}
	return all
}

// ends is what a run came to: digest, state, figures, checks, and what scripts
// noted.
func ends(t testing.TB, s *Scenario) string {
	t.Helper()
	hash := s.Run.World.StateHash()
	e := s.Run.End()
	return fmt.Sprintf("digest %x, state %x, counts %+v, checks %+v, tallies %+v, spreads %+v, notes %v", e.Digest, hash, e.Counts, e.Checks, e.Tallies, e.Spreads, story(s))
}

func to(t testing.TB, s *Scenario, tick ecs.Tick) *Scenario {
	t.Helper()
	if err := s.Run.RunUntil(tick); err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t testing.TB, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (- straight, + so)\n%s", what, diff)
	}
}

func TestDeterminismOfRestores(t *testing.T) {
	parts := []ecs.Tick{0, 2, 5, 9}
	if testing.Short() { // an emulator takes twenty times as long
		parts = []ecs.Tick{2, 9}
	}
	for _, x := range sources() {
		t.Run(x.name, func(t *testing.T) {
			want := ends(t, to(t, x.load(t, 1), x.until))
			equal(t, "loaded twice", want, ends(t, to(t, x.load(t, 1), x.until)))
			for _, part := range parts {
				s, at := x.load(t, 1), x.until*part/10
				var snap ecs.Snapshot
				to(t, s, at).Run.Snapshot(&snap)
				equal(t, "after a snapshot", want, ends(t, to(t, s, x.until)))
				restored(t, s, &snap, x.until, want)
				restored(t, x.load(t, 1), &snap, x.until, want)
				elsewhere := to(t, x.load(t, 1), 1)
				elsewhere.Run.World.Reseed(2)
				restored(t, to(t, elsewhere, x.until*8/10), &snap, x.until, want)
			}
		})
	}
}

func restored(t testing.TB, s *Scenario, snap *ecs.Snapshot, until ecs.Tick, want string) {
	t.Helper()
	if err := s.Run.Restore(snap); err != nil {
		t.Fatal(err)
	}
	equal(t, "restored", want, ends(t, to(t, s, until)))
}

func TestDeterminismOfSteps(t *testing.T) {
	for _, x := range sources() {
		t.Run(x.name, func(t *testing.T) {
			s := x.load(t, 1)
			for s.Run.Next() <= x.until {
				if _, err := s.Run.Step(); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, "step by step", ends(t, to(t, x.load(t, 1), x.until)), ends(t, to(t, s, x.until)))
			by := x.load(t, 1)
			for tick := ecs.Tick(0); tick < x.until; tick += 17 {
				to(t, by, tick)
			}
			equal(t, "17 ticks at a time", ends(t, to(t, x.load(t, 1), x.until)), ends(t, to(t, by, x.until)))
		})
	}
}

func TestSeedsDiffer(t *testing.T) {
	for _, x := range sources() {
		if x.name == "ring" || x.name == "quorum" {
			continue // they draw nothing
		}
		a, b := to(t, x.load(t, 1), x.until).Run.End(), to(t, x.load(t, 2), x.until).Run.End()
		if a.Digest == b.Digest {
			t.Errorf("%s: seeds 1 and 2 give one digest", x.name)
		}
	}
}

// A fork of a script needs a load of its own: functions and boxed state are the
// load's. The engine's own fork, which would share them, is refused and leaves
// the run as it was.
func TestForksOfScripts(t *testing.T) {
	for _, x := range sources() {
		t.Run(x.name, func(t *testing.T) {
			want := ends(t, to(t, x.load(t, 1), x.until))
			s := to(t, x.load(t, 1), x.until/2)
			var snap ecs.Snapshot
			s.Run.Snapshot(&snap)
			same, err := s.Fork(&snap)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "forked", want, ends(t, to(t, same, x.until)))
			fork, err := s.Fork(&snap)
			if err != nil {
				t.Fatal(err)
			}
			fork.Run.World.Reseed(99)
			to(t, fork, x.until) // goes its own way, between the halves of the first
			if _, err := s.Run.Fork(&snap); err == nil {
				t.Error("a run of a script was forked by the engine, which shares its boxes")
			}
			equal(t, "beside a fork", want, ends(t, to(t, s, x.until)))
		})
	}
}

// Two loads go tick by tick alike, one of them restored into every few ticks.
func TestDeterminismOfGeneratedScripts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScript(t)
		load := func() *Scenario {
			s, err := Load(labFS(text, nil), labFile, Options{Seed: rapidSeed})
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			return s
		}
		straight, there, fresh := load(), load(), load()
		at := ecs.Tick(rapid.IntRange(0, 99).Draw(t, "snapshot"))
		on := ecs.Tick(rapid.IntRange(0, 60).Draw(t, "run on"))
		var snap ecs.Snapshot
		for _, s := range []*Scenario{straight, there} {
			if err := s.Run.RunUntil(at); err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
		}
		there.Run.Snapshot(&snap)
		if err := there.Run.RunUntil(at + on); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Scenario{there, fresh} {
			if err := s.Run.Restore(&snap); err != nil {
				t.Fatal(err)
			}
		}
		d, err := scheduler.Compare(straight.Run, there.Run, 100)
		if err != nil || d != nil {
			t.Fatalf("they part at %v (%v)\nin\n%s", d, err, text)
		}
		if err := fresh.Run.RunUntil(100); err != nil {
			t.Fatal(err)
		}
		if a, b := straight.Run.End().Digest, fresh.Run.End().Digest; a != b {
			t.Fatalf("digest %x, and %x restored into another load\nin\n%s", a, b, text)
		}
		if diff := cmp.Diff(story(straight), story(fresh)); diff != "" {
			t.Fatal(diff)
		}
	})
}

const rapidSeed = 3

// drawScript draws a scenario of two programs whose handlers do a few things in
// a drawn order, over drawn links, with drawn faults.
func drawScript(t *rapid.T) string {
	quiet := []string{
		`me.n += me.random.int(1, 9)`,
		`me.box.append([me.n, me])`,
		`me.box.append(me.box[-1] if me.box else me.map)`,
		`me.map[me.n % 5] = me.box[-2:]`,
		`me.map.pop(me.n % 3, None)`,
		`me.box = me.box[-4:]`,
		`note("cancelled", was = me.cancel(me.n % 3))`,
		`me.known = [me.around("n"), me.peers, me.group[1:]]`,
		`me.exit(me.index) if me.random.chance(0.02) else None`,
		`me.reply(me.held.pop(), me.n) if me.held else None`,
		`note("dropped", was = me.cancel(me.call_)) if me.call_ else None`,
		`me.withhold("bump") if me.random.chance(0.1) else me.provide("bump", bump)`,
	}
	timer := `me.after(me.random.uniform("1ms", "12ms"), bind(later, me.n, [me.n]), key = me.n % 3)`
	sends := []string{
		`me.send(me.random.choice(me.neighbours), "msg", n = me.n, box = me.box[-1:], map = me.map)`,
		`me.send(me, "msg", delay = "3ms", n = 1, box = [], map = {})`,
		`me.after("5ms", later_plain)`,
		`me.call_ = me.call("bump", me.n, box = me.box[-1:], then = bind(told, me.n), timeout = me.random.uniform("3ms", "20ms"))`,
		`me.call_ = me.call("hold", to = me.group, need = 2, then = bind(told, me.n), timeout = "15ms")`,
		`me.call("bump", 1, to = me.neighbours, then = bind(told, 1))`,
		`me.discover("bump", min = me.random.int(1, 5), within = "12ms", then = bind(told, 2))`,
	}
	// Only what runs seldom may send, so that messages do not multiply.
	body := func(what string, more ...string) string {
		var b strings.Builder
		for _, d := range rapid.SliceOfN(rapid.SampledFrom(append(more, quiet...)), 1, 5).Draw(t, what) {
			fmt.Fprintf(&b, "    %s\n", d)
		}
		return b.String()
	}
	faults := []string{
		`at("20ms", crash(a[0], down = "15ms"))`, `between("10ms", "30ms", pause(a[1]))`, `at("33ms", restart(b[0]))`,
		`between("15ms", "45ms", partition(a, b))`, `between("40ms", "50ms", cut(a[0], a[1], one_way = True))`,
		`between("25ms", "60ms", crash(lambda: a[1] if a[1].n % 2 else b[0]))`, `when(lambda: a[0].n > 30, isolate(a[0]))`,
		`at("70ms", heal())`, `chaos([crash, partition, pause], on = a + b, mean_between = "9ms", lasting = "5ms", until = "80ms")`,
		`always("few", lambda e, past: len(past) < 9, on = "cancelled", by = "was")`, `between("5ms", "70ms", slow(b, 4))`,
	}
	text := "def not_always():\n    note(\"cancelled\", was = 0)\ndef later(me, n, box):\n    me.n += n\n" + body("later") + "def later_plain(me):\n" + body("later_plain") +
		"def heard(me, m):\n    me.n = (me.n + m.n) % 50\n" + body("heard", timer) + "def beat(me):\n" + body("beat", append(sends, timer)...) +
		"def told(me, reply, n):\n    me.n = (me.n + n) % 50\n    me.map[\"told\"] = [reply.ok, reply.error, reply.provider, reply.took]\n" + body("told") +
		"def bump(me, n, box = None):\n    me.n = (me.n + n) % 50\n    if n % 5 == 1:\n        fail(\"five\")\n    return [n, box]\n" +
		"def hold(me):\n    me.held.append(me.defer())\n" + body("hold") +
		"state = {\"held\": [], \"call_\": None, \"n\": 0, \"box\": [], \"map\": {}, \"known\": None}\n" +
		"def make(durable):\n    return program(state = state, durable = durable, shows = [\"n\"], on = {\"msg\": heard}, provides = {\"bump\": bump, \"hold\": hold}, every = {\"4ms\": beat}, on_start = beat)\n" +
		"a = nodes(\"a\", 3, make([\"n\"]))\nb = nodes(\"b\", 2, make([\"box\", \"map\"]), n = lambda i: 10 * i)\n" +
		fmt.Sprintf("network(a + b, latency = \"2ms\", jitter = \"%dms\", loss = %s, duplicate = 0.1, fifo = %s)\n",
			rapid.IntRange(0, 9).Draw(t, "jitter"), rapid.SampledFrom([]string{"0", "0.2"}).Draw(t, "loss"), rapid.SampledFrom([]string{"True", "False"}).Draw(t, "fifo"))
	for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(faults), 0, 4, rapid.ID[string]).Draw(t, "faults") {
		text += f + "\n"
	}
	return text + "run(until = \"100ms\")\n"
}
