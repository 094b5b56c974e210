package main

import (
	"encoding/json"
	"errors"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/scenario"
	"orrery/systems"
)

// act has the world do through a channel what a client asks for, in the next
// tick. The reply comes when the world tells what came of it.
func (l *live) act(c *publish.Command) (at ecs.Tick, pending bool, failed *netsync.Error) {
	a, err := l.action(&c.Request)
	if err != nil {
		return 0, false, refusal(err)
	}
	// Of a message, or a value that nobody publishes, nothing can come but that it
	// is sent.
	told := a.Verb.OfChannels() && (a.Verb != systems.PublishValue || a.Target != 0)
	if failed = l.fits(&a); failed == nil && told {
		failed = l.makeRoom()
	}
	if failed != nil {
		return 0, false, failed
	}
	at = l.nextAct()
	if told {
		a.Label = l.nextLabel()
		l.waits = append(l.waits, &waiting{
			label: a.Label, at: at, calls: a.Verb == systems.CallService, name: a.Name, node: a.Target, by: c.Client(), asked: []*publish.Command{c},
		})
	}
	l.command(at, a)
	return at, told, nil
}

// nextAct is the tick in which an act takes effect.
func (l *live) nextAct() ecs.Tick { return max(1, l.run.World.Tick()+1) } // nodes start in tick 0

// command has an action take effect that clients are told of: the run does not end
// before.
func (l *live) command(at ecs.Tick, a systems.Action) {
	l.commandLater(at, a)
	l.owed = max(l.owed, at)
}

func (l *live) commandLater(at ecs.Tick, a systems.Action) {
	l.run.CommandAt(at, a)
	l.acted = true
	l.kept.add(&a)
}

// cutLabel is in the labels of cuts and other faults from outside: a scenario's
// have it not.
const cutLabel = 1 << 63

// startLabels has labels start above those that the run has when it begins. What it
// goes on from may have calls under way and cuts that are not healed, in its state
// alone, and ends of faults among its inputs.
func (l *live) startLabels() {
	l.label = l.run.Outside.LatestLabel()
	cuts := l.run.Faults.LatestLabel()
	for _, in := range l.run.Inputs() {
		if in.Command {
			l.kept.add(&in.Action)
		}
		switch a := &in.Action; {
		case a.Verb.OfChannels():
			l.label = max(l.label, a.Label)
		case a.Label&cutLabel != 0:
			cuts = max(cuts, a.Label)
		}
	}
	if cuts&cutLabel != 0 {
		l.cuts = cuts &^ cutLabel
	}
}

// nextLabel is one that no act of the run has.
func (l *live) nextLabel() uint64 {
	l.label++
	return l.label
}

// action is what a client asks for, as the world knows it.
func (l *live) action(r *netsync.Request) (systems.Action, error) {
	s := l.scenario
	switch r.Do {
	case netsync.DoCall:
		return s.CallAction(&scenario.Call{
			Service: r.Service, Args: r.Args, Named: r.Named, As: r.As, To: r.To, Policy: r.Policy, Key: r.Key, Need: r.Need, Timeout: ecs.Nanoseconds(r.Timeout),
		})
	case netsync.DoPublish:
		return s.PublishAction(r.Feed, r.As, r.Value)
	case netsync.DoSet:
		return s.SetAction(r.Param, r.Node, r.Value, r.If)
	case netsync.DoPush:
		return s.PushAction(r.Pipe, r.Node, r.To, r.Value)
	}
	nodes := matching(l.run.World, r.Nodes)
	if len(nodes) == 0 {
		return systems.Action{}, &scenario.Refusal{Missing: true, Text: "no node has such a name", Cure: `"nodes" are patterns of names, as store[*], or @ and a group's`}
	}
	return s.SendAction(nodes, r.Kind, r.Fields)
}

