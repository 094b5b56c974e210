// Proves that what bench computes depends on its flags alone.
package main

import (
	"testing"

	"orrery/ecs"
)

func TestBenchDigest(t *testing.T) {
	race := func(style, model string, seed uint64) (string, ecs.Tick) {
		o := benchFlags{nodes: 50, events: 5000, seed: seed, style: style, model: model}
		m, err := o.phold()
		if err != nil {
			t.Fatal(err)
		}
		f, err := o.race(&play(t).edge, m)
		if err != nil {
			t.Fatal(err)
		}
		if f.Events < o.events || f.Events > o.events*3/2 {
			t.Errorf("%s %s: %d events, want hardly more than %d", style, model, f.Events, o.events)
		}
		return *f.Digest, f.Tick
	}
	for _, model := range []string{"coarse", "fine", "uniform"} {
		first, tick := race("columns", model, 1)
		if again, t2 := race("columns", model, 1); again != first || t2 != tick {
			t.Errorf("%s: %s at tick %d, then %s at tick %d", model, first, tick, again, t2)
		}
		if node, t2 := race("node", model, 1); node != first || t2 != tick {
			t.Errorf("%s: columns %s at tick %d, node %s at tick %d", model, first, tick, node, t2)
		}
		if other, _ := race("columns", model, 2); other == first {
			t.Errorf("%s: two seeds have one digest", model)
		}
	}
}
