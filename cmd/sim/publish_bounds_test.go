// Holds what may be under way from outside, and what a run keeps of it, to its
// bounds, with clients that leave; and what clients are told to what is done when
// the run goes back.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scheduler"
)

// booth is a published run that the test's own goroutine drives.
type booth struct {
	*testing.T
	play   *played
	live   *live
	run    *scheduler.Run
	driver driver
	until  time.Time
}

func newBooth(t *testing.T) *booth {
	l, run := publishedAt(t, nil)
	b := &booth{T: t, play: play(t), live: l, run: run, until: time.Now().Add(time.Minute)}
	b.driver = driver{run: run, until: l.until, live: l}
	return b
}

// serve does what clients ask for until something holds.
func (b *booth) serve(what string, holds func() bool) {
	b.Helper()
	for !holds() {
		if time.Now().After(b.until) {
			b.Fatalf("%s: it does not come to that", what)
		}
		b.live.serve(&b.play.edge, &b.driver)
		time.Sleep(time.Millisecond)
	}
}

func (b *booth) step() {
	b.Helper()
	if err := b.run.RunUntil(max(0, b.run.World.Tick()) + 1); err != nil {
		b.Fatal(err)
	}
}

func (b *booth) dial(kind string, beside string) *zmq.Client {
	b.Helper()
	frames, _ := b.live.station.Endpoints()
	c, err := zmq.Dial(context.Background(), zmq.DialConfig{Endpoint: frames + beside, Type: kind})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

func (b *booth) ask(c *zmq.Client, r netsync.Request) {
	b.Helper()
	r.Version = netsync.Version
	if err := c.Send([][]byte{netsync.AppendRequest(nil, r)}); err != nil {
		b.Fatal(err)
	}
}

// reply is what comes of a request with an ID, while the run is served.
func (b *booth) reply(c *zmq.Client, id uint64) (r netsync.Reply) {
	b.Helper()
	came := make(chan netsync.Reply, 1)
	go func() {
		defer close(came)
		for {
			parts, err := c.Receive()
			if err != nil {
				return
			}
			if r, _, err := netsync.ParseReply(parts); err == nil && r.ID == id {
				came <- r
				return
			}
		}
	}()
	b.serve(fmt.Sprintf("reply %d", id), func() bool {
		select {
		case r = <-came:
			return true
		default:
			return false
		}
	})
	return r
}

var lasting = netsync.Request{Do: netsync.DoCall, Service: "never", Timeout: longest}

func TestCallsOfClientsThatLeaveAreBounded(t *testing.T) {
	b := newBooth(t)
	var clients []*zmq.Client
	for n := range 16 {
		c := b.dial("DEALER", ".requests")
		clients = append(clients, c)
		for id := range uint64(64) {
			r := lasting
			r.ID = id + 1
			b.ask(c, r)
		}
		b.serve("calls are under way", func() bool { return len(b.live.waits) == 64*(n+1) })
	}
	b.step()
	if n := b.run.Services.InFlight(0); n != maxUnderWay {
		t.Fatalf("%d calls are under way, and not %d", n, maxUnderWay)
	}
	other := b.dial("DEALER", ".requests")
	b.ask(other, netsync.Request{ID: 1, Do: netsync.DoCall, Service: "who"})
	if r := b.reply(other, 1); r.Error == nil || r.Error.Code != netsync.CodeBusy {
		t.Errorf("one more call is told %+v", r)
	}
	for _, c := range clients[:2] {
		c.Close()
	}
	b.serve("two have left", func() bool { return b.live.waits[127].by.Left() && !b.live.waits[128].by.Left() })
	for id := uint64(2); id < 32; id++ {
		r := lasting
		r.ID = id
		b.ask(other, r)
		b.serve("a call of who stays", func() bool { return b.live.label == maxUnderWay+id-1 })
		b.step()
		if n := b.run.Services.InFlight(0); n != maxUnderWay || len(b.live.waits) != n {
			t.Fatalf("after %d more %d calls are under way, and %d are known", id, n, len(b.live.waits))
		}
	}
	if first := b.live.waits[0].label; first != 31 {
		t.Errorf("the first call that is left is %d", first)
	}
}

// While the run stands calls that wait are told so: they stay under way, and count.
func TestActsThatArePendingAreBounded(t *testing.T) {
	b := newBooth(t)
	b.live.paused = true
	set := func() *publish.Command {
		return &publish.Command{Request: netsync.Request{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("4")}}
	}
	for range maxUnderWay {
		if _, _, failed := b.live.act(set()); failed != nil {
			t.Fatal(failed)
		}
	}
	if _, _, failed := b.live.act(set()); failed == nil || failed.Code != netsync.CodeBusy {
		t.Errorf("one more is told %v", failed)
	}
	for _, w := range b.live.waits {
		w.asked, w.promised = nil, true
	}
	b.step()
	if n := len(b.live.outcomes); n != maxOutcomes || len(b.live.waits) != 0 {
		t.Errorf("%d outcomes are kept, and %d acts are under way", n, len(b.live.waits))
	}
	if _, _, failed := b.live.act(set()); failed != nil {
		t.Errorf("later one is told %v", failed)
	}
}

// What came of acts is kept for so many of them, and so many bytes: the latest.
func TestOutcomesAreBounded(t *testing.T) {
	l := &live{}
	for n := range uint64(3 * maxOutcomes) {
		l.close(outcome{waiting: &waiting{label: n, promised: true}})
	}
	if n := len(l.outcomes); n != maxOutcomes || l.outcomes[n-1].label != 3*maxOutcomes-1 {
		t.Errorf("%d are kept", n)
	}
	big := json.RawMessage(strings.Repeat(" ", maxOutcomeBytes/4))
	for n := range uint64(10) {
		l.close(outcome{waiting: &waiting{label: n, promised: true}, result: big})
	}
	if n := len(l.outcomes); n != 4 || l.outcomes[0].label != 6 {
		t.Errorf("of those with 4 MiB %d are kept", n)
	}
	l.close(outcome{waiting: &waiting{label: 10, promised: true}, result: json.RawMessage(strings.Repeat(" ", 2*maxOutcomeBytes))})
	if n := len(l.outcomes); n != 1 || l.outcomes[0].label != 10 {
		t.Errorf("of one that is larger than all may be %d are kept", n)
	}
}

func TestActsOfARunAreBounded(t *testing.T) {
	b := newBooth(t)
	l := b.live
	set := netsync.Request{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte(`"` + strings.Repeat("x", 1000) + `"`)}
	fault := netsync.Request{Do: netsync.DoFault, Fault: "pause", Nodes: []string{"store", "client"}, Lasting: 1e6}
	act := func() *netsync.Error {
		_, _, failed := l.act(&publish.Command{Request: set})
		return failed
	}
	if failed := act(); failed != nil {
		t.Fatal(failed)
	}
	l.kept.mostActs = l.kept.acts + 2
	if _, failed := l.fault(&fault); failed != nil {
		t.Errorf("a fault and its end are told %v", failed)
	}
	refused := func(failed *netsync.Error, text string) {
		t.Helper()
		if failed == nil || failed.Code != netsync.CodeLimit || failed.Text != text {
			t.Errorf("one too many is told %v, and not %s", failed, text)
		}
	}
	_, failed := l.fault(&fault)
	refused(failed, "more than 3 acts on a run")
	refused(act(), "more than 3 acts on a run")
	l.kept.mostActs, l.kept.mostBytes = maxActs, l.kept.bytes+31 // two nodes, and again at the end, are 32
	_, failed = l.fault(&fault)
	refused(failed, fmt.Sprintf("more than %d bytes of acts on a run", l.kept.mostBytes))
	refused(act(), fmt.Sprintf("more than %d bytes of acts on a run", l.kept.mostBytes))
	if n := len(b.run.Inputs()); n != 3 || n != l.kept.acts {
		t.Errorf("it has %d inputs, and counts %d, of 3", n, l.kept.acts)
	}
}

// A run that goes on from another keeps that one's acts, and counts them.
func TestActsOfTheParentCount(t *testing.T) {
	b := newBooth(t)
	set := netsync.Request{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("4")}
	for range 5 {
		if _, _, failed := b.live.act(&publish.Command{Request: set}); failed != nil {
			t.Fatal(failed)
		}
	}
	again := &live{run: b.run}
	again.startLabels()
	if d := cmp.Diff([]int{5, b.live.kept.bytes}, []int{again.kept.acts, again.kept.bytes}); d != "" {
		t.Error(d)
	}
}

// Who has come and left before anybody looked was there: the run begins.
func TestWaitForViewersThatLeaveAtOnce(t *testing.T) {
	b := newBooth(t)
	c := b.dial("SUB", "")
	if err := c.Subscribe(netsync.TopicClock); err != nil {
		t.Fatal(err)
	}
	fresh := make(chan error, 1)
	go func() { _, err := c.Receive(); fresh <- err }()
	b.serve("a frame", func() bool {
		select {
		case err := <-fresh:
			return err == nil
		default:
			return false
		}
	})
	c.Close()
	time.Sleep(200 * time.Millisecond) // for the station to see it: if it has not yet, there is nothing to see here
	began := make(chan bool)
	go func() { b.live.await(&b.play.edge, &b.driver, 1); close(began) }()
	select {
	case <-began:
	case <-time.After(10 * time.Second):
		t.Error("it waits on")
		b.live.hurry = ecs.Never
		<-began
	}
}

// Without any viewer a run that waits for one waits, from before its first tick.
func TestRunWaitsForViewers(t *testing.T) {
	b := newBooth(t)
	began := make(chan bool)
	go func() { b.live.await(&b.play.edge, &b.driver, 1); close(began) }()
	select {
	case <-began:
		t.Error("it begins, and nobody is there")
	case <-time.After(100 * time.Millisecond):
	}
	c := b.dial("SUB", "")
	if err := c.Subscribe(netsync.TopicClock); err != nil {
		t.Fatal(err)
	}
	<-began
}

// What came of acts that a run went back before is not known any more, and comes
// again: each is told as if the run had never been there.
func TestOutcomesOfARunThatGoesBack(t *testing.T) {
	b := newBooth(t)
	for _, r := range []netsync.Request{
		{Do: netsync.DoSet, Param: "fanout", Node: "store", Value: []byte("4")},
		{Do: netsync.DoCall, Service: "who", Policy: "all", As: "client"}, // the store is 2 ms away, the client none
		{Do: netsync.DoCall, Service: "late", Args: []json.RawMessage{[]byte("1")}},
	} {
		if _, _, failed := b.live.act(&publish.Command{Request: r}); failed != nil {
			t.Fatal(failed)
		}
	}
	for _, w := range b.live.waits {
		w.asked, w.promised = nil, true
	}
	known := func() (all []string) {
		for _, o := range b.live.outcomes {
			all = append(all, fmt.Sprintf("%d at %d: %s", o.label, o.tick, o.result))
		}
		slices.Sort(all)
		return all
	}
	var then []ecs.Snapshot
	for range 40 {
		b.step()
		then = append(then, ecs.Snapshot{})
		b.run.Snapshot(&then[len(then)-1])
	}
	want := known()
	if len(want) != 3 {
		t.Fatalf("of 3 acts %d have come to an end: %q", len(want), want)
	}
	for _, i := range []int{38, 3, 2, 1, 0, 35} {
		if err := b.run.Restore(&then[i]); err != nil {
			t.Fatal(err)
		}
		b.live.wentBack()
		if n := len(known()) + len(b.live.waits); n != 3 || b.live.owed != -1 {
			t.Errorf("at tick %d %d acts are known, and it owes tick %d", i+1, n, b.live.owed)
		}
		for _, o := range b.live.outcomes {
			if o.tick > b.run.World.Tick() {
				t.Errorf("at tick %d it is known what came of act %d at %d", i+1, o.label, o.tick)
			}
		}
		for b.run.World.Tick() < 40 {
			b.step()
		}
		if d := cmp.Diff(want, known()); d != "" {
			t.Errorf("once more from tick %d: %s", i+1, d)
		}
	}
}

// A call that waits when steps are over is told so, by whoever asks again too; once
// the run goes on its reply is there, and what waits at the end is told of the end.
func TestCallsOutliveSteps(t *testing.T) {
	b := newBooth(t)
	b.live.paused, b.live.steps = true, 5
	c := b.dial("DEALER", ".requests")
	b.ask(c, netsync.Request{ID: 1, Do: netsync.DoCall, Service: "late", Args: []json.RawMessage{[]byte("1")}})
	b.ask(c, netsync.Request{ID: 2, Do: netsync.DoCall, Service: "never", Timeout: longest})
	b.serve("calls are under way", func() bool { return len(b.live.waits) == 2 })
	for b.run.World.Tick() < 5 {
		b.step()
	}
	pending := func(id uint64, act uint64) {
		t.Helper()
		if r := b.reply(c, id); string(r.OK) != fmt.Sprintf(`{"ok":null,"error":"the run is paused","pending":%d}`, act) {
			t.Errorf("request %d is told %s, %v", id, r.OK, r.Error)
		}
	}
	pending(1, 1)
	b.ask(c, netsync.Request{ID: 3, Do: netsync.DoOutcome, Act: 2})
	pending(3, 2)
	b.live.paused, b.live.steps = false, 0
	b.ask(c, netsync.Request{ID: 4, Do: netsync.DoOutcome, Act: 1})
	b.ask(c, netsync.Request{ID: 5, Do: netsync.DoOutcome, Act: 2})
	b.serve("who asks waits", func() bool { return len(b.live.waits[0].asked) == 1 && len(b.live.waits[1].asked) == 1 })
	for b.run.World.Tick() < 40 {
		b.step()
	}
	if r := b.reply(c, 4); !strings.Contains(string(r.OK), `"value":"late"`) {
		t.Errorf("the call came to %s, %v", r.OK, r.Error)
	}
	b.live.giveUp()
	if r := b.reply(c, 5); r.Error == nil || r.Error.Code != netsync.CodeEnded {
		t.Errorf("at the end it is told %s, %v", r.OK, r.Error)
	}
	later := publish.Command{Request: netsync.Request{Do: netsync.DoOutcome, Act: 2}}
	if _, waits, _, failed := b.live.outcome(&later); waits || failed == nil || failed.Code != netsync.CodeEnded {
		t.Errorf("who asks after the end is told %v", failed)
	}
}
