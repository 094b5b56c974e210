// These tests hold a viewer's queue to its promises against a viewer that
// knows nothing but what it is given and told: any pushes, takes and
// subscriptions, drawn by rapid.
package zmq

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A topicModel is one topic as its publisher and the viewer have it.
type topicModel struct {
	pushed, lastWhole int
	firstWhole        int // before it nothing is missed
	has               int // the newest message the viewer was given
	received          uint64
	told              uint64
	asked             bool
}

func TestQueueKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 4000
		perTopic := rapid.IntRange(1, 6).Draw(t, "messages a topic")
		q := newQueue(limit, perTopic)
		topics := map[string]*topicModel{}
		for _, name := range []string{"a", "b", "c"} {
			topics[name] = &topicModel{}
		}
		push := func(t *rapid.T, name string, whole bool) {
			m := topics[name]
			m.pushed++
			if whole {
				m.lastWhole = m.pushed
				if m.firstWhole == 0 {
					m.firstWhole = m.pushed
				}
			}
			body := strings.Repeat("x", rapid.SampledFrom([]int{0, 10, 500, 1500, 3000, 5000}).Draw(t, "size"))
			q.push(Message{Parts: bytesOf([]string{name, fmt.Sprint(m.pushed), fmt.Sprint(m.lastWhole), body}), Whole: whole})
		}
		take := func(t *rapid.T, most int) {
			for _, parts := range q.take(most) {
				m := topics[string(parts[0])]
				var n, whole int
				fmt.Sscan(string(parts[1]), &n)
				fmt.Sscan(string(parts[2]), &whole)
				if n <= m.has {
					t.Fatalf("topic %s: %d after %d", parts[0], n, m.has)
				}
				if n != whole && m.has != n-1 {
					t.Fatalf("topic %s: delta %d on %d", parts[0], n, m.has)
				}
				m.has = n
				m.received++
			}
			for _, l := range q.lags() {
				m := topics[l.topic]
				m.told += l.missed
				m.asked = l.whole
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				push(t, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "topic"), rapid.Bool().Draw(t, "whole"))
			},
			"take": func(t *rapid.T) { take(t, rapid.IntRange(1, 5000).Draw(t, "most")) },
			"": func(t *rapid.T) {
				bytes := 0
				for _, l := range q.lanes {
					for _, m := range l.pending {
						bytes += m.size()
					}
					if len(l.pending) > perTopic {
						t.Fatalf("%d messages wait", len(l.pending))
					}
				}
				if bytes != q.bytes || bytes > limit && len(q.ring) > 1 {
					t.Fatalf("%d bytes wait, counted as %d", bytes, q.bytes)
				}
			},
		})
		// In the end the viewer has the newest of each topic that has a whole
		// one, once it is given what is asked for, and knows what it missed.
		for range 10 {
			take(t, 1<<20)
			for _, name := range []string{"a", "b", "c"} {
				if m := topics[name]; m.asked {
					m.asked = false
					push(t, name, true)
				}
			}
		}
		for name, m := range topics {
			if m.firstWhole > 0 && m.has != m.pushed {
				t.Fatalf("topic %s: the viewer has %d of %d", name, m.has, m.pushed)
			}
			if m.firstWhole > 0 && m.received+m.told != uint64(m.pushed-m.firstWhole+1) {
				t.Fatalf("topic %s: received %d, told of %d, pushed %d from %d on", name, m.received, m.told, m.pushed, m.firstWhole)
			}
		}
	})
}

// However much there is of a large topic, a small one waits for one message
// of it, and its newest gets through.
func TestLargeTopicsDoNotStarveSmallOnes(t *testing.T) {
	q := newQueue(1<<20, 1000)
	for range 100 {
		q.push(whole("large", strings.Repeat("x", 100<<10)))
	}
	for i := range 20 {
		q.push(delta("never begun", fmt.Sprint(i)))
		q.push(whole("small", fmt.Sprint(i)))
	}
	var order []string
	newest := ""
	for len(q.ring) > 0 {
		for _, parts := range q.take(1) {
			order = append(order, string(parts[0]))
			if string(parts[0]) == "small" {
				newest = string(parts[1])
			}
		}
	}
	if newest != "19" || !slices.Contains(order[:2], "small") || !slices.Contains(order, "large") {
		t.Errorf("newest small one is %q, in the order %v", newest, order)
	}
}

// A topic that is not wanted any more is forgotten with what was missed of it.
func TestUnsubscribingForgets(t *testing.T) {
	q := newQueue(1000, 2)
	for range 5 {
		q.push(whole("a"))
		q.push(delta("b"))
	}
	q.keep(func(topic string) bool { return topic != "a" })
	if q.bytes != 0 || len(q.ring) != 0 || len(q.lags()) != 0 {
		t.Errorf("%d bytes wait, %v", q.bytes, q.lags())
	}
	q.push(delta("a"))
	if len(q.take(1000)) != 0 {
		t.Error("a delta without a whole one before it")
	}
}

func TestEventsAreBounded(t *testing.T) {
	e := newEvents()
	for i := range 1000 {
		id := ID(i + 1)
		e.put(Event{Kind: Joined, Viewer: id})
		e.put(Event{Kind: Subscribed, Viewer: id})
		e.put(Event{Kind: Lagged, Viewer: id, Topic: "t", Count: 1})
		e.put(Event{Kind: Left, Viewer: id})
		e.put(Event{Kind: Refused, Count: 1})
	}
	list := e.drain()
	if len(list) != 1 || list[0].Kind != Refused || list[0].Count != 1000 {
		t.Errorf("got %d events, %v", len(list), list[0])
	}
	e.put(Event{Kind: Joined, Viewer: 7})
	e.put(Event{Kind: Lagged, Viewer: 7, Topic: "t", Count: 1})
	e.put(Event{Kind: Lagged, Viewer: 7, Topic: "t", Count: 2, Whole: true})
	e.drain()
	e.put(Event{Kind: Left, Viewer: 7})
	if list := e.drain(); len(list) != 1 || list[0].Kind != Left {
		t.Errorf("got %v", list)
	}
}
