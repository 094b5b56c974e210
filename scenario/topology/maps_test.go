// Proves that the maps this repository carries are what their comments say.
package topology

import (
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The map lies where the protocol that runs as it stands looks for it, too.
func TestAbileneOfProtocols(t *testing.T) {
	if diff := cmp.Diff(string(read(t, "topologies/abilene.gml")), string(read(t, "data/topologies/Abilene.gml"))); diff != "" {
		t.Error(diff)
	}
}

func TestAbilene(t *testing.T) {
	g, err := ParseGML(read(t, "topologies/abilene.gml"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"New York", "Chicago", "Washington DC", "Seattle", "Sunnyvale", "Los Angeles",
		"Denver", "Kansas City", "Houston", "Atlanta", "Indianapolis",
	}
	if diff := cmp.Diff(want, labelsOf(g.Nodes)); diff != "" || g.Name != "Abilene" || g.Directed {
		t.Errorf("%q, directed %v:\n%s", g.Name, g.Directed, diff)
	}
	if len(g.Edges) != 14 {
		t.Errorf("%d links", len(g.Edges))
	}
	degree := make([]int, len(g.Nodes))
	for _, e := range g.Edges {
		degree[e.From]++
		degree[e.To]++
		a, b := g.Nodes[e.From], g.Nodes[e.To]
		km := math.Round(float64(greatCircle(a.Lat, a.Lon, b.Lat, b.Lon)) / 1000)
		if e.LengthKm != km || int64(e.Latency) != int64(km)*nanosecondsPerKm {
			t.Errorf("%s to %s: %v km in %d ns, by the places %v km", a.Label, b.Label, e.LengthKm, e.Latency, km)
		}
	}
	for i, n := range degree {
		if n < 2 || n > 3 {
			t.Errorf("%s has %d links; every city of Abilene has two or three", g.Nodes[i].Label, n)
		}
	}
}

func TestIBMCloud(t *testing.T) {
	m, err := ParseLatencyCSV(read(t, "latency/ibm-cloud-2024-08-25.csv"), true)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Names) != 10 || m.Names[2] != "Washington DC" || m.Names[9] != "Sao Paulo" {
		t.Errorf("%q", m.Names)
	}
	// Dallas to Toronto takes 34 ms there and back; Toronto to Osaka less than the reverse.
	if m.Latency[0][1] != 17e6 || m.Latency[1][6] != 84e6 || m.Latency[6][1] != 84.5e6 {
		t.Errorf("%d", m.Latency)
	}
	for i, row := range m.Latency {
		for j, latency := range row {
			if (latency == -1) != (i == j) {
				t.Errorf("%s to %s: %d", m.Names[i], m.Names[j], latency)
			}
		}
	}
}
