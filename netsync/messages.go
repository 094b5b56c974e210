package netsync

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MessageSelection says which messages a sample is taken of. What is given must
// hold, each of its patterns being enough: without any, all messages are meant.
type MessageSelection struct {
	Kinds []string `json:"kinds,omitempty"` // patterns; without: all but timers
	Nodes []string `json:"nodes,omitempty"` // of the source's or the target's name; @ and a group's name are its members
	Links []string `json:"links,omitempty"` // FROM -> TO: patterns of both names
	// PerSecond is how many are shown in a second of wall time; 0: 100. Others
	// are counted.
	PerSecond int `json:"per_second,omitempty"`
}

const (
	maxPatterns      = 64 // of kinds, of nodes, of links
	maxPerSecond     = 10_000
	defaultPerSecond = 100
)

var messageKeys = []string{"kinds", "nodes", "links", "per_second"}

// UnmarshalJSON reads it as strictly as a request.
func (m *MessageSelection) UnmarshalJSON(b []byte) error {
	type plain MessageSelection
	keys, err := keysOf(b)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !slices.Contains(messageKeys, k) {
			return fmt.Errorf("messages have no %q; they have %s", k, strings.Join(messageKeys, ", "))
		}
	}
	return json.Unmarshal(b, (*plain)(m))
}

func (m *MessageSelection) check() error {
	for _, list := range [][]string{m.Kinds, m.Nodes, m.Links} {
		switch {
		case len(list) > maxPatterns:
			return &LimitError{"patterns of messages of a sort", maxPatterns}
		case slices.Contains(list, ""):
			return fmt.Errorf("a pattern of messages is empty; * is all")
		case slices.ContainsFunc(list, func(p string) bool { return len(p) > MaxTopic }):
			return &LimitError{"bytes of a name", MaxTopic}
		}
	}
	for _, text := range m.Links {
		if _, _, err := CutLink(text); err != nil {
			return err
		}
	}
	if m.PerSecond < 0 || m.PerSecond > maxPerSecond {
		return fmt.Errorf("%d messages a second; 1 to %d", m.PerSecond, maxPerSecond)
	}
	return nil
}

// Rate is how many messages a second are shown.
func (m *MessageSelection) Rate() int {
	if m.PerSecond == 0 {
		return defaultPerSecond
	}
	return m.PerSecond
}

// CutLink parts a pattern of links, as client[*] -> store[0].
func CutLink(text string) (from, to string, err error) {
	from, to, ok := strings.Cut(text, "->")
	if from, to = strings.TrimSpace(from), strings.TrimSpace(to); !ok || from == "" || to == "" {
		return "", "", fmt.Errorf("%q is no link; write FROM -> TO, as client[*] -> store[0]", text)
	}
	return from, to, nil
}
