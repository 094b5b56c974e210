package plot

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sizes of a page, in its units: 96 of them are an inch.
const (
	pageWidth   = 800
	left, right = 72, 24 // margins of a drawing
	drawWidth   = pageWidth - left - right
	drawHeight  = 180
	titleHeight = 36
	lineHeight  = 18
	axisHeight  = 44 // below a drawing, with the gap to the next
	letter      = 7  // about the width of one
)

// colours are those of Okabe and Ito (2008), which colour-blind people can
// tell apart; the dashes help in print.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"}

var dashes = []string{"", "6 3", "2 2", "8 3 2 3"}

// MaxPanels is how many drawings SVG puts on a page.
const MaxPanels = 100

// SVG draws series on a page, those of like size in one drawing. Left out are
// series after the last drawing that fits; it says how many.
func SVG(title string, series []Series) (svg []byte, leftOut int) {
	panels, leftOut := arrange(series)
	height := titleHeight + 8
	for i := range panels {
		height += panels[i].height()
	}
	p := &page{}
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#222">`,
		pageWidth, height, pageWidth, height)
	p.add(`<title>%s</title>`, escape(title))
	p.add(`<rect width="%d" height="%d" fill="#fff"/>`, pageWidth, height)
	p.add(`<text x="%d" y="24" font-size="15">%s</text>`, left, escape(clip(title)))
	y := titleHeight
	for i := range panels {
		panels[i].draw(p, y)
		y += panels[i].height()
	}
	p.add(`</svg>`)
	return p.bytes, leftOut
}

type page struct{ bytes []byte }

func (p *page) add(format string, args ...any) {
	p.bytes = append(fmt.Appendf(p.bytes, format, args...), '\n')
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// escape makes text of anything: XML knows no control characters, even escaped.
func escape(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
	return escaper.Replace(text)
}

// clip shortens a name to what fits a page.
func clip(name string) string {
	const most = 90
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return name
}

// panel is a drawing of some series that share its axes.
type panel struct {
	series []Series // with points that can be drawn only
	bounds bounds
	size   float64 // greatest value of the first series that is not zero
}

// arrange puts each series into the first drawing in which it and the others
// can both be seen.
func arrange(series []Series) (panels []panel, leftOut int) {
	for _, s := range series {
		points := s.drawn()
		var own bounds
		own.include(points)
		size := max(math.Abs(own.low), math.Abs(own.top))
		at := 0
		for at < len(panels) && !panels[at].takes(size) {
			at++
		}
		if at == MaxPanels {
			leftOut++
			continue
		}
		if at == len(panels) {
			panels = append(panels, panel{})
		}
		p := &panels[at]
		p.size = cmp.Or(p.size, size)
		p.series = append(p.series, Series{clip(s.Name), points})
		p.bounds.include(points)
	}
	return panels, leftOut
}

// takes reports whether there is room for a series of some size. One that is
// zero throughout fits anywhere.
func (p *panel) takes(size float64) bool {
	alike := size == 0 || p.size == 0 || size <= 10*p.size && p.size <= 10*size
	return alike && len(p.series) < len(colours)
}

// legend returns the names, in lines that fit the page.
func (p *panel) legend() (lines [][]int) {
	room := 0
	for i := range p.series {
		need := 32 + letter*utf8.RuneCountInString(p.series[i].Name)
		if len(lines) == 0 || need > room {
			lines, room = append(lines, nil), drawWidth
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], i)
		room -= need
	}
	return lines
}

func (p *panel) height() int { return len(p.legend())*lineHeight + drawHeight + axisHeight }

func (p *panel) draw(to *page, y int) {
	for _, line := range p.legend() {
		x := left
		for _, i := range line {
			to.add(`<path d="M%d %dh18" stroke="%s"%s stroke-width="2"/>`, x, y+8, colours[i], dash(i))
			to.add(`<text x="%d" y="%d">%s</text>`, x+23, y+12, escape(p.series[i].Name))
			x += 32 + letter*utf8.RuneCountInString(p.series[i].Name)
		}
		y += lineHeight
	}
	y += 6
	if !p.bounds.some {
		to.add(`<text x="%d" y="%d" fill="#777">no values</text>`, left, y+drawHeight/2)
		return
	}
	p.axes(to, y)
	for i := range p.series {
		p.curve(to, y, i)
	}
}

func dash(i int) string {
	if d := dashes[i%len(dashes)]; d != "" {
		return ` stroke-dasharray="` + d + `"`
	}
	return ""
}

func (p *panel) axes(to *page, y int) {
	ticks, decimals := valueTicks(&p.bounds, 5)
	for _, v := range ticks {
		at := p.y(v, y)
		to.add(`<path d="M%d %sH%d" stroke="#ddd"/>`, left, coordinate(at), left+drawWidth)
		to.add(`<text x="%d" y="%s" text-anchor="end">%s</text>`, left-7, coordinate(at+4), tickLabel(v, decimals))
	}
	floor := y + drawHeight
	for _, t := range timeTicks(p.bounds.from, p.bounds.to, 8) {
		x := coordinate(left + float64(p.bounds.across(t)*drawWidth))
		to.add(`<path d="M%s %dv5" stroke="#222"/>`, x, floor)
		to.add(`<text x="%s" y="%d" text-anchor="middle">%s</text>`, x, floor+19, t)
	}
	to.add(`<path d="M%d %dV%dH%d" fill="none" stroke="#222"/>`, left, y, floor, left+drawWidth)
}

func (p *panel) y(v float64, top int) float64 {
	return float64(top) + float64((1-p.bounds.up(v))*drawHeight)
}

// curve draws a series. Of the points that fall within half a unit only the
// first, the least, the greatest and the last are written: no more can be seen.
func (p *panel) curve(to *page, y, i int) {
	points := p.series[i].Points
	if len(points) == 1 {
		x := left + float64(p.bounds.across(points[0].Time)*drawWidth)
		to.add(`<circle cx="%s" cy="%s" r="3" fill="%s"/>`, coordinate(x), coordinate(p.y(points[0].Value, y)), colours[i])
		return
	}
	var path []byte
	for _, q := range thin(points, func(q Point) int { return int(p.bounds.across(q.Time) * drawWidth * 2) }) {
		command := byte('L')
		if path == nil {
			command = 'M'
		}
		path = append(path, command)
		path = append(path, coordinate(left+float64(p.bounds.across(q.Time)*drawWidth))...)
		path = append(path, ' ')
		path = append(path, coordinate(p.y(q.Value, y))...)
	}
	if len(path) > 0 {
		to.add(`<path d="%s" fill="none" stroke="%s"%s stroke-width="1.5" stroke-linejoin="round"/>`, path, colours[i], dash(i))
	}
}

// thin keeps, of each run of points in one column, at most four.
func thin(points []Point, column func(Point) int) []Point {
	var kept []Point
	for from := 0; from < len(points); {
		to, least, greatest := from, from, from
		for to < len(points) && column(points[to]) == column(points[from]) {
			if points[to].Value < points[least].Value {
				least = to
			}
			if points[to].Value > points[greatest].Value {
				greatest = to
			}
			to++
		}
		last := -1
		for _, k := range []int{from, min(least, greatest), max(least, greatest), to - 1} {
			if k > last {
				kept = append(kept, points[k])
				last = k
			}
		}
		from = to
	}
	return kept
}

// coordinate writes a length to a tenth of a unit.
func coordinate(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}
