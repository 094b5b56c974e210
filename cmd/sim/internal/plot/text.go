package plot

import (
	"math"
	"strings"
)

// Paper is what text is drawn on.
type Paper struct {
	Columns int  // of the whole plot, its labels included
	Rows    int  // of the drawing, 2 at least
	ASCII   bool // the terminal shows nothing else
}

// Text draws a series as lines of text, each ended with a newline: rows with
// the greatest and the least value beside them, then an axis of time. Values
// that are all alike take one row.
func Text(s Series, p Paper) string {
	points := s.drawn()
	var b bounds
	b.include(points)
	if !b.some {
		return "(no values)\n"
	}
	labels := make([]string, max(2, p.Rows))
	labels[0], labels[len(labels)-1] = Number(b.top), Number(b.low)
	if b.flat() {
		labels, b.top = labels[:1], b.low
	}
	margin := max(len(labels[0]), len(labels[len(labels)-1]))
	c := newCanvas(max(8, p.Columns-margin-2), len(labels), p.ASCII)
	c.line(points, &b)
	var out strings.Builder
	for row, label := range labels {
		out.WriteString(strings.Repeat(" ", margin-len(label)) + label + " " + c.axis())
		out.WriteString(strings.TrimRight(c.row(row), " \u2800") + "\n")
	}
	out.WriteString(strings.Repeat(" ", margin+2) + c.times(&b) + "\n")
	return out.String()
}

// times labels the axis of time: with both ends, if there is room for both.
func (c *canvas) times(b *bounds) string {
	from, to := b.from.String(), b.to.String()
	gap := c.columns - len(from) - len(to)
	switch {
	case b.from == b.to:
		return from
	case gap < 1:
		return strings.Repeat(" ", max(0, c.columns-len(to))) + to
	}
	return from + strings.Repeat(" ", gap) + to
}

// A canvas has some dots in every character: two by four of a braille one; in
// ASCII one by two.
type canvas struct {
	columns, rows int
	wide, high    int // dots of a character
	dots          []bool
}

func newCanvas(columns, rows int, ascii bool) *canvas {
	c := &canvas{columns: columns, rows: rows, wide: 2, high: 4}
	if ascii {
		c.wide, c.high = 1, 2
	}
	c.dots = make([]bool, columns*rows*c.wide*c.high)
	return c
}

func (c *canvas) axis() string {
	if c.wide == 1 {
		return "|"
	}
	return "│"
}

// line joins points, by straight lines from dot to dot.
func (c *canvas) line(points []Point, b *bounds) {
	var lastX, lastY int
	for i, p := range points {
		x := int(math.Round(b.across(p.Time) * float64(c.columns*c.wide-1)))
		y := int(math.Round(b.up(p.Value) * float64(c.rows*c.high-1)))
		if i == 0 {
			lastX, lastY = x, y
		}
		c.segment(lastX, lastY, x, y)
		lastX, lastY = x, y
	}
}

// segment is the line of Bresenham (1965): of integers, so the same anywhere.
func (c *canvas) segment(x, y, toX, toY int) {
	dx, dy := toX-x, -abs(toY-y)
	stepY := 1
	if toY < y {
		stepY = -1
	}
	for rest := dx + dy; ; {
		c.set(x, y)
		if x == toX && y == toY {
			return
		}
		twice := 2 * rest
		if twice >= dy {
			rest += dy
			x++
		}
		if twice <= dx {
			rest += dx
			y += stepY
		}
	}
}

func abs(n int) int { return max(n, -n) }

// set sets a dot; the lowest row of dots is 0.
func (c *canvas) set(x, y int) { c.dots[y*c.columns*c.wide+x] = true }

// brailleBits are the bits of the dots of a braille character, from the lowest
// left: Unicode numbered six of them first and added the lowest two later.
var brailleBits = [4][2]rune{{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}}

// row returns the characters of a row; the highest is 0.
func (c *canvas) row(row int) string {
	var out strings.Builder
	floor := (c.rows - 1 - row) * c.high
	for column := range c.columns {
		var bits rune
		for y := range c.high {
			for x := range c.wide {
				if c.dots[(floor+y)*c.columns*c.wide+column*c.wide+x] {
					bits |= brailleBits[y][x]
				}
			}
		}
		out.WriteRune(c.character(bits))
	}
	return out.String()
}

func (c *canvas) character(bits rune) rune {
	if c.wide == 2 {
		return 0x2800 + bits
	}
	switch lower, upper := bits&brailleBits[0][0] != 0, bits&brailleBits[1][0] != 0; {
	case lower && upper:
		return ':'
	case lower:
		return '.'
	case upper:
		return '\''
	}
	return ' '
}
