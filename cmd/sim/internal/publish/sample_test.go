// Holds samples of messages against a list of everything that was sent and
// dropped, which a watcher of the test's writes: what is shown is of it, in its
// order; what is not is counted; and the run is what it is when nobody looks.
package publish

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scenario"
)

// witness writes down what was sent and dropped, as a sample should show it.
type witness struct {
	s    *scenario.Scenario
	want *netsync.MessageSelection
	list []string
}

func (m *witness) see(x ecs.Sent) {
	w, e := m.s.Run.World, x.Envelope
	from, to := []ecs.Node{e.From}, []ecs.Node{e.To}
	p, subscriptions, isFeed := m.s.Run.Feeds.Watched(e)
	if isFeed {
		to = nil
		for _, n := range appendNodes(nil, w) {
			if m.s.Run.Feeds.AnyWatched(e, func(x ecs.Node) bool { return x == n }) {
				to = append(to, n)
			}
		}
	}
	if e.IsFan() && !isFeed || !m.kind(e.Kind()) || !m.nodes(append(from, to...)) || !m.links(from, to) {
		return
	}
	line := fmt.Sprint(max(0, w.Tick()), " ", w.NodeName(e.From), " ", w.KindName(e.Kind()), " ", x.Due, " ")
	if isFeed {
		line += fmt.Sprint(m.s.Run.Feeds.Name(p.Feed), " ", subscriptions)
	} else {
		line += w.NodeName(e.To)
	}
	if x.Dropped {
		line += " " + x.Why.String()
	}
	m.list = append(m.list, line)
}

func lineOfItem(x *messageItem) string {
	line := fmt.Sprint(x.Tick, " ", x.From, " ", x.Kind, " ", x.Due, " ")
	if x.Feed != "" {
		line += fmt.Sprint(x.Feed, " ", x.Nodes)
	} else {
		line += x.To
	}
	if x.Verdict != "sent" {
		line += " " + x.Verdict
	}
	return line
}

func (m *witness) kind(k ecs.Kind) bool {
	if len(m.want.Kinds) == 0 || k.IsControl() {
		return !k.IsTimer()
	}
	for _, p := range m.want.Kinds {
		if netsync.Match(p, m.s.Run.World.KindName(k)) {
			return true
		}
	}
	return false
}

func (m *witness) named(pattern string, n ecs.Node) bool {
	w := m.s.Run.World
	if g, ok := strings.CutPrefix(pattern, "@"); ok {
		group, _ := w.NodeNamed(g)
		return n != 0 && n != ecs.Everyone && w.In(n, group)
	}
	return netsync.Match(pattern, w.NodeName(n))
}

func (m *witness) nodes(all []ecs.Node) bool {
	for _, p := range m.want.Nodes {
		for _, n := range all {
			if m.named(p, n) {
				return true
			}
		}
	}
	return len(m.want.Nodes) == 0
}

func (m *witness) links(from, to []ecs.Node) bool {
	for _, l := range m.want.Links {
		a, b, _ := netsync.CutLink(l)
		for _, n := range to {
			if m.named(a, from[0]) && m.named(b, n) {
				return true
			}
		}
	}
	return len(m.want.Links) == 0
}

// asker has a client ask for a sample, and reads what it is given.
type asker struct {
	m      *theatre
	id     zmq.ID
	topic  string
	viewer *netsync.Viewer
	items  []messageItem
	left   int
	counts []int // of items, by round
}

func (m *theatre) ask(t tester, want *netsync.MessageSelection) *asker {
	client, err := m.station.desk.Join()
	if err != nil {
		t.Fatal(err)
	}
	a := &asker{m: m, id: zmq.ID(5000 + m.station.asks)}
	m.station.clients[a.id] = client
	c := &Command{station: m.station, from: zmq.Request{Client: a.id}}
	c.Export = &netsync.Selection{Messages: want}
	if e := m.station.Select(c); e != nil {
		t.Fatal(e)
	}
	result, e := m.station.export(c)
	if e != nil {
		t.Fatal(e)
	}
	a.topic = result.(map[string][]string)["topics"][0]
	if a.viewer, err = m.station.hub.Join(); err != nil {
		t.Fatal(err)
	}
	m.station.viewers[a.id] = a.viewer
	if err := a.viewer.Subscribe(a.topic); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *asker) read(t tester) {
	n := len(a.items)
	for f, more := a.viewer.Next(); more; f, more = a.viewer.Next() {
		var items []json.RawMessage
		if err := json.Unmarshal(f.Body, &items); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			var left leftItem
			var x messageItem
			if err := json.Unmarshal(item, &left); err != nil || left.LeftOut > 0 {
				a.left += left.LeftOut
				continue
			}
			if err := json.Unmarshal(item, &x); err != nil {
				t.Fatal(err)
			}
			a.items = append(a.items, x)
		}
	}
	a.counts = append(a.counts, len(a.items)-n)
}

