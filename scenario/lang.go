package scenario

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// predeclared is the vocabulary of a scenario's top level.
func (s *script) predeclared() starlark.StringDict {
	words := starlark.StringDict{
		"random": randomness{s, true},
	}
	maps.Copy(words, value.Universe(s.codec))
	for _, b := range []struct {
		name string
		do   verb
	}{
		{"program", s.makeProgram}, {"node", s.makeNode}, {"nodes", s.makeNodes}, {"group", s.makeGroup},
		{"topology", s.topology}, {"link", s.link}, {"mesh", s.mesh}, {"ring", s.ring}, {"star", s.star},
		{"tree", s.tree}, {"grid", s.grid}, {"random_graph", s.randomGraph}, {"network", s.network}, {"latency_matrix", s.latencyMatrix},
		{"crash", s.downFault(systems.Crash)}, {"lose_disk", s.downFault(systems.LoseDisk)}, {"start", s.simpleFault("start")}, {"stop", s.stopFault}, {"restart", s.simpleFault("restart")}, {"pause", s.simpleFault("pause")}, {"resume", s.simpleFault("resume")},
		{"cut", s.cut}, {"partition", s.partition}, {"isolate", s.isolate}, {"heal", s.heal}, {"slow", s.slow}, {"send", s.sendAction},
		{"set", s.setWord}, {"join", s.joinAction("join")}, {"leave", s.joinAction("leave")},
		{"at", s.atTime}, {"between", s.between}, {"when", s.when}, {"chaos", s.chaos},
		{"always", s.check("always")}, {"never", s.check("never")}, {"eventually", s.check("eventually")}, {"sometimes", s.check("sometimes")},
		{"linearizable", s.linearizable}, {"kv", s.model("kv", "read", "write")}, {"register", s.model("register", "read", "write")}, {"queue", s.model("queue", "push", "pop")},
		{"note", s.note}, {"must", s.must}, {"measure", s.measure}, {"count", s.count}, {"series", s.makeSeries}, {"export", s.export},
		{"param", s.param}, {"gossip", s.gossip}, {"directory", s.setDirectory}, {"feed", s.feed}, {"subscription", s.subscriptionWord},
		{"serve", s.serveWord}, {"serving", s.servingWord},
		{"param", s.param}, {"gossip", s.gossip}, {"pipe", s.pipe}, {"stage", s.makeStage},
		{"run", s.runUntil}, {"flag", s.flag}, {"tick", s.tick}, {"ties", s.ties}, {"now", s.now}, {"fail", fail},
	} {
		words[b.name] = starlark.NewBuiltin(b.name, s.noting(b.do))
	}
	for name, concept := range later {
		words[name] = starlark.NewBuiltin(name, func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			return nil, notYet(name, concept)
		})
	}
	return words
}

// later are words of concepts that are not built yet, and their concepts.
var later = map[string]string{
	"place": "placements",
	"lossy": "faults of links", "duplicate": "faults of links", "corrupt": "faults of links",
	"skew": "skewed clocks", "clog": "clogged links",
}

// vocabulary lists every word of the language, for the nearest right one.
func vocabulary() []string {
	s := &script{}
	words := slices.Collect(maps.Keys(s.predeclared()))
	words = append(words, slices.Collect(maps.Keys(starlark.Universe))...)
	slices.Sort(words)
	return words
}

// failure is what fail(…) says: it answers the caller of the service whose
// handler fails, and elsewhere ends the run.
type failure struct{ text string }

func (f *failure) Error() string { return "fail: " + f.text }

func fail(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text := ""
	for i, a := range args {
		if i > 0 {
			text += " "
		}
		if str, ok := starlark.AsString(a); ok {
			text += str
		} else {
			text += a.String()
		}
	}
	return nil, &failure{text}
}

