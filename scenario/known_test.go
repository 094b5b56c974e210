// Proves that names that nothing in a scenario can bring are found before the
// run: of services, events and feeds, pipes' figures and nodes' fields; and that
// nothing is said where a name may be computed, or where a scenario may mean it.
package scenario

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const naming = `BEAT = "beat"
TOPICS = ["a", "b"]
def get(me, key):
    return key
def heard(me, value):
    note("heard", value = value)
def tick(me):
    LINE
    note(BEAT, n = 1)
    me.publish("odom/%d" % me.index, 1)
    me.publish("map", 1)
def work(me, item):
    pass
client = program(state = {"sent": 0, "leader": False}, every = {"10ms": tick}, subscribes = {"odom/*": heard, "map": heard})
a = nodes("a", 2, client)
s = nodes("s", 2, program(state = {"size": 0}, provides = {"kv.get": serve(get, "1ms"), "kv.put": get}, pulls = {"raw": work}))
raw = pipe("raw", a, s, capacity = 5)
network(a + s)
`

func namedWith(line, below string) (*Scenario, error) {
	return Load(labFS(strings.Replace(naming, "LINE", line, 1)+below, nil), labFile, Options{Seed: 1})
}

func TestNamesThatNothingBrings(t *testing.T) {
	for _, tc := range []struct{ line, below, want string }{
		{`me.call("kv.gte", "x")`, "", `lab.star:8:12: in tick: me.call: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`me.call("kv.gte" if me.index else "kv.put", "x")`, "", `lab.star:8:12: in tick: me.call: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`me.discover("kv.gte")`, "", `lab.star:8:16: in tick: me.discover: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`me.providers(service = "kv.gte")`, "", `lab.star:8:17: in tick: me.providers: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`me.withhold("kv.gte")`, "", `lab.star:8:16: in tick: me.withhold: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`serving("none", of = me)`, "", `lab.star:8:12: serving: no program provides a service "none"`},
		{`me.provide("kv." + "gte", get)`, `never("q", lambda: serving("kv.egt", of = s).queued > 3)`, `lab.star:19:27: serving: no program provides a service "kv.egt"; did you mean "kv.get"?`},
		{`pass`, `never("q", lambda: serving("nothing", of = s).queued > 3)`, `lab.star:19:27: serving: no program provides a service "nothing"`},
		{`pass`, `always("p", lambda: len(a[0].providers("kv.gte")) < 3)`, `lab.star:19:39: providers: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`pass`, `linearizable("l", kv(read = "kv.gte", write = "kv.put"))`, `lab.star:19:21: kv: read: no program provides a service "kv.gte"; did you mean "kv.get"?`},
		{`pass`, `always("n", lambda e, past: True, on = "baet")`, `lab.star:19:7: always "n": no handler notes an event "baet"; did you mean "beat"?`},
		{`pass`, `never("n", lambda e, past: True, on = "elected")`, `lab.star:19:6: never "n": no handler notes an event "elected"`},
		{`pass`, `x = program(subscribes = {"mpa": heard})`, `lab.star:19:12: subscribes: nobody publishes to "mpa"; did you mean "map"?`},
		{`pass`, `feed("mpa", latched = True)`, `lab.star:19:5: feed "mpa": nobody publishes to it or subscribes to it; did you mean "map"?`},
		{`pass`, `always("f", lambda: a[0].leadr)`, `lab.star:19:25: a declares no state "leadr"; did you mean "leader"?`},
		{`pass`, `always("f", lambda: len([x for x in a if x.leadr]) < 2)`, `lab.star:19:43: a declares no state "leadr"; did you mean "leader"?`},
		{`pass`, "def leaders():\n    return a.leadr\nseries(\"f\", lambda: len(leaders()), every = \"10ms\")", `lab.star:20:13: a declares no state "leadr"; did you mean "leader"?`},
		{`pass`, `when(lambda: raw.que > 3, crash(a))`, `lab.star:19:17: a pipe has no "que"; did you mean "queue"?`},
		{`pass`, `at("1s", crash(lambda: a[0] if a[0].laeder else a[1]))`, `lab.star:19:36: a declares no state "laeder"; did you mean "leader"?`},
	} {
		if _, err := namedWith(tc.line, tc.below); err == nil || err.Error() != tc.want {
			t.Errorf("%s\n%s:\n got %v\nwant %s", tc.line, tc.below, err, tc.want)
		}
	}
}

