// Proves that who writes a frame for long holds up nobody, and writes it of the
// state that it was begun for, however far the run has gone by then.
package publish

import (
	"bytes"
	"context"
	"testing"
	"time"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

func TestFramesAreWrittenBesideTheRun(t *testing.T) {
	s, want := loaded(t, little), truthOf(t, little)
	station, err := newStation(Config{Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	m := &theatre{s: s, station: station}
	for id := zmq.ID(1); id <= 4; id++ {
		v, err := station.hub.Join()
		if err != nil {
			t.Fatal(err)
		}
		station.viewers[id] = v
	}
	round := func() {
		if err := s.Run.RunUntil(max(0, s.Run.World.Tick()) + 10); err != nil {
			t.Fatal(err)
		}
		m.pass(2 * frameEvery)
		m.round(Clock{})
	}
	stays := station.viewers[1]
	if err := stays.Subscribe("columns/member"); err != nil {
		t.Fatal(err)
	}
	round()
	station.next(1)
	round() // a delta: nobody has written this state
	var slow []struct {
		given netsync.Given
		w     *writing
	}
	for id := zmq.ID(2); id <= 3; id++ {
		if err := station.viewers[id].Subscribe("columns/member"); err != nil {
			t.Fatal(err)
		}
		given, w, ok := station.given(id)
		if !ok || w == nil {
			t.Fatal("there is nothing to write for who comes late")
		}
		slow = append(slow, struct {
			given netsync.Given
			w     *writing
		}{given, w})
	}
	if slow[0].w != slow[1].w {
		t.Error("the same frame is written twice")
	}
	replica := netsync.NewReplica("columns/member")
	for range 8 { // the run goes on, and who stays is given what is new
		round()
		parts, ok := station.next(1)
		if !ok {
			t.Fatal("who stays waits for who is slow")
		}
		if f, err := netsync.ParseFrame(parts); err != nil {
			t.Fatal(err)
		} else if _, err := replica.Apply(f); err != nil {
			t.Fatal(err)
		}
	}
	for i := range slow {
		station.finishWriting(slow[i].w)
		late := netsync.NewReplica("columns/member")
		if verdict, err := late.Apply(slow[i].given.Frame()); verdict != netsync.Applied {
			t.Fatalf("a frame that was written late is %v: %v", verdict, err)
		}
		if !bytes.Equal(late.Values("seen"), want.columns[late.Tick()]) {
			t.Errorf("a frame of tick %d that was written late has %x, and the world had %x", late.Tick(), late.Values("seen"), want.columns[late.Tick()])
		}
	}
	if len(station.writing) > 0 {
		t.Errorf("%d frames are kept that are written", len(station.writing))
	}
}

// A reply that was given leaves its frame to nobody.
func TestPromisesThatAreKeptHoldNothing(t *testing.T) {
	station, c := opened(t, loaded(t, little))
	frames, _ := station.Endpoints()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	viewer, err := zmq.Dial(ctx, zmq.DialConfig{Endpoint: frames, Type: "SUB"})
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	if err := viewer.Subscribe("columns/member"); err != nil {
		t.Fatal(err)
	}
	for given := false; !given; time.Sleep(20 * time.Millisecond) {
		station.Tap().Serve(Clock{})
		c.send(netsync.Request{Do: netsync.DoKeyframe, Topic: "columns/member"})
		r := c.reply()
		if given = r.Error == nil; !given && (r.Error.Code != netsync.CodeNotYet || ctx.Err() != nil) {
			t.Fatal(r.Error)
		}
	}
	closed(t, station)
	kept := station.promises[:cap(station.promises)]
	if len(kept) == 0 {
		t.Error("nothing was promised")
	}
	for _, p := range kept {
		if p.frame != nil || p.parts != nil || p.written != nil {
			t.Errorf("a reply to request %d is still there", p.to.Client)
		}
	}
}
