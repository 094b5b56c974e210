// Holds a station with its endpoints to what clients are promised: a reply to
// every request, in the run and at its end, and nothing left behind.
package publish

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is a station with endpoints, and a client at its requests.
func opened(t *testing.T, s *scenario.Scenario) (*Station, *client) {
	t.Helper()
	dir, err := os.MkdirTemp("", "publish") // a path of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := "ipc://" + filepath.Join(dir, "w")
	station, err := Open(Config{Frames: at, Requests: at + ".requests", Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	return station, dialed(t, at+".requests")
}

// client asks.
type client struct {
	t *testing.T
	*zmq.Client
	asked uint64
}

func dialed(t *testing.T, endpoint string) *client {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	c, err := zmq.Dial(ctx, zmq.DialConfig{Endpoint: endpoint, Type: "DEALER"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{t: t, Client: c}
}

func (c *client) send(r netsync.Request) {
	c.t.Helper()
	c.asked++
	r.Version, r.ID = netsync.Version, c.asked
	if err := c.Send([][]byte{netsync.AppendRequest(nil, r)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) reply() netsync.Reply {
	c.t.Helper()
	defer time.AfterFunc(patience, func() { c.Close() }).Stop()
	parts, err := c.Receive()
	if err != nil {
		c.t.Fatal(err)
	}
	r, _, err := netsync.ParseReply(parts)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// commands serves the tap until a number of commands have come.
func commands(t *testing.T, s *Station, n int) (all []*Command) {
	t.Helper()
	await(t, "commands come", func() bool {
		all = append(all, s.Tap().Serve(Clock{})...)
		return len(all) >= n
	})
	return all
}

// patience is no measure of speed: a loaded machine may take long.
const patience = 2 * time.Minute

// await looks every millisecond whether something is so.
func await(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !isSo(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in %s it does not come about that %s", patience, what)
		}
	}
}

func closed(t *testing.T, s *Station) {
	t.Helper()
	if err := s.Close(Clock{Ended: true}); err != nil {
		t.Error(err)
	}
}

func TestEveryCommandHasAReplyAtTheEnd(t *testing.T) {
	for _, tapped := range []bool{false, true} {
		station, c := opened(t, loaded(t, little))
		c.send(netsync.Request{Do: netsync.DoPause})
		if tapped { // an order with the first is under way
			await(t, "an order waits", func() bool { return station.tap.waiting.Load() != nil })
		}
		for range 20 {
			c.send(netsync.Request{Do: netsync.DoResume})
		}
		c.send(netsync.Request{Do: netsync.DoHello})
		await(t, "all requests are taken", func() bool { return station.requestsTaken() >= 22 })
		closed(t, station)
		refused := 0
		for range 22 {
			if r := c.reply(); r.Error != nil && strings.Contains(r.Error.Text, "has ended") {
				refused++
			}
		}
		if refused != 21 {
			t.Errorf("tapped %v: %d of 21 commands were refused at the end", tapped, refused)
		}
	}
}

// requestsTaken is how many requests of all clients the station has taken.
func (s *Station) requestsTaken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

func TestCommandsComeInOrder(t *testing.T) {
	station, c := opened(t, loaded(t, little))
	defer closed(t, station)
	want := ""
	for i := range 50 {
		c.send(netsync.Request{Do: netsync.DoStep, Ticks: int64(i + 1)})
		want += fmt.Sprint(i+1, " ")
	}
	got := ""
	for _, command := range commands(t, station, 50) {
		got += fmt.Sprint(command.Ticks, " ")
		command.Done(7, nil, nil)
	}
	if got != want {
		t.Errorf("commands come as %s", got)
	}
	for i := range 50 {
		if r := c.reply(); r.ID != uint64(i+1) || r.Tick != 7 || string(r.OK) != "{}" {
			t.Fatalf("reply %d is %+v", i+1, r)
		}
	}
}

// What the station holds while it writes must not hold up the run.
func TestTheRunWaitsForNobody(t *testing.T) {
	station, c := opened(t, loaded(t, little))
	defer closed(t, station)
	c.send(netsync.Request{Do: netsync.DoExport, Export: &netsync.Selection{Fields: []string{"seen"}, Group: "odd"}})
	all := commands(t, station, 1)
	station.mu.Lock()
	done := make(chan struct{})
	go func() { // the run's thread
		defer close(done)
		if e := station.Select(all[0]); e != nil {
			t.Error(e)
		}
		all[0].Done(3, nil, nil)
		station.Tap().Serve(Clock{})
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("the run waits for the station")
	}
	station.mu.Unlock()
	<-done
	if r := c.reply(); r.Error != nil || string(r.OK) != `{"topics":["columns/.ask1/member"]}` {
		t.Errorf("the reply is %+v", r)
	}
}

func TestExportsEndWithWhoAsked(t *testing.T) {
	station, c := opened(t, loaded(t, little))
	defer closed(t, station)
	export := func(c *client, s netsync.Selection) netsync.Reply {
		c.send(netsync.Request{Do: netsync.DoExport, Export: &s})
		command := commands(t, station, 1)[0]
		command.Done(0, nil, station.Select(command))
		return c.reply()
	}
	tables := func() (n int) {
		station.mu.Lock()
		defer station.mu.Unlock()
		return len(station.views)
	}
	own := tables()
	if r := export(c, netsync.Selection{Fields: []string{"seen"}, Group: "even"}); r.Error == nil || r.Error.Text != `there is no group "even"` {
		t.Errorf("of no group: %+v", r)
	}
	if r := export(c, netsync.Selection{Fields: []string{"sene"}}); r.Error == nil || r.Error.Code != netsync.CodeNone {
		t.Errorf("of no field: %+v", r)
	}
	for range maxAsked {
		if r := export(c, netsync.Selection{Fields: []string{"seen"}}); r.Error != nil {
			t.Fatal(r.Error)
		}
	}
	if r := export(c, netsync.Selection{Fields: []string{"seen"}}); r.Error == nil || r.Error.Code != netsync.CodeLimit {
		t.Errorf("one more than %d: %+v", maxAsked, r)
	}
	_, requests := station.Endpoints()
	other := dialed(t, requests)
	unexport := func(c *client, topic string) netsync.Reply {
		c.send(netsync.Request{Do: netsync.DoUnexport, Topic: topic})
		commands(t, station, 1)[0].Done(0, nil, nil)
		return c.reply()
	}
	if r := unexport(other, "columns/.ask1/member"); r.Error == nil {
		t.Error("somebody took back what another has asked for")
	}
	if r := unexport(c, "columns/.ask1/member"); r.Error != nil || tables() != own+maxAsked-1 {
		t.Errorf("%d tables after one was taken back: %+v", tables()-own, r)
	}
	c.Close()
	await(t, "tables go with who asked for them", func() bool { return tables() <= own })
}

// Who asks and is gone before it is answered leaves no place taken at the desk;
// what it asked for is done if it was known before.
func TestClientsThatHaveLeftTakeNoPlace(t *testing.T) {
	station, _ := opened(t, loaded(t, little))
	defer closed(t, station)
	_, requests := station.Endpoints()
	known := make([]*client, 20)
	for i := range known {
		known[i] = dialed(t, requests)
		known[i].send(netsync.Request{Do: netsync.DoHello})
		known[i].reply()
	}
	station.mu.Lock() // who comes now is not known before it has left
	for _, c := range known {
		c.send(netsync.Request{Do: netsync.DoPause})
		c.Close()
	}
	for range 300 { // more than may be there at once
		c := dialed(t, requests)
		c.send(netsync.Request{Do: netsync.DoHello})
		c.Close()
	}
	station.mu.Unlock()
	for _, command := range commands(t, station, len(known)) {
		command.Done(0, nil, nil)
	}
	last := dialed(t, requests)
	last.send(netsync.Request{Do: netsync.DoHello})
	if r := last.reply(); r.Error != nil {
		t.Errorf("who comes after them is told: %v", r.Error)
	}
	there := func() (n int) {
		station.mu.Lock()
		defer station.mu.Unlock()
		return len(station.clients)
	}
	await(t, "clients that have left are gone, and the two others there", func() bool { return there() == 2 })
}

// A run that nobody watches pays for a look at whether somebody does.
func TestNobodyCostsNothing(t *testing.T) {
	s := loaded(t, little)
	tap := newTap(shown(s))
	if n := testing.AllocsPerRun(1000, func() { tap.Serve(Clock{}) }); n != 0 {
		t.Errorf("%g allocations a tick", n)
	}
}

// A client tells replies apart by id: those too that no one has read the request
// for, because there were too many.
func TestRefusedRequestsKeepTheirID(t *testing.T) {
	station, c := opened(t, loaded(t, little))
	defer closed(t, station)
	const n = 150
	for range n {
		c.send(netsync.Request{Do: netsync.DoPause})
	}
	limited := map[uint64]bool{}
	for range n - 64 { // nobody carries out those that wait
		r := c.reply()
		if r.Error == nil || r.Error.Code != netsync.CodeLimit {
			t.Fatalf("%+v is no limit", r)
		}
		if r.ID < 1 || r.ID > n || limited[r.ID] {
			t.Fatalf("a reply to %d", r.ID)
		}
		limited[r.ID] = true
	}
	if err := c.Send([][]byte{[]byte(`{"v":1,"id":151,"do":"hello"}`), []byte("more")}); err != nil {
		t.Fatal(err)
	}
	if r := c.reply(); r.ID != 151 || r.Error == nil {
		t.Errorf("the reply to a request of two parts is %+v", r)
	}
}
