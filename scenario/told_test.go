// Proves that what messages of a trace say can be told from the trace and the
// scenario alone: of every message of every scenario that comes with Orrery it is
// what is told of it while the run goes on.
package scenario

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// spoken is a run whose trace has every message, and what was told of each.
func spoken(t *testing.T, s *Scenario, until ecs.Tick) (*trace.File, map[string]string) {
	t.Helper()
	var b bytes.Buffer
	c := s.Recording()
	c.Messages = true
	r, err := trace.NewRecorder(&b, c)
	must(t, err)
	live, w := map[string]string{}, s.Run.World
	w.Watch(func(x ecs.Sent) {
		s.Run.Feeds.Singles(x.Envelope, func(one *ecs.Envelope, payload []byte) {
			live[fmt.Sprintf("%013x %s", uint64(one.ID()), w.NodeName(one.To))] = string(s.ValueJSON(payload))
		})
		live[fmt.Sprintf("%013x %s", uint64(x.Envelope.ID()), w.NodeName(x.Envelope.To))] = string(s.MessageJSON(x.Envelope, w.Payload(x.Envelope)))
	})
	must(t, s.Run.RunUntil(until))
	sum := s.Run.End()
	must(t, r.Close(&sum))
	f, err := trace.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	must(t, err)
	return f, live
}

func TestMessagesOfTracesAreToldAsLive(t *testing.T) {
	for _, x := range sources() {
		t.Run(x.name, func(t *testing.T) {
			f, live := spoken(t, x.load(t, 5), x.until)
			fresh, kinds := x.load(t, 5), map[string]int{}
			must(t, f.EachMessage(func(m *trace.Message) error {
				text, content := fresh.MessageTold(m)
				if (text == "") != (content == nil) {
					t.Fatalf("%s: told %q and %q", m, text, content)
				}
				if want := live[m.ID+" "+m.To]; string(content) != want && m.To != "everyone" {
					t.Fatalf("%s: told %q, live %q", m, content, want)
				}
				if content == nil && !unspoken(m.Kind) && m.Payload != "" {
					t.Errorf("%s: nothing is told of it", m)
				}
				kinds[m.Kind]++
				return nil
			}))
			if len(kinds) == 0 {
				t.Fatal("no message was kept")
			}
		})
	}
}

// unspoken are kinds of what the engine tells itself.
func unspoken(kind string) bool {
	return slices.Contains([]string{"(call ends)", "(pipe waits)", "(taken)", "(feed wakes)", "(gossip)", "(param)", "(service ends)", "start"}, kind)
}

// Each sort of message is spelled as the scenario writes it. That one of the
// scenario's kinds is called as one of the engine's confuses nobody.
func TestMessagesAreSpelled(t *testing.T) {
	const text = `
def go(me):
    me.v = 7
    me.send(me.peers[0], "vote", term = 3, granted = True, at = duration("5ms"), of = me, note = "x")
    me.send(me.peers[0], "timer", left = 2.0)
    me.send(me.peers[0], "two words")
    me.after("1ms", heard)
    me.after("2ms", bind(told, 5))
    if me.index == 0:
        me.call("kv.put", "x", to = me.peers[0], then = done, timeout = "20ms", ttl = 5)
        me.call("bad", to = me.peers[0], then = done, timeout = "20ms")
        me.push("p", {"i": 1})
        me.publish("news", ["hot", None])

def heard(me, m = None):
    pass

def told(me, n):
    pass

def put(me, key, ttl):
    return [key, ttl]

def bad(me):
    fail("no room")

def done(me, reply):
    pass

prog = program(state = {"v": 0}, shows = ["v"], on_start = go, on = {"vote": heard, "timer": heard, "two words": heard}, provides = {"kv.put": put, "bad": bad}, pulls = {"p": done}, subscribes = {"news": done})
n = nodes("n", 2, prog)
pipe("p", n[0], n[1], 4)
mesh(n, latency = "2ms")
run(until = "30ms")
`
	s := lab(t, text)
	f, _ := spoken(t, s, s.Until)
	fresh := lab(t, text)
	var got []string
	must(t, f.EachMessage(func(m *trace.Message) error {
		if text, _ := fresh.MessageTold(m); text != "" && !slices.Contains(got, text) {
			got = append(got, text)
		}
		return nil
	}))
	want := []string{
		`vote(at = 5ms, granted = True, note = "x", of = n[0], term = 3)`, `vote(at = 5ms, granted = True, note = "x", of = n[1], term = 3)`,
		`timer(left = 2.0)`, `"two words"()`, `timer heard`, `timer bind(told, 5)`, `(call) kv.put("x", ttl = 5)`, `(call) bad()`,
		`(reply) ["x", 5]`, `(failure) "lab.star:25:9: no room"`, `(item) {"i": 1}`, `(feed) ["hot", None]`, `(show)(v = 7)`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, odd := range []trace.Message{{}, {Kind: "vote"}, {Kind: "vote", Payload: "zz"}, {Kind: "vote", Payload: "05"}, {Kind: "none", Payload: "00"}, {Kind: "(call)", Payload: "1 2"}, {Kind: "(call)", Payload: "00"}, {Kind: "vote", Feed: "x", Payload: "ff"}, {Kind: "(failure)", Payload: "999 0"}} {
		if text, content := fresh.MessageTold(&odd); text != "" || content != nil {
			t.Errorf("of %+v is told %q", odd, text)
		}
	}
	if a := (systems.Action{Verb: systems.Message, Payload: []byte{9}}); fresh.ActionTold(&a) != nil {
		t.Error("bytes that are no message are told")
	}
}