// messagesOf draws what of the little world is asked for.
func messagesOf(t *rapid.T) *netsync.MessageSelection {
	pick := func(what string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID).Draw(t, what)
	}
	return &netsync.MessageSelection{
		Kinds:     pick("kinds", "hop", "(*)", "(feed)", "*", "(call ends)", "(reply)"),
		Nodes:     pick("nodes", "member[1*]", "@odd", "member[0]", "outside"),
		Links:     pick("links", "@odd -> *", "member[*]->member[3]", "* -> @odd"),
		PerSecond: rapid.SampledFrom([]int{1, 20, 300, 10_000}).Draw(t, "rate"),
	}
}

func TestSamplesAreOfWhatWasSent(t *testing.T) {
	want := truthOf(t, little)
	rapid.Check(t, func(t *rapid.T) {
		s := loaded(t, little)
		station, err := newStation(Config{Run: "r", World: shown(s)})
		if err != nil {
			t.Fatal(err)
		}
		m := &theatre{s: s, station: station, want: want}
		begin := ecs.Tick(rapid.IntRange(0, 100).Draw(t, "begin"))
		if err := s.Run.RunUntil(begin); err != nil {
			t.Fatal(err)
		}
		x := &witness{s: s, want: messagesOf(t)}
		s.Run.World.Watch(x.see)
		asked := station.now()
		a := m.ask(t, x.want)
		for tick := begin; tick < s.Until; {
			tick = min(s.Until, tick+ecs.Tick(rapid.IntRange(1, 60).Draw(t, "ticks")))
			if err := s.Run.RunUntil(tick); err != nil {
				t.Fatal(err)
			}
			m.pass(time.Duration(rapid.IntRange(34, 500).Draw(t, "ms")) * time.Millisecond)
			m.round(Clock{})
			a.read(t)
		}
		station.finish(Clock{Ended: true})
		a.read(t)
		if got := s.Run.End().Digest; got != want.digest {
			t.Fatalf("watched the run ends with %x, and else with %x", got, want.digest)
		}
		if len(a.items)+a.left != len(x.list) {
			t.Fatalf("%d messages are shown and %d left out, of %d", len(a.items), a.left, len(x.list))
		}
		passed := time.Duration(station.now() - asked) // what this machine took is in it
		if most := float64(x.want.Rate()) * (passed.Seconds() + 2); float64(len(a.items)) > most {
			t.Fatalf("%d messages in %v, at %d a second", len(a.items), passed, x.want.Rate())
		}
		at := 0
		for i := range a.items {
			line := lineOfItem(&a.items[i])
			for ; at < len(x.list) && x.list[at] != line; at++ {
				if a.left == 0 {
					t.Fatalf("%q is shown where %q was sent", line, x.list[at])
				}
			}
			if at == len(x.list) {
				t.Fatalf("%q is shown, and was not sent after what is shown before it", line)
			}
			at++
		}
	})
}

// Of what fits in the time between two orders each has the same chance, and what
// is left of a second's room is not lost.
func TestSamplesAreEven(t *testing.T) {
	const rounds, each, room = 400, 100, 10
	s := loaded(t, little)
	w := shown(s)
	f, failed := newFilter(&w, &netsync.MessageSelection{})
	if failed != nil {
		t.Fatal(failed)
	}
	x, kind := newSample(&w, f, room), s.Run.World.Kind("x", 8)
	var times [each]int
	for range rounds {
		for i := range each {
			e := s.Run.World.Outside(1<<24+1, kind, uint64(i), 0, "x")
			x.see(ecs.Sent{Envelope: &e})
		}
		for i := range x.kept {
			times[x.kept[i].envelope.A]++
		}
		if got := x.take(netsync.Second); len(got.items) != room || got.left != each-room {
			t.Fatalf("%d are shown, and %d left out", len(got.items), got.left)
		}
	}
	mean := float64(rounds*room) / each
	for i, n := range times {
		if math.Abs(float64(n)-mean) > 5*math.Sqrt(mean) {
			t.Errorf("the message at %d of %d was shown %d times, and on average one is %g times", i, each, n, mean)
		}
	}
}

