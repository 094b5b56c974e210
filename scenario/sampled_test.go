package scenario

import (
	"slices"
	"strings"
	"testing"

	"orrery/ecs"
)

// What goes over links is told in the words of the scenario.
func TestContentOfMessages(t *testing.T) {
	s := labSeeded(t, 1, `
def go(me):
    me.v = 7
    me.send(me.peers[0], "hi", a = [1, None], b = me)
    if me.index == 0:
        me.call("put", "x", to = me.peers[0], then = done, timeout = "20ms", ttl = 5)
        me.call("bad", to = me.peers[0], then = done, timeout = "20ms")
        me.call("none", to = me.peers[0], then = done, timeout = "20ms")
        me.push("p", {"i": 1})

def put(me, key, ttl):
    return [key, ttl]

def bad(me):
    fail("no room")

def done(me, reply):
    pass

def none(me):
    return None

prog = program(state = {"v": 0}, shows = ["v"], on_start = go, on = {"hi": done}, provides = {"put": put, "bad": bad}, pulls = {"p": done})
other = node("other", program(provides = {"none": none}))
n = nodes("n", 2, prog)
pipe("p", n[0], n[1], 4)
mesh(n, latency = "2ms")
run(until = "30ms")
`)
	w := s.Run.World
	var got []string
	w.Watch(func(x ecs.Sent) {
		e := x.Envelope
		if e.Kind().IsTimer() || e.From == e.To {
			return
		}
		if text := s.MessageJSON(e, w.Payload(e)); !slices.Contains(got, w.KindName(e.Kind())+" "+string(text)) {
			got = append(got, w.KindName(e.Kind())+" "+string(text))
		}
	})
	if err := s.Run.RunUntil(s.Until); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`hi {"a":[1,null],"b":"n[0]"}`, `hi {"a":[1,null],"b":"n[1]"}`,
		`(call) {"service":"put","args":["x"],"named":{"ttl":5}}`, `(call) {"service":"bad","args":[]}`, `(call) {"service":"none","args":[]}`,
		`(item) {"i":1}`, `(show) {"v":7}`, `(reply) ["x",5]`, `(failure) "lab.star:15:9: no room"`, `(failure) "unknown service"`, `(taken) `,
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// What is no payload at all is nothing, and no panic.
	target, _ := w.NodeNamed("n[0]")
	for _, k := range []ecs.Kind{s.script.kinds.call, s.script.kinds.answer, s.script.kinds.failed, s.script.kinds.show, s.script.kinds.item, s.script.kinds.index["hi"], s.script.kinds.timer} {
		e := w.Outside(target, k, 0, 0, "x")
		for _, payload := range []string{"", "x", "12345678", "12345678\x05"} {
			w.WithBytes(&e, []byte(payload))
			s.MessageJSON(&e, []byte(payload))
		}
	}
}