// actable are the names of what the scenario declares that can be acted on.
// What comes up later is in the tables and topics of its sort.
func actable(s *scenario.Scenario) []netsync.Part {
	part := func(name string, n int, nameOf func(i int) string) netsync.Part {
		p := netsync.Part{Name: name, Items: []netsync.Thing{}}
		for i := range n {
			p.Items = append(p.Items, netsync.Thing{Name: nameOf(i)})
		}
		return p
	}
	r, feeds, kinds := s.Run, s.Feeds(), s.Kinds()
	return []netsync.Part{
		part("services", r.Services.Known(), r.Services.KnownName),
		part("feeds", len(feeds), func(i int) string { return feeds[i] }),
		part("params", r.Params.Len(), func(i int) string { return r.Params.Name(systems.ParamID(i)) }),
		part("pipes", r.Pipes.Len(), func(i int) string { return r.Pipes.Name(systems.Pipe(i + 1)) }),
		part("messages", len(kinds), func(i int) string { return kinds[i] }),
	}
}

// refusal is an error as clients are told it.
func refusal(err error) *netsync.Error {
	var r *scenario.Refusal
	if !errors.As(err, &r) {
		return publish.Refuse(netsync.CodeFailed, err.Error(), "")
	}
	if r.Missing {
		return publish.Refuse(netsync.CodeNone, r.Text, r.Cure)
	}
	return publish.Refuse(netsync.CodeRange, r.Text, r.Cure)
}

// gotten is the result of get, and of set.
type gotten struct {
	OK      *bool           `json:"ok,omitempty"`
	Value   json.RawMessage `json:"value"`
	Error   string          `json:"error,omitempty"`
	Version [2]any          `json:"version"`
	Node    string          `json:"node,omitempty"`
}

func (l *live) versionOf(v systems.Version) [2]any {
	by := ""
	if v.Writer != 0 {
		by = l.run.World.NodeName(v.Writer)
	}
	return [2]any{v.Counter, by}
}

// get looks at a param.
func (l *live) get(r *netsync.Request) (any, *netsync.Error) {
	v, version, at, err := l.scenario.Param(r.Param, r.Node)
	if err != nil {
		return nil, refusal(err)
	}
	return gotten{Value: v, Version: l.versionOf(version), Node: l.run.World.NodeName(at)}, nil
}

// done is the result of what has no more to say: what is recorded may have come
// to nothing.
type done struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// replied is the result of a call.
type replied struct {
	OK       bool            `json:"ok"`
	Value    json.RawMessage `json:"value,omitempty"`
	Values   [][2]any        `json:"values,omitempty"` // of several that answered: who, and what
	Error    string          `json:"error,omitempty"`
	Errors   [][2]any        `json:"errors,omitempty"` // of a call to all: who, and why not
	Provider string          `json:"provider,omitempty"`
	Took     ecs.Nanoseconds `json:"took_ns"`
}

// result is what a client is told of an act.
func (l *live) result(x *systems.Upshot, w *waiting) any {
	ok := x.Refused == ""
	switch {
	case x.Value != nil:
		return gotten{OK: &ok, Value: l.scenario.ValueJSON(x.Value), Error: x.Refused, Version: l.versionOf(x.Version), Node: l.run.World.NodeName(w.node)}
	case !ok || !w.calls:
		return done{ok, x.Refused}
	}
	r := x.Reply
	out := replied{OK: r.Why == systems.NoReason, Took: r.Took}
	if r.Provider != 0 {
		out.Provider = l.run.World.NodeName(r.Provider)
	}
	switch {
	case r.Why == systems.Failed:
		out.Error = string(r.Payload)
	case r.Why != systems.NoReason:
		out.Error = r.Why.String()
	case r.Sort == "call":
		out.Value = l.scenario.ValueJSON(r.Payload)
	}
	for _, a := range r.Answers {
		out.Values = append(out.Values, [2]any{l.run.World.NodeName(a.Provider), json.RawMessage(l.scenario.ValueJSON(a.Payload))})
	}
	return out
}
