package scenario

import (
	"fmt"
	"path"
	"strings"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/topology"
)

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
