// Options of links, end to end: from a scenario's text to the tick at which a
// message comes, or how many do.
package scenario

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"orrery/ecs"
)

// stream has a node that sends a message a tick for a second, numbered, over a
// link with options; the other tells how long each took, and its number.
const stream = `
tick("100us")
def beat(me):
    me.n += 1
    me.send(me.neighbours[0], "item", n = me.n, at = now(), pad = "PAD")
def item(me, m):
    note("came", n = m.n, took = now() - m.at)
def skip(me, m):
    pass
a = node("a", program(state = {"n": 0}, every = {"1ms": beat}, on = {"item": skip}))
b = node("b", program(on = {"item": item}))
link(a, b, OPTIONS)
run(until = "1s")
`

// arrivals are the numbers of what came, in order, and how long each took.
func arrivals(t *testing.T, options string) (numbers []int, took []ecs.Nanoseconds) {
	t.Helper()
	for _, e := range ran(t, with(stream, "OPTIONS", options)).Events() {
		var n int
		fmt.Sscan(fmt.Sprint(attr(e, "n")), &n)
		numbers = append(numbers, n)
		took = append(took, duration(t, attr(e, "took")))
	}
	return numbers, took
}

func TestLatencyAndJitter(t *testing.T) {
	numbers, took := arrivals(t, `latency = "7200us", jitter = "3ms"`)
	least, most := took[0], took[0]
	for _, d := range took {
		least, most = min(least, d), max(most, d)
	}
	if least < 7_200_000 || most > 10_200_000 || least > 7_400_000 || most < 10_000_000 {
		t.Errorf("from %d to %d ns", least, most)
	}
	if inOrder(numbers) {
		t.Error("jitter overtakes nothing")
	}
	if numbers, _ := arrivals(t, `latency = "7200us", jitter = "3ms", fifo = True`); !inOrder(numbers) || len(numbers) < 980 {
		t.Error("a fifo link overtakes")
	}
	if numbers, took := arrivals(t, `latency = "2ms", reorder = 0.2`); inOrder(numbers) || took[0] < 2_000_000 {
		t.Error("reorder overtakes nothing")
	}
	if _, took := arrivals(t, `latency = "0s"`); took[0] != 100_000 || took[900] != 100_000 {
		t.Error("without latency it is not the next tick")
	}
}

func inOrder(numbers []int) bool {
	for i := range numbers[1:] {
		if numbers[i] > numbers[i+1] {
			return false
		}
	}
	return true
}

// Counts lie within four standard deviations of what is said, for one seed.
func TestChancesOfLinks(t *testing.T) {
	for _, tc := range []struct {
		options string
		mean    float64
		sigma   float64
	}{
		{`loss = 0`, 999, 0}, {`loss = 1`, 0, 0}, {`loss = 0.1`, 899, 9.5}, {`loss = 0.5`, 499.5, 15.8},
		{`duplicate = 1`, 1998, 0}, {`duplicate = 0.2`, 1199, 12.6}, {`duplicate = 0.5, loss = 0.5`, 749, 25},
	} {
		numbers, _ := arrivals(t, tc.options)
		if n := float64(len(numbers)); math.Abs(n-tc.mean) > 4*tc.sigma {
			t.Errorf("%s: %v come, of %v", tc.options, n, tc.mean)
		}
	}
}

