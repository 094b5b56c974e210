// Proves that every limit is met by its error, and not one before it.
package topology

import (
	"fmt"
	"strings"
	"testing"
)

// Pieces of the largest graphs, and of those just too large.
func gmlNodes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "node[id %d]", i)
	}
	return b.String()
}

func header(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",n%d", i)
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	gml := func(b []byte) error { _, err := ParseGML(b); return err }
	graphml := func(b []byte) error { _, err := ParseGraphML(b); return err }
	matrix := func(b []byte) error { _, err := ParseLatencyCSV(b, false); return err }
	graph := func(body string) string { return "graph[" + body + "]" }
	data := func(depth int) string {
		return within("<node id='a'/>" + strings.Repeat("<z>", depth) + strings.Repeat("</z>", depth))
	}
	nested := func(depth int) string {
		return graph("node[id 0]" + strings.Repeat("z[", depth) + strings.Repeat("]", depth))
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<key id='k%d'/>", i)
		}
		return "<graphml>" + b.String() + "<graph edgedefault='directed'><node id='a'/></graph></graphml>"
	}
	comment := func(size int) string { return "<!--" + strings.Repeat(" ", size-7) + "-->" + data(0) }
	spaces := func(total int, text string) string { return text + strings.Repeat(" ", total-len(text)) }
	for _, test := range []struct {
		name     string
		parse    func([]byte) error
		at, over string
		want     string
	}{
		{"GML bytes", gml, spaces(maxBytes, nested(0)), spaces(maxBytes+1, nested(0)),
			"1:1: the file has 16777217 bytes, over the limit of 16777216: leave out the attributes that are not needed"},
		{"GraphML bytes", graphml, spaces(maxBytes, data(0)), spaces(maxBytes+1, data(0)),
			"1:1: the file has 16777217 bytes, over the limit of 16777216: leave out the attributes that are not needed"},
		{"CSV bytes", matrix, spaces(maxBytes, ",a\na,"), spaces(maxBytes+1, ",a\na,"),
			"1:1: the file has 16777217 bytes, over the limit of 16777216: leave out the attributes that are not needed"},
		{"nodes", gml, graph(gmlNodes(maxNodes)), graph(gmlNodes(maxNodes + 1)),
			"1:1388897: more than 100000 nodes, the limit: take a part of the map"},
		{"edges", gml, graph("node[id 0]" + strings.Repeat("edge[source 0 target 0]", maxEdges)),
			graph("node[id 0]" + strings.Repeat("edge[source 0 target 0]", maxEdges+1)),
			"1:5750017: more than 250000 links, the limit: take a part of the map"},
		{"GML nesting", gml, nested(maxNesting - 1), nested(maxNesting),
			"1:80: lists are nested deeper than 32, the limit: flatten them"},
		{"GraphML nesting", graphml, data(maxNesting - 2), data(maxNesting - 1),
			"5:105: elements are nested deeper than 32, the limit: flatten them"},
		{"XML token", graphml, comment(maxToken), comment(maxToken + 1),
			"1:1: a tag, text or comment of over 1048576 bytes, the limit: shorten it"},
		{"keys", graphml, keys(maxKeys), keys(maxKeys + 1),
			"1:168900: more than 10000 keys, the limit: leave out those that are not needed"},
		{"label", gml, graph("node[id 0 label " + strings.Repeat("a", maxName) + "]"), graph("node[id 0 label " + strings.Repeat("a", maxName+1) + "]"),
			"1:23: label \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"… has 257 bytes, over the limit of 256: shorten it"},
		{"id", gml, graph("node[id " + strings.Repeat("a", maxName) + "]"), graph("node[id " + strings.Repeat("a", maxName+1) + "]"),
			"1:7: id \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"… has 257 bytes, over the limit of 256: shorten it"},
		{"graph's name", gml, graph("node[id 0]name " + strings.Repeat("a", maxName)), graph("node[id 0]name " + strings.Repeat("a", maxName+1)),
			"1:22: the graph's name \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"… has 257 bytes, over the limit of 256: shorten it"},
		{"column's name", matrix, "," + strings.Repeat("a", maxName) + "\n" + strings.Repeat("a", maxName) + ",", "," + strings.Repeat("a", maxName+1),
			"1:2: name \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"… has 257 bytes, over the limit of 256: shorten it"},
		{"number", matrix, ",a,b\na,," + strings.Repeat("0", maxNumber) + "\nb,,", ",a,b\na,," + strings.Repeat("0", maxNumber+1) + "\nb,,",
			"2:4: latency \"0000000000000000000000000000000000000000\"… is not a number: write it as 12.5 or \"12.5 ms\""},
	} {
		if err := test.parse([]byte(test.at)); err != nil {
			t.Errorf("%s: at the limit: %v", test.name, err)
		}
		if err := test.parse([]byte(test.over)); err == nil || err.Error() != test.want {
			t.Errorf("%s: over the limit:\n got %v\nwant %s", test.name, err, test.want)
		}
	}
}

func TestLimitOfRegions(t *testing.T) {
	_, err := ParseLatencyCSV([]byte(header(maxRegions)), false)
	if want := "1:2: there is no row for \"n0\": add it, its cells empty where there is no link"; err == nil || err.Error() != want {
		t.Errorf("at the limit: %v", err)
	}
	_, err = ParseLatencyCSV([]byte(header(maxRegions+1)), false)
	if want := "1:1: the header has 1001 names, over the limit of 1000: take a part of the matrix"; err == nil || err.Error() != want {
		t.Errorf("over the limit: %v", err)
	}

	commas := func(n int) []byte { return []byte(",a\n" + strings.Repeat("\"\",", n-1)) }
	_, err = ParseLatencyCSV(commas(maxCommas), false)
	if want := "2:1: the row's name \"\" is not in the header: rows and columns have the same names"; err == nil || err.Error() != want {
		t.Errorf("at the limit: %v", err)
	}
	_, err = ParseLatencyCSV(commas(maxCommas+1), false)
	if want := "1:1: the file has 1002002 commas, over the limit of 1002001: take a part of the matrix"; err == nil || err.Error() != want {
		t.Errorf("over the limit: %v", err)
	}
}
