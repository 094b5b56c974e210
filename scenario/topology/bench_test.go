package topology

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParseGML reads a map of about the size of the world's backbones in
// public atlases: 3,800 nodes, 5,200 links.
func BenchmarkParseGML(b *testing.B) {
	const nodes, links = 3_800, 5_200
	var text strings.Builder
	text.WriteString("graph [\n")
	for i := range nodes {
		fmt.Fprintf(&text, "  node [\n    id %d\n    label \"City %d\"\n    lon %.2f\n    lat %.2f\n  ]\n", i, i, float64(i%360)-180, float64(i%180)-90)
	}
	for i := range links {
		fmt.Fprintf(&text, "  edge [\n    source %d\n    target %d\n    type \"normal\"\n    dist %d.%02d\n  ]\n", i%nodes, i*7%nodes, i, i%100)
	}
	text.WriteString("]\n")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseGML([]byte(text.String())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseLatencyCSV(b *testing.B) {
	const n = 300
	names := header(n)
	text := names
	for i := range n {
		text += fmt.Sprintf("\nn%d", i)
		for j := range n {
			if i == j {
				text += ","
			} else {
				text += fmt.Sprintf(",%d.%d", i+j, i%10)
			}
		}
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseLatencyCSV([]byte(text), true); err != nil {
			b.Fatal(err)
		}
	}
}
