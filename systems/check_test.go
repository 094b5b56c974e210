// Proves what comes of checks and when: rapid draws the ticks in which something
// acts and those in which a predicate holds, and outcomes are compared with the
// definition of each kind, read off the list of ticks. And that neither figures
// nor other checks change what a predicate is asked.
package systems

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// checkRig is a world in which something acts in given ticks and nothing else
// does.
func checkRig(acts []ecs.Tick) *rig {
	r := newRig(ecs.Config{})
	for _, t := range acts {
		r.at(t, Action{Verb: Heal})
	}
	return r
}

// holding returns a predicate that holds in given ticks.
func holding(in []ecs.Tick, asked *[]ecs.Tick) func(*ecs.World) bool {
	return func(w *ecs.World) bool {
		*asked = append(*asked, w.Tick())
		return slices.Contains(in, w.Tick())
	}
}

const checkedUntil = 30

// wantCheck reads the outcome off the definition: looks are the ticks in which
// the predicate is asked as long as nothing is decided.
func wantCheck(k Check, looks, holds []ecs.Tick) (Outcome, ecs.Tick) {
	for _, t := range looks {
		is := slices.Contains(holds, t)
		switch {
		case k.Kind == AlwaysHolds && !is, k.Kind == NeverHolds && is:
			return Broken, t
		case (k.Kind == SometimesHolds || k.Kind == EventuallyHolds) && is:
			return Held, t
		}
	}
	until := ecs.Tick((k.After + k.Within + ms - 1) / ms)
	switch {
	case len(looks) == 0 && (k.Kind == AlwaysHolds || k.Kind == NeverHolds):
		return Undecided, 0
	case k.Kind == AlwaysHolds, k.Kind == NeverHolds:
		return Held, checkedUntil
	case k.Kind == SometimesHolds:
		return Unmet, checkedUntil
	case until <= checkedUntil:
		return Unmet, until
	}
	return Undecided, 0
}

// wantLooks are the ticks in which a check looks: when something acts, but no
// more often than Every; eventually within its window, and at its edges.
func wantLooks(k Check, acts []ecs.Tick) []ecs.Tick {
	var looks []ecs.Tick
	from, until := ecs.Tick((k.After+ms-1)/ms), ecs.Tick((k.After+k.Within+ms-1)/ms)
	for t := ecs.Tick(0); t <= checkedUntil; t++ {
		due := slices.Contains(acts, t) && (len(looks) == 0 || t >= looks[len(looks)-1]+ecs.Tick((k.Every+ms-1)/ms))
		if k.Kind == EventuallyHolds {
			due = t <= until && (due && t >= from || t == from || t == until)
		}
		if due {
			looks = append(looks, t)
		}
	}
	return looks
}

var checks = rapid.Custom(func(t *rapid.T) Check {
	k := Check{Name: "k", Kind: rapid.SampledFrom([]CheckKind{AlwaysHolds, NeverHolds, EventuallyHolds, SometimesHolds}).Draw(t, "kind")}
	span := func(label string, from int64) ecs.Nanoseconds {
		return ecs.Nanoseconds(rapid.OneOf(rapid.Just(from), rapid.Int64Range(from, 20*int64(ms))).Draw(t, label))
	}
	k.Every = span("every", 0)
	if k.Kind == EventuallyHolds {
		k.After, k.Within = span("after", 0), span("within", 1)
	}
	return k
})

func TestChecksFollowTheirDefinition(t *testing.T) {
	tickLists := rapid.SliceOfDistinct(rapid.Map(rapid.IntRange(0, checkedUntil), func(i int) ecs.Tick { return ecs.Tick(i) }), rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		acts, holds := tickLists.Draw(t, "acts"), tickLists.Draw(t, "holds")
		if rapid.Bool().Draw(t, "mostly holds") {
			holds = complement(holds)
		}
		slices.Sort(acts)
		k := checks.Draw(t, "check")
		var asked []ecs.Tick
		k.Holds = holding(holds, &asked)
		r := checkRig(acts)
		r.Checks.Add(k)
		restoreAt := ecs.Tick(rapid.IntRange(0, checkedUntil).Draw(t, "restored at"))
		r.run(restoreAt)
		r.restore(t, r.snapshot())
		if rapid.Bool().Draw(t, "with figures") {
			r.Measures.Series("s", ms, func(*ecs.World) float64 { return 0 })
		}
		if rapid.Bool().Draw(t, "with another check") {
			r.Checks.Add(Check{Name: "other", Kind: EventuallyHolds, After: 3 * ms, Within: 9 * ms, Holds: func(*ecs.World) bool { return false }})
		}
		r.run(checkedUntil)
		looks := wantLooks(k, acts)
		outcome, at := wantCheck(k, looks, holds)
		if outcome == Broken || k.Kind != AlwaysHolds && k.Kind != NeverHolds && outcome == Held {
			looks = looks[:slices.Index(looks, at)+1]
		}
		if diff := cmp.Diff(looks, asked); diff != "" {
			t.Fatalf("asked: %s", diff)
		}
		want := Result{Name: "k", Kind: k.Kind, Outcome: outcome, At: at}
		switch {
		case outcome == Undecided && k.Kind == EventuallyHolds:
			want.Ends = ecs.Tick((k.After + k.Within + ms - 1) / ms)
		case outcome == Undecided:
			want.Unasked = "a tick in which something acts"
		}
		if diff := cmp.Diff(want, r.Checks.Results(true)[0]); diff != "" {
			t.Fatal(diff)
		}
	})
}