// A message of s bytes and 32 of an envelope takes 8·(s+32)/bandwidth of the
// wire: what comes while it is taken waits, and is dropped if it would wait
// longer than the queue allows.
func TestBandwidth(t *testing.T) {
	const burst = `
tick("100us")
def go(me, m):
    for i in range(5):
        me.send(me.neighbours[0], "item", pad = "x" * 100)
def item(me, m):
    print(now() - duration("1100us"))
a = node("a", program(on = {"go": go, "item": item}))
b = node("b", program(on = {"item": item}))
link(a, b, latency = "2ms", bandwidth = "100kbps"OPTIONS)
at("1ms", send(a, "go"))
run(until = "1s")
`
	// The payload: how many fields, the name, the text with its tag and length.
	const bytes = 1 + (1 + 3) + (1 + 1 + 100) + 32
	for _, tc := range []struct {
		options string
		n       int
	}{{"", 5}, {`, queue = "5ms"`, 1}, {`, queue = "12ms"`, 2}, {`, queue = "30ms"`, 3}, {`, queue = "1s"`, 5}} {
		got := story(ran(t, with(burst, "OPTIONS", tc.options)))
		if len(got) != tc.n {
			t.Errorf("%s: %d come, not %d", tc.options, len(got), tc.n)
		}
		for i, line := range got {
			air := float64(8*bytes) / 100_000 * 1e6 * float64(i+1) // µs
			tick := math.Ceil((1100 + air + 2000) / 100)
			if !strings.HasPrefix(line, fmt.Sprintf("%v b ", tick)) {
				t.Errorf("%s: the %d. at %s, not tick %v", tc.options, i+1, line, tick)
			}
		}
	}
}

// What is flipped in transit is of the payload, as the program would read it: a
// script reads values, so what is no message any more is refused.
func TestCorrupt(t *testing.T) {
	numbers, _ := arrivals(t, `corrupt = 0`)
	if len(numbers) != 999 {
		t.Errorf("%d come", len(numbers))
	}
	t.Run("corrupted", func(t *testing.T) {
		arrivals(t, `corrupt = 0.1`)
	})
}

func TestShapesOfLinks(t *testing.T) {
	for _, tc := range []struct{ make, want string }{
		{`mesh(a)`, "1234 0234 0134 0124 0123"}, {`mesh(a, one_way = True)`, "1234 234 34 4 "}, {`ring(a)`, "14 02 13 24 03"}, {`ring(a, one_way = True)`, "1 2 3 4 0"},
		{`star(a[2], a)`, "2 2 0134 2 2"}, {`tree(a)`, "12 034 0 1 1"}, {`tree(a, branching = 3)`, "123 04 0 0 1"}, {`grid(a[:4], width = 2)`, "12 03 03 12 "},
		{`grid(a[:4], width = 2, diagonals = True)`, "123 023 013 012 "}, {`grid(a[:3], width = 3, torus = True)`, "12 02 01  "}, {`network(a[1:4])`, " 23 13 12 "},
		{`link(a[0], a[1:3], one_way = True)`, "12    "}, {`link(a[:2], a[3:])`, "34 34  01 01"}, {`network(a)`, "1234 0234 0134 0124 0123"},
	} {
		s := lab(t, "a = nodes(\"a\", 5, program(on_start = lambda me: print(\"\".join([str(i) for i in sorted([n.index for n in me.neighbours])]))))\n"+tc.make+"\nrun(until = \"1ms\")")
		var got []string
		for _, line := range story(to(t, s, 1)) {
			got = append(got, strings.SplitN(line, " ", 3)[2])
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %q, want %q", tc.make, strings.Join(got, " "), tc.want)
		}
	}
	for degree := 2; degree <= 4; degree++ {
		s := lab(t, fmt.Sprintf("a = nodes(\"a\", 5, program())\nrandom_graph(a, %d)\nrun(until = \"1ms\")", degree))
		if got := s.Run.Links.Len(); got != max(4, 5*degree/2)*2 {
			t.Errorf("degree %d: %d links", degree, got)
		}
	}
}

