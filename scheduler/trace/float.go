package trace

import (
	"bytes"
	"encoding/json"
)

// Float is a float in JSON: it always has a point or an exponent, as 2.0, so that
// who reads it in a language that tells ints from floats has floats throughout.
type Float float64

// MarshalJSON writes it; NaN and the infinities are errors, as they are of float64.
func (f Float) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(float64(f))
	if err != nil || bytes.ContainsAny(text, ".e") {
		return text, err
	}
	return append(text, ".0"...), nil
}
