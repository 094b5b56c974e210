// Holds requests to a run with numbers at the ends of their ranges.
package main

import (
	"math"
	"strings"
	"testing"

	"orrery/cmd/sim/internal/publish"
	"orrery/netsync"
)

func TestFaultsLastNoLongerThanFits(t *testing.T) {
	l, run := publishedAt(t, nil)
	for lasting, fits := range map[int64]bool{1: true, longest: true, longest + 1: false, math.MaxInt64: false} { //det:allow each by itself
		before := len(run.Inputs())
		_, failed := l.fault(&netsync.Request{Do: netsync.DoFault, Fault: "pause", Nodes: []string{"store"}, Lasting: lasting})
		switch inputs := run.Inputs()[before:]; {
		case fits && failed != nil:
			t.Errorf("%d ns: %v", lasting, failed)
		case fits && len(inputs) != 2:
			t.Errorf("%d ns: it has %d inputs, not its begin and its end", lasting, len(inputs))
		case !fits && (failed == nil || failed.Code != netsync.CodeRange || !strings.Contains(failed.Cure, "1 to 1000000000000000000") || len(inputs) > 0):
			t.Errorf("%d ns: %v, and %d inputs", lasting, failed, len(inputs))
		}
	}
	if last := run.Inputs()[len(run.Inputs())-1].Tick; last < run.Ticks(longest) {
		t.Errorf("the longest ends at tick %d", last)
	}
}

func TestGoSaysWhereTheRunEnds(t *testing.T) {
	l, _ := publishedAt(t, nil)
	at := int64(math.MaxInt64)
	failed := l.goTo(&publish.Command{Request: netsync.Request{Do: netsync.DoGo, At: &at}})
	if failed == nil || failed.Text != "it ends at 30s" {
		t.Errorf("it says %v", failed)
	}
}
