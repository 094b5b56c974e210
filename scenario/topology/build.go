package topology

import "strings"

// graph resolves the draft.
func (d *draft) graph() (*Graph, error) {
	if len(d.nodes) == 0 {
		return nil, position{1, 1}.fail("the graph has no nodes: add at least one")
	}
	index, err := d.index()
	if err != nil {
		return nil, err
	}
	g := &Graph{Name: strings.Clone(d.name), Directed: d.directed, Nodes: d.places()}
	labelNodes(g.Nodes)
	if len(d.edges) > 0 {
		g.Edges = make([]Edge, 0, len(d.edges))
	}
	for i := range d.edges {
		e, err := d.resolve(&d.edges[i], index)
		if err != nil {
			return nil, err
		}
		g.Edges = append(g.Edges, e)
	}
	return g, nil
}

// index finds nodes by id.
func (d *draft) index() (map[string]int, error) {
	index := make(map[string]int, len(d.nodes))
	for i, n := range d.nodes {
		if first, ok := index[n.id]; ok {
			return nil, n.at.fail("a second node has the id %s, the first is at %v: give each its own", quote(n.id), d.nodes[first].at)
		}
		index[n.id] = i
	}
	return index, nil
}

// places makes the nodes. Texts are cloned, or one label kept would keep the
// whole file.
func (d *draft) places() []Node {
	nodes := make([]Node, len(d.nodes))
	for i, n := range d.nodes {
		nodes[i] = Node{
			ID: strings.Clone(n.id), Label: strings.Clone(n.label),
			Lat: n.lat, Lon: n.lon, HasPlace: n.seen.has(latitude),
		}
	}
	return nodes
}

func (d *draft) resolve(e *draftEdge, index map[string]int) (Edge, error) {
	from, ok := index[e.source]
	if !ok {
		return Edge{}, e.at.fail("the link's source %s is no node: add a node with this id, or correct it", quote(e.source))
	}
	to, ok := index[e.target]
	if !ok {
		return Edge{}, e.at.fail("the link's target %s is no node: add a node with this id, or correct it", quote(e.target))
	}
	out := Edge{From: from, To: to, LengthKm: e.lengthKm, Latency: e.byLength}
	a, b := &d.nodes[from], &d.nodes[to]
	if !e.seen.has(length) && a.seen.has(latitude) && b.seen.has(latitude) {
		metres := greatCircle(a.lat, a.lon, b.lat, b.lon)
		out.LengthKm, out.Latency = float64(metres)/1000, ofMetres(metres)
	}
	if e.seen.has(latency) {
		out.Latency = e.latency
	}
	return out, nil
}
