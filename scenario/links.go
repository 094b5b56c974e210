package scenario

import (
	"fmt"
	"path"
	"strings"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/topology"
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

// overNodes is a word that links the nodes of a list in some shape.
func (s *script) overNodes(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, build func(nodes []ecs.Node, l systems.Link)) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	build(nodes, l)
	return starlark.None, nil
}

// mesh is mesh(nodes): of a named group, also of those who join it.
func (s *script) mesh(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	sides, err := s.sidesOf(v)
	if err == nil && anyGroup(sides) {
		if l.OneWay {
			return nil, fmt.Errorf("mesh: one_way leads from earlier nodes to later ones, and in a group that nodes join there is no such order; write link for each way")
		}
		if _, err = s.distinct("mesh", v); err == nil {
			s.meshGroups(sides, l)
			return starlark.None, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return s.overNodes(b, args, kwargs, s.run.Links.Mesh)
}

// meshGroups links everyone to everyone where groups are among the nodes.
func (s *script) meshGroups(sides []ecs.Node, l systems.Link) {
	for i, a := range sides {
		if a.IsGroup() {
			s.run.Links.Connect(a, a, l)
		}
		for _, b := range sides[i+1:] {
			s.run.Links.Connect(a, b, l)
		}
	}
}

func (s *script) ring(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return s.overNodes(b, args, kwargs, s.run.Links.Ring)
}

func (s *script) network(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v)
	if err != nil {
		return nil, err
	}
	if _, err := s.distinct("network", v); err != nil {
		return nil, err
	}
	sides, err := s.sidesOf(v)
	if err != nil {
		return nil, err
	}
	s.run.Links.Network(sides, l)
	return starlark.None, nil
}

func (s *script) star(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var hub value.Node
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "hub", &hub, "nodes", &v)
	if err != nil {
		return nil, err
	}
	nodes, err := s.sidesOf(v)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if n != hub.Number() {
			s.run.Links.Connect(hub.Number(), n, l)
		}
	}
	return starlark.None, nil
}

// tree links each node to its parent: that of the i-th is (i-1)/branching.
func (s *script) tree(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	branching := 2
	var v starlark.Value
	l, err := s.linking(b, args, kwargs, "nodes", &v, "branching?", &branching)
	if err != nil {
		return nil, err
	}
	if branching < 1 {
		return nil, fmt.Errorf("tree: branching is 1 at least, not %d", branching)
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(nodes); i++ {
		s.run.Links.Connect(nodes[(i-1)/branching], nodes[i], l)
	}
	return starlark.None, nil
}

// grid links rows of a width; torus joins opposite edges, diagonals adds the
// corners.
func (s *script) grid(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	var width int
	var torus, diagonals bool
	l, err := s.linking(b, args, kwargs, "nodes", &v, "width", &width, "torus?", &torus, "diagonals?", &diagonals)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	if width < 1 || len(nodes)%width != 0 {
		return nil, fmt.Errorf("grid: %d nodes do not make rows of %d", len(nodes), width)
	}
	steps := [][2]int{{1, 0}, {0, 1}}
	if diagonals {
		steps = append(steps, [2]int{1, 1}, [2]int{-1, 1})
	}
	height := len(nodes) / width
	for i, n := range nodes {
		for _, step := range steps {
			x, y := i%width+step[0], i/width+step[1]
			if torus {
				x, y = (x+width)%width, (y+height)%height
			}
			if x < 0 || x >= width || y >= height || nodes[y*width+x] == n {
				continue
			}
			s.run.Links.Connect(n, nodes[y*width+x], l)
		}
	}
	return starlark.None, nil
}

// randomGraph links nodes so that each has degree neighbours on average, in one
// piece: first a random tree, then random pairs.
func (s *script) randomGraph(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	var degree int
	l, err := s.linking(b, args, kwargs, "nodes", &v, "degree", &degree)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	n := len(nodes)
	if degree < 2 || degree >= n {
		return nil, fmt.Errorf("random_graph: a degree is 2 to %d for %d nodes, not %d", n-1, n, degree)
	}
	joined := map[[2]int]bool{}
	join := func(i, j int) bool {
		if i > j {
			i, j = j, i
		}
		if i == j || joined[[2]int{i, j}] {
			return false
		}
		joined[[2]int{i, j}] = true
		s.run.Links.Connect(nodes[i], nodes[j], l)
		return true
	}
	for i := 1; i < n; i++ {
		join(i, int(s.loading.Below(uint64(i))))
	}
	for len(joined) < n*degree/2 {
		join(int(s.loading.Below(uint64(n))), int(s.loading.Below(uint64(n))))
	}
	return starlark.None, nil
}

// topology is topology(file, program, **state).
func (s *script) topology(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var file string
	var p *program
	l, rest, err := splitLink(kwargs)
	if err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	if err := s.linkable(b.Name(), &l); err != nil {
		return nil, err
	}
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 2, &file, &p); err != nil {
		return nil, err
	}
	g, err := s.graph(file)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(path.Base(file), path.Ext(file))
	names := make([]string, len(g.Nodes))
	for i := range g.Nodes {
		names[i] = g.Nodes[i].Label
	}
	nodes, err := s.addNodes(base, names, p, rest, func(id ecs.ProgramID) []ecs.Node {
		all := make([]ecs.Node, len(g.Nodes))
		for i := range g.Nodes {
			all[i] = s.run.World.Node(id, g.Nodes[i].Label)
		}
		return all
	})
	if err != nil {
		return nil, err
	}
	nodes.labels = map[string]int{}
	for i := range g.Nodes {
		nodes.labels[g.Nodes[i].Label] = i
	}
	for _, e := range g.Edges {
		each := l
		each.Latency += e.Latency
		each.OneWay = g.Directed
		if e.From != e.To {
			s.run.Links.Connect(nodes.nodes[e.From], nodes.nodes[e.To], each)
		}
	}
	return nodes, nil
}

