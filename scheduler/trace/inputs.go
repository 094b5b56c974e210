package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// exactAction is a command as numbers: what a replay gives the run again. A
// scenario's own actions may ask functions, and come with it.
type exactAction struct {
	Verb     systems.Verb    `json:"verb"`
	Code     uint8           `json:"code,omitempty"`
	OneWay   bool            `json:"one_way,omitempty"`
	InFlight bool            `json:"in_flight,omitempty"`
	Kind     ecs.Kind        `json:"kind,omitempty"`
	Target   ecs.Node        `json:"target,omitempty"`
	Other    ecs.Node        `json:"other,omitempty"`
	Sides    []ecs.Node      `json:"sides,omitempty"`
	Down     ecs.Nanoseconds `json:"down,omitempty"`
	A        uint64          `json:"a,omitempty"`
	B        uint64          `json:"b,omitempty"`
	Payload  []byte          `json:"payload,omitempty"`
	Nodes    []ecs.Node      `json:"nodes,omitempty"`
	Lists    [][]ecs.Node    `json:"lists,omitempty"`
	Label    uint64          `json:"label,omitempty"`

	Name    string           `json:"name,omitempty"`
	Policy  systems.Policy   `json:"policy,omitempty"`
	Keyed   bool             `json:"keyed,omitempty"`
	Key     uint64           `json:"key,omitempty"`
	Timeout ecs.Nanoseconds  `json:"timeout,omitempty"`
	Need    int              `json:"need,omitempty"`
	If      *systems.Version `json:"if,omitempty"`
	Empty   bool             `json:"empty,omitempty"` // the payload is no bytes, and not none
	All     bool             `json:"all,omitempty"`
}

// laterAction is a command that is still to come.
type laterAction struct {
	Tick  ecs.Tick     `json:"tick"`
	Exact *exactAction `json:"exact"`
}

func exact(a *systems.Action) *exactAction {
	return &exactAction{
		a.Verb, a.Code, a.OneWay, a.InFlight, a.Kind, a.Target, a.Other, a.Sides, a.Down, a.A, a.B, a.Payload, a.Nodes, a.Lists, a.Label,
		a.Name, a.Policy, a.Keyed, a.Key, a.Timeout, a.Need, a.If, a.Payload != nil && len(a.Payload) == 0, a.All,
	}
}

func (x *exactAction) action() systems.Action {
	if x.Empty {
		x.Payload = []byte{}
	}
	return systems.Action{
		Verb: x.Verb, Code: x.Code, OneWay: x.OneWay, InFlight: x.InFlight, Kind: x.Kind, Target: x.Target, Other: x.Other,
		Sides: x.Sides, Down: x.Down, A: x.A, B: x.B, Payload: x.Payload, Nodes: x.Nodes, Lists: x.Lists, Label: x.Label,
		Name: x.Name, Policy: x.Policy, Keyed: x.Keyed, Key: x.Key, Timeout: x.Timeout, Need: x.Need, If: x.If, All: x.All,
	}
}

// Action returns the command that an input is; of what the scenario planned there
// is none.
func (in *Input) Action() (a systems.Action, ok bool) {
	if in.Exact == nil {
		return a, false
	}
	return in.Exact.action(), true
}

// input is shown every action that is carried out. What the scenario planned
// and what came from outside are topics of their own: a replay has to look for
// the latter, of which there are few. One that was refused has its place in the
// digest too, and is given to a replay as any other.
func (r *Recorder) input(a *systems.Action, refused string) {
	w := r.run.World
	in := Input{Tick: w.Tick(), Time: r.seconds(w.Tick()), Verb: a.Verb.String(), Refused: refused}
	topic := uint16(topicFaults)
	if r.run.Commanded() {
		in.Exact, topic, r.commanded = exact(a), topicInputs, true
		in.Ends = r.endOf(a)
	}
	switch {
	case a.Verb.OfChannels():
		in.Channel = a.Name
		if a.Target != 0 {
			in.Nodes = r.names([]ecs.Node{a.Target})
		}
		if a.Other != 0 {
			in.To = w.NodeName(a.Other)
		}
	case a.Verb == systems.CutOff && len(a.Lists) == 0:
		in.Sides = [][]string{r.names([]ecs.Node{a.Target}), r.names([]ecs.Node{a.Other})}
	case a.Verb == systems.CutOff || a.Verb == systems.Partition:
		for _, list := range a.Lists {
			in.Sides = append(in.Sides, r.names(list))
		}
		for _, n := range a.Sides {
			in.Sides = append(in.Sides, r.names([]ecs.Node{n}))
		}
	case a.Verb == systems.Join || a.Verb == systems.Leave:
		who := a.Nodes // a group joins as such, and not its members
		if len(who) == 0 {
			who = []ecs.Node{a.Target}
		}
		in.Sides = [][]string{r.names(who), r.names([]ecs.Node{a.Other})}
	case a.Verb != systems.Heal:
		in.Nodes = r.names(r.run.Faults.NodesOf(a))
	}
	if a.Verb == systems.Message {
		in.Kind = w.KindName(a.Kind)
	}
	r.json(topic, w.Tick(), in)
}

// endOf is what ends a command, by its label; nil of one that nothing ends.
func (r *Recorder) endOf(a *systems.Action) *laterAction {
	if a.Label == 0 || a.Verb.OfChannels() {
		return nil
	}
	all := r.run.Inputs()
	first, _ := slices.BinarySearchFunc(all, r.run.World.Tick()+1, func(in scheduler.Input, t ecs.Tick) int { return cmp.Compare(in.Tick, t) })
	for i := first; i < len(all); i++ {
		if in := &all[i]; in.Command && in.Action.Label == a.Label && !in.Action.Verb.OfChannels() {
			return &laterAction{in.Tick, exact(&in.Action)}
		}
	}
	return nil
}

func (r *Recorder) names(nodes []ecs.Node) []string {
	all := make([]string, len(nodes))
	for i, n := range nodes {
		all[i] = r.run.World.NodeName(n)
	}
	return all
}

// Give adds a trace's commands to a run made anew that is to go as the trace's
// went. They stay commands: a trace of that run has them too. A run that has
// commands is left as it is. What ends a command after the trace's end is given too,
// for a run that goes on from there.
func (f *File) Give(run *scheduler.Run) error {
	if slices.ContainsFunc(run.Inputs(), func(in scheduler.Input) bool { return in.Command }) {
		return nil
	}
	passed := f.passed
	defer func() { f.lost = f.lost || f.passed > passed }()
	give := func(t ecs.Tick, x *exactAction) {
		if t > run.World.Tick() {
			f.trusted = true
			run.CommandAt(t, x.action())
		}
	}
	var ends []*laterAction
	at := map[uint64]int{} // of ends, by label
	err := f.Each(Inputs, 0, 0, func(m *Entry) error {
		var in Input
		if err := json.Unmarshal(m.Data, &in); err != nil {
			return fmt.Errorf("an input at %d ns: %w", m.Time, err)
		}
		if in.Exact == nil {
			return nil
		}
		give(in.Tick, in.Exact)
		if i, ok := at[in.Exact.Label]; ok && in.Tick == ends[i].Tick {
			ends[i].Exact = nil // it has come
		}
		if in.Ends != nil && in.Ends.Exact != nil {
			at[in.Exact.Label] = len(ends)
			ends = append(ends, in.Ends)
		}
		return nil
	})
	for _, end := range ends {
		if end.Exact != nil {
			give(end.Tick, end.Exact)
		}
	}
	return err
}
