package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/systems"
)

// longest is the longest time, in ns, that can be asked for: 30 years. What is
// near 2^63 does not fit a tick to come.
const longest = 1_000_000_000_000_000_000

// outsideFault is a fault that a client may ask for, as scenarios call it.
type outsideFault struct {
	name    string
	verb    systems.Verb
	options []string
	ends    *systems.Action // what ends it; nil: nothing does, and it is not for a while
}

var outsideFaults = []outsideFault{
	{"crash", systems.Crash, nil, &systems.Action{Verb: systems.Start}},
	{"stop", systems.Stop, []string{"code"}, &systems.Action{Verb: systems.Start}},
	{"start", systems.Start, nil, nil},
	{"restart", systems.Restart, nil, nil},
	{"pause", systems.Pause, nil, &systems.Action{Verb: systems.Resume}},
	{"resume", systems.Resume, nil, nil},
	{"slow", systems.Slow, []string{"factor"}, &systems.Action{Verb: systems.Slow, A: 1000}},
	{"cut", systems.CutOff, []string{"one_way", "in_flight"}, &systems.Action{Verb: systems.Heal}},
	{"heal", systems.Heal, nil, nil},
}

// faultOptions are those of all faults, as a request has them.
type faultOptions struct {
	Code     uint8   `json:"code"`
	Factor   float64 `json:"factor"`
	OneWay   bool    `json:"one_way"`
	InFlight bool    `json:"in_flight"`
}

// fault has a fault take effect at the next tick, as a command: the trace has
// it, and its end, so that the run replays without its viewers.
func (l *live) fault(r *netsync.Request) (ecs.Tick, *netsync.Error) {
	i := slices.IndexFunc(outsideFaults, func(f outsideFault) bool { return f.name == r.Fault })
	if i < 0 {
		var names []string
		for _, f := range outsideFaults {
			names = append(names, f.name)
		}
		return 0, publish.Refuse(netsync.CodeNone, fmt.Sprintf("there is no fault %q from outside", r.Fault), strings.Join(names, ", ")+" are")
	}
	f := &outsideFaults[i]
	a, failed := f.action(r)
	if failed == nil {
		failed = l.aim(f, &a, r)
	}
	if failed != nil {
		return 0, failed
	}
	if f.verb == systems.CutOff || r.Lasting > 0 { // so that it can be ended by itself
		l.cuts++
		a.Label = cutLabel | l.cuts
	}
	acts := []*systems.Action{&a}
	if r.Lasting > 0 {
		end := *f.ends
		end.Nodes, end.Label = a.Nodes, a.Label
		acts = append(acts, &end)
	}
	if failed := l.fits(acts...); failed != nil {
		return 0, failed
	}
	at := l.run.World.Tick() + 1
	l.command(at, a)
	if r.Lasting > 0 {
		l.commandLater(at+max(1, l.run.Ticks(ecs.Nanoseconds(r.Lasting))), *acts[1])
	}
	return at, nil
}

// action is a fault without its nodes.
func (f *outsideFault) action(r *netsync.Request) (systems.Action, *netsync.Error) {
	a := systems.Action{Verb: f.verb}
	var o faultOptions
	for name, value := range r.Options { //det:allow each sets its own
		if !slices.Contains(f.options, name) {
			return a, publish.Refuse(netsync.CodeRange, fmt.Sprintf("%s has no option %q", f.name, name), "it has "+orNone(f.options))
		}
		text := fmt.Sprintf("{%q:%s}", name, value)
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return a, publish.Refuse(netsync.CodeRange, fmt.Sprintf("%s: option %s cannot be %s", f.name, name, value), "docs/protocol.md has what it may be")
		}
	}
	a.Code, a.OneWay, a.InFlight = o.Code, o.OneWay, o.InFlight
	switch {
	case r.Lasting > 0 && f.ends == nil:
		return a, publish.Refuse(netsync.CodeRange, fmt.Sprintf("%s does not last", f.name), `leave out "lasting_ns"`)
	case r.Lasting > longest:
		return a, publish.Refuse(netsync.CodeRange, fmt.Sprintf("%s cannot last %d ns", f.name, r.Lasting), fmt.Sprintf(`"lasting_ns" is 1 to %d; without it, nothing ends it`, int64(longest)))
	case f.verb == systems.Slow && !(o.Factor >= 1 && o.Factor <= 1e6):
		return a, publish.Refuse(netsync.CodeRange, "slow needs a factor from 1 to a million", `"options": {"factor": 10}`)
	case f.verb == systems.Slow:
		a.A = uint64(float64(o.Factor * 1000))
	}
	return a, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// aim finds the nodes that a fault is done to.
func (l *live) aim(f *outsideFault, a *systems.Action, r *netsync.Request) *netsync.Error {
	near, others := matching(l.run.World, r.Nodes), matching(l.run.World, r.Others)
	switch {
	case f.verb == systems.Heal && len(r.Nodes)+len(r.Others) > 0:
		return publish.Refuse(netsync.CodeRange, "heal ends every cut, whoever they are between", `leave out "nodes" and "others"`)
	case f.verb == systems.Heal:
	case len(near) == 0:
		return publish.Refuse(netsync.CodeNone, "no node has such a name", `"nodes" are patterns of names, as store[*], or @ and a group's`)
	case f.verb != systems.CutOff && len(r.Others) > 0:
		return publish.Refuse(netsync.CodeRange, fmt.Sprintf("%s has no other side", f.name), `leave out "others"`)
	case f.verb == systems.CutOff && len(others) == 0:
		return publish.Refuse(netsync.CodeNone, "a cut needs two sides", `give the far side as "others"`)
	case f.verb == systems.CutOff:
		a.Lists = [][]ecs.Node{near, others}
	default:
		a.Nodes = near
	}
	return nil
}

// matching are the nodes whose names fit one of the patterns, or that are in a
// group of which @ and the name is one.
func matching(w *ecs.World, patterns []string) []ecs.Node {
	var groups []ecs.Node
	for _, p := range patterns {
		if g, ok := strings.CutPrefix(p, "@"); ok {
			if n, ok := w.NodeNamed(g); ok && n.IsGroup() {
				groups = append(groups, n)
			}
		}
	}
	var all []ecs.Node
	for id := ecs.GroupProgram + 1; int(id) < w.Programs() && len(patterns) > 0; id++ {
		for row := range w.ProgramRows(id) {
			n := w.NodeAt(id, row)
			if n == 0 {
				continue
			}
			fits := func(p string) bool { return netsync.Match(p, w.NodeName(n)) }
			within := func(g ecs.Node) bool { return w.In(n, g) }
			if slices.ContainsFunc(patterns, fits) || slices.ContainsFunc(groups, within) {
				all = append(all, n)
			}
		}
	}
	return all
}
