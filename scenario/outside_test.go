// Proves that what is done from outside through channels is an input like any
// other: a drawn schedule of acts, added while a run of drawn channels is under
// way, comes to the same when it is given to another run beforehand, in batches
// of 1 or 7, restored and forked, and so does what who asked is told.
package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/systems"
)

// actDrawn is something that somebody outside asks for.
type actDrawn struct {
	at ecs.Tick
	do func(s *Scenario) (systems.Action, error)
}

func drawActs(t *rapid.T) []actDrawn {
	names := []string{"first[0]", "first[1]", "second[0]", "second[1]", "second[2]", "third"}
	node := func(what string, or ...string) string {
		return rapid.SampledFrom(append(or, names...)).Draw(t, what)
	}
	number := func() json.RawMessage {
		return json.RawMessage(fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "number")))
	}
	var all []actDrawn
	for range rapid.IntRange(1, 30).Draw(t, "acts") {
		x := actDrawn{at: ecs.Tick(rapid.IntRange(0, int(channelsUntil)-1).Draw(t, "at"))}
		switch n, v := node("node"), number(); rapid.SampledFrom([]string{"call", "as", "policy", "hash", "to", "need", "all", "cancel", "publish", "set", "push", "send", "hold"}).Draw(t, "act") {
		case "call":
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, Timeout: 9 * 1e6})
			}
		case "as":
			as, to := node("as", ""), node("to", "", "@crew")
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Named: map[string]json.RawMessage{"n": v}, As: as, To: to})
			}
		case "policy":
			policy, as := rapid.SampledFrom([]string{"any", "round_robin", "nearest"}).Draw(t, "policy"), node("as", "")
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, As: as, Policy: policy, Timeout: 5 * 1e6})
			}
		case "hash":
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, Policy: "hash", Key: v})
			}
		case "to":
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, To: n})
			}
		case "need":
			as := node("as", "")
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, As: as, To: "@crew", Need: 1, Timeout: 12 * 1e6})
			}
		case "all":
			as, to := node("as", ""), rapid.SampledFrom([]string{"", "@crew"}).Draw(t, "to")
			need := rapid.IntRange(0, 3).Draw(t, "need")
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "bump", Args: []json.RawMessage{v}, As: as, To: to, Policy: "all", Need: need, Timeout: 12 * 1e6})
			}
		case "cancel":
			as, label := node("as", "", ""), rapid.Uint64Range(1, 20).Draw(t, "label")
			x.do = func(s *Scenario) (systems.Action, error) {
				n, _ := s.Run.World.NodeNamed(as)
				return systems.Action{Verb: systems.CancelCall, Name: "hold", Target: n, Label: label}, nil
			}
		case "hold":
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.CallAction(&Call{Service: "hold", To: n, Timeout: 40 * 1e6})
			}
		case "publish":
			as := node("as", "", "")
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.PublishAction("word/"+string(v), as, json.RawMessage(`[`+string(v)+`, {"$node": "`+n+`"}]`))
			}
		case "set":
			at := node("node", "")
			x.do = func(s *Scenario) (systems.Action, error) { return s.SetAction("speed", at, v, nil) }
		case "push":
			x.do = func(s *Scenario) (systems.Action, error) {
				return s.PushAction("one", "first[1]", "", json.RawMessage(`["out", `+string(v)+`]`))
			}
		case "send":
			x.do = func(s *Scenario) (systems.Action, error) {
				at, _ := s.Run.World.NodeNamed(n)
				return s.SendAction([]ecs.Node{at}, "msg", map[string]json.RawMessage{"n": v, "to": json.RawMessage("null")})
			}
		}
		all = append(all, x)
	}
	return all
}

// listen keeps what who asked is told.
func listen(s *Scenario) *[]string {
	var all []string
	s.Run.Outside.Tell(func(x *systems.Upshot) {
		text := fmt.Sprintf("%d: %d %s %s %v", s.Run.World.Tick(), x.Label, x.Refused, s.ValueJSON(x.Value), x.Version)
		if r := x.Reply; r != nil {
			text += fmt.Sprintf(" %d %s %x %d %d", x.Of, r.Why, r.Payload, r.Provider, r.Took)
			for _, a := range r.Answers {
				text += fmt.Sprintf(" %d %x", a.Provider, a.Payload)
			}
		}
		all = append(all, text)
	})
	return &all
}

