// Package plot draws series of values over simulated time: small ones as text
// for a terminal ([Text]), and a page of them as SVG ([SVG]).
//
// The same points give the same bytes on every machine: nothing is asked of
// fonts, clocks or the locale, and products that feed a sum are rounded first,
// so that no compiler may fuse them. Values that are no numbers are left out.
package plot

import (
	"math"
	"strconv"
	"strings"

	"orrery/scenario/value"
)

// Point is a value at a moment of simulated time.
type Point struct {
	Time  value.Duration
	Value float64
}

// Series is what is drawn as one line. Its points are in the order of time.
type Series struct {
	Name   string
	Points []Point
}

// far is where values are cut off, so that the difference of two is finite.
const far = 1e300

func drawable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// drawn returns the points that can be drawn.
func (s *Series) drawn() []Point {
	var all []Point
	for _, p := range s.Points {
		if drawable(p.Value) {
			all = append(all, Point{p.Time, max(-far, min(far, p.Value))})
		}
	}
	return all
}

// bounds are the times and values between which something is drawn.
type bounds struct {
	from, to value.Duration
	low, top float64
	some     bool // there is something
}

func (b *bounds) include(points []Point) {
	for _, p := range points {
		if !b.some {
			*b = bounds{p.Time, p.Time, p.Value, p.Value, true}
		}
		b.from, b.to = min(b.from, p.Time), max(b.to, p.Time)
		b.low, b.top = min(b.low, p.Value), max(b.top, p.Value)
	}
}

// flat reports whether all values are as good as one: their difference would
// not show in a label.
func (b *bounds) flat() bool {
	size := max(math.Abs(b.low), math.Abs(b.top))
	return b.top-b.low <= size*1e-9 || b.top-b.low < 1e-300
}

// across returns how far a moment is between the bounds, 0 to 1.
func (b *bounds) across(t value.Duration) float64 {
	if b.to == b.from {
		return 0
	}
	return float64(t-b.from) / float64(b.to-b.from)
}

// up returns how far a value is between the bounds, 0 to 1.
func (b *bounds) up(v float64) float64 {
	if b.top <= b.low {
		return 0
	}
	return max(0, min(1, (v-b.low)/(b.top-b.low)))
}

// Number writes a value for a label: about four digits, and no exponent where
// it can do without.
func Number(v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case v == math.Trunc(v) && size < 1e7:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1e7 || size < 1e-3:
		return scientific(v)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		panic(err) // it was written a moment ago
	}
	if size >= 1e4 {
		rounded = math.Round(v)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// scientific writes a value with four digits and an exponent.
func scientific(v float64) string {
	digits, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', 3, 64), "e")
	digits = strings.TrimRight(strings.TrimRight(digits, "0"), ".")
	exponent, err := strconv.Atoi(power)
	if err != nil {
		panic(err) // FormatFloat wrote it
	}
	return digits + "e" + strconv.Itoa(exponent)
}
