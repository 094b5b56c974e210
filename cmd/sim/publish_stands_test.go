// Holds a run that stands to take calls: they are put in where it goes on, their
// clients are told that what comes of them is pending, and asked again what came.
package main

import (
	"encoding/json"
	"strings"
	"testing"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
)

func TestCallsOfARunThatStandsArePending(t *testing.T) {
	b := newBooth(t)
	c := b.dial("REQ", ".requests")
	call := netsync.Request{ID: 1, Do: netsync.DoCall, Service: "put", Args: []json.RawMessage{[]byte(`"x"`), []byte("1")}}
	for range 2 { // before it begins, and after five ticks
		b.live.paused = true
		now := max(0, b.run.World.Tick())
		b.ask(c, call)
		r := b.reply(c, 1)
		number := b.live.label
		if want := `{"ok":null,"error":"the run is paused","pending":`; !strings.HasPrefix(string(r.OK), want) || r.Tick != now+1 {
			t.Fatalf("at tick %d it is told %s of tick %d, %v", now, r.OK, r.Tick, r.Error)
		}
		outcome := netsync.Request{ID: 2, Do: netsync.DoOutcome, Act: number}
		b.ask(c, outcome)
		if r := b.reply(c, 2); !strings.Contains(string(r.OK), "pending") {
			t.Errorf("while it stands it is told %s", r.OK)
		}
		b.step()
		b.step() // nobody's call is replied to in the tick after
		outcome.ID = 3
		b.ask(c, outcome)
		if r := b.reply(c, 3); !strings.HasPrefix(string(r.OK), `{"ok":true,"value":`) || r.Tick != now+2 {
			t.Errorf("once it went on it is told %s of tick %d, %v", r.OK, r.Tick, r.Error)
		}
		for range 3 {
			b.step()
		}
	}
}

func TestRunThatIsToGoOnDoesNotStand(t *testing.T) {
	l, run := publishedAt(t, nil)
	if err := run.RunUntil(5); err != nil {
		t.Fatal(err)
	}
	call := &publish.Command{Request: netsync.Request{Do: netsync.DoCall, Service: "never"}}
	for _, c := range []struct {
		paused bool
		steps  ecs.Tick
		stands bool
	}{{false, 0, false}, {true, 0, true}, {true, 4, true}, {true, 5, true}, {true, 6, false}} {
		l.paused, l.steps, l.waits = c.paused, c.steps, nil
		if at, pending, failed := l.act(call); at != 6 || !pending || failed != nil {
			t.Errorf("of %+v at tick 5 a call is told %d, %t, %v", c, at, pending, failed)
		}
		if stands := l.standing() != ""; stands != c.stands {
			t.Errorf("of %+v at tick 5 it stands: %t", c, stands)
		}
	}
}

// The first tick is a tick as any other: what is done in it is told when it is over.
func TestActsInTheFirstTickAreToldAfterIt(t *testing.T) {
	b := newBooth(t)
	c := b.dial("REQ", ".requests")
	b.ask(c, netsync.Request{ID: 1, Do: netsync.DoFault, Fault: "crash", Nodes: []string{"client"}})
	b.serve("the fault is taken", func() bool { return b.live.acted })
	if n := len(b.live.dues); n != 1 {
		t.Errorf("before the first tick %d replies are due", n)
	}
	if err := b.run.RunUntil(0); err != nil {
		t.Fatal(err)
	}
	if r := b.reply(c, 1); r.Tick != 0 || r.Error != nil || len(b.live.dues) > 0 {
		t.Errorf("after it it is told %+v, and %d replies are due", r, len(b.live.dues))
	}
}
