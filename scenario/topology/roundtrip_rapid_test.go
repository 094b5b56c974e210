// Proves that a graph written as GML or GraphML and read back is that graph,
// latencies to the nanosecond. The writers live here: they use what the formats
// allow, entities, order and spacing, more than what one program writes.
package topology

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// A sketch is a graph and how each link tells its latency.
type sketch struct {
	Graph
	tells [][]told
}

// told is an attribute as written.
type told struct{ name, value string }

func (s *sketch) node(t *rapid.T, id string, taken map[string]bool) {
	n := Node{ID: id, HasPlace: rapid.Bool().Draw(t, "placed")}
	n.Label = rapid.StringMatching(`[a-cé&<>"';#\[\] ]{0,6}`).Draw(t, "label")
	if n.Label = tidy(n.Label); n.Label == "" || taken[n.Label] {
		n.Label = id // no generated label contains a digit
	}
	taken[n.Label] = true
	if n.HasPlace {
		n.Lat = float64(rapid.IntRange(-9000, 9000).Draw(t, "lat")) / 100
		n.Lon = float64(rapid.IntRange(-18000, 36000).Draw(t, "lon")) / 100
	}
	s.Nodes = append(s.Nodes, n)
}

// edge draws a link and what its attributes must come to, in integers.
func (s *sketch) edge(t *rapid.T) {
	ends := rapid.IntRange(0, len(s.Nodes)-1)
	e := Edge{From: ends.Draw(t, "from"), To: ends.Draw(t, "to")}
	var tells []told
	if a, b := s.Nodes[e.From], s.Nodes[e.To]; a.HasPlace && b.HasPlace {
		metres := greatCircle(a.Lat, a.Lon, b.Lat, b.Lon)
		e.LengthKm, e.Latency = float64(metres)/1000, ecs.Nanoseconds(5*metres)
	}
	if rapid.Bool().Draw(t, "has length") {
		metres := rapid.Int64Range(0, 40_000_000).Draw(t, "metres")
		e.LengthKm, e.Latency = float64(metres)/1000, ecs.Nanoseconds(5*metres)
		tells = append(tells, rapid.SampledFrom([]told{
			{"dist", fmt.Sprintf("%d.%03d", metres/1000, metres%1000)},
			{"length", fmt.Sprintf("%de-3 km", metres)},
			{"Distance_m", fmt.Sprint(metres)},
		}).Draw(t, "length"))
	}
	if rapid.Bool().Draw(t, "has latency") {
		ns := rapid.Int64Range(0, int64(maxLatency)).Draw(t, "ns")
		e.Latency = ecs.Nanoseconds(ns)
		tells = append(tells, rapid.SampledFrom([]told{
			{"latency", fmt.Sprintf("%d.%06d", ns/1e6, ns%1e6)},
			{"delay_us", fmt.Sprintf("+%d.%03d00", ns/1e3, ns%1e3)},
			{"Delay", fmt.Sprintf("%d ns", ns)},
		}).Draw(t, "latency"))
	}
	s.Edges, s.tells = append(s.Edges, e), append(s.tells, tells)
}

func drawSketch(t *rapid.T) *sketch {
	s := &sketch{}
	s.Directed = rapid.Bool().Draw(t, "directed")
	s.Name = rapid.SampledFrom([]string{"", "A <map> & \"more\""}).Draw(t, "name")
	taken := map[string]bool{}
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 99), 1, 10, rapid.ID).Draw(t, "ids")
	for _, id := range ids {
		s.node(t, fmt.Sprint(id), taken)
	}
	for range rapid.IntRange(0, 12).Draw(t, "edges") {
		s.edge(t)
	}
	return s
}

// gap draws spacing, a comment or foreign attributes, to stand between two pairs.
func gap(t *rapid.T) string {
	return rapid.SampledFrom([]string{" ", "\n", "\r\n\t", " # x ] [\n", "\nweight 3 z [ id 7 y [ ] ]\n"}).Draw(t, "gap")
}

var gmlEscapes = strings.NewReplacer(`"`, "&quot;", "&", "&#38;", "é", "&#233;")

func quoteGML(text string) string { return `"` + gmlEscapes.Replace(text) + `"` }