// flag is flag(name, default): what --set gives, read as the default's type.
func (s *script) flag(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if s.at.phase != loading {
		return nil, fmt.Errorf("flag %s while the scenario is read; keep what it returns in a variable", args)
	}
	var name string
	var def starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "default", &def); err != nil {
		return nil, err
	}
	text, given := s.options.Flags[name]
	v := def
	if given {
		var err error
		if v, err = parseFlag(text, def); err != nil {
			return nil, fmt.Errorf("flag %q: --set %s=%s: %w", name, name, text, err)
		}
	}
	s.flags = append(s.flags, Flag{Name: name, Default: plain(def), Value: plain(v)})
	return v, nil
}

// plain prints a value without the quotes of a string.
func plain(v starlark.Value) string {
	if text, ok := starlark.AsString(v); ok {
		return text
	}
	return v.String()
}

func parseFlag(text string, def starlark.Value) (starlark.Value, error) {
	switch def.(type) {
	case starlark.String:
		return starlark.String(text), nil
	case value.Duration:
		return value.ParseDuration(text)
	case starlark.Bool:
		switch text {
		case "True", "true", "1":
			return starlark.True, nil
		case "False", "false", "0":
			return starlark.False, nil
		}
		return nil, fmt.Errorf("it is True or False")
	}
	v, err := starlark.EvalOptions(dialect, &starlark.Thread{Name: "flag"}, "flag", text, nil)
	if err != nil {
		return nil, fmt.Errorf("it is %s", value.A(def))
	}
	if _, isFloat := def.(starlark.Float); isFloat {
		if f, ok := starlark.AsFloat(v); ok {
			return starlark.Float(f), nil
		}
	}
	if v.Type() != def.Type() {
		return nil, fmt.Errorf("it is %s", value.A(def))
	}
	return v, nil
}

// tick is tick(length), before anything is made.
func (s *script) tick(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if s.at.phase != loading {
		return nil, fmt.Errorf("tick: the length of a tick comes first, before programs and nodes")
	}
	var v starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "length", &v); err != nil {
		return nil, err
	}
	d, err := value.AsDuration(v)
	if err != nil {
		return nil, fmt.Errorf("tick: %w", err)
	}
	switch {
	case d <= 0:
		return nil, fmt.Errorf("tick: a tick is longer than 0, not %s", d)
	case s.ticked:
		return nil, fmt.Errorf("tick: the length of a tick comes first, before programs and nodes")
	}
	s.reset(ecs.Config{Seed: s.options.Seed, TickLength: ecs.Nanoseconds(d), BatchLength: s.options.batchLength})
	s.figures.mustChecks = nil
	s.declareFigures()
	return starlark.None, nil
}

// ties is ties("sent"); "drawn" is to come.
func (s *script) ties(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var how string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "how", &how); err != nil {
		return nil, err
	}
	switch how {
	case "sent":
		return starlark.None, nil
	case "drawn":
		return nil, notYet(`ties("drawn")`, "drawn ties")
	}
	return nil, fmt.Errorf("ties: %q is neither \"sent\" nor \"drawn\"", how)
}

// now is now(): true time.
func (s *script) now(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(b.Name(), args, kwargs); err != nil {
		return nil, err
	}
	return s.time(), nil
}

// runUntil is run(until, warmup).
func (s *script) runUntil(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("run says when to end"); err != nil {
		return nil, err
	}
	var until, warmup starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "until", &until, "warmup?", &warmup); err != nil {
		return nil, err
	}
	if s.until > 0 {
		return nil, fmt.Errorf("run: it is said already when to end, at %s", value.Duration(s.run.World.Time(s.until)))
	}
	d, err := value.AsDuration(until)
	if err != nil {
		return nil, fmt.Errorf("run: until: %w", err)
	}
	if d <= 0 {
		return nil, fmt.Errorf("run: until is later than 0, not %s", d)
	}
	s.until = s.run.World.TicksCeil(ecs.Nanoseconds(d))
	if warmup != nil {
		w, err := span(warmup)
		if err != nil {
			return nil, fmt.Errorf("run: warmup: %w", err)
		}
		s.warmup = s.run.World.TicksCeil(w)
		if s.warmup >= s.until {
			return nil, fmt.Errorf("run: a warmup of %s leaves nothing of a run until %s", value.Duration(w), d)
		}
		s.run.Measures.Warmup = s.warmup
	}
	return starlark.None, nil
}
