// Holds what viewers have, whenever they come, look and leave, and whatever they
// export, against the world tick by tick: frames are of the tick they say, no
// event is lost or counted twice without being told, the last state is given to
// all, and the run is what it is when nobody looks. The run goes back now and
// then: nothing of before is seen in the epoch that begins. No socket is used here, and
// time passes as the test says.
package publish

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scenario"
	"orrery/scheduler/trace"
)

const little = `
def done(me, reply):
    pass

def hop(me, m):
    me.seen += 1
    me.heat += me.random.uniform(-1.0, 1.0)
    me.hot = me.heat > 0.0
    note("hop", seen = me.seen)
    me.call("ask", then = done, timeout = "20ms")
    me.publish("seen", [me.name, me.seen])
    me.publish("kept/" + me.name, me.seen)
    if me.seen % 3 == 0:
        me.set_param("most", me.seen)
    measure("seen", me.seen)
    me.send(me.random.choice(me.neighbours), "hop")

param("most", 0, consistency = "eventual")
feed("kept/*", latched = True)
member = program(subscribes = {"seen": lambda me, v: None}, provides = {"ask": serve(lambda me: me.seen, time = "1ms")}, state = {"seen": 0, "heat": 0.0, "hot": False}, on = {"hop": hop})
members = nodes("member", 12, member)
group("odd", members[1::2])
ring(members, latency = "3ms", jitter = "2ms")
for m in members:
    at("0s", send(m, "hop"))
always("fine", lambda: True)
series("heat", lambda: members[0].heat, every = "10ms")
export("seen", "hot", of = members)
run(until = "400ms")
`

// tester is a testing.TB, or rapid's.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func loaded(t tester, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Load(fstest.MapFS{"little.star": {Data: []byte(text)}}, "little.star", scenario.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shown(s *scenario.Scenario) World {
	w := World{Run: s.Run, Columns: s.Recording().Columns, EventCount: s.EventCount, Events: s.EventsFrom, Value: s.ValueJSON, Message: s.MessageJSON}
	for _, x := range s.Series {
		w.Series = append(w.Series, x.Name)
	}
	return w
}

// truth is what a run is, seen by nobody.
type truth struct {
	columns map[ecs.Tick][]byte // seen of all members
	events  int
	digest  ecs.Digest
}

func truthOf(t tester, text string) *truth {
	s := loaded(t, text)
	all := &truth{columns: map[ecs.Tick][]byte{}}
	for tick := ecs.Tick(0); tick <= s.Until; tick++ {
		if err := s.Run.RunUntil(tick); err != nil {
			t.Fatal(err)
		}
		all.columns[tick] = seenOf(s, nil)
	}
	all.events, all.digest = s.EventCount(), s.Run.End().Digest
	return all
}

// seenOf reads a column, value by value.
func seenOf(s *scenario.Scenario, which func(i int) bool) (column []byte) {
	c := s.Recording().Columns[0]
	table := s.Run.World.StateTable(c.Program)
	for row := range c.Nodes {
		if which == nil || which(row) {
			column = binary.LittleEndian.AppendUint64(column, uint64(table.Int64At(row, c.Fields[0].Offset)))
		}
	}
	return column
}

// watcher is a viewer of the test's, and what it has of the world.
type watcher struct {
	*netsync.Viewer
	id     zmq.ID
	topics []string // prefixes
	tables map[string]*netsync.Replica
	clock  Clock
	events int    // that it knows of, by base and items
	epoch  uint64 // of the latest frame
	docs   map[string]string
}

