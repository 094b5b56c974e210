package scenario

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// refBytes is what systems puts before a payload of a call or a reply.
const refBytes = 8

// callOptions are the words of me.call that are not the service's arguments.
type callOptions struct {
	to      starlark.Value
	key     uint64 // of to = "hash"
	hashed  bool   // it is said
	need    int    // 0: each answers for itself
	then    starlark.Value
	timeout ecs.Nanoseconds
}

const defaultTimeout ecs.Nanoseconds = 1_000_000_000

// callVerb is me.call(service, *args, then = None, timeout = "1s", to = None,
// need = None, by = …, **kwargs).
func (s *script) callVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf(`me.call takes a service, then its arguments: me.call("kv.get", "x", then = done)`)
	}
	name, ok := starlark.AsString(args[0])
	if !ok {
		return nil, fmt.Errorf("me.call: a service is a string, not %s", value.A(args[0]))
	}
	o := callOptions{to: starlark.None, then: starlark.None, timeout: defaultTimeout}
	rest, err := s.callOptions(&o, kwargs)
	if err != nil {
		return nil, fmt.Errorf("me.call: %w", err)
	}
	c := systems.Call{Service: systems.Service{Key: systems.ServiceKey(name), Kind: s.kinds.call}, Timeout: o.timeout}
	if c.Payload, err = s.writeCall(name, args[1:], rest); err != nil {
		return nil, fmt.Errorf("me.call: %w", err)
	}
	if c.Keep, err = s.keepThen(o.then); err != nil {
		return nil, fmt.Errorf("me.call: %w", err)
	}
	ids, err := s.callAll(&c, &o)
	if err != nil {
		return nil, fmt.Errorf("me.call: %w", err)
	}
	return &calling{s.handle(s.at.node).(value.Node), ids}, nil
}

// callOptions reads the words that are not the service's, and returns the
// others.
func (s *script) callOptions(o *callOptions, kwargs []starlark.Tuple) (rest []starlark.Tuple, err error) {
	for _, kv := range kwargs {
		switch v := kv[1]; string(kv[0].(starlark.String)) {
		case "to":
			o.to = v
		case "by":
			if !slices.ContainsFunc(kwargs, isToHash) {
				rest = append(rest, kv) // it is the service's own
				break
			}
			o.hashed = true
			if o.key, err = s.hash(v); err != nil {
				return nil, fmt.Errorf("by: %w", err)
			}
		case "then":
			o.then = v
		case "timeout":
			if o.timeout, err = s.timeout("timeout", v); err != nil {
				return nil, err
			}
		case "need":
			if v == starlark.None {
				break
			}
			if o.need, err = starlark.AsInt32(v); err != nil || o.need < 1 {
				return nil, fmt.Errorf("need is how many must answer, 1 or more, not %s", v)
			}
		default:
			rest = append(rest, kv)
		}
	}
	return rest, nil
}

func isToHash(kv starlark.Tuple) bool {
	return kv[0] == starlark.String("to") && kv[1] == starlark.String("hash")
}

// timeout reads how long to wait at most.
func (s *script) timeout(word string, v starlark.Value) (ecs.Nanoseconds, error) {
	d, err := s.wait(word, v)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", word, err)
	}
	if d == 0 {
		return 0, fmt.Errorf("%s: a time above 0 is wanted", word)
	}
	return d, nil
}

// keepThen returns the bytes of what goes on after a call; nil if nothing does.
func (s *script) keepThen(then starlark.Value) ([]byte, error) {
	if then == starlark.None {
		return nil, nil
	}
	if _, ok := then.(starlark.Callable); !ok {
		return nil, fmt.Errorf("then is a function, fn(me, reply), not %s", value.A(then))
	}
	return s.keepFunction(then)
}

// policies are words for whom to call, of those that provide; "hash" is one
// more, and "all" is for all of them.
var policies = map[string]systems.Policy{"any": systems.AnyProvider, "round_robin": systems.RoundRobin, "nearest": systems.Nearest}

