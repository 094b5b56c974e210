package value

import (
	"strings"

	"go.starlark.net/starlark"
)

// A names the type of a value in a sentence: "a string", "an int". None is
// itself.
func A(v starlark.Value) string {
	typ := v.Type()
	switch {
	case v == starlark.None:
		return "None"
	case strings.ContainsRune("aeiou", rune(typ[0])):
		return "an " + typ
	}
	return "a " + typ
}