func (v *watcher) take(t *rapid.T, f netsync.Frame, want *truth, ages []age) {
	h, err := netsync.ParseHeader(f.Header, len(f.Body))
	if err != nil {
		t.Fatal(err)
	}
	if h.Epoch < v.epoch {
		t.Fatalf("viewer %d: a frame of epoch %d comes after one of %d", v.id, h.Epoch, v.epoch)
	}
	if h.Epoch > v.epoch {
		v.epoch, v.events, v.clock = h.Epoch, 0, Clock{}
		clear(v.docs)
	}
	if now := ages[h.Epoch-1]; h.Tick < now.from || h.Tick > now.to {
		t.Fatalf("viewer %d: %s is of tick %d in epoch %d, which goes from %d to %d", v.id, f.Topic, h.Tick, h.Epoch, now.from, now.to)
	}
	if v.clock.Ended && f.Topic != "clock" {
		t.Fatalf("viewer %d: %s comes after a clock that has ended", v.id, f.Topic)
	}
	switch {
	case f.Topic == "measures" || f.Topic == "params":
		v.docs[f.Topic] = string(f.Body)
	case strings.HasPrefix(f.Topic, netsync.TopicColumns):
		r := v.tables[f.Topic]
		if r == nil {
			r = netsync.NewReplica(f.Topic)
			v.tables[f.Topic] = r
		}
		if verdict, err := r.Apply(f); verdict != netsync.Applied {
			t.Fatalf("viewer %d: %s: frame %d is %v: %v", v.id, f.Topic, h.Seq, verdict, err)
		}
		if f.Topic == "columns/member" && !bytes.Equal(r.Values("seen"), want.columns[h.Tick]) {
			t.Fatalf("viewer %d: frame %d of tick %d has %x, and the world had %x", v.id, h.Seq, h.Tick, r.Values("seen"), want.columns[h.Tick])
		}
	case f.Topic == "clock":
		if err := json.Unmarshal(f.Body, &v.clock); err != nil {
			t.Fatal(err)
		}
		if now := ages[h.Epoch-1]; v.clock.Tick < now.from || v.clock.Tick > now.to {
			t.Fatalf("viewer %d: the clock is at %d in epoch %d, which goes from %d to %d", v.id, v.clock.Tick, h.Epoch, now.from, now.to)
		}
	case f.Topic == "events/all":
		var items []eventItem
		if err := json.Unmarshal(f.Body, &items); err != nil || len(items) != h.Rows {
			t.Fatalf("%d events, of which the header says %d: %v", len(items), h.Rows, err)
		}
		if h.Base < uint64(v.events) {
			t.Fatalf("viewer %d: events from %d on come again: it has %d", v.id, h.Base, v.events)
		}
		v.events = int(h.Base) + h.Rows
	}
}

// theatre is a run and those who watch it.
type theatre struct {
	s       *scenario.Scenario
	station *Station
	viewers []*watcher
	ids     zmq.ID
	want    *truth
	start   ecs.Snapshot
	ages    []age // epochs, from the first
}