// A matrix says how long each way takes, or half of both; a map's lengths do,
// at 200 km a millisecond; the options' latency comes on top.
func TestLatenciesOfFiles(t *testing.T) {
	files := map[string]string{
		"m.csv": "from,x,y,z\nx,,10,30\ny,20,,\nz,1.5,2ms,\n",
		"m.gml": "graph [ node [ id 0 label \"Oslo\" ] node [ id 1 label \"Rome\" ] node [ id 2 label \"Bern\" ]\n edge [ source 0 target 1 length 2000 ] edge [ source 1 target 2 length 690.5 ] ]",
	}
	const tell = `
def begin(me):
    for n in me.neighbours:
        me.send(n, "item", at = now())
def item(me, m):
    print(m.source.name, now() - m.at)
p = program(on_start = begin, on = {"item": item})
`
	for _, tc := range []struct{ make, want string }{
		{`latency_matrix("m.csv", nodes("n", 3, p))`, "2 n[0] n[2] 2ms|2 n[1] n[2] 2ms|10 n[1] n[0] 10ms|20 n[0] n[1] 20ms|30 n[2] n[0] 30ms"},
		{`latency_matrix("m.csv", nodes("n", 3, p), rtt = True, latency = "1ms")`, "2 n[0] n[2] 2ms|2 n[1] n[2] 2ms|6 n[1] n[0] 6ms|11 n[0] n[1] 11ms|16 n[2] n[0] 16ms"},
		{`topology("m.gml", p)`, "4 Bern Rome 4ms|4 Rome Bern 4ms|10 Oslo Rome 10ms|10 Rome Oslo 10ms"},
		{`topology("m.gml", p, latency = "2ms")`, "6 Bern Rome 6ms|6 Rome Bern 6ms|12 Oslo Rome 12ms|12 Rome Oslo 12ms"},
		{`print(topology("m.gml", p)["Rome"].neighbours)`, "-1 outside [Oslo, Bern]|4 Bern Rome 4ms|4 Rome Bern 4ms|10 Oslo Rome 10ms|10 Rome Oslo 10ms"},
	} {
		s, err := Load(labFS(tell+tc.make+"\nrun(until = \"50ms\")", files), labFile, Options{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, tc.make, strings.Join(sortedLines(strings.Split(tc.want, "|")), "\n"), strings.Join(sortedLines(story(to(t, s, 50))), "\n"))
	}
}

func TestErrorsOfLinks(t *testing.T) {
	const nodes = "p = program()\na = nodes(\"a\", 4, p)\n"
	for _, tc := range []struct{ make, want string }{
		{`link(a[0], a[0])`, "link: a[0] needs no link to itself"},
		{`link(a, a[3])`, "link: a[3] needs no link to itself"},
		{`mesh(a + a[:1])`, "mesh: a[0] is among the nodes twice"},
		{`ring([a[0], a[1], a[0]])`, "ring: a[0] is among the nodes twice"},
		{`tree(a + a)`, "tree: a[0] is among the nodes twice"},
		{`grid(a, width = 3)`, "grid: 4 nodes do not make rows of 3"},
		{`random_graph(a, degree = 4)`, "random_graph: a degree is 2 to 3 for 4 nodes, not 4"},
		{`network(a, one_way = True)`, "network: in a network everyone reaches everyone"},
		{`mesh(a, fifo = True, reorder = 0.1)`, "mesh: on a fifo link nothing overtakes, so it cannot reorder"},
		{`mesh(a, queue = "1s")`, "mesh: a queue needs a bandwidth"},
		{`mesh(a, latency = "20000d")`, "latency, jitter and queue are at most"},
		{`mesh(a, latency = "-1s")`, "mesh: latency: -1s is negative"},
		{`mesh(a, latency = 5)`, "mesh: latency: a duration needs a unit"},
		{`mesh(a, loss = 1.5)`, "mesh: loss: a probability is a number from 0 to 1, not 1.5"},
		{`mesh(a, bandwidth = "1.5Mbps")`, `mesh: bandwidth: "1.5Mbps" is no bandwidth; write a whole number and bps, kbps, Mbps or Gbps`},
		{`mesh(a, bandwidth = 0)`, "mesh: bandwidth: 0 bits a second are none to send with"},
		{`mesh(a, laency = "1ms")`, `unexpected keyword argument "laency"`},
		{`star(a, a)`, "for parameter hub: got group, want node"},
	} {
		failsToLoad(t, nodes+tc.make, tc.want)
	}
}
