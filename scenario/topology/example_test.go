package topology_test

import (
	"fmt"

	"orrery/scenario/topology"
)

func ExampleParseGML() {
	g, err := topology.ParseGML([]byte(`
graph [
  name "two ways"
  node [ id 0 label "Denver" lat 39.74 lon -104.99 ]
  node [ id 1 label "Kansas City" lat 39.10 lon -94.58 ]
  edge [ source 0 target 1 dist 892 ]
  edge [ source 0 target 1 latency "5 ms" ]
  edge [ source 0 target 1 ]
]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range g.Edges {
		fmt.Println(g.Nodes[e.From].Label, "to", g.Nodes[e.To].Label, e.LengthKm, "km", e.Latency, "ns")
	}
	// Output:
	// Denver to Kansas City 892 km 4460000 ns
	// Denver to Kansas City 896.532 km 5000000 ns
	// Denver to Kansas City 896.532 km 4482660 ns
}

// A caller writes the file's name before the error.
func ExampleParseGML_error() {
	_, err := topology.ParseGML([]byte("graph [\n  node [ id 0 ]\n  edge [ source 0 target 1 ]\n]"))
	fmt.Printf("map.gml:%v\n", err)
	// Output: map.gml:3:3: the link's target "1" is no node: add a node with this id, or correct it
}

func ExampleParseGraphML() {
	g, err := topology.ParseGraphML([]byte(`
<graphml>
  <key id="d0" for="node" attr.name="label"/>
  <key id="d1" for="edge" attr.name="length"><default>100</default></key>
  <graph edgedefault="undirected">
    <node id="n0"><data key="d0">Bern</data></node>
    <node id="n1"/>
    <edge source="n0" target="n1"/>
  </graph>
</graphml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Nodes[0].Label, g.Nodes[1].Label, g.Edges[0].Latency)
	// Output: Bern n1 500000
}

// Half a round trip is taken for each way, and the ways differ.
func ExampleParseLatencyCSV() {
	m, err := topology.ParseLatencyCSV([]byte("from,Osaka,Tokyo,Lima\nOsaka,,9,\nTokyo,9.5,,140\nLima,,141,\n"), true)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Names)
	for _, row := range m.Latency {
		fmt.Println(row)
	}
	// Output:
	// [Osaka Tokyo Lima]
	// [-1 4500000 -1]
	// [4750000 -1 70000000]
	// [-1 70500000 -1]
}
