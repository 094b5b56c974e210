// Proves that a file gives the same graph on every architecture and for ever:
// hashes, to be met wherever the test runs. A change here changes runs.
package topology

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"math"
	"strings"
	"testing"
)

// Embedded, since a test built for another architecture may run elsewhere.
var (
	//go:embed testdata/sample.gml
	sampleGML []byte
	//go:embed testdata/sample.graphml
	sampleGraphML []byte
	//go:embed testdata/sample.csv
	sampleCSV []byte
)

// written is a graph with the bits of its floats.
func written(g *Graph) string {
	text := fmt.Sprintf("%q %v\n", g.Name, g.Directed)
	for _, n := range g.Nodes {
		text += fmt.Sprintf("%q %q %x %x %v\n", n.ID, n.Label, math.Float64bits(n.Lat), math.Float64bits(n.Lon), n.HasPlace)
	}
	for _, e := range g.Edges {
		text += fmt.Sprintf("%d %d %x %d\n", e.From, e.To, math.Float64bits(e.LengthKm), e.Latency)
	}
	return text
}

func hash(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:16] }

func TestGoldenGraphs(t *testing.T) {
	for _, test := range []struct {
		name  string
		parse func([]byte) (*Graph, error)
		file  []byte
		want  string
	}{
		{"GML", ParseGML, sampleGML, "b627ac688f7f3891"},
		{"GraphML", ParseGraphML, sampleGraphML, "098585e0a4a7e15a"},
	} {
		g, err := test.parse(test.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := hash(written(g)); got != test.want {
			t.Errorf("%s: hash %s, want %s, of\n%s", test.name, got, test.want, written(g))
		}
	}
}

func TestGoldenMatrix(t *testing.T) {
	const want = "464ecf77d86b3eae"
	text := ""
	for _, rtt := range []bool{false, true} {
		m, err := ParseLatencyCSV(sampleCSV, rtt)
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%q %d\n", m.Names, m.Latency)
	}
	if got := hash(text); got != want {
		t.Errorf("hash %s, want %s, of\n%s", got, want, text)
	}
}

// TestGoldenDistances covers the one part that computes in floats, over places
// that include poles, antipodes and the date line.
func TestGoldenDistances(t *testing.T) {
	const want = "837677b933c5c1e4"
	var places [][2]float64
	for lat := -90.0; lat <= 90; lat += 15 {
		for lon := -180.0; lon <= 360; lon += 27 {
			places = append(places, [2]float64{lat, lon + lat/7})
		}
	}
	var text strings.Builder
	for _, a := range places {
		for _, b := range places {
			fmt.Fprintln(&text, greatCircle(a[0], a[1], b[0], b[1]))
		}
	}
	if got := hash(text.String()); got != want {
		t.Errorf("hash %s of %d distances, want %s", got, len(places)*len(places), want)
	}
}
