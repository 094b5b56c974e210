// Holds a paused run that has been told to go where it is to refuse what it could
// not reply to.
package main

import (
	"testing"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
)

func TestRunThatStandsTakesNoCalls(t *testing.T) {
	l, run := publishedAt(t, nil)
	call := &publish.Command{Request: netsync.Request{Do: netsync.DoCall, Service: "never"}}
	l.paused = true
	if _, _, failed := l.act(call); failed == nil {
		t.Error("a run that is paused before it begins takes a call")
	}
	if err := run.RunUntil(5); err != nil {
		t.Fatal(err)
	}
	set := &publish.Command{Request: netsync.Request{Do: netsync.DoSet, Param: "fanout", Value: []byte("4")}}
	for _, c := range []struct {
		paused bool
		steps  ecs.Tick
		stands bool
	}{{false, 0, false}, {true, 0, true}, {true, 4, true}, {true, 5, true}, {true, 6, false}} {
		l.paused, l.steps, l.waits = c.paused, c.steps, nil
		_, _, failed := l.act(call)
		if (failed != nil) != c.stands {
			t.Errorf("of %+v at tick 5 a call is told %v", c, failed)
		}
		if _, _, failed := l.act(set); failed != nil {
			t.Errorf("of %+v at tick 5 who sets is told %v", c, failed)
		}
	}
}
