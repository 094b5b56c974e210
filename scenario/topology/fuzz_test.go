// Proves that no bytes make a parser panic, take long, or give a value that
// breaks what doc.go promises. Kept inputs are in testdata/fuzz.
package topology

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// checkError holds errors to their form: "line:column: what: cure", one line.
func checkError(t *testing.T, err error) {
	t.Helper()
	line, rest, _ := strings.Cut(err.Error(), ":")
	column, what, _ := strings.Cut(rest, ": ")
	_, cure, _ := strings.Cut(what, ": ")
	for _, number := range []string{line, column} {
		if number == "" || strings.Trim(number, "0123456789") != "" || number[0] == '0' {
			t.Errorf("%q begins without a position", err)
		}
	}
	if cure == "" || len(err.Error()) > 1000 || strings.ContainsRune(err.Error(), '\n') {
		t.Errorf("%q is no error of ours", err)
	}
}

func checkGraph(t *testing.T, g *Graph) {
	t.Helper()
	ids, labels := map[string]bool{}, map[string]bool{}
	for _, n := range g.Nodes {
		if n.ID == "" || ids[n.ID] || n.Label == "" || labels[n.Label] {
			t.Errorf("node %+v is without or not alone with its id and label", n)
		}
		ids[n.ID], labels[n.Label] = true, true
		if strings.IndexFunc(n.Label, unicode.IsControl) >= 0 || strings.TrimSpace(n.Label) != n.Label {
			t.Errorf("label %q is not tidy", n.Label)
		}
		if !(n.Lat >= -90 && n.Lat <= 90 && n.Lon >= -180 && n.Lon <= 360) || !n.HasPlace && (n.Lat != 0 || n.Lon != 0) {
			t.Errorf("node %+v is nowhere", n)
		}
	}
	if len(g.Nodes) == 0 || len(g.Nodes) > maxNodes || len(g.Edges) > maxEdges {
		t.Errorf("%d nodes, %d links", len(g.Nodes), len(g.Edges))
	}
	for _, e := range g.Edges {
		if e.From < 0 || e.From >= len(g.Nodes) || e.To < 0 || e.To >= len(g.Nodes) {
			t.Errorf("link %+v leads nowhere", e)
		}
		if e.Latency < 0 || e.Latency > maxLatency || !(e.LengthKm >= 0 && e.LengthKm < 1e13) {
			t.Errorf("link %+v", e)
		}
	}
}

func fuzzGraph(f *testing.F, parse func([]byte) (*Graph, error)) {
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		g, err := parse(b)
		again, errAgain := parse(b)
		if string(b) != before || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() || !cmp.Equal(g, again) {
			t.Errorf("the second reading differs: %v, %v", err, errAgain)
		}
		if err != nil {
			checkError(t, err)
			return
		}
		checkGraph(t, g)
	})
}

func FuzzParseGML(f *testing.F) {
	f.Add(sampleGML)
	fuzzGraph(f, ParseGML)
}

func FuzzParseGraphML(f *testing.F) {
	f.Add(sampleGraphML)
	fuzzGraph(f, ParseGraphML)
}

func FuzzParseLatencyCSV(f *testing.F) {
	f.Add(sampleCSV, true)
	f.Fuzz(func(t *testing.T, b []byte, rtt bool) {
		m, err := ParseLatencyCSV(b, rtt)
		if err != nil {
			checkError(t, err)
			return
		}
		if len(m.Names) == 0 || len(m.Latency) != len(m.Names) {
			t.Fatalf("%d names, %d rows", len(m.Names), len(m.Latency))
		}
		names := map[string]bool{}
		for i, row := range m.Latency {
			if name := m.Names[i]; name == "" || names[name] || len(row) != len(m.Names) || row[i] != -1 {
				t.Fatalf("row %q: %d", name, row)
			}
			names[m.Names[i]] = true
			for _, latency := range row {
				if latency < -1 || latency > maxLatency {
					t.Fatalf("latency %d", latency)
				}
			}
		}
	})
}
