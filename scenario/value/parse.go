package value

import (
	"fmt"
	"math/bits"
	"strings"
)

// ParseDuration reads a decimal number and one unit: "10ms", "1.5s", "-3d".
// The units are ns, us, ms, s, m, h and d, a day being 24 hours. The number is
// taken exactly; one that is no whole count of nanoseconds is an error. An
// error says what to write instead if that can be told.
func ParseDuration(s string) (Duration, error) {
	body, negative := strings.CutPrefix(s, "-")
	number, name := cutNumber(body)
	if u, ok := unitNamed(name); ok && isDecimal(number) {
		d, problem := exactly(number, u, negative)
		if problem != "" {
			return 0, fmt.Errorf("%s %s", quote(s), problem)
		}
		return d, nil
	}
	switch right := repair(s); {
	case s == "": // which a text times 0 is
		return 0, fmt.Errorf(`"" is not a duration; write a number and one of ns us ms s m h d, as in "10ms"; a text times a number repeats the text: write duration("10ms") * n`)
	case right == "":
		return 0, fmt.Errorf(`%s is not a duration; write a number and one of ns us ms s m h d, as in "10ms"`, quote(s))
	case name == "" && isDecimal(number):
		return 0, fmt.Errorf("%s is not a duration: its unit is missing; write %q", quote(s), right)
	default:
		return 0, fmt.Errorf("%s is not a duration; write %q", quote(s), right)
	}
}

// quote quotes a text of a script for a message, cut if it is long.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// cutNumber splits off the digits and points that s begins with.
func cutNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && (s[i] == '.' || '0' <= s[i] && s[i] <= '9') {
		i++
	}
	return s[:i], s[i:]
}

// isDecimal demands digits around a point, and one point at most.
func isDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	return whole != "" && (!point || fraction != "" && !strings.Contains(fraction, "."))
}

func unitNamed(name string) (unit, bool) {
	for _, u := range units {
		if u.name == name {
			return u, true
		}
	}
	return unit{}, false
}

const (
	overLong = "is over 292 years, the longest duration"
	overFine = "is finer than 1ns, the shortest duration"
)

// exactly converts a decimal and a unit, or says what is wrong with it.
func exactly(number string, u unit, negative bool) (d Duration, problem string) {
	digits, fraction, _ := strings.Cut(number, ".")
	whole, ok := count(digits)
	if !ok {
		return 0, overLong
	}
	hi, total := bits.Mul64(whole, u.nanoseconds)
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		// 16 digits are what the largest unit's powers of 2 and 5 allow.
		part, ok := count(fraction)
		if !ok || len(fraction) > 16 {
			return 0, overFine
		}
		power := uint64(1)
		for range fraction {
			power *= 10
		}
		partHi, partLo := bits.Mul64(part, u.nanoseconds)
		nanoseconds, exact := divide(partHi, partLo, power)
		if !exact {
			return 0, overFine
		}
		var carry uint64
		total, carry = bits.Add64(total, nanoseconds, 0)
		hi += carry
	}
	if d, ok = durationOf(hi, total, negative); !ok {
		return 0, overLong
	}
	return d, ""
}

// count reads digits.
func count(digits string) (n uint64, ok bool) {
	for _, c := range []byte(digits) {
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

// spellings are what others call our units.
var spellings = map[string]string{
	"":           "ms",
	"nanosecond": "ns", "nanoseconds": "ns", "nanos": "ns", "nsec": "ns",
	"microsecond": "us", "microseconds": "us", "micros": "us", "usec": "us", "µs": "us", "μs": "us",
	"millisecond": "ms", "milliseconds": "ms", "millis": "ms", "msec": "ms", "msecs": "ms",
	"second": "s", "seconds": "s", "sec": "s", "secs": "s",
	"minute": "m", "minutes": "m", "min": "m", "mins": "m",
	"hour": "h", "hours": "h", "hr": "h", "hrs": "h",
	"day": "d", "days": "d",
}

// repair guesses what a malformed duration means: spaces, capitals, other
// names of units, a missing unit, a missing digit beside the point, several
// numbers in a row. It returns "" if it cannot tell.
func repair(s string) string {
	if len(s) > 64 {
		return ""
	}
	s = strings.ToLower(strings.Join(strings.Fields(s), ""))
	s, negative := strings.CutPrefix(s, "-")
	s = strings.TrimPrefix(s, "+")
	var sum Duration
	written, parts := "", 0
	for s != "" {
		var number string
		number, s = cutNumber(s)
		end := strings.IndexAny(s, "0123456789.")
		if end < 0 {
			end = len(s)
		}
		name := s[:end]
		s = s[end:]
		if other, ok := spellings[name]; ok {
			name = other
		}
		u, ok := unitNamed(name)
		if number = beside(number); !ok || !isDecimal(number) {
			return ""
		}
		d, problem := exactly(number, u, false)
		if sum += d; problem != "" || sum < d {
			return ""
		}
		written = number + name
		parts++
	}
	if parts > 1 {
		written = sum.String()
	}
	if negative && written != "" {
		written = "-" + written
	}
	return written
}

// beside puts the digits beside the point that were left out: ".5" and "5.".
func beside(number string) string {
	switch {
	case number == "." || number == "":
		return ""
	case number[0] == '.':
		return "0" + number
	}
	return strings.TrimSuffix(number, ".")
}
