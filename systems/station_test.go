// Proves that services that take time queue as theory says they do, Erlang's C
// for how long requests wait and his B for how many are lost; that what is in
// service and what waits is served in order of arrival and ends with its node.
// That each request is answered once is proved on drawn worlds, with all calls.
package systems

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

const us ecs.Nanoseconds = 1000

// load is a queue of theory: exponential times between requests, exponential
// times of service, whose mean is a millisecond, and some slots.
type load struct {
	slots int
	each  float64 // slots busy on average, of each
	queue int
}

// queueing runs stations of a load beside each other, each with its source, and
// returns the mean wait in times of service, and the part of requests lost.
func queueing(t *testing.T, l load, stations int, until ecs.Nanoseconds) (wait, lost float64, n uint64) {
	t.Helper()
	r := newRig(ecs.Config{Seed: 5, TickLength: us})
	service, arrive := r.Services.Declare("service"), r.World.TimerKind("arrive")
	times, gaps := r.World.Stream("times"), r.World.Stream("gaps")
	mean := float64(ms) / (l.each * float64(l.slots))
	AddNode(r.Set, Node[word]{
		Name: "station", Direct: true,
		Provides: []Provide[word]{{Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 }, Serve: &Serve[word]{
			TimeOf:  func(me *Me, _ *word, _ uint64) ecs.Nanoseconds { return exponential(me, times, float64(ms)) },
			Serving: Serving{Slots: l.slots, Queue: l.queue},
		}}},
	})
	p, _ := r.World.ProgramNamed("station")
	to := r.World.Nodes(p, "station", stations)
	next := func(me *Me, _ *word, _ *ecs.Envelope) {
		me.After(exponential(me, gaps, mean-float64(us)/2), arrive, 0) // timers round up
		me.Call(Call{Service: service, To: to[me.Self().Ordinal()-1], Timeout: 1000 * ms})
	}
	source := AddNode(r.Set, Node[word]{
		Name: "source", Direct: true, On: []On[word]{{arrive, next}},
		Replies: []func(*Me, *word, *Reply){nil},
		Start:   func(me *Me, s *word) { next(me, s, nil) },
	})
	r.start(append(to, r.World.Nodes(source, "source", stations)...)...)
	r.run(ecs.Tick(until / us))
	s := r.Measures.Spread(r.Measures.Distribution("service: time in queue"))
	refused := float64(r.Measures.Tallies()[0].Value)
	return s.Mean / float64(ms), refused / (refused + float64(s.Count)), s.Count
}

func exponential(me *Me, s ecs.Stream, mean float64) ecs.Nanoseconds {
	draws := me.Draws(s)
	return ecs.Nanoseconds(draws.ExponentialOf(uint64(mean)))
}

// erlangB is the part of requests that find all slots busy, of which none
// waits, at an offered load (Erlang, Solution of some problems in the theory of
// probabilities of significance in automatic telephone exchanges, 1917).
func erlangB(slots int, offered float64) float64 {
	b := 1.0
	for i := 1; i <= slots; i++ {
		b = offered * b / (float64(i) + offered*b)
	}
	return b
}

// erlangC is the part of requests that wait, where all may.
func erlangC(slots int, offered float64) float64 {
	b, each := erlangB(slots, offered), offered/float64(slots)
	return b / (1 - each*(1-b))
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got/want-1) > within {
		t.Errorf("%s: %.4f, want %.4f to within %.0f%%; it is off by %.2f%%", what, got, want, 100*within, 100*(got/want-1))
	}
}

func TestStationsWaitAsErlangC(t *testing.T) {
	for _, l := range []load{{1, 0.3, -1}, {1, 0.6, -1}, {2, 0.5, -1}, {2, 0.7, -1}, {5, 0.5, -1}, {5, 0.7, -1}} {
		offered := l.each * float64(l.slots)
		wait, _, n := queueing(t, l, 60, ecs.Nanoseconds(5000/offered)*ms)
		near(t, fmt.Sprintf("%d slots at %.1f, %d requests", l.slots, l.each, n), wait, erlangC(l.slots, offered)/(float64(l.slots)-offered), 0.03)
	}
}

func TestStationsLoseAsErlangB(t *testing.T) {
	for _, slots := range []int{1, 2, 5} {
		for _, each := range []float64{0.3, 1, 2} {
			offered := each * float64(slots)
			_, lost, n := queueing(t, load{slots, each, 0}, 20, ecs.Nanoseconds(4000/offered)*ms)
			near(t, fmt.Sprintf("%d slots at %.1f, %d requests served", slots, each, n), lost, erlangB(slots, offered), 0.03)
		}
	}
}

// A desk has one slot, takes 9.5 ms, and lets two wait: what becomes of four who
// come at once, and what of them when it withholds, crashes or is paused.
func TestStationsServeInOrder(t *testing.T) {
	for _, tc := range []struct {
		what   string
		fault  Verb
		back   Verb
		resume ecs.Tick
		want   []string
	}{
		{"straight", 0, 0, 0, []string{"2 c[3] queue full", "12 c[0] ", "21 c[1] ", "31 c[2] "}},
		{"crash", Crash, Restart, 20, []string{"2 c[3] queue full", "12 c[0] ", "16 c[1] crashed", "16 c[2] crashed"}},
		{"pause", Pause, Resume, 40, []string{"2 c[3] queue full", "12 c[0] ", "41 c[1] ", "41 c[2] "}},
		{"message", Message, 0, 0, []string{"2 c[3] queue full", "12 c[0] ", "21 c[1] unknown service", "21 c[2] unknown service"}},
	} {
		r := newRig(ecs.Config{})
		service, close := r.Services.Declare("service"), r.World.Kind("close", 8)
		var told []string
		desk := AddNode(r.Set, Node[word]{
			Name: "desk", Direct: true,
			Provides: []Provide[word]{{
				Service: service, Do: func(*Me, *word, uint64) uint64 { return 0 },
				Serve: &Serve[word]{Time: 9500 * us, Serving: Serving{Slots: 1, Queue: 2}},
			}},
			On: []On[word]{{close, func(me *Me, _ *word, _ *ecs.Envelope) { me.Withhold(service) }}},
		})
		d := r.World.Node(desk, "desk")
		c := r.World.Nodes(AddNode(r.Set, Node[word]{
			Name: "c", Direct: true,
			Start: func(me *Me, _ *word) { me.Call(Call{Service: service, To: d, Timeout: 100 * ms, Then: 1}) },
			Replies: []func(*Me, *word, *Reply){func(me *Me, _ *word, r *Reply) {
				told = append(told, fmt.Sprint(me.Tick(), " ", me.Name(), " ", r.Why))
			}},
		}), "c", 4)
		r.start(append(c, d)...)
		if tc.fault != 0 {
			r.at(15, Action{Verb: tc.fault, Target: d, Kind: close})
		}
		if tc.back != 0 {
			r.at(tc.resume, Action{Verb: tc.back, Target: d})
		}
		r.run(200)
		if diff := cmp.Diff(tc.want, told); diff != "" {
			t.Errorf("%s: (- want, + got)\n%s", tc.what, diff)
		}
		if got := r.Services.Station(d, service.Key); got.Busy+got.Queued != 0 {
			t.Errorf("%s: %+v is left", tc.what, got)
		}
	}
}
