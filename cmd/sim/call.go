package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"orrery/netsync"
	"orrery/scenario/value"
)

var callCommand = command{
	name: "call", args: "ENDPOINT [SERVICE] [ARGUMENT…]",
	brief: "act on a published run: call a service, publish, set a param",
	about: `An ARGUMENT is JSON, or else a text; NAME=VALUE gives it by name, and {"$node":
"store[0]"} is a node, or a named group. What comes back is printed as JSON. Nobody does it, over no
link, or the node that --node names. It takes effect in the next tick and is
recorded in the run's trace, so that the run replays without you.

While the run is paused, a value, a param or an item is taken, and what comes of it
is pending: --outcome says it once the run goes on.

Exit: 0 fine, or taken and pending, 1 the reply is an error or did not come, or the
run could not be reached or refused it, 2 usage.`,
	examples: []example{
		{"sim call tcp://127.0.0.1:5570 --list", "what there is to call, publish to and set"},
		{"sim call tcp://127.0.0.1:5570 kv.put x 1 ttl=5", "call a service"},
		{"sim call tcp://127.0.0.1:5570 kv.get x --node 'client[0]' --timeout 50ms", "as a node, which waits so long"},
		{"sim call tcp://127.0.0.1:5570 kv.size --policy all", "call all that provide it: prints who replied what"},
		{"sim call tcp://127.0.0.1:5570 --publish weather '{\"wind\": 7}'", "publish to a feed"},
		{"sim call tcp://127.0.0.1:5570 --set fanout 3", "set a param; --get reads it"},
		{"sim call tcp://127.0.0.1:5570 --push orders '[1, 2]' --node 'shop[0]'", "put an item into a pipe"},
		{"sim call tcp://127.0.0.1:5570 --send renew key=x --to 'store[*]'", "send nodes a message"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o callFlags
		f.StringVar(&o.publish, "publish", "", "publish a value to this `feed`")
		f.StringVar(&o.set, "set", "", "set this `param` to a value")
		f.StringVar(&o.get, "get", "", "print this `param`")
		f.StringVar(&o.push, "push", "", "put an item into this `pipe`")
		f.StringVar(&o.send, "send", "", "send a message of this `kind`, with fields as NAME=VALUE, to the nodes of --to")
		f.Uint64Var(&o.outcome, "outcome", 0, "print what came of the act with this `number`, which was pending")
		f.BoolVar(&o.list, "list", false, "print what there is to act on")
		f.StringVar(&o.node, "node", "", "the `node` that does it; of --set and --get: whose param")
		f.StringVar(&o.to, "to", "", "the `node` to call, or @GROUP: one of its members that provide the service, or all with --need; or one of a pipe's targets; of --send patterns of names, with commas between")
		f.StringVar(&o.policy, "policy", "", "which `one` of several providers: any, round_robin, hash, with --node nearest; or all")
		f.StringVar(&o.key, "key", "", "with --policy hash: the `value` to choose by")
		f.IntVar(&o.need, "need", 0, "with --to @GROUP, or --policy all: call all, of which so `many` must answer")
		f.StringVar(&o.version, "if", "", "with --set: only if it has this `version`, as --get --json prints it")
		f.Var(span{&o.timeout}, "timeout", "how long the call waits in simulated time; 1s if not given")
		f.BoolVar(&o.json, "json", false, "print all of the reply: ok, value, error, provider, took_ns, tick")
		o.viewer.declareAccess(f)
		f.DurationVar(&o.viewer.timeout, "wait", 0, "how long to wait for the run to answer, in real time; if not given 5s to reach it, then 1m for a reply")
		return o.run
	},
}

type callFlags struct {
	viewer                                               viewerFlags
	publish, set, get, push, send, node, to, policy, key string
	version                                              string
	outcome                                              uint64
	need                                                 int
	timeout                                              value.Duration
	list, json                                           bool
}

func (o *callFlags) run(e *edge, args []string) error {
	if len(args) == 0 {
		return wrongUsage("call needs the endpoint of a run: sim call tcp://127.0.0.1:5570 SERVICE")
	}
	r, err := o.request(args[1:])
	if err != nil {
		return err
	}
	if o.viewer.timeout < 0 {
		return wrongUsage("--wait %s: nothing answers in no time; leave it out", o.viewer.timeout)
	}
	a, err := o.viewer.keyed(e)
	if err != nil {
		return err
	}
	a.timeout = cmp.Or(o.viewer.timeout, time.Minute)                                  // a call may take long
	ctx, cancel := context.WithTimeout(e.ctx, cmp.Or(o.viewer.timeout, 5*time.Second)) // as sim view and sub
	defer cancel()
	if err := o.viewer.attachRequests(ctx, e, a, args[0]); err != nil {
		return err
	}
	defer a.requests.Close()
	if o.list {
		return a.listed(e)
	}
	reply, _, err := a.ask(*r)
	if err != nil {
		return err
	}
	return o.show(e, args[0], r.Do, &reply)
}

// modes are what is asked for instead of a call, and by which flag.
func (o *callFlags) modes() (do, name string, err error) {
	do, name = netsync.DoCall, ""
	if o.outcome > 0 {
		do, name = netsync.DoOutcome, strconv.FormatUint(o.outcome, 10)
	}
	for _, m := range []struct{ do, name string }{
		{netsync.DoPublish, o.publish}, {netsync.DoSet, o.set}, {netsync.DoGet, o.get}, {netsync.DoPush, o.push}, {netsync.DoSend, o.send},
	} {
		if m.name == "" {
			continue
		}
		if name != "" {
			return "", "", wrongUsage("--%s and --%s: one thing at a time", do, m.do)
		}
		do, name = m.do, m.name
	}
	return do, name, nil
}

// request is what the command line asks for.
func (o *callFlags) request(args []string) (*netsync.Request, error) {
	do, name, err := o.modes()
	if err != nil {
		return nil, err
	}
	if o.list {
		if len(args) > 0 || name != "" {
			return nil, wrongUsage("--list takes an endpoint alone")
		}
		return nil, nil
	}
	if err := o.fitting(do); err != nil {
		return nil, err
	}
	r := &netsync.Request{Do: do, To: o.to, Policy: o.policy, Need: o.need, Timeout: int64(o.timeout)}
	switch do {
	case netsync.DoCall:
		if len(args) == 0 {
			return nil, wrongUsage("call needs a service: sim call ENDPOINT kv.get x; --list prints those there are")
		}
		r.Service, r.As = args[0], o.node
		r.Args, r.Named = parted(args[1:])
		if o.key != "" {
			r.Key = jsonOf(o.key)
		}
		return r, nil
	case netsync.DoSend:
		var rest []json.RawMessage
		rest, r.Fields = parted(args)
		r.Kind, r.To, r.Nodes = name, "", strings.Split(o.to, ",")
		if len(rest) > 0 || o.to == "" {
			return nil, wrongUsage("--send takes fields as NAME=VALUE, and --to says whom it is for")
		}
		return r, nil
	case netsync.DoGet, netsync.DoOutcome:
		if len(args) > 0 {
			return nil, wrongUsage("--%s takes no value, and %s is one", do, quote(args[0]))
		}
		if do == netsync.DoOutcome {
			return &netsync.Request{Do: do, Act: o.outcome}, nil
		}
		r.Param, r.Node = name, o.node
		return r, nil
	}
	if len(args) != 1 {
		return nil, wrongUsage("--%s takes one value, and there are %d; quote it: '[1, 2]'", do, len(args))
	}
	r.Value = jsonOf(args[0])
	switch do {
	case netsync.DoPublish:
		r.Feed, r.As = name, o.node
	case netsync.DoSet:
		r.Param, r.Node = name, o.node
		if o.version != "" {
			r.If = jsonOf(o.version)
		}
	case netsync.DoPush:
		r.Pipe, r.Node = name, o.node
	}
	return r, nil
}

// fitting refuses flags that mean nothing for what is asked for.
func (o *callFlags) fitting(do string) error {
	calls := do == netsync.DoCall
	switch {
	case !calls && (o.policy != "" || o.key != "" || o.need != 0 || o.timeout != 0):
		return wrongUsage("--policy, --key, --need and --timeout are of a call, and not of --%s", do)
	case do != netsync.DoSet && o.version != "":
		return wrongUsage("--if is of --set")
	case o.to != "" && !calls && do != netsync.DoPush && do != netsync.DoSend:
		return wrongUsage("--to is of a call, --push and --send; --node says where --%s is done", do)
	case o.node != "" && do == netsync.DoOutcome:
		return wrongUsage("--outcome is of an act by its number alone; leave out --node")
	case o.node != "" && do == netsync.DoSend:
		return wrongUsage("--send comes from nobody; leave out --node")
	}
	return nil
}

// jsonOf is an argument as JSON: what is none is a text.
func jsonOf(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // every text has a form
	return quoted
}

// parted tells arguments by place from those by name.
func parted(args []string) (all []json.RawMessage, named map[string]json.RawMessage) {
	for _, arg := range args {
		name, v, ok := strings.Cut(arg, "=")
		if !ok || !isWord(name) {
			all = append(all, jsonOf(arg))
			continue
		}
		if named == nil {
			named = map[string]json.RawMessage{}
		}
		named[name] = jsonOf(v)
	}
	return all, named
}

// isWord reports whether a text may be the name of an argument.
func isWord(text string) bool {
	for i, r := range text {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

// answer is what matters of a reply to an act.
type answer struct {
	OK      *bool                `json:"ok"`
	Value   json.RawMessage      `json:"value"`
	Values  json.RawMessage      `json:"values"`
	Error   string               `json:"error"`
	Errors  [][2]json.RawMessage `json:"errors"`
	Pending uint64               `json:"pending"`
}

// show prints a reply; that it is an error is how the command ends.
func (o *callFlags) show(e *edge, endpoint, do string, reply *netsync.Reply) error {
	var got answer
	if err := json.Unmarshal(reply.OK, &got); err != nil {
		return fmt.Errorf("the reply: %w", err)
	}
	if o.json {
		all := map[string]json.RawMessage{}
		if err := json.Unmarshal(reply.OK, &all); err != nil {
			return fmt.Errorf("the reply: %w", err)
		}
		all["tick"], _ = json.Marshal(reply.Tick)
		if err := e.printJSON(all); err != nil {
			return err
		}
	}
	if !o.json && got.Values != nil {
		e.print("%s\n", got.Values)
	}
	switch {
	case got.Pending > 0:
		return got.pending(e, endpoint, do)
	case len(got.Errors) > 0:
		return fmt.Errorf("%s of %s: %s", got.Error, many(len(got.Errors), "provider"), namesOf(got.Errors))
	case got.OK != nil && !*got.OK:
		return errors.New(got.Error)
	case o.json || got.Values != nil:
	case got.Value != nil:
		e.print("%s\n", got.Value)
	}
	return nil
}

// pending says how to learn what comes of an act. What was to be printed is missing
// of a call; all else is taken.
func (got *answer) pending(e *edge, endpoint, do string) error {
	text := fmt.Sprintf("%s, and what comes of it is pending; once the run goes on: sim call %s --outcome %d", got.Error, endpoint, got.Pending)
	if do == netsync.DoCall || do == netsync.DoOutcome {
		return errors.New(text)
	}
	e.say("%s", text)
	return nil
}

// namesOf are the first of those who did not reply.
func namesOf(all [][2]json.RawMessage) string {
	var names []string
	for _, x := range all[:min(3, len(all))] {
		names = append(names, strings.Trim(string(x[0]), `"`))
	}
	if len(all) > len(names) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// listed prints what there is to act on, a line each.
func (a *attached) listed(e *edge) error {
	schema, err := a.schema()
	if err != nil {
		return err
	}
	for _, part := range schema.Parts {
		for _, thing := range part.Items {
			e.print("%-9s %s\n", strings.TrimSuffix(part.Name, "s"), thing.Name)
		}
	}
	return nil
}