func (s *sketch) gml(t *rapid.T) string {
	var b strings.Builder
	say := func(parts ...string) {
		for _, part := range parts {
			b.WriteString(part + gap(t))
		}
	}
	node := func(n Node) {
		say("node [", "id "+n.ID, "label "+quoteGML(n.Label))
		if n.HasPlace {
			say("lon "+decimals(n.Lon), "lat "+decimals(n.Lat))
		}
		say("]")
	}
	edge := func(i int) {
		e := s.Edges[i]
		say("edge [", "target "+s.Nodes[e.To].ID, "source "+s.Nodes[e.From].ID)
		for _, a := range s.tells[i] {
			say(a.name + " " + quoteGML(a.value))
		}
		say("]")
	}
	say("Version 1", "graph [", "name "+quoteGML(s.Name))
	if s.Directed {
		say("directed 1")
	}
	s.interleave(t, node, edge)
	b.WriteString("]")
	return b.String()
}

// interleave writes nodes and links in their orders, mixed.
func (s *sketch) interleave(t *rapid.T, node func(Node), edge func(int)) {
	for i, j := 0, 0; i < len(s.Nodes) || j < len(s.Edges); {
		if j == len(s.Edges) || i < len(s.Nodes) && rapid.Bool().Draw(t, "node next") {
			node(s.Nodes[i])
			i++
		} else {
			edge(j)
			j++
		}
	}
}

func decimals(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

func escapeXML(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err)
	}
	return b.String()
}

func (s *sketch) graphML(t *rapid.T) string {
	var b strings.Builder
	data := func(name, value string) {
		fmt.Fprintf(&b, "<data key=\"k%s\">%s</data>\n", name, escapeXML(value))
	}
	b.WriteString("<graphml>")
	for _, name := range []string{"name", "label", "lat", "lon", "dist", "length", "Distance_m", "latency", "delay_us", "Delay"} {
		fmt.Fprintf(&b, "<key attr.name=%q id=\"k%s\"/>", name, name)
	}
	fmt.Fprintf(&b, "<graph edgedefault=%q>", map[bool]string{true: "directed", false: "undirected"}[s.Directed])
	data("name", s.Name)
	node := func(n Node) {
		fmt.Fprintf(&b, "<node id=%q>", n.ID)
		data("label", n.Label)
		if n.HasPlace {
			data("lat", decimals(n.Lat))
			data("lon", decimals(n.Lon))
		}
		b.WriteString("</node>")
	}
	edge := func(i int) {
		e := s.Edges[i]
		fmt.Fprintf(&b, "<edge source=%q target=%q>", s.Nodes[e.From].ID, s.Nodes[e.To].ID)
		for _, a := range s.tells[i] {
			data(a.name, a.value)
		}
		b.WriteString("</edge>")
	}
	s.interleave(t, node, edge)
	b.WriteString("</graph></graphml>")
	return b.String()
}

func TestGMLGivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSketch(t)
		text := s.gml(t)
		got, err := ParseGML([]byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(&s.Graph, got); diff != "" {
			t.Fatalf("%s\nof\n%s", diff, text)
		}
	})
}

func TestGraphMLGivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSketch(t)
		text := s.graphML(t)
		got, err := ParseGraphML([]byte(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(&s.Graph, got); diff != "" {
			t.Fatalf("%s\nof\n%s", diff, text)
		}
	})
}

func TestMatrixGivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		rtt := rapid.Bool().Draw(t, "rtt")
		m := &Matrix{Latency: make([][]ecs.Nanoseconds, n)}
		header, rows := "from", make([]string, n)
		for i := range n {
			m.Names = append(m.Names, fmt.Sprintf("n, %d", i))
			header += fmt.Sprintf(",\"n, %d\"", i)
			rows[i] = fmt.Sprintf("\"n, %d\"", i)
			for j := range n {
				ns := rapid.Int64Range(-1, 1e12).Draw(t, "ns")
				if i == j {
					ns = -1
				}
				m.Latency[i] = append(m.Latency[i], ecs.Nanoseconds(ns))
				rows[i] += "," + cellOf(ns, rtt)
			}
		}
		text := header + "\n" + strings.Join(rapid.Permutation(rows).Draw(t, "rows"), "\n")
		got, err := ParseLatencyCSV([]byte(text), rtt)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("%s\nof\n%s", diff, text)
		}
	})
}

// cellOf writes a latency, doubled for a round trip.
func cellOf(ns int64, rtt bool) string {
	if ns < 0 {
		return ""
	}
	if rtt {
		ns *= 2
	}
	return fmt.Sprintf("%d.%06d", ns/1e6, ns%1e6)
}
