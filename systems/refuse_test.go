// Proves that a caller hears of a provider's end as of anything else: by what its
// host sends, over the link, as late as the link makes it, and not at all if the
// link loses it or a cut takes it. A model of two lines says when each call ends
// and how, to the tick, whatever ends the provider and wherever requests are then:
// under way, at a desk, in its queue, deferred, or held while it is paused.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// patience is how long callers wait, in ticks: longer than anything takes.
const patience ecs.Tick = 500

// ask is a call of a plan.
type ask struct {
	at      ecs.Tick
	caller  int
	service int // quick, late, desk, or both providers at once
}

const (
	quickly = iota // answered at once
	lately         // deferred, and answered when some time has passed
	served         // takes that time, and there is a place for each
	queued         // takes longer than there is, and there is one place
	gathered
)

// ending is a provider that ends, once, and what is done to its link.
type ending struct {
	latency    ecs.Nanoseconds
	direct     bool // no link
	verb       Verb
	at         ecs.Tick // when it ends,
	pause      ecs.Tick // is paused, if before that,
	back       ecs.Tick // and starts again
	cut        ecs.Tick // when it is cut off
	oneWay     bool     // in what it says alone
	takes      ecs.Tick
	batch      int
	everything []ask
}

func drawEnding(t *rapid.T) ending {
	x := ending{
		latency: ecs.Nanoseconds(rapid.IntRange(0, 90).Draw(t, "latency")) * ms / 10,
		direct:  rapid.IntRange(0, 5).Draw(t, "direct") == 0,
		verb:    rapid.SampledFrom([]Verb{Crash, Stop, LoseDisk}).Draw(t, "verb"),
		at:      ecs.Tick(rapid.IntRange(2, 60).Draw(t, "end")),
		back:    ecs.Never, cut: ecs.Never,
		oneWay: rapid.Bool().Draw(t, "one way"),
		takes:  ecs.Tick(rapid.IntRange(1, 20).Draw(t, "takes")),
		batch:  rapid.SampledFrom([]int{1, 7, 126}).Draw(t, "batch"),
	}
	x.pause = x.at
	if x.verb != Stop && rapid.Bool().Draw(t, "paused") { // one that is paused is not stopped
		x.pause = ecs.Tick(rapid.IntRange(1, int(x.at)).Draw(t, "pause"))
	}
	if rapid.Bool().Draw(t, "starts again") {
		x.back = x.at + ecs.Tick(rapid.IntRange(1, 30).Draw(t, "down"))
	}
	if !x.direct && rapid.Bool().Draw(t, "is cut off") {
		x.cut = ecs.Tick(rapid.IntRange(1, 80).Draw(t, "cut"))
	}
	for range rapid.IntRange(1, 30).Draw(t, "calls") {
		x.everything = append(x.everything, ask{
			at:      ecs.Tick(rapid.IntRange(1, 90).Draw(t, "at")),
			caller:  rapid.IntRange(0, 2).Draw(t, "caller"),
			service: rapid.IntRange(quickly, gathered).Draw(t, "service"),
		})
	}
	return x
}

// way is how long an envelope travels.
func (x *ending) way() ecs.Tick {
	if x.direct {
		return 1
	}
	return max(1, ecs.Tick((x.latency+ms-1)/ms))
}

// end is what the model says of a call made at a tick of a provider, the one that
// ends or one that does not.
func (x *ending) end(sent ecs.Tick, service int, lasts bool) (at ecs.Tick, why Reason) {
	y := *x
	if lasts {
		y.pause, y.at, y.back = ecs.Never, ecs.Never, ecs.Never
	}
	due := sent + x.way()
	said := due // when there is something to be said
	switch service {
	case lately, served:
		said = due + x.takes
	case queued:
		said = ecs.Never
	}
	if due < y.back && said >= y.pause { // it gets no further than its end
		said, why = max(due, y.at), Crashed
	}
	switch {
	case said >= x.cut || sent >= x.cut && !x.oneWay, said == ecs.Never:
		return sent + patience, TimedOut
	}
	return said + x.way(), why
}

// expect is what the model says of a call.
func (x *ending) expect(sent ecs.Tick, a ask) (at ecs.Tick, why Reason) {
	if a.service != gathered {
		return x.end(sent, a.service, false)
	}
	at, why = x.end(sent, quickly, false)
	at2, why2 := x.end(sent, quickly, true)
	switch {
	case why == NoReason && why2 == NoReason:
		return max(at, at2), NoReason
	case why2 == NoReason, why != NoReason && at <= at2:
		return at, why
	}
	return at2, why2
}

