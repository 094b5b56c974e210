package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"orrery/ecs"
	"orrery/scenario/value"
)

// bar shows on a terminal how far a run has come. One that is quickly over
// shows nothing.
type bar struct {
	wanted bool
	length ecs.Nanoseconds // of a tick
	drawn  time.Duration   // when; 0: never
	width  int
}

const barWidth = 24

// draw draws the bar anew, if it is time to.
func (b *bar) draw(e *edge, t, until ecs.Tick) {
	now := e.now()
	if !b.wanted || now < b.drawn+refresh || now < 3*refresh {
		return
	}
	b.drawn = now
	part := float64(t) / float64(until)
	full := max(0, min(barWidth, int(part*barWidth)))
	line := fmt.Sprintf("sim: [%s%s] %3d%%, %s of %s",
		strings.Repeat("#", full), strings.Repeat(".", barWidth-full), max(0, int(part*100)), b.time(t), b.time(until))
	fmt.Fprintf(e.err, "\r%-*s", b.width, line)
	b.width = len(line)
}

// time is a moment to three digits, so that the line hardly changes its length.
func (b *bar) time(t ecs.Tick) value.Duration {
	return roughly(value.Duration(max(0, t)) * value.Duration(b.length))
}

// clear takes the bar away, for what is printed next.
func (b *bar) clear(e *edge) {
	if b.width > 0 {
		fmt.Fprintf(e.err, "\r%*s\r", b.width, "")
		b.width = 0
	}
}

// roughly rounds a duration to three digits.
func roughly(d value.Duration) value.Duration {
	unit := value.Duration(1)
	for d/unit >= 1000 || d/unit <= -1000 {
		unit *= 10
	}
	rest := d % unit
	switch rounded := d - rest; {
	case rest >= unit/2 && rest > 0 && rounded <= math.MaxInt64-unit:
		return rounded + unit
	case rest <= -unit/2 && rest < 0 && rounded >= math.MinInt64+unit:
		return rounded - unit
	default:
		return rounded
	}
}
