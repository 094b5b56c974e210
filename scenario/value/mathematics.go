package value

import (
	"fmt"
	"math"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"orrery/ecs/detmath"
)

// makeMath makes the module math. Its functions take ints and floats and give
// the same bits on every architecture. One that has no value for finite
// arguments is an error: a NaN would go unnoticed for long.
func makeMath() *starlarkstruct.Module {
	m := starlark.StringDict{
		"pi":  starlark.Float(math.Pi),
		"e":   starlark.Float(math.E),
		"inf": starlark.Float(math.Inf(1)),
		"nan": starlark.Float(detmath.NaN()),
	}
	for name, f := range map[string]func(float64) float64{ //det:allow it fills a map
		"exp": detmath.Exp, "expm1": detmath.Expm1, "log1p": detmath.Log1p, "log2": detmath.Log2, "log10": detmath.Log10,
		"sqrt": detmath.Sqrt, "sin": detmath.Sin, "cos": detmath.Cos, "tan": detmath.Tan,
	} {
		m[name] = ofOne("math."+name, f)
	}
	for name, f := range map[string]func(float64) float64{ //det:allow it fills a map
		"floor": detmath.Floor, "ceil": detmath.Ceil, "trunc": detmath.Trunc,
	} {
		m[name] = toInt("math."+name, f)
	}
	m["pow"] = ofTwo("math.pow", detmath.Pow)
	m["hypot"] = ofTwo("math.hypot", detmath.Hypot)
	m["log"] = starlark.NewBuiltin("math.log", logarithm)
	return &starlarkstruct.Module{Name: "math", Members: m}
}

// number takes an int or a float as a float.
func number(function string, v starlark.Value) (float64, error) {
	f, ok := starlark.AsFloat(v)
	if !ok {
		if d, is := v.(Duration); is {
			return 0, fmt.Errorf(`%s: a number is wanted, not a duration; write %s(x / duration("1s")) for the seconds of %s`, function, function, d)
		}
		return 0, fmt.Errorf("%s: a number is wanted, not %s", function, A(v))
	}
	if i, ok := v.(starlark.Int); ok && math.IsInf(f, 0) {
		return 0, fmt.Errorf("%s: an int of %d bits is more than a float holds", function, i.BigInt().BitLen())
	}
	return f, nil
}

// numbers takes the arguments of a function, of which there must be from least
// to most.
func numbers(function string, args starlark.Tuple, kwargs []starlark.Tuple, least, most int) (x [2]float64, err error) {
	if len(kwargs) > 0 || len(args) < least || len(args) > most {
		many := fmt.Sprint(least)
		if most > least {
			many = fmt.Sprintf("%d or %d", least, most)
		}
		return x, fmt.Errorf("%s: it takes %s by place, and is given %d", function, plural(many, "number"), len(args)+len(kwargs))
	}
	for i, v := range args {
		if x[i], err = number(function, v); err != nil {
			return x, err
		}
	}
	return x, nil
}

func plural(n, thing string) string {
	if n == "1" {
		return n + " " + thing
	}
	return n + " " + thing + "s"
}

// result refuses what finite arguments must not give.
func result(function string, args starlark.Tuple, x [2]float64, y float64) (starlark.Value, error) {
	if !isFinite(y) && isFinite(x[0]) && isFinite(x[1]) || y != y && x[0] == x[0] && x[1] == x[1] {
		what := "has no value"
		if math.IsInf(y, 0) {
			what = "is infinite"
		}
		given := printed(args[0])
		for _, v := range args[1:] {
			given += ", " + printed(v)
		}
		return nil, fmt.Errorf("%s(%s) %s", function, given, what)
	}
	return starlark.Float(y), nil
}

func isFinite(x float64) bool { return math.Abs(x) <= math.MaxFloat64 }

func ofOne(name string, f func(float64) float64) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		x, err := numbers(name, args, kwargs, 1, 1)
		if err != nil {
			return nil, err
		}
		return result(name, args, x, f(x[0]))
	})
}

func ofTwo(name string, f func(x, y float64) float64) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		x, err := numbers(name, args, kwargs, 2, 2)
		if err != nil {
			return nil, err
		}
		return result(name, args, x, f(x[0], x[1]))
	})
}

// toInt gives ints, and leaves those it is given alone.
func toInt(name string, f func(float64) float64) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 1 && len(kwargs) == 0 {
			if i, ok := args[0].(starlark.Int); ok {
				return i, nil
			}
		}
		x, err := numbers(name, args, kwargs, 1, 1)
		if err != nil {
			return nil, err
		}
		if !isFinite(x[0]) {
			return nil, fmt.Errorf("%s(%s) has no value", name, args[0])
		}
		return starlark.NumberToInt(starlark.Float(f(x[0])))
	})
}

// logarithm is math.log(x, base = e). Bases 2 and 10 have functions of their
// own, which are exact for powers of 2 and nearer for those of 10 than a ratio.
func logarithm(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 1 && len(kwargs) == 1 && kwargs[0][0] == starlark.String("base") {
		args, kwargs = starlark.Tuple{args[0], kwargs[0][1]}, nil
	}
	x, err := numbers(b.Name(), args, kwargs, 1, 2)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		return result(b.Name(), args, x, detmath.Log(x[0]))
	}
	if x[1] <= 0 || x[1] == 1 {
		return nil, fmt.Errorf("math.log: the base must be above 0 and not 1, it is %s", args[1])
	}
	switch x[1] {
	case 2:
		return result(b.Name(), args, x, detmath.Log2(x[0]))
	case 10:
		return result(b.Name(), args, x, detmath.Log10(x[0]))
	}
	return result(b.Name(), args, x, detmath.Log(x[0])/detmath.Log(x[1]))
}
