package netsync

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What can be asked for. The first ones look; export and the rest are carried
// out by who runs the world.
const (
	DoHello    = "hello"    // what run this is, and the limits
	DoSchema   = "schema"   // what there is to see
	DoList     = "list"     // one part of the schema
	DoKeyframe = "keyframe" // a complete frame of a topic now
	DoExport   = "export"   // columns to publish from now on: gives their topic
	DoUnexport = "unexport" // no more of a topic that was asked for
	DoCall     = "call"     // a service
	DoPublish  = "publish"  // a value to a feed
	DoSet      = "set"      // a param
	DoGet      = "get"      // a param: looks, and acts on nothing
	DoPush     = "push"     // an item into a pipe
	DoSend     = "send"     // a message to nodes
	DoPause    = "pause"
	DoResume   = "resume"
	DoStep     = "step" // so many ticks, while paused
	DoPace     = "pace" // simulated seconds a second
	DoFault    = "fault"
	DoGo       = "go"      // to a moment of the run
	DoOutcome  = "outcome" // of an act whose reply was that it is pending
)

// Request is one message to the request endpoint: a JSON object.
type Request struct {
	Version int    `json:"v"`
	ID      uint64 `json:"id"` // the reply bears it
	Do      string `json:"do"`

	Client  string                     `json:"client,omitempty"`  // hello: who asks, for people
	What    string                     `json:"what,omitempty"`    // list: a part of the schema
	Topic   string                     `json:"topic,omitempty"`   // keyframe, unexport
	Export  *Selection                 `json:"export,omitempty"`  // export
	Service string                     `json:"service,omitempty"` // call
	As      string                     `json:"as,omitempty"`      // call, publish: the node that does it; without: nobody
	To      string                     `json:"to,omitempty"`      // call: a node's name, or @ and a group's; without: any provider. push: a target
	Policy  string                     `json:"policy,omitempty"`  // call: which of several providers
	Key     json.RawMessage            `json:"key,omitempty"`     // call: to choose by
	Need    int                        `json:"need,omitempty"`    // call: how many of a group must answer
	Args    []json.RawMessage          `json:"args,omitempty"`    // call
	Named   map[string]json.RawMessage `json:"named,omitempty"`   // call: arguments by name
	Timeout int64                      `json:"timeout_ns,omitempty"`
	Feed    string                     `json:"feed,omitempty"`   // publish
	Param   string                     `json:"param,omitempty"`  // set, get
	Pipe    string                     `json:"pipe,omitempty"`   // push
	Kind    string                     `json:"kind,omitempty"`   // send: of the message
	Node    string                     `json:"node,omitempty"`   // set, get: where; push: the source
	Value   json.RawMessage            `json:"value,omitempty"`  // publish, set, push
	If      json.RawMessage            `json:"if,omitempty"`     // set: the version that it must have
	Fields  map[string]json.RawMessage `json:"fields,omitempty"` // send
	Ticks   int64                      `json:"ticks,omitempty"`  // step
	Pace    *float64                   `json:"pace,omitempty"`   // pace: 0 is as fast as it goes
	Act     uint64                     `json:"act,omitempty"`    // outcome: the number that a pending reply gave
	At      *int64                     `json:"at_ns,omitempty"`  // go: simulated time since the start
	Fault   string                     `json:"fault,omitempty"`  // fault: as scenarios call it: crash, cut, slow, …
	Nodes   []string                   `json:"nodes,omitempty"`  // fault, send: patterns of names
	Others  []string                   `json:"others,omitempty"`
	Lasting int64                      `json:"lasting_ns,omitempty"` // fault: healed after
	Options map[string]json.RawMessage `json:"options,omitempty"`    // fault: as scenarios call them
}

// need says which fields a request has beside v, id and do.
type need struct {
	do   string
	must []string
	may  []string
	by   doer
}

// doer is who does what is asked for.
type doer uint8

const (
	desk  doer = iota // the desk itself, at once
	looks             // who runs the world looks at it
	acts              // who runs the world acts on it, or on its exports
)

var needs = []need{
	{DoHello, nil, []string{"client"}, desk},
	{DoSchema, nil, nil, desk},
	{DoList, []string{"what"}, nil, desk},
	{DoKeyframe, []string{"topic"}, nil, desk},
	{DoExport, []string{"export"}, nil, acts},
	{DoUnexport, []string{"topic"}, nil, acts},
	{DoCall, []string{"service"}, []string{"args", "named", "timeout_ns", "to", "policy", "key", "need", "as"}, acts},
	{DoPublish, []string{"feed", "value"}, []string{"as"}, acts},
	{DoSet, []string{"param", "value"}, []string{"node", "if"}, acts},
	{DoGet, []string{"param"}, []string{"node"}, looks},
	{DoPush, []string{"pipe", "value"}, []string{"node", "to"}, acts},
	{DoSend, []string{"nodes", "kind"}, []string{"fields"}, acts},
	{DoPause, nil, nil, acts},
	{DoResume, nil, nil, acts},
	{DoStep, nil, []string{"ticks"}, acts},
	{DoPace, []string{"pace"}, nil, acts},
	{DoFault, []string{"fault"}, []string{"nodes", "others", "lasting_ns", "options"}, acts},
	{DoGo, []string{"at_ns"}, nil, acts},
	{DoOutcome, []string{"act"}, nil, looks},
}

func needOf(do string) (need, bool) {
	i := slices.IndexFunc(needs, func(n need) bool { return n.do == do })
	if i < 0 {
		return need{}, false
	}
	return needs[i], true
}

