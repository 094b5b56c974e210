package topology

import (
	"strings"

	"orrery/ecs"
)

// A draft is a graph as a file tells it, before links are resolved: they may
// name nodes that come later.
type draft struct {
	name     string
	directed bool
	nodes    []draftNode
	edges    []draftEdge
}

type draftNode struct {
	at       position
	id       string
	label    string
	lat, lon float64
	seen     seen
}

type draftEdge struct {
	at             position
	source, target string
	lengthKm       float64
	byLength       ecs.Nanoseconds
	latency        ecs.Nanoseconds
	seen           seen
}

// set takes what a graph says of itself. The first name counts: files of the
// Internet Topology Zoo have several.
func (d *draft) set(a attribute) error {
	if a.role != title && a.role != label || d.name != "" {
		return nil
	}
	d.name = tidy(a.value)
	return checkName(a.at, "the graph's name", d.name)
}

func (n *draftNode) set(a attribute) (err error) {
	if a.role != label && a.role != latitude && a.role != longitude || strings.TrimSpace(a.value) == "" {
		return nil
	}
	if err := n.seen.add(a); err != nil {
		return err
	}
	switch a.role {
	case label:
		n.label = tidy(a.value)
		return checkName(a.at, "label", n.label)
	case latitude:
		n.lat, err = degrees(a, -90, 90)
	case longitude:
		n.lon, err = degrees(a, -180, 360) // some maps count 0 to 360
	}
	return err
}

func degrees(a attribute, least, most float64) (float64, error) {
	d, ok := parseDecimal(strings.TrimSpace(a.value))
	if !ok {
		return 0, a.at.fail("%s %s is not a number: write degrees, as 40.71", a.role, quote(a.value))
	}
	f := d.float(0)
	if f < least || f > most {
		return 0, a.at.fail("%s %s is not on Earth: write degrees from %v to %v", a.role, quote(a.value), least, most)
	}
	return f, nil
}

func (e *draftEdge) set(a attribute) error {
	units := lengthUnits
	switch a.role {
	case length:
	case latency:
		units = timeUnits
	default:
		return nil
	}
	text := strings.TrimSpace(a.value)
	if text == "" {
		return nil
	}
	if err := e.seen.add(a); err != nil {
		return err
	}
	m, err := parseMeasure(a.at, a.role.String(), text, units, a.unit)
	if err != nil {
		return err
	}
	span, _ := m.latency(1)
	if a.role == latency {
		e.latency = span
		return nil
	}
	e.lengthKm, e.byLength = m.kilometres(), span
	return nil
}

// addNode appends n, whose id and attributes are set. An id is tidied as a label
// is, since it may become one.
func (d *draft) addNode(n draftNode) error {
	if n.id = tidy(n.id); n.id == "" {
		return n.at.fail("a node without an id: give it one, by which links refer to it")
	}
	if n.seen.has(latitude) != n.seen.has(longitude) {
		return n.at.fail("node %s has half a place: give both lat and lon, or neither", quote(n.id))
	}
	if len(d.nodes) == maxNodes {
		return n.at.fail("more than %d nodes, the limit: take a part of the map", maxNodes)
	}
	d.nodes = append(d.nodes, n)
	return checkName(n.at, "id", n.id)
}

func (d *draft) addEdge(e draftEdge) error {
	if e.source, e.target = tidy(e.source), tidy(e.target); e.source == "" || e.target == "" {
		return e.at.fail("a link without both source and target: give the ids of two nodes")
	}
	if len(d.edges) == maxEdges {
		return e.at.fail("more than %d links, the limit: take a part of the map", maxEdges)
	}
	d.edges = append(d.edges, e)
	return nil
}
