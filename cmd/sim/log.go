package main

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"orrery/scenario"
	"orrery/scenario/value"
	"orrery/systems"
)

// maxLog is how many lines of a scenario's log are shown.
const maxLog = 1000

// log shows what the scenario printed: who, when, and what.
func (e *edge) log(s *scenario.Scenario) {
	shown := 0
	for _, event := range s.Events() {
		if event.Kind != "print" {
			continue
		}
		if shown++; shown <= maxLog {
			e.say("%s: %s", strings.TrimSpace(value.Duration(s.Run.World.Time(max(0, event.Tick))).String()+" "+who(s, &event)), printed(&event))
		}
	}
	if shown > maxLog {
		e.say("%d more lines were printed; the first %d are shown", shown-maxLog, maxLog)
	}
}

// who is whose event it is; nobody's are those of checks.
func who(s *scenario.Scenario, event *scenario.Event) string {
	if event.Node == 0 {
		return ""
	}
	return s.Run.World.NodeName(event.Node)
}

// printed is the text of an event of print.
func printed(event *scenario.Event) string {
	v, err := event.Fields.Attr("text")
	if err != nil || v == nil {
		return ""
	}
	text, _ := starlark.AsString(v)
	return text
}

// witness says where a must broke, and with which values.
func (r *result) witness(c *systems.Result) string {
	for _, event := range r.scenario.Events() {
		if event.Kind != "must "+c.Name {
			continue
		}
		var fields []string
		for _, name := range event.Fields.AttrNames() {
			if v, err := event.Fields.Attr(name); err == nil {
				fields = append(fields, fmt.Sprintf("%s = %s", name, v))
			}
		}
		if fields == nil {
			return " on " + who(r.scenario, &event)
		}
		return fmt.Sprintf(" on %s (%s)", who(r.scenario, &event), strings.Join(fields, ", "))
	}
	return ""
}
