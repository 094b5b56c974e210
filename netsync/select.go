package netsync

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/ecs"
)

// Selection says which columns of which nodes, and how often; or which messages.
type Selection struct {
	Program string   `json:"program,omitempty"` // without: every program that has the fields
	Fields  []string `json:"fields,omitempty"`  // patterns
	Nodes   string   `json:"nodes,omitempty"`   // a pattern of names; without: all
	Group   string   `json:"group,omitempty"`   // members of a group alone
	Hertz   float64  `json:"hz,omitempty"`      // frames a second of wall time at most; 0: as the publisher does
	Ticks   int64    `json:"ticks,omitempty"`   // or every so many ticks
	// Messages, if not nil, has a sample of messages taken; nothing else is
	// given then.
	Messages *MessageSelection `json:"messages,omitempty"`
}

const (
	maxFields = 64   // patterns of a selection
	maxHertz  = 1000 // frames a second
)

// ParseSelection reads NODES.FIELD[@GROUP][/RATE], as people type it:
//
//	client[*].sent            sent of every node client[…], as often as the publisher does
//	*.sent,last@clients/5hz   two fields of the group clients, five times a second
//	store[0].*/100ticks       all fields of a node, every 100 ticks
//
// * stands for any part of a name. A name that has one of . @ / , in it can be
// selected by its pattern, or in a request.
func ParseSelection(text string) (Selection, error) {
	var s Selection
	rest, rate, hasRate := cutLast(text, "/")
	rest, group, hasGroup := cutLast(rest, "@")
	nodes, fields, ok := cutLast(rest, ".")
	if !ok || nodes == "" || fields == "" || hasGroup && group == "" {
		return s, fmt.Errorf("%q selects nothing; write NODES.FIELD[@GROUP][/RATE], as client[*].sent/10hz", text)
	}
	s.Nodes, s.Group, s.Fields = nodes, group, strings.Split(fields, ",")
	if nodes == "*" {
		s.Nodes = ""
	}
	if hasRate {
		var err error
		if n, isTicks := strings.CutSuffix(rate, "ticks"); isTicks {
			s.Ticks, err = strconv.ParseInt(n, 10, 64)
			ok = s.Ticks > 0
		} else {
			n, ok = strings.CutSuffix(rate, "hz")
			if ok {
				s.Hertz, err = strconv.ParseFloat(n, 64)
			}
			ok = ok && s.Hertz > 0
		}
		if err != nil || !ok {
			return s, fmt.Errorf("%q: a rate is a number of hz or of ticks, as 10hz or 100ticks; this is %q", text, rate)
		}
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%q: %w", text, err)
	}
	return s, nil
}

func cutLast(s, by string) (before, after string, ok bool) {
	i := strings.LastIndex(s, by)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(by):], true
}

func (s *Selection) check() error {
	if m := s.Messages; m != nil {
		if len(s.Fields) > 0 || s.Program != "" || s.Nodes != "" || s.Group != "" || s.Hertz != 0 || s.Ticks != 0 {
			return fmt.Errorf("an export is of columns or of messages, and not both; nodes, kinds and rate of messages are within \"messages\"")
		}
		return m.check()
	}
	switch {
	case len(s.Fields) == 0 || slices.Contains(s.Fields, ""):
		return fmt.Errorf("a selection needs fields; * is all")
	case len(s.Fields) > maxFields:
		return &LimitError{"fields of a selection", maxFields}
	case max(len(s.Program), len(s.Nodes), len(s.Group)) > MaxTopic || slices.ContainsFunc(s.Fields, func(f string) bool { return len(f) > MaxTopic }):
		return &LimitError{"bytes of a name", MaxTopic}
	case !(s.Hertz >= 0 && s.Hertz <= maxHertz) || s.Ticks < 0:
		return fmt.Errorf("a rate of %g hz and %d ticks; up to %d hz, and no less than 0", s.Hertz, s.Ticks, maxHertz)
	case s.Hertz > 0 && s.Ticks > 0:
		return fmt.Errorf("a rate is in hz or in ticks, and not both")
	}
	return nil
}

// Rate is how often the selection is to be published.
func (s *Selection) Rate() Rate {
	r := Rate{Ticks: ecs.Tick(s.Ticks)}
	if s.Hertz > 0 {
		r.Every = max(1, Nanos(float64(Second)/s.Hertz))
	}
	return r
}

// Column reports whether a column of a program is selected.
func (s *Selection) Column(program, field string) bool {
	return (s.Program == "" || s.Program == program) && slices.ContainsFunc(s.Fields, func(p string) bool { return Match(p, field) })
}

// Node reports whether a node is selected, given its groups.
func (s *Selection) Node(name string, groups []string) bool {
	return (s.Nodes == "" || Match(s.Nodes, name)) && (s.Group == "" || slices.Contains(groups, s.Group))
}

// Match reports whether a name fits a pattern, in which * stands for any part,
// and everything else for itself. It takes time by the product of their
// lengths at most.
func Match(pattern, name string) bool {
	star, from := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// UnmarshalJSON reads a selection as strictly as a request.
func (s *Selection) UnmarshalJSON(b []byte) error {
	type plain Selection
	keys, err := keysOf(b)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !slices.Contains(selectionKeys, k) {
			return fmt.Errorf("an export has no %q; it has %s", k, strings.Join(selectionKeys, ", "))
		}
	}
	return json.Unmarshal(b, (*plain)(s))
}

var selectionKeys = []string{"program", "fields", "nodes", "group", "hz", "ticks", "messages"}
