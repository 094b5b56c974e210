// Proves docs/protocol.md: its examples are messages that this package makes,
// in order, of one little world; -update writes them into the page and into
// testdata/wire. The client in the page is run on them, with Python's standard
// library alone, and must find the columns that were sent.
package netsync

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
)

var update = flag.Bool("update", false, "write goldens and the examples of docs/protocol.md anew")

const protocolPage = "../docs/protocol.md"

// example is a message, or a request and its reply.
type example struct {
	name  string
	parts [][]byte
	reply [][]byte
}

// story is the little world of the examples.
type story struct {
	*testing.T
	hub      *Hub
	clients  *Table
	stores   *Table
	viewer   *Viewer
	now      Nanos
	tick     ecs.Tick
	examples []example
}

func newStory(t *testing.T) *story {
	h, err := NewHub(Config{Run: "kv.star-1", Refresh: 1000 * Second, Digests: 1, Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{T: t, hub: h}
	s.clients, _ = h.Table("client", []Column{{"sent", ecs.Int64, "", nil}, {"last", ecs.Int64, "ns", nil}, {"load", ecs.Float64, "", nil}, {"leader", ecs.Bool, "", nil}}, Rate{})
	s.stores, _ = h.Table("store", []Column{{"status", ecs.Uint8, "", []string{"absent", "down", "up"}}}, Rate{})
	s.clients.SetKeys([]string{"client[0]", "client[1]", "client[2]", "client[3]", "Denver"}, 0)
	var stores []string
	for i := range 100 {
		stores = append(stores, fmt.Sprintf("store[%d]", i))
	}
	s.stores.SetKeys(stores, 0)
	if s.viewer, err = h.Join(); err != nil {
		t.Fatal(err)
	}
	return s
}

// frame publishes what is due and takes the next frame as an example.
func (s *story) frame(name string) {
	s.publish()
	f, ok := s.viewer.Next()
	if !ok {
		s.Fatalf("there is no frame for %s", name)
	}
	s.examples = append(s.examples, example{name: name, parts: f.Parts()})
}

// publish fills the tables that are due by rules of the tick.
func (s *story) publish() {
	for _, table := range s.hub.Due(s.now, s.tick, nil) {
		im := table.Image()
		im.Tick = s.tick
		if table == s.clients {
			for row := range im.Rows {
				sent := uint64(1000*row) + uint64(s.tick)*uint64(row%2)
				put(im, s.clients.columns, 0, row, sent)
				put(im, s.clients.columns, 1, row, uint64(row)*1e10+uint64(s.tick)*1e6*uint64(row%2))
				put(im, s.clients.columns, 2, row, math.Float64bits(0.5*float64(row)))
				put(im, s.clients.columns, 3, row, uint64(1)>>uint((row+int(s.tick/100))%5))
			}
		} else {
			for row := range im.Rows {
				status := uint64(2)
				if s.tick > 200 && row == 70 {
					status = 1
				}
				put(im, s.stores.columns, 0, row, status)
			}
		}
		if err := table.Publish(s.now, im); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *story) wait(ticks ecs.Tick) {
	s.now += Second
	s.tick += ticks
}

func (s *story) only(prefix string) {
	for len(s.viewer.prefixes) > 0 {
		s.viewer.Unsubscribe(s.viewer.prefixes[0])
	}
	if err := s.viewer.Subscribe(prefix); err != nil {
		s.Fatal(err)
	}
}

// frames are the examples of the publish endpoint.
func (s *story) frames() {
	s.only("columns/client")
	s.frame("keyframe")
	s.wait(150)
	s.frame("delta")
	s.wait(10)
	s.publish()
	s.wait(10)
	s.publish()
	s.wait(10)
	s.frame("lagged")
	s.only("columns/store")
	s.frame("labels")
	s.wait(100)
	s.frame("rows-changed")
	s.only("keys/client")
	s.frame("keys")
	s.only("json/client")
	s.publish()
	s.frame("json")
	clock, _ := s.hub.Document(TopicClock, Rate{})
	clock.Set([]byte(`{"tick":280,"time_ns":280000000,"paused":false,"pace":1.0}`), s.tick)
	s.only("clock")
	s.frame("document")
	events, _ := s.hub.Log(TopicEvents+"all", Rate{})
	events.Add([]byte(`{"tick":279,"kind":"elected","node":"store[1]","fields":{"term":2}}`), s.now, s.tick)
	events.Add([]byte(`{"tick":280,"kind":"print","node":"client[0]","fields":{"text":"hello"}}`), s.now, s.tick)
	s.only("events/")
	s.frame("log")
	series, _ := s.hub.Log(TopicSeries+"data at store 1", Rate{})
	series.Add([]byte(`{"tick":200,"value":17.0}`), s.now, s.tick)
	s.only("series/")
	s.frame("series")
	schema, _ := s.hub.Document(TopicSchema, Rate{})
	schema.Set(marshal(s.hub.Schema(1e6, parts)), s.tick)
	s.only("schema")
	s.frame("schema")
	sample, _ := s.hub.Log(TopicSample+".ask2", Rate{})
	sample.Add([]byte(`{"tick":276,"id":"0c5b3f1e9a7d2","cause":"4e8a16c20bf93","from":"store[1]","to":"store[0]","kind":"vote","verdict":"sent","due":281,"payload":{"term":2,"granted":true}}`), s.now, s.tick)
	sample.Add([]byte(`{"tick":280,"id":"91d07c4e2ab86","from":"store[2]","to":"store[1]","kind":"vote","verdict":"loss","payload":{"term":2,"granted":false}}`), s.now, s.tick)
	sample.Add([]byte(`{"tick":280,"left_out":1234}`), s.now, s.tick)
	s.only("messages/")
	s.frame("messages")
	sample.Remove()
	s.only("columns/client")
	s.hub.Fork("kv.star-1", 2, 100)
	s.tick = 100
	s.frame("forked")
}

var parts = []Part{
	{"programs", []Thing{{"client", []ColumnSchema{{Name: "sent", Type: "int64"}, {Name: "last", Type: "int64", Unit: "ns"}}}}},
	{"services", []Thing{{Name: "kv.put"}}},
}

// requests are the examples of the request endpoint: each request, a wrong one
// too, and its reply.
func (s *story) requests() {
	d := NewDesk(s.hub, DeskConfig{TickNS: 1e6})
	d.Know(parts, s.tick)
	c, err := d.Join()
	if err != nil {
		s.Fatal(err)
	}
	results := map[string]any{
		DoExport:  map[string]any{"topics": []string{"columns/.ask1/client"}},
		DoCall:    json.RawMessage(`{"ok":true,"value":"done","provider":"store[0]","took_ns":4000000}`),
		DoSet:     json.RawMessage(`{"ok":true,"value":3,"version":[3,"store[0]"],"node":"store[0]"}`),
		DoGet:     json.RawMessage(`{"value":3,"version":[3,"store[0]"],"node":"store[1]"}`),
		DoPush:    json.RawMessage(`{"ok":true}`),
		DoGo:      map[string]any{"epoch": 3},
		DoOutcome: json.RawMessage(`{"ok":true,"value":4,"version":[4,"store[0]"],"node":"store[0]"}`),
	}
	wrong := Request{Version: 1, ID: 99, Do: DoKeyframe, Topic: "columns/clients"}
	sample := Request{Version: 1, ID: 98, Do: DoExport, Export: &Selection{Messages: &MessageSelection{Kinds: []string{"vote*"}, Nodes: []string{"store[*]", "@clients"}, PerSecond: 50}}}
	all := Request{Version: 1, ID: 97, Do: DoCall, Service: "kv.get", Args: []json.RawMessage{[]byte(`"x"`)}, Policy: "all"}
	pending := Request{Version: 1, ID: 96, Do: DoSet, Param: "fanout", Node: "store[0]", Value: []byte("4")}
	special := map[uint64]any{
		sample.ID:  map[string]any{"topics": []string{TopicSample + ".ask2"}},
		all.ID:     json.RawMessage(`{"ok":false,"error":"timeout","values":[["store[0]",1],["store[2]",1]],"errors":[["store[1]","timeout"]],"took_ns":1000000000}`),
		pending.ID: Pending{Error: "the run is paused", Act: 7},
	}
	for _, r := range append(everyRequest(), all, pending, sample, wrong) {
		if r.Do == DoKeyframe && r.ID != 99 {
			r.Topic = "columns/client"
		}
		text := AppendRequest(nil, r)
		reply := c.Answer(0, text)
		if reply == nil {
			command := d.Take(nil)
			if len(command) != 1 {
				s.Fatal("a command is lost")
			}
			result := results[r.Do]
			if x, ok := special[r.ID]; ok {
				result = x
			}
			reply = d.Done(command[0], s.tick+1, result, nil)
		}
		name := r.Do
		switch r.ID {
		case all.ID:
			name = "call-all"
		case pending.ID:
			name = "pending"
		case sample.ID:
			name = "messages"
		case wrong.ID:
			name = "refused"
		}
		s.examples = append(s.examples, example{"request-" + name, [][]byte{text}, reply})
	}
}

func tell(t *testing.T) *story {
	s := newStory(t)
	s.frames()
	s.requests()
	return s
}

// text is an example as the page shows it: JSON as it is, a body that is not
// JSON in hex, 16 bytes a line.
func (e *example) text() string {
	var b strings.Builder
	for _, part := range e.parts {
		showPart(&b, part)
	}
	for _, part := range e.reply {
		showPart(&b, part)
	}
	return b.String()
}

func showPart(b *strings.Builder, part []byte) {
	if json.Valid(part) || strings.Contains(string(part), "/") && !bytes.ContainsFunc(part, func(r rune) bool { return r < ' ' || r > '~' }) || slices.Contains([]string{TopicClock, TopicSchema}, string(part)) {
		fmt.Fprintf(b, "%s\n", part)
		return
	}
	for at := 0; at < len(part); at += 16 {
		line := part[at:min(at+16, len(part))]
		fmt.Fprintf(b, "%04x  % x\n", at, line)
	}
	if len(part) == 0 {
		b.WriteString("(empty)\n")
	}
}

// golden is an example as testdata/wire has it: a part a line, in hex.
func (e *example) golden() string {
	var b strings.Builder
	for _, part := range append(slices.Clone(e.parts), e.reply...) {
		b.WriteString(hex.EncodeToString(part) + "\n")
	}
	return b.String()
}

func TestProtocolGolden(t *testing.T) {
	s := tell(t)
	var names []string
	for i := range s.examples {
		e := &s.examples[i]
		names = append(names, e.name+".hex")
		file := filepath.Join("testdata", "wire", e.name+".hex")
		if *update {
			if err := os.WriteFile(file, []byte(e.golden()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != e.golden() {
			t.Errorf("%s is not what is sent now, which needs another Version (%v):\n%s", file, err, cmp.Diff(string(want), e.golden()))
		}
	}
	files, _ := os.ReadDir(filepath.Join("testdata", "wire"))
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("testdata/wire/%s is of no example", f.Name())
		}
	}
}

func TestProtocolPage(t *testing.T) {
	b, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	s := tell(t)
	for i := range s.examples {
		e := &s.examples[i]
		begin := "```text " + e.name + ".txt\n"
		before, rest, found := strings.Cut(page, begin)
		old, after, closed := strings.Cut(rest, "```\n")
		if !found || !closed {
			t.Errorf("docs/protocol.md does not show %s", begin)
			continue
		}
		if *update {
			page = before + begin + e.text() + "```\n" + after
		} else if d := cmp.Diff(old, e.text()); d != "" {
			t.Errorf("docs/protocol.md shows another %s (-shown +sent):\n%s", e.name, d)
		}
	}
	for _, n := range needs {
		if !strings.Contains(page, "| `"+n.do+"` |") {
			t.Errorf("docs/protocol.md does not say what %s is", n.do)
		}
	}
	for _, code := range []string{CodeMalformed, CodeVersion, CodeUnknown, CodeRange, CodeNone, CodeLimit, CodeBusy, CodeNotYet, CodeRefused, CodeFailed, CodeEnded} {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("docs/protocol.md does not say what %s is", code)
		}
	}
	if *update {
		if err := os.WriteFile(protocolPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The page's client must find what our replica finds.
func TestProtocolInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("this needs python3: ", err)
	}
	page, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```python replica.py\n")
	client, _, closed := strings.Cut(after, "```\n")
	if !closed {
		t.Fatal("docs/protocol.md has no replica.py")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "replica.py"), []byte(client), 0o644); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys
sys.path.insert(0, sys.argv[1])
from replica import Replica
replicas = {}
for name in sys.argv[2:]:
    topic, header, body = (bytes.fromhex(line) for line in open(name))
    replica = replicas.setdefault(topic, Replica())
    print(replica.apply(header, body), "%08x" % replica.digest())
`
	s := tell(t)
	args := []string{"-B", "-c", script, dir}
	replicas := map[string]*Replica{}
	var want strings.Builder
	for _, e := range s.examples {
		f, err := ParseFrame(e.parts)
		if err != nil || !strings.HasPrefix(f.Topic, TopicColumns) {
			continue
		}
		r := replicas[f.Topic]
		if r == nil {
			r = NewReplica(f.Topic)
			replicas[f.Topic] = r
		}
		mustApply(t, r, f)
		fmt.Fprintf(&want, "True %08x\n", r.Digest())
		args = append(args, filepath.Join("testdata", "wire", e.name+".hex"))
	}
	// What comes again or late changes nothing. A delta that does not follow must be
	// seen, nothing of an epoch before mends that, and a keyframe does.
	gap := filepath.Join(dir, "gap.hex")
	head := []byte(`{"v":1,"run":"kv.star-1","epoch":2,"seq":7,"tick":110,"kind":"delta","base":6,"n":5,"layout":1,"sets":[],"cols":[]}`)
	if err := os.WriteFile(gap, fmt.Appendf(nil, "%x\n%x\n\n", "columns/client", head), 0o644); err != nil {
		t.Fatal(err)
	}
	wire := func(name string) string { return filepath.Join("testdata", "wire", name+".hex") }
	for _, x := range []struct{ file, whole string }{
		{wire("forked"), "True"}, {wire("delta"), "True"}, {gap, "False"}, {wire("lagged"), "False"}, {wire("keyframe"), "False"}, {wire("forked"), "True"},
	} {
		fmt.Fprintf(&want, "%s %08x\n", x.whole, replicas["columns/client"].Digest())
		args = append(args, x.file)
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil || string(out) != want.String() {
		t.Errorf("%v\n%s", err, cmp.Diff(want.String(), string(out)))
	}
}
