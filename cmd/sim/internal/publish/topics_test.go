// Holds the bodies of documents and logs against docs/protocol.md, which has one
// of each, made from the real structs.
package publish

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

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
	w := shown(s)
	tap := newTap(w)
	sampleOf := func(kind string) *sample {
		f, failed := newFilter(&w, &netsync.MessageSelection{Kinds: []string{kind}})
		if failed != nil {
			t.Fatal(failed)
		}
		return newSample(&w, f, 1000)
	}
	calls, feeds := sampleOf("(call)"), sampleOf("(feed)")
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	o := &order{events: true, points: true, checks: true, measures: true, params: true, feeds: true}
	tap.fill(o, Clock{Until: s.Until, Pace: 1, Ended: true})
	o.clock.Digest = "0123456789abcdef" // which each engine's revision has another of
	page, err := os.ReadFile("../../../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	e, p := o.found.events[0], o.found.points[0]
	for what, body := range map[string]any{
		"clock":    o.clock,
		"calls":    calls.take(0).items[0],
		"values":   feeds.take(0).items[0],
		"left out": leftItem{s.Until, 1234},
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
