package value

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Duration is a span of simulated time in nanoseconds.
//
// Durations add, subtract and compare among themselves; they are multiplied
// and divided by numbers, rounding half away from zero; a duration divided by
// one is a float, // and % floor as for ints. Beside an operator a string may
// stand for a duration, but not in a comparison: Starlark compares only values
// of one type. What does not fit is an error.
type Duration int64

var (
	_ starlark.TotallyOrdered = Duration(0)
	_ starlark.HasBinary      = Duration(0)
	_ starlark.HasUnary       = Duration(0)
)

const needsUnit = `a duration needs a unit: "10ms"`

// AsDuration takes a Duration, or a string that is one.
func AsDuration(v starlark.Value) (Duration, error) {
	switch v := v.(type) {
	case Duration:
		return v, nil
	case starlark.String:
		return ParseDuration(string(v))
	case starlark.Int, starlark.Float:
		return 0, errors.New(needsUnit)
	}
	return 0, fmt.Errorf(`a duration is wanted, as in "10ms", not %s`, A(v))
}

// Unpack lets starlark.UnpackArgs take what AsDuration takes.
func (d *Duration) Unpack(v starlark.Value) (err error) {
	*d, err = AsDuration(v)
	return err
}

func (d Duration) Type() string         { return "duration" }
func (d Duration) Freeze()              {}
func (d Duration) Truth() starlark.Bool { return d != 0 }

func (d Duration) Hash() (uint32, error) {
	return uint32(uint64(d)*0x9e3779b97f4a7c15>>32) | 1, nil
}

// Cmp compares with another duration.
func (d Duration) Cmp(y starlark.Value, _ int) (int, error) {
	e, ok := y.(Duration)
	switch {
	case !ok:
		return 0, fmt.Errorf("a duration compares with durations only")
	case d < e:
		return -1, nil
	case d > e:
		return 1, nil
	}
	return 0, nil
}

// Unary is +d and -d.
func (d Duration) Unary(op syntax.Token) (starlark.Value, error) {
	switch op {
	case syntax.PLUS:
		return d, nil
	case syntax.MINUS:
		if d == -d && d != 0 {
			return nil, tooLong("-(%s)", d)
		}
		return -d, nil
	}
	return nil, nil
}

// Binary is d op y, or y op d if side says so.
func (d Duration) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch y := y.(type) {
	case Duration:
		return d.pair(op, y, side)
	case starlark.String:
		if op == syntax.IN || op == syntax.NOT_IN {
			return nil, nil
		}
		e, err := ParseDuration(string(y))
		if err != nil {
			return nil, err
		}
		return d.pair(op, e, side)
	case starlark.Int, starlark.Float:
		return d.scale(op, y, side)
	}
	return nil, nil
}

// pair is the arithmetic of two durations.
func (d Duration) pair(op syntax.Token, e Duration, side starlark.Side) (starlark.Value, error) {
	if side == starlark.Right {
		d, e = e, d
	}
	switch op {
	case syntax.PLUS:
		sum := d + e
		if (sum > d) != (e > 0) && e != 0 {
			return nil, tooLong("%s + %s", d, e)
		}
		return sum, nil
	case syntax.MINUS:
		difference := d - e
		if (difference < d) != (e > 0) && e != 0 {
			return nil, tooLong("%s - %s", d, e)
		}
		return difference, nil
	case syntax.STAR:
		return nil, fmt.Errorf(`%s * %s: a duration times a duration is none; divide one by duration("1s") first`, d, e)
	}
	if e == 0 && (op == syntax.SLASH || op == syntax.SLASHSLASH || op == syntax.PERCENT) {
		return nil, divisionByZero(d)
	}
	switch op {
	case syntax.SLASH:
		return starlark.Float(float64(d) / float64(e)), nil
	case syntax.SLASHSLASH:
		return starlark.MakeInt64(int64(d)).Div(starlark.MakeInt64(int64(e))), nil
	case syntax.PERCENT:
		rest, _ := starlark.MakeInt64(int64(d)).Mod(starlark.MakeInt64(int64(e))).Int64()
		return Duration(rest), nil
	}
	return nil, nil
}

// scale is the arithmetic of a duration and a number.
func (d Duration) scale(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch {
	case op == syntax.PLUS || op == syntax.MINUS:
		return nil, errors.New(needsUnit)
	case op == syntax.STAR:
		return asValue(d.times(y))
	case op == syntax.SLASH && side == starlark.Left:
		return asValue(d.over(y))
	case op == syntax.SLASHSLASH && side == starlark.Left:
		n, ok := y.(starlark.Int)
		if !ok {
			return nil, nil
		}
		if n.Sign() == 0 {
			return nil, divisionByZero(d)
		}
		q, ok := starlark.MakeInt64(int64(d)).Div(n).Int64()
		if !ok {
			return nil, tooLong("%s // %s", d, n)
		}
		return Duration(q), nil
	}
	return nil, nil
}

// asValue keeps a failed result from becoming a Value that is not nil.
func asValue(d Duration, err error) (starlark.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func divisionByZero(d Duration) error { return fmt.Errorf("%s is divided by zero", d) }

func tooLong(format string, operands ...any) error {
	return fmt.Errorf(format+": the result is over 292 years, the longest duration", operands...)
}

// magnitude returns |d|, also of the lowest.
func (d Duration) magnitude() uint64 {
	if d < 0 {
		return -uint64(d)
	}
	return uint64(d)
}

// durationOf is the reverse of magnitude; ok is false for what does not fit.
func durationOf(hi, lo uint64, negative bool) (d Duration, ok bool) {
	if negative {
		return Duration(-lo), hi == 0 && lo <= 1<<63
	}
	return Duration(lo), hi == 0 && lo < 1<<63
}

// A unit is what durations are written in.
type unit struct {
	name        string
	nanoseconds uint64
}

var units = [...]unit{
	{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
}

// String returns the shortest text that is exactly d, in the largest unit of
// which d is at least one: "1.203s", "10ms", "36h".
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var best, next [40]byte
	n, length := d.magnitude(), len(best)+1
	for _, u := range units {
		if n < u.nanoseconds {
			break
		}
		text, exact := appendDecimal(next[:0], n, u.nanoseconds)
		text = append(text, u.name...)
		if exact && len(text) <= length {
			length = copy(best[:], text)
		}
	}
	if d < 0 {
		return "-" + string(best[:length])
	}
	return string(best[:length])
}

// appendDecimal appends n/unit as a decimal; exact is false if it has no end.
func appendDecimal(to []byte, n, unit uint64) (_ []byte, exact bool) {
	to = strconv.AppendUint(to, n/unit, 10)
	n %= unit
	if n == 0 {
		return to, true
	}
	to = append(to, '.')
	for range 16 { // a day is 2^16 times an odd multiple of 5^11: it needs no more
		n *= 10
		to = append(to, '0'+byte(n/unit))
		if n %= unit; n == 0 {
			return to, true
		}
	}
	return to, false
}

// divide returns hi:lo / by, by > hi.
func divide(hi, lo, by uint64) (quotient uint64, exact bool) {
	quotient, rest := bits.Div64(hi, lo, by)
	return quotient, rest == 0
}