func (s *script) graph(file string) (*topology.Graph, error) {
	data, err := s.read(s.resolve(file))
	if err != nil {
		return nil, err
	}
	parse := topology.ParseGML
	switch path.Ext(file) {
	case ".gml":
	case ".graphml", ".xml":
		parse = topology.ParseGraphML
	default:
		return nil, fmt.Errorf("topology: %s is neither .gml nor .graphml", file)
	}
	g, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return g, nil
}

// inPlaces orders nodes as the places whose names they bear; nodes of which one
// has another name stay as they are.
func (s *script) inPlaces(nodes []ecs.Node, places []string) []ecs.Node {
	named := map[string]ecs.Node{}
	for _, n := range nodes {
		named[s.NodeName(n)] = n
	}
	ordered := make([]ecs.Node, len(places))
	for i, place := range places {
		n, ok := named[place]
		if !ok {
			return nodes
		}
		ordered[i] = n
	}
	return ordered
}

// latencyMatrix is latency_matrix(file, nodes, rtt = False): the i-th node of
// the list is the i-th name of the file, or the node of that name.
func (s *script) latencyMatrix(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var file string
	var v starlark.Value
	var rtt bool
	l, err := s.linking(b, args, kwargs, "file", &file, "nodes", &v, "rtt?", &rtt)
	if err != nil {
		return nil, err
	}
	nodes, err := s.distinct(b.Name(), v)
	if err != nil {
		return nil, err
	}
	data, err := s.read(s.resolve(file))
	if err != nil {
		return nil, err
	}
	m, err := topology.ParseLatencyCSV(data, rtt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(nodes) != len(m.Names) {
		return nil, fmt.Errorf("latency_matrix: %s has %d places, and there are %d nodes", file, len(m.Names), len(nodes))
	}
	nodes = s.inPlaces(nodes, m.Names)
	for i, row := range m.Latency {
		for j, latency := range row {
			if i != j && latency >= 0 {
				each := l
				each.Latency, each.OneWay = l.Latency+latency, true
				s.run.Links.Connect(nodes[i], nodes[j], each)
			}
		}
	}
	return starlark.None, nil
}
