package trace

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"orrery/ecs"
	"orrery/systems"
)

// sent is shown every envelope that is sent or dropped. A value of a feed is
// written down once for each subscriber.
func (r *Recorder) sent(s ecs.Sent) {
	feeds := r.run.Feeds
	if feeds.Singles(s.Envelope, func(one *ecs.Envelope, payload []byte) {
		m := r.message(one, &s)
		m.Feed = feeds.Name(systems.Feed(one.B))
		if m.Payload = fmt.Sprintf("%x", payload); payload == nil {
			m.Payload = fmt.Sprint(one.A)
		}
		r.json(topicMessages, m.Tick, m)
	}) {
		return
	}
	w, e := r.run.World, s.Envelope
	m := r.message(e, &s)
	if e.HasBytes() {
		m.Payload = fmt.Sprintf("%x", w.Payload(e))
	} else if e.A|e.B != 0 {
		m.Payload = fmt.Sprint(e.A, " ", e.B)
	}
	r.json(topicMessages, m.Tick, m)
}

// message is an envelope without what it says.
func (r *Recorder) message(e *ecs.Envelope, s *ecs.Sent) Message {
	w := r.run.World
	t := max(0, w.Tick())
	m := Message{
		Tick: t, Time: r.seconds(t), ID: idText(e.ID()), Cause: idText(s.Cause),
		From: w.NodeName(e.From), To: w.NodeName(e.To), Kind: w.KindName(e.Kind()), Verdict: "sent", Due: s.Due,
	}
	if s.Dropped {
		m.Verdict = s.Why.String()
	}
	return m
}

func idText(id ecs.EnvelopeID) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%013x", uint64(id))
}

// Content returns what a message carries: bytes, or, if it has none, the first of
// its two numbers.
func (m *Message) Content() (payload []byte, a uint64, err error) {
	if first, _, ok := strings.Cut(m.Payload, " "); ok {
		a, err = strconv.ParseUint(first, 10, 64)
		return nil, a, err
	}
	if m.Payload != "" {
		payload, err = hex.DecodeString(m.Payload)
	}
	return payload, 0, err
}

// String is a line for people.
func (m *Message) String() string { return m.With("") }

// With is a line for people with what the message says, its kind included, in the
// place of its payload; empty: nobody knows.
func (m *Message) With(text string) string {
	s := fmt.Sprintf("tick %d: %s ", m.Tick, m.ID)
	if text != "" {
		s += text
	} else {
		s += strconv.Quote(m.Kind)
	}
	if m.Feed != "" {
		s += " of " + m.Feed
	}
	s += fmt.Sprintf(" from %s to %s", m.From, m.To)
	if m.Verdict == "sent" {
		s += fmt.Sprintf(", due at %d", m.Due)
	} else {
		s += ", dropped: " + m.Verdict
	}
	if m.Payload != "" && text == "" {
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