func complement(list []ecs.Tick) []ecs.Tick {
	var all []ecs.Tick
	for t := ecs.Tick(0); t <= checkedUntil; t++ {
		if !slices.Contains(list, t) {
			all = append(all, t)
		}
	}
	return all
}

// A check that was declared after the snapshot is there after a restore, as new;
// one that was decided after it is open again.
func TestChecksSurviveARestore(t *testing.T) {
	r := checkRig([]ecs.Tick{1, 5, 9})
	var asked []ecs.Tick
	r.Checks.Add(Check{Name: "first", Kind: SometimesHolds, Holds: holding([]ecs.Tick{5}, &asked)})
	r.run(1)
	s := r.snapshot()
	r.Checks.Add(Check{Name: "second", Kind: NeverHolds, Holds: holding([]ecs.Tick{9}, &asked)})
	want := []Result{{Name: "first", Kind: SometimesHolds, Outcome: Held, At: 5}, {Name: "second", Kind: NeverHolds, Outcome: Broken, At: 9}}
	r.run(9)
	if diff := cmp.Diff(want, r.Checks.Results(false)); diff != "" {
		t.Error(diff)
	}
	r.restore(t, s)
	if diff := cmp.Diff([]Result{{Name: "first", Kind: SometimesHolds}, {Name: "second", Kind: NeverHolds}}, r.Checks.Results(false)); diff != "" {
		t.Error(diff)
	}
	f := r.fork(t, s)
	for _, x := range []*rig{r, f} {
		x.run(9)
		if diff := cmp.Diff(want, x.Checks.Results(false)); diff != "" {
			t.Error(diff)
		}
	}
}

// A start, a message, a timer, a beat, an envelope that is held, a stop and a
// fault are acts; a series is none.
func TestWhatActs(t *testing.T) {
	r := newRig(ecs.Config{})
	k, timer := r.World.Kind("k", 8), r.World.TimerKind("timer")
	p := AddNode(r.Set, Node[word]{
		Name:  "p",
		On:    []On[word]{{Kind: k, Do: func(me *Me, _ *word, _ *ecs.Envelope) { me.After(3*ms, timer, 0) }}, {Kind: timer, Do: func(*Me, *word, *ecs.Envelope) {}}},
		Every: []EveryNode[word]{{Name: "e", Period: 8 * ms, Do: func(*Me, *word) {}}},
	})
	n := r.World.Node(p, "a")
	var asked []ecs.Tick
	r.Checks.Add(Check{Name: "c", Kind: AlwaysHolds, Holds: func(w *ecs.World) bool { asked = append(asked, w.Tick()); return true }})
	r.Measures.Series("s", ms, func(*ecs.World) float64 { return 0 })
	r.Lifecycle.StartAt(2, n)
	e := r.World.Outside(n, k, 0, 0, "message")
	r.World.Post(&e, 4) // and its timer is due at 7
	late := r.World.Outside(n, k, 0, 0, "held")
	r.World.Post(&late, 14)
	r.at(12, Action{Verb: Pause, Target: n})
	r.at(16, Action{Verb: Stop, Target: n}, Action{Verb: Resume, Target: n}) // resumes: what waited is due, and the beat of 18; its timer is due at 19
	stop := r.World.Outside(n, ecs.KindStop, 0, 0, "stop")
	r.World.Post(&stop, 21)
	r.run(30)
	if diff := cmp.Diff([]ecs.Tick{2, 4, 7, 10, 12, 14, 16, 18, 19, 21}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestBreakingIsReportedOnce(t *testing.T) {
	r := checkRig(nil)
	r.Checks.Add(Check{Name: "k", Kind: AlwaysHolds, Holds: func(w *ecs.World) bool { return w.Tick() < 3 }})
	for t0 := range ecs.Tick(6) {
		r.World.Begin(t0)
		r.Faults.Apply(&Action{Verb: Heal})
		if broke := r.Checks.Act(); broke != (t0 == 3) {
			t.Errorf("tick %d: broke is %v", t0, broke)
		}
	}
}
