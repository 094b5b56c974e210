package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"orrery/cmd/sim/internal/plot"
	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

const (
	columns   = 72 // of a summary
	gutter    = 10 // where its second column begins
	plotRows  = 4
	maxSeries = 20 // shown as text
	maxFeeds  = 10
)

// paper is what series are drawn on as text: the locale may say that the
// terminal shows ASCII alone, and the Linux console has no braille.
func paper(e *edge, ascii bool) plot.Paper {
	locale := e.getenv("LC_ALL")
	for _, name := range []string{"LC_CTYPE", "LANG"} {
		if locale == "" {
			locale = e.getenv(name)
		}
	}
	unicode := locale == "" || strings.Contains(strings.ToLower(strings.ReplaceAll(locale, "-", "")), "utf8")
	return plot.Paper{Columns: columns - gutter, Rows: plotRows, ASCII: ascii || !unicode || e.getenv("TERM") == "linux"}
}

// sheet is a summary: names on the left, what they are about on the right.
type sheet struct{ strings.Builder }

// line adds a line under a name, which only the first of several bears.
func (s *sheet) line(name, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(s, "%-*s%s\n", gutter, name, text)
}

// text is the summary for people.
func (r *result) text(p plot.Paper) string {
	var s sheet
	s.line("scenario", "%s, seed %d", r.scenario.Name, r.Seed)
	s.line("world", "%s, %s", many(r.Nodes, "node"), many(r.Links, "link"))
	ended := ""
	if r.interrupted {
		ended = ", interrupted"
	}
	s.line("time", "%s simulated (tick %d) in %s%s", r.time(r.Tick), r.Tick, roughly(value.Duration(r.wall)), ended)
	r.messages(&s)
	r.calls(&s)
	r.feeds(&s)
	r.rounded(&s)
	r.checks(&s)
	r.counts(&s)
	r.measures(&s)
	r.pipes(&s)
	r.plots(&s, p)
	s.line("digest", "%016x", uint64(r.Digest))
	stop := ecs.Tick(0)
	if r.interrupted {
		stop = r.Tick
	}
	s.line("again", "%s", r.again(stop))
	return s.String()
}

func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (r *result) messages(s *sheet) {
	m := r.Counts.Messages()
	text := fmt.Sprintf("%d sent, %d delivered", m.Sent, m.Delivered)
	if r.InFlight > 0 {
		text += fmt.Sprintf(", %d under way", r.InFlight)
	}
	s.line("messages", "%s%s", text, lost(&m))
	if g := &r.Gossip; g.Messages > 0 {
		s.line("gossip", "%d of the messages sent, %d bytes", g.Messages, g.Bytes)
	}
	timers := r.Counts.Timers
	if timers.Sent == 0 {
		return
	}
	text = fmt.Sprintf("%d set, %d fired", timers.Sent, timers.Delivered)
	if r.Pending > 0 {
		text += fmt.Sprintf(", %d pending", r.Pending)
	}
	if n := timers.Dropped[ecs.DroppedStale]; n > 0 { // which is nobody's loss
		text += fmt.Sprintf(", %d replaced or cancelled", n)
		timers.Dropped[ecs.DroppedStale] = 0
	}
	s.line("timers", "%s%s", text, lost(&timers))
}

// lost says how many were dropped, and why; it is empty if none were.
func lost(t *ecs.Traffic) string {
	var causes []string
	for c, n := range t.Dropped {
		if n > 0 {
			causes = append(causes, fmt.Sprintf("%d %s", n, ecs.Cause(c)))
		}
	}
	if causes == nil {
		return ""
	}
	return fmt.Sprintf(", %d dropped: %s", t.Lost(), strings.Join(causes, ", "))
}

// calls says how calls ended, where there were any.
func (r *result) calls(s *sheet) {
	c := &r.Calls
	if c.Made == 0 {
		return
	}
	text := fmt.Sprintf("%d made, %d answered", c.Made, c.Ended[systems.NoReason])
	for _, why := range systems.Reasons() {
		if n := c.Ended[why]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, why)
		}
	}
	if n := c.Forgotten; n > 0 {
		text += fmt.Sprintf(", %d gone with their callers", n)
	}
	if n := c.UnderWay(); n > 0 {
		text += fmt.Sprintf(", %d under way", n)
	}
	if n := r.Counts.Dropped[ecs.DroppedLate]; n > 0 {
		text += fmt.Sprintf("; late replies: %d", n)
	}
	s.line("calls", "%s", text)
}

// feeds says what came of the values of each feed. One value counts once as
// published, and for each subscriber as delivered or dropped.
func (r *result) feeds(s *sheet) {
	name := "feeds"
	for i := range r.Feeds {
		if i == maxFeeds {
			s.line("", "and %d more: --json has them all", len(r.Feeds)-maxFeeds)
			return
		}
		f := &r.Feeds[i]
		t := ecs.Traffic{Dropped: f.Dropped}
		s.line(name, "%s: %d published, %d delivered%s", f.Name, f.Published, f.Delivered, lost(&t))
		name = ""
	}
}

// rounded warns of waits that ticks made longer.
func (r *result) rounded(s *sheet) {
	name := "rounded"
	for _, x := range r.scenario.Roundings() {
		s.line(name, "%s", x)
		name = ""
	}
	if name == "" {
		s.line("", "waits are rounded up to ticks of %s: a shorter tick(…) comes closer", value.Duration(r.scenario.Run.World.Config().TickLength))
	}
}

