// Proves that a request is what it says or is refused with its ID, a code, and
// what to do; that limits are said when hit; and that commands wait in order.
package netsync

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRequestRefused(t *testing.T) {
	for _, test := range []struct{ text, code, want string }{
		{``, CodeMalformed, "no JSON object; send one JSON object"},
		{`"hello"`, CodeMalformed, "no JSON object"},
		{`{"v":1,"id":7,"do":"hello"`, CodeMalformed, "unexpected end"},
		{`{"v":1,"id":7,"do":"hello"}x`, CodeMalformed, "no JSON"},
		{`{"v":1,"id":7,"do":"publish","feed":"a","value":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, CodeMalformed, "more than 32 levels of JSON"},
		{`{"v":1,"id":7,"id":8,"do":"hello"}`, CodeMalformed, `"id" is there twice; name each field once`},
		{`{"v":1,"id":7,"do":"publish","feed":"a","value":{"x":1,"x":2}}`, CodeMalformed, `"x" is there twice`},
		{`{"v":1,"id":-7,"do":"hello"}`, CodeMalformed, `"id" cannot be a number -7; docs/protocol.md has the types`},
		{"{\"v\":1,\"id\":7,\"do\":\"hello\",\"client\":\"\xff\"}", CodeMalformed, "no UTF-8"},
		{`{"v":1,"id":7,"do":"schema","topic":"x"}`, CodeMalformed, `schema has no "topic"; it has nothing but v, id and do`},
		{`{"v":1,"id":7,"do":"step","ticks":"10"}`, CodeMalformed, `"ticks" cannot be a string`},
		{`{"v":1,"id":7,"do":"step","ticks":0}`, CodeRange, "a step of 0 ticks"},
		{`{"v":2,"id":7,"do":"hello"}`, CodeVersion, `version 2 of the wire; this speaks "v":1`},
		{`{"v":1,"id":7,"do":"helo"}`, CodeUnknown, `nothing is called "helo"; "do" is one of hello, schema`},
		{`{"v":1,"id":7,"do":"hello","topic":"x"}`, CodeMalformed, `hello has no "topic"; it has client`},
		{`{"v":1,"id":7,"do":"hello","Client":"x"}`, CodeMalformed, `hello has no "Client"`},
		{`{"v":1,"id":7,"do":"call"}`, CodeMalformed, `call needs "service"; it must have service`},
		{`{"v":1,"id":7,"do":"call","service":"kv.put","timeout_ns":-1}`, CodeRange, "below 0"},
		{`{"v":1,"id":7,"do":"pace","pace":-1}`, CodeRange, "a pace is below 0; 0 is as fast as it goes"},
		{`{"v":1,"id":7,"do":"go"}`, CodeMalformed, `go needs "at_ns"`},
		{`{"v":1,"id":7,"do":"go","at_ns":-1}`, CodeRange, "a moment is below 0, or null; 0 is the start"},
		{`{"v":1,"id":7,"do":"go","at_ns":null}`, CodeRange, "a moment is below 0, or null"},
		{`{"v":1,"id":7,"do":"go","at_ns":1.5}`, CodeMalformed, `"at_ns" cannot be a number 1.5`},
		{`{"v":1,"id":7,"do":"export","export":null}`, CodeMalformed, "an export of null"},
		{`{"v":1,"id":7,"do":"export","export":{"fields":[]}}`, CodeRange, "a selection needs fields"},
		{`{"v":1,"id":7,"do":"export","export":{"fields":["a"],"hz":1,"ticks":1}}`, CodeRange, "in hz or in ticks, and not both"},
		{`{"v":1,"id":7,"do":"export","export":{"field":["a"]}}`, CodeMalformed, `an export has no "field"; it has program, fields`},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{"kind":["a"]}}}`, CodeMalformed, `messages have no "kind"; they have kinds, nodes, links, per_second`},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{},"fields":["a"]}}`, CodeRange, "of columns or of messages, and not both"},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{"kinds":[""]}}}`, CodeRange, "a pattern of messages is empty; * is all"},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{"links":["a"]}}}`, CodeRange, `"a" is no link; write FROM -> TO`},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{"per_second":10001}}}`, CodeRange, "10001 messages a second; 1 to 10000"},
		{`{"v":1,"id":7,"do":"export","export":{"messages":{"nodes":["` + strings.Repeat("x", 300) + `"]}}}`, CodeRange, "more than 255 bytes of a name"},
		{`{"v":1,"id":7,"do":"list","what":"` + strings.Repeat("x", 300) + `"}`, CodeLimit, `"what" has 300 bytes; at most 255`},
		{`{"v":1,"id":7,"do":"hello","client":"` + strings.Repeat("x", MaxRequest) + `"}`, CodeLimit, "send at most 65536"},
		{`{"v":1,"do":"publish","value":{"id":8,"x":["` + strings.Repeat("x", 100) + `"]},"id":7,"feed":"` + strings.Repeat("x", MaxRequest), CodeLimit, "send at most 65536"},
	} {
		r, e := ParseRequest([]byte(test.text))
		if e == nil || e.Code != test.code || !strings.Contains(e.Error(), test.want) {
			t.Errorf("%.100s: %v\nwant %s: %s", test.text, e, test.code, test.want)
		}
		if id := r.ID; id != 7 && !slices.Contains(withoutID, test.want) {
			t.Errorf("%.100s: the ID is %d", test.text, id)
		}
	}
	for _, space := range []string{" ", "\n\t\r\n "} {
		if r, e := ParseRequest([]byte(space + `{"v":1,"id":7,"do":"hello"}` + space)); e != nil || r.ID != 7 {
			t.Errorf("in space: %v, ID %d", e, r.ID)
		}
	}
}