var policyWords = []string{"any", "round_robin", "nearest", "hash", "all"}

func noPolicy(word string) error {
	return fmt.Errorf("to is a node, a group, a list, \"any\", \"round_robin\", \"nearest\", \"hash\" or \"all\", not %q%s", word, didYouMean(word, policyWords))
}

// pick returns whom a policy chooses.
func (s *script) pick(service uint64, word string, o *callOptions) (ecs.Node, error) {
	services, b, i := s.run.Services, s.at.batch, s.at.index
	policy, known := policies[word]
	switch {
	case o.need > 0:
		return 0, fmt.Errorf("need is of several providers; say which, as in to = \"all\" or to = me.peers")
	case word == "hash" && !o.hashed:
		return 0, fmt.Errorf("to = \"hash\" wants a value to choose by: to = \"hash\", by = key")
	case word == "hash":
		return services.PickBy(b, i, service, o.key), nil
	case !known:
		return 0, noPolicy(word)
	}
	return services.Pick(b, i, service, policy), nil
}

// callAll calls whom the options say.
func (s *script) callAll(c *systems.Call, o *callOptions) ([]ecs.EnvelopeID, error) {
	switch word, isWord := starlark.AsString(o.to); {
	case word == "all":
		return s.callSeveral(c, o, s.run.Services.PickAll(s.at.batch, s.at.index, c.Service.Key))
	case isWord:
		return s.callOne(c, o, word)
	case o.to == starlark.None:
		return s.callOne(c, o, "any")
	}
	nodes, err := s.nodesOf(o.to)
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	nodes = systems.EachOnce(nodes)
	if !isFixed(o.to) {
		return s.callSeveral(c, o, nodes)
	}
	if o.need > len(nodes) && len(nodes) > 0 {
		return nil, fmt.Errorf("need = %d of %d nodes", o.need, len(nodes))
	}
	for _, n := range nodes {
		if err := s.canCall(n); err != nil {
			return nil, err
		}
	}
	return s.callSeveral(c, o, nodes)
}

// isFixed reports whether nodes are the same whenever they are asked for, so that
// to need more of them is a mistake, and so is to have no link to one. A list may
// have been put together from who is well or is seen, and have too few for the
// moment; into a group may come whoever an operator has join it.
func isFixed(nodes starlark.Value) bool {
	switch x := nodes.(type) {
	case value.Node, *peers:
		return true
	case *group:
		return x.node == 0 && x.name != ""
	}
	return false
}

// callOne calls a provider that a policy chooses.
func (s *script) callOne(c *systems.Call, o *callOptions, policy string) ([]ecs.EnvelopeID, error) {
	if err := s.canStart(1); err != nil {
		return nil, err
	}
	var err error
	if c.To, err = s.pick(c.Service.Key, policy, o); err != nil {
		return nil, err
	}
	if err := s.anyLink(c.To); err != nil {
		return nil, err
	}
	return []ecs.EnvelopeID{s.run.Services.Call(s.at.batch, s.at.index, c)}, nil
}

// callSeveral calls each of some nodes, or all of them at once if some must
// answer. If there is nobody, or there are too few, it ends as a call does that
// finds no provider; that of one to whom there is no link ends by itself.
func (s *script) callSeveral(c *systems.Call, o *callOptions, nodes []ecs.Node) ([]ecs.EnvelopeID, error) {
	services, b, i := s.run.Services, s.at.batch, s.at.index
	if err := s.canStart(1 + len(nodes)); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if err := s.anyLink(n); err != nil {
			return nil, err
		}
	}
	switch {
	case o.need > 0:
		return []ecs.EnvelopeID{services.Gather(b, i, c, nodes, o.need)}, nil
	case len(nodes) == 0:
		return []ecs.EnvelopeID{services.Call(b, i, c)}, nil
	}
	ids := make([]ecs.EnvelopeID, 0, len(nodes))
	for _, n := range nodes {
		if c.To, c.Unlinked = n, 0; !services.Reaches(s.at.node, n) {
			c.To, c.Unlinked = 0, n
		}
		ids = append(ids, services.Call(b, i, c))
	}
	return ids, nil
}

