package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// learn declares the figures and musts that a file names, in the order in which
// it does: their rows must be the same whenever a run meets them. It notes
// whether there may be services that take time, which need a kind, whether nodes
// are to remember feeds, and whether programs may sync.
func (s *script) learn(f *syntax.File) {
	syntax.Walk(f, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if dot, ok := n.(*syntax.DotExpr); ok {
			s.listsFeeds = s.listsFeeds || dot.Name.Name == "feeds"
			s.mentionsSync = s.mentionsSync || dot.Name.Name == "sync"
		}
		if id, ok := n.(*syntax.Ident); ok && id.Name == "serve" {
			s.serves = true // by a handler alone, maybe
		}
		if !ok || len(call.Args) == 0 {
			return true
		}
		fn, isName := call.Fn.(*syntax.Ident)
		name, isText := call.Args[0].(*syntax.Literal)
		if !isName || !isText || name.Token != syntax.STRING {
			return true
		}
		text := name.Value.(string)
		switch fn.Name {
		case "count":
			s.figures.counters = appendNew(s.figures.counters, text)
		case "measure":
			s.figures.spreads = appendNew(s.figures.spreads, text)
		case "must":
			s.figures.musts = appendNew(s.figures.musts, text)
		}
		return true
	})
	s.declareFigures()
	s.idle = append(s.idle, idle(f)...)
}

// figures are the names found so far.
type figures struct {
	counters, spreads, musts []string
	mustChecks               []int // numbers of the checks
}

func appendNew(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

func (s *script) declareFigures() {
	for _, name := range s.figures.counters {
		s.run.Measures.Counter(name)
	}
	for _, name := range s.figures.spreads {
		s.run.Measures.Distribution(name)
	}
	for _, name := range s.figures.musts[len(s.figures.mustChecks):] {
		s.figures.mustChecks = append(s.figures.mustChecks, s.run.Checks.Len())
		s.run.Checks.Add(systems.Check{Name: name, Kind: systems.AlwaysHolds, Holds: func(*ecs.World) bool { return true }, Every: 1 << 60})
	}
}

func (s *script) mustCheck(name string) int {
	return s.figures.mustChecks[slices.Index(s.figures.musts, name)]
}

// figure checks that a name was found when the file was read.
func figure(word, name string, known []string) error {
	if !slices.Contains(known, name) {
		return fmt.Errorf("%s: its name must be written out as text, so that it is known before the run: %s(%q, …)", word, word, name)
	}
	return nil
}

// measure is measure(name, value, by = None): an int, or a duration.
func (s *script) measure(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var v starlark.Value
	var by starlark.Value = starlark.None
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "value", &v, "by?", &by); err != nil {
		return nil, err
	}
	if err := figure("measure", name, s.figures.spreads); err != nil {
		return nil, err
	}
	if s.at.phase != handling {
		return nil, fmt.Errorf("measure %q: only a handler measures; a check looks, and a series draws", name)
	}
	key := ""
	if by != starlark.None {
		key = plain(by)
	}
	n, unit, err := measured(v)
	if err == nil {
		err = s.run.Measures.Measure(s.run.Measures.Distribution(name), n, unit, key)
	}
	if err != nil {
		return nil, fmt.Errorf("measure %q: %w", name, err)
	}
	return starlark.None, nil
}

func measured(v starlark.Value) (n int64, unit systems.Unit, err error) {
	switch v := v.(type) {
	case starlark.Int:
		n, ok := v.Int64()
		if !ok {
			return 0, unit, fmt.Errorf("%s is more than 64 bits hold", v)
		}
		return n, systems.Number, nil
	case value.Duration:
		return int64(v), systems.Duration, nil
	}
	return 0, unit, fmt.Errorf("an int or a duration is measured, not %s", value.A(v))
}

// count is count(name, n = 1).
func (s *script) count(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	n := int64(1)
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "n?", &n); err != nil {
		return nil, err
	}
	if err := figure("count", name, s.figures.counters); err != nil {
		return nil, err
	}
	if s.at.phase != handling {
		return nil, fmt.Errorf("count %q: only a handler counts; a check looks, and a series draws", name)
	}
	s.run.Measures.Count(s.run.Measures.Counter(name), n)
	return starlark.None, nil
}

// makeSeries is series(name, fn, every).
func (s *script) makeSeries(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("series are declared"); err != nil {
		return nil, err
	}
	var name string
	var fn starlark.Callable
	var every starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "fn", &fn, "every", &every); err != nil {
		return nil, err
	}
	period, err := span(every)
	if err != nil || period == 0 {
		return nil, fmt.Errorf("series %q: every: a duration above 0 is wanted", name)
	}
	for _, other := range s.series {
		if other.Name == name {
			return nil, fmt.Errorf("there is a series %q already", name)
		}
	}
	s.lookers = append(s.lookers, fn)
	id := s.run.Measures.Series(name, period, func(*ecs.World) float64 { return s.number(name, fn) })
	s.series = append(s.series, Series{Name: name, ID: int(id)})
	return starlark.None, nil
}

// number asks a series' function: a number, a bool or a duration in seconds.
func (s *script) number(name string, fn starlark.Callable) float64 {
	v, err := s.look(fn)
	if err != nil {
		panic(err)
	}
	switch v := v.(type) {
	case starlark.Bool:
		if v {
			return 1
		}
		return 0
	case value.Duration:
		return float64(v) / 1e9
	}
	f, ok := starlark.AsFloat(v)
	if !ok {
		panic(s.failureOf(fn, fmt.Errorf("series %q: a number is wanted, not %s", name, value.A(v))))
	}
	return f
}

// export is export(*fields, of, every = None).
func (s *script) export(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("exports are declared"); err != nil {
		return nil, err
	}
	var of, every starlark.Value
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "of", &of, "every?", &every); err != nil {
		return nil, err
	}
	nodes, err := s.nodesOf(of)
	if err != nil {
		return nil, fmt.Errorf("export: of: %w", err)
	}
	e := Export{Nodes: nodes}
	if every != nil {
		if e.Every, err = span(every); err != nil {
			return nil, fmt.Errorf("export: every: %w", err)
		}
	}
	for _, a := range args {
		name, ok := starlark.AsString(a)
		if !ok {
			return nil, fmt.Errorf("export: %s is not the name of a field", a)
		}
		for _, n := range nodes {
			if _, err := s.programs[n.Program()].find(name); err != nil {
				return nil, fmt.Errorf("export: %w", err)
			}
		}
		e.Fields = append(e.Fields, name)
	}
	s.exports = append(s.exports, e)
	return starlark.None, nil
}