// RequestID returns the id of a request, whatever else is wrong with it, or of the
// beginning of one that is too long; 0 if it has none.
func RequestID(b []byte) uint64 {
	if len(b) > MaxRequest {
		return idWithin(b[:MaxRequest])
	}
	var r struct {
		ID uint64 `json:"id"`
	}
	if json.Unmarshal(b, &r) != nil {
		return 0
	}
	return r.ID
}

// idWithin is the id that the beginning of a request has.
func idWithin(b []byte) (id uint64) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return 0
	}
	for {
		key, err := d.Token()
		if err != nil {
			return 0
		}
		if key == "id" {
			if d.Decode(&id) != nil {
				return 0
			}
			return id
		}
		var other json.RawMessage
		if d.Decode(&other) != nil {
			return 0
		}
	}
}

// ParseRequest reads a request strictly: a field that is not one of what is
// asked for, or is there twice, is an error, since it was meant to say
// something. The error has a code and a cure; the request has the ID as soon as
// it was found, so that the error can be replied.
func ParseRequest(b []byte) (Request, *Error) {
	bare := Request{ID: RequestID(b)}
	if len(b) > MaxRequest {
		return bare, fail(CodeLimit, fmt.Sprintf("%d bytes of request", len(b)), fmt.Sprintf("send at most %d", MaxRequest))
	}
	if err := checkJSON(b, MaxDepth); err != nil {
		return bare, fail(CodeMalformed, err.Error(), "send one JSON object in one message part")
	}
	keys, err := keysOf(b)
	if err != nil {
		return bare, fail(CodeMalformed, err.Error(), "name each field once")
	}
	var r Request
	decoded := json.Unmarshal(b, &r)
	id := Request{Version: r.Version, ID: r.ID, Do: r.Do}
	switch {
	case decoded != nil:
		return id, fail(CodeMalformed, mistyped(decoded), "docs/protocol.md has the types")
	case r.Version != Version:
		return id, fail(CodeVersion, fmt.Sprintf("version %d of the wire", r.Version), fmt.Sprintf(`this speaks "v":%d`, Version))
	}
	n, ok := needOf(r.Do)
	if !ok {
		return id, fail(CodeUnknown, fmt.Sprintf("nothing is called %q", r.Do), `"do" is one of `+strings.Join(verbs(), ", "))
	}
	for _, k := range keys {
		if k != "v" && k != "id" && k != "do" && !slices.Contains(n.must, k) && !slices.Contains(n.may, k) {
			return id, fail(CodeMalformed, fmt.Sprintf("%s has no %q", r.Do, k), n.fields())
		}
	}
	for _, k := range n.must {
		if !slices.Contains(keys, k) {
			return id, fail(CodeMalformed, fmt.Sprintf("%s needs %q", r.Do, k), "it must have "+strings.Join(n.must, ", "))
		}
	}
	if r.Ticks == 0 && slices.Contains(keys, "ticks") {
		return id, fail(CodeRange, "a step of 0 ticks", "1 or more; 1 if there is none")
	}
	if e := r.check(); e != nil {
		return id, e
	}
	return r, nil
}

// mistyped says which field is of another type than it should be.
func mistyped(err error) string {
	var e *json.UnmarshalTypeError
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%q cannot be a %s", e.Field, e.Value)
}

// fields says what a request may have.
func (n *need) fields() string {
	if len(n.must)+len(n.may) == 0 {
		return "it has nothing but v, id and do"
	}
	return "it has " + strings.Join(append(slices.Clone(n.must), n.may...), ", ")
}

func verbs() []string {
	var all []string
	for _, n := range needs {
		all = append(all, n.do)
	}
	return all
}

// check holds the values to their ranges.
func (r *Request) check() *Error {
	for _, text := range []struct{ name, value string }{{"client", r.Client}, {"what", r.What}, {"topic", r.Topic},
		{"service", r.Service}, {"to", r.To}, {"feed", r.Feed}, {"param", r.Param}, {"fault", r.Fault}, {"as", r.As}, {"policy", r.Policy}, {"pipe", r.Pipe}, {"kind", r.Kind}, {"node", r.Node}} {
		if len(text.value) > MaxTopic {
			return fail(CodeLimit, fmt.Sprintf("%q has %d bytes", text.name, len(text.value)), fmt.Sprintf("at most %d", MaxTopic))
		}
	}
	switch {
	case r.Timeout < 0 || r.Lasting < 0 || r.Ticks < 0 || r.Need < 0:
		return fail(CodeRange, "a time or a number is below 0", "leave it out, or give one that is above")
	case len(r.Args)+len(r.Named)+len(r.Fields) > MaxArguments:
		return fail(CodeLimit, fmt.Sprintf("%d arguments or fields", len(r.Args)+len(r.Named)+len(r.Fields)), fmt.Sprintf("at most %d; put them in a list or an object", MaxArguments))
	case r.Pace != nil && !(*r.Pace >= 0):
		return fail(CodeRange, "a pace is below 0", "0 is as fast as it goes, 1 is in step with the clock")
	case r.Do == DoStep && r.Ticks == 0:
		r.Ticks = 1
	case r.Do == DoGo && (r.At == nil || *r.At < 0):
		return fail(CodeRange, "a moment is below 0, or null", "0 is the start")
	case r.Do == DoExport && r.Export == nil:
		return fail(CodeMalformed, "an export of null", `give {"program": …, "fields": […]}`)
	}
	if r.Export != nil {
		if err := r.Export.check(); err != nil {
			return fail(CodeRange, err.Error(), "docs/protocol.md has what a selection may be")
		}
	}
	return nil
}

// AppendRequest writes a request, for clients.
func AppendRequest(to []byte, r Request) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("netsync: a request cannot be written: " + err.Error())
	}
	return append(to, b...)
}
