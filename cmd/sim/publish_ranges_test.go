// Holds requests to a run with numbers at the ends of their ranges.
package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"orrery/cmd/sim/internal/publish"
	"orrery/netsync"
	"orrery/netsync/zmq"
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

// What is refused when it comes to be done says where the run is, as all replies do.
func TestRefusalsSayWhereTheRunIs(t *testing.T) {
	l, run := publishedAt(t, nil)
	p := play(t)
	if err := run.RunUntil(5); err != nil {
		t.Fatal(err)
	}
	_, at := l.station.Endpoints()
	c, err := zmq.Dial(t.Context(), zmq.DialConfig{Endpoint: at, Type: "DEALER"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	requests := []string{`"do":"call","service":"nothing"`, `"do":"set","param":"fanout","node":"nobody","value":1`, `"do":"fault","fault":"cut","nodes":["store"]`, `"do":"go","at_ns":1000000000000`}
	for i, r := range requests {
		if err := c.Send([][]byte{fmt.Appendf(nil, `{"v":1,"id":%d,%s}`, i+1, r)}); err != nil {
			t.Fatal(err)
		}
	}
	d := driver{run: run, until: l.until, live: l}
	replied := make(chan netsync.Reply)
	go func() {
		defer close(replied)
		for range requests {
			parts, err := c.Receive()
			if err != nil {
				return
			}
			if r, _, err := netsync.ParseReply(parts); err == nil {
				replied <- r
			}
		}
	}()
	for n := 0; ; {
		l.serve(&p.edge, &d)
		select {
		case r, ok := <-replied:
			if !ok {
				if n != len(requests) {
					t.Errorf("%d of %d replies", n, len(requests))
				}
				return
			}
			if n++; r.Error == nil || r.Tick != 5 {
				t.Errorf("request %d: %v of tick %d", r.ID, r.Error, r.Tick)
			}
		case <-time.After(time.Millisecond):
		}
	}
}
