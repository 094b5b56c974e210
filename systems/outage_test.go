// Proves that faults of nodes that overlap end each by itself: drawn crashes,
// stops, pauses and slow times, with ends, lengths and without, against a model
// that is nothing but sets of intervals.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// interval is a fault of a node in the model; to is 0 if nothing ends it.
type interval struct {
	sort     outageSort
	from, to ecs.Tick
	factor   uint64
	verb     Verb
}

type outagePlan struct {
	inputs    []input
	intervals []interval
	starts    map[ecs.Tick]Verb // explicit ones, which end all before them
}

const outageEnd = 60

func drawOutages(t *rapid.T) outagePlan {
	p := outagePlan{starts: map[ecs.Tick]Verb{}}
	at := map[ecs.Tick]bool{0: true} // of one action each, so that order does not matter
	tick := func(what string, min, max int) ecs.Tick {
		x := ecs.Tick(rapid.IntRange(min, max).Draw(t, what))
		for at[x] {
			x++
		}
		at[x] = true
		return x
	}
	n := ecs.Node(1<<24 + 1)
	for i := range rapid.IntRange(1, 8).Draw(t, "faults") {
		verb := rapid.SampledFrom([]Verb{Crash, Crash, LoseDisk, Pause, Slow}).Draw(t, "verb")
		x := interval{from: tick("from", 2, 40), factor: usual, verb: verb}
		do := Action{Verb: verb, Target: n}
		switch rapid.IntRange(0, 5).Draw(t, "how") {
		case 0: // without an end
		case 1, 2:
			if verb == Crash || verb == LoseDisk {
				x.to = tick("until", int(x.from)+1, 50)
				do.Down = ecs.Nanoseconds(x.to-x.from) * ms
				break
			}
			fallthrough
		default:
			x.to = tick("to", int(x.from)+1, 50)
			do.Label = uint64(i) + 1
			undo := Action{Verb: Start, Target: n, Label: do.Label}
			switch verb {
			case Pause:
				undo.Verb = Resume
			case Slow:
				undo.Verb, undo.A = Slow, usual
			}
			p.inputs = append(p.inputs, input{x.to, undo})
		}
		switch verb {
		case Pause:
			x.sort = pauseOutage
		case Slow:
			x.sort, x.factor = slowOutage, usual*uint64(rapid.IntRange(2, 9).Draw(t, "factor"))
			do.A = x.factor
		}
		p.inputs = append(p.inputs, input{x.from, do})
		p.intervals = append(p.intervals, x)
	}
	for range rapid.IntRange(0, 2).Draw(t, "starts") {
		x := tick("start", 3, 45)
		p.starts[x] = rapid.SampledFrom([]Verb{Restart, Start, Resume, Slow}).Draw(t, "explicit")
		p.inputs = append(p.inputs, input{x, Action{Verb: p.starts[x], Target: n, A: usual}})
	}
	return p
}

// says is what the model says of a tick: it goes through all ticks before it,
// with the set of what lasts.
func (p outagePlan) says(now ecs.Tick) string {
	var last []interval
	end := func(sorts ...outageSort) {
		left := last[:0]
		for _, x := range last {
			ends := false
			for _, s := range sorts {
				ends = ends || x.sort == s
			}
			if !ends {
				left = append(left, x)
			}
		}
		last = left
	}
	has := func(s outageSort) bool {
		for _, x := range last {
			if x.sort == s {
				return true
			}
		}
		return false
	}
	for t := ecs.Tick(0); t <= now; t++ {
		left := last[:0]
		for _, x := range last {
			if x.to != t {
				left = append(left, x)
			}
		}
		last = left
		for _, x := range p.intervals {
			switch {
			case x.from != t:
			case x.sort == pauseOutage && x.to == 0 && has(downOutage): // pauses what is up
			case x.verb == LoseDisk && x.to == 0 && has(downOutage): // takes the disk alone
			case x.sort == slowOutage && x.to == 0: // takes the place of the last such
				for i := range last {
					if last[i].sort == slowOutage && last[i].to == 0 {
						last = append(last[:i], last[i+1:]...)
						break
					}
				}
				last = append(last, x)
			default:
				last = append(last, x)
			}
		}
		switch verb, ok := p.starts[t]; {
		case !ok:
		case verb == Restart || verb == Start && has(downOutage):
			end(downOutage, pauseOutage)
		case verb == Resume:
			end(pauseOutage)
		case verb == Slow:
			end(slowOutage)
		}
	}
	status, factor := ecs.Up, uint64(usual)
	for _, x := range last {
		factor = max(factor, x.factor)
	}
	switch {
	case has(downOutage):
		status = ecs.Crashed
	case has(pauseOutage):
		status = ecs.Paused
	}
	return fmt.Sprintf("%d: %s, %d", now, status, factor)
}

func TestOutagesEndEachByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawOutages(t)
		r := newRig(ecs.Config{})
		n := r.World.Node(r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n")
		r.start(n)
		r.inputs = p.inputs
		restored := rapid.IntRange(1, outageEnd-1).Draw(t, "restored")
		var got, want []string
		for now := ecs.Tick(1); now <= outageEnd; now++ {
			r.run(now)
			if int(now) == restored {
				s := r.snapshot()
				f := r.fork(t, s)
				r.run(now + 10)
				r = f
			}
			want = append(want, p.says(now))
			got = append(got, fmt.Sprintf("%d: %s, %d", now, r.World.Life(n).Status, r.Links.slow.of(n, n)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v\n(- model, + world)\n%s", p.inputs, diff)
		}
	})
}
