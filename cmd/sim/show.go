package main

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"orrery/ecs"
	"orrery/scenario"
)

// maxNear is among how many names the nearest is looked for.
const maxNear = 10_000

// maxShown is how many values are shown if nothing is said about which.
const maxShown = 100

// show prints fields of nodes: those that match a pattern, or all there are.
func (e *edge) show(s *scenario.Scenario, patterns []string) error {
	w := s.Run.World
	shown := 0
	matched := make([]bool, len(patterns))
	for n, field := range fields(s) {
		name := w.NodeName(n) + "." + field
		if !wanted(w, n, name, field, patterns, matched) {
			continue
		}
		if shown++; len(patterns) == 0 && shown > maxShown {
			continue
		}
		text, err := s.Show(n, field)
		if err != nil {
			return err
		}
		e.print("%s = %s\n", name, text)
	}
	if len(patterns) == 0 && shown > maxShown {
		e.say("%d values more; --show 'node[*].field' says which", shown-maxShown)
	}
	return nil
}

// fields goes over all nodes that there are, and over the fields of each.
func fields(s *scenario.Scenario) iter.Seq2[ecs.Node, string] {
	return func(yield func(ecs.Node, string) bool) {
		w := s.Run.World
		for id := 1; id < w.Programs(); id++ {
			for row := range w.ProgramRows(ecs.ProgramID(id)) {
				n := w.NodeAt(ecs.ProgramID(id), row)
				if n == 0 {
					continue
				}
				for _, field := range s.Fields(n) {
					if !yield(n, field) {
						return
					}
				}
			}
		}
	}
}

// fit refuses patterns that no field of a node fits, before anything is printed.
func fit(s *scenario.Scenario, patterns []string) error {
	if len(patterns) == 0 {
		return nil
	}
	w, matched := s.Run.World, make([]bool, len(patterns))
	var names []string
	for n, field := range fields(s) {
		name := w.NodeName(n) + "." + field
		if wanted(w, n, name, field, patterns, matched); len(names) < maxNear {
			names = append(names, name)
		}
	}
	i := slices.Index(matched, false)
	if i < 0 {
		return nil
	}
	if near := nearest(patterns[i], names); near != "" && !strings.ContainsAny(patterns[i], "*@") {
		return wrongUsage("--show %s: no node has such a field; did you mean %s?", quote(patterns[i]), quote(near))
	}
	return wrongUsage("--show %s: no node has such a field; a pattern is a node's name, with * for any part of it, or @ and a group's, a point and a field", quote(patterns[i]))
}

// wanted reports whether a field of a node, which together have a name, is one of
// those that patterns select, and takes note of which.
func wanted(w *ecs.World, n ecs.Node, name, field string, patterns []string, matched []bool) bool {
	found := len(patterns) == 0
	for i, p := range patterns {
		if named(name, p) || ofGroup(w, n, field, p) {
			found, matched[i] = true, true
		}
	}
	return found
}

// ofGroup reports whether a pattern is @, a group that a node is in, and its field.
func ofGroup(w *ecs.World, n ecs.Node, field, pattern string) bool {
	at := strings.LastIndexByte(pattern, '.')
	if at < 0 || pattern[0] != '@' || !named(field, pattern[at+1:]) {
		return false
	}
	g, ok := w.NodeNamed(pattern[1:at])
	return ok && g.IsGroup() && w.In(n, g)
}

// named reports whether a name is a pattern's; * stands for any text, and
// everything else for itself: names have brackets.
func named(name, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return name == pattern
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(name, first) || !strings.HasSuffix(name[len(first):], last) {
		return false
	}
	rest := name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return true
}

// status is a line about a node that stands for its life.
func status(w *ecs.World) string {
	down := 0
	for id := 1; id < w.Programs(); id++ {
		for row := range w.ProgramRows(ecs.ProgramID(id)) {
			if n := w.NodeAt(ecs.ProgramID(id), row); n != 0 && w.Life(n).Status != ecs.Up {
				down++
			}
		}
	}
	return fmt.Sprintf("%s, %d not up, %d under way", many(w.LiveNodes(), "node"), down, w.InFlight())
}