// canStart reports that the node has too many calls under way: here, so that
// the error has its place in the script.
func (s *script) canStart(more int) error {
	if n := s.run.Services.InFlight(s.at.node); n+more > systems.MaxCalls {
		return fmt.Errorf("%s has %d calls in flight, and may have %d; wait for replies, or give calls a shorter timeout", s.NodeName(s.at.node), n, systems.MaxCalls)
	}
	return nil
}

func (s *script) canCall(n ecs.Node) error {
	if s.run.Links.Missing(s.at.node, n) {
		return fmt.Errorf("no link joins %s and %s; link them, or put both in a network", s.NodeName(s.at.node), s.NodeName(n))
	}
	return nil
}

// anyLink reports, as a send does, that nothing joins anything: that is no fault.
func (s *script) anyLink(n ecs.Node) error {
	if n != 0 && s.run.Links.None() {
		return s.canCall(n)
	}
	return nil
}

func (s *script) cancelCall(c *calling) bool {
	any := false
	for _, id := range c.ids {
		any = s.run.Services.Cancel(s.at.batch, s.at.index, id) || any
	}
	return any
}

// A call's payload is the service's name, the names of the arguments that have
// one, and a tuple of all arguments, of those last.
func (s *script) writeCall(name string, args starlark.Tuple, kwargs []starlark.Tuple) ([]byte, error) {
	b := appendText(s.encoder.Bytes()[:0], name)
	b = binary.AppendUvarint(b, uint64(len(kwargs)))
	values := append(s.values[:0], args...)
	for _, kv := range kwargs {
		b = appendText(b, string(kv[0].(starlark.String)))
		values = append(values, kv[1])
	}
	s.values = values
	s.encoder.Reset(b, s.codec)
	err := s.encoder.Append(starlark.Tuple(values))
	return s.encoder.Bytes(), err
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// cutText is the reverse; of what is too short it returns nothing.
func cutText(b []byte) (text, rest []byte) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil
	}
	return b[size : size+int(n)], b[size+int(n):]
}

// readCall is the reverse of writeCall. There is room for the node before the
// arguments.
func (s *script) readCall(payload []byte) (name string, args starlark.Tuple, kwargs []starlark.Tuple, err error) {
	text, rest := cutText(payload)
	named, size := binary.Uvarint(rest)
	if size <= 0 || named > uint64(len(rest)) {
		return string(text), nil, nil, errors.New("it is cut short")
	}
	rest = rest[size:]
	for range named {
		var word []byte
		word, rest = cutText(rest)
		kwargs = append(kwargs, starlark.Tuple{starlark.String(word), nil})
	}
	v, err := value.DecodeFrozen(rest, s.codec)
	all, ok := v.(starlark.Tuple)
	if err != nil || !ok || len(all) < len(kwargs) {
		return string(text), nil, nil, fmt.Errorf("its arguments are none: %v", err)
	}
	placed := len(all) - len(kwargs)
	for i := range kwargs {
		kwargs[i][1] = all[placed+i]
	}
	return string(text), append(make(starlark.Tuple, 1, 1+placed), all[:placed]...), kwargs, nil
}

// argumentsAt returns where in a payload, with what systems puts before it, the
// arguments' values begin.
func argumentsAt(payload []byte) int {
	_, rest := cutText(payload[refBytes:])
	named, size := binary.Uvarint(rest)
	rest = rest[size:]
	for range named {
		_, rest = cutText(rest)
	}
	return len(payload) - len(rest)
}

