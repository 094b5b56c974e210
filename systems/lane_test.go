// Proves that a subscription by a pattern takes the values of each feed as a
// subscription of that feed alone would, whatever else comes to it; that what
// waited is given in the order in which it came; and that lanes end.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// studioOf is the world of a plan in which all subscribe to given names alike
// from the start, and nothing else.
func (p studioPlan) studioOf(names []string, like Subscription) *studio {
	subs := studioSubs
	defer func() { studioSubs = subs }()
	studioSubs = nil
	for _, name := range names {
		like.Name = name
		studioSubs = append(studioSubs, like)
	}
	p.from = len(names)
	s := p.build()
	s.run(2*lastAct + 1)
	s.quieten()
	slices.Sort(s.lines)
	return s
}

// A pattern gives each feed what a subscription of each feed would give.
func TestPatternIsAsASubscriptionOfEach(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawStudio(t)
		for _, ops := range p.ops {
			for i := range ops {
				if ops[i].op != opPublish {
					ops[i].op, ops[i].what = opPublish, ops[i].what%len(studioFeeds)
				}
			}
		}
		like := Subscription{Keep: rapid.IntRange(1, 3).Draw(t, "keep"), Every: ecs.Nanoseconds(rapid.SampledFrom([]int{0, 0, 2, 30}).Draw(t, "every")) * ms}
		given := func(s *studio) (lines []string) {
			for _, line := range s.lines {
				var who, sub, rest string
				fmt.Sscan(line, &who, &sub)
				rest = line[len(who)+len(sub)+1:]
				lines = append(lines, who+rest)
			}
			slices.Sort(lines)
			return lines
		}
		one, each := p.studioOf([]string{"**"}, like), p.studioOf(studioFeeds, like)
		if diff := cmp.Diff(given(each), given(one)); diff != "" {
			t.Fatalf("%+v (- a subscription of each, + one by a pattern)\n%s", like, diff)
		}
		if x, y := one.World.Counts(), each.World.Counts(); x.Dropped != y.Dropped || x.Delivered != y.Delivered {
			t.Fatalf("by a pattern %+v, each %+v", x, y)
		}
		held += int(one.World.Counts().Dropped[ecs.DroppedHeld])
	})
	if held == 0 {
		t.Error("no value made room for another: the test tests little")
	}
}

// reader is a world with one node that subscribes to **, and one that publishes
// to feeds by number in the ticks that are said.
func reader(like Subscription, feeds int, publish func(t ecs.Tick) []int) (*rig, ecs.Node, *[]string) {
	r, got := newRig(ecs.Config{}), &[]string{}
	var all []Feed
	for i := range feeds {
		all = append(all, r.Feeds.Declare(fmt.Sprint("f/", i)))
	}
	in := r.World.Node(AddNode(r.Set, Node[word]{Name: "p", Subscribes: []Subscribe[word]{{Name: "**", Keep: like.Keep, Every: like.Every, Do: func(me *Me, _ *word, v *Value) {
		*got = append(*got, fmt.Sprintf("%d: %s %d", me.Tick(), r.Feeds.Name(v.Feed), v.A))
	}}}}), "in")
	out := r.World.Node(AddNode(r.Set, Node[word]{Name: "s", Every: []EveryNode[word]{{Name: "e", Period: ms, Do: func(me *Me, _ *word) {
		for _, i := range publish(me.Tick()) {
			me.Publish(all[i], uint64(me.Tick()))
		}
	}}}}), "out")
	r.start(in, out)
	return r, in, got
}

func TestPatternStarvesNoFeed(t *testing.T) {
	r, _, got := reader(Subscription{Every: 10 * ms}, 3, func(ecs.Tick) []int { return []int{0, 1, 2} })
	r.run(100)
	for i := range 3 {
		n := 0
		for _, line := range *got {
			var at, value int
			var feed string
			if fmt.Sscanf(line, "%d: %s %d", &at, &feed, &value); feed == fmt.Sprint("f/", i) {
				n++
			}
		}
		if n != 10 {
			t.Errorf("f/%d is heard %d times in 100 ms, of 10", i, n)
		}
	}
}

func TestWhatWaitedIsGivenAsItCame(t *testing.T) {
	plan := map[ecs.Tick][]int{5: {2}, 6: {0, 1}, 7: {2}, 8: {0}, 9: {2}}
	r, in, got := reader(Subscription{Keep: 2}, 3, func(now ecs.Tick) []int { return plan[now] })
	r.at(3, Action{Verb: Pause, Target: in})
	r.at(20, Action{Verb: Resume, Target: in})
	r.run(30)
	want := []string{"20: f/0 6", "20: f/1 6", "20: f/2 7", "20: f/0 8", "20: f/2 9"}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	for i := range r.Feeds.lanes.rows.Len() {
		if r.Feeds.lanes.rows.At(i).Used != 0 {
			t.Errorf("lane %d is left, and nothing waits", i)
		}
	}
}

func TestLanesEndWithTheirSubscription(t *testing.T) {
	r, in, _ := reader(Subscription{Keep: 2, Every: 50 * ms}, 20, func(now ecs.Tick) []int { return []int{int(now) % 20} })
	used := func() (n int) {
		for i := range r.Feeds.lanes.rows.Len() {
			n += int(r.Feeds.lanes.rows.At(i).Used)
		}
		return n
	}
	for i := range ecs.Tick(5) {
		r.run(100*i + 90)
		if used() != 20 {
			t.Errorf("%d lanes of 20 feeds", used())
		}
		r.at(100*i+95, Action{Verb: Restart, Target: in})
		r.run(100*i + 95)
		if used() > 1 {
			t.Errorf("%d lanes after a restart", used())
		}
	}
	if n := r.Feeds.lanes.rows.Len(); n > 21 {
		t.Errorf("%d rows for 20 lanes", n)
	}
}

// Who subscribes again without a period has no lanes for feeds of which nothing
// waits.
func TestLanesEndWithTheirPeriod(t *testing.T) {
	r, in, _ := reader(Subscription{Every: 50 * ms}, 20, func(now ecs.Tick) []int {
		if now%60 < 20 {
			return []int{int(now) % 60}
		}
		return nil
	})
	r.run(55)
	r.Feeds.subscribe(in, &Subscription{Name: "**"}, nil)
	for i := range r.Feeds.lanes.rows.Len() {
		if r.Feeds.lanes.rows.At(i).Used != 0 {
			t.Errorf("lane %d is left, and nothing waits", i)
		}
	}
	r.run(200)
}
