package publish

import (
	"strings"
	"testing"
)

const told = `
def begin(me):
    me.publish("kept", {"a": [1, None]})
    me.publish("once", 1)

def again(me):
    me.publish("long", "x" * 5000)
    for i in range(300):
        me.publish("many/%d" % i, i)

feed("kept", latched = True)
n = nodes("n", 1, program(on_start = begin, every = {"5ms": again}))
run(until = "20ms")
`

// Who begins to look late sees what latched feeds had, and what comes then: of
// so many feeds as are told.
func TestLastValuesOfFeeds(t *testing.T) {
	s := loaded(t, told)
	if err := s.Run.RunUntil(2); err != nil {
		t.Fatal(err)
	}
	w := shown(s)
	var l lasts
	l.watch(&w, true)
	if got := string(mustJSON(l.items(&w))); got != `[{"name":"kept","from":"n[0]","value":{"a":[1,null]}}]` {
		t.Errorf("at first %s", got)
	}
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	items := l.items(&w)
	if len(items) != someLasts || items[1].Name != "long" || items[1].Value != nil || items[1].Bytes <= 5000 {
		t.Errorf("%d feeds, the second is %s", len(items), mustJSON(items[1]))
	}
	if x := items[9]; !strings.HasPrefix(x.Name, "many/") || "many/"+string(x.Value) != x.Name || *x.Tick < 15 {
		t.Errorf("one of many is %s", mustJSON(x))
	}
}

// Values are kept while somebody looks, and no longer: not even when nobody is
// left who would ask.
func TestFeedsAreNotFollowedForNobody(t *testing.T) {
	s := loaded(t, told)
	m, v := watched(t, s)
	for i, step := range []struct {
		do   func()
		want bool
	}{
		{func() {}, false},
		{func() { _ = v.Subscribe("feeds") }, true},
		{func() { v.Leave(); delete(m.station.viewers, 1) }, false},
	} {
		step.do()
		m.pass(frameEvery)
		m.round(Clock{})
		if m.station.tap.lasts.on != step.want {
			t.Errorf("after step %d feeds are followed: %v", i, !step.want)
		}
	}
}
