// Proves that a summary's counts add up: what it says is under way, of messages
// and of timers, is what lies there, in flight or waiting for a paused node.
package scenario

import (
	"testing"

	"orrery/ecs"
)

func TestCountsAddUp(t *testing.T) {
	timers, looked := uint64(0), 0
	for _, x := range sources() {
		s := x.load(t, 5)
		if err := s.Run.RunUntil(x.until); err != nil {
			t.Fatal(err)
		}
		sum := s.Run.Summary()
		timers += sum.Counts.Timers.Delivered
		inFlight, pending, fans := 0, 0, false
		s.Run.World.EachInFlight(func(e *ecs.Envelope, _ ecs.Tick) {
			switch {
			case e.IsFan():
				fans = true
			case !e.IsTimer():
				inFlight++
			case !e.Kind().IsControl():
				pending++
			}
		})
		if fans { // how many each is for, feeds know
			continue
		}
		looked++
		if got, want := sum.InFlight+sum.Pending, inFlight+pending+s.Run.Waiting.Len(); got != want || sum.InFlight < inFlight || sum.Pending < pending {
			t.Errorf("%s: %d messages and %d timers are said to be under way; %d and %d are in flight, and %d wait", x.name, sum.InFlight, sum.Pending, inFlight, pending, s.Run.Waiting.Len())
		}
	}
	if timers == 0 || looked < 10 {
		t.Error("no timer fired, or hardly a run was looked at: the test tests nothing")
	}
}

// What waits for a paused node is under way, and a value of a feed is so once for
// each subscriber, whether a fan has it or a queue.
func TestWhatWaitsIsUnderWay(t *testing.T) {
	s := ran(t, `
feed("f", latency = "10ms")
def tell(me):
    me.send(ears[0], "word")
    if now() == duration("5ms") or now() == duration("25ms"):
        me.publish("f", 1)
ear = program(on = {"word": lambda me, m: None}, subscribes = {"f": lambda me, v: None})
ears = nodes("ear", 3, ear)
mouth = node("mouth", program(every = {"5ms": tell}))
lone = node("lone", program(subscribes = {"f": lambda me, v: None}))
link(mouth, ears, latency = "2ms")
at("11ms", pause(ears[0]))
run(until = "29ms")`)
	sum := s.Run.Summary()
	// Words of 10, 15, 20 and 25ms wait or fly; of the value of 5ms the ears have
	// theirs; of that of 25ms ear[0]'s waits, and lone's is in a fan.
	if m := sum.Counts.Messages(); m.Sent != 5+8 || m.Delivered != 1+4+2 || sum.InFlight != 4+2 {
		t.Errorf("%d sent, %d delivered, %d under way; want 13, 7, 6", m.Sent, m.Delivered, sum.InFlight)
	}
}