func TestDeterminismOfActs(tb *testing.T) {
	told := 0
	rapid.Check(tb, func(t *rapid.T) {
		text := drawChannels(t)
		plan := drawActs(t)
		load := func(batch int) *Scenario {
			s, err := Load(labFS(text, nil), labFile, Options{Seed: rapidSeed, batchLength: batch})
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			return s
		}
		run := func(s *Scenario, until ecs.Tick) *Scenario {
			if err := s.Run.RunUntil(until); err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			return s
		}
		same := func(what string, want, got any) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: (- straight, + so)\n%s\nin\n%s", what, diff, text)
			}
		}
		live := load(0)
		heard := listen(live)
		label := uint64(0)
		for tick := ecs.Tick(0); tick < channelsUntil; tick++ {
			for _, x := range plan {
				if x.at != tick {
					continue
				}
				a, err := x.do(live)
				if err != nil {
					continue // as of a service that nobody has provided yet
				}
				if label++; a.Verb != systems.CancelCall {
					a.Label = label
				}
				live.Run.CommandAt(tick+1, a)
			}
			run(live, tick+1)
		}
		want := ends(tb, live)
		told += len(*heard)

		give := func(s *Scenario) *Scenario {
			for _, in := range live.Run.Inputs() {
				if in.Command {
					s.Run.CommandAt(in.Tick, in.Action)
				}
			}
			return s
		}
		replayed := give(load(0))
		heardAgain := listen(replayed)
		same("given beforehand", want, ends(tb, run(replayed, channelsUntil)))
		same("told of what was given beforehand", *heard, *heardAgain)
		batch := rapid.SampledFrom([]int{1, 7}).Draw(t, "batch")
		batched := give(load(batch))
		heardAgain = listen(batched)
		same(fmt.Sprintf("in batches of %d", batch), want, ends(tb, run(batched, channelsUntil)))
		same(fmt.Sprintf("told in batches of %d", batch), *heard, *heardAgain)

		at := ecs.Tick(rapid.IntRange(0, int(channelsUntil)-1).Draw(t, "snapshot"))
		there := run(give(load(0)), at)
		var snap ecs.Snapshot
		there.Run.Snapshot(&snap)
		forked, err := there.Fork(&snap)
		if err != nil {
			t.Fatal(err)
		}
		run(there, min(at+20, channelsUntil))
		fresh := give(load(0))
		for _, s := range []*Scenario{there, fresh} {
			if err := s.Run.Restore(&snap); err != nil {
				t.Fatal(err)
			}
		}
		same("restored", want, ends(tb, run(there, channelsUntil)))
		same("restored into another load", want, ends(tb, run(fresh, channelsUntil)))
		same("forked", want, ends(tb, run(forked, channelsUntil)))
	})
	tb.Logf("told %d times", told)
	if told == 0 {
		tb.Error("nobody was told anything")
	}
}

// What is refused at a limit leaves nothing behind: the run goes on as one that
// nobody asked anything.
func TestRefusedAtALimit(t *testing.T) {
	const text = `def put(me):
    me.push("p", 2)

def take(me, item):
    me.got += item

def deep(n):
    return deep(n)

def key(item):
    if item == "deep":
        return deep(item)
    if item == "large":
        x = "x"
        for _ in range(100):
            x += x
    for _ in range(item):
        pass
    return item

a = node("a", program(every = {"5ms": put}))
b = nodes("b", 2, program(state = {"got": 0}, pulls = {"p": take}))
network([a] + list(b), latency = "1ms")
pipe("p", a, b, 4, fan = "hash", key = key)
run(until = "50ms")
`
	end := func(item, want string) string {
		s, err := load(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run.RunUntil(12); err != nil {
			t.Fatal(err)
		}
		if item != "" {
			_, err := s.PushAction("p", "a", "", json.RawMessage(item))
			var refused *Refusal
			if !errors.As(err, &refused) || !strings.Contains(refused.Text, want) {
				t.Errorf("a push of %s is refused with %v\nwant %s", item, err, want)
			}
		}
		if err := s.Run.RunUntil(s.Until); err != nil {
			t.Errorf("after a push of %s was refused the run ends with %v", item, err)
		}
		return ends(t, s)
	}
	nobody := end("", "")
	for _, tc := range []struct{ item, want string }{
		{"1000000000000", "the key of the item: kv.star:17:5: in key at 12ms: more than 100000 steps"},
		{`"large"`, "x grows beyond 1000 bytes"},
		{`"deep"`, "functions call each other more than 2000 deep"},
	} {
		if diff := cmp.Diff(nobody, end(tc.item, tc.want)); diff != "" {
			t.Errorf("after a push of %s was refused: (- nobody pushed, + so)\n%s", tc.item, diff)
		}
	}
}

// Where no link is at all, a call from outside as a node is refused, and does not
// end the run.
func TestActsWhereNothingIsLinked(t *testing.T) {
	const text = `def add(me, n = 1):
    return n

p = nodes("p", 2, program(provides = {"add": add}))
c = node("c", program(every = {"5ms": lambda me: None}))
run(until = "50ms")
`
	for _, call := range []*Call{
		{Service: "add", As: "c"},
		{Service: "add", As: "c", To: "p[1]"},
		{Service: "add", As: "c", Policy: "all"},
	} {
		s, err := load(text)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		s.Run.Outside.Tell(func(x *systems.Upshot) { told = append(told, x.Refused) })
		a, err := s.CallAction(call)
		if err != nil {
			t.Fatal(err)
		}
		a.Label = 1
		s.Run.CommandAt(10, a)
		if err := s.Run.RunUntil(s.Until); err != nil {
			t.Errorf("%+v ends the run: %v", call, err)
		}
		if len(told) != 1 || !strings.HasPrefix(told[0], "no link joins c and p[") {
			t.Errorf("of %+v is told %q", call, told)
		}
	}
}
