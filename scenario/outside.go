package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// Refusal says why something cannot be asked for from outside, and what to do
// about it.
type Refusal struct {
	Missing bool // there is no such thing; else what is asked for cannot be
	Text    string
	Cure    string
}

func (r *Refusal) Error() string {
	if r.Cure == "" {
		return r.Text
	}
	return r.Text + "; " + r.Cure
}

func refuse(text, cure string) error  { return &Refusal{false, text, cure} }
func missing(text, cure string) error { return &Refusal{true, text, cure} }

// Call is a call from outside. Arguments are JSON.
type Call struct {
	Service string
	Args    []json.RawMessage
	Named   map[string]json.RawMessage
	As      string          // the node that calls; empty: nobody
	To      string          // a node, or @ and a group; empty: any
	Policy  string          // which of several providers, as for me.call; "all": each of them
	Key     json.RawMessage // of the policy "hash"
	Need    int             // so many of a group, or of all, must answer; 0: one is asked, or each of all replies
	Timeout ecs.Nanoseconds // 0: 1 s
}

// maxTimeout is how long a call from outside may wait: 30 years.
const maxTimeout ecs.Nanoseconds = 1_000_000_000_000_000_000

// CallAction is the action of a call. An error is a [Refusal], here and below.
func (s *Scenario) CallAction(c *Call) (a systems.Action, err error) {
	o := outsider{s.script}
	a = systems.Action{Verb: systems.CallService, Name: c.Service, Kind: s.script.kinds.call, Timeout: c.Timeout, Need: c.Need}
	if a.Timeout == 0 {
		a.Timeout = defaultTimeout
	}
	if a.Target, err = o.as(c.As); err == nil {
		a.Other, err = o.nodeOrGroup(c.To)
	}
	if err != nil && c.To == "all" {
		err = missing(`there is no node "all"`, `"policy": "all" asks all that provide it`)
	}
	if err == nil {
		err = o.choice(&a, c)
	}
	if err != nil {
		return a, err
	}
	args, err := o.values("args", c.Args)
	if err != nil {
		return a, err
	}
	kwargs, err := o.named("named", c.Named)
	if err != nil {
		return a, err
	}
	if err := o.served(c.Service, 1+len(args), kwargs); err != nil {
		return a, err
	}
	payload, err := s.script.writeCall(c.Service, args, kwargs)
	if err != nil {
		return a, refuse(err.Error(), "send less")
	}
	a.Payload = slices.Clone(payload)
	return a, nil
}

// choice reads who is to be asked.
func (o outsider) choice(a *systems.Action, c *Call) (err error) {
	policy, known := policies[c.Policy]
	a.All = c.Policy == "all"
	switch {
	case a.Timeout < 0 || a.Timeout > maxTimeout:
		return refuse(fmt.Sprintf("a timeout of %d ns", a.Timeout), fmt.Sprintf("it is 1 to %d", maxTimeout))
	case c.Policy == "hash" && c.Key == nil:
		return refuse(`the policy "hash" wants a key`, "give one")
	case c.Policy != "hash" && c.Key != nil:
		return refuse("there is a key, and nothing to choose by it", `"policy": "hash"`)
	case c.Policy == "hash":
		v, err := o.value("key", c.Key)
		if err != nil {
			return err
		}
		a.Keyed = true
		if a.Key, err = o.hash(v); err != nil {
			return refuse("key: "+err.Error(), "")
		}
	case a.All && a.Other != 0 && !a.Other.IsGroup():
		return refuse(fmt.Sprintf("all that provide it, and %s alone", c.To), `leave out "to", or give @ and the name of a group`)
	case a.All && c.Need < 0:
		return refuse(fmt.Sprintf("%d are to answer", c.Need), `leave out "need": all are asked, and each replies`)
	case a.All:
		return nil
	case !known && c.Policy != "":
		return refuse(fmt.Sprintf("there is no policy %q", c.Policy), "any, round_robin, nearest, hash and all are")
	case c.Policy == "nearest" && a.Target == 0:
		return refuse("who is outside is near nobody", `give the node that calls, "as", or another policy`)
	}
	a.Policy = policy
	members := 0
	if a.Other != 0 {
		members = len(o.run.World.Members(a.Other))
	}
	if c.Need < 0 || c.Need > members {
		return refuse(fmt.Sprintf("%d are to answer, of %d that are asked", c.Need, members), `"to" is @ and the name of a group, of which "need" must answer`)
	}
	return nil
}

