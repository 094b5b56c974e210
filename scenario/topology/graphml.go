package topology

// ParseGraphML reads a graph in GraphML, as networkx and the Internet Topology
// Zoo write it. Attributes are known by the attr.name of their key; a key's
// default counts where an element has none. Graphs inside nodes, hyperedges and
// a mix of directed and undirected links are refused.
func ParseGraphML(b []byte) (*Graph, error) {
	text, err := readable(b)
	if err != nil {
		return nil, err
	}
	p := graphmlParser{xmlReader: newXMLReader(text), keys: map[string]graphmlKey{}}
	root, err := p.root()
	if err != nil {
		return nil, err
	}
	if root.Name.Local != "graphml" {
		return nil, root.at.fail("the root is %s: a GraphML file begins with <graphml>", quote(root.Name.Local))
	}
	if err := p.children(p.top); err != nil {
		return nil, err
	}
	if !p.found {
		return nil, root.at.fail("there is no graph: write <graph edgedefault=\"undirected\"> inside <graphml>")
	}
	return p.draft.graph()
}

type graphmlParser struct {
	xmlReader
	keys         map[string]graphmlKey // by id, looked up only
	nodeDefaults []attribute           // at most one a role
	edgeDefaults []attribute
	found        bool
	draft        draft
}

// A graphmlKey declares an attribute.
type graphmlKey struct {
	meaning
	name string
}

func (p *graphmlParser) top(e element) error {
	switch e.Name.Local {
	case "key":
		return p.key(e)
	case "graph":
		if p.found {
			return e.at.fail("a second graph: keep one in a file")
		}
		p.found = true
		return p.graph(e)
	}
	return p.pass()
}

func (p *graphmlParser) key(e element) error {
	id, name := e.attribute("id"), e.attribute("attr.name")
	if id == "" {
		return e.at.fail("a key without an id: give it one, by which <data> refers to it")
	}
	if _, ok := p.keys[id]; ok {
		return e.at.fail("a second key has the id %s: give each its own", quote(id))
	}
	if len(p.keys) == maxKeys {
		return e.at.fail("more than %d keys, the limit: leave out those that are not needed", maxKeys)
	}
	k := graphmlKey{meaningOf(name), name}
	p.keys[id] = k
	return p.children(func(child element) error {
		if child.Name.Local != "default" {
			return p.pass()
		}
		value, err := p.content()
		if err != nil {
			return err
		}
		p.addDefault(e.attribute("for"), attribute{k.meaning, name, value, child.at})
		return nil
	})
}

// addDefault keeps the first of a role, so that applying them to every element
// stays cheap whatever a file declares.
func (p *graphmlParser) addDefault(domain string, a attribute) {
	if a.role == passedOver {
		return
	}
	all := domain == "all" || domain == ""
	if all || domain == "node" {
		p.nodeDefaults = appendRole(p.nodeDefaults, a)
	}
	if all || domain == "edge" {
		p.edgeDefaults = appendRole(p.edgeDefaults, a)
	}
}

func appendRole(defaults []attribute, a attribute) []attribute {
	for _, d := range defaults {
		if d.role == a.role {
			return defaults
		}
	}
	return append(defaults, a)
}

func (p *graphmlParser) graph(e element) error {
	switch d := e.attribute("edgedefault"); d {
	case "directed":
		p.draft.directed = true
	case "undirected":
	default:
		return e.at.fail("edgedefault is %s: write directed or undirected", quote(d))
	}
	err := p.children(func(child element) error {
		switch child.Name.Local {
		case "node":
			return p.node(child)
		case "edge":
			return p.edge(child)
		case "data":
			return p.data(child, p.draft.set)
		case "hyperedge":
			return child.at.fail("a hyperedge joins more than two nodes: write it as links between two")
		}
		return p.pass()
	})
	if err != nil {
		return err
	}
	// Behind the data: an id such as "G" is a name only for want of another.
	return p.draft.set(attribute{meaning{role: title}, "id", e.attribute("id"), e.at})
}

func (p *graphmlParser) node(e element) error {
	n := draftNode{at: e.at, id: e.attribute("id")}
	err := p.children(func(child element) error {
		switch child.Name.Local {
		case "data":
			return p.data(child, n.set)
		case "graph":
			return child.at.fail("a graph inside node %s: write its nodes beside the others", quote(n.id))
		}
		return p.pass()
	})
	if err != nil {
		return err
	}
	for _, d := range p.nodeDefaults {
		if !n.seen.has(d.role) {
			if err := n.set(d); err != nil {
				return err
			}
		}
	}
	return p.draft.addNode(n)
}

func (p *graphmlParser) edge(e element) error {
	if d := e.attribute("directed"); d != "" && (d == "true" || d == "1") != p.draft.directed {
		return e.at.fail("a link with directed=%s differs from the graph's edgedefault: use one for all", quote(d))
	}
	out := draftEdge{at: e.at, source: e.attribute("source"), target: e.attribute("target")}
	err := p.children(func(child element) error {
		if child.Name.Local == "data" {
			return p.data(child, out.set)
		}
		return p.pass()
	})
	if err != nil {
		return err
	}
	for _, d := range p.edgeDefaults {
		if !out.seen.has(d.role) {
			if err := out.set(d); err != nil {
				return err
			}
		}
	}
	return p.draft.addEdge(out)
}

// data hands one attribute to set.
func (p *graphmlParser) data(e element, set func(attribute) error) error {
	id := e.attribute("key")
	k, ok := p.keys[id]
	if !ok {
		return e.at.fail("data has the key %s, which is not declared: add <key id=%s attr.name=\"…\"/> before the graph", quote(id), quote(id))
	}
	value, err := p.content()
	if err != nil {
		return err
	}
	return set(attribute{k.meaning, k.name, value, e.at})
}
