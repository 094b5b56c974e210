package topology

import (
	"strings"
	"unicode"

	"orrery/ecs"
)

// Light in fibre covers 200 km in a millisecond.
const nanosecondsPerKm = 1_000_000 / 200

// A unit turns a number into nanoseconds: of time directly, of length by the
// speed of light in fibre.
type unit struct {
	name        string
	nanoseconds int64
	shift       int // a length in kilometres is the number times 10^shift
}

var (
	timeUnits   = []unit{{"ms", 1_000_000, 0}, {"us", 1_000, 0}, {"µs", 1_000, 0}, {"μs", 1_000, 0}, {"ns", 1, 0}, {"s", 1_000_000_000, 0}}
	lengthUnits = []unit{{"km", nanosecondsPerKm, 0}, {"m", nanosecondsPerKm / 1000, -3}}
)

func unitOf(units []unit, name string) (unit, bool) {
	for _, u := range units {
		if u.name == name {
			return u, true
		}
	}
	return unit{}, false
}

// A measure is a time or a length: a number and its unit.
type measure struct {
	number decimal
	unit   unit
}

// parseMeasure reads a number with or without a unit. The unit in the value
// counts, then the default.
func parseMeasure(at position, what, text string, units []unit, otherwise unit) (measure, error) {
	number := strings.TrimRightFunc(text, unicode.IsLetter)
	name := text[len(number):]
	m := measure{unit: otherwise}
	var ok bool
	if m.number, ok = parseDecimal(strings.TrimSpace(number)); !ok {
		return m, at.fail("%s %s is not a number: write it as 12.5 or \"12.5 %s\"", what, quote(text), units[0].name)
	}
	if name != "" {
		if m.unit, ok = unitOf(units, name); !ok {
			return m, at.fail("%s %s has the unit %s: write one of %s", what, quote(text), quote(name), unitNames(units))
		}
	}
	if m.number.negative && m.number.digits != "" {
		return m, at.fail("%s %s is negative: a link takes 0 or more", what, quote(text))
	}
	if _, ok := m.latency(1); !ok {
		return m, at.fail("%s %s is over the limit of a year on the way: correct it, or its unit", what, quote(text))
	}
	return m, nil
}

func unitNames(units []unit) string {
	var names []string
	for _, u := range units {
		names = append(names, u.name)
	}
	return strings.Join(names, ", ")
}

// latency is the measure over divisor in nanoseconds, and whether it is within
// the limit.
func (m measure) latency(divisor int64) (ecs.Nanoseconds, bool) {
	n, ok := m.number.scaled(m.unit.nanoseconds, divisor)
	return ecs.Nanoseconds(n), ok && ecs.Nanoseconds(n) <= maxLatency
}

func (m measure) kilometres() float64 { return m.number.float(m.unit.shift) }