// theatre is a world of three callers and two providers, of which one ends.
type theatre struct {
	*rig
	*ending
	tape
	services  [gathered]Service
	providers []ecs.Node
	callers   []ecs.Node
	asked     map[ecs.EnvelopeID]int // calls to what of the plan they are
	sent      []ecs.Tick
}

func (x *ending) build() *theatre {
	o := &theatre{rig: newRig(ecs.Config{Seed: 3, BatchLength: x.batch}), ending: x, asked: map[ecs.EnvelopeID]int{}, sent: make([]ecs.Tick, len(x.everything))}
	for i, name := range []string{"quick", "late", "desk", "slow"} {
		o.services[i] = o.Services.Declare(name)
	}
	ready, go1 := o.World.TimerKind("ready"), o.World.Kind("go", 8)
	nothing := func(*Me, *word, uint64) uint64 { return 7 }
	takes := ecs.Nanoseconds(x.takes) * ms
	o.providers = o.World.Nodes(AddNode(o.Set, Node[word]{
		Name: "provider", Direct: x.direct,
		Provides: []Provide[word]{
			{Service: o.services[quickly], Do: nothing},
			{Service: o.services[lately], Do: func(me *Me, _ *word, _ uint64) uint64 {
				me.After(takes, ready, uint64(me.Defer()))
				return 0
			}},
			{Service: o.services[served], Do: nothing, Serve: &Serve[word]{Time: takes, Serving: Serving{Slots: 99, Queue: 0}}},
			{Service: o.services[queued], Do: nothing, Serve: &Serve[word]{Time: ecs.Nanoseconds(patience) * ms, Serving: Serving{Slots: 1, Queue: -1}}},
		},
		On: []On[word]{{ready, func(me *Me, _ *word, e *ecs.Envelope) { me.Reply(ecs.EnvelopeID(e.A), 7) }}},
	}), "p", 2)
	o.callers = o.World.Nodes(AddNode(o.Set, Node[word]{
		Name: "caller", Direct: x.direct,
		On: []On[word]{{go1, func(me *Me, _ *word, e *ecs.Envelope) { o.ask(me, int(e.A)) }}},
		Replies: []func(*Me, *word, *Reply){func(me *Me, _ *word, r *Reply) {
			o.note("%d: %d %q", o.asked[r.ID], me.Tick(), r.Why)
		}},
	}), "c", 3)
	all := append(o.callers[:3:3], o.providers...)
	if !x.direct {
		o.Links.Network(all, Link{Latency: x.latency})
	}
	o.start(all...)
	o.disturb()
	for i, a := range x.everything {
		o.rig.at(a.at, Action{Verb: Message, Kind: go1, Target: o.callers[a.caller], A: uint64(i)})
	}
	return o
}

// disturb plans what is done to the provider. A cut comes before an end of the
// same tick.
func (o *theatre) disturb() {
	p := o.providers[0]
	if o.cut != ecs.Never {
		callers, providers := o.World.Group("callers", o.callers), o.World.Group("providers", o.providers)
		o.rig.at(o.cut, Action{Verb: CutOff, Target: providers, Other: callers, OneWay: o.oneWay})
	}
	if o.pause < o.ending.at {
		o.rig.at(o.pause, Action{Verb: Pause, Target: p})
	}
	o.rig.at(o.ending.at, Action{Verb: o.verb, Target: p})
	if o.back != ecs.Never {
		o.rig.at(o.back, Action{Verb: Start, Target: p})
	}
}

func (o *theatre) ask(me *Me, i int) {
	c := Call{Timeout: ecs.Nanoseconds(patience) * ms, Then: 1, To: o.providers[0]}
	o.sent[i] = me.Tick()
	if s := o.everything[i].service; s != gathered {
		c.Service = o.services[s]
		o.asked[me.Call(c)] = i
		return
	}
	c.Service = o.services[quickly]
	o.asked[me.Gather(c, o.providers, 2)] = i
}

func TestACrashIsHeardOfOverTheLink(t *testing.T) {
	var ends [reasons]int
	rapid.Check(t, func(t *rapid.T) {
		x := drawEnding(t)
		o := x.build()
		o.run(2 * patience)
		want, got := map[string]bool{}, map[string]bool{}
		for i, a := range x.everything {
			at, why := x.expect(o.sent[i], a)
			want[fmt.Sprintf("%d: %d %q", i, at, why)] = true
			ends[why]++
		}
		for _, line := range o.lines {
			got[line] = true
		}
		if diff := cmp.Diff(want, got); diff != "" || len(o.lines) != len(x.everything) {
			t.Fatalf("%d calls, %d ends; calls were sent at %v: (- want, + got)\n%s", len(x.everything), len(o.lines), o.sent, diff)
		}
	})
	for _, why := range []Reason{NoReason, TimedOut, Crashed} {
		if ends[why] == 0 {
			t.Errorf("no call ended with %q: the test tests little", why)
		}
	}
}

