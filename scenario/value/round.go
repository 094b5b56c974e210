package value

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"

	"orrery/ecs/detmath"
)

// round is round(x, digits): half away from zero. It rounds the decimal that x
// prints as, so that round(2.675, 2) is 2.68 although the float lies below.
// Without digits it gives an int; an int stays one.
func round(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v, given starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "x", &v, "digits?", &given); err != nil {
		return nil, err
	}
	digits := 0
	if given != nil && given != starlark.None {
		var err error
		if digits, err = starlark.AsInt32(given); err != nil || digits < -400 || digits > 400 {
			return nil, fmt.Errorf("round: digits is an int from -400 to 400, not %s", given)
		}
	}
	switch x := v.(type) {
	case starlark.Int:
		if digits < 0 {
			return nil, fmt.Errorf("round: an int has no digits to round; write round(float(x), %d)", digits)
		}
		return x, nil
	case starlark.Float:
		if given != nil && given != starlark.None {
			return starlark.Float(roundDecimal(float64(x), digits)), nil
		}
		if !isFinite(float64(x)) {
			return nil, fmt.Errorf("round: %s has no nearest int", x)
		}
		return starlark.NumberToInt(starlark.Float(detmath.Round(float64(x))))
	}
	_, err := number("round", v)
	return nil, err
}

// roundDecimal rounds the shortest decimal that is x. It works on its text,
// d.ddde±x, in which the place of rounding is a digit.
func roundDecimal(x float64, digits int) float64 {
	if !isFinite(x) || x == 0 {
		return x
	}
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], x, 'e', -1, 64)
	sign := text[:0]
	if text[0] == '-' {
		sign, text = text[:1], text[1:]
	}
	at := len(text) - 1
	for text[at] != 'e' {
		at--
	}
	exponent, _ := strconv.Atoi(string(text[at+1:]))
	decimal := text[:1:1]
	if at > 2 {
		decimal = append(decimal, text[2:at]...)
	}
	keep := exponent + 1 + digits // digits before the place of rounding
	if keep >= len(decimal) {
		return x
	}
	up := keep >= 0 && decimal[keep] >= '5'
	whole := "0"
	if keep > 0 {
		whole = string(decimal[:keep])
	}
	// Invariant: a float's shortest decimal has at most 17 digits.
	n, _ := strconv.ParseUint(whole, 10, 64)
	if up {
		n++
	}
	y, _ := strconv.ParseFloat(fmt.Sprintf("%s%de%d", sign, n, -digits), 64)
	return y
}