// expire ends the calls of a node whose time is up, each by an event of its
// own, until the node itself ends.
func (s *script) expire(p *program, b *ecs.Batch) {
	i := b.At
	for r := s.run.Services.Expire(b, i); r != nil; r = s.run.Services.Expire(b, i) {
		s.goOn(p, b, i, r, 0)
		if b.Exited() && !b.Up(i) {
			return
		}
	}
}

// goOn runs what comes after a call that has ended. Source is who sent the
// reply, if one did.
func (s *script) goOn(p *program, b *ecs.Batch, i int, r *systems.Reply, source ecs.Node) {
	if len(r.Kept) == 0 {
		return
	}
	fn := s.function(r.Kept)
	reply, err := s.reply(r)
	if err != nil {
		panic(s.failureOf(fn, fmt.Errorf("a reply cannot be read: %w", err)))
	}
	s.begin(p, b, i, fn)
	s.at.source = source
	if source == 0 {
		s.at.event = r.Event()
	}
	args := append(s.args[:0], s.handle(s.at.node), reply)
	if _, err := starlark.Call(s.thread, fn, args, nil); err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
}

var (
	replyNames  = []string{"error", "ok", "provider", "took", "value"}
	gatherNames = append(slices.Clone(replyNames), "values")
)

// reply is what a call's function is given.
func (s *script) reply(r *systems.Reply) (*value.Record, error) {
	var failed, v starlark.Value = starlark.None, starlark.None
	var err error
	switch {
	case r.Sort == "discovery":
		v = starlark.NewList(s.handles(r.Found))
	case r.Why == systems.NoReason && r.Sort == "call":
		if v, err = value.DecodeFrozen(r.Payload, s.codec); err != nil {
			return nil, err
		}
	}
	if r.Why == systems.Failed {
		failed = starlark.String(r.Payload)
	} else if r.Why != systems.NoReason {
		failed = starlark.String(r.Why.String())
	}
	values := []starlark.Value{failed, starlark.Bool(r.Why == systems.NoReason), s.handle(r.Provider), value.Duration(r.Took), v}
	names := replyNames
	if r.Sort == "gather" {
		all, err := s.answers(r.Answers)
		if err != nil {
			return nil, err
		}
		names, values = gatherNames, append(values, all)
	}
	record := value.MakeRecord(names, values...)
	record.Freeze()
	return record, nil
}

// answers is a list of who answered what.
func (s *script) answers(all []systems.Answer) (*starlark.List, error) {
	list := make([]starlark.Value, len(all))
	for i, a := range all {
		v, err := value.DecodeFrozen(a.Payload, s.codec)
		if err != nil {
			return nil, err
		}
		list[i] = starlark.Tuple{s.handle(a.Provider), v}
	}
	return starlark.NewList(list), nil
}

// discover is me.discover(service, min = 1, within = "1s", then = None).
func (s *script) discover(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	least, within, then := 1, starlark.Value(starlark.String("1s")), starlark.Value(starlark.None)
	if err := starlark.UnpackArgs("me.discover", args, kwargs, "service", &name, "min?", &least, "within?", &within, "then?", &then); err != nil {
		return nil, err
	}
	if least < 1 {
		return nil, fmt.Errorf("me.discover: min is how many providers to wait for, 1 or more, not %d", least)
	}
	wait, err := s.timeout("within", within)
	if err != nil {
		return nil, fmt.Errorf("me.discover: %w", err)
	}
	c := systems.Call{Service: systems.Service{Key: systems.ServiceKey(name), Kind: s.kinds.call}, Timeout: wait}
	if c.Keep, err = s.keepThen(then); err != nil {
		return nil, fmt.Errorf("me.discover: %w", err)
	}
	if err := s.canStart(1); err != nil {
		return nil, fmt.Errorf("me.discover: %w", err)
	}
	id := s.run.Services.Discover(s.at.batch, s.at.index, &c, least)
	return &calling{s.handle(s.at.node).(value.Node), []ecs.EnvelopeID{id}}, nil
}
