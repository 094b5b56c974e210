package netsync

import (
	"encoding/json"
	"fmt"

	"orrery/ecs"
)

// Codes of errors, for programs.
const (
	CodeMalformed = "malformed" // not a request
	CodeVersion   = "version"   // of another revision of the wire
	CodeUnknown   = "unknown"   // no such thing to do
	CodeRange     = "range"     // a value that cannot be
	CodeNone      = "none"      // no such topic, service, node, …
	CodeLimit     = "limit"     // one was hit
	CodeBusy      = "busy"      // too many requests wait
	CodeNotYet    = "not yet"   // there is no state to give
	CodeRefused   = "refused"   // this run does not allow it
	CodeFailed    = "failed"    // it was tried
	CodeEnded     = "ended"     // the run did, before there was a reply
)

// Error is what went wrong with a request: for programs, for people, and what
// to do about it.
type Error struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure,omitempty"`
}

func (e *Error) Error() string {
	if e.Cure == "" {
		return e.Text
	}
	return e.Text + "; " + e.Cure
}

func fail(code, text, cure string) *Error { return &Error{code, text, cure} }

// Reply is the answer to a request: OK or Error. That of a keyframe is followed
// by the frame's three parts.
type Reply struct {
	Version int             `json:"v"`
	ID      uint64          `json:"id"`
	Tick    ecs.Tick        `json:"tick"` // the world's; of a command, when it took effect
	OK      json.RawMessage `json:"ok,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// Pending is the result of an act of which it is not known yet what comes: the run
// goes no further for now. OK is neither true nor false, so that who knows nothing
// of acts that are pending does not take it for done.
type Pending struct {
	OK    *bool  `json:"ok"`
	Error string `json:"error"`   // why it is not known yet
	Act   uint64 `json:"pending"` // what outcome asks by
}

// Parts are the reply as it is sent.
func (r Reply) Parts() [][]byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("netsync: a reply cannot be written: " + err.Error())
	}
	return [][]byte{b}
}

// ParseReply reads the answer to a request, for clients: with the frame, if one
// follows.
func ParseReply(parts [][]byte) (Reply, *Frame, error) {
	if len(parts) != 1 && len(parts) != 4 {
		return Reply{}, nil, fmt.Errorf("a reply of %d parts; it has one, or four with a frame", len(parts))
	}
	if err := checkJSON(parts[0], MaxReplyDepth); err != nil {
		return Reply{}, nil, fmt.Errorf("a reply: %w", err)
	}
	var r Reply
	if err := json.Unmarshal(parts[0], &r); err != nil {
		return Reply{}, nil, fmt.Errorf("a reply: %w", err)
	}
	if (r.OK == nil) == (r.Error == nil) {
		return Reply{}, nil, fmt.Errorf("a reply with neither or both of ok and error")
	}
	if len(parts) == 1 {
		return r, nil, nil
	}
	f, err := ParseFrame(parts[1:])
	return r, &f, err
}
