package publish

import (
	"encoding/binary"
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/netsync"
)

// filled are a source's columns, each value a number.
func filled(s source, w *ecs.World, rows int) [][]int64 {
	im := &netsync.Image{Columns: make([][]byte, len(s.columns()))}
	im.Resize(s.columns(), rows)
	s.fill(w, im.Columns, 0)
	all := make([][]int64, len(im.Columns))
	for i, c := range im.Columns {
		for ; len(c) >= 8; c = c[8:] {
			all[i] = append(all[i], int64(binary.LittleEndian.Uint64(c)))
		}
	}
	return all
}

// A row of .links is how things stand with a link: what was sent, dropped, of
// how many bytes, how long what is sent now would wait, and what has not come.
func TestRowsOfLinks(t *testing.T) {
	s := loaded(t, `
def flood(me):
    for i in range(10):
        me.send(me.neighbours[0], "x") # 33 bytes: 264 µs each

n = nodes("n", 2, program(on_start = flood, on = {"x": lambda me, m: None}))
link(n[0], n[1], latency = "1ms", bandwidth = "1Mbps", queue = "2ms")
run(until = "200ms")
`)
	w := s.Run.World
	from := newLinkSource(&underWay{run: s.Run})
	names, _ := from.keys(w)
	if fmt.Sprint(names) != "[n[0] -> n[1] n[1] -> n[0]]" {
		t.Fatalf("links %q", names)
	}
	for _, at := range []struct {
		tick ecs.Tick
		want string
	}{
		{0, "[[10 10] [2 2] [330 330] [2112000 2112000] [8 8]]"},
		{2, "[[10 10] [2 2] [330 330] [112000 112000] [5 5]]"},
		{150, "[[10 10] [2 2] [330 330] [0 0] [0 0]]"},
	} {
		if err := s.Run.RunUntil(at.tick); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(filled(from, w, 2)); got != at.want {
			t.Errorf("at tick %d links are %s, want %s", at.tick, got, at.want)
		}
	}
}

// A row of .networks is how things stand with all members of a network.
func TestRowsOfNetworks(t *testing.T) {
	s := loaded(t, `
def flood(me):
    for i in range(me.index):
        me.send(me.peers[0], "x") # 33 bytes: 264 µs each

def quiet(me):
    pass

n = nodes("n", 3, program(on_start = flood, on = {"x": lambda me, m: None}))
network(n, latency = "1ms", bandwidth = "1Mbps", loss = 1.0)
m = nodes("m", 4, program(on_start = flood, on = {"x": lambda me, m: None}))
network(m, latency = "5ms")
run(until = "200ms")
`)
	var networks *named
	all := sourcesOf(&World{Run: s.Run})
	for i := range all {
		if all[i].name == networksTable {
			networks = &all[i]
		}
	}
	if networks == nil {
		t.Fatalf("%+v", all)
	}
	if names, _ := networks.source.keys(s.Run.World); fmt.Sprint(names) != "[network 1 network 2]" {
		t.Fatalf("networks %q", names)
	}
	for _, at := range []struct {
		tick ecs.Tick
		want string
	}{
		{0, "[[3 4] [3 6] [3 0] [99 198] [528000 0] [0 6]]"},
		{5, "[[3 4] [3 6] [3 0] [99 198] [0 0] [0 0]]"},
	} {
		if err := s.Run.RunUntil(at.tick); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(filled(networks.source, s.Run.World, 2)); got != at.want {
			t.Errorf("at tick %d networks are %s, want %s", at.tick, got, at.want)
		}
	}
}

// What is counted envelope by envelope is counted the more rarely the more there
// are, and who looks at links still has their last state.
func TestCountingIsRareWhereMuchIsUnderWay(t *testing.T) {
	s := loaded(t, little)
	m, v := watched(t, s)
	if err := v.Subscribe(netsync.TopicColumns + linksTable); err != nil {
		t.Fatal(err)
	}
	frames := func(rounds, inFlight int) (n int) {
		for range rounds {
			if err := s.Run.RunUntil(s.Run.World.Tick() + 5); err != nil {
				t.Fatal(err)
			}
			m.pass(frameEvery)
			m.station.slow(inFlight)
			m.round(Clock{})
			for _, more := v.Next(); more; _, more = v.Next() {
				n++
			}
		}
		return n
	}
	frames(2, 0)
	if n := frames(12, 0); n != 12 {
		t.Errorf("%d frames of links in twelve rounds", n)
	}
	if n := frames(12, 100_000); n != 2 { // of 33 ms each
		t.Errorf("%d frames of links in twelve rounds if counting takes long", n)
	}
	if countingEvery(100_000) != netsync.Second/5 {
		t.Errorf("100000 envelopes are counted every %d ns", countingEvery(100_000))
	}
}
