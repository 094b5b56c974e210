// Holds the bodies of documents and logs against docs/protocol.md, which has one
// of each, made from the real structs.
package publish

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/netsync"
)

const shop = `
def buy(me, item):
    me.publish("sold", item)
    return "ok"

def ask(me):
    me.call("buy", "tea", then = bought, timeout = "5ms")

def bought(me, reply):
    count("bought")
    measure("took", reply.took)
    note("bought", by = me.name)

def heard(me, value):
    me.heard += 1

param("price", 3, consistency = "eventual")

def dearer(me):
    me.set_param("price", 4)

clerk = program(provides = {"buy": buy}, on_start = dearer)
customer = program(state = {"heard": 0}, every = {"10ms": ask}, subscribes = {"sold": heard})
clerks = nodes("clerk", 1, clerk)
customers = nodes("customer", 2, customer)
network(clerks + customers, latency = "1ms", bandwidth = "1Mbps")
always("they hear", lambda: min(customers.heard) >= 0)
series("heard", lambda: sum(customers.heard), every = "10ms")
export("heard", of = customers)
run(until = "50ms")
`

// TestBodiesAreAsDescribed makes each body, and looks it up in the page.
func TestBodiesAreAsDescribed(t *testing.T) {
	s := loaded(t, shop)
	tap := newTap(shown(s))
	tap.fill(&order{follow: true}, Clock{})
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	o := &order{events: true, points: true, checks: true, measures: true, params: true, feeds: true, follow: true}
	tap.fill(o, Clock{Until: s.Until, Pace: 1, Ended: true})
	o.clock.Digest = "0123456789abcdef" // which each engine's revision has another of
	page, err := os.ReadFile("../../../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	e, p := o.found.events[0], o.found.points[0]
	for what, body := range map[string]any{
		"clock":    o.clock,
		"feeds":    o.found.lasts,
		"params":   o.found.params,
		"checks":   checkItems(o.found.checks),
		"measures": measureItems{spreadItems(o.found.spreads), tallyItems(o.found.tallies), callItemOf(&o.found.calls), o.found.feeds},
		"events":   eventItem{e.Tick, e.Kind, e.Node, json.RawMessage(e.Fields)},
		"series":   pointItem{p.Tick, number(p.Value)},
	} {
		if text := string(mustJSON(body)); !strings.Contains(string(page), "`"+text+"`") {
			t.Errorf("docs/protocol.md does not have this of %s:\n%s", what, text)
		}
	}
}

// The column of a link's queue is how long what is sent now would wait.
func TestQueueOfALink(t *testing.T) {
	s := loaded(t, `
def flood(me):
    for i in range(10):
        me.send(me.neighbours[0], "x") # 33 bytes: 264 µs each

n = nodes("n", 2, program(on_start = flood, on = {"x": lambda me, m: None}))
link(n[0], n[1], latency = "1ms", bandwidth = "1Mbps")
run(until = "200ms")
`)
	from := newTableSource(s.Run.World, &exportedTables[0])
	names, _ := from.keys(s.Run.World)
	if len(names) != 2 || names[0] != "n[0] -> n[1]" {
		t.Fatalf("links %q", names)
	}
	for _, at := range []struct {
		tick ecs.Tick
		want ecs.Nanoseconds
	}{{0, 2640000}, {2, 640000}, {150, 0}} {
		if err := s.Run.RunUntil(at.tick); err != nil {
			t.Fatal(err)
		}
		im := &netsync.Image{Columns: make([][]byte, 3)}
		im.Resize(from.columns(), 2)
		from.fill(s.Run.World, im.Columns)
		got := ecs.Nanoseconds(0)
		for i := range 8 {
			got |= ecs.Nanoseconds(im.Columns[2][i]) << (8 * i)
		}
		if got != at.want {
			t.Errorf("at tick %d the queue is %d ns, want %d", at.tick, got, at.want)
		}
	}
}