// withoutID are errors of what is no JSON, or has no id that could be meant.
var withoutID = []string{
	"no JSON object; send one JSON object", "no JSON object", "unexpected end", "no JSON", `"id" is there twice; name each field once`,
	`"id" cannot be a number -7; docs/protocol.md has the types`,
}

func FuzzRequest(f *testing.F) {
	for _, r := range everyRequest() {
		f.Add(AppendRequest(nil, r))
	}
	f.Add([]byte(`{"v":1,"id":1,"do":"export","export":{"messages":{"kinds":["a*"],"nodes":["@g"],"links":["a -> b"],"per_second":5}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, e := ParseRequest(b)
		if e != nil {
			if e.Code == "" || e.Text == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		text := AppendRequest(nil, r)
		again, e := ParseRequest(text)
		if e != nil {
			// Some of what is empty is left out when written.
			if strings.Contains(e.Text, " needs ") {
				return
			}
			t.Fatalf("%s: %v", text, e)
		}
		if a, b := string(AppendRequest(nil, again)), string(text); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// everyRequest is one of each.
func everyRequest() []Request {
	pace, at := 2.5, int64(100e6)
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	all := []Request{
		{Do: DoHello, Client: "orrery.py"},
		{Do: DoSchema},
		{Do: DoList, What: "tables"},
		{Do: DoKeyframe, Topic: "columns/client/all"},
		{Do: DoExport, Export: &Selection{Program: "client", Fields: []string{"sent"}, Nodes: "client[*]", Group: "clients", Hertz: 10}},
		{Do: DoUnexport, Topic: "columns/.ask1/client"},
		{Do: DoCall, Service: "kv.put", To: "store[0]", Args: []json.RawMessage{raw(`"x"`), raw(`1`)}, Named: map[string]json.RawMessage{"ttl": raw(`5`)}, Timeout: 50e6},
		{Do: DoPublish, Feed: "changed", Value: raw(`{"key":"x"}`)},
		{Do: DoSet, Param: "fanout", Value: raw(`3`), Node: "store[0]", If: raw(`[2,"store[1]"]`)},
		{Do: DoGet, Param: "fanout", Node: "store[1]"},
		{Do: DoPush, Pipe: "orders", Value: raw(`{"key":"x"}`), Node: "client[0]"},
		{Do: DoSend, Kind: "renew", Fields: map[string]json.RawMessage{"key": raw(`"x"`)}, Nodes: []string{"store[*]"}},
		{Do: DoPause},
		{Do: DoResume},
		{Do: DoStep, Ticks: 10},
		{Do: DoPace, Pace: &pace},
		{Do: DoFault, Fault: "crash", Nodes: []string{"store[0]"}, Lasting: 800e6},
		{Do: DoGo, At: &at},
		{Do: DoOutcome, Act: 7},
	}
	for i := range all {
		all[i].Version, all[i].ID = Version, uint64(i+1)
	}
	return all
}

// Each request is read as it was written, and each thing to do is one.
func TestRequestsRead(t *testing.T) {
	all := everyRequest()
	if len(all) != len(needs) {
		t.Fatalf("%d requests of %d", len(all), len(needs))
	}
	for i, r := range all {
		if r.Do != needs[i].do {
			t.Errorf("%s stands where %s is", r.Do, needs[i].do)
		}
		got, e := ParseRequest(AppendRequest(nil, r))
		if e != nil {
			t.Fatal(e)
		}
		if d := cmp.Diff(r, got); d != "" {
			t.Error(d)
		}
	}
}

func TestMessageSelection(t *testing.T) {
	r, e := ParseRequest([]byte(`{"v":1,"id":1,"do":"export","export":{"messages":{"kinds":["a*"],"nodes":["@g"],"links":["a -> b"],"per_second":5}}}`))
	want := &MessageSelection{Kinds: []string{"a*"}, Nodes: []string{"@g"}, Links: []string{"a -> b"}, PerSecond: 5}
	if e != nil || !cmp.Equal(r.Export.Messages, want) || r.Export.Messages.Rate() != 5 {
		t.Errorf("%+v, %v", r.Export, e)
	}
	if n := (&MessageSelection{}).Rate(); n != 100 {
		t.Errorf("%d a second if nothing is said", n)
	}
	for text, want := range map[string][2]string{"a->b": {"a", "b"}, " New York  -> @east ": {"New York", "@east"}} {
		if from, to, err := CutLink(text); err != nil || from != want[0] || to != want[1] {
			t.Errorf("%q is from %q to %q: %v", text, from, to, err)
		}
	}
	for _, text := range []string{"", "a", "->", "a->", "->b", "a - b"} {
		if _, _, err := CutLink(text); err == nil {
			t.Errorf("%q is a link", text)
		}
	}
}

func TestDesk(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	d := NewDesk(w.hub, DeskConfig{TickNS: 1e6, Rate: 10, Burst: 8, Waiting: 2})
	d.Know([]Part{{"services", []Thing{{Name: "kv.put"}}}}, 5)
	c, err := d.Join()
	if err != nil {
		t.Fatal(err)
	}
	now := Second
	ask := func(text string) string {
		parts := c.Answer(now, []byte(text))
		if parts == nil {
			return ""
		}
		if _, _, err := ParseReply(parts); err != nil {
			t.Fatal(err)
		}
		return string(parts[0])
	}
	want := func(got, want string) {
		t.Helper()
		if !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	want(ask(`{"v":1,"id":1,"do":"list","what":"services"}`), `{"v":1,"id":1,"tick":5,"ok":[{"name":"kv.put"}]}`)
	want(ask(`{"v":1,"id":2,"do":"list","what":"x"}`), `"text":"there is no list of \"x\"","cure":"there are tables, topics, services"`)
	want(ask(`{"v":1,"id":3,"do":"keyframe","topic":"columns/t/a"}`), `"code":"not yet"`)
	want(ask(`{"v":1,"id":4,"do":"pause"}`), "")
	want(ask(`{"v":1,"id":5,"do":"step"}`), "")
	want(ask(`{"v":1,"id":6,"do":"resume"}`), `"code":"busy","text":"2 commands wait"`)
	commands := d.Take(nil)
	if len(commands) != 2 || commands[0].Request.Do != DoPause || commands[1].Request.Ticks != 1 {
		t.Fatalf("%+v", commands)
	}
	want(ask(`{"v":1,"id":7,"do":"resume"}`), `"code":"busy"`) // they have no reply yet
	want(string(d.Done(commands[0], 6, nil, nil)[0]), `{"v":1,"id":4,"tick":6,"ok":{}}`)
	want(string(d.Done(commands[1], 7, nil, fail(CodeFailed, "x", "y"))[0]), `{"v":1,"id":5,"tick":7,"error":{"code":"failed","text":"x","cure":"y"}}`)
	want(ask(`{"v":1,"id":8,"do":"resume"}`), "")
	want(ask(`{"v":1,"id":9,"do":"hello"}`), `"text":"more than 10 requests a second","cure":"wait`)
	now += Second / 10
	want(ask(`{"v":1,"id":10,"do":"hello"}`), `"requests_per_second":10`)
	c.Leave()
	if !c.Gone() || c.Answer(now, []byte(`{}`)) != nil {
		t.Error("who has left is answered")
	}
}

// However clients ask, are answered and leave, the desk is busy with what those
// who are there have asked for and nothing else.
func TestDeskIsBusyWithWhoIsThere(tb *testing.T) {
	w := newWorld(tb, Config{Run: "r"}, 1)
	rapid.Check(tb, func(t *rapid.T) {
		const most = 4
		d := NewDesk(w.hub, DeskConfig{Waiting: most, Rate: 1e6})
		var clients []*Client
		var waiting, running []Command // of who is there, and of who has left
		there := func(all []Command) (n int) {
			for _, c := range all {
				if !c.Client.Gone() {
					n++
				}
			}
			return n
		}
		some := func(t *rapid.T, n int) int {
			if n == 0 {
				t.Skip("nobody is there") // rapid draws another action
			}
			return rapid.IntRange(0, n-1).Draw(t, "which")
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				c, err := d.Join()
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			},
			"leave": func(t *rapid.T) {
				i := some(t, len(clients))
				clients[i].Leave()
				clients[i].Leave() // again is nothing
				clients = slices.Delete(clients, i, i+1)
			},
			"ask": func(t *rapid.T) {
				c := clients[some(t, len(clients))]
				busy := len(waiting)+there(running) >= most
				parts := c.Answer(Second, []byte(`{"v":1,"id":1,"do":"pause"}`))
				if busy != (parts != nil) {
					t.Fatalf("%d wait and %d of %d run: %s", len(waiting), there(running), len(running), parts)
				}
				if !busy {
					waiting = append(waiting, Command{c, Request{}})
				}
			},
			"take": func(t *rapid.T) {
				running = d.Take(running)
				waiting = nil
			},
			"done": func(t *rapid.T) {
				i := some(t, len(running))
				d.Done(running[i], 1, nil, nil)
				running = slices.Delete(running, i, i+1)
			},
		})
	})
}

