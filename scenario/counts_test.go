// Proves that a summary's counts add up, for messages and for timers: what was
// sent is delivered, dropped, under way, or waits for a paused node.
package scenario

import (
	"testing"

	"orrery/ecs"
)

func TestCountsAddUp(t *testing.T) {
	timers := uint64(0)
	for _, x := range sources() {
		s := x.load(t, 5)
		if err := s.Run.RunUntil(x.until); err != nil {
			t.Fatal(err)
		}
		sum := s.Run.Summary()
		messages := sum.Counts.Messages()
		timers += sum.Counts.Timers.Delivered
		for _, of := range []struct {
			name    string
			traffic ecs.Traffic
			pending int
		}{{"messages", messages, sum.InFlight}, {"timers", sum.Counts.Timers, sum.Pending}} {
			if got := of.traffic.Delivered + of.traffic.Lost() + uint64(of.pending); got != of.traffic.Sent {
				t.Errorf("%s: %d %s were sent: %d delivered, %d dropped, %d pending", x.name, of.traffic.Sent, of.name, of.traffic.Delivered, of.traffic.Lost(), of.pending)
			}
		}
	}
	if timers == 0 {
		t.Error("no timer fired: the test tests nothing")
	}
}
