package main

import (
	"encoding/json"
	"strings"

	"orrery/scenario"
	"orrery/scheduler/trace"
)

// teller says what messages of a trace carry, with the scenario that the trace has.
// Without one it says nothing, and they are shown as bytes.
type teller struct{ scenario *scenario.Scenario }

// teller is the trace's. That its scenario cannot be loaded any more is said once.
func (t *readTrace) teller(e *edge) *teller {
	if t.tells == nil {
		t.tells = new(teller)
		s, err := t.load(nil)
		if err != nil {
			why, _, _ := strings.Cut(err.Error(), "\n")
			e.say("what messages carry is shown as bytes: %s", why)
		} else {
			t.tells.scenario = s
		}
	}
	return t.tells
}

// maxTold is how much of a message is in a line.
const maxTold = 1000

// line is a message as a line.
func (l *teller) line(m *trace.Message) string {
	if l.scenario == nil {
		return m.String()
	}
	text, _ := l.scenario.MessageTold(m)
	if len(text) > maxTold {
		text = strings.ToValidUTF8(text[:maxTold], "") + "…"
	}
	return m.With(text)
}

// content is what a message, or an input, carries, as JSON; nil of what has no form
// for people.
func (l *teller) content(r *trace.Entry) []byte {
	if l.scenario == nil {
		return nil
	}
	switch r.Topic {
	case trace.Messages:
		var m trace.Message
		if json.Unmarshal(r.Data, &m) == nil {
			_, content := l.scenario.MessageTold(&m)
			return content
		}
	case trace.Inputs:
		var in trace.Input
		if json.Unmarshal(r.Data, &in) != nil {
			return nil
		}
		if a, ok := in.Action(); ok {
			return l.scenario.ActionTold(&a)
		}
	}
	return nil
}