// A replica asks, is answered with a keyframe, and goes on with deltas.
func TestKeyframeOnRequest(t *testing.T) {
	w := newWorld(t, Config{Run: "r"}, 1)
	d := NewDesk(w.hub, DeskConfig{})
	c, _ := d.Join()
	e := w.join(t, "columns/")
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	r := NewReplica(w.tables[0].Topic())
	request, ask := r.Request(9)
	if !ask {
		t.Fatal("an empty replica does not ask")
	}
	parts := c.Answer(0, AppendRequest(nil, request))
	reply, frame, err := ParseReply(parts)
	if err != nil || reply.ID != 9 || frame == nil {
		t.Fatal(reply, err)
	}
	mustApply(t, r, *frame)
	w.take(t, e)
	w.tick, w.now = w.tick+1, w.now+Second/30
	w.remember()
	w.publish(t, w.hub.Due(w.now, w.tick, nil))
	f, ok := e.viewer.Next()
	if !ok {
		t.Fatal("no frame")
	}
	mustApply(t, r, f)
}

// Match is what a regular expression says.
func TestMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*\[]{0,8}`).Draw(t, "pattern")
		name := rapid.StringMatching(`[ab\[]{0,10}`).Draw(t, "name")
		want := regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`).MatchString(name)
		if got := Match(pattern, name); got != want {
			t.Fatalf("%q fits %q: %v", name, pattern, got)
		}
	})
}

