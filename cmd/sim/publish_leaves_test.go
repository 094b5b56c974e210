// Holds what is known of acts to the order in which a run leaves for an earlier
// moment: what came of them after the snapshot that its way there begins from is
// forgotten before it is on the way, on which some of it comes again.
package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
)

func TestRunThatLeavesIsToldAgain(t *testing.T) {
	for _, interval := range []string{"2ms", "3ms", "5ms"} { // between snapshots, from which the way begins
		t.Run(interval, func(t *testing.T) { leaves(t, interval) })
	}
}

func leaves(t *testing.T, interval string) {
	b := newBooth(t)
	r := &result{scenario: b.live.scenario, live: b.live, flags: &runFlags{}}
	r.flags.trace.file = filepath.Join(t.TempDir(), "run.mcap")
	if err := (span{&r.flags.trace.interval}).Set(interval); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.trace, err = r.flags.trace.begin(&b.play.edge, r.scenario); err != nil {
		t.Fatal(err)
	}
	r.branches, b.driver.trace = []branch{{r.trace.name, b.live.begin}}, r.trace
	t.Cleanup(func() { r.trace.abandon() })
	c := b.dial("DEALER", ".requests")
	acts := []netsync.Request{
		{Do: netsync.DoCall, Service: "who", Policy: "all", As: "client"}, // the store is 2 ms away, the client none
		{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("4")},
		{Do: netsync.DoCall, Service: "put", Args: []json.RawMessage{[]byte(`"x"`), []byte("1")}},
	}
	for _, a := range acts {
		if _, _, failed := b.live.act(&publish.Command{Request: a}); failed != nil {
			t.Fatal(failed)
		}
	}
	for _, w := range b.live.waits {
		w.asked, w.promised = nil, true
	}
	// One of two has replied by tick 3, and both by tick 8.
	for id, goal := range []ecs.Tick{7, 4, 3, 2, 1, 3, 0, 3, 8, 4, 6, 5} {
		for b.run.World.Tick() < goal+1 {
			b.step()
		}
		at := int64(b.live.moment(goal))
		b.ask(c, netsync.Request{ID: uint64(id), Do: netsync.DoGo, At: &at})
		b.serve("it leaves", b.live.isLeaving)
		if err := r.leave(&b.play.edge, &b.driver); err != nil {
			t.Fatal(err)
		}
		now := b.run.World.Tick()
		if n := len(b.live.outcomes) + len(b.live.waits); now != goal || n != len(acts) {
			t.Errorf("at tick %d, on the way to %d, %d of %d acts are known", now, goal, n, len(acts))
		}
		for _, o := range b.live.outcomes {
			if o.tick > now {
				t.Errorf("at tick %d it is known what came of act %d at %d", now, o.label, o.tick)
			}
		}
		for _, w := range b.live.waits {
			if w.of > 0 && len(w.all) >= w.of {
				t.Errorf("at tick %d %d of %d have replied to act %d, and it waits", now, len(w.all), w.of, w.label)
			}
		}
	}
	for b.run.World.Tick() < 20 {
		b.step()
	}
	for _, o := range b.live.outcomes {
		if s := string(o.result); !strings.Contains(s, `"ok":true`) || o.calls && o.label == 1 && (strings.Count(s, `["store"`) != 1 || strings.Count(s, `["client"`) != 1) {
			t.Errorf("act %d came to %s", o.label, s)
		}
	}
	if len(b.live.outcomes) != len(acts) {
		t.Errorf("of %d acts %d have come to an end", len(acts), len(b.live.outcomes))
	}
}