// A sample is taken off when who asked leaves, or takes it back, and no sooner
// than the tap has heard of it; there are so many at most.
func TestSamplesAreTakenOff(t *testing.T) {
	s := loaded(t, little)
	station, err := newStation(Config{Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	m := &theatre{s: s, station: station}
	step := func() {
		t.Helper()
		if err := s.Run.RunUntil(s.Run.World.Tick() + 10); err != nil {
			t.Fatal(err)
		}
		m.pass(frameEvery)
		m.round(Clock{})
	}
	all := &netsync.MessageSelection{}
	a, b := m.ask(t, all), m.ask(t, all)
	step()
	if a.read(t); len(a.items) == 0 {
		t.Fatal("nothing is shown")
	}
	samples := []*sample{station.samples.list[0].sample, station.samples.list[1].sample}
	back := &Command{station: station, from: zmq.Request{Client: b.id}}
	if back.Topic = a.topic; station.unexport(back) == nil {
		t.Error("somebody takes back what another has asked for")
	}
	if back.Topic = b.topic; station.unexport(back) != nil {
		t.Error("a sample is not taken back")
	}
	a.viewer.Leave()
	b.viewer.Leave()
	delete(station.viewers, a.id)
	delete(station.viewers, b.id)
	station.removeSamples(func(x *asking) bool { return x.asked == a.id })
	step() // though nobody is left, the tap is told
	before := []int{samples[0].fit, samples[1].fit}
	step()
	if after := []int{samples[0].fit, samples[1].fit}; !cmp.Equal(before, after) || station.samples.busy() {
		t.Errorf("after all have left %d and %d messages were looked at", after[0]-before[0], after[1]-before[1])
	}
	for range maxSamples {
		m.ask(t, all)
	}
	c := &Command{station: station, from: zmq.Request{Client: a.id}}
	c.Export = &netsync.Selection{Messages: all}
	if e := station.Select(c); e != nil {
		t.Fatal(e)
	}
	if _, e := station.export(c); e == nil || e.Code != netsync.CodeLimit || len(station.samples.drop) != 1 {
		t.Errorf("one sample too many: %v, and %d to be stopped", e, len(station.samples.drop))
	}
}

func TestSamplesRefused(t *testing.T) {
	s := loaded(t, little)
	w := shown(s)
	for want, m := range map[string]netsync.MessageSelection{
		`no kind of message is called "hpo"; ask {"do":"list","what":"kinds"}`: {Kinds: []string{"hop", "hpo"}},
		`there is no group "even"`:                        {Nodes: []string{"@even"}},
		`no node is called "client[*]"; a pattern is of`:  {Nodes: []string{"client[*]"}},
		`no node is called "nobody"; a pattern is of nam`: {Links: []string{"* -> nobody"}},
	} {
		if _, e := newFilter(&w, &m); e == nil || !strings.Contains(e.Error(), want) {
			t.Errorf("%+v: %v, want %s", m, e, want)
		}
	}
}

// What was sent in an epoch that is over, or on the way to where another begins,
// is not shown there, nor what was left out.
func TestSamplesBeginAgainWithAnEpoch(t *testing.T) {
	s := loaded(t, little)
	station, err := newStation(Config{Run: "r", World: shown(s)})
	if err != nil {
		t.Fatal(err)
	}
	m := &theatre{s: s, station: station}
	s.Run.Snapshot(&m.start)
	a := m.ask(t, &netsync.MessageSelection{PerSecond: 20})
	run := func(until ecs.Tick) {
		if err := s.Run.RunUntil(until); err != nil {
			t.Fatal(err)
		}
	}
	run(200)
	m.pass(frameEvery)
	m.round(Clock{})
	run(300)
	if err := s.Run.Restore(&m.start); err != nil {
		t.Fatal(err)
	}
	run(50)
	station.tap.Fork()
	a.read(t)
	a.items, a.left = nil, 0
	for tick := ecs.Tick(51); tick < 60; tick++ {
		run(tick)
		m.pass(time.Second)
		m.round(Clock{})
		a.read(t)
	}
	if len(a.items) == 0 {
		t.Fatal("nothing is shown")
	}
	for i := range a.items {
		if x := &a.items[i]; x.Tick <= 50 {
			t.Errorf("in the epoch that begins at 50 there is %+v", x)
		}
	}
	if a.left > 1000 {
		t.Errorf("%d are left out in ten ticks", a.left)
	}
}
