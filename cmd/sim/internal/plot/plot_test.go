// Proves that what is drawn stays as it is, byte for byte (goldens, written
// with -update), and that no values at all can break a drawing.
package plot_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/cmd/sim/internal/plot"
	"orrery/scenario/value"
)

var update = flag.Bool("update", false, "write the golden files")

const ms = value.Duration(1_000_000)

// sampled is a series of n values, one every so often.
func sampled(name string, n int, every value.Duration, f func(i int) float64) plot.Series {
	s := plot.Series{Name: name}
	for i := range n {
		s.Points = append(s.Points, plot.Point{Time: value.Duration(i) * every, Value: f(i)})
	}
	return s
}

// epidemic is made of integers, so that it is the same on every machine.
func epidemic() []plot.Series {
	susceptible, infected := 990, 10
	var s, i, r []int
	for range 101 {
		s, i, r = append(s, susceptible), append(i, infected), append(r, 1000-susceptible-infected)
		caught, healed := min(susceptible, susceptible*infected/3000), infected/10
		susceptible, infected = susceptible-caught, infected+caught-healed
	}
	of := func(v []int) func(int) float64 { return func(i int) float64 { return float64(v[i]) } }
	return []plot.Series{
		sampled("susceptible", 101, 100*ms, of(s)), sampled("infected", 101, 100*ms, of(i)), sampled("recovered", 101, 100*ms, of(r)),
	}
}

var pages = map[string][]plot.Series{
	"epidemic": epidemic(),
	"scales": {
		sampled("small <&\"> \x01", 50, 20*ms, func(i int) float64 { return float64(i*i%17) / 1000 }),
		sampled("large", 50, 20*ms, func(i int) float64 { return 1e9 + float64(i)*1e8 }),
		sampled("negative", 50, 20*ms, func(i int) float64 { return float64(-i) }),
		sampled("zero", 50, 20*ms, func(int) float64 { return 0 }),
	},
	"single":  {sampled("one", 1, ms, func(int) float64 { return 7 })},
	"nothing": {{Name: "none"}},
}

func TestSVGGolden(t *testing.T) {
	for name, series := range pages {
		t.Run(name, func(t *testing.T) {
			svg, leftOut := plot.SVG(name, series)
			if leftOut != 0 {
				t.Errorf("%d were left out", leftOut)
			}
			wellFormed(t, svg)
			golden(t, name+".svg", string(svg))
		})
	}
}

func TestTextGolden(t *testing.T) {
	series := append(epidemic(), pages["scales"]...)
	series = append(series, pages["single"][0], pages["nothing"][0],
		sampled("step", 40, 25*ms, func(i int) float64 { return float64(i / 20) }),
		sampled("gaps", 9, 900*ms, func(i int) float64 {
			return []float64{1, math.NaN(), 3, math.Inf(1), 2, 2, math.Inf(-1), 0.5, 12345.678}[i]
		}))
	for _, ascii := range []bool{false, true} {
		var b strings.Builder
		for _, s := range series {
			fmt.Fprintf(&b, "%q\n%s\n", s.Name, plot.Text(s, plot.Paper{Columns: 60, Rows: 4, ASCII: ascii}))
		}
		golden(t, map[bool]string{false: "braille.txt", true: "ascii.txt"}[ascii], b.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: -update writes what is drawn now\n%s", file, d)
	}
}

func wellFormed(t interface{ Fatalf(string, ...any) }, svg []byte) {
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		start, _ := token.(xml.StartElement)
		for _, a := range start.Attr {
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Fatalf("a coordinate is no number: %s=%q\n%s", a.Name.Local, a.Value, svg)
			}
		}
	}
}

// Any values, times and names are drawn: within the paper, and as XML with
// numbers in it.
func TestAnythingIsDrawn(t *testing.T) {
	values := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-10, 10),
		rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324}))
	rapid.Check(t, func(t *rapid.T) {
		var all []plot.Series
		for range rapid.IntRange(0, 12).Draw(t, "series") {
			s := plot.Series{Name: rapid.String().Draw(t, "name")}
			var now value.Duration
			for range rapid.IntRange(0, 30).Draw(t, "points") {
				now += value.Duration(rapid.Int64Range(0, math.MaxInt64/30).Draw(t, "after"))
				s.Points = append(s.Points, plot.Point{Time: now, Value: values.Draw(t, "value")})
			}
			all = append(all, s)
			paper := plot.Paper{Columns: rapid.IntRange(40, 100).Draw(t, "columns"), Rows: rapid.IntRange(1, 9).Draw(t, "rows"), ASCII: rapid.Bool().Draw(t, "ascii")}
			fits(t, plot.Text(s, paper), paper)
		}
		svg, _ := plot.SVG(rapid.String().Draw(t, "title"), all)
		wellFormed(t, svg)
	})
}

func fits(t *rapid.T, text string, paper plot.Paper) {
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(line) - 1; n > paper.Columns {
			t.Fatalf("%d columns, on paper of %d:\n%s", n, paper.Columns, text)
		}
		if paper.ASCII && strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Fatalf("not ASCII: %q", line)
		}
	}
}

func TestManySeries(t *testing.T) {
	var all []plot.Series
	for i := range plot.MaxPanels * 9 {
		all = append(all, sampled(fmt.Sprint("s", i), 2, ms, func(int) float64 { return float64(1 + i) }))
	}
	svg, leftOut := plot.SVG("many", all)
	wellFormed(t, svg)
	if leftOut == 0 || leftOut > len(all)/2 {
		t.Errorf("%d of %d were left out", leftOut, len(all))
	}
}

// A series of a million points makes no page of a million points, and keeps
// its peaks.
func TestManyPoints(t *testing.T) {
	s := sampled("many", 1_000_000, ms, func(i int) float64 { return float64(i * 7919 % 1000) })
	s.Points[314_159].Value = 2000
	svg, _ := plot.SVG("many", []plot.Series{s})
	if len(svg) > 100_000 {
		t.Errorf("the page has %d bytes", len(svg))
	}
	if !strings.Contains(string(svg), " 68L") && !strings.Contains(string(svg), ">2000<") {
		t.Error("the peak is gone")
	}
}

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1, "1"}, {-12, "-12"}, {1234567, "1234567"}, {12345678, "1.235e7"},
		{0.5, "0.5"}, {1.0 / 3, "0.3333"}, {1234.56, "1235"}, {123456.7, "123457"}, {0.00012, "1.2e-4"}, {-1e-9, "-1e-9"}, {1e300, "1e300"},
	} {
		if got := plot.Number(tc.v); got != tc.want {
			t.Errorf("%v is written %s, want %s", tc.v, got, tc.want)
		}
	}
}
