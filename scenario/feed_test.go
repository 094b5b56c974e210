// Proves that feeds do in scripts what docs/scenario.md says, beyond what the
// engine's own tests show.
package scenario

import (
	"testing"

	"orrery/ecs"
)

// A script's feeds are the same straight, restored and forked.
func TestFeedsOfScriptsSurviveARestore(t *testing.T) {
	const script = `
def hear(me, value):
    me.got.append((me.feed, me.source.name, value))
    if len(me.got) % 7 == 0:
        me.publish("echo/%d" % me.index, {"of": value})

def change(me):
    if me.random.chance(0.3):
        me.subscribe("*/1", hear, keep = 2, every = "7ms")
    elif me.random.chance(0.3):
        me.unsubscribe("*/1")

p = program(state = {"got": []}, on_start = lambda me: me.after("20ms", change),
    every = {"3ms": lambda me: me.publish("v/%d" % me.index, [me.index]), "11ms": change},
    subscribes = {"v/*": subscription(hear, keep = 3, every = "5ms"), "echo/**": hear})
all = nodes("n", 4, p)
feed("v/**", latency = "2ms", jitter = "5ms", loss = 0.1)
feed("echo/*", latency = "1ms", latched = True)
link(all[0], all[1], latency = "4ms", corrupt = 0.2, duplicate = 0.2)
at("40ms", pause(all[2])); at("60ms", resume(all[2])); at("50ms", crash(all[3], down = "20ms"))
run(until = "150ms")
`
	load := func() *Scenario { return mustLoad(t, script, nil) }
	want := ends(t, to(t, load(), 150))
	for _, at := range []ecs.Tick{1, 41, 55, 75, 120} {
		s := load()
		var snap ecs.Snapshot
		to(t, s, at).Run.Snapshot(&snap)
		to(t, s, at+20)
		restored(t, s, &snap, 150, want)
		restored(t, load(), &snap, 150, want)
		fork, err := s.Fork(&snap)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "forked", want, ends(t, to(t, fork, 150)))
	}
}
