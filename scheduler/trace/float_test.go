package trace_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/scheduler/trace"
)

// A float in JSON is read as one, and as the same, whatever its value; in a trace
// too.
func TestFloatsHaveAPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) })).Draw(t, "v")
		text, err := json.Marshal(trace.Float(v))
		var back trace.Float
		switch {
		case math.IsInf(v, 0) || math.IsNaN(v):
			if err == nil {
				t.Fatalf("%v is written %s", v, text)
			}
		case err != nil || json.Unmarshal(text, &back) != nil || float64(back) != v || !strings.ContainsAny(string(text), ".e"):
			t.Fatalf("%v is written %s, %v, and read %v", v, text, err, back)
		}
	})
	for _, x := range []any{trace.Point{Time: 2, Value: new(trace.Float)}, trace.Check{Time: 2}, trace.Input{Time: 2}, trace.Message{Time: 2}, trace.Event{Time: 2}, trace.Count{Time: 2}, trace.Measure{Time: 2, Mean: 3}} {
		text, err := json.Marshal(x)
		if err != nil || !strings.Contains(string(text), `"time_s":2.0`) || strings.Contains(string(text), `"value":0}`) && !strings.Contains(string(text), `"name"`) || strings.Contains(string(text), `"mean":3,`) {
			t.Errorf("%s, %v", text, err)
		}
	}
}