// PublishAction is the action of a publish; as is the node that does it, empty:
// nobody.
func (s *Scenario) PublishAction(feed, as string, v json.RawMessage) (a systems.Action, err error) {
	o := outsider{s.script}
	a = systems.Action{Verb: systems.PublishValue, Name: feed}
	if err := systems.CheckFeedName(feed); err != nil {
		return a, refuse(err.Error(), "")
	}
	if feeds := s.Run.Feeds; !feeds.Heard(feed) || feeds.Len() > systems.MaxFeeds/2 {
		return a, missing(fmt.Sprintf("nobody subscribes to %q, and nobody has published to it%s", feed, didYouMean(feed, o.feeds())), "the topic feeds has those that are published to")
	}
	if a.Target, err = o.as(as); err == nil {
		a.Payload, err = o.encode("value", v)
	}
	return a, err
}

// SetAction is the action of a set at a node: of a param that spreads it may be
// left empty, and is the first node that runs. Version is as [Scenario.Param] has
// it, nil: whatever it is.
func (s *Scenario) SetAction(param, node string, v, version json.RawMessage) (a systems.Action, err error) {
	o := outsider{s.script}
	a = systems.Action{Verb: systems.SetParam, Name: param}
	id, err := o.param(param)
	if err != nil {
		return a, err
	}
	if a.Target, err = o.at(id, node); err != nil {
		return a, err
	}
	if version != nil {
		if a.If, err = o.version(version); err != nil {
			return a, err
		}
	}
	a.Payload, err = o.encode("value", v)
	return a, err
}

// PushAction is the action of a push by a node, which may be left empty if the
// pipe has one source; to is one of several targets, empty: as the pipe fans out.
func (s *Scenario) PushAction(pipe, node, to string, item json.RawMessage) (a systems.Action, err error) {
	o := outsider{s.script}
	a = systems.Action{Verb: systems.PushItem, Name: pipe}
	if err := o.findPipe(pipe); err != nil {
		return a, missing(err.Error(), "")
	}
	p := o.pipes.at[pipe]
	sources := s.Run.Pipes.Config(p.id).Sources
	if a.Target, err = o.as(node); err == nil {
		a.Other, err = o.as(to)
	}
	switch {
	case err != nil:
		return a, err
	case a.Target == 0 && len(sources) > 1:
		return a, refuse(fmt.Sprintf("pipe %q has %d sources", pipe, len(sources)), `say which of them pushes: "node"`)
	case a.Target == 0:
		a.Target = sources[0]
	case !s.Run.Pipes.HasSource(p.id, a.Target):
		return a, refuse(fmt.Sprintf("%s is not one of the sources of pipe %q", node, pipe), "")
	}
	if a.Other != 0 && !s.Run.Pipes.HasTarget(p.id, a.Other) {
		return a, refuse(fmt.Sprintf("%s is not one of the targets of pipe %q", to, pipe), "")
	}
	x, err := o.value("value", item)
	if err != nil {
		return a, err
	}
	if p.key != nil && a.Other == 0 {
		key, err := o.look(p.key, x)
		if err == nil {
			a.Key, err = o.hash(key)
		}
		if err != nil {
			return a, refuse(fmt.Sprintf("the key of the item: %v", err), "")
		}
	}
	a.Payload, err = o.encode("value", item)
	return a, err
}

// SendAction is the action of a message to nodes.
func (s *Scenario) SendAction(nodes []ecs.Node, kind string, fields map[string]json.RawMessage) (a systems.Action, err error) {
	o := outsider{s.script}
	a = systems.Action{Verb: systems.Message, Nodes: nodes}
	known := false
	if a.Kind, known = o.kinds.find(kind); !known {
		return a, missing(fmt.Sprintf("no program handles a message of kind %q%s", kind, didYouMean(kind, o.kinds.names)), "")
	}
	if err := o.understood(nodes, a.Kind); err != nil {
		return a, refuse(err.Error(), "")
	}
	kwargs, err := o.named("fields", fields)
	if err != nil {
		return a, err
	}
	names, values := []string{}, []starlark.Value{}
	for _, kv := range kwargs {
		names, values = append(names, string(kv[0].(starlark.String))), append(values, kv[1])
	}
	o.encoder.Reset(nil, o.codec)
	if err := o.encoder.AppendFields(names, values); err != nil {
		return a, refuse(err.Error(), "")
	}
	a.Payload = slices.Clone(o.encoder.Bytes())
	return a, nil
}

