// Proves what a pacer promises: how far a run should be never goes back while
// the clock does not, a change of pace moves nothing at once, and Wake is the
// first moment at which a tick is due.
package scheduler_test

import (
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/scheduler"
)

var (
	paces   = rapid.OneOf(rapid.Float64Range(1e-9, 1e9), rapid.SampledFrom([]float64{1e-3, 0.1, 1, 3, 10, 1000}))
	lengths = rapid.SampledFrom([]ecs.Nanoseconds{1, 7, 1000, 1 * ms, 1000 * ms})
	moments = rapid.Int64Range(0, 1<<58)
)

func drawPacer(t *rapid.T) (p *scheduler.Pacer, now ecs.Nanoseconds, tick ecs.Tick) {
	now, tick = ecs.Nanoseconds(moments.Draw(t, "start")), ecs.Tick(rapid.Int64Range(-1, 1<<40).Draw(t, "tick"))
	p, err := scheduler.NewPacer(paces.Draw(t, "pace"), lengths.Draw(t, "tick length"), now, tick)
	must(t, err)
	return p, now, tick
}

func TestPacerGoesForward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, now, tick := drawPacer(t)
		for range 20 {
			next := p.Target(now)
			if next < tick {
				t.Fatalf("at %d the target is %d, and was %d", now, next, tick)
			}
			tick = next
			if rapid.Bool().Draw(t, "change pace") {
				must(t, p.SetPace(paces.Draw(t, "pace"), now))
				if got := p.Target(now); got != tick {
					t.Fatalf("a change of pace moved the target from %d to %d", tick, got)
				}
			}
			now += ecs.Nanoseconds(rapid.Int64Range(0, 1<<rapid.IntRange(0, 50).Draw(t, "bits")).Draw(t, "later"))
		}
	})
}

// TestPacerKeepsParts changes the pace in each moment to what it is: that may
// cost a tick's rounding, and no progress.
func TestPacerKeepsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const length = 1000
		changed, err := scheduler.NewPacer(1, length, 0, 0)
		must(t, err)
		now := ecs.Nanoseconds(0)
		for range 100 {
			now += ecs.Nanoseconds(rapid.Int64Range(1, length).Draw(t, "later"))
			must(t, changed.SetPace(1, now))
			if got, want := changed.Target(now), ecs.Tick(now/length); got < want-1 || got > want {
				t.Fatalf("at %d the target is %d, want %d", now, got, want)
			}
		}
	})
}

func TestPacerWakesInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, now, tick := drawPacer(t)
		due := tick + ecs.Tick(rapid.Int64Range(1, 1<<rapid.IntRange(0, 40).Draw(t, "bits")).Draw(t, "ticks"))
		wake := p.Wake(due)
		if wake == now+1<<61 {
			return // further than is looked
		}
		if wake < now || p.Target(wake) < due || p.Target(wake-1) >= due {
			t.Fatalf("tick %d: wake at %d, where the target is %d; a moment before it is %d", due, wake, p.Target(wake), p.Target(wake-1))
		}
	})
}

// TestPacerInRealTime anchors the unit: at a pace of 1 a tick takes its length.
func TestPacerInRealTime(t *testing.T) {
	for _, tc := range []struct {
		pace float64
		now  ecs.Nanoseconds
		want ecs.Tick
	}{
		{1, 50 * ms, 10}, {1, 50*ms + 999_999, 10}, {1, 51 * ms, 11}, {1, 40 * ms, 10}, {2, 51 * ms, 12}, {0.1, 60 * ms, 11},
	} {
		p, err := scheduler.NewPacer(tc.pace, 1*ms, 50*ms, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Target(tc.now); got != tc.want {
			t.Errorf("at a pace of %v, %d ns: tick %d, want %d", tc.pace, tc.now, got, tc.want)
		}
	}
}

func TestPaceThatCannotBe(t *testing.T) {
	nan := 0.0
	nan /= nan
	for _, pace := range []float64{0, -1, nan, 1e10} {
		if _, err := scheduler.NewPacer(pace, 1*ms, 0, 0); err == nil {
			t.Errorf("a pace of %v was taken", pace)
		}
	}
}