func TestSelection(t *testing.T) {
	for text, want := range map[string]Selection{
		"client[*].sent":       {Fields: []string{"sent"}, Nodes: "client[*]"},
		"*.sent,last@east/5hz": {Fields: []string{"sent", "last"}, Group: "east", Hertz: 5},
		"store[0].*/100ticks":  {Fields: []string{"*"}, Nodes: "store[0]", Ticks: 100},
		"New York.x@a/b/0.5hz": {Fields: []string{"x"}, Nodes: "New York", Group: "a/b", Hertz: .5},
	} {
		got, err := ParseSelection(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "selects nothing", "sent": "selects nothing", ".sent": "selects nothing", "a.": "selects nothing", "a.b@": "selects nothing",
		"a.b/5": "a rate is a number of hz or of ticks", "a.b/0hz": "a rate is", "a.b/-3ticks": "a rate is", "a.b/NaNhz": "a rate", "a.b/2000hz": "up to 1000 hz",
		"a.b,": "needs fields",
	} {
		if _, err := ParseSelection(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	s := Selection{Program: "client", Fields: []string{"s*"}, Nodes: "c[*]", Group: "east"}
	for _, bad := range []bool{s.Column("store", "sent"), s.Column("client", "last"), s.Node("d[0]", []string{"east"}), s.Node("c[0]", []string{"west"})} {
		if bad {
			t.Error("what is not selected is")
		}
	}
	if !s.Column("client", "sent") || !s.Node("c[0]", []string{"west", "east"}) {
		t.Error("what is selected is not")
	}
}

func FuzzSelection(f *testing.F) {
	f.Add("client[*].sent@a/5hz")
	f.Add("a.b/7ticks")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelection(text)
		if err == nil && s.check() != nil {
			t.Fatalf("%+v", s)
		}
	})
}

// What comes too fast is not read, but for its ID.
func TestLimitHasTheID(t *testing.T) {
	h, _ := NewHub(Config{Run: "r"})
	c, err := NewDesk(h, DeskConfig{Rate: 1, Burst: 1}).Join()
	if err != nil {
		t.Fatal(err)
	}
	for id, text := range []string{`{"v":1,"id":0,"do":"hello"}`, `{"v":1,"id":1,"do":"hello"}`, `{"v":1,"id":2,"do":"helo","do":3}`, ` {"id":3}`} {
		r, _, err := ParseReply(c.Answer(0, []byte(text)))
		if limited := r.Error != nil && r.Error.Code == CodeLimit; err != nil || r.ID != uint64(id) || limited != (id > 0) {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
}