// watched is a theatre with one viewer, who wants nothing yet. Nobody serves it:
// the test does.
func watched(t *testing.T, s *scenario.Scenario) (*theatre, *netsync.Viewer) {
	t.Helper()
	station, err := newStation(Config{Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	v, err := station.hub.Join()
	if err != nil {
		t.Fatal(err)
	}
	station.viewers[1] = v
	return &theatre{s: s, station: station}, v
}

// age is from which tick to which an epoch goes.
type age struct{ from, to ecs.Tick }

func (m *theatre) pass(d time.Duration) { m.station.began = m.station.began.Add(-d) }

// order is the first half of a round: the simulation's thread gives what is
// wanted.
func (m *theatre) order(now Clock) {
	m.station.order()
	m.station.tap.Serve(now)
}

// take is the other half.
func (m *theatre) take() {
	m.station.reply()
	select {
	case o := <-m.station.tap.filled:
		m.station.take(o)
	default:
	}
}

func (m *theatre) round(now Clock) {
	m.order(now)
	m.take()
}

// goTo takes the run to a moment. The station learns of it from the command's
// reply, or from the first order that is filled there.
func (m *theatre) goTo(t *rapid.T) {
	to := ecs.Tick(rapid.IntRange(0, int(m.s.Until)).Draw(t, "to"))
	if err := m.s.Run.Restore(&m.start); err != nil {
		t.Fatal(err)
	}
	if err := m.s.Run.RunUntil(to); err != nil {
		t.Fatal(err)
	}
	m.ages = append(m.ages, age{to, to})
	at := m.station.tap.Fork()
	if at.Epoch != uint64(len(m.ages)) {
		t.Fatalf("epoch %d is called %d", len(m.ages), at.Epoch)
	}
	if rapid.Bool().Draw(t, "replied") {
		m.station.fork(at.Epoch, to)
	}
}

func (m *theatre) read(t *rapid.T, v *watcher, most int) {
	for range most {
		f, ok := v.Next()
		if !ok {
			return
		}
		v.take(t, f, m.want, m.ages)
	}
}

func (m *theatre) join(t *rapid.T) {
	v, err := m.station.hub.Join()
	if err != nil {
		t.Fatal(err)
	}
	m.ids++
	w := &watcher{Viewer: v, id: m.ids, tables: map[string]*netsync.Replica{}, docs: map[string]string{}}
	m.viewers = append(m.viewers, w)
	m.station.viewers[w.id] = v
	w.topics = rapid.SliceOfN(rapid.SampledFrom([]string{"", "columns/member", "clock", "events/", "series/", "json/", "checks", "params", "feeds", "measures"}), 1, 3).Draw(t, "topics")
	for _, topic := range w.topics {
		if err := v.Subscribe(topic); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *theatre) somebody(t *rapid.T) *watcher {
	if len(m.viewers) == 0 {
		t.Skip("nobody watches")
	}
	return rapid.SampledFrom(m.viewers).Draw(t, "who")
}

// export has a client ask for fields, and get them.
func (m *theatre) export(t *rapid.T) {
	client, err := m.station.desk.Join()
	if err != nil {
		t.Fatal(err)
	}
	id := zmq.ID(1000 + m.station.asks)
	m.station.clients[id] = client
	c := &Command{station: m.station, from: zmq.Request{Client: id}}
	c.Export = &netsync.Selection{Fields: []string{"*"}, Nodes: "member[*]", Group: rapid.SampledFrom([]string{"", "odd"}).Draw(t, "group")}
	if e := m.station.Select(c); e != nil {
		t.Fatal(e)
	}
	if _, e := m.station.export(c); e != nil {
		t.Fatal(e)
	}
}

func TestViewersSeeTheWorld(t *testing.T) {
	want := truthOf(t, little)
	rapid.Check(t, func(t *rapid.T) {
		s := loaded(t, little)
		station, err := newStation(Config{Run: "r", World: shown(s)})
		if err != nil {
			t.Fatal(err)
		}
		m := &theatre{s: s, station: station, want: want, ages: []age{{0, 0}}}
		s.Run.Snapshot(&m.start)
		t.Repeat(map[string]func(t *rapid.T){
			"step": func(t *rapid.T) {
				next := min(s.Until, max(0, s.Run.World.Tick())+ecs.Tick(rapid.IntRange(1, 40).Draw(t, "ticks")))
				if err := s.Run.RunUntil(next); err != nil {
					t.Fatal(err)
				}
				m.ages[len(m.ages)-1].to = next
			},
			"go":     m.goTo,
			"pass":   func(t *rapid.T) { m.pass(time.Duration(rapid.IntRange(1, 1200).Draw(t, "ms")) * time.Millisecond) },
			"round":  func(t *rapid.T) { m.round(Clock{}) },
			"order":  func(t *rapid.T) { m.order(Clock{}) },
			"take":   func(t *rapid.T) { m.take() },
			"join":   m.join,
			"export": m.export,
			"read":   func(t *rapid.T) { m.read(t, m.somebody(t), rapid.IntRange(1, 9).Draw(t, "frames")) },
			"leave": func(t *rapid.T) {
				v := m.somebody(t)
				v.Leave()
				delete(m.station.viewers, v.id)
				m.viewers = slices.DeleteFunc(m.viewers, func(x *watcher) bool { return x == v })
			},
		})
		if err := s.Run.RunUntil(s.Until); err != nil {
			t.Fatal(err)
		}
		m.ages[len(m.ages)-1].to = s.Until
		ended := Clock{Until: s.Until, Ended: true}
		for range rapid.IntRange(0, 9).Draw(t, "stays") {
			if rapid.Bool().Draw(t, "comes") {
				m.join(t)
			}
			m.pass(time.Duration(rapid.IntRange(1, 100).Draw(t, "ms")) * time.Millisecond)
			m.round(ended)
			if len(m.viewers) > 0 {
				m.read(t, m.somebody(t), rapid.IntRange(1, 99).Draw(t, "frames"))
			}
		}
		station.finish(ended)
		for _, v := range m.viewers {
			m.read(t, v, math.MaxInt)
			m.isComplete(t, v)
		}
		if got := s.Run.End().Digest; got != want.digest {
			t.Fatalf("watched, the run has digest %x; alone %x", got, want.digest)
		}
	})
}

// isComplete holds what a viewer has at the end against the world.
func (m *theatre) isComplete(t *rapid.T, v *watcher) {
	selects := func(topic string) bool {
		return slices.ContainsFunc(v.topics, func(p string) bool { return strings.HasPrefix(topic, p) })
	}
	if r := v.tables["columns/member"]; selects("columns/member") && (r == nil || !bytes.Equal(r.Values("seen"), m.want.columns[m.s.Until])) {
		t.Fatalf("viewer %d does not have the last state", v.id)
	}
	if selects("clock") && !v.clock.Ended {
		t.Fatalf("viewer %d does not know of the end: %+v", v.id, v.clock)
	}
	if selects("events/all") && v.events != m.want.events {
		t.Fatalf("viewer %d knows of %d events, and there were %d", v.id, v.events, m.want.events)
	}
	for topic, want := range m.lastDocuments() {
		if selects(topic) && v.docs[topic] != want {
			t.Fatalf("viewer %d has the %s %s, and at the end they are %s", v.id, topic, v.docs[topic], want)
		}
	}
	for topic, r := range v.tables {
		if strings.HasPrefix(topic, "columns/.ask") {
			m.isAsked(t, topic, r)
		}
	}
}

func (m *theatre) isAsked(t *rapid.T, topic string, r *netsync.Replica) {
	all, odd := seenOf(m.s, nil), seenOf(m.s, func(i int) bool { return i%2 == 1 })
	if got := r.Values("seen"); !bytes.Equal(got, all) && !bytes.Equal(got, odd) {
		t.Fatalf("%s has %x at the end, and the world %x", topic, got, all)
	}
}

// lastDocuments are what the world says now.
func (m *theatre) lastDocuments() map[string]string {
	o := &order{measures: true, params: true}
	m.station.tap.collect(o)
	f := &o.found
	return map[string]string{
		"params":   string(mustJSON(f.params)),
		"measures": string(mustJSON(measureItems{spreadItems(f.spreads), tallyItems(f.tallies), callItemOf(&f.calls), f.feeds})),
	}
}

// What is left out of a log because it was too much is told as missed; a run that
// has time leaves nothing out.
func TestEventsThatAreLeftOutAreMissed(t *testing.T) {
	for _, x := range []struct {
		pace float64
		lost bool
	}{{0, true}, {1, false}} {
		s := loaded(t, noisy)
		m, v := watched(t, s)
		if err := v.Subscribe("events/"); err != nil {
			t.Fatal(err)
		}
		var seen uint64
		jumps, told := 0, 0
		read := func() {
			for f, ok := v.Next(); ok; f, ok = v.Next() {
				h, err := netsync.ParseHeader(f.Header, len(f.Body))
				if err != nil {
					t.Fatal(err)
				}
				if h.Base != seen {
					jumps++
				}
				if h.Missed > 0 {
					told++
				}
				if (h.Base != seen) != (h.Missed > 0) {
					t.Errorf("pace %g: items from %d on, after %d, and missed %d", x.pace, h.Base, seen, h.Missed)
				}
				seen = h.Base + uint64(h.Rows)
			}
		}
		clock := Clock{Pace: trace.Float(x.pace), Until: s.Until}
		for tick := ecs.Tick(0); tick <= s.Until; tick++ {
			if err := s.Run.RunUntil(tick); err != nil {
				t.Fatal(err)
			}
			for range 8 { // times in 33 ms that the run looks up
				m.pass(frameEvery / 8)
				m.round(clock)
				read()
			}
		}
		clock.Ended = true
		m.station.finish(clock)
		read()
		if (jumps > 0) != x.lost || seen != uint64(s.EventCount()) {
			t.Errorf("pace %g: %d gaps, %d of them told, and %d of %d events are known of", x.pace, jumps, told, seen, s.EventCount())
		}
	}
}

// noisy notes 2500 events a tick.
const noisy = `
def tick(me):
    for i in range(2500):
        note("hop", i = i)
    me.after("1ms", tick)

n = node("n", program(state = {"x": 0}, on = {"tick": lambda me, m: tick(me)}))
at("0s", send(n, "tick"))
run(until = "20ms")
`

// A group that has nobody in it can be exported: its table has no rows, until some
// join. A name that nobody has cannot.
func TestAGroupOfNobodyIsExported(t *testing.T) {
	s := loaded(t, little+"group(\"nobody\", [])\n")
	station, err := newStation(Config{Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(selection *netsync.Selection) (c *Command, e *netsync.Error) {
		c = &Command{station: station}
		c.Export = selection
		return c, station.Select(c)
	}
	c, e := ask(&netsync.Selection{Fields: []string{"seen"}, Group: "nobody"})
	if e != nil || len(c.made) != 1 || c.made[0].name != "member" || len(c.made[0].keys) != 0 {
		t.Errorf("%v, %+v", e, c.made)
	}
	for _, none := range []*netsync.Selection{{Fields: []string{"sen"}, Group: "nobody"}, {Fields: []string{"seen"}, Nodes: "membre*"}, {Fields: []string{"seen"}, Group: "nobodies"}} {
		if _, e := ask(none); e == nil || e.Code != netsync.CodeNone {
			t.Errorf("%+v: %v", none, e)
		}
	}
}

// Durations say so wherever a column is described.
func TestDurationsHaveAUnit(t *testing.T) {
	s := loaded(t, `
n = node("n", program(state = {"x": 0, "last": duration("1ms"), "when": duration("0s")}))
export("x", "last", of = [n])
run(until = "10ms")
`)
	w := shown(s)
	w.Unit = s.Unit
	station, err := newStation(Config{Run: "r", World: w})
	if err != nil {
		t.Fatal(err)
	}
	c := &Command{station: station}
	c.Export = &netsync.Selection{Fields: []string{"*"}}
	if e := station.Select(c); e != nil {
		t.Fatal(e)
	}
	schema := station.desk.Know(station.parts, 0)
	for _, columns := range [][]netsync.Column{station.views[0].source.columns(), c.made[0].source.columns()} {
		for _, col := range columns {
			if (col.Unit == "ns") != (col.Name != "x") {
				t.Errorf("%+v", col)
			}
		}
	}
	for _, f := range schema.Parts[0].Items[0].Fields {
		if (f.Unit == "ns") != (f.Name != "x") {
			t.Errorf("%+v", f)
		}
	}
}