func TestNamesThatMayBeMeant(t *testing.T) {
	for _, tc := range []struct{ line, below, want string }{
		{`me.call("nobody")`, "", `lab.star:8:12: in tick: me.call: no program provides a service "nobody"`},
		{`pass`, `x = program(subscribes = {"weather/*": heard})`, `lab.star:19:12: subscribes: nobody publishes to "weather/*"; if its values come from outside, say so: feed("weather/*")`},
		{`pass`, `feed("weather")`, `lab.star:19:5: feed "weather": nobody publishes to it or subscribes to it`},
		{`pass`, "feed(\"mpa\")\nx = program(subscribes = {\"mpa\": heard})", ""},
		{`pass`, `always("f", lambda: len([x for x in a + s if hasattr(x, "size") and x.size]) < 2)`, ""},
		{`pass`, `always("f", lambda: (a + s)[0].size == 0)`, ""},
		{`[me.publish(x, 1) for x in TOPICS]`, `x = program(subscribes = {"mpa": heard})`, ""},
		{`me.publish("m" + me.name, 1)`, `x = program(subscribes = {"mpa": heard})`, ""},
		{`me.subscribe("m" + me.name, heard)`, `feed("mpa")`, ""},
		{`me.provide("kv.g%s" % me.name, get)`, `never("q", lambda: serving("kv.gte", of = s).queued > 3)`, ""},
		{`[me.provide(x, get) for x in TOPICS] + [me.call("kv.gte")]`, "", ""},
		{`getattr(me, "provide")("kv.gte", get) or me.call("kv.gte")`, "", ""},
		{`me.call("kv.get" + "s"[1:])`, "", ""},
		{`[note(x) for x in TOPICS]`, `always("n", lambda e, past: True, on = "baet")`, ""},
		{`[f("x") for f in [note]]`, `always("n", lambda e, past: True, on = "baet")`, ""},
		{`must("fine", True)`, "always(\"n\", lambda e, past: False, on = \"must fine\")\nnever(\"p\", lambda e, past: False, on = \"print\")", ""},
		// What a flag leaves out is there all the same.
		{`me.call("kv.del", "x")`, "if flag(\"more\", False):\n    nodes(\"more\", 2, program(provides = {\"kv.del\": get}))\n", ""},
		{`pass`, "if flag(\"more\", False):\n    nodes(\"more\", 2, program(on_start = lambda me: note(\"late\")))\nalways(\"n\", lambda e, past: True, on = \"late\")", ""},
	} {
		s, err := namedWith(tc.line, tc.below)
		if err != nil {
			t.Errorf("%s\n%s: %v", tc.line, tc.below, err)
			continue
		}
		if got := s.Warnings.Error(); got != tc.want {
			t.Errorf("%s\n%s:\n got %s\nwant %s", tc.line, tc.below, got, tc.want)
		}
	}
}

// Two texts with holes meet if some filling makes them one text.
func TestMeets(t *testing.T) {
	letters := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", hole}), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		a, b := strings.Join(letters.Draw(t, "a"), ""), strings.Join(letters.Draw(t, "b"), "")
		if got := meets(a, b); got != meetsSlowly(a, b) || got != meets(b, a) {
			t.Errorf("%q and %q: %v", a, b, got)
		}
	})
}

func meetsSlowly(a, b string) bool {
	switch {
	case a == "" || b == "":
		return strings.Trim(a+b, hole) == ""
	case a[:1] == hole:
		return meetsSlowly(a[1:], b) || meetsSlowly(a, b[1:])
	case b[:1] == hole:
		return meetsSlowly(a, b[1:]) || meetsSlowly(a[1:], b)
	}
	return a[0] == b[0] && meetsSlowly(a[1:], b[1:])
}
