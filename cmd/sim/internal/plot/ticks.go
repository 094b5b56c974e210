package plot

import (
	"math"
	"strconv"
	"strings"

	"orrery/scenario/value"
)

// valueTicks returns round values that cover a range, the bounds' own ends
// widened to them, and how many decimals tell them apart.
func valueTicks(b *bounds, most int) (ticks []float64, decimals int) {
	b.widen()
	step, exponent := roundStep((b.top - b.low) / float64(most))
	first, last := math.Floor(b.low/step), math.Ceil(b.top/step)
	for i := first; i <= last; i++ {
		ticks = append(ticks, float64(i*step))
	}
	b.low, b.top = ticks[0], ticks[len(ticks)-1]
	return ticks, max(0, -exponent)
}

// widen makes room around values that are all alike, and shows zero if that is
// not far: the height of a line then says how much there is.
func (b *bounds) widen() {
	switch {
	case b.flat() && b.low == 0:
		b.top = 1
	case b.flat():
		room := math.Abs(b.low) / 2
		b.low, b.top = b.low-room, b.top+room
	}
	if b.low > 0 && b.low <= b.top/2 {
		b.low = 0
	}
	if b.top < 0 && b.top >= b.low/2 {
		b.top = 0
	}
}

// roundStep returns the least of 1, 2 and 5 times a power of ten that is not
// below a width, and the power's exponent. It works on decimal text, since
// logarithms differ between machines.
func roundStep(width float64) (step float64, exponent int) {
	digits, power, _ := strings.Cut(strconv.FormatFloat(width, 'e', 6, 64), "e")
	exponent, err := strconv.Atoi(power)
	if err != nil {
		panic("plot: " + strconv.Quote(power) + " is no exponent") // FormatFloat wrote it
	}
	lead := "1"
	switch {
	case digits > "5.000000":
		exponent++
	case digits > "2.000000":
		lead = "5"
	case digits > "1.000000":
		lead = "2"
	}
	step, err = strconv.ParseFloat(lead+"e"+strconv.Itoa(exponent), 64)
	if err != nil {
		panic("plot: no step for " + strconv.FormatFloat(width, 'g', -1, 64)) // values end at far
	}
	return step, exponent
}

// tickLabel writes a value at an axis, with as many decimals as its neighbours.
func tickLabel(v float64, decimals int) string {
	if decimals > 6 || math.Abs(v) >= 1e7 {
		return Number(v)
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return "0"
	}
	return text
}

// timeSteps are the steps of a time axis above five seconds, in seconds:
// people count those by sixties.
var timeSteps = []int64{10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400}

// timeTicks returns round moments between two, most of them at most.
func timeTicks(from, to value.Duration, most int) []value.Duration {
	step := timeStep((to - from) / value.Duration(most))
	var ticks []value.Duration
	for t := (from + step - 1) / step * step; t <= to; t += step {
		ticks = append(ticks, t)
		if t > to-step {
			break // t + step may not fit
		}
	}
	return ticks
}

func timeStep(least value.Duration) value.Duration {
	const second = 1_000_000_000
	for step := value.Duration(1); step < 10*second; step *= 10 {
		for _, lead := range []value.Duration{1, 2, 5} {
			if lead*step >= least {
				return lead * step
			}
		}
	}
	for _, s := range timeSteps {
		if step := value.Duration(s * second); step >= least {
			return step
		}
	}
	step := value.Duration(86400 * second)
	for step < least {
		step *= 2
	}
	return step
}
