package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"orrery/ecs"
)

// sent is shown every envelope that is sent or dropped.
func (r *Recorder) sent(s ecs.Sent) {
	w, e := r.run.World, s.Envelope
	t := max(0, w.Tick())
	m := Message{
		Tick: t, Time: r.seconds(t), ID: idText(e.ID()), Cause: idText(s.Cause),
		From: w.NodeName(e.From), To: w.NodeName(e.To), Kind: w.KindName(e.Kind()), Verdict: "sent", Due: s.Due,
	}
	if s.Dropped {
		m.Verdict = s.Why.String()
	}
	if e.HasBytes() {
		m.Payload = fmt.Sprintf("%x", w.Payload(e))
	} else if e.A|e.B != 0 {
		m.Payload = fmt.Sprint(e.A, " ", e.B)
	}
	r.json(topicMessages, t, m)
}

func idText(id ecs.EnvelopeID) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%013x", uint64(id))
}

// Message is a line for people.
func (m *Message) String() string {
	s := fmt.Sprintf("tick %d: %s %q from %s to %s", m.Tick, m.ID, m.Kind, m.From, m.To)
	if m.Verdict == "sent" {
		s += fmt.Sprintf(", due at %d", m.Due)
	} else {
		s += ", dropped: " + m.Verdict
	}
	if m.Payload != "" {
		s += ", with " + m.Payload
	}
	return s
}

// EachMessage calls do with the envelopes of a trace that has them.
func (f *File) EachMessage(do func(m *Message) error) error {
	return f.Each(Messages, 0, 0, func(r *Entry) error {
		var m Message
		if err := json.Unmarshal(r.Data, &m); err != nil {
			return fmt.Errorf("a message at %d ns: %w", r.Time, err)
		}
		return do(&m)
	})
}

// maxChain bounds how far causes are followed.
const maxChain = 16

var errFound = errors.New("found")

// Chain returns what led to a message: its cause, that one's, and so on, the
// nearest first. It reads the trace once for each, so that it needs no room.
func (f *File) Chain(m *Message) ([]Message, error) {
	var all []Message
	for cause := m.Cause; cause != "" && len(all) < maxChain; cause = all[len(all)-1].Cause {
		err := f.EachMessage(func(x *Message) error {
			if x.ID == cause && strings.HasPrefix(x.Verdict, "sent") {
				all = append(all, *x)
				return errFound
			}
			return nil
		})
		if err == nil {
			break // a timer's or a start's: no envelope
		}
		if err != errFound {
			return nil, err
		}
	}
	return all, nil
}
