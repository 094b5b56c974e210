package topology

import "strings"

// ParseGML reads a graph in GML, as networkx, TopoHub and the Internet Topology
// Zoo write it: key and value pairs in brackets.
func ParseGML(b []byte) (*Graph, error) {
	text, err := readable(b)
	if err != nil {
		return nil, err
	}
	p := gmlParser{scan: gmlScanner{text: text, line: 1}}
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		return nil, position{1, 1}.fail("this is XML, not GML: name a GraphML file .graphml")
	}
	if err := p.pairs(p.top); err != nil {
		return nil, err
	}
	if !p.found {
		return nil, p.scan.position().fail("there is no graph: write graph [ node [ id 0 ] … ]")
	}
	return p.draft.graph()
}

// A gmlParser descends through lists. Each level is a method that is given a
// key and its value, and reads the list on if the value opens one.
type gmlParser struct {
	scan  gmlScanner
	open  []token // brackets not yet closed
	found bool
	draft draft
}

type pair struct{ key, value token }

// attribute is the pair as the draft takes it.
func (p pair) attribute() attribute {
	return attribute{meaningOf(p.key.text), p.key.text, p.value.text, p.value.at}
}

// pairs reads to the bracket that closes the list, or at the top to the end.
func (p *gmlParser) pairs(each func(pair) error) error {
	for {
		key, err := p.scan.next()
		if err != nil {
			return err
		}
		switch {
		case key.kind == word && isKey(key.text):
		case key.kind == closing && len(p.open) > 0:
			p.open = p.open[:len(p.open)-1]
			return nil
		case key.kind == endOfFile && len(p.open) == 0:
			return nil
		default:
			return p.notKey(key)
		}
		value, err := p.scan.next()
		if err != nil {
			return err
		}
		if err := p.enter(key, value); err != nil {
			return err
		}
		if err := each(pair{key, value}); err != nil {
			return err
		}
	}
}

func isKey(text string) bool {
	first := text[0] | 0x20 // a word has a first character; this lowers its case
	return 'a' <= first && first <= 'z' || text[0] == '_'
}

func (p *gmlParser) notKey(t token) error {
	switch t.kind {
	case closing:
		return t.at.fail("] closes nothing: remove it, or open a list with [")
	case endOfFile:
		return t.at.fail("the list opened at %v is not closed: add ]", p.open[len(p.open)-1].at)
	case opening:
		return t.at.fail("a list without a key: write the key before [, as node [ … ]")
	}
	return t.at.fail("%s is no key: write key and value in pairs, the key a word", quote(t.text))
}

// enter judges a value and counts the bracket it may be.
func (p *gmlParser) enter(key, value token) error {
	switch value.kind {
	case endOfFile, closing:
		return key.at.fail("the key %s has no value: write one behind it", quote(key.text))
	case opening:
		if len(p.open) == maxNesting {
			return value.at.fail("lists are nested deeper than %d, the limit: flatten them", maxNesting)
		}
		p.open = append(p.open, value)
	}
	return nil
}

// pass reads over a list that means nothing to us.
func (p *gmlParser) pass(at pair) error {
	if at.value.kind != opening {
		return nil
	}
	return p.pairs(p.pass)
}

func (p *gmlParser) top(at pair) error {
	if at.key.text != "graph" {
		return p.pass(at)
	}
	if at.value.kind != opening {
		return at.value.at.fail("graph is not a list: write graph [ … ]")
	}
	if p.found {
		return at.key.at.fail("a second graph: keep one in a file")
	}
	p.found = true
	return p.pairs(p.graph)
}

func (p *gmlParser) graph(at pair) error {
	list := at.value.kind == opening
	switch key := at.key.text; {
	case (key == "node" || key == "edge") && !list:
		return at.value.at.fail("%s is not a list: write %s [ … ]", key, key)
	case key == "node":
		return p.node(at)
	case key == "edge":
		return p.edge(at)
	case list:
		return p.pass(at)
	case key == "directed":
		return p.direct(at.value)
	}
	return p.draft.set(at.attribute())
}

func (p *gmlParser) direct(value token) error {
	switch value.text {
	case "0":
		p.draft.directed = false
	case "1":
		p.draft.directed = true
	default:
		return value.at.fail("directed is %s: write 0 or 1", quote(value.text))
	}
	return nil
}

func (p *gmlParser) node(at pair) error {
	n := draftNode{at: at.key.at}
	err := p.pairs(func(at pair) error {
		switch {
		case at.value.kind == opening:
			return p.pass(at)
		case at.key.text == "id":
			return setOnce(&n.id, at)
		}
		return n.set(at.attribute())
	})
	if err != nil {
		return err
	}
	return p.draft.addNode(n)
}

func (p *gmlParser) edge(at pair) error {
	e := draftEdge{at: at.key.at}
	err := p.pairs(func(at pair) error {
		switch {
		case at.value.kind == opening:
			return p.pass(at)
		case at.key.text == "source":
			return setOnce(&e.source, at)
		case at.key.text == "target":
			return setOnce(&e.target, at)
		}
		return e.set(at.attribute())
	})
	if err != nil {
		return err
	}
	return p.draft.addEdge(e)
}

func setOnce(to *string, at pair) error {
	if *to != "" {
		return at.key.at.fail("a second %s: keep one of them", at.key.text)
	}
	*to = at.value.text
	return nil
}