// A crowd asks a provider that ends; what becomes of that is counted.
type crowd struct {
	*rig
	provider ecs.Node
	reasons  [reasons]int
	told     []string
}

// newCrowd has callers ask a provider in each of some ticks for what it never
// answers, with joins as the links.
func newCrowd(callers int, until ecs.Tick, join func(r *rig, provider ecs.Node, callers []ecs.Node)) *crowd {
	o := &crowd{rig: newRig(ecs.Config{Seed: 9})}
	never := o.Services.Declare("never")
	o.provider = o.World.Node(AddNode(o.Set, Node[word]{
		Name:     "provider",
		Provides: []Provide[word]{{Service: never, Do: func(me *Me, _ *word, _ uint64) uint64 { me.Defer(); return 0 }}},
	}), "provider")
	c := o.World.Nodes(AddNode(o.Set, Node[word]{
		Name: "caller",
		Every: []EveryNode[word]{{Name: "ask", Period: ms, Do: func(me *Me, _ *word) {
			if me.Tick() <= until {
				me.Call(Call{Service: never, To: o.provider, Timeout: 50 * ms, Then: 1})
			}
		}}},
		Replies: []func(*Me, *word, *Reply){func(me *Me, _ *word, r *Reply) {
			o.reasons[r.Why]++
			o.told = append(o.told, fmt.Sprint(me.Tick(), " ", r.Why))
		}},
	}), "c", callers)
	join(o.rig, o.provider, c)
	o.start(c...)
	return o
}

// What a link loses of what a host says is a timeout, and is counted as lost.
func TestARefusalIsLostWithItsLink(t *testing.T) {
	const callers, until = 40, 20
	for _, loss := range []random.Probability{random.Never, ratio(1, 2), random.Always} {
		o := newCrowd(callers, until, func(r *rig, provider ecs.Node, c []ecs.Node) {
			for _, n := range c {
				r.Links.Connect(n, provider, Link{Latency: 3 * ms, OneWay: true})
				r.Links.Connect(provider, n, Link{Latency: 3 * ms, Loss: loss, OneWay: true})
			}
		})
		o.start(o.provider)
		o.at(10, Action{Verb: Crash, Target: o.provider}) // some requests are taken by then, others come
		o.run(200)
		told, lost := o.reasons[Crashed], o.reasons[TimedOut]
		counts := o.World.Counts()
		switch {
		case told+lost != callers*until:
			t.Errorf("loss %v: %v ends, want %d", loss, o.reasons, callers*until)
		case counts.Dropped[ecs.DroppedLoss] != uint64(lost):
			t.Errorf("loss %v: %d replies were lost, and %d calls timed out", loss, counts.Dropped[ecs.DroppedLoss], lost)
		case loss == random.Never && lost > 0, loss == random.Always && told > 0, loss == ratio(1, 2) && min(told, lost) < callers*until/3:
			t.Errorf("loss %v: %d were told, %d were not", loss, told, lost)
		}
	}
}

// A host has no other way back than the provider has: without one it says nothing,
// and that is no mistake of the program.
func TestWithoutAWayBackNothingIsSaid(t *testing.T) {
	o := newCrowd(2, 5, func(r *rig, provider ecs.Node, c []ecs.Node) {
		for _, n := range c {
			r.Links.Connect(n, provider, Link{Latency: ms, OneWay: true})
		}
	})
	o.start(o.provider)
	o.at(4, Action{Verb: Crash, Target: o.provider})
	o.run(100)
	if o.reasons[TimedOut] != 10 {
		t.Errorf("%v", o.told)
	}
}