// Param returns a param as a node has it, which may be left empty as for
// [Scenario.SetAction], and its version: a counter and who set it, or nobody.
func (s *Scenario) Param(name, node string) (v json.RawMessage, version systems.Version, at ecs.Node, err error) {
	o := outsider{s.script}
	id, err := o.param(name)
	if err == nil {
		at, err = o.at(id, node)
	}
	if err != nil {
		return nil, version, 0, err
	}
	kept, version := s.Run.Params.Get(at, id)
	return s.ValueJSON(kept), version, at, nil
}

// Kinds returns the kinds of messages that programs handle.
func (s *Scenario) Kinds() []string { return s.script.kinds.names }

// Feeds returns the names of feeds, and patterns, that the file declares or
// programs subscribe to.
func (s *Scenario) Feeds() []string {
	var all []string
	for _, w := range s.script.feedWays {
		all = append(all, w.pattern)
	}
	for _, p := range s.script.programs {
		if p != nil {
			for _, x := range p.subscribes {
				all = append(all, x.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// outsider reads what somebody outside asks for, between ticks.
type outsider struct{ *script }

func (o outsider) value(what string, text json.RawMessage) (starlark.Value, error) {
	v, err := value.ParseJSON(text, func(name string) (starlark.Value, bool) {
		if g := o.groupNamed(name); g != nil {
			return g, true // which is a node too
		}
		n, ok := o.run.World.NodeNamed(name)
		if !ok || n.IsGroup() {
			return nil, false
		}
		return o.handle(n), true
	})
	if err != nil {
		return nil, refuse(what+": "+err.Error(), "")
	}
	return v, nil
}

func (o outsider) values(what string, texts []json.RawMessage) (starlark.Tuple, error) {
	all := make(starlark.Tuple, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = o.value(fmt.Sprintf("%s[%d]", what, i), text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// named reads what has names, in their order.
func (o outsider) named(what string, texts map[string]json.RawMessage) (all []starlark.Tuple, err error) {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		v, err := o.value(what+"."+name, texts[name])
		if err != nil {
			return nil, err
		}
		all = append(all, starlark.Tuple{starlark.String(name), v})
	}
	return all, nil
}

// encode returns the canonical bytes of a value.
func (o outsider) encode(what string, text json.RawMessage) ([]byte, error) {
	v, err := o.value(what, text)
	if err != nil {
		return nil, err
	}
	o.encoder.Reset(nil, o.codec)
	if err := o.encoder.Append(v); err != nil {
		return nil, refuse(what+": "+err.Error(), "")
	}
	return slices.Clone(o.encoder.Bytes()), nil
}

// as finds a node that lives; 0 of an empty name.
func (o outsider) as(name string) (ecs.Node, error) {
	if name == "" {
		return 0, nil
	}
	n, ok := o.run.World.NodeNamed(name)
	if ok && n.IsGroup() {
		return 0, missing(fmt.Sprintf("%q is a group", name), "name one of its nodes, as store[0]")
	}
	if !ok || o.run.World.Life(n).Status == ecs.Absent {
		return 0, missing(fmt.Sprintf("there is no node %q", name), "a name is as store[0]")
	}
	return n, nil
}

// nodeOrGroup is as, or a group after @.
func (o outsider) nodeOrGroup(name string) (ecs.Node, error) {
	if name == "" || name[0] != '@' {
		if g, ok := o.run.World.NodeNamed(name); ok && g.IsGroup() {
			return 0, missing(fmt.Sprintf("%q is a group", name), fmt.Sprintf(`"@%s" asks one of its members, or all with "need"`, name))
		}
		return o.as(name)
	}
	g, ok := o.run.World.NodeNamed(name[1:])
	if !ok || !g.IsGroup() {
		return 0, missing(fmt.Sprintf("there is no group %q", name[1:]), "it is one that group(…) has named")
	}
	return g, nil
}

func (o outsider) param(name string) (systems.ParamID, error) {
	id, err := o.findParam(name)
	if err != nil {
		return 0, missing(err.Error(), "")
	}
	return id, nil
}

// at is the node at which a param is set or read.
func (o outsider) at(id systems.ParamID, name string) (ecs.Node, error) {
	n, err := o.as(name)
	switch {
	case err != nil || n != 0:
		return n, err
	case o.run.Params.Consistency(id) == systems.Local:
		return 0, refuse(fmt.Sprintf("each node has its own %q", o.run.Params.Name(id)), `say whose: "node"`)
	}
	w := o.run.World
	for p := ecs.GroupProgram + 1; int(p) < w.Programs(); p++ {
		for row := range w.ProgramRows(p) {
			if n := w.NodeAt(p, row); n != 0 && (w.Life(n).Status == ecs.Up || w.Tick() < 0) {
				return n, nil
			}
		}
	}
	return 0, missing("no node is up", "")
}

// version reads a version of a param: a counter and a node's name, or "".
func (o outsider) version(text json.RawMessage) (*systems.Version, error) {
	var v systems.Version
	var by string
	parts := []any{&v.Counter, &by}
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) != 2 {
		return nil, refuse(fmt.Sprintf("%s is no version", text), `one is as get gives it: [3,"store[0]"]`)
	}
	if by != "" {
		n, ok := o.run.World.NodeNamed(by)
		if !ok {
			return nil, missing(fmt.Sprintf("there is no node %q", by), "")
		}
		v.Writer = n
	}
	return &v, nil
}

// feeds are the names of feeds that have come up.
func (o outsider) feeds() []string {
	var all []string
	for i := range min(1000, o.run.Feeds.Len()) {
		all = append(all, o.run.Feeds.Name(systems.Feed(i)))
	}
	return all
}

// served says why nobody serves a call: its name is not known, or every program
// that provides it from the start takes other arguments.
func (o outsider) served(service string, placed int, kwargs []starlark.Tuple) error {
	key, why := systems.ServiceKey(service), error(nil)
	for _, p := range o.programs {
		if p == nil || p.provides[key] == nil {
			continue
		}
		if why = fits(callableOf(p.provides[key]), placed, kwargs); why == nil {
			return nil
		}
	}
	if why != nil {
		return refuse(fmt.Sprintf("%s: %v", service, why), "")
	}
	var known []string
	for i := range o.run.Services.Known() {
		known = append(known, o.run.Services.KnownName(i))
	}
	if !slices.Contains(known, service) {
		return missing(fmt.Sprintf("nobody has provided %q%s", service, didYouMean(service, known)), `{"do":"list","what":"services"} has those there are`)
	}
	return nil
}

func callableOf(v starlark.Value) starlark.Callable {
	if x, ok := v.(*served); ok {
		return x.fn
	}
	return v.(starlark.Callable)
}

// fits says why a function cannot be called with so many arguments by place, of
// which the own node is one, and some by name.
func fits(fn starlark.Callable, placed int, kwargs []starlark.Tuple) error {
	if b, ok := fn.(*value.Bound); ok {
		return fits(b.Function(), placed+len(b.Args()), kwargs)
	}
	f, ok := fn.(*starlark.Function)
	if !ok {
		return nil // it says so itself
	}
	all := f.NumParams()
	for _, has := range []bool{f.HasVarargs(), f.HasKwargs()} {
		if has {
			all--
		}
	}
	byPlace := all - f.NumKwonlyParams()
	if placed > byPlace && !f.HasVarargs() {
		return fmt.Errorf("%d arguments by place; it takes %d", placed-1, byPlace-1)
	}
	given := make([]bool, all)
	for i := range min(placed, byPlace) {
		given[i] = true
	}
	for _, kv := range kwargs {
		name, found := string(kv[0].(starlark.String)), false
		for i := range given {
			if param, _ := f.Param(i); param != name {
				continue
			}
			if given[i] {
				return fmt.Errorf("%q is given twice", name)
			}
			given[i], found = true, true
		}
		if !found && !f.HasKwargs() {
			return fmt.Errorf("it has no argument %q", name)
		}
	}
	for i := range given {
		if param, _ := f.Param(i); !given[i] && f.ParamDefault(i) == nil {
			return fmt.Errorf("the argument %q is missing", param)
		}
	}
	return nil
}
