package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// feedWay is feed(…): how values of feeds come where no link does. The engine is
// told of it when all is read, so that it shifts no other kind's number.
type feedWay struct {
	pattern string
	way     systems.Way
	pos     syntax.Position
}

// subscribing is subscription(fn, keep, every): the function of a feed and how
// its values are taken.
type subscribing struct {
	fn   starlark.Callable
	with systems.Subscription
}

func (v *subscribing) String() string        { return fmt.Sprintf("subscription(%s)", v.fn.Name()) }
func (v *subscribing) Type() string          { return "subscription" }
func (v *subscribing) Freeze()               { freezeBound(v.fn) }
func (v *subscribing) Truth() starlark.Bool  { return true }
func (v *subscribing) Hash() (uint32, error) { return v.fn.Hash() }

// feed is feed(name, latency = "0s", jitter = "0s", loss = 0, latched = False).
func (s *script) feed(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("feeds are declared"); err != nil {
		return nil, err
	}
	w := feedWay{pos: thread.CallFrame(1).Pos}
	l, rest, err := splitLink(kwargs)
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if err := starlark.UnpackArgs(b.Name(), args, rest, "name", &w.pattern, "latched?", &w.way.Latched); err != nil {
		return nil, err
	}
	if err := systems.CheckFeedPattern(w.pattern); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	w.way.Latency, w.way.Jitter, w.way.Loss = l.Latency, l.Jitter, l.Loss
	if l != (systems.Link{Latency: l.Latency, Jitter: l.Jitter, Loss: l.Loss}) {
		return nil, fmt.Errorf("feed %q: latency, jitter and loss say how values come where there is no link; for more, link the nodes", w.pattern)
	}
	if err := s.linkable(b.Name(), &l); err != nil {
		return nil, err
	}
	for i := range s.feedWays {
		if s.feedWays[i].pattern == w.pattern {
			return nil, fmt.Errorf("feed %q: it is said already how its values come", w.pattern)
		}
	}
	s.feedWays = append(s.feedWays, w)
	return starlark.None, nil
}

// openFeeds declares the feeds, after all that is none.
func (s *script) openFeeds() {
	s.run.Feeds.Open()
	s.kinds.feed = s.run.Feeds.Kind()
	if s.listsFeeds {
		s.run.Feeds.Remember()
	}
	for _, w := range s.feedWays {
		s.run.Feeds.Way(w.pattern, w.way)
	}
}

// subscriptionWord is subscription(fn, keep = 1, every = None).
func (s *script) subscriptionWord(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v := &subscribing{with: systems.Subscription{Keep: 1}}
	var every starlark.Value = starlark.None
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "fn", &v.fn, "keep?", &v.with.Keep, "every?", &every); err != nil {
		return nil, err
	}
	if err := s.taking(&v.with, every); err != nil {
		return nil, fmt.Errorf("subscription: %w", err)
	}
	return v, nil
}

// taking reads how values are taken.
func (s *script) taking(to *systems.Subscription, every starlark.Value) error {
	if to.Keep < 1 || to.Keep > systems.MaxKeep {
		return fmt.Errorf("keep is how many values wait at most, 1 to %d, not %d", systems.MaxKeep, to.Keep)
	}
	if every == starlark.None {
		return nil
	}
	var err error
	to.Every, err = s.timeout("every", every)
	return err
}

// subscribe reads subscribes of a program.
func (p *program) subscribe(subscribes *starlark.Dict) error {
	if subscribes == nil {
		return nil
	}
	for _, item := range subscribes.Items() {
		name, ok := starlark.AsString(item[0])
		v, isSubscription := item[1].(*subscribing)
		if fn, callable := item[1].(starlark.Callable); callable {
			v, isSubscription = &subscribing{fn: fn, with: systems.Subscription{Keep: 1}}, true
		}
		if !ok || !isSubscription {
			return fmt.Errorf("subscribes: %s: %s is not the name of a feed and a function", item[0], value.A(item[1]))
		}
		if err := systems.CheckFeedPattern(name); err != nil {
			return fmt.Errorf("subscribes: %w", err)
		}
		p.hears = append(p.hears, v.fn)
		with := v.with
		with.Name, with.Then = name, uint64(len(p.hears))
		p.subscribes = append(p.subscribes, with)
	}
	return nil
}

// publish is me.publish(name, value).
func (s *script) publish(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var v starlark.Value
	if err := starlark.UnpackArgs("me.publish", args, kwargs, "name", &name, "value", &v); err != nil {
		return nil, err
	}
	if err := systems.CheckFeedName(name); err != nil {
		return nil, fmt.Errorf("me.publish: %w", err)
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(v); err != nil {
		return nil, fmt.Errorf("me.publish: %w", err)
	}
	s.run.Feeds.PublishBytes(s.at.batch, s.at.index, s.run.Feeds.Declare(name), s.encoder.Bytes())
	return starlark.None, nil
}

// subscribeVerb is me.subscribe(name, fn, keep = 1, every = None).
func (s *script) subscribeVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	with := systems.Subscription{Keep: 1}
	var fn starlark.Callable
	var every starlark.Value = starlark.None
	if err := starlark.UnpackArgs("me.subscribe", args, kwargs, "name", &with.Name, "fn", &fn, "keep?", &with.Keep, "every?", &every); err != nil {
		return nil, err
	}
	if err := systems.CheckFeedPattern(with.Name); err != nil {
		return nil, fmt.Errorf("me.subscribe: %w", err)
	}
	if err := s.taking(&with, every); err != nil {
		return nil, fmt.Errorf("me.subscribe: %w", err)
	}
	kept, err := s.keepFunction(fn)
	if err != nil {
		return nil, fmt.Errorf("me.subscribe: %w", err)
	}
	s.run.Feeds.Subscribe(s.at.batch, s.at.index, with, kept)
	return starlark.None, nil
}

// unsubscribe is me.unsubscribe(name).
func (s *script) unsubscribe(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs("me.unsubscribe", args, kwargs, "name", &name); err != nil {
		return nil, err
	}
	return starlark.Bool(s.run.Feeds.Unsubscribe(s.at.node, name)), nil
}

// heard runs the handler of a feed's value.
func (s *script) heard(p *program, b *ecs.Batch, i int) {
	v := s.run.Feeds.Read(b, i)
	if v == nil {
		return
	}
	var fn starlark.Callable
	if v.Then > 0 {
		fn = p.hears[v.Then-1]
	} else {
		fn = s.function(s.run.Feeds.Kept(v))
	}
	name := s.run.Feeds.Name(v.Feed)
	msg, err := value.DecodeFrozen(v.Payload, s.codec)
	if err != nil {
		panic(s.failureOf(fn, fmt.Errorf("a value of feed %q cannot be read: %w", name, err)))
	}
	s.begin(p, b, i, fn)
	s.at.source, s.at.feed = v.From, name
	args := append(s.args[:0], s.handle(s.at.node), msg)
	if _, err := starlark.Call(s.thread, fn, args, nil); err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
}

// feedInHand is me.feed: the name of the feed whose value is handled.
func (s *script) feedInHand() starlark.Value {
	if s.at.feed == "" {
		return starlark.None
	}
	return starlark.String(s.at.feed)
}
