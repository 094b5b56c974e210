package scenario

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// splitLink takes the options of a link out of the arguments by name, and returns
// the others.
func splitLink(kwargs []starlark.Tuple) (systems.Link, []starlark.Tuple, error) {
	var l systems.Link
	var rest []starlark.Tuple
	for _, kv := range kwargs {
		known, err := setLink(&l, string(kv[0].(starlark.String)), kv[1])
		if err != nil {
			return l, nil, fmt.Errorf("%s: %w", string(kv[0].(starlark.String)), err)
		}
		if !known {
			rest = append(rest, kv)
		}
	}
	return l, rest, nil
}

func setLink(l *systems.Link, name string, v starlark.Value) (known bool, err error) {
	switch name {
	case "latency":
		l.Latency, err = span(v)
	case "jitter":
		l.Jitter, err = span(v)
	case "queue":
		l.Queue, err = span(v)
	case "loss":
		l.Loss, err = probability(v)
	case "duplicate":
		l.Duplicate, err = probability(v)
	case "reorder":
		l.Reorder, err = probability(v)
	case "corrupt":
		l.Corrupt, err = probability(v)
	case "bandwidth":
		l.Bandwidth, err = bandwidth(v)
	case "fifo":
		l.FIFO, err = truth(v)
	case "one_way":
		l.OneWay, err = truth(v)
	default:
		return false, nil
	}
	return true, err
}

// truth is True or False: any text would count as True.
func truth(v starlark.Value) (bool, error) {
	if b, ok := v.(starlark.Bool); ok {
		return bool(b), nil
	}
	return false, fmt.Errorf("it is True or False, not %s", v)
}

// span is a duration that is not negative.
func span(v starlark.Value) (ecs.Nanoseconds, error) {
	d, err := value.AsDuration(v)
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative", d)
	}
	return ecs.Nanoseconds(d), err
}

// bandwidth is bits a second: a number, or "10Mbps".
func bandwidth(v starlark.Value) (uint64, error) {
	if n, ok := v.(starlark.Int); ok {
		if u, ok := n.Uint64(); ok && u > 0 {
			return u, nil
		}
		return 0, fmt.Errorf("%s bits a second are none to send with", n)
	}
	text, ok := starlark.AsString(v)
	if !ok {
		return 0, fmt.Errorf("it is bits a second, or text as \"10Mbps\", not %s", value.A(v))
	}
	for _, unit := range []struct {
		suffix string
		bits   uint64
	}{{"Gbps", 1e9}, {"Mbps", 1e6}, {"kbps", 1e3}, {"bps", 1}} {
		if digits, found := strings.CutSuffix(text, unit.suffix); found {
			var n uint64
			if _, err := fmt.Sscanf(digits+";", "%d;", &n); err == nil && n > 0 && n < 1<<63/unit.bits {
				return n * unit.bits, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no bandwidth; write a whole number and bps, kbps, Mbps or Gbps", text)
}

// linking unpacks a word that makes links: its own arguments, and a link's.
func (s *script) linking(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, pairs ...any) (systems.Link, error) {
	l, rest, err := splitLink(kwargs)
	if err != nil {
		return l, fmt.Errorf("%s: %w", b.Name(), err)
	}
	if err := s.linkable(b.Name(), &l); err != nil {
		return l, err
	}
	return l, starlark.UnpackArgs(b.Name(), args, rest, pairs...)
}

// longest is the most that a link may add to an envelope's time.
const longest = 1 << 60

// linkable says what is wrong with a link's options together.
func (s *script) linkable(word string, l *systems.Link) error {
	switch {
	case l.Queue > 0 && l.Bandwidth == 0:
		return fmt.Errorf("%s: a queue needs a bandwidth", word)
	case l.FIFO && l.Reorder > 0:
		return fmt.Errorf("%s: on a fifo link nothing overtakes, so it cannot reorder; leave out one of them", word)
	case l.OneWay && word == "network":
		return fmt.Errorf("network: in a network everyone reaches everyone; for one_way, write link or mesh")
	case l.Latency > longest || l.Jitter > longest || l.Queue > longest:
		return fmt.Errorf("%s: latency, jitter and queue are at most %s", word, value.Duration(longest))
	}
	return s.reading(word + ": links are made")
}

// distinct returns the nodes that a word links in some shape. One that came
// twice would be linked to itself.
func (s *script) distinct(word string, v starlark.Value) ([]ecs.Node, error) {
	nodes, err := s.nodesOf(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", word, err)
	}
	met := map[ecs.Node]bool{} // looked up only
	for _, n := range nodes {
		if met[n] {
			return nil, fmt.Errorf("%s: %s is among the nodes twice", word, s.NodeName(n))
		}
		met[n] = true
	}
	return nodes, nil
}

func (s *script) link(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var from, to starlark.Value
	l, err := s.linking(b, args, kwargs, "a", &from, "b", &to)
	if err != nil {
		return nil, err
	}
	near, err := s.sidesOf(from)
	if err != nil {
		return nil, err
	}
	far, err := s.sidesOf(to)
	if err != nil {
		return nil, err
	}
	for _, x := range near {
		for _, y := range far {
			if err := s.apart(x, y); err != nil {
				return nil, err
			}
			s.run.Links.Connect(x, y, l)
		}
	}
	return starlark.None, nil
}

// apart refuses two sides of a link that have a node in common.
func (s *script) apart(a, b ecs.Node) error {
	for _, n := range s.run.World.Members(a) {
		if n == b || b.IsGroup() && s.run.World.In(n, b) {
			return fmt.Errorf("link: %s needs no link to itself", s.NodeName(n))
		}
	}
	return nil
}