// outcomeWord makes what went wrong stand out in a column of "held".
func outcomeWord(c systems.Result) string {
	switch {
	case c.Outcome == systems.Unmet && c.Kind == systems.SometimesHolds:
		return "not seen"
	case c.Unasked != "":
		return "not asked"
	case c.Outcome == systems.Broken, c.Outcome == systems.Unmet, openEnded(c):
		return strings.ToUpper(c.Outcome.String())
	}
	return c.Outcome.String()
}

// openEnded reports whether the run ended before the window of an eventually: it
// did not fail, and must not look as if it had held.
func openEnded(c systems.Result) bool {
	return c.Outcome == systems.Undecided && c.Kind == systems.EventuallyHolds
}

func (r *result) checks(s *sheet) {
	name := "checks"
	for _, c := range r.Checks {
		when := ""
		switch {
		case openEnded(c):
			when = fmt.Sprintf(", its window ends at %s", r.time(c.Ends))
		case c.Outcome == systems.Undecided:
		case c.Outcome == systems.Held && (c.Kind == systems.AlwaysHolds || c.Kind == systems.NeverHolds):
		default:
			when = fmt.Sprintf(", at %s", r.time(c.At))
		}
		s.line(name, "%-10s %s %q%s", outcomeWord(c), c.Kind, c.Name, when)
		name = ""
	}
}

func (r *result) counts(s *sheet) {
	width := 0
	for _, c := range r.Tallies {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	name := "counts"
	for _, c := range r.Tallies {
		s.line(name, "%-*s %8d", width, c.Name, c.Value)
		name = ""
	}
}

func (r *result) measures(s *sheet) {
	if len(r.Spreads) == 0 {
		return
	}
	width := 12
	for _, m := range r.Spreads {
		width = max(width, utf8.RuneCountInString(spreadName(m)))
	}
	s.line("measures", "%-*s %8s %8s %8s %8s %8s", width, "", "count", "p50", "p90", "p99", "max")
	for _, m := range r.Spreads {
		write := func(v int64) string { return measured(m.Unit, v) }
		if m.Count == 0 {
			write = func(int64) string { return "-" }
		}
		s.line("", "%-*s %8d %8s %8s %8s %8s", width, spreadName(m), m.Count, write(m.P50), write(m.P90), write(m.P99), write(m.Max))
	}
}

// pipes are the figures of pipes: items a second, the queue as it is, on average
// and at most, and times from push to pull.
func (r *result) pipes(s *sheet) {
	if len(r.Pipes) == 0 {
		return
	}
	width := 6
	for _, p := range r.Pipes {
		width = max(width, utf8.RuneCountInString(p.Name))
	}
	s.line("pipes", "%-*s %8s %8s %7s %7s %7s %8s %8s %7s", width, "", "in/s", "out/s", "queue", "mean", "max", "p50", "p99", "resent")
	for _, p := range r.Pipes {
		p50, p99 := "-", "-"
		if p.Wait.Count > 0 && p.Wait.P99 > 0 {
			p50, p99 = measured(systems.Duration, p.Wait.P50), measured(systems.Duration, p.Wait.P99)
		}
		s.line("", "%-*s %8.1f %8.1f %7d %7.1f %7d %8s %8s %7d", width, p.Name, p.RateIn, p.RateOut, p.Queue, p.MeanQueue, p.Longest, p50, p99, p.Resent)
	}
}

// spreadName is a measure's name, or, below it, the key of a part of it.
func spreadName(m systems.Spread) string {
	if m.Key != "" {
		return "  " + m.Key
	}
	return m.Name
}

// measured writes a value in the unit of its measure. A quantile is known to
// 1/64 only, so three digits of a duration are all there is.
func measured(u systems.Unit, v int64) string {
	if u == systems.Duration {
		return roughly(value.Duration(v)).String()
	}
	return fmt.Sprint(v)
}

func (r *result) plots(s *sheet, p plot.Paper) {
	name := "series"
	for i, series := range r.series() {
		if i == maxSeries {
			s.line("", "and %d more: --plot draws them all", len(r.scenario.Series)-maxSeries)
			return
		}
		s.line(name, "%s", series.Name)
		name = ""
		for line := range strings.Lines(plot.Text(series, p)) {
			s.line("", "%s", strings.TrimRight(line, "\n"))
		}
	}
}

// series are the series of a run, to be drawn.
func (r *result) series() []plot.Series {
	var all []plot.Series
	for _, s := range r.scenario.Series {
		drawn := plot.Series{Name: s.Name}
		for _, p := range r.scenario.Run.Measures.Points(systems.SeriesID(s.ID)) {
			drawn.Points = append(drawn.Points, plot.Point{Time: r.time(p.Tick), Value: p.Value})
		}
		all = append(all, drawn)
	}
	return all
}

// drawSeries writes the series as a picture.
func (e *edge) drawSeries(r *result, file string) error {
	svg, leftOut := plot.SVG(fmt.Sprintf("%s, seed %d", r.scenario.Name, r.Seed), r.series())
	if leftOut > 0 {
		e.say("--plot %s: %s of %d are not on it; at most %d drawings fit",
			quote(file), many(leftOut, "series"), len(r.scenario.Series), plot.MaxPanels)
	}
	if err := writeFile(file, svg); err != nil {
		return fmt.Errorf("the plot could not be written: %w", err)
	}
	return nil
}
