// Proves what of GraphML is read and what each refusal says.
package topology

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const declared = `<graphml>
<key id="l" for="node" attr.name="label"/><key id="y" for="node" attr.name="Latitude"/><key id="x" for="node" attr.name="Longitude"/>
<key id="d" for="edge" attr.name="delay"/><key id="i" for="node" attr.name="Internal"/>
`

// within puts the body of a graph on line 5.
func within(body string) string {
	return declared + "<graph edgedefault=\"undirected\">\n" + body + "\n</graph></graphml>"
}

func TestGraphMLReads(t *testing.T) {
	one := []Node{{ID: "a", Label: "a"}}
	for _, test := range []struct {
		name, text string
		want       *Graph
	}{
		{"the least", `<graphml><graph edgedefault="undirected"><node id="a"/></graph></graphml>`, &Graph{Nodes: one}},
		{"a head", "\ufeff<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE graphml><!-- c --><graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\"><graph edgedefault=\"undirected\"><node id=\"a\"/></graph></graphml>", &Graph{Nodes: one}},
		{"US-ASCII", `<?xml version="1.0" encoding="US-ASCII"?><graphml><graph edgedefault="undirected"><node id="a"/></graph></graphml>`, &Graph{Nodes: one}},
		{"directed", `<graphml><graph edgedefault="directed"><node id="a"/><edge source="a" target="a"/><edge source="a" target="a" directed="true"/></graph></graphml>`,
			&Graph{Directed: true, Nodes: one, Edges: []Edge{{}, {}}}},
		{"an id as name", `<graphml><graph id="G" edgedefault="undirected"><node id="a"/></graph></graphml>`, &Graph{Name: "G", Nodes: one}},
		{"a name", `<graphml><key id="n" attr.name="Network"/><graph id="G" edgedefault="undirected"><node id="a"/><data key="n">Real</data></graph></graphml>`,
			&Graph{Name: "Real", Nodes: one}},
		{"text in parts", within(`<node id="a"><data key="l"> New <!-- c --><![CDATA[<York>]]>&amp;&#233; <b>bold</b></data></node>`),
			&Graph{Nodes: []Node{{ID: "a", Label: "New <York>&é"}}}},
		{"decoration", within(`<desc>d</desc><node id="a"><port name="p"/><desc>d</desc><data key="i">1</data></node><edge source="a" target="a"><desc/></edge>`),
			&Graph{Nodes: one, Edges: []Edge{{}}}},
		{"attributes", within(`<edge source="a" target="b"><data key="d">2.5</data></edge><node id="b"/><node id="a"><data key="x">1</data><data key="y">2</data></node>`),
			&Graph{Nodes: []Node{{ID: "b", Label: "b"}, {ID: "a", Label: "a", Lat: 2, Lon: 1, HasPlace: true}}, Edges: []Edge{{From: 1, Latency: 2_500_000}}}},
		{"defaults", `<graphml><key id="l" for="node" attr.name="label"><desc/><default>some</default></key><key id="m" attr.name="label"><default>late</default></key>
<key id="d" for="all" attr.name="delay"><default>1</default></key><graph edgedefault="undirected">
<node id="a"/><node id="b"><data key="m">own</data></node><edge source="a" target="b"/><edge source="a" target="b"><data key="d">2</data></edge></graph></graphml>`,
			&Graph{Nodes: []Node{{ID: "a", Label: "some"}, {ID: "b", Label: "own"}},
				Edges: []Edge{{To: 1, Latency: 1_000_000}, {To: 1, Latency: 2_000_000}}}},
	} {
		got, err := ParseGraphML([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

func TestGraphMLRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "1:1: the file ends before any element: a GraphML file begins with <graphml>"},
		{"graph [ ]", "1:10: the file ends before any element: a GraphML file begins with <graphml>"},
		{"\xff", "1:1: this is not UTF-8: save the file as UTF-8"},
		{"<svg/>", "1:1: the root is \"svg\": a GraphML file begins with <graphml>"},
		{"\n <graphml/>", "2:2: there is no graph: write <graph edgedefault=\"undirected\"> inside <graphml>"},
		{"<graphml>\n<graph", "2:7: this is not XML: unexpected EOF: correct it here"},
		{within("<node id=\"a\"></edge>"), "5:21: this is not XML: element <node> closed by </edge>: correct it here"},
		{within("<node id=\"a\">&nbsp;</node>"), "5:20: this is not XML: invalid character entity &nbsp;: correct it here"},
		{`<?xml version="1.0" encoding="latin1"?><graphml/>`,
			`1:40: this is not XML we read: xml: opening charset "latin1": encoding other than UTF-8: declare version="1.0" encoding="UTF-8", and save it as that`},
		{`<?xml version="1.1"?><graphml/>`,
			`1:22: this is not XML we read: xml: unsupported version "1.1"; only version 1.0 is supported: declare version="1.0" encoding="UTF-8", and save it as that`},
		{`<?xml version="1.0" encoding="` + strings.Repeat("a", 200) + `"?>`,
			`1:234: this is not XML we read: xml: opening charset "` + strings.Repeat("a", 78) + `…: declare version="1.0" encoding="UTF-8", and save it as that`},
		{"<" + strings.Repeat("a", 100) + "></b>",
			"1:1: the root is \"" + strings.Repeat("a", 40) + "\"…: a GraphML file begins with <graphml>"},
		{"<graphml><" + strings.Repeat("a", 200) + "></b>",
			"1:216: this is not XML: element <" + strings.Repeat("a", 91) + "…: correct it here"},
		{"<graphml><graph/></graphml>", "1:10: edgedefault is \"\": write directed or undirected"},
		{within("</graph><graph edgedefault=\"directed\">"), "5:9: a second graph: keep one in a file"},
		{within(""), "1:1: the graph has no nodes: add at least one"},
		{"<graphml><key/></graphml>", "1:10: a key without an id: give it one, by which <data> refers to it"},
		{"<graphml><key id='k'/><key id='k'/></graphml>", "1:23: a second key has the id \"k\": give each its own"},
		{within("<node/>"), "5:1: a node without an id: give it one, by which links refer to it"},
		{within("<node id='a'/><node id='a'/>"), "5:15: a second node has the id \"a\", the first is at 5:1: give each its own"},
		{within("<node id='a'><graph/></node>"), "5:14: a graph inside node \"a\": write its nodes beside the others"},
		{within("<hyperedge/>"), "5:1: a hyperedge joins more than two nodes: write it as links between two"},
		{within("<node id='a'/>\n<edge source='a'/>"), "6:1: a link without both source and target: give the ids of two nodes"},
		{within("<node id='a'/>\n<edge source='a' target='b'/>"), "6:1: the link's target \"b\" is no node: add a node with this id, or correct it"},
		{within("<edge directed='true' source='a' target='a'/>"), "5:1: a link with directed=\"true\" differs from the graph's edgedefault: use one for all"},
		{within("<node id='a'><data key='z'/></node>"), "5:14: data has the key \"z\", which is not declared: add <key id=\"z\" attr.name=\"…\"/> before the graph"},
		{within("<node id='a'><data key='y'>north</data></node>"), "5:14: latitude \"north\" is not a number: write degrees, as 40.71"},
		{within("<node id='a'><data key='y'>1</data></node>"), "5:1: node \"a\" has half a place: give both lat and lon, or neither"},
		{within("<node id='a'><data key='l'>1</data><data key='l'>1</data></node>"), "5:36: \"label\" gives a second label: keep one of them"},
		{within("<edge source='a' target='a'><data key='d'>-1</data></edge>"), "5:29: latency \"-1\" is negative: a link takes 0 or more"},
		{`<graphml><key id="d" for="edge" attr.name="delay"><default>x</default></key><graph edgedefault="directed"><node id="a"/><edge source="a" target="a"/></graph></graphml>`,
			"1:51: latency \"x\" is not a number: write it as 12.5 or \"12.5 ms\""},
		{`<graphml><key id="d" for="node" attr.name="lat"><default>x</default></key><graph edgedefault="directed"><node id="a"/></graph></graphml>`,
			"1:49: latitude \"x\" is not a number: write degrees, as 40.71"},
	} {
		if _, err := ParseGraphML([]byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("%q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}

// Defaults are applied to every element, so their number must not be the file's.
func TestDefaultsStayFew(t *testing.T) {
	var p graphmlParser
	for range 100 {
		for _, name := range []string{"label", "type", "delay"} {
			p.addDefault("all", attribute{meaningOf(name), name, "1", position{1, 1}})
		}
	}
	if len(p.nodeDefaults) != 2 || len(p.edgeDefaults) != 2 {
		t.Errorf("%d defaults of nodes, %d of links", len(p.nodeDefaults), len(p.edgeDefaults))
	}
}
