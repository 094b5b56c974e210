// Proves of latched feeds what feed_model_test.go does not: that values of bytes
// come whole from each publisher, after a restore too, and that a publisher's end
// takes its own alone.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

func TestLatchedFeedsKeepAValueOfEachPublisher(t *testing.T) {
	r := newRig(ecs.Config{})
	r.Feeds.Way("map", Way{Latched: true})
	feed := r.Feeds.Declare("map")
	out := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "s", Every: []EveryNode[word]{{Name: "e", Period: 10 * ms, Do: func(me *Me, _ *word) {
		if i := ecs.Tick(me.Self().Ordinal()); me.Tick() <= 30 && (me.Tick()/10+i)%2 == 0 {
			me.PublishBytes(feed, fmt.Appendf(nil, "%s at %d", me.Name(), me.Tick()))
		}
	}}}}), "out", 4)
	heard := map[ecs.Node][]string{}
	in := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "p", Subscribes: []Subscribe[word]{{Name: "map", Do: func(me *Me, _ *word, v *Value) {
		heard[me.Self()] = append(heard[me.Self()], string(v.Payload))
	}}}}), "in", 3)
	r.start(out...)
	r.run(35)
	f := r.fork(t, r.snapshot())
	a, b, c, d := "out[0] at 30", "out[1] at 20", "out[2] at 30", "out[3] at 20"
	want := map[ecs.Node][]string{in[0]: {b, d, a, c}, in[1]: {b, c}}
	for _, x := range []*rig{r, f} {
		clear(heard)
		x.at(40, Action{Verb: Start, Target: in[0]})
		x.at(50, Action{Verb: Crash, Target: out[3]}, Action{Verb: Crash, Target: out[0]})
		x.at(51, Action{Verb: Start, Target: in[1]})
		x.at(60, Action{Verb: Crash, Nodes: out})
		x.at(61, Action{Verb: Start, Target: in[2]})
		x.run(70)
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("(- want, + got)\n%s", diff)
		}
		if x.sum() != r.sum() {
			t.Errorf("a fork ends in %s, not %s", x.sum(), r.sum())
		}
		for row := range x.Feeds.older.rows.Len() {
			if x.Feeds.older.rows.At(row).Used != 0 {
				t.Errorf("row %d has a value of a publisher that has ended", row)
			}
		}
	}
}

func TestLatchedFeedsForgetWhoPublishedLongAgo(t *testing.T) {
	r := newRig(ecs.Config{})
	r.Feeds.Way("map", Way{Latched: true})
	feed := r.Feeds.Declare("map")
	out := r.World.Nodes(AddNode(r.Set, Node[word]{Name: "s", Start: func(me *Me, _ *word) { me.Publish(feed, uint64(me.Self().Ordinal())) }}), "out", MaxLatched+5)
	var heard []uint64
	in := r.World.Node(AddNode(r.Set, Node[word]{Name: "p", Subscribes: []Subscribe[word]{{Name: "map", Keep: MaxKeep, Do: func(_ *Me, _ *word, v *Value) { heard = append(heard, v.A) }}}}), "in")
	r.start(out...)
	r.run(3)
	r.start(in)
	r.at(20, Action{Verb: Restart, Target: in})
	r.run(30)
	if n := len(heard); n != 2*MaxLatched || heard[n-1]-heard[n-MaxLatched] != MaxLatched-1 {
		t.Errorf("%d values come to two starts, of %d kept; the last is %d", n, MaxLatched, heard[n-1])
	}
}