// Whoever does not run is refused, be it that it has not begun or is gone for good;
// the host of a node that is paused takes requests.
func TestWhoIsRefused(t *testing.T) {
	for _, tc := range []struct {
		what string
		do   func(o *crowd)
		want string
	}{
		{"not started", func(*crowd) {}, "7 crashed"},
		{"up", func(o *crowd) { o.start(o.provider) }, "51 timeout"},
		{"paused", func(o *crowd) { o.start(o.provider); o.at(2, Action{Verb: Pause, Target: o.provider}) }, "51 timeout"},
		{"paused, then crashed", func(o *crowd) {
			o.start(o.provider)
			o.at(2, Action{Verb: Pause, Target: o.provider})
			o.at(20, Action{Verb: Crash, Target: o.provider})
		}, "23 crashed"},
		{"dead", func(o *crowd) {
			o.start(o.provider)
			o.run(0)
			o.World.Begin(1)
			o.Lifecycle.Bury(o.provider)
			o.World.Structure()
		}, "7 crashed"},
	} {
		o := newCrowd(1, 1, func(r *rig, provider ecs.Node, c []ecs.Node) { r.Links.Connect(c[0], provider, Link{Latency: 3 * ms}) })
		tc.do(o)
		o.run(100)
		if diff := cmp.Diff([]string{tc.want}, o.told); diff != "" {
			t.Errorf("%s: (- want, + got)\n%s", tc.what, diff)
		}
	}
}

// What comes behind a request that makes its provider exit is refused, wherever a
// batch ends; so is what has waited at its desk.
func TestWhoComesAfterAnExitIsRefused(t *testing.T) {
	for _, batch := range []int{1, 2, 126} {
		for _, desk := range []bool{false, true} {
			r := newRig(ecs.Config{BatchLength: batch})
			service := r.Services.Declare("service")
			var told []string
			provide := Provide[word]{Service: service, Do: func(me *Me, _ *word, a uint64) uint64 {
				if a == 2 {
					me.Exit(0)
				}
				return a
			}}
			if desk {
				provide.Serve = &Serve[word]{Time: 1, Serving: Serving{Slots: 1, Queue: -1}}
			}
			p := r.World.Node(AddNode(r.Set, Node[word]{Name: "p", Provides: []Provide[word]{provide}}), "p")
			c := r.World.Nodes(AddNode(r.Set, Node[word]{
				Name: "c",
				Start: func(me *Me, _ *word) {
					me.Call(Call{Service: service, To: p, A: uint64(me.Self().Ordinal()), Timeout: 50 * ms, Then: 1})
				},
				Replies: []func(*Me, *word, *Reply){func(me *Me, _ *word, r *Reply) {
					told = append(told, fmt.Sprint(me.Tick(), " ", me.Name(), " ", r.Why))
				}},
			}), "c", 4)
			r.Links.Network(append(c[:4:4], p), Link{Latency: 2 * ms})
			r.start(append(c[:4:4], p)...)
			r.run(100)
			want := []string{"4 c[0] ", "4 c[1] ", "4 c[2] crashed", "4 c[3] crashed"}
			if desk {
				want = []string{"5 c[0] ", "5 c[1] ", "5 c[2] crashed", "5 c[3] crashed"}
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("batches of %d, desk %v: (- want, + got)\n%s", batch, desk, diff)
			}
		}
	}
}

// A request that comes as its provider's desk ends with another, by which the
// provider exits, is refused; also where it is handed out first.
func TestARequestMeetsAnExit(t *testing.T) {
	for _, tc := range []struct {
		back bool // whether there is a way back
		want []string
	}{{true, []string{"7 c[0] ", "10 c[1] crashed"}}, {false, []string{"7 c[0] ", "50 c[1] timeout"}}} {
		r := newRig(ecs.Config{})
		service := r.Services.Declare("service")
		var told []string
		p := r.World.Node(AddNode(r.Set, Node[word]{Name: "p", Provides: []Provide[word]{{
			Service: service,
			Do:      func(me *Me, _ *word, a uint64) uint64 { me.Exit(0); return a },
			Serve:   &Serve[word]{Time: 3 * ms, Serving: Serving{Slots: 1, Queue: -1}},
		}}}), "p")
		c := r.World.Nodes(AddNode(r.Set, Node[word]{
			Name:  "c",
			Start: func(me *Me, _ *word) { me.Call(Call{Service: service, To: p, Timeout: 50 * ms, Then: 1}) },
			Replies: []func(*Me, *word, *Reply){func(me *Me, _ *word, r *Reply) {
				told = append(told, fmt.Sprint(me.Tick(), " ", me.Name(), " ", r.Why))
			}},
		}), "c", 2)
		r.Links.Connect(c[0], p, Link{Latency: 2 * ms})
		r.Links.Connect(c[1], p, Link{Latency: 5 * ms, OneWay: !tc.back})
		r.start(append(c[:2:2], p)...)
		r.run(100)
		if diff := cmp.Diff(tc.want, told); diff != "" {
			t.Errorf("a way back %v: (- want, + got)\n%s", tc.back, diff)
		}
	}
}
