package publish

import (
	"strings"
	"testing"
	"time"

	"orrery/ecs"
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
	l.begin(&w)
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

// Who comes late sees the last values, though nobody looked when they came; after
// a jump to another moment, what comes from there on.
func TestLastValuesAreThereForWhoComesLate(t *testing.T) {
	s := loaded(t, told)
	var start ecs.Snapshot
	s.Run.Snapshot(&start)
	m, v := watched(t, s)
	look := func() string {
		_ = v.Subscribe("feeds")
		defer v.Unsubscribe("feeds")
		m.pass(time.Second)
		m.round(Clock{})
		for {
			f, ok := v.Next()
			if !ok {
				return ""
			}
			if f.Topic == "feeds" {
				return string(f.Body)
			}
		}
	}
	if err := s.Run.RunUntil(2); err != nil {
		t.Fatal(err)
	}
	if got, want := look(), `[{"name":"kept","from":"n[0]","tick":0,"value":{"a":[1,null]}},{"name":"once","from":"n[0]","tick":0,"value":1}]`; got != want {
		t.Errorf("late it sees %s, want %s", got, want)
	}
	if err := s.Run.Restore(&start); err != nil {
		t.Fatal(err)
	}
	m.station.tap.Fork()
	if got := look(); got != "[]" {
		t.Errorf("back at the start it sees %s", got)
	}
}
