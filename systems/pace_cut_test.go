// Proves that what a pipe sends in vain over a link with a queue, while it is cut,
// does not keep it from the link later: that takes nothing of the link, however slow
// that is, and once it is healed what was lost comes as fast as the queue has room.
package systems

import (
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

func TestPacedPipesGoOnAfterACut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bytes = 1000
		air := rapid.IntRange(2, 3000).Draw(t, "ms each item")
		link := Link{
			Latency: ecs.Nanoseconds(rapid.IntRange(0, 3000).Draw(t, "latency")) * ms, Bandwidth: uint64((bytes + 8 + ecs.HeaderSize) * 8 * 1000 / air),
			Queue: ecs.Nanoseconds(rapid.IntRange(20, 10_000).Draw(t, "queue")) * ms,
		}
		capacity := rapid.IntRange(20, 300).Draw(t, "capacity")
		o := newPaced(rapid.Uint64().Draw(t, "seed"), capacity, link, bytes, false)
		healed := ecs.Tick(rapid.IntRange(10, 400).Draw(t, "cut until")) * 1000
		o.at(ecs.Tick(rapid.IntRange(0, 9000).Draw(t, "cut from")), Action{Verb: CutOff, Target: o.ends[0], Other: o.ends[1]})
		o.at(healed, Action{Verb: Heal})
		o.run(healed)
		had := o.had[0] + o.had[1]
		o.run(healed + 200_000)
		most := 200_000 / max(air, (air+2*int(link.Latency/ms)+25)/2/capacity)
		if got := o.had[0] + o.had[1] - had; got < min(most/10, 5) {
			t.Fatalf("%d items pulled after the cut, of %d that the link could carry", got, most)
		}
	})
}
