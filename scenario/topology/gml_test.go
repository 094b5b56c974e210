// Proves what of GML is read and what each refusal says. Positions are part of
// what is compared.
package topology

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// in puts the body of a graph on line 2.
func in(body string) string { return "graph [\n" + body + "\n]" }

func TestGMLReads(t *testing.T) {
	one := []Node{{ID: "0", Label: "0"}}
	for _, test := range []struct {
		name, text string
		want       *Graph
	}{
		{"the least", "graph[node[id 0]]", &Graph{Nodes: one}},
		{"a byte order mark", "\ufeffgraph[node[id 0]]", &Graph{Nodes: one}},
		{"Windows lines", "graph [\r\n  node [\r\n    id 0\r\n  ]\r\n]\r\n", &Graph{Nodes: one}},
		{"comments", "# head\ngraph [ # of it\n#\nnode [ id 0# here\n] ]#", &Graph{Nodes: one}},
		{"foreign keys", "Creator \"x\" Version 1.0\nviews [ a [ b [] ] ]" + in("hierarchic 1 node [ id 0 graphics [ x 1 ] type \"router\" ]"), &Graph{Nodes: one}},
		{"directed", in("directed 1 node [ id 0 ]"), &Graph{Directed: true, Nodes: one}},
		{"the first name", in(`Network "" name "A" label "B" node [ id 0 ]`), &Graph{Name: "A", Nodes: one}},
		{"links before nodes, parallel, to itself", in("edge [ target 0 source 0 ] edge [ source 0 target 0 ] node [ id 0 ]"),
			&Graph{Nodes: one, Edges: []Edge{{}, {}}}},
		{"ids that are no numbers", in(`node [ id "a  b" ] node [ id n1 ] edge [ source "a b" target n1 ]`),
			&Graph{Nodes: []Node{{ID: "a b", Label: "a b"}, {ID: "n1", Label: "n1"}}, Edges: []Edge{{To: 1}}}},
		{"entities", in(`node [ id 0 label "&quot;AT&T&quot; &eacute;&#233;&#xe9; &notes; &semi;&#59; &amp;amp;" ]`),
			&Graph{Nodes: []Node{{ID: "0", Label: "\"AT&T\" ééé &notes; ;; &amp;"}}}},
		{"a label over lines", in("node [ id 0 label \"New\n  York\" ]"), &Graph{Nodes: []Node{{ID: "0", Label: "New York"}}}},
		{"empty values", in(`node [ id 0 label "" lat "" lon " " ] edge [ source 0 target 0 dist "" ]`), &Graph{Nodes: one, Edges: []Edge{{}}}},
		{"a place", in(`node [ id 0 LATITUDE "-1.5" lng +3e1 ]`), &Graph{Nodes: []Node{{ID: "0", Label: "0", Lat: -1.5, Lon: 30, HasPlace: true}}}},
		{"one end without place", in("node [ id 0 lat 1 lon 1 ] node [ id 1 ] edge [ source 0 target 1 ]"),
			&Graph{Nodes: []Node{{ID: "0", Label: "0", Lat: 1, Lon: 1, HasPlace: true}, {ID: "1", Label: "1"}}, Edges: []Edge{{To: 1}}}},
	} {
		got, err := ParseGML([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

// Places are 0° and 1° of the equator: 111.195 km.
func TestLatencyOfLink(t *testing.T) {
	const places = "node [ id 0 lat 0 lon 0 ] node [ id 1 lat 0 lon 1 ] edge [ source 0 target 1 "
	for _, test := range []struct {
		attributes string
		want       Edge
	}{
		{"", Edge{LengthKm: 111.195, Latency: 555_975}},
		{"length 200", Edge{LengthKm: 200, Latency: 1_000_000}},
		{"length 0", Edge{}},
		{"length -0.0", Edge{}},
		{`dist "200 km"`, Edge{LengthKm: 200, Latency: 1_000_000}},
		{"Distance_km 0.0001", Edge{LengthKm: 0.0001, Latency: 1}}, // half a nanosecond goes up
		{"Distance_km 0.00009", Edge{LengthKm: 0.00009}},
		{"lengthKm 1", Edge{LengthKm: 1, Latency: 5_000}},
		{"length_m 1500", Edge{LengthKm: 1.5, Latency: 7_500}},
		{`length "1500m"`, Edge{LengthKm: 1.5, Latency: 7_500}},
		{`length_m "2 km"`, Edge{LengthKm: 2, Latency: 10_000}},
		{"latency 3", Edge{LengthKm: 111.195, Latency: 3_000_000}},
		{"latency 0", Edge{LengthKm: 111.195}},
		{"latency 3 length 200", Edge{LengthKm: 200, Latency: 3_000_000}},
		{"length 200 delay 3", Edge{LengthKm: 200, Latency: 3_000_000}},
		{"delay_s 0.25", Edge{LengthKm: 111.195, Latency: 250_000_000}},
		{"delayms 0.1", Edge{LengthKm: 111.195, Latency: 100_000}},
		{"latency-us 1.5", Edge{LengthKm: 111.195, Latency: 1_500}},
		{`latency "7 ns"`, Edge{LengthKm: 111.195, Latency: 7}},
		{`latency "7µs"`, Edge{LengthKm: 111.195, Latency: 7_000}},
		{`latency "7μs"`, Edge{LengthKm: 111.195, Latency: 7_000}},
		{"latency 31536000000", Edge{LengthKm: 111.195, Latency: maxLatency}},
		{"delays 1 weight 5 length_miles 7", Edge{LengthKm: 111.195, Latency: 555_975}},
	} {
		g, err := ParseGML([]byte(in(places + test.attributes + " ]")))
		if err != nil {
			t.Errorf("%s: %v", test.attributes, err)
			continue
		}
		test.want.To = 1
		if got := g.Edges[0]; got != test.want {
			t.Errorf("%s: %+v, want %+v", test.attributes, got, test.want)
		}
	}
}

func TestGMLRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "1:1: there is no graph: write graph [ node [ id 0 ] … ]"},
		{"Creator \"me\"\n", "2:1: there is no graph: write graph [ node [ id 0 ] … ]"},
		{"graph [ ]", "1:1: the graph has no nodes: add at least one"},
		{"graph 1", "1:7: graph is not a list: write graph [ … ]"},
		{"graph [ ] graph [ ]", "1:11: a second graph: keep one in a file"},
		{" <graphml/>", "1:1: this is XML, not GML: name a GraphML file .graphml"},
		{"graph [\n\xff]", "2:1: this is not UTF-8: save the file as UTF-8"},
		{"é \xc3(", "1:4: this is not UTF-8: save the file as UTF-8"},
		{"graph [\n  node [\n    id 0\n", "4:1: the list opened at 2:8 is not closed: add ]"},
		{"graph [ ] ]", "1:11: ] closes nothing: remove it, or open a list with ["},
		{in("[ ]"), "2:1: a list without a key: write the key before [, as node [ … ]"},
		{in("12 id"), "2:1: \"12\" is no key: write key and value in pairs, the key a word"},
		{in(`"id" 1`), "2:1: \"id\" is no key: write key and value in pairs, the key a word"},
		{in("node [ id ]"), "2:8: the key \"id\" has no value: write one behind it"},
		{"graph", "1:1: the key \"graph\" has no value: write one behind it"},
		{in("node [ label \"a ]\n"), "2:14: this string has no end: close it with \", and write a \" inside as &quot;"},
		{in("node [ label \"a\nb\" lat x ]"), "3:8: latitude \"x\" is not a number: write degrees, as 40.71"},
		{in("directed yes"), "2:10: directed is \"yes\": write 0 or 1"},
		{in("node 1"), "2:6: node is not a list: write node [ … ]"},
		{in("edge 1"), "2:6: edge is not a list: write edge [ … ]"},
		{in("node [ label \"a\" ]"), "2:1: a node without an id: give it one, by which links refer to it"},
		{in("node [ id 0 id 1 ]"), "2:13: a second id: keep one of them"},
		{in("node [ id 0 ]\nnode [ id 0 ]"), "3:1: a second node has the id \"0\", the first is at 2:1: give each its own"},
		{in("node [ id 0 label a Label b ]"), "2:27: \"Label\" gives a second label: keep one of them"},
		{in("node [ id 0 lat 91 lon 0 ]"), "2:17: latitude \"91\" is not on Earth: write degrees from -90 to 90"},
		{in("node [ id 0 lat 1 lon -181 ]"), "2:23: longitude \"-181\" is not on Earth: write degrees from -180 to 360"},
		{in("node [ id 0 lat 1 lon NaN ]"), "2:23: longitude \"NaN\" is not a number: write degrees, as 40.71"},
		{in("node [ id 0 lat 1 ]"), "2:1: node \"0\" has half a place: give both lat and lon, or neither"},
		{in("edge [ source 0 ]"), "2:1: a link without both source and target: give the ids of two nodes"},
		{in("edge [ source 0 source 0 ]"), "2:17: a second source: keep one of them"},
		{in("edge [ target 0 target 0 ]"), "2:17: a second target: keep one of them"},
		{in("node [ id 0 ]\nedge [ source 9 target 0 ]"), "3:1: the link's source \"9\" is no node: add a node with this id, or correct it"},
		{in("node [ id 0 ]\nedge [ source 0 target 9 ]"), "3:1: the link's target \"9\" is no node: add a node with this id, or correct it"},
		{in("edge [ dist far ]"), "2:13: length \"far\" is not a number: write it as 12.5 or \"12.5 km\""},
		{in("edge [ dist \"3 miles\" ]"), "2:13: length \"3 miles\" has the unit \"miles\": write one of km, m"},
		{in("edge [ latency \"3 min\" ]"), "2:16: latency \"3 min\" has the unit \"min\": write one of ms, us, µs, μs, ns, s"},
		{in("edge [ dist -3 ]"), "2:13: length \"-3\" is negative: a link takes 0 or more"},
		{in("edge [ latency 31536000000.000001 ]"), "2:16: latency \"31536000000.000001\" is over the limit of a year on the way: correct it, or its unit"},
		{in("edge [ dist 1e99 ]"), "2:13: length \"1e99\" is over the limit of a year on the way: correct it, or its unit"},
		{in("edge [ dist 1 length 1 ]"), "2:22: \"length\" gives a second length: keep one of them"},
		{in("edge [ delay 1 latency 1 ]"), "2:24: \"latency\" gives a second latency: keep one of them"},
	} {
		if _, err := ParseGML([]byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("%q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}

func TestPositionsOfLines(t *testing.T) {
	l := lines{text: "a\nbc\n\nd"}
	for _, test := range []struct {
		offset int
		want   position
	}{{0, position{1, 1}}, {1, position{1, 2}}, {2, position{2, 1}}, {7, position{4, 2}}, {6, position{4, 1}}, {4, position{2, 3}}} {
		if got := l.position(test.offset); got != test.want {
			t.Errorf("offset %d is at %v, want %v", test.offset, got, test.want)
		}
	}
}

func TestQuoteCuts(t *testing.T) {
	if got, want := quote(strings.Repeat("é", 30)), `"`+strings.Repeat("é", 20)+`"…`; got != want {
		t.Errorf("got %s", got)
	}
	if got, want := quote("a"+strings.Repeat("é", 30)), `"a`+strings.Repeat("é", 19)+`"…`; got != want {
		t.Errorf("got %s", got)
	}
}
